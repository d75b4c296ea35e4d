/**
 * Takes goods back: looks a sale up, splits what goes back between its tenders, asks the ledger for the vouchers' part
 * and prints the slip once it has answered (money-rules.md, "Offline": all but a void needs the ledger). What is true
 * is read from the journal each time; only which sale is looked at is remembered here.
 */
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { Journal, SaleRecord } from '../../sync/journal/journal.ts'
import type { ReturnRecord } from '../../sync/journal/returns.ts'
import type { JournalTenderState } from '../../sync/journal/projection.ts'
import type { JournalRow, RowOf } from '../../sync/journal/rows.ts'
import { readReceiptPresentment } from '../../sync/protocol/receipt-presentment.ts'
import type { Texts } from '../../voucher/identifiers.ts'
import { addTiyn } from '../../voucher/money.ts'
import { partsByQr } from '../../voucher/qr-parts.ts'
import { refundableLines, sharesOf, sumOf, type RefundableLine, type VoucherStanding } from '../../voucher/refund.ts'
import { lineTotal, type CoveredLine } from '../../voucher/sale.ts'
import { shortId } from '../../voucher/receipt.ts'
import type { CommandFault } from '../contract/commands.ts'
import type { RefundView } from '../contract/refund.ts'

export interface RefundDeskParts {
  readonly journal: Journal
  readonly engine: Pick<SyncEngine, 'syncNow' | 'connectivity'>
  readonly randomness: Randomness
  readonly printQueue: { nudge(): void; openDrawer(): void; tryAgain(id: string): void }
  readonly schemeName: (schemeId: string) => Texts
}

type Obstacle = RefundView['obstacles'][number]

const obstacleOf = { undecided: 'refund_not_settled', not_paid: 'refund_not_paid' } as const

export class RefundDesk {
  readonly #parts: RefundDeskParts
  #shownSale: string | null = null

  constructor(parts: RefundDeskParts) {
    this.#parts = parts
  }

  /** @param saleId null puts it away */
  show(saleId: string | null): CommandFault | undefined {
    if (saleId !== null && this.#parts.journal.sale(saleId)?.state !== 'closed') return 'not_now'
    this.#shownSale = saleId
    return undefined
  }

  /** @param receipt the number on it, which is the end of the sale's id, or the text of its code */
  find(receipt: string): CommandFault | undefined {
    const saleId = this.#saleOf(receipt.trim())
    if (saleId === undefined) return 'receipt_unknown'
    this.#shownSale = saleId
    return undefined
  }

  /** Only to look it up: whose code it is decides nothing, the rows of this till do. */
  #saleOf(receipt: string): string | undefined {
    const { journal } = this.#parts
    if (/^[0-9a-f]{8}$/i.test(receipt)) return journal.closedSaleByNumber(receipt.toLowerCase())
    const code = readReceiptPresentment(receipt)
    if (code.kind === 'fault') return undefined
    const saleId = journal.tender(code.presentment.terms.tenderId)?.saleId
    return saleId !== undefined && journal.sale(saleId)?.state === 'closed' ? saleId : undefined
  }

