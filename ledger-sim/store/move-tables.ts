/**
 * What transfers that clients name, their returns, settlement messages and statements need of the database
 * (docs/design/18-platform-api.md, "Moves"), and how ledgers from before get it.
 */
import { sql, type Kysely } from 'kysely'
import { settlementDocument } from '../transfers/settlement-document.ts'
import { text, textOrNull, whole, wholeOrNull, type Column, type IndexPlan, type TablePlan } from './table-plans.ts'
import type { TextOrNull, Whole } from './schema.ts'

/** A transfer that a client named by an id of its own (`ledger-sim/transfers/client-transfers.ts`). */
export interface ClientTransferTable {
  transfer_id: string
  kind: string
  made_by: string
  payer: string
  payee: string
  amount: Whole
  purpose: TextOrNull
  /** What a government body finds the payment by. */
  payment_reference: TextOrNull
  state: 'done' | 'reversed'
  /** What was given back by refunds, without what a reversal gave back. */
  refunded: Whole
  at: Whole
}

/** What gave such a transfer back, wholly or in part. */
export interface ClientReturnTable {
  return_id: string
  transfer_id: string
  kind: 'reversal' | 'refund'
  amount: Whole
  reason: string
  at: Whole
}

/** The non-cash leg between a bank's reserve and the central bank, as a message (docs/design/18). */
export interface SettlementMessageTable {
  /** The total order of all messages, from 1 without gaps. */
  sequence: Whole
  transfer_id: string
  bank: string
  direction: 'issue' | 'redemption'
  amount: Whole
  at: Whole
  /** ISO 20022 XML. */
  document: string
}

export interface MoveTables {
  client_transfer: ClientTransferTable
  client_return: ClientReturnTable
  settlement_message: SettlementMessageTable
}

/** Of entries null only here: SQLite takes no column without a default that may not be null. The audit looks. */
export const moveColumns: readonly (readonly [table: string, column: Column])[] = [
  ['account', textOrNull('bank')],
  ['transfer', wholeOrNull('debit_entry')],
  ['transfer', wholeOrNull('debit_balance')],
  ['transfer', wholeOrNull('credit_entry')],
  ['transfer', wholeOrNull('credit_balance')],
]

export const moveTables: readonly TablePlan[] = [
  {
    name: 'client_transfer',
    columns: [
      text('transfer_id'),
      text('kind'),
      text('made_by'),
      text('payer'),
      text('payee'),
      whole('amount'),
      textOrNull('purpose'),
      textOrNull('payment_reference'),
      text('state'),
      whole('refunded'),
      whole('at'),
    ],
    key: ['transfer_id'],
    references: [
      ['payer', 'account', 'account_id'],
      ['payee', 'account', 'account_id'],
    ],
    checks: ['amount > 0', 'refunded between 0 and amount'],
  },
  {
    name: 'client_return',
    columns: [text('return_id'), text('transfer_id'), text('kind'), whole('amount'), text('reason'), whole('at')],
    key: ['return_id'],
    references: [['transfer_id', 'client_transfer', 'transfer_id']],
    checks: ['amount >= 0'],
  },
  {
    name: 'settlement_message',
    columns: [
      whole('sequence'),
      text('transfer_id'),
      text('bank'),
      text('direction'),
      whole('amount'),
      whole('at'),
      text('document'),
    ],
    key: ['sequence'],
    unique: [['transfer_id']],
    checks: ['amount > 0'],
  },
]

export const moveIndexes: readonly IndexPlan[] = [
  ['client_return_transfer', 'client_return', ['transfer_id']],
  ['settlement_message_bank', 'settlement_message', ['bank', 'sequence']],
]

/** Brings what is there already into the form that everything new has. */
export async function fillMoves(database: Kysely<unknown>): Promise<void> {
  await numberEntries(database)
  await nameBanks(database)
  await nameTransfers(database)
  await writeMessages(database)
}

/**
 * By time; within one millisecond, where ids have no order, by id: one order for good. The indexes replace those of the
 * first version, so that booking costs no index more.
 */
