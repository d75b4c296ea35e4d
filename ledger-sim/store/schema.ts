/**
 * The ledger's tables. Whole numbers come back as bigint (safe integers), so amounts never pass through a float;
 * moments are milliseconds since 1970. Unique constraints do the identity work (money-rules.md, "Identity").
 */
import type { ColumnType } from 'kysely'
import type { ProblemCode } from '../../src/sync/protocol/problems.ts'
import type { RuleTables } from '../rules/tables.ts'
import type { AccountCardTables } from './account-card-tables.ts'
import type { AppletTables } from './applet-tables.ts'
import type { CardTables } from './card-tables.ts'
import type { EntitlementTables } from './entitlement-tables.ts'
import type { FeedTables } from './feed-tables.ts'
import type { HolderTables } from './holder-table.ts'
import type { IndividualTables } from './individual-tables.ts'
import type { MoveTables } from './move-tables.ts'
import type { UnusedTables } from './unused-tables.ts'

/** Read as bigint, written as either. */
export type Whole = ColumnType<bigint, bigint | number, bigint | number>
/** May be left out of an insert. */
export type TextOrNull = ColumnType<string | null, string | null | undefined, string | null>
/** Nothing when nobody says otherwise. */
export type WholeOrZero = ColumnType<bigint, bigint | number | undefined, bigint | number>
export type WholeOrNull = ColumnType<bigint | null, bigint | number | null | undefined, bigint | number | null>

export interface MetaTable {
  name: string
  value: string
}

export interface PrincipalTable {
  key_id: string
  jwk: string
  role: string
  owner: string
  status: 'active' | 'revoked'
  /** Another key is to follow this one, which is heard until then at most. */
  heard_until: WholeOrNull
  /** The key that this one came after. A terminal's ends with the first use of this one, a role's has its own time. */
  follows: TextOrNull
  /** Null for keys from before the ledger kept it, and for those of terminals. */
  registered_at: WholeOrNull
  /** Seconds: the latest moment for which it signed what the ledger took (http/latest-signed.ts). */
  latest_signed: WholeOrNull
}

/** Two rings of the last refused requests (http/refusal-log.ts). */
export interface RefusalTable {
  /** The place in its ring. */
  slot: Whole
  sequence: Whole
  code: ProblemCode
  key_id: string
  proved: Whole
  method: string
  path: string
  at: Whole
  missed: Whole
}

export interface AccountTable {
  account_id: string
  currency: 'DT' | 'KZT'
  kind: string
  owner: string
  name: string
  balance: Whole
  /** The balance never goes below; null only for the accounts that money comes from. */
  floor: WholeOrNull
  /** How many entries it has: the next one has the next number. */
  entries: WholeOrZero
  /** The bank that serves its owner here; null for accounts of banks, of the central bank, of schemes and escrow. */
  bank: TextOrNull
}

export interface TransferTable {
  transfer_id: string
  group_id: string
  debit: string
  credit: string
  amount: Whole
  kind: string
  reference: string
  at: Whole
  /** Which entry of the account that it takes from this is, from 1 without gaps, and what was in it after that. */
  debit_entry: Whole
  debit_balance: Whole
  /** The same of the account that it gives to. */
  credit_entry: Whole
  credit_balance: Whole
}

export interface HoldTable {
  hold_id: string
  debit: string
  credit: string
  amount: Whole
  posted: Whole
  state: 'pending' | 'posted' | 'voided' | 'expired'
  expires_at: Whole
  reference: string
}

/** What a client asked for under an id of its own: the same id again is answered from here. */
export interface OperationTable {
  operation_id: string
  kind: string
  caller: string
  terms_hash: string
  answer: string
  at: Whole
}

export interface MerchantTable {
  merchant_id: string
  account_id: string
  content: string
  tiles: string
}

export interface SchemeTable {
  scheme_id: string
  version: Whole
  agency_id: string
  account_id: string
  content: string
  /** When what is unused goes back to the agency; null where it does not. */
  returns_by: WholeOrNull
}

export interface SchemeVersionTable {
  scheme_id: string
  version: Whole
  status: string
  content: string
  at: Whole
}

export interface SlotTable {
  slot_id: string
  scheme_id: string
  beneficiary: string
  /** With `/bridge` after it of a bridge: of one beneficiary and period there is one slot. */
  period_id: string
  count_allowed: Whole
  amount_allowed: Whole
  /** The lease that holds the slot now, if one does. */
  lease_id: string | null
  /** The slot against which this one lends; null of a slot that is an allowance of its own. */
  bridge_of: TextOrNull
  /** What its bridge has lent, and it does not allow any more. */
  bridged_count: WholeOrZero
  bridged_amount: WholeOrZero
}

