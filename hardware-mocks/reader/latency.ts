/**
 * How long a reader and the air take, as far as it is published or was measured. Sources: shared facts/performance.md
 * (one short command through PC/SC 15.2 to 15.9 ms; 9.3 ms with an embedded controller), ACR122U API V2.04, 6.5 (polls
 * each 250 ms), ISO/IEC 14443-3 type A (nine bits for a byte, 128/fc for a bit at 106 kbit/s).
 */

export interface ReaderLatency {
  /** A card is noticed at the next poll: at any time within so much, evenly spread. */
  readonly pollMs: number
  /** Reader, cable and service, for each command. */
  readonly commandMs: number
  /** Each byte of a command and of its answer, in the air. */
  readonly byteMs: number
  /** Up to so much more for each command, evenly spread. */
  readonly spreadMs: number
}

/** `slow` is no product: a reader behind a hub or a remote desktop. */
export const readerLatencies = {
  none: { pollMs: 0, commandMs: 0, byteMs: 0, spreadMs: 0 },
  acr122u: { pollMs: 250, commandMs: 13, byteMs: 0.085, spreadMs: 1 },
  embedded: { pollMs: 100, commandMs: 8.5, byteMs: 0.021, spreadMs: 0.5 },
  slow: { pollMs: 400, commandMs: 80, byteMs: 0.085, spreadMs: 40 },
} as const satisfies Readonly<Record<string, ReaderLatency>>

export type ReaderLatencyName = keyof typeof readerLatencies

export const readerLatencyNames = Object.keys(readerLatencies) as [ReaderLatencyName, ...ReaderLatencyName[]]

/** Draws what one reader takes. One of these for each reader, so that a run with a seed can be repeated. */
export class DrawnLatency {
  name: ReaderLatencyName = 'none'
  readonly #random: () => number

  /** @param random from 0, 1 excluded */
  constructor(random: () => number) {
    this.#random = random
  }

  /** From the card in the field to the service that sees it, in milliseconds. */
  untilSeenMs(): number {
    const { pollMs } = this.#model
    return pollMs === 0 ? 0 : pollMs * this.#random()
  }

  /** Of a whole command but for its bytes, in milliseconds. */
  ofCommandMs(): number {
    const { commandMs, spreadMs } = this.#model
    return commandMs + (spreadMs === 0 ? 0 : spreadMs * this.#random())
  }

  /** Of so many bytes one way, in milliseconds. */
  ofBytesMs(bytes: number): number {
    return this.#model.byteMs * bytes
  }

  get #model(): ReaderLatency {
    return readerLatencies[this.name]
  }
}
