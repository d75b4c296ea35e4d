/**
 * Trusted time: the last signed ledger time plus the monotonic time since. Across a restart, the later of the journal's
 * and the wall clock's (money-rules.md, "Time"). Order never comes from here.
 */
import type { Clock } from './ports.ts'

/** A wall clock this far behind the journal is not believed, nor a process whose two clocks came so far apart. */
export const clockBehindMsMax = 10 * 60_000

export class TrustedTime {
  readonly #clock: Clock
  #base: { time: number; monotonic: number }
  /** Both clocks when the time was last known. */
  #together: { wall: number; monotonic: number }
  #trusted: boolean

  /** @param journalLatestAt the latest time in the journal, 0 when it is new. */
  constructor(clock: Clock, journalLatestAt: number) {
    this.#clock = clock
    const wall = clock.wall()
    this.#base = { time: Math.max(wall, journalLatestAt), monotonic: clock.monotonic() }
    this.#together = { wall, monotonic: clock.monotonic() }
    this.#trusted = wall >= journalLatestAt - clockBehindMsMax
  }

  /** Milliseconds since 1970. Never goes back within a process, but for a correction by the ledger. */
  now(): number {
    return Math.floor(this.#base.time + this.#clock.monotonic() - this.#base.monotonic)
  }

  /**
   * False when the machine's clock was behind the journal at start, or was set, or the machine slept (a monotonic clock
   * stands still then, and yesterday's slots would be sold today), and the ledger has not spoken since.
   */
  get trusted(): boolean {
    const wall = this.#clock.wall() - this.#together.wall
    const monotonic = this.#clock.monotonic() - this.#together.monotonic
    return this.#trusted && Math.abs(wall - monotonic) <= clockBehindMsMax
  }

  /** Takes the time of a verified answer. A signature carries whole seconds, so less than that is no correction. */
  ledgerSaid(ledgerTime: number): void {
    this.#trusted = true
    this.#together = { wall: this.#clock.wall(), monotonic: this.#clock.monotonic() }
    if (Math.abs(ledgerTime - this.now()) < 2_000) return
    this.#base = { time: ledgerTime, monotonic: this.#clock.monotonic() }
  }
}
