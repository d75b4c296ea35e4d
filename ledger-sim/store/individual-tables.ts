/** The tables of accounts of people: tiers, numbers, transfers between people, alerts, disclosures (docs/design/18). */
import { text, textOrNull, whole, wholeOrNull, type IndexPlan, type TablePlan } from './table-plans.ts'
import type { TextOrNull, Whole, WholeOrNull } from './schema.ts'

type Tier = 'anonymous' | 'simplified' | 'full'

export interface IndividualTables {
  individual: {
    account_id: string
    opened_as: Tier
    tier: Tier
    at: Whole
  }
  tier_change: {
    change_id: string
    account_id: string
    former: Tier
    tier: Tier
    /** What the account held above the new limit. */
    excess: Whole
    made_by: string
    at: Whole
  }
  /** No number is kept: `number_hash` is a keyed hash of kind and number. */
  alias: {
    number_hash: string
    alias_id: string
    kind: 'phone' | 'card'
    account_id: string
    made_by: string
    at: Whole
  }
  /** What a person asked for and their bank has not confirmed: it leads nowhere. */
  alias_request: {
    number_hash: string
    account_id: string
    alias_id: string
    kind: 'phone' | 'card'
    at: Whole
  }
  /** The one QR of an account that is good now. */
  receive_code: { account_id: string; code_id: string; token: string; at: Whole }
  /** How often somebody asked for payees in one hour. */
  payee_lookup: { looker: string; hour: Whole; count: Whole }
  individual_transfer: {
    transfer_id: string
    /** 1, 2, … of all. */
    number: Whole
    payer: string
    payee: string
    /** 1, 2, … of its payee's. */
    received_number: Whole
    amount: Whole
    purpose: string
    shows: 'nothing' | 'pseudonym' | 'name'
    reached_by: 'phone' | 'card' | 'qr' | 'account'
    made_by: string
    at: Whole
  }
  alert: {
    alert_id: string
    /** 1, 2, … */
    number: Whole
    rule: string
    version: Whole
    account_id: string
    /** Ids of what moved the money, as JSON. */
    evidence: string
    at: Whole
    state: 'open' | 'cleared' | 'escalated'
    reason: TextOrNull
    decided_by: TextOrNull
    decided_at: WholeOrNull
  }
  /** Each names the one before it, and the head the newest: the database refuses to delete what is named. */
  disclosure: {
    disclosure_id: string
    /** 1, 2, … */
    number: Whole
    previous: TextOrNull
    account_id: string
    /** The transfer that was asked about; null when it was the account. */
    transfer_id: TextOrNull
    legal_basis: string
    reason: string
    made_by: string
    key_id: string
    at: Whole
    /** From then on the bank of the account sees it. */
    tell_at: Whole
  }
  disclosure_head: { name: string; disclosure_id: string }
}

export const individualTables: readonly TablePlan[] = [
  {
    name: 'individual',
    columns: [text('account_id'), text('opened_as'), text('tier'), whole('at')],
    key: ['account_id'],
    references: [['account_id', 'account', 'account_id']],
  },
  {
    name: 'tier_change',
    columns: [
      text('change_id'),
      text('account_id'),
      text('former'),
      text('tier'),
      whole('excess'),
      text('made_by'),
      whole('at'),
    ],
    key: ['change_id'],
    references: [['account_id', 'individual', 'account_id']],
  },
  {
    name: 'alias',
    columns: [text('number_hash'), text('alias_id'), text('kind'), text('account_id'), text('made_by'), whole('at')],
    key: ['number_hash'],
    references: [['account_id', 'individual', 'account_id']],
  },
  {
    name: 'alias_request',
    columns: [text('number_hash'), text('account_id'), text('alias_id'), text('kind'), whole('at')],
    key: ['number_hash', 'account_id'],
    references: [['account_id', 'individual', 'account_id']],
  },
  {
    name: 'receive_code',
    columns: [text('account_id'), text('code_id'), text('token'), whole('at')],
    key: ['account_id'],
    unique: [['token']],
    references: [['account_id', 'individual', 'account_id']],
  },
  {
    name: 'payee_lookup',
    columns: [text('looker'), whole('hour'), whole('count')],
    key: ['looker', 'hour'],
  },
  {
    name: 'individual_transfer',
    columns: [
      text('transfer_id'),
      whole('number'),
      text('payer'),
      text('payee'),
      whole('received_number'),
      whole('amount'),
      text('purpose'),
      text('shows'),
      text('reached_by'),
      text('made_by'),
      whole('at'),
    ],
    key: ['transfer_id'],
    unique: [['number'], ['payee', 'received_number']],
    references: [
      ['payer', 'account', 'account_id'],
      ['payee', 'account', 'account_id'],
    ],
    checks: ['amount > 0', 'payer <> payee'],
  },
  {
    name: 'alert',
    columns: [
      text('alert_id'),
      whole('number'),
      text('rule'),
      whole('version'),
      text('account_id'),
      text('evidence'),
      whole('at'),
      text('state'),
      textOrNull('reason'),
      textOrNull('decided_by'),
      wholeOrNull('decided_at'),
    ],
    key: ['alert_id'],
    unique: [['number']],
    references: [['account_id', 'account', 'account_id']],
    checks: ["(state = 'open') = (decided_at is null)", '(decided_at is null) = (reason is null)'],
  },
  {
    name: 'disclosure',
    columns: [
      text('disclosure_id'),
      whole('number'),
      textOrNull('previous'),
      text('account_id'),
      textOrNull('transfer_id'),
      text('legal_basis'),
      text('reason'),
      text('made_by'),
      text('key_id'),
      whole('at'),
      whole('tell_at'),
    ],
    key: ['disclosure_id'],
    unique: [['number'], ['previous']],
    references: [
      ['previous', 'disclosure', 'disclosure_id'],
      ['account_id', 'account', 'account_id'],
    ],
    checks: ['(number = 1) = (previous is null)'],
  },
  {
    name: 'disclosure_head',
    columns: [text('name'), text('disclosure_id')],
    key: ['name'],
    references: [['disclosure_id', 'disclosure', 'disclosure_id']],
  },
]

export const individualIndexes: readonly IndexPlan[] = [
  ['alias_account', 'alias', ['account_id']],
  ['alias_request_account', 'alias_request', ['account_id']],
  ['alert_account', 'alert', ['account_id', 'at']],
  ['disclosure_account', 'disclosure', ['account_id']],
]
