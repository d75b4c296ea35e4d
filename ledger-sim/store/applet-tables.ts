/** Tables of cards that count themselves (docs/design/25-policy-card.md, "What the ledger keeps"). */
import type { TextOrNull, Whole, WholeOrNull } from './schema.ts'
import { text, textOrNull, whole, wholeOrNull, type IndexPlan, type TablePlan } from './table-plans.ts'

/** What is of an applet card beside its row in `card`. Bytes are base64url. */
interface AppletCardTable {
  card: string
  /** Hex. Given by the issuer, at random; scripts name it. */
  card_id: string
  /** In whose name its certificate is signed. */
  agency_id: string
  serial: Whole
  key_epoch: Whole
  public_key: string
  certificate: string
  /** What its next script says of the PIN beside the rest: `unblock`, or the serial of the desk that may set one. */
  pin_order: TextOrNull
}

interface IssuerCertificateTable {
  agency_id: string
  serial: Whole
  certificate: string
}

interface TerminalCertificateTable {
  serial: Whole
  /** A till's terminal id; of a desk its agency's. */
  owner: string
  role: 'till' | 'desk'
  /** The key that it is for, base64url. */
  public_key: string
  not_before: Whole
  not_after: Whole
  certificate: string
}

interface CardEscrowTable {
  card: string
  scheme_id: string
  account_id: string
}

/** What a card was given of one slot, and what it made of it. Amounts in tiyn. */
interface CardSlotTable {
  card: string
  slot_id: string
  scheme_id: string
  loaded_count: Whole
  loaded_amount: Whole
  /** By receipts of REMOVE SLOT. */
  removed_count: Whole
  removed_amount: Whole
  /** By records that count: whoever was paid for them. */
  debited_count: Whole
  debited_amount: Whole
  /** What lies in the card's escrow for it. */
  funds: Whole
  /** As the card was told last. */
  max_per_spend: Whole
  pin_above: WholeOrNull
  /** The counter of a script that takes it away, until one loads it again. */
  removed_by: WholeOrNull
  /** The first moment at which the rest goes back. */
  due_at: Whole
  state: 'open' | 'closed'
}

interface CardScriptTable {
  card: string
  counter: Whole
  script: string
  /** What the card is after it, where the script says so. */
  status: 'active' | 'blocked' | null
  at: Whole
  receipt: TextOrNull
}

interface CardLoadTable {
  card: string
  counter: Whole
  slot_id: string
  count: Whole
  amount: Whole
}

interface CardRecordTable {
  card: string
  /** SHA-256 of the 284 bytes, hex. */
  hash: string
  atc: Whole
  tender_id: string
  terminal_id: string
  slot_id: string
  amount: Whole
  /** The 284 bytes. */
  input: string
  /**
   * `counts`: a debit. `waits`: a torn one that nothing proves yet. `second`: of a history that came after another one.
   * `beyond`: above what the card was given.
   */
  standing: 'counts' | 'waits' | 'second' | 'beyond'
  at: Whole
}

export interface AppletTables {
  applet_card: AppletCardTable
  issuer_certificate: IssuerCertificateTable
  terminal_certificate: TerminalCertificateTable
  card_escrow: CardEscrowTable
  card_slot: CardSlotTable
  card_script: CardScriptTable
  card_load: CardLoadTable
  card_record: CardRecordTable
}

export const appletTables: readonly TablePlan[] = [
  {
    name: 'issuer_certificate',
    columns: [text('agency_id'), whole('serial'), text('certificate')],
    key: ['agency_id'],
    unique: [['serial']],
  },
  {
    name: 'applet_card',
    columns: [
      text('card'),
      text('card_id'),
      text('agency_id'),
      whole('serial'),
      whole('key_epoch'),
      text('public_key'),
      text('certificate'),
      textOrNull('pin_order'),
    ],
    key: ['card'],
    unique: [['card_id'], ['serial']],
    references: [
      ['card', 'card', 'card'],
      ['agency_id', 'issuer_certificate', 'agency_id'],
    ],
  },
  {
    name: 'terminal_certificate',
    columns: [
      whole('serial'),
      text('owner'),
      text('role'),
      text('public_key'),
      whole('not_before'),
      whole('not_after'),
      text('certificate'),
    ],
    key: ['serial'],
    checks: ["role in ('till', 'desk')", 'not_before < not_after'],
  },
  {
    name: 'card_escrow',
    columns: [text('card'), text('scheme_id'), text('account_id')],
    key: ['card', 'scheme_id'],
    unique: [['account_id']],
    references: [
      ['card', 'applet_card', 'card'],
      ['scheme_id', 'scheme', 'scheme_id'],
      ['account_id', 'account', 'account_id'],
    ],
  },
  {
    name: 'card_slot',
    columns: [
      text('card'),
      text('slot_id'),
      text('scheme_id'),
      ...['loaded', 'removed', 'debited'].flatMap((what) => [whole(`${what}_count`), whole(`${what}_amount`)]),
      whole('funds'),
      whole('max_per_spend'),
      wholeOrNull('pin_above'),
      wholeOrNull('removed_by'),
      whole('due_at'),
      text('state'),
    ],
    key: ['card', 'slot_id'],
    references: [
      ['card', 'applet_card', 'card'],
      ['slot_id', 'slot', 'slot_id'],
    ],
    checks: ['funds >= 0', "state in ('open', 'closed')", "state = 'open' or funds = 0"],
  },
  {
    name: 'card_script',
    columns: [text('card'), whole('counter'), text('script'), textOrNull('status'), whole('at'), textOrNull('receipt')],
    key: ['card', 'counter'],
    references: [['card', 'applet_card', 'card']],
  },
  {
    name: 'card_load',
    columns: [text('card'), whole('counter'), text('slot_id'), whole('count'), whole('amount')],
    key: ['card', 'counter', 'slot_id'],
    references: [['slot_id', 'slot', 'slot_id']],
    checks: ['count >= 0', 'amount >= 0'],
  },
  {
    name: 'card_record',
    columns: [
      text('card'),
      text('hash'),
      whole('atc'),
      text('tender_id'),
      text('terminal_id'),
      text('slot_id'),
      whole('amount'),
      text('input'),
      text('standing'),
      whole('at'),
    ],
    key: ['card', 'hash'],
    references: [
      ['card', 'applet_card', 'card'],
      ['tender_id', 'tender', 'tender_id'],
    ],
    checks: ["standing in ('counts', 'waits', 'second', 'beyond')"],
  },
]

export const appletIndexes: readonly IndexPlan[] = [
  ['terminal_certificate_owner', 'terminal_certificate', ['owner', 'public_key', 'not_after']],
  ['card_slot_slot', 'card_slot', ['slot_id']],
  ['card_slot_due', 'card_slot', ['state', 'due_at']],
  ['card_record_atc', 'card_record', ['card', 'atc']],
  ['card_record_tender', 'card_record', ['tender_id']],
  ['card_record_slot', 'card_record', ['slot_id', 'standing']],
]
