/** Tables of cards. */
import type { CardProfile } from '../../src/voucher/card-rules.ts'
import type { TextOrNull, Whole, WholeOrNull } from './schema.ts'
import { text, whole, type TablePlan } from './table-plans.ts'

/** Holds no UID and no open key (architecture.md, "Trust", Privacy). */
interface CardTable {
  card: string
  holder: string
  /** The agency; null of a card from before the ledger kept it, and of one that pays from an account. */
  registered_by: TextOrNull
  status: 'active' | 'blocked'
  epoch: Whole
  highest_counter: Whole
  /** Wrapped. Empty of a card that only says who it is. */
  file_read_key: string
  till_key: string
  /** Since when its till key may be in wrong hands, or may not be the card's: it is leased to no till any more. */
  exposed_at: WholeOrNull
  /** The card that was issued in its place; it is blocked for good. */
  replaced_by: string | null
  /** Since when it is on an issuing desk, which gives it the keys of the next generation. */
  rekeying_since: WholeOrNull
  /** Null of an NTAG 424 DNA. */
  profile: Exclude<CardProfile, 'ntag424'> | null
}

interface CardStatusTable {
  card: string
  change: Whole
  status: 'active' | 'blocked'
  at: Whole
}

interface CardCounterTable {
  card: string
  epoch: Whole
  counter: Whole
  tender_id: string
  mac: string
}

/** What opens the messages of sales that a card was in before it was re-keyed: wrapped, one row for each epoch. */
interface FormerCardKeyTable {
  card: string
  epoch: Whole
  file_read_key: string
  ended_at: Whole
}

interface CardFailureTable {
  card: string
  day: Whole
  failures: Whole
}

export interface CardTables {
  card: CardTable
  card_status: CardStatusTable
  card_counter: CardCounterTable
  card_failure: CardFailureTable
  former_card_key: FormerCardKeyTable
}

export const formerCardKeyTable: TablePlan = {
  name: 'former_card_key',
  columns: [text('card'), whole('epoch'), text('file_read_key'), whole('ended_at')],
  key: ['card', 'epoch'],
  references: [['card', 'card', 'card']],
  checks: ['epoch >= 1'],
}
