/**
 * The auditor's questions about goods that came back and about shifts: from the ledger's rows and the cashiers'
 * notebooks, with nothing of the product's arithmetic (money-rules.md, "Marked money"; docs/design/12-shift.md,
 * docs/design/15-refund.md).
 */
import type Database from 'better-sqlite3'
import type { Notebook, ShiftNote } from './notebook.ts'

export interface ReturnSources {
  readonly notebooks: readonly Notebook[]
  /** Tills of which a copy came into use: what they asked for in between, nobody may know. */
  readonly copied: ReadonlySet<string>
  /** What merchants received for each tender. */
  readonly net: ReadonlyMap<string, bigint>
}

interface RefundRow {
  readonly id: string
  readonly tenderId: string
  readonly terminalId: string
  readonly amount: bigint
  readonly state: string
  readonly fromMerchant: bigint
  readonly owed: bigint
  readonly strangers: bigint
}

export function auditReturns(database: Database.Database, sources: ReturnSources, found: string[]): void {
  const rows = refundRows(database)
  refundsMoved(rows, sources.net, found)
  refundsNoted(rows, sources, found)
  cashGiven(sources.notebooks, found)
  for (const notebook of sources.notebooks)
    for (const [shiftId, note] of notebook.shifts)
      if (!note.isDisturbed && note.figures !== undefined) shift(shiftId, note, notebook, sources.net, found)
}

/** By tender, what has gone back of it. */
export function refundedOf(database: Database.Database): ReadonlyMap<string, bigint> {
  const rows = database
    .prepare(`SELECT tender_id AS tenderId, sum(amount) AS sum FROM refund WHERE state = 'done' GROUP BY tender_id`)
    .all() as { tenderId: string; sum: bigint }[]
  return new Map(rows.map(({ tenderId, sum }) => [tenderId, sum]))
}

function refundRows(database: Database.Database): readonly RefundRow[] {
  return database
    .prepare(
      `SELECT refund_id AS id, tender_id AS tenderId, terminal_id AS terminalId, amount, state,
         (SELECT coalesce(sum(transfer.amount), 0) FROM transfer JOIN account ON account_id = debit
           WHERE reference = refund_id AND account.kind = 'merchant') AS fromMerchant,
         (SELECT coalesce(sum(debt.amount), 0) FROM merchant_debt AS debt
           WHERE debt.kind = 'refund' AND debt.reference = refund_id) AS owed,
         (SELECT count(*) FROM transfer JOIN account ON account_id = credit
           WHERE reference = refund_id AND account.kind NOT IN ('scheme', 'escrow', 'agency')
             AND account_id IS NOT (SELECT payer FROM payment_request AS paid WHERE paid.tender_id = refund.tender_id)
         ) AS strangers
       FROM refund`,
    )
    .all() as RefundRow[]
}

/**
 * No tiyn goes back twice, and each goes to the scheme, its escrow or its agency, or to the wallet that paid: a voucher
 * never becomes cash.
 */
function refundsMoved(rows: readonly RefundRow[], net: ReadonlyMap<string, bigint>, found: string[]): void {
  const back = new Map<string, bigint>()
  for (const { id, tenderId, amount, state, fromMerchant, owed, strangers } of rows) {
    const due = state === 'done' ? amount : 0n
    if (fromMerchant + owed !== due)
      found.push(`REFUND_MOVED ${id}: ${state} of ${amount}, moved ${fromMerchant}, owed ${owed}`)
    if (strangers > 0n) found.push(`REFUND_ASTRAY ${id}: went to an account that is no scheme's`)
    back.set(tenderId, (back.get(tenderId) ?? 0n) + due)
  }
  for (const [tenderId, sum] of back)
    if (sum > (net.get(tenderId) ?? 0n))
      found.push(`REFUND_TWICE ${tenderId}: ${sum} went back of ${net.get(tenderId) ?? 0n}`)
}

/** What the ledger did is what the cashier was told. */
function refundsNoted(rows: readonly RefundRow[], { notebooks, copied }: ReturnSources, found: string[]): void {
  const atLedger = new Map(rows.map((row) => [row.id, row]))
  const noted = new Set<string>()
  for (const { refunds } of notebooks) {
    for (const [id, { amount, state, isDisturbed }] of refunds) {
      noted.add(id)
      if (isDisturbed) continue
      const row = atLedger.get(id)
      if (row?.state !== state || row.amount !== amount)
        found.push(
          `REFUND_UNTRUE ${id}: the screen says ${state} of ${amount}, the ledger ${row?.state} ${row?.amount}`,
        )
    }
  }
  for (const { id, state, terminalId } of rows)
    if (state === 'done' && !noted.has(id) && !copied.has(terminalId))
      found.push(`REFUND_UNNOTED ${id}: done, and no cashier asked for it`)
}

/** Nobody gets more cash back than was paid in cash. */
function cashGiven(notebooks: readonly Notebook[], found: string[]): void {
  for (const { sales } of notebooks)
    for (const [saleId, { cashTaken, cashGiven: given, isDisturbed }] of sales)
      if (!isDisturbed && given > cashTaken) found.push(`CASH ${saleId}: ${given} given back of ${cashTaken}`)
}

/** The Z-report and its differences say together what is true. */
function shift(
  shiftId: string,
  { figures, differences, openingFloat, into, out }: ShiftNote,
  { sales, refunds }: Notebook,
  net: ReadonlyMap<string, bigint>,
  found: string[],
): void {
  if (figures === undefined) return
  const { drawer } = figures
  const held = openingFloat + into - out
  if (drawer.expected - drawer.beyond !== held)
    found.push(`DRAWER ${shiftId}: the report expects ${drawer.expected} less ${drawer.beyond}, it holds ${held}`)
  const vouchers = [...figures.tenders, ...figures.unfinished].filter(({ schemeId }) => schemeId !== null)
  const settledThen = sum(vouchers.filter(({ state }) => state === 'settled').map(({ amount }) => amount))
  const changed = sum(
    differences.flatMap((one) => {
      if (one.kind !== 'tender' || one.schemeId === null) return []
      return [one.is === 'settled' ? one.amount : 0n, one.was === 'settled' ? -one.amount : 0n]
    }),
  )
  const own = [...sales.values()].filter((sale) => sale.shiftId === shiftId)
  const paid = sum(own.flatMap(({ tenders }) => [...tenders].map((tenderId) => net.get(tenderId) ?? 0n)))
  if (settledThen + changed !== paid)
    found.push(`Z_UNTRUE ${shiftId}: report ${settledThen}, differences ${changed}, the ledger paid ${paid}`)
  const waiting = differences.flatMap((one) => (one.kind === 'refund' && one.is === 'done' ? [one.amount] : []))
  const ofShift = [...refunds.values()].filter((one) => one.shiftId === shiftId)
  const back = sum(ofShift.filter(({ state }) => state === 'done').map(({ amount }) => amount))
  const reported = figures.refunds.amount - drawer.refunded + sum(waiting)
  if (reported !== back) found.push(`Z_REFUNDS ${shiftId}: report and differences ${reported}, in truth ${back}`)
  const lines = sum(figures.tenders.map(({ amount }) => amount))
  if (lines + figures.uncovered !== figures.sales.amount)
    found.push(`Z_LINES ${shiftId}: ${lines} and ${figures.uncovered} uncovered are not ${figures.sales.amount}`)
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
