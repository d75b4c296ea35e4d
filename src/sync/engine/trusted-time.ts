/**
 * Trusted time: the last signed ledger time plus the monotonic time since. Across a restart, the later of the journal's
 * and the wall clock's; a wall clock behind that on a manager's word only (money-rules.md, "Time"; docs/adr/0022).
 * Order never comes from here.
 */
import type { Clock } from './ports.ts'

/** A wall clock this far behind the journal is not believed, nor a process whose two clocks came so far apart. */
export const clockBehindMsMax = 10 * 60_000

/** What the journal knows, besides its newest row, when a till starts. */
export interface TimesKept {
  /** Of the newest row that only an answer of the ledger can make; null when there is none. */
  readonly ledgerAt: number | null
  /** What was confirmed since then; null when nothing was. */
  readonly confirmed: number | null
}

/** The ledger's time is another one than the till's, which stood on a manager's word. */
export interface Contradiction {
  readonly confirmed: number
  /** The till's time when the ledger spoke, and the ledger's. */
  readonly believed: number
  readonly ledger: number
  /**
   * True: this process has run since the confirmation and its clocks kept together, so the difference was in what was
   * confirmed. False: the machine slept, was set or was started again meanwhile, and it may have come later.
   */
  readonly clockHeld: boolean
}

interface Moment {
  readonly time: number
  readonly monotonic: number
}

/** A machine's clock in whole milliseconds since 1970. One from before that would fit no row and no screen. */
export const wallOf = (clock: Clock): number => Math.max(0, Math.floor(clock.wall()))

export class TrustedTime {
  readonly #clock: Clock
  #base: Moment
  /** Both clocks when the time was last known. */
  #together: { readonly wall: number; readonly monotonic: number }
  #trusted: boolean
  /** The ledger's last word, or of an earlier process its row, taken as if it had been now. */
  #ledger: Moment | null
  /** What stands on a manager's word until the ledger's next. */
  #confirmed: { readonly wall: number; readonly inThisProcess: boolean } | null
  #contradiction: Contradiction | null = null
  #record: (contradiction: Contradiction) => boolean = () => true

  /** @param journalLatestAt the latest time in the journal, 0 when it is new. */
  constructor(clock: Clock, journalLatestAt: number, kept: TimesKept = { ledgerAt: null, confirmed: null }) {
    this.#clock = clock
    const wall = wallOf(clock)
    const monotonic = clock.monotonic()
    this.#base = { time: Math.max(wall, journalLatestAt), monotonic }
    this.#together = { wall, monotonic }
    this.#trusted = wall >= journalLatestAt - clockBehindMsMax
    this.#ledger = kept.ledgerAt === null ? null : { time: kept.ledgerAt, monotonic }
    this.#confirmed = kept.confirmed === null ? null : { wall: kept.confirmed, inThisProcess: false }
  }

  /** Milliseconds since 1970. Goes back within a process only by the ledger's word, or a manager's. */
  now(): number {
    return this.#since(this.#base)
  }

  /**
   * False when the machine's clock was behind the journal at start, or was set, or the machine slept (a monotonic clock
   * stands still then, and yesterday's slots would be sold today), and neither the ledger nor a manager has spoken
   * since.
   */
  get trusted(): boolean {
    return this.#trusted && this.#clocksKeptTogether
  }

  /** The machine's own clock. */
  get wall(): number {
    return wallOf(this.#clock)
  }

  /** When the ledger last spoke; null when it never has. */
  get ledgerAt(): number | null {
    return this.#ledger === null ? null : Math.floor(this.#ledger.time)
  }

  /** The wall clock says what cannot be: the ledger's last word, and what has passed since, are later. */
  get isWallBehindLedger(): boolean {
    return this.wall < this.#earliest - clockBehindMsMax
  }

  /** With the wall clock's time this till's own would go back. */
  get isWallBehindTill(): boolean {
    return this.wall < this.now() - clockBehindMsMax
  }

  /**
   * Takes the wall clock's time on a manager's word: back as well, but never before the ledger's. The row that says so
   * is the first of the new time, so that the next start goes on from it.
   *
   * @param record writes that row. When it throws, nothing was taken.
   */
  confirm(record: () => void): void {
    const before = [this.#base, this.#together, this.#trusted, this.#confirmed] as const
    const { wall } = this
    const monotonic = this.#clock.monotonic()
    this.#base = { time: Math.max(wall, this.isWallBehindTill ? this.#earliest : this.now()), monotonic }
    this.#together = { wall: this.wall, monotonic }
    this.#trusted = true
    this.#confirmed = { wall, inThisProcess: true }
    try {
      record()
    } catch (error) {
      ;[this.#base, this.#together, this.#trusted, this.#confirmed] = before
      throw error
    }
  }

  /**
   * Takes the time of a verified answer. A signature carries whole seconds, so less than that is no correction. More
   * than ten minutes under a manager's word is a contradiction, which is told until it is recorded.
   */
  ledgerSaid(ledgerTime: number): void {
    const believed = this.now()
    const clockHeld = this.#confirmed?.inThisProcess === true && this.#clocksKeptTogether
    const isContradicted = Math.abs(ledgerTime - believed) > clockBehindMsMax
    if (this.#confirmed !== null && isContradicted)
      this.#contradiction = { confirmed: this.#confirmed.wall, believed, ledger: ledgerTime, clockHeld }
    this.#confirmed = null
    this.#trusted = true
    const monotonic = this.#clock.monotonic()
    this.#together = { wall: this.wall, monotonic }
    this.#ledger = { time: ledgerTime, monotonic }
    if (Math.abs(ledgerTime - believed) >= 2_000) this.#base = { time: ledgerTime, monotonic }
    if (this.#contradiction !== null && this.#record(this.#contradiction)) this.#contradiction = null
  }

  /** @param record false: could not be recorded now, and is told again with the ledger's next answer */
  onDidContradict(record: (contradiction: Contradiction) => boolean): void {
    this.#record = record
  }

  /** Before this it cannot be. */
  get #earliest(): number {
    return this.#ledger === null ? 0 : this.#since(this.#ledger)
  }

  get #clocksKeptTogether(): boolean {
    const wall = this.wall - this.#together.wall
    const monotonic = this.#clock.monotonic() - this.#together.monotonic
    return Math.abs(wall - monotonic) <= clockBehindMsMax
  }

  #since({ time, monotonic }: Moment): number {
    return Math.floor(time + this.#clock.monotonic() - monotonic)
  }
}
