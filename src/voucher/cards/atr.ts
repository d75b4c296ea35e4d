/**
 * The answer to reset, taken apart (ISO/IEC 7816-3 §8.2). A contactless card has none: its reader makes one up of the
 * historical bytes, or of the standard and name of a storage card (PC/SC part 3 §3.1.3.2.3).
 */
export interface StorageCard {
  /** Byte SS: the standard that the card keeps to. */
  readonly standard: number
  /** Bytes NN NN. */
  readonly name: number
}

/** Name NN NN of PC/SC part 3 supplemental document, as far as cards of ISO/IEC 14443-A have one. */
export const storageNames: Readonly<Record<number, string>> = {
  0x0001: 'MIFARE Classic 1K',
  0x0002: 'MIFARE Classic 4K',
  0x0003: 'MIFARE Ultralight',
  0x0026: 'MIFARE Mini',
  0x003a: 'MIFARE Ultralight C',
}

/** The ATR that a reader makes up for a card without one: 3B8F8001804F0CA000000306 SS NN NN 00000000 TCK. */
export function storageCardOf(atr: Uint8Array): StorageCard | null {
  const start = [0x3b, 0x8f, 0x80, 0x01, 0x80, 0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06]
  if (atr.length !== 20 || start.some((byte, index) => atr[index] !== byte)) return null
  const [standard = 0, high = 0, low = 0] = atr.subarray(start.length)
  return { standard, name: high * 256 + low }
}

/**
 * Whether a reader may have made this ATR of a card of ISO/IEC 14443-3 type B. Its 8 historical bytes are then the
 * application data (4) and protocol info (3) of the card's ATQB, and the MBLI of its answer to ATTRIB (PC/SC part 3
 * §3.1.3.2.3). Nothing in them says "type B": a card of type A may have 8 historical bytes of its own. Told apart as
 * far as the standard allows: a card of type B that speaks ISO/IEC 14443-4, as all do that get such an ATR, has the
 * lowest bit of its protocol type set (14443-3 §7.9.4).
 */
export function mayBeTypeB(atr: Uint8Array): boolean {
  const reading = readAtr(atr)
  if (reading.kind === 'malformed' || reading.saidBy !== 'reader' || reading.historical.length !== 8) return false
  const frameSizeAndProtocolType = reading.historical[5] ?? 0
  return (frameSizeAndProtocolType & 0x01) !== 0
}

export type AtrReading =
  | {
      readonly kind: 'read'
      /** `reader`: made up by a contactless reader, 3B 8n 80 01; `card`: said by a card with contacts. */
      readonly saidBy: 'card' | 'reader'
      /** T=0, T=1, …; T=0 where none is named (§8.2.3). */
      readonly protocols: readonly number[]
      readonly historical: Uint8Array
      readonly storage: StorageCard | null
      /** TCK; none where only T=0 is named (§8.2.5). */
      readonly checksum: 'right' | 'wrong' | 'none'
    }
  | { readonly kind: 'malformed'; readonly fault: 'start' | 'cut' | 'too-long' }

/** TS and 32 bytes after it (§8.1). */
const longest = 33

export function readAtr(atr: Uint8Array): AtrReading {
  if (atr.length > longest) return { kind: 'malformed', fault: 'too-long' }
  const [start, format] = atr
  if (start !== 0x3b && start !== 0x3f) return { kind: 'malformed', fault: 'start' }
  if (format === undefined) return { kind: 'malformed', fault: 'cut' }
  const protocols: number[] = []
  let present = format >> 4
  let offset = 2
  while (present !== 0) {
    // TA, TB and TC are passed over; TD says which of the next round are there.
    offset += [1, 2, 4].filter((bit) => (present & bit) !== 0).length
    if ((present & 8) === 0) break
    const next = atr[offset]
    if (next === undefined) return { kind: 'malformed', fault: 'cut' }
    offset += 1
    if (!protocols.includes(next & 0x0f)) protocols.push(next & 0x0f)
    present = next >> 4
  }
  const end = offset + (format & 0x0f)
  const hasChecksum = protocols.some((protocol) => protocol !== 0)
  const whole = end + (hasChecksum ? 1 : 0)
  if (atr.length < whole) return { kind: 'malformed', fault: 'cut' }
  if (atr.length > whole) return { kind: 'malformed', fault: 'too-long' }
  const isMadeUp = (format & 0xf0) === 0x80 && atr[2] === 0x80 && atr[3] === 0x01
  return {
    kind: 'read',
    saidBy: isMadeUp ? 'reader' : 'card',
    protocols: protocols.length === 0 ? [0] : protocols,
    historical: atr.slice(offset, end),
    storage: storageCardOf(atr),
    checksum: !hasChecksum ? 'none' : atr.subarray(1).reduce((sum, byte) => sum ^ byte, 0) === 0 ? 'right' : 'wrong',
  }
}
