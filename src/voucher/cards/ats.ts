/**
 * The answer to select of a card of ISO/IEC 14443-4 (§5.2), asked of the reader by `FF CA 01 00 00`. PC/SC part 3
 * §3.2.2.1.3 means its historical bytes alone; an ACR122U gives the whole of it. Which of the two came is told by TL,
 * its own length.
 */
export interface AtsReading {
  /** Null where the reader gave the historical bytes alone. */
  readonly interface: {
    /** FSC: the longest frame that the card takes, in bytes. */
    readonly frameBytes: number
    /** The fastest common rate of both directions, in kbit/s. */
    readonly kilobitsPerSecond: 106 | 212 | 424 | 848
    /** FWT: how long the card may take for an answer. */
    readonly waitMs: number
  } | null
  readonly historical: Uint8Array
}

/** FSCI 0 to 12 (ISO/IEC 14443-4 Table 1). */
const frameBytesOf = [16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096] as const
/** §7.2: FWT = 256 × 16 / fc × 2^FWI, with fc = 13.56 MHz. */
const waitUnitMs = (256 * 16) / 13_560
/** §5.2.5: where TB is absent, FWI is 4. */
const usualWaitExponent = 4
/** §5.2.3: where T0 is absent, FSCI is 2. */
const usualFrame = 2

export function readAts(answer: Uint8Array): AtsReading {
  const [length, format] = answer
  if (length !== answer.length) return { interface: null, historical: answer }
  const has = (bit: number): boolean => ((format ?? 0) & bit) !== 0
  let offset = 2
  const next = (bit: number): number | undefined => {
    if (!has(bit)) return undefined
    offset += 1
    return answer[offset - 1]
  }
  const rates = next(0x10) ?? 0
  const times = next(0x20)
  next(0x40)
  const frame = format === undefined ? usualFrame : format & 0x0f
  const exponent = times === undefined ? usualWaitExponent : times >> 4
  return {
    interface: {
      frameBytes: frameBytesOf[frame] ?? 4096,
      kilobitsPerSecond: fastestOf(rates),
      // 15 is reserved and counts as 4 (§5.2.5).
      waitMs: Math.round(waitUnitMs * 2 ** (exponent === 15 ? usualWaitExponent : exponent) * 10) / 10,
    },
    historical: answer.slice(Math.min(offset, answer.length)),
  }
}

/** TA (§5.2.4): bits 5 to 7 from the card, 1 to 3 to it, for 212, 424 and 848 kbit/s. */
function fastestOf(rates: number): 106 | 212 | 424 | 848 {
  const common = (rates >> 4) & rates & 0x07
  if ((common & 4) !== 0) return 848
  if ((common & 2) !== 0) return 424
  return (common & 1) !== 0 ? 212 : 106
}
