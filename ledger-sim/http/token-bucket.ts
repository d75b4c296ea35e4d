/** A token bucket on somebody else's clock: so many at once, so many a second from then on, and no timer. */
import type { Rate } from './limits.ts'

export type Taken = { readonly kind: 'taken' } | { readonly kind: 'too_many'; readonly retryAfterSeconds: number }

export class TokenBucket {
  readonly #rate: Rate
  #left: number
  #at: number

  /** @param now milliseconds since 1970; the bucket is full then */
  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#left = rate.burst
    this.#at = now
  }

  /** Takes `count` or none. A clock that was set back refills nothing until it is where it was. */
  take(count: number, now: number): Taken {
    const { burst, perSecond } = this.#rate
    if (now > this.#at) {
      this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1_000) * perSecond)
      this.#at = now
    }
    if (this.#left >= count) {
      this.#left -= count
      return { kind: 'taken' }
    }
    const missing = Math.min(count, burst) - this.#left
    return { kind: 'too_many', retryAfterSeconds: Math.max(1, Math.ceil(missing / perSecond)) }
  }
}
