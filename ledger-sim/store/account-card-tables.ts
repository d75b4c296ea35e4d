/** Cards that pay from their holder's account (docs/design/29-cbdc-card.md, "At the ledger"). */
import type { Whole } from './schema.ts'
import { text, textOrNull, whole, type Column, type IndexPlan, type TablePlan } from './table-plans.ts'

/** A card belongs to one account for good: a client who gets another card gets another row. */
interface AccountCardTable {
  card: string
  account_id: string
  /** The most that one tap may take. */
  tap_max: Whole
  /** The bank. */
  bound_by: string
  at: Whole
}

export interface AccountCardTables {
  account_card: AccountCardTable
}

export const accountCardTable: TablePlan = {
  name: 'account_card',
  columns: [text('card'), text('account_id'), whole('tap_max'), text('bound_by'), whole('at')],
  key: ['card'],
  references: [
    ['card', 'card', 'card'],
    ['account_id', 'individual', 'account_id'],
  ],
  checks: ['tap_max > 0'],
}

/** A payment of before was made by a wallet. */
export const accountCardColumns: readonly (readonly [table: string, column: Column])[] = [
  ['request_payment', textOrNull('card')],
]

export const accountCardIndexes: readonly IndexPlan[] = [
  ['account_card_account', 'account_card', ['account_id', 'card']],
]
