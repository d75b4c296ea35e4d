/**
 * The clocks of one till: a wall clock that people, a time server or an empty battery set to anything, and a monotonic
 * one that starts anew with each life.
 */
import type { Clock } from '../../src/sync/engine/ports.ts'
import type { VirtualTime } from './virtual-time.ts'

export class TillClock implements Clock {
  readonly #time: VirtualTime
  #offsetMs = 0
  #startedAt: number

  constructor(time: VirtualTime) {
    this.#time = time
    this.#startedAt = time.now
  }

  wall(): number {
    return this.#time.now + this.#offsetMs
  }

  monotonic(): number {
    return this.#time.now - this.#startedAt
  }

  /** The machine starts. */
  restart(): void {
    this.#startedAt = this.#time.now
  }

  jump(byMs: number): void {
    this.#offsetMs += byMs
  }

  /** The battery behind the clock is empty: it begins in 1970. */
  loseBattery(): void {
    this.#offsetMs = -this.#time.now
  }

  setRight(): void {
    this.#offsetMs = 0
  }
}
