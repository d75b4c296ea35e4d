/** What the journal knows of cashiers and shifts. A shift's sales are those that were begun in it. */
import { tiyn, type Tiyn } from '../../voucher/money.ts'
import type { Cashier, ShiftReport } from '../../voucher/shift-report.ts'
import type { JournalTenderState } from './projection.ts'
import { receiptStateOf, type ReceiptState, type SaleRecord, type StoredPrintJob } from './records.ts'
import { pinHashSchema, type ChainedRow, type StoredPin } from './rows.ts'

export interface CashierRecord extends Cashier {
  readonly pin: StoredPin
  /** Wrong ones since the last right one. */
  readonly wrongPins: number
  readonly wrongAt: number
}

export interface ShiftRecord {
  readonly shiftId: string
  readonly number: number
  readonly cashier: Cashier
  readonly openingFloat: Tiyn
  readonly openedAt: number
  readonly openedSequence: number
  /** Null while it is open. */
  readonly closed: { readonly at: number; readonly sequence: number } | null
}

/** A sale of a shift with what paid it, as it stands now or as it stood when the shift was closed. */
export interface ShiftSale {
  readonly saleId: string
  readonly total: Tiyn
  readonly state: SaleRecord['state']
  /** It was completed at some time: cancelled after that, it is a void. */
  readonly wasClosed: boolean
  /** The row that brought its state. */
  readonly sequence: number
  readonly at: number
  readonly tenders: readonly ShiftTender[]
}

export interface ShiftTender {
  readonly tenderId: string
  readonly schemeId: string | null
  readonly state: JournalTenderState
  readonly amount: Tiyn
  readonly code: string | null
  readonly sequence: number
  readonly at: number
}

export interface CashMoved {
  readonly taken: Tiyn
  readonly takenForEarlierSales: Tiyn
  readonly returned: Tiyn
}

interface Tables {
  get(sql: string, ...values: readonly unknown[]): unknown
  all(sql: string, ...values: readonly unknown[]): unknown[]
  rowAt(sequence: number): ChainedRow
}

interface StoredShift {
  shift_id: string
  number: number
  cashier: number
  cashier_name: string
  opening_float: number
  opened_sequence: number
  opened_at: number
  closed_sequence: number | null
  closed_at: number | null
}

type StoredShiftSale = Omit<ShiftSale, 'total' | 'wasClosed' | 'tenders'> & {
  total: number
  closedSequence: number | null
}
type StoredShiftTender = Omit<ShiftTender, 'amount'> & { saleId: string; amount: number }

