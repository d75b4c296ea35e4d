/** How often a key may ask: one bucket for each key and class. They grow with the keys that were heard only. */
import type { RateClass, Rates } from './limits.ts'
import { TokenBucket, type Taken } from './token-bucket.ts'

export class RateLimiter {
  readonly rates: Rates
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rates: Rates) {
    this.rates = rates
  }

  /**
   * Takes `count` at once or none.
   *
   * @param keyId one that was proved: anybody can name any
   * @param now milliseconds since 1970
   */
  take(keyId: string, rateClass: RateClass, count: number, now: number): Taken {
    const name = `${rateClass} ${keyId}`
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.rates[rateClass], now)
    this.#buckets.set(name, bucket)
    return bucket.take(count, now)
  }
}
