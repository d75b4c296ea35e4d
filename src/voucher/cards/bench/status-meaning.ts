/** What SW1 SW2 say, by name and with the document that says so; the words are the screen's. */
import { cardStatus, isDesfireStatus, statusSignature, type CardStatusName } from '../status.ts'
import { appletStatusName } from '../tolem-applet/status.ts'

export type StatusMeaningName =
  | Exclude<CardStatusName, 'UNKNOWN'>
  | 'ISO_MORE_DATA'
  | 'ISO_WRONG_EXPECTED_LENGTH'
  | 'ISO_TRIES_LEFT'
  | 'APPLET'
  | 'NATIVE_UNKNOWN'
  | 'ISO_WARNING'
  | 'ISO_EXECUTION_ERROR'
  | 'ISO_CHECKING_ERROR'
  | 'UNKNOWN'

export interface StatusMeaning {
  readonly name: StatusMeaningName
  /** The document and its section. */
  readonly source: string
  /** Tries that are left, bytes that wait, the length to ask for; null where the status has no such number. */
  readonly number: number | null
  /** The applet's own name for it (docs/design/22, "Status words"). */
  readonly own: string | null
  /** A script goes on after it: done, or more of the same answer waits. */
  readonly isSuccess: boolean
}

const iso = 'ISO/IEC 7816-4 §5.6'
const native = 'NT4H2421Gx §10.2'
const signature = 'AN12196 §8.2'
/** No data sheet of DESFire with its status codes is public. */
const desfire = 'DESFire, by proxmark3 protocols.h'
const applet = 'docs/design/22, Status words'

export function statusMeaning(code: number): StatusMeaning {
  const high = code >> 8
  const low = code & 0xff
  const plain = (name: StatusMeaningName, source: string, number: number | null = null): StatusMeaning => ({
    name,
    source,
    number,
    own: null,
    isSuccess: successes.includes(name),
  })
  if (high === 0x61) return plain('ISO_MORE_DATA', iso, low === 0 ? 256 : low)
  if (high === 0x6c) return plain('ISO_WRONG_EXPECTED_LENGTH', iso, low === 0 ? 256 : low)
  if ((code & 0xfff0) === 0x63c0) return plain('ISO_TRIES_LEFT', iso, low & 0x0f)
  const { name } = cardStatus(code)
  if (code === statusSignature) return plain('SIGNATURE_READ', signature)
  if (name !== 'UNKNOWN') return plain(name, high !== 0x91 ? iso : isDesfireStatus(code) ? desfire : native)
  if (high === 0x9a) return { ...plain('APPLET', applet), own: appletStatusName(code) }
  if (high === 0x91) return plain('NATIVE_UNKNOWN', desfire)
  if (high === 0x62 || high === 0x63) return plain('ISO_WARNING', iso)
  if (high >= 0x64 && high <= 0x66) return plain('ISO_EXECUTION_ERROR', iso)
  return high >= 0x67 && high <= 0x6f ? plain('ISO_CHECKING_ERROR', iso) : plain('UNKNOWN', '')
}

const successes: readonly StatusMeaningName[] = [
  'ISO_OK',
  'OPERATION_OK',
  'SIGNATURE_READ',
  'ADDITIONAL_FRAME',
  'ISO_MORE_DATA',
]
