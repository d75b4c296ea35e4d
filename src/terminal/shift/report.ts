/**
 * The figures of a shift, made of its sales as the journal has them. Pure. What it says always holds together: the
 * tenders of the completed sales and what is uncovered of them add up to their totals, and the drawer to its cash.
 */
import { addTiyn, remainderTiyn, type Tiyn } from '../../voucher/money.ts'
import type { ShiftReport } from '../../voucher/shift-report.ts'
import { sumOf } from '../../voucher/refund.ts'
import { isPaid, paidStates, type PaidState } from '../../sync/journal/projection.ts'
import type { RefundState, ReturnRecord } from '../../sync/journal/returns.ts'
import type { CashMoved, ShiftRecord, ShiftSale, ShiftTender } from '../../sync/journal/shifts.ts'

export interface ReportSources {
  readonly shift: ShiftRecord
  readonly sales: readonly ShiftSale[]
  /** Of goods that came back in this shift. */
  readonly returns: readonly ReturnRecord[]
  readonly cash: CashMoved
  /** What the cashier counted in the drawer; null for an X-report. */
  readonly counted: Tiyn | null
  readonly receiptsWaiting: number
  /** The newest row that the figures know. */
  readonly head: { readonly epoch: number; readonly sequence: number; readonly hash: string }
  readonly now: number
}

/** Nothing moved, and nothing will. */
const endedStates: readonly string[] = ['refused', 'reversed', 'voided']

export function reportOf({
  shift,
  sales,
  returns,
  cash,
  counted,
  receiptsWaiting,
  head,
  now,
}: ReportSources): ShiftReport {
  const completed = sales.filter(({ state }) => state === 'closed')
  const given = sales.filter(({ state }) => state === 'cancelled')
  const refunds = returns.flatMap((returned) => returned.refunds)
  const inState = (wanted: RefundState): Tiyn[] =>
    refunds.filter(({ state }) => state === wanted).map(({ amount }) => amount)
  const refunded = addTiyn(...returns.map((returned) => sumOf(returned.cash)))
  const into = addTiyn(shift.openingFloat, cash.taken)
  const out = addTiyn(cash.returned, refunded)
  const paying = completed.flatMap(({ tenders }) => tenders.filter(isPaid))
  return {
    shiftId: shift.shiftId,
    number: shift.number,
    cashier: shift.cashier,
    openedAt: shift.openedAt,
    until: now,
    rows: { epoch: head.epoch, first: shift.openedSequence, last: head.sequence, hash: head.hash },
    sales: counting(completed.map(({ total }) => total)),
    voids: counting(given.filter(({ wasClosed }) => wasClosed).map(({ total }) => total)),
    cancelled: counting(given.filter(({ wasClosed }) => !wasClosed).map(({ total }) => total)),
    reversing: counting(given.flatMap(({ tenders }) => tenders.filter(isReversing).map(({ amount }) => amount))),
    refunds: {
      count: returns.filter(isBack).length,
      amount: addTiyn(refunded, ...inState('done')),
    },
    refundsWaiting: counting(inState('waiting')),
    open: counting(sales.filter(({ state }) => state === 'open').map(({ total }) => total)),
    tenders: linesOf(paying),
    uncovered: addTiyn(...completed.map((sale) => remainderTiyn(sale.total, paidOf(sale)))),
    unfinished: sales.flatMap((sale) =>
      sale.tenders
        .filter((tender) => !endedStates.includes(tender.state) && !(sale.state === 'closed' && isPaid(tender)))
        .map(({ tenderId, schemeId, state, amount }) => ({ tenderId, saleId: sale.saleId, schemeId, state, amount })),
    ),
    drawer: {
      openingFloat: shift.openingFloat,
      ...cash,
      refunded,
      expected: remainderTiyn(into, out),
      beyond: remainderTiyn(out, into),
      counted,
    },
    receiptsWaiting,
  }
}

/** Something of it has gone back: in cash, or to a scheme. */
const isBack = ({ cash, refunds }: ReturnRecord): boolean =>
  cash.length > 0 || refunds.some(({ state }) => state === 'done')

const isReversing = ({ state }: ShiftTender): boolean => state === 'reversing'

function paidOf({ tenders }: ShiftSale): Tiyn {
  return addTiyn(...tenders.filter(isPaid).map(({ amount }) => amount))
}

function counting(amounts: readonly Tiyn[]): { count: number; amount: Tiyn } {
  return { count: amounts.length, amount: addTiyn(...amounts) }
}

/** One line for each scheme, state and code; schemes by their id, cash last. */
function linesOf(tenders: readonly ShiftTender[]): ShiftReport['tenders'] {
  const order = ({ schemeId, state, code }: ShiftTender): string =>
    [schemeId ?? '~', paidStates.indexOf(state as PaidState), code ?? ''].join(' ')
  const groups = Map.groupBy(tenders, order)
  return [...groups.keys()].toSorted().flatMap((key) => {
    const group = groups.get(key) ?? []
    const [first] = group
    if (first === undefined) return []
    const { schemeId, state, code } = first
    return [{ schemeId, state: state as PaidState, code, ...counting(group.map(({ amount }) => amount)) }]
  })
}
