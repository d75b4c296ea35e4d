/**
 * Cashiers, shifts and their reports: opens and closes shifts for the till, and says what the screen shows of them.
 * What is true about a shift is read from the journal each time; only which report is looked at is remembered here.
 */
import type { Randomness } from '../../sync/engine/ports.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import type { JournalRow } from '../../sync/journal/rows.ts'
import type { CashierRecord, ShiftRecord } from '../../sync/journal/shifts.ts'
import { dtByQr, dtByQrName } from '../../voucher/tender.ts'
import type { Tiyn } from '../../voucher/money.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { Cashier, ShiftReport } from '../../voucher/shift-report.ts'
import type { CommandFault } from '../contract/commands.ts'
import type { ShiftView } from '../contract/shift.ts'
import { differencesOf, refundsAnswered } from '../shift/differences.ts'
import { isPin, pinWaitsUntil, storedPin, type PinHash } from '../shift/pin.ts'
import { reportOf } from '../shift/report.ts'

export interface ShiftDeskParts {
  readonly journal: Journal
  readonly randomness: Randomness
  readonly pinHash: PinHash
  readonly now: () => number
  readonly activePackage: () => { readonly package: TerminalPackage } | undefined
  readonly printQueue: { nudge(): void; tryAgain(id: string): void }
}

interface Known {
  readonly sequence: number
  readonly open: ShiftRecord | undefined
  readonly cashiers: readonly CashierRecord[]
  readonly closed: readonly ShiftRecord[]
}

/** 1 is the merchant, whose PIN makes the others. */
export const merchant = 1
const closedShiftsShown = 10

export class ShiftDesk {
  readonly #parts: ShiftDeskParts
  #shownShift: string | null = null
  #ofJournal: Known | undefined

  constructor(parts: ShiftDeskParts) {
    this.#parts = parts
  }

  /** A till whose merchant has made no cashier yet sells without shifts, as it did before there were any. */
  get maySell(): boolean {
    return this.open !== undefined || this.#known().cashiers.length === 0
  }

  get open(): ShiftRecord | undefined {
    return this.#known().open
  }

  /** The merchant has made themselves cashier 1: there is a manager. */
  get hasMerchant(): boolean {
    return this.#known().cashiers.some(({ number }) => number === merchant)
  }

  /** A wrong PIN counts here as it does where a shift is opened. */
  checkMerchant(pin: string): CommandFault | undefined {
    return this.#check(merchant, pin)
  }

