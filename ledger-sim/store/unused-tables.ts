/** Tables of what becomes of allowances that are not used (docs/design/21-unused-allowances.md). */
import type { Whole } from './schema.ts'
import { text, whole, type TablePlan } from './table-plans.ts'

/** What passed on from a slot whose period is over to that of the next one: taken from what it allows, given there. */
export interface CarriedTable {
  from_slot: string
  to_slot: string
  count: Whole
  amount: Whole
  /** When it last changed. */
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

export interface UnusedTables {
  carried: CarriedTable
}
