/**
 * What a run paid and gave back, till by till: by vouchers and by QR as the ledger has it, in cash as it stands on the
 * paper; and what it used of the schemes' allowances.
 */
import type { LedgerRows } from './ledger-database.ts'
import type { LedgerTender } from './ledger-tenders.ts'
import type { PaperSlip } from './paper.ts'

/** Decimal strings of tiyn. */
export interface Ways {
  readonly voucher: string
  readonly cash: string
  readonly qr: string
}

export interface PaidAndGivenBack {
  /** By tenders that the ledger settled, before anything of them went back; in cash on original receipts. */
  readonly paid: Ways
  /** By refunds that the ledger made; in cash on the original slips of refunds and voids. */
  readonly givenBack: Ways
}

export interface Totals extends PaidAndGivenBack {
  readonly tills: Readonly<Record<string, PaidAndGivenBack>>
  /** By scheme and period, "SCHEME PERIOD": what counts against the allowances of all beneficiaries. */
  readonly allowances: Readonly<Record<string, string>>
}

type Way = keyof Ways
interface Move {
  readonly till: string
  readonly side: keyof PaidAndGivenBack
  readonly way: Way
  readonly amount: bigint
}

export function totalsOf(
  rows: LedgerRows,
  tenders: ReadonlyMap<string, LedgerTender>,
  slips: readonly PaperSlip[],
): Totals {
  const moves = [...paidAtLedger(tenders), ...refunded(rows, tenders), ...inCash(slips)]
  const byTill = [...Map.groupBy(moves, ({ till }) => till)].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return {
    ...sumsOf(moves),
    tills: Object.fromEntries(byTill.map(([till, own]) => [till, sumsOf(own)])),
    allowances: allowancesUsed(rows),
  }
}

function paidAtLedger(tenders: ReadonlyMap<string, LedgerTender>): Move[] {
  return [...tenders.values()]
    .filter(({ row }) => row.state === 'settled')
    .map(({ row, request }) => ({
      till: row.terminal_id,
      side: 'paid',
      way: request === null ? 'voucher' : 'qr',
      amount: row.amount,
    }))
}

function refunded(rows: LedgerRows, tenders: ReadonlyMap<string, LedgerTender>): Move[] {
  return rows.refund
    .filter(({ state }) => state === 'done')
    .map(({ terminal_id, tender_id, amount }) => ({
      till: terminal_id,
      side: 'givenBack',
      way: (tenders.get(tender_id)?.request ?? null) === null ? 'voucher' : 'qr',
      amount,
    }))
}

/** A slip whose words cannot be read says nothing of cash; neither does a copy, which repeats what was said. */
function inCash(slips: readonly PaperSlip[]): Move[] {
  return slips
    .filter(({ mark, cash }) => mark === 'original' && cash > 0n)
    .map(({ till, isVoid, isRefund, cash }) => ({
      till: till ?? 'unknown',
      side: isVoid || isRefund ? 'givenBack' : 'paid',
      way: 'cash',
      amount: cash,
    }))
}

function sumsOf(moves: readonly Move[]): PaidAndGivenBack {
  const sum = (side: Move['side'], way: Way): string =>
    String(moves.reduce((total, move) => total + (move.side === side && move.way === way ? move.amount : 0n), 0n))
  const waysOf = (side: Move['side']): Ways => ({
    voucher: sum(side, 'voucher'),
    cash: sum(side, 'cash'),
    qr: sum(side, 'qr'),
  })
  return { paid: waysOf('paid'), givenBack: waysOf('givenBack') }
}

function allowancesUsed({ slot, slot_use }: LedgerRows): Readonly<Record<string, string>> {
  const names = new Map(slot.map(({ slot_id, scheme_id, period_id }) => [slot_id, `${scheme_id} ${period_id}`]))
  const uses = Map.groupBy(slot_use, ({ slot_id }) => names.get(slot_id) ?? slot_id)
  const sums = [...uses].map(
    ([name, own]) => [name, String(own.reduce((sum, { amount }) => sum + amount, 0n))] as const,
  )
  return Object.fromEntries(sums.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