  /** Read once for each head of the journal: every command and every snapshot asks. */
  #known(): Known {
    const { head, shifts } = this.#parts.journal
    if (this.#ofJournal?.sequence !== head.sequence)
      this.#ofJournal = {
        sequence: head.sequence,
        open: shifts.open(),
        cashiers: shifts.cashiers(),
        closed: shifts.lastClosed(closedShiftsShown),
      }
    return this.#ofJournal
  }

  /** Makes a cashier or gives one another name and PIN. The first is the merchant; after that it takes their PIN. */
  setCashier(cashier: Cashier, pin: string, merchantPin: string | null): CommandFault | undefined {
    const { journal, randomness, pinHash } = this.#parts
    if (this.open !== undefined) return 'not_now'
    if (journal.shifts.cashiers().length > 0) {
      const fault = this.#check(merchant, merchantPin ?? '')
      if (fault !== undefined) return fault
    } else if (cashier.number !== merchant) {
      return 'not_now'
    }
    journal.commit({ kind: 'cashier_set', cashier, pin: storedPin(pin, randomness.bytes(16), pinHash) })
    return undefined
  }

  openShift(cashier: number, pin: string, openingFloat: Tiyn): CommandFault | undefined {
    const { journal, randomness } = this.#parts
    if (this.open !== undefined) return 'not_now'
    const fault = this.#check(cashier, pin)
    if (fault !== undefined) return fault
    journal.commit({ kind: 'shift_opened', shiftId: randomness.uuid(), cashier, openingFloat })
    this.#shownShift = null
    return undefined
  }

  /** The figures are written with the closing, and asked for on paper, in one commit. */
  closeShift(counted: Tiyn): CommandFault | undefined {
    const { journal, printQueue } = this.#parts
    const shift = this.open
    if (shift === undefined) return 'no_shift'
    const { shiftId } = shift
    const report = this.#reportNow(shift, counted)
    journal.commit({ kind: 'shift_closed', shiftId, report }, this.#printRow(shiftId, null, false))
    this.#shownShift = shiftId
    printQueue.nudge()
    return undefined
  }

  /** @param shiftId the open shift for its X-report, a closed one for its Z-report, null to put it away */
  show(shiftId: string | null): CommandFault | undefined {
    if (shiftId !== null && this.#parts.journal.shifts.shift(shiftId) === undefined) return 'not_now'
    this.#shownShift = shiftId
    return undefined
  }

  /** An X-report has one paper for each asking; a Z-report one original, and copies of it. */
  print(shiftId: string): CommandFault | undefined {
    const { journal, printQueue } = this.#parts
    const shift = journal.shifts.shift(shiftId)
    if (shift === undefined) return 'not_now'
    if (shift.closed === null) journal.commit(this.#printRow(shiftId, this.#reportNow(shift, null), false))
    else if (!this.#zWaits(shiftId)) journal.commit(this.#printRow(shiftId, null, true))
    printQueue.tryAgain(shiftId)
    return undefined
  }

  #zWaits(shiftId: string): boolean {
    const { journal } = this.#parts
    return journal.waitingPrintJobsOf(shiftId).some(({ jobId }) => {
      const request = journal.printRequest(jobId)
      return request.kind === 'shift_report_requested' && request.x === null
    })
  }

  view(): ShiftView {
    const { open: shift, cashiers, closed } = this.#known()
    return {
      cashiers: cashiers.map((cashier) => ({
        number: cashier.number,
        name: cashier.name,
        waitUntil: this.#waitUntil(cashier),
      })),
      open: shift === undefined ? null : headOf(shift),
      closed: closed.map((one) => headOf(one)),
      report: this.#shownReport(),
    }
  }

  #shownReport(): ShiftView['report'] {
    const { journal } = this.#parts
    const shift = this.#shownShift === null ? undefined : journal.shifts.shift(this.#shownShift)
    if (shift === undefined) return null
    const { shiftId, closed } = shift
    const printed = journal.shifts.printed(shiftId)
    const schemes = [
      ...(this.#parts.activePackage()?.package.schemes ?? []).map(({ schemeId, name }) => ({ schemeId, name })),
      { schemeId: dtByQr, name: dtByQrName },
    ]
    const atClose = journal.shifts.reportAtClose(shift)
    if (closed === null || atClose === undefined)
      return { figures: this.#reportNow(shift, null), closedAt: null, schemes, differences: [], printed }
    const differences = [
      ...differencesOf(journal.shifts.salesAtClose(shiftId), journal.shifts.salesNow(shiftId)),
      ...refundsAnswered(journal.returns.ofShift(shiftId), closed.sequence),
    ].toSorted((one, other) => one.row - other.row)
    return { figures: atClose, closedAt: closed.at, schemes, differences, printed }
  }

  #reportNow(shift: ShiftRecord, counted: Tiyn | null): ShiftReport {
    const { journal, now } = this.#parts
    return reportOf({
      shift,
      sales: journal.shifts.salesNow(shift.shiftId),
      returns: journal.returns.ofShift(shift.shiftId),
      cash: journal.shifts.cashMoved(shift),
      counted,
      receiptsWaiting: journal.receiptsWaiting(),
      head: journal.head,
      now: now(),
    })
  }

  #printRow(shiftId: string, x: ShiftReport | null, copy: boolean): JournalRow {
    const { journal, randomness } = this.#parts
    const language = journal.fact<'kk' | 'ru' | 'en'>('language') ?? 'kk'
    return { kind: 'shift_report_requested', jobId: randomness.uuid(), shiftId, x, copy, language }
  }

  /** A wrong PIN becomes a row before anybody hears that it was wrong. */
  #check(number: number, pin: string): CommandFault | undefined {
    const { journal, pinHash } = this.#parts
    const cashier = journal.shifts.cashiers().find((candidate) => candidate.number === number)
    if (cashier === undefined) return 'not_now'
    if (this.#waitUntil(cashier) !== null) return 'pin_wait'
    if (isPin(pin, cashier.pin, pinHash)) return undefined
    journal.commit({ kind: 'pin_refused', cashier: number })
    return 'pin_wrong'
  }

  /**
   * A wrong PIN of a time to come was typed under a clock that has been set right since, by the ledger or the merchant:
   * it would keep its cashier waiting for as long as the clock was wrong.
   */
  #waitUntil(cashier: CashierRecord): number | null {
    const until = pinWaitsUntil(cashier)
    const now = this.#parts.now()
    return cashier.wrongAt <= now && until > now ? until : null
  }
}

function headOf({ shiftId, number, cashier, openedAt, closed }: ShiftRecord): ShiftView['closed'][number] {
  return { shiftId, number, cashier, openedAt, closedAt: closed?.at ?? null }
}
