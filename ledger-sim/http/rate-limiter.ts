/**
 * How often somebody may ask: one bucket for each role, owner and class, however many keys an owner has. They grow with
 * those who were heard only.
 */
import type { RateClass, Rates } from './limits.ts'
import type { Caller } from './operation.ts'
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
   * @param caller one who was proved: anybody can name any
   * @param now milliseconds since 1970
   */
  take({ role, owner }: Caller, rateClass: RateClass, count: number, now: number): Taken {
    const name = `${rateClass} ${role} ${owner}`
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.rates[rateClass], now)
    this.#buckets.set(name, bucket)
    return bucket.take(count, now)
  }
}