export interface SlotUseTable {
  slot_id: string
  tender_id: string
  amount: Whole
  /** The lease of a sum that paid it, whatever the slot allows; null where it had to fit. */
  pool: TextOrNull
}

export interface LeaseTable {
  lease_id: string
  scheme_id: string
  terminal_id: string
  escrow_account: string
  amount: Whole
  sell_until: Whole
  present_until: Whole
  state: 'live' | 'closed'
  granted_at: Whole
  /** `pool`: its escrow is a sum, and its slots are not held for it; null where the escrow is there for the slots. */
  kind: ColumnType<'pool' | null, 'pool' | null | undefined, 'pool' | null>
}

export interface LeaseSlotTable {
  lease_id: string
  slot_id: string
  /** `moved`: a later lease of the same terminal took it over, with its money. */
  state: 'live' | 'moved' | 'surrendered' | 'closed'
  surrender_epoch: WholeOrNull
  surrender_sequence: WholeOrNull
  /** When its till was last asked to give it up. */
  wanted_at: WholeOrNull
}

export interface LeaseCardTable {
  lease_id: string
  slot_id: string
  card: string
  sealed_till_key: string
  /** Of the card, whose key of that time is sealed. */
  epoch: Whole
}

export interface LeasePolicyTable {
  terminal_id: string
  scheme_id: string
  content: string
}

export interface TerminalTable {
  terminal_id: string
  merchant_id: string
  status: 'registered' | 'active' | 'suspended' | 'revoked'
  key_id: string | null
  encryption_key: string | null
  head_epoch: Whole
  head_sequence: Whole
  head_hash: string
  /** Seconds: the signer's time of the request that showed the head, to tell a late message from a restored journal. */
  head_created: Whole
  last_seen_at: Whole
  announced_version: Whole
  revoked_for: 'lost' | 'stolen' | 'destroyed' | 'retired' | null
  revoked_at: WholeOrNull
  /** The agency that registered it; null of some from before that was asked. */
  registered_by: TextOrNull
}

export interface JournalPositionTable {
  terminal_id: string
  epoch: Whole
  sequence: Whole
  hash: string
}

export interface PackageTable {
  package_id: string
  terminal_id: string
  version: Whole
  hash: string
  fingerprint: string
  issued_at: Whole
  /** All but the hotlist. */
  content: string
  /** Null for packages from before prefixes: their content is whole. */
  hotlist_version: WholeOrNull
  signature: string
}

/** Its cards follow from the changes up to its version. */
export interface HotlistTable {
  version: Whole
  issued_at: Whole
  /** Null, like its hash, for versions from before prefixes: packages of that time have them whole. */
  prefix_bytes: WholeOrNull
  hash: TextOrNull
}

export interface HotlistChangeTable {
  card: string
  version: Whole
  /** 1: on the list from this version on. 0: no more. */
  listed: Whole
}

export interface TenderTable {
  tender_id: string
  terminal_id: string
  /** Null for a tombstone whose request never came, and for a payment by QR: its terms are its `payment_request`. */
  terms: string | null
  terms_hash: string | null
  state:
    | 'deciding'
    | 'requested'
    | 'held'
    | 'settled'
    | 'awaiting_funds'
    | 'in_review'
    | 'awaiting_proof'
    | 'refused'
    | 'not_paid'
    | 'reversed'
  paid_by: 'escrow' | 'agency' | 'individual' | null
  refusal: string | null
  loss: string | null
  slot_id: string | null
  scheme_id: string | null
  amount: Whole
  /** Tenders of one sale have the same; null for a tombstone. */
  sale_hash: TextOrNull
  decided_at: WholeOrNull
  /** 1 when the reversal came first. */
  tombstone: Whole
  at: Whole
}

export interface EvidenceTable {
  tender_id: string
  content_hash: string
  kind: string
  content: string
  at: Whole
}

export interface SurrenderTable {
  surrender_id: string
  terminal_id: string
  lease_id: string
  slot_id: string
  state: 'done' | 'refused'
  amount: Whole
  at: Whole
}

export interface DiscrepancyTable {
  discrepancy_id: string
  terminal_id: string
  tender_id: string | null
  code: string
  owner: string
  amount: Whole
  /** The agency whose money it is about; null when it is about the terminal as such. */
  agency_id: string | null
  evidence: string
  appeal: 'open' | 'closed'
  at: Whole
}

