/** Commands and status words of ISO 7816-4 and of the native NTAG 424 / DESFire command set wrapped in it (CLA 90). */
import { concatBytes } from './bytes.ts'

/** SW1 SW2 as one number, and what the documents call it. `UNKNOWN` keeps the code, so nothing is hidden. */
export interface CardStatus {
  readonly code: number
  readonly name: CardStatusName
}

export type CardStatusName =
  | (typeof nativeNames)[keyof typeof nativeNames]
  | (typeof signatureNames)[keyof typeof signatureNames]
  | (typeof desfireNames)[keyof typeof desfireNames]
  | (typeof isoNames)[keyof typeof isoNames]
  | 'UNKNOWN'

/** Native success. ISO 7816-4 commands answer `statusIsoOk`. */
export const statusOk = 0x9100
export const statusMoreFrames = 0x91af
/** Success of Read_Sig alone. */
export const statusSignature = 0x9190
export const statusIsoOk = 0x9000

/** NT4H2421Gx §10.2, Table 22. */
const nativeNames = {
  0x9100: 'OPERATION_OK',
  0x911c: 'ILLEGAL_COMMAND_CODE',
  0x911e: 'INTEGRITY_ERROR',
  0x9140: 'NO_SUCH_KEY',
  0x917e: 'LENGTH_ERROR',
  0x919d: 'PERMISSION_DENIED',
  0x919e: 'PARAMETER_ERROR',
  0x91a0: 'APPLICATION_NOT_FOUND',
  0x91ad: 'AUTHENTICATION_DELAY',
  0x91ae: 'AUTHENTICATION_ERROR',
  0x91af: 'ADDITIONAL_FRAME',
  0x91be: 'BOUNDARY_ERROR',
  0x91ca: 'COMMAND_ABORTED',
  0x91ee: 'MEMORY_ERROR',
  0x91f0: 'FILE_NOT_FOUND',
} as const

/** In no table of the data sheet: AN12196 §8.2, by its example. The name is ours. */
const signatureNames = { 0x9190: 'SIGNATURE_READ' } as const

/** DESFire's own, beside those (proxmark3 `include/protocols.h`; facts §1.1). */
const desfireNames = {
  0x910c: 'NO_CHANGES',
  0x910e: 'OUT_OF_MEMORY',
  0x91ce: 'COUNT_ERROR',
  0x91de: 'DUPLICATE_ERROR',
} as const

/** ISO 7816-4 §5.6. */
const isoNames = {
  0x9000: 'ISO_OK',
  0x6281: 'ISO_DATA_MAYBE_CORRUPTED',
  0x6282: 'ISO_END_OF_FILE',
  0x6283: 'ISO_FILE_DEACTIVATED',
  0x6300: 'ISO_FAILED',
  0x6581: 'ISO_MEMORY_FAILURE',
  0x6700: 'ISO_WRONG_LENGTH',
  0x6881: 'ISO_CHANNEL_NOT_SUPPORTED',
  0x6882: 'ISO_SECURE_MESSAGING_NOT_SUPPORTED',
  0x6982: 'ISO_SECURITY_STATUS_NOT_SATISFIED',
  0x6983: 'ISO_AUTHENTICATION_BLOCKED',
  0x6984: 'ISO_REFERENCE_NOT_USABLE',
  0x6985: 'ISO_CONDITIONS_NOT_SATISFIED',
  0x6986: 'ISO_COMMAND_NOT_ALLOWED',
  0x6987: 'ISO_SECURE_MESSAGING_MISSING',
  0x6988: 'ISO_SECURE_MESSAGING_WRONG',
  0x6a80: 'ISO_WRONG_DATA',
  0x6a81: 'ISO_FUNCTION_NOT_SUPPORTED',
  0x6a82: 'ISO_FILE_NOT_FOUND',
  0x6a83: 'ISO_RECORD_NOT_FOUND',
  0x6a84: 'ISO_NO_ROOM',
  0x6a86: 'ISO_WRONG_PARAMETERS',
  0x6a87: 'ISO_LENGTH_INCONSISTENT',
  0x6a88: 'ISO_REFERENCE_NOT_FOUND',
  0x6b00: 'ISO_WRONG_OFFSET',
  0x6d00: 'ISO_INSTRUCTION_NOT_SUPPORTED',
  0x6e00: 'ISO_CLASS_NOT_SUPPORTED',
  0x6f00: 'ISO_NO_DIAGNOSIS',
} as const

const names: Readonly<Record<number, CardStatusName>> = {
  ...nativeNames,
  ...signatureNames,
  ...desfireNames,
  ...isoNames,
}

export function cardStatus(code: number): CardStatus {
  return { code, name: names[code] ?? 'UNKNOWN' }
}

/** A status of the DESFire commands that the NTAG 424 DNA has not. */
export function isDesfireStatus(code: number): boolean {
  return code in desfireNames
}

/** `AUTHENTICATION_ERROR (91AE)`: for logs and the cashier's detail line; holds nothing about the card. */
export function describeStatus(status: CardStatus): string {
  return `${status.name} (${status.code.toString(16).toUpperCase().padStart(4, '0')})`
}

/** The data and the status of an answer; null when there are not even two bytes. */
export function splitAnswer(response: Uint8Array): { readonly data: Uint8Array; readonly status: CardStatus } | null {
  const sw1 = response.at(-2)
  const sw2 = response.at(-1)
  if (sw1 === undefined || sw2 === undefined) return null
  return { data: response.slice(0, -2), status: cardStatus(sw1 * 256 + sw2) }
}

/** A native command wrapped in ISO 7816-4: 90 INS 00 00 [Lc body] 00. `body` has at most 255 bytes. */
export function nativeCommand(instruction: number, body: Uint8Array): Uint8Array {
  if (body.length > 255) throw new RangeError(`a short APDU takes 255 bytes, not ${body.length}`)
  const start = Uint8Array.of(0x90, instruction, 0x00, 0x00)
  const end = Uint8Array.of(0x00)
  return body.length === 0 ? concatBytes(start, end) : concatBytes(start, Uint8Array.of(body.length), body, end)
}
