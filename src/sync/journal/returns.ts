/**
 * What the journal knows of goods that came back: each return with its cash, and the refunds of voucher value that
 * belong to it (money-rules.md, "Words", "Offline").
 */
import type { CoveredLine } from '../../voucher/sale.ts'
import { tiyn, zeroTiyn, type Tiyn } from '../../voucher/money.ts'
import { receiptStateOf, type ReceiptState, type StoredPrintJob } from './records.ts'
import type { ChainedRow, RowOf } from './rows.ts'

/** `waiting` until the ledger has answered; counted as gone back unless it refused. */
export type RefundState = 'waiting' | 'done' | 'refused'

export interface RefundRecord {
  readonly refundId: string
  readonly tenderId: string
  readonly schemeId: string
  /** Null where a wallet paid. */
  readonly card: string | null
  readonly amount: Tiyn
  readonly state: RefundState
  /** Why it was refused. */
  readonly code: string | null
  /** Why the queue goes on without it; null while it does not. */
  readonly parkedFor: string | null
  readonly lines: readonly CoveredLine[]
  /** The row that brought its state. */
  readonly sequence: number
  readonly at: number
}

export interface ReturnRecord {
  readonly returnId: string
  readonly saleId: string
  readonly at: number
  readonly sequence: number
  /** The shift in which the goods came back. */
  readonly shiftId: string | null
  readonly reason: RowOf<'goods_returned'>['reason']
  readonly cash: readonly CoveredLine[]
  readonly refunds: readonly RefundRecord[]
}

interface Tables {
  get(sql: string, ...values: readonly unknown[]): unknown
  all(sql: string, ...values: readonly unknown[]): unknown[]
  rowAt(sequence: number): ChainedRow
}

interface StoredReturn {
  return_id: string
  sale_id: string
  sequence: number
  at: number
  shift_id: string | null
}

interface StoredRefund {
  refund_id: string
  tender_id: string
  scheme_id: string
  card: string | null
  amount: number
  state: RefundState
  code: string | null
  why: string | null
  requested_sequence: number
  sequence: number
  since: number
}

export class JournalReturns {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  get(returnId: string): ReturnRecord | undefined {
    const stored = this.#tables.get('SELECT * FROM goods_return WHERE return_id = ?', returnId)
    return stored === undefined ? undefined : this.#record(stored as StoredReturn)
  }

  /** Of one sale, oldest first. */
  ofSale(saleId: string): readonly ReturnRecord[] {
    const stored = this.#tables.all('SELECT * FROM goods_return WHERE sale_id = ? ORDER BY sequence', saleId)
    return (stored as StoredReturn[]).map((found) => this.#record(found))
  }

  /** Of one shift, oldest first. */
  ofShift(shiftId: string): readonly ReturnRecord[] {
    const stored = this.#tables.all('SELECT * FROM goods_return WHERE shift_id = ? ORDER BY sequence', shiftId)
    return (stored as StoredReturn[]).map((found) => this.#record(found))
  }

  /** Returns of which no refund is on its way, and whose slip, if one was asked for, is older than an answer. */
  endedWithoutSlip(): readonly string[] {
    const stored = this.#tables.all(
      `SELECT return_id AS returnId FROM goods_return WHERE slip = 0
         AND NOT EXISTS (
           SELECT 1 FROM refund JOIN outbox ON outbox.item_id = refund_id
           WHERE refund.return_id = goods_return.return_id AND outbox.state = 'waiting')
       ORDER BY sequence`,
    ) as { returnId: string }[]
    return stored.map(({ returnId }) => returnId)
  }

  /** What has gone back of a sale or is on its way: to its schemes and in cash. */
  wentBackOf(saleId: string): Tiyn {
    return this.wentBackOfEach([saleId]).get(saleId) ?? zeroTiyn
  }

  /** The same of several sales; without those of which nothing has. */
  wentBackOfEach(saleIds: readonly string[]): ReadonlyMap<string, Tiyn> {
    const rows = this.#tables.all(
      `SELECT sale_id AS saleId, sum(cash + coalesce((
         SELECT sum(amount) FROM refund WHERE refund.return_id = goods_return.return_id AND state <> 'refused'
       ), 0)) AS amount FROM goods_return WHERE sale_id IN (SELECT value FROM json_each(?)) GROUP BY sale_id`,
      JSON.stringify(saleIds),
    ) as { saleId: string; amount: number }[]
    return new Map(rows.map(({ saleId, amount }) => [saleId, tiyn(amount)]))
  }

  printed(returnId: string): ReceiptState {
    const jobs = this.#tables.all('SELECT state FROM print_job WHERE return_id = ?', returnId)
    return receiptStateOf(jobs as StoredPrintJob[])
  }

  #record(stored: StoredReturn): ReturnRecord {
    const { row } = this.#tables.rowAt(stored.sequence) as { row: RowOf<'goods_returned'> }
    const refunds = this.#tables.all(
      `SELECT refund.*, tender.scheme_id, tender.card, outbox.why FROM refund JOIN tender USING (tender_id)
         LEFT JOIN outbox ON outbox.item_id = refund_id
       WHERE return_id = ? ORDER BY requested_sequence`,
      stored.return_id,
    ) as StoredRefund[]
    return {
      returnId: stored.return_id,
      saleId: stored.sale_id,
      at: stored.at,
      sequence: stored.sequence,
      shiftId: stored.shift_id,
      reason: row.reason,
      cash: row.cash,
      refunds: refunds.map((refund) => this.#refund(refund)),
    }
  }

  #refund(stored: StoredRefund): RefundRecord {
    const { row } = this.#tables.rowAt(stored.requested_sequence) as { row: RowOf<'refund_requested'> }
    return {
      refundId: stored.refund_id,
      tenderId: stored.tender_id,
      schemeId: stored.scheme_id,
      card: stored.card,
      amount: tiyn(stored.amount),
      state: stored.state,
      code: stored.code,
      parkedFor: stored.why,
      lines: row.lines,
      sequence: stored.sequence,
      at: stored.since,
    }
  }
}