/** A merchant asks the agency to bear a loss after all. */
export interface AppealTable {
  discrepancy_id: string
  agency_id: string
  /** The merchant or terminal. */
  opened_by: string
  reason: string
  at: Whole
  /** `withdrawn`: paid or reversed by other means. `given_back`: accepted, and the till reversed the sale later. */
  state: 'open' | 'accepted' | 'refused' | 'withdrawn' | 'given_back'
  /** Why it was decided so, by the holder of which key. */
  answer: TextOrNull
  decided_by: TextOrNull
  decided_at: WholeOrNull
  paid_from: ColumnType<'slot' | 'agency' | null, 'slot' | 'agency' | null | undefined, 'slot' | 'agency' | null>
  /** The ledger's, over the decision. */
  signature: TextOrNull
}

/** A sale of a lost or stolen till that only its agency can judge; its money waits beside the escrow. */
export interface ReviewTable {
  tender_id: string
  agency_id: string
  /** The account that its money waits in; null when there was none to set aside. */
  held_in: string | null
  paid_by: 'escrow' | 'agency'
  state: 'open' | 'paid' | 'refused'
  /** Why it was decided so. */
  reason: string | null
  at: Whole
}

export interface RefundTable {
  refund_id: string
  tender_id: string
  terminal_id: string
  amount: Whole
  /** `[{ line, amount }]` as the terminal sent it. */
  lines: string
  reason: string
  state: 'done' | 'refused'
  refusal: string | null
  at: Whole
}

/** A payment by QR: the terms that its tender's id names, and who has paid it (docs/design/17-qr-payment.md). */
export interface PaymentRequestTable {
  tender_id: string
  payee_account: string
  amount: Whole
  sale_hash: string
  expires_at: Whole
  /** What was set aside for it, from the payer's account: once in its life. */
  hold_id: TextOrNull
  payer: TextOrNull
  /** Why its tender is reversed: the terminal disowned it, or nobody paid in time. */
  closed_for: ColumnType<
    'released' | 'expired' | null,
    'released' | 'expired' | null | undefined,
    'released' | 'expired' | null
  >
  /** Of a captured one: when its sale was closed. */
  sold_at: WholeOrNull
  /** `[{ line, itemId, category, amount }]`: they add up to the amount. Null where its capture did not prove them. */
  paid_lines: TextOrNull
}

/** What a wallet asked for under an id of its own, or a card paid. */
export interface RequestPaymentTable {
  /** A card's goes by the id of its request, and nobody hears this one. */
  payment_id: string
  tender_id: string
  payer: string
  /** The individual or the bank. */
  made_by: string
  /** Null for the one payment that the request's hold is of. */
  paid_back_for: 'released' | 'expired' | 'already_paid' | null
  at: Whole
  /** Null of a wallet's. */
  card: TextOrNull
}

export interface EventTable {
  terminal_id: string
  cursor: Whole
  at: Whole
  content: string
}

export interface EnrolmentCodeTable {
  code_hash: string
  terminal_id: string
  expires_at: Whole
  tries_left: Whole
  used_by: string | null
  /** The first digits of the code, of which no two open ones have the same: who guesses wrongly names one of them. */
  number: TextOrNull
}

/**
 * What a merchant could not give back at once, netted from its next settlements. Tenders, refunds and appeals may have
 * the same ids.
 */
export interface MerchantDebtTable {
  kind: 'reversal' | 'refund' | 'appeal'
  /** The tender that was reversed, the refund, the discrepancy that was appealed. */
  reference: string
  account_id: string
  creditor: string
  amount: Whole
  at: Whole
}

export interface Tables
  extends
    AccountCardTables,
    AppletTables,
    CardTables,
    EntitlementTables,
    FeedTables,
    HolderTables,
    IndividualTables,
    MoveTables,
    RuleTables,
    UnusedTables {
  meta: MetaTable
  principal: PrincipalTable
  refusal: RefusalTable
  account: AccountTable
  transfer: TransferTable
  hold: HoldTable
  operation: OperationTable
  merchant: MerchantTable
  scheme: SchemeTable
  scheme_version: SchemeVersionTable
  slot: SlotTable
  slot_use: SlotUseTable
  lease: LeaseTable
  lease_slot: LeaseSlotTable
  lease_card: LeaseCardTable
  lease_policy: LeasePolicyTable
  terminal: TerminalTable
  journal_position: JournalPositionTable
  package: PackageTable
  hotlist: HotlistTable
  hotlist_change: HotlistChangeTable
  tender: TenderTable
  evidence: EvidenceTable
  surrender: SurrenderTable
  discrepancy: DiscrepancyTable
  review: ReviewTable
  appeal: AppealTable
  refund: RefundTable
  payment_request: PaymentRequestTable
  request_payment: RequestPaymentTable
  event: EventTable
  enrolment_code: EnrolmentCodeTable
  merchant_debt: MerchantDebtTable
}
