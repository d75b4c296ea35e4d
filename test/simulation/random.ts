/** Seeded randomness for the simulator: counter-mode SHA-256, so that streams of one seed never overlap. */
import { createHash } from 'node:crypto'
import { v7 } from 'uuid'

export class SeededRandom {
  readonly #seed: string
  #counter = 0
  #pool: Buffer = Buffer.alloc(0)

  constructor(seed: string) {
    this.#seed = seed
  }

  /** An independent stream. */
  branch(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`)
  }

  bytes(length: number): Uint8Array {
    while (this.#pool.length < length) {
      const block = createHash('sha256')
        .update(`${this.#seed}#${this.#counter++}`)
        .digest()
      this.#pool = Buffer.concat([this.#pool, block])
    }
    const taken = Uint8Array.from(this.#pool.subarray(0, length))
    this.#pool = this.#pool.subarray(length)
    return taken
  }

  /** 0 ≤ x < 1. */
  fraction(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.bytes(4)
    return (a * 16_777_216 + b * 65_536 + c * 256 + d) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** Whole number, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1))
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  /** Exponential waiting time. */
  waiting(meanMs: number): number {
    return Math.floor(-Math.log(1 - this.fraction()) * meanMs)
  }

  uuid(now: number): string {
    return v7({ msecs: now, random: this.bytes(16) })
  }
}