async function numberEntries(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable('account')
    .addColumn('entries', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  const order = sql`partition by account order by at, group_id, transfer_id`
  await sql`
    create table account_entry as
      select account, transfer_id, row_number() over (${order}) as entry,
        cast(sum(amount) over (${order}) as bigint) as balance
      from (
        select debit as account, transfer_id, group_id, at, -amount as amount from transfer
        union all select credit, transfer_id, group_id, at, amount from transfer) as moved`.execute(database)
  await sql`create unique index account_entry_key on account_entry (account, transfer_id)`.execute(database)
  for (const side of ['debit', 'credit']) {
    const own = sql`from account_entry where account = transfer.${sql.ref(side)}
      and account_entry.transfer_id = transfer.transfer_id`
    await sql`
      update transfer set ${sql.ref(`${side}_entry`)} = (select entry ${own}),
        ${sql.ref(`${side}_balance`)} = (select balance ${own})`.execute(database)
    await database.schema.dropIndex(`transfer_${side}`).execute()
    await database.schema
      .createIndex(`transfer_${side}_entry`)
      .unique()
      .on('transfer')
      .columns([side, `${side}_entry`])
      .execute()
  }
  await sql`
    update account set entries = (
      select count(*) from account_entry where account_entry.account = account.account_id)`.execute(database)
  await database.schema.dropTable('account_entry').execute()
}

/**
 * A client's bank is known where its owner has non-cash at exactly one bank, or where there is one bank only. Elsewhere
 * no bank serves the account until it is known.
 */
async function nameBanks(database: Kysely<unknown>): Promise<void> {
  const clients = sql`account.kind in ('legal-entity', 'agency', 'merchant', 'individual')`
  await sql`
    update account set bank = (
      select min(bank.owner) from account bank
      where bank.kind = 'bank' and account.account_id = bank.owner || '.client.' || account.owner)
    where account.kind = 'bank-client'`.execute(database)
  await sql`
    update account set bank = (
      select case when count(distinct other.bank) = 1 then min(other.bank) end from account other
      where other.kind = 'bank-client' and other.owner = account.owner)
    where ${clients}`.execute(database)
  await sql`
    update account set bank = (
      select case when count(*) = 1 then min(other.owner) end from account other where other.kind = 'bank')
    where ${clients} and bank is null and not exists (
      select 1 from account other where other.kind = 'bank-client' and other.owner = account.owner)`.execute(database)
}

async function nameTransfers(database: Kysely<unknown>): Promise<void> {
  await sql`
    insert into client_transfer (transfer_id, kind, made_by, payer, payee, amount, state, refunded, at)
    select operation_id, operation.kind, caller, debit, credit, amount, 'done', 0, transfer.at
    from operation join transfer on reference = operation_id and transfer.kind = operation.kind
    where operation.kind in (
      'non-cash-deposit', 'issue', 'sale-of-dt', 'redemption-of-dt', 'payment', 'scheme-funding')`.execute(database)
}

async function writeMessages(database: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<IssueRow>`
    select transfer.reference as "transferId", reserve.owner as bank, transfer.debit as "reserveAccount",
      other.owner as "centralBank", transfer.credit as "centralBankAccount", amount, at
    from transfer join account reserve on reserve.account_id = debit join account other on other.account_id = credit
    where transfer.kind = 'issue-non-cash' order by at, group_id`.execute(database)
  for (const [index, { amount, at, ...parties }] of rows.entries()) {
    const leg = { ...parties, direction: 'issue', amount: BigInt(amount), at: Number(at) } as const
    await sql`
      insert into settlement_message (sequence, transfer_id, bank, direction, amount, at, document)
      values (${index + 1}, ${leg.transferId}, ${leg.bank}, 'issue', ${leg.amount}, ${leg.at},
        ${settlementDocument(leg)})`.execute(database)
  }
}

interface IssueRow {
  readonly transferId: string
  readonly bank: string
  readonly reserveAccount: string
  readonly centralBank: string
  readonly centralBankAccount: string
  readonly amount: bigint
  readonly at: bigint
}
