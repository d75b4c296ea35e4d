/** What a run decides by chance, from one seed: the same seed makes the same requests. */
import { seededRandom } from '../../ledger-sim/scenarios/seeded-random.ts'

export class Chance {
  readonly bytes: (length: number) => Uint8Array

  constructor(seed: string) {
    this.bytes = seededRandom(seed)
  }

  /** From 0 to one below. */
  below(limit: number): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) % limit
  }

  /** So many times in a hundred. */
  percent(times: number): boolean {
    return this.below(100) < times
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}
