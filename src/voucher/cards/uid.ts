/**
 * The UID of ISO/IEC 14443-3 type A, which a reader has heard when the card came into its field: `FF CA 00 00 00`
 * (PC/SC part 3 §3.2.2.1.3; ACR122U API V2.04 §4.1). It names a card and proves nothing: anybody can say it after the
 * card. Of a card of type B the same command gives its PUPI, which is no name (`type-b`).
 */
import { mayBeTypeB } from './atr.ts'
import type { CardChannel } from './card-channel.ts'
import { fromHex } from './bytes.ts'
import { exchange } from './exchange.ts'
import type { Torn } from './exchange.ts'
import { describeStatus, statusIsoOk } from './status.ts'

const getUidCommand = fromHex('FFCA000000')

/** ISO/IEC 14443-3 §6.4.4: single, double and triple size. */
export const uidLengths = [4, 7, 10] as const

export type UidFault =
  /** Made up by the card for this presence only (ISO/IEC 14443-3 §6.4.4: 4 bytes, the first is 08). */
  | 'random'
  /** Not 4, 7 or 10 bytes, or a value that no card may have. */
  | 'malformed'

/** What is wrong with the UID as a name of a card; null when nothing is. */
export function uidFaultOf(uid: Uint8Array): UidFault | null {
  if (!uidLengths.some((length) => length === uid.length) || uid.every((byte) => byte === 0)) return 'malformed'
  if (uid.length !== 4) return null
  if (uid[0] === 0x08) return 'random'
  // 88 announces that a longer UID goes on; F8 is RFU.
  return uid[0] === 0x88 || uid[0] === 0xf8 ? 'malformed' : null
}

/** What is wrong with what a reader gave. */
export type UidReadFault =
  | UidFault
  /** The reader gave none. */
  | 'no-uid'
  /**
   * The PUPI of a card of type B, or not to be told from one: it may be made up at each activation and may be any 4
   * bytes (ISO/IEC 14443-3 §7.9.2), so that not even the card's next presence is known by it.
   */
  | 'type-b'

const pupiLength = 4

export type UidRead =
  | { readonly kind: 'uid'; readonly uid: Uint8Array }
  /** `bytes`: what was said; nothing where the reader gave no UID. */
  | {
      readonly kind: 'fault'
      readonly fault: UidReadFault
      readonly detail: string
      readonly bytes: Uint8Array
    }
  | Torn<'get-uid'>

/** Asks the reader; the card itself hears nothing of it. */
export async function readUid(channel: CardChannel): Promise<UidRead> {
  const answer = await exchange(channel, 'get-uid', getUidCommand)
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusIsoOk)
    return { kind: 'fault', fault: 'no-uid', detail: describeStatus(answer.status), bytes: new Uint8Array(0) }
  const isPupi = answer.data.length === pupiLength && mayBeTypeB(channel.atr)
  const fault = isPupi ? 'type-b' : uidFaultOf(answer.data)
  return fault === null
    ? { kind: 'uid', uid: answer.data }
    : { kind: 'fault', fault, detail: `${answer.data.length} bytes`, bytes: answer.data }
}
