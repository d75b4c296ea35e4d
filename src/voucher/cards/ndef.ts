/**
 * NDEF messages in the memory of an NFC Forum Type 2 card: TLV blocks (Type 2 Tag Operation 1.2 §2.3), in one of them a
 * message of records (NFC Forum NDEF 1.0 §3.2). Whatever bytes come, the answer is a value.
 */
import { concatBytes } from './bytes.ts'

export interface NdefRecord {
  /** TNF: 1 well-known, 2 media, 3 URI, 4 external. */
  readonly format: number
  readonly type: Uint8Array
  readonly payload: Uint8Array
}

export type MessageFound =
  | { readonly kind: 'found'; readonly message: Uint8Array }
  /** Blocks of other kinds up to the terminator, or an empty message: nobody has written one. */
  | { readonly kind: 'none' }
  /** So many bytes of the memory are needed to tell more. */
  | { readonly kind: 'more'; readonly bytes: number }

const blockNull = 0x00
const blockNdef = 0x03
const blockTerminator = 0xfe
const longLength = 0xff

/** The first NDEF message of the user memory, of which the first bytes are given. */
export function findNdefMessage(memory: Uint8Array): MessageFound {
  let at = 0
  for (;;) {
    const type = memory[at]
    if (type === undefined) return { kind: 'more', bytes: at + 1 }
    if (type === blockTerminator) return { kind: 'none' }
    if (type === blockNull) {
      at += 1
      continue
    }
    const isLong = memory[at + 1] === longLength
    const start = at + (isLong ? 4 : 2)
    if (memory.length < start) return { kind: 'more', bytes: start }
    const length = isLong ? (memory[at + 2] ?? 0) * 256 + (memory[at + 3] ?? 0) : (memory[at + 1] ?? 0)
    if (type === blockNdef) {
      if (length === 0) return { kind: 'none' }
      if (memory.length < start + length) return { kind: 'more', bytes: start + length }
      return { kind: 'found', message: memory.slice(start, start + length) }
    }
    at = start + length
  }
}

export type NdefFault =
  /** It ends within a record. */
  | 'truncated'
  /** Records begin or end at the wrong place, or something follows the last one. */
  | 'out-of-order'
  /** A chunked record: allowed, and nothing that anybody writes to such a card. */
  | 'chunked'

export type NdefParsed =
  | { readonly kind: 'records'; readonly records: readonly NdefRecord[] }
  | { readonly kind: 'fault'; readonly fault: NdefFault }

const flagBegin = 0x80
const flagEnd = 0x40
const flagChunk = 0x20
const flagShort = 0x10
const flagIdentifier = 0x08

export function parseNdefMessage(message: Uint8Array): NdefParsed {
  const records: NdefRecord[] = []
  let at = 0
  for (;;) {
    const [flags, typeLength] = [message[at], message[at + 1]]
    if (flags === undefined || typeLength === undefined) return fault('truncated')
    if ((flags & flagChunk) !== 0) return fault('chunked')
    if (((flags & flagBegin) !== 0) !== (records.length === 0)) return fault('out-of-order')
    const isShort = (flags & flagShort) !== 0
    const hasIdentifier = (flags & flagIdentifier) !== 0
    const header = at + 2 + (isShort ? 1 : 4) + (hasIdentifier ? 1 : 0)
    if (message.length < header) return fault('truncated')
    const payloadLength = bigEndian(message.subarray(at + 2, at + (isShort ? 3 : 6)))
    const identifierLength = hasIdentifier ? (message[header - 1] ?? 0) : 0
    const payloadStart = header + typeLength + identifierLength
    const end = payloadStart + payloadLength
    if (message.length < end) return fault('truncated')
    records.push({
      format: flags & 0x07,
      type: message.slice(header, header + typeLength),
      payload: message.slice(payloadStart, end),
    })
    if ((flags & flagEnd) !== 0) return end === message.length ? { kind: 'records', records } : fault('out-of-order')
    at = end
  }
}

/** One record alone as the user memory holds it: TLV block, message, terminator. @param payload up to 200 bytes */
export function oneRecordMemory({ format, type, payload }: NdefRecord): Uint8Array {
  const message = concatBytes(
    Uint8Array.of(flagBegin | flagEnd | flagShort | format, type.length, payload.length),
    type,
    payload,
  )
  if (message.length >= longLength) throw new RangeError(`a short block holds 254 bytes, not ${message.length}`)
  return concatBytes(Uint8Array.of(blockNdef, message.length), message, Uint8Array.of(blockTerminator))
}

function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

function fault(of: NdefFault): NdefParsed {
  return { kind: 'fault', fault: of }
}
