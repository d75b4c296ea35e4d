/** Tables of what becomes of allowances that are not used (docs/design/21-unused-allowances.md). */
import { sql, type QueryExecutorProvider } from 'kysely'
import type { Whole } from './schema.ts'
import { text, whole, type TablePlan } from './table-plans.ts'

/** What passed on from a slot whose period is over to that of the next one: taken from what it allows, given there. */
export interface CarriedTable {
  from_slot: string
  to_slot: string
  count: Whole
  amount: Whole
  /** When any of it first passed on, and no later: what a till was told since then is its to sell. */
  at: Whole
}

export const carriedTable: TablePlan = {
  name: 'carried',
  columns: [text('from_slot'), text('to_slot'), whole('count'), whole('amount'), whole('at')],
  key: ['from_slot'],
  references: [
    ['from_slot', 'slot', 'slot_id'],
    ['to_slot', 'slot', 'slot_id'],
  ],
  checks: ['count >= 0', 'amount >= 0'],
}

/**
 * Rows of before said when they last changed; when their first part passed on nobody knows any more. A moment that is
 * too late takes back from a till what it may have sold by its package, and such a sale is paid from escrow always
 * (money-rules.md, "Who pays for a presented sale"). One that is too early costs no such sale: what came after its
 * lease's last day finds its slot used, which is the merchant's. So it is since ever; the period's end would not do,
 * since a later version of the scheme may say another one.
 */
export async function carriedSinceEver(database: QueryExecutorProvider): Promise<void> {
  await sql`update carried set at = 0`.execute(database)
}

export interface UnusedTables {
  carried: CarriedTable
}