export class JournalShifts {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  cashiers(): readonly CashierRecord[] {
    return (
      this.#tables.all(
        `SELECT number, name, pin, wrong_pins AS wrongPins, wrong_at AS wrongAt FROM cashier ORDER BY number`,
      ) as (Omit<CashierRecord, 'pin'> & { pin: string })[]
    ).map((stored) => ({ ...stored, pin: pinHashSchema.parse(JSON.parse(stored.pin)) }))
  }

  /** The one that is open. */
  open(): ShiftRecord | undefined {
    const stored = this.#tables.get('SELECT * FROM shift WHERE closed_sequence IS NULL')
    return stored === undefined ? undefined : shiftRecord(stored as StoredShift)
  }

  shift(shiftId: string): ShiftRecord | undefined {
    const stored = this.#tables.get('SELECT * FROM shift WHERE shift_id = ?', shiftId)
    return stored === undefined ? undefined : shiftRecord(stored as StoredShift)
  }

  /** The last closed ones, newest first. */
  lastClosed(limit: number): readonly ShiftRecord[] {
    const shifts = this.#tables.all(
      'SELECT * FROM shift WHERE closed_sequence IS NOT NULL ORDER BY number DESC LIMIT ?',
      limit,
    )
    return (shifts as StoredShift[]).map(shiftRecord)
  }

  /** Whether its reports are on paper. */
  printed(shiftId: string): ReceiptState {
    const jobs = this.#tables.all('SELECT state FROM print_job WHERE shift_id = ?', shiftId)
    return receiptStateOf(jobs as StoredPrintJob[])
  }

  /** The figures that were written when the shift was closed. */
  reportAtClose({ closed }: ShiftRecord): ShiftReport | undefined {
    const row = closed === null ? undefined : this.#tables.rowAt(closed.sequence).row
    return row?.kind === 'shift_closed' ? row.report : undefined
  }

  salesNow(shiftId: string): readonly ShiftSale[] {
    return withTenders(
      this.#tables.all(
        `SELECT sale_id AS saleId, total, state, closed_sequence AS closedSequence,
                max(sequence, coalesce(closed_sequence, 0), coalesce(cancelled_sequence, 0)) AS sequence, at
         FROM sale WHERE shift_id = ? ORDER BY sale.sequence`,
        shiftId,
      ),
      this.#tables.all(
        `SELECT sale_id AS saleId, tender_id AS tenderId, scheme_id AS schemeId, tender.state, amount, code,
                coalesce(outcome_sequence, intent_sequence) AS sequence, since AS at
         FROM sale JOIN tender USING (sale_id) WHERE shift_id = ? ORDER BY intent_sequence`,
        shiftId,
      ),
    )
  }

  /** As of the closing: sales and tenders that came later are not among them. */
  salesAtClose(shiftId: string): readonly ShiftSale[] {
    return withTenders(
      this.#tables.all(
        `SELECT sale_id AS saleId, total, stood.state, stood.closed_sequence AS closedSequence,
                sale.sequence AS sequence, at
         FROM sale_at_close AS stood JOIN sale USING (sale_id) WHERE stood.shift_id = ? ORDER BY sale.sequence`,
        shiftId,
      ),
      this.#tables.all(
        `SELECT sale_id AS saleId, tender_id AS tenderId, scheme_id AS schemeId, stood.state, amount, stood.code,
                intent_sequence AS sequence, since AS at
         FROM tender_at_close AS stood JOIN tender USING (tender_id) WHERE shift_id = ? ORDER BY intent_sequence`,
        shiftId,
      ),
    )
  }

  /** What went into the drawer and out of it while the shift was open, whatever sale it was for. */
  cashMoved({ shiftId, openedSequence, closed }: ShiftRecord): CashMoved {
    const until = closed?.sequence ?? Number.MAX_SAFE_INTEGER
    const taken = this.#tables.get(
      `SELECT coalesce(sum(amount), 0) AS taken,
              coalesce(sum(amount) FILTER (WHERE shift_id IS NOT ?), 0) AS takenForEarlierSales
       FROM tender JOIN sale USING (sale_id) WHERE kind = 'cash' AND intent_sequence BETWEEN ? AND ?`,
      shiftId,
      openedSequence,
      until,
    ) as { taken: number; takenForEarlierSales: number }
    const { returned } = this.#tables.get(
      `SELECT coalesce(sum(amount), 0) AS returned FROM tender
       WHERE kind = 'cash' AND state = 'reversed' AND outcome_sequence BETWEEN ? AND ?`,
      openedSequence,
      until,
    ) as { returned: number }
    return {
      taken: tiyn(taken.taken),
      takenForEarlierSales: tiyn(taken.takenForEarlierSales),
      returned: tiyn(returned),
    }
  }
}

function shiftRecord(stored: StoredShift): ShiftRecord {
  const { closed_sequence: sequence, closed_at: at } = stored
  return {
    shiftId: stored.shift_id,
    number: stored.number,
    cashier: { number: stored.cashier, name: stored.cashier_name },
    openingFloat: tiyn(stored.opening_float),
    openedAt: stored.opened_at,
    openedSequence: stored.opened_sequence,
    closed: sequence === null || at === null ? null : { at, sequence },
  }
}

function withTenders(sales: unknown[], tenders: unknown[]): readonly ShiftSale[] {
  const ofSale = Map.groupBy(tenders as StoredShiftTender[], ({ saleId }) => saleId)
  return (sales as StoredShiftSale[]).map(({ total, closedSequence, ...sale }) => ({
    ...sale,
    total: tiyn(total),
    wasClosed: closedSequence !== null,
    tenders: (ofSale.get(sale.saleId) ?? []).map(({ saleId: _known, amount, ...tender }) => ({
      ...tender,
      amount: tiyn(amount),
    })),
  }))
}
