/**
 * A manager's word on the time: offered while the till does not trust its own, given with the PIN of cashier 1, kept as
 * a row; and the row and the light when the ledger says another time afterwards (docs/adr/0022).
 */
import type { Contradiction, TrustedTime } from '../../sync/engine/trusted-time.ts'
import { clockBehindMsMax } from '../../sync/engine/trusted-time.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import type { CommandFault } from '../contract/commands.ts'
import type { TimeToConfirm } from '../contract/time.ts'
import { merchant, type ShiftDesk } from './shift-desk.ts'

/** What is confirmed is what was seen: a clock that has moved by more than this since is another one. */
const shownMsMax = 60_000

interface TimeDeskParts {
  readonly journal: Journal
  readonly time: TrustedTime
  readonly shifts: Pick<ShiftDesk, 'hasMerchant' | 'checkMerchant'>
}

export class TimeDesk {
  readonly #parts: TimeDeskParts

  constructor(parts: TimeDeskParts) {
    this.#parts = parts
    parts.time.onDidContradict((contradiction) => this.#recordContradiction(contradiction))
  }

  /** The time is not trusted, and there is somebody who may say that it is right. */
  get isOffered(): boolean {
    return !this.#parts.time.trusted && this.#parts.shifts.hasMerchant
  }

  /** @param shown the machine's time that the manager saw */
  confirm(pin: string, shown: number): CommandFault | undefined {
    const { journal, time, shifts } = this.#parts
    if (Math.abs(time.wall - shown) > shownMsMax) return 'clock_moved'
    const fault = this.#obstacle() ?? shifts.checkMerchant(pin)
    if (fault !== undefined) return fault
    const { wall, ledgerAt } = time
    const was = time.now()
    time.confirm(() => void journal.commit({ kind: 'time_confirmed', cashier: merchant, wall, was, ledgerAt }))
    return undefined
  }

  view(): TimeToConfirm | null {
    const { journal, time } = this.#parts
    if (!this.isOffered) return null
    const journalAt = journal.latestAt()
    return {
      wall: time.wall,
      journalAt: journalAt === 0 ? null : journalAt,
      ledgerAt: time.ledgerAt,
      goesBack: time.isWallBehindTill,
      obstacle: this.#obstacle() ?? null,
    }
  }

  /**
   * Never before the ledger's last word; and back only once between two of its words, or whoever knows the PIN could
   * stretch the day that a till sells without the ledger for as long as they like.
   */
  #obstacle(): 'clock_behind_ledger' | 'clock_back_again' | undefined {
    const { journal, time } = this.#parts
    if (time.isWallBehindLedger) return 'clock_behind_ledger'
    const wentBack = ({ wall, was }: { readonly wall: number; readonly was: number }) => wall < was - clockBehindMsMax
    return time.isWallBehindTill && journal.times.confirmedSince().some(wentBack) ? 'clock_back_again' : undefined
  }

  #recordContradiction(contradiction: Contradiction): boolean {
    try {
      this.#parts.journal.commit({ kind: 'time_contradicted', ...contradiction })
      return true
    } catch (error) {
      // A full disk must not end a payment over it: it is told again with the ledger's next answer.
      if (!isStorageFault(error)) throw error
      return false
    }
  }
}