  /** The return, its cash and what it asks of the ledger, in one commit. */
  refund(
    saleId: string,
    wanted: readonly CoveredLine[],
    reason: RowOf<'goods_returned'>['reason'],
  ): CommandFault | undefined {
    const { journal, engine, randomness, printQueue } = this.#parts
    const record = journal.sale(saleId)
    if (record?.state !== 'closed') return 'not_now'
    if (new Set(wanted.map(({ line }) => line)).size < wanted.length) return 'refund_too_much'
    const refundable = this.#refundable(record)
    const shares = sharesOf(refundable, wanted)
    if (shares === undefined) {
      const held = refundable.find((left) => left.held !== null && wanted.some(({ line }) => line === left.line))?.held
      return held === undefined || held === null ? 'refund_too_much' : obstacleOf[held]
    }
    if (sumOf(wanted) === 0n) return 'refund_too_much'
    if (shares.vouchers.length > 0 && engine.connectivity.kind !== 'reached') return 'no_ledger'
    const returnId = randomness.uuid()
    const requests = shares.vouchers.map(({ tenderId, lines }): JournalRow => ({
      kind: 'refund_requested',
      refundId: randomness.uuid(),
      tenderId,
      amount: sumOf(lines),
      lines: [...lines],
      reason,
    }))
    const slip = requests.length === 0 ? [this.#slipRow(returnId, false)] : []
    journal.commit({ kind: 'goods_returned', returnId, saleId, reason, cash: [...shares.cash] }, ...requests, ...slip)
    this.#shownSale = saleId
    if (sumOf(shares.cash) > 0n) printQueue.openDrawer()
    printQueue.nudge()
    void engine.syncNow()
    return undefined
  }

  /**
   * One slip when nothing of a return is on its way any more: it says what the ledger did, or that it has not. Marked
   * COPY where the customer has one already, so that no cash stands on two originals.
   */
  printEnded(): void {
    const { journal, printQueue } = this.#parts
    const ended = journal.returns.endedWithoutSlip()
    if (ended.length === 0) return
    journal.commit(...ended.map((returnId) => this.#slipRow(returnId, journal.returns.printed(returnId) !== 'none')))
    printQueue.nudge()
  }

  /** The slip again, marked COPY; before the ledger's answer the first one, for a customer who does not wait for it. */
  printAgain(returnId: string): CommandFault | undefined {
    const { journal, printQueue } = this.#parts
    if (journal.returns.get(returnId) === undefined) return 'not_now'
    const printed = journal.returns.printed(returnId)
    if (printed !== 'waiting') journal.commit(this.#slipRow(returnId, printed === 'printed'))
    printQueue.tryAgain(returnId)
    return undefined
  }

  view(): RefundView | null {
    const { journal } = this.#parts
    const record = this.#shownSale === null ? undefined : journal.sale(this.#shownSale)
    if (record?.state !== 'closed') return null
    const { sale, at, total } = record
    const refundable = this.#refundable(record)
    return {
      saleId: sale.saleId,
      number: shortId(sale.saleId),
      at,
      total,
      obstacles: this.#obstacles(refundable),
      lines: sale.lines.flatMap((saleLine) => {
        const { line, name, quantity, unitPrice } = saleLine
        const left = refundable.find((candidate) => candidate.line === line)
        if (left === undefined) return []
        const { voucherLeft, cashLeft } = left
        return [{ line, name, quantity, unitPrice, total: lineTotal(saleLine), voucherLeft, cashLeft }]
      }),
      returns: journal.returns.ofSale(sale.saleId).map((returned) => ({
        returnId: returned.returnId,
        at: returned.at,
        cash: sumOf(returned.cash),
        refunds: returned.refunds.map(({ refundId, schemeId, amount, state, code, parkedFor }) => ({
          refundId,
          schemeName: this.#parts.schemeName(schemeId),
          amount,
          state: parkedFor === null ? state : 'parked',
          code: parkedFor ?? code,
        })),
        printed: journal.returns.printed(returned.returnId),
      })),
    }
  }

  /** Whether something of a closed sale can still go back, now or once the ledger has answered. */
  mayGoBack(record: SaleRecord): boolean {
    return this.#refundable(record).some(
      ({ voucherLeft, cashLeft, held }) => voucherLeft > 0n || cashLeft > 0n || held === 'undecided',
    )
  }

  #obstacles(refundable: readonly RefundableLine[]): Obstacle[] {
    const isHeld = (standing: RefundableLine['held']): boolean => refundable.some(({ held }) => held === standing)
    const hasVouchers = refundable.some(({ voucherLeft }) => voucherLeft > 0n)
    return [
      ...(isHeld('undecided') ? [obstacleOf.undecided] : []),
      ...(isHeld('not_paid') ? [obstacleOf.not_paid] : []),
      ...(hasVouchers && this.#parts.engine.connectivity.kind !== 'reached' ? ['no_ledger' as const] : []),
    ]
  }

  #refundable({ sale }: SaleRecord): readonly RefundableLine[] {
    const { journal } = this.#parts
    const tenders = journal.tendersOfSale(sale.saleId).filter(({ paidAtClosing }) => paidAtClosing)
    const vouchers = tenders
      .filter(({ kind }) => kind === 'voucher')
      .map(({ tenderId, state }) => ({
        tenderId,
        standing: standingOf(state, () => journal.isPaidByAppeal(tenderId)),
        lines: journal.intentOf(tenderId).row.part.lines,
      }))
    // What was paid by QR goes back to that wallet, as a voucher's part to its scheme: of the lines that it paid.
    const qrs = tenders.filter(({ kind }) => kind === 'qr')
    const parts = partsByQr(
      sale,
      vouchers.flatMap(({ lines }) => lines),
      qrs.map(({ amount }) => amount),
    )
    const byQr = qrs.map(({ tenderId, state }, index) => ({
      tenderId,
      standing: standingOf(state, () => false),
      lines: parts[index] ?? [],
    }))
    const cash = tenders.filter(({ kind, state }) => kind === 'cash' && state === 'settled')
    const returns = journal.returns.ofSale(sale.saleId)
    return refundableLines(
      sale,
      { vouchers: [...vouchers, ...byQr], cash: addTiyn(...cash.map(({ amount }) => amount)) },
      {
        vouchers: returns.flatMap(({ refunds }) => refunds.filter(({ state }) => state !== 'refused')),
        cash: returns.flatMap(({ cash: back }: ReturnRecord) => back),
      },
    )
  }

  #slipRow(returnId: string, copy: boolean): JournalRow {
    const { journal, randomness } = this.#parts
    const language = journal.fact<'kk' | 'ru' | 'en'>('language') ?? 'kk'
    return { kind: 'refund_slip_requested', jobId: randomness.uuid(), returnId, copy, language }
  }
}

/** Of a tender that paid a part of a sale when that was closed. What an appeal paid goes back as what a slot paid. */
function standingOf(state: JournalTenderState, isPaidByAppeal: () => boolean): VoucherStanding {
  switch (state) {
    case 'settled':
      return 'settled'
    case 'not_paid':
      return isPaidByAppeal() ? 'settled' : 'not_paid'
    case 'refused':
    case 'reversed':
    case 'voided':
      return 'not_paid'
    case 'held':
    case 'pending':
    case 'awaiting_funds':
    case 'reversing':
    case 'in_progress':
    case 'unknown':
    case 'torn':
    case 'maybe_debited':
    case 'advised':
      return 'undecided'
    default:
      return state satisfies never
  }
}
