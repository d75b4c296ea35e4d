/** Tables of cards. */
import type { CardProfile } from '../../src/voucher/card-rules.ts'
import type { Whole, WholeOrNull } from './schema.ts'

/** Holds no UID and no open key (architecture.md, "Trust", Privacy). */
interface CardTable {
  card: string
  holder: string
  status: 'active' | 'blocked'
  epoch: Whole
  highest_counter: Whole
  /** Wrapped. Empty of a card that only says who it is. */
  file_read_key: string
  till_key: string
  /** Since when its till key may be in wrong hands: then it is leased to no till any more. */
  exposed_at: WholeOrNull
  /** The card that was issued in its place; it is blocked for good. */
  replaced_by: string | null
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
}
