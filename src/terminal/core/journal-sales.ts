/**
 * The sales of the journal: how one is paid in cash, closed, cancelled or taken back, and which wait for the screen.
 * The till says when; what is true about a sale is read from the journal each time.
 */
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { isPaid, isTorn, paidStates } from '../../sync/journal/projection.ts'
import type { JournalRow } from '../../sync/journal/rows.ts'
import { zeroTiyn } from '../../voucher/money.ts'
import { partsByQr } from '../../voucher/qr-parts.ts'
import type { Sale } from '../../voucher/sale.ts'
import { isWaiting, standingOf, type SaleStanding } from './basket.ts'

export interface JournalSalesParts {
  readonly journal: Journal
  readonly engine: Pick<SyncEngine, 'syncNow'>
  readonly randomness: Randomness
  readonly printQueue: { nudge(): void; openDrawer(): void }
  /** What ends a tender whose card never came back, or that was cancelled before it was proved. */
  readonly givenUp: (tenderId: string, reason: 'cancelled' | 'card_not_returned') => JournalRow
}

export class JournalSales {
  readonly #parts: JournalSalesParts

  constructor(parts: JournalSalesParts) {
    this.#parts = parts
  }

  /** Takes all that is left of the sale in cash, and closes it, in one commit. */
  payCash({ sale, frozen, total, left }: SaleStanding): void {
    const { journal, randomness, printQueue } = this.#parts
    const freeze: JournalRow[] = frozen ? [] : [{ kind: 'sale_frozen', sale, total }]
    journal.commit(
      ...freeze,
      { kind: 'cash_taken', tenderId: randomness.uuid(), saleId: sale.saleId, amount: left },
      ...this.#closing(sale.saleId),
    )
    printQueue.openDrawer()
    printQueue.nudge()
  }

  /**
   * Closes an open sale that is paid in full, and asks for its receipt. Any other sale stays as it is.
   *
   * @param seen whether the cashier had it on the screen as it was paid; otherwise they are asked for its goods
   */
  closeIfPaid(saleId: string, seen: 'seen' | 'unseen'): void {
    const { journal, engine, printQueue } = this.#parts
    const record = journal.sale(saleId)
    if (record?.state !== 'open') return
    const standing = standingOf(journal, record.sale)
    if (standing.left > 0n || standing.undecided) return
    const rows = this.#closing(saleId)
    if (seen === 'unseen') rows.push({ kind: 'goods_asked', saleId })
    journal.commit(...rows)
    printQueue.nudge()
    if (rows.some(({ kind }) => kind === 'capture_requested')) void engine.syncNow()
  }

  /**
   * Sales that were left for the next customer, and whose last tender has since been resolved: paid in full, they are
   * closed; with nothing paid, cancelled; paid in part, they come back to the screen (`leftOver`).
   *
   * @param onScreen the sale that is not to be touched: the cashier sees it
   */
  closeResolved(onScreen: string): void {
    const { journal } = this.#parts
    for (const { sale } of journal.openSales()) {
      if (sale.saleId === onScreen) continue
      const standing = standingOf(journal, sale)
      if (isWaiting(standing)) continue
      if (standing.left === 0n) this.closeIfPaid(sale.saleId, 'unseen')
      else if (standing.paid === zeroTiyn) journal.commit({ kind: 'sale_cancelled', saleId: sale.saleId })
    }
  }

  /** A sale other than the one on the screen that was left for the next customer and is paid in part. */
  leftOver(onScreen: string): Sale | undefined {
    const { journal } = this.#parts
    const isLeftOver = (sale: Sale): boolean => {
      const { undecided, paid } = standingOf(journal, sale)
      return sale.saleId !== onScreen && !undecided && paid > 0n
    }
    return journal.openSales().find(({ sale }) => isLeftOver(sale))?.sale
  }

  /** Cancels an open sale; what it was paid with goes back. */
  cancel(saleId: string): void {
    this.#undo(saleId)
  }

  /** Takes back a closed sale, and asks for the slip that says so; a receipt not begun yet becomes that slip. */
  takeBack(saleId: string): void {
    const waiting = this.#parts.journal.waitingPrintJobsOf(saleId)
    const becomesSlip = waiting.some((job) => !job.started && !job.copy)
    this.#undo(saleId, ...(becomesSlip ? [] : [this.#receiptRequest(saleId, false)]))
  }

  requestCopy(saleId: string): void {
    this.#parts.journal.commit(this.#receiptRequest(saleId, true))
  }

  isFinished(saleId: string): boolean {
    const state = this.#parts.journal.sale(saleId)?.state
    return state === 'closed' || state === 'cancelled'
  }

  /** @param alongWith rows of the same commit. */
  #undo(saleId: string, ...alongWith: readonly JournalRow[]): void {
    const { journal, engine, printQueue, givenUp } = this.#parts
    const rows = journal.tendersOfSale(saleId).flatMap((tender): JournalRow[] => {
      const { tenderId, state, kind } = tender
      if (kind === 'cash') return state === 'settled' ? [{ kind: 'cash_returned', tenderId }] : []
      if (isTorn(tender) || state === 'in_progress') return [givenUp(tenderId, 'cancelled')]
      const sent = [...paidStates, 'unknown'].includes(state)
      return sent ? [{ kind: 'reversal_requested', tenderId, reason: 'void' }] : []
    })
    journal.commit(...rows, { kind: 'sale_cancelled', saleId }, ...alongWith)
    if (rows.some(({ kind }) => kind === 'cash_returned')) printQueue.openDrawer()
    void engine.syncNow()
  }

  #closing(saleId: string): JournalRow[] {
    return [{ kind: 'sale_closed', saleId }, ...this.#captures(saleId), this.#receiptRequest(saleId, false)]
  }

  /** Of what its payers hold, with the lines that each of them pays. */
  #captures(saleId: string): JournalRow[] {
    const { journal } = this.#parts
    const sale = journal.sale(saleId)?.sale
    // Frozen by the commit that closes it: cash alone has paid it.
    if (sale === undefined) return []
    const { covered, tenders } = standingOf(journal, sale)
    const byQr = tenders.filter((tender) => tender.kind === 'qr' && isPaid(tender))
    const amounts = byQr.map(({ amount }) => amount)
    const parts = partsByQr(sale, covered, amounts)
    return byQr.flatMap(({ tenderId, state }, index): JournalRow[] => {
      if (state !== 'held') return []
      const paid = parts[index] ?? []
      const sold = paid.length === 0 ? {} : { sold: { sale, paid: [...paid] } }
      return [{ kind: 'capture_requested', tenderId, ...sold }]
    })
  }

  #receiptRequest(saleId: string, copy: boolean): JournalRow {
    const { journal, randomness } = this.#parts
    const language = journal.fact<'kk' | 'ru' | 'en'>('language') ?? 'kk'
    return { kind: 'receipt_requested', jobId: randomness.uuid(), saleId, copy, language }
  }
}
