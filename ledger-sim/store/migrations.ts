/** Forward only. A released migration is never edited; the next change is a new entry. */
import { sql, type CreateTableBuilder, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

type Column = readonly [name: string, type: 'text' | 'bigint', nullable?: 'nullable']

interface TablePlan {
  readonly name: string
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  readonly references?: readonly (readonly [column: string, table: string, target: string])[]
  readonly checks?: readonly string[]
}

const text = (name: string): Column => [name, 'text']
const whole = (name: string): Column => [name, 'bigint']
const textOrNull = (name: string): Column => [name, 'text', 'nullable']
const wholeOrNull = (name: string): Column => [name, 'bigint', 'nullable']

const firstTables: readonly TablePlan[] = [
  { name: 'meta', columns: [text('name'), text('value')], key: ['name'] },
  {
    name: 'principal',
    columns: [text('key_id'), text('jwk'), text('role'), text('owner'), text('status')],
    key: ['key_id'],
  },
  {
    name: 'account',
    columns: [
      text('account_id'),
      text('currency'),
      text('kind'),
      text('owner'),
      text('name'),
      whole('balance'),
      wholeOrNull('floor'),
    ],
    key: ['account_id'],
    checks: ['floor is null or balance >= floor'],
  },
  {
    name: 'transfer',
    columns: [
      text('transfer_id'),
      text('group_id'),
      text('debit'),
      text('credit'),
      whole('amount'),
      text('kind'),
      text('reference'),
      whole('at'),
    ],
    key: ['transfer_id'],
    references: [
      ['debit', 'account', 'account_id'],
      ['credit', 'account', 'account_id'],
    ],
    checks: ['amount > 0', 'debit <> credit'],
  },
  {
    name: 'hold',
    columns: [
      text('hold_id'),
      text('debit'),
      text('credit'),
      whole('amount'),
      whole('posted'),
      text('state'),
      whole('expires_at'),
      text('reference'),
    ],
    key: ['hold_id'],
    references: [
      ['debit', 'account', 'account_id'],
      ['credit', 'account', 'account_id'],
    ],
    checks: ['amount > 0', 'posted between 0 and amount'],
  },
  {
    name: 'operation',
    columns: [text('operation_id'), text('kind'), text('caller'), text('terms_hash'), text('answer'), whole('at')],
    key: ['operation_id'],
  },
  {
    name: 'merchant',
    columns: [text('merchant_id'), text('account_id'), text('content'), text('tiles')],
    key: ['merchant_id'],
    references: [['account_id', 'account', 'account_id']],
  },
  {
    name: 'scheme',
    columns: [text('scheme_id'), whole('version'), text('agency_id'), text('account_id'), text('content')],
    key: ['scheme_id'],
    references: [['account_id', 'account', 'account_id']],
  },
  {
    name: 'scheme_version',
    columns: [text('scheme_id'), whole('version'), text('status'), text('content'), whole('at')],
    key: ['scheme_id', 'version'],
  },
  {
    name: 'entitlement',
    columns: [text('scheme_id'), text('beneficiary'), text('holder')],
    key: ['scheme_id', 'beneficiary'],
    unique: [['scheme_id', 'holder']],
    references: [['scheme_id', 'scheme', 'scheme_id']],
  },
  {
    name: 'card',
    columns: [
      text('card'),
      text('holder'),
      text('status'),
      whole('epoch'),
      whole('highest_counter'),
      text('file_read_key'),
      text('till_key'),
    ],
    key: ['card'],
  },
  {
    name: 'card_status',
    columns: [text('card'), whole('change'), text('status'), whole('at')],
    key: ['card', 'change'],
  },
  {
    name: 'card_counter',
    columns: [text('card'), whole('epoch'), whole('counter'), text('tender_id'), text('mac')],
    key: ['card', 'epoch', 'counter'],
  },
  { name: 'card_failure', columns: [text('card'), whole('day'), whole('failures')], key: ['card', 'day'] },
  {
    name: 'slot',
    columns: [
      text('slot_id'),
      text('scheme_id'),
      text('beneficiary'),
      text('period_id'),
      whole('count_allowed'),
      whole('amount_allowed'),
      textOrNull('lease_id'),
    ],
    key: ['slot_id'],
    unique: [['scheme_id', 'beneficiary', 'period_id']],
  },
  {
    name: 'slot_use',
    columns: [text('slot_id'), text('tender_id'), whole('amount')],
    key: ['slot_id', 'tender_id'],
    unique: [['tender_id']],
    references: [['slot_id', 'slot', 'slot_id']],
  },
  {
    name: 'lease',
    columns: [
      text('lease_id'),
      text('scheme_id'),
      text('terminal_id'),
      text('escrow_account'),
      whole('amount'),
      whole('sell_until'),
      whole('present_until'),
      text('state'),
      whole('granted_at'),
    ],
    key: ['lease_id'],
    references: [['escrow_account', 'account', 'account_id']],
  },
  {
    name: 'lease_slot',
    columns: [
      text('lease_id'),
      text('slot_id'),
      text('state'),
      wholeOrNull('surrender_epoch'),
      wholeOrNull('surrender_sequence'),
    ],
    key: ['lease_id', 'slot_id'],
    references: [
      ['lease_id', 'lease', 'lease_id'],
      ['slot_id', 'slot', 'slot_id'],
    ],
  },
  {
    name: 'lease_card',
    columns: [text('lease_id'), text('slot_id'), text('card'), text('sealed_till_key')],
    key: ['lease_id', 'slot_id', 'card'],
  },
  {
    name: 'lease_policy',
    columns: [text('terminal_id'), text('scheme_id'), text('content')],
    key: ['terminal_id', 'scheme_id'],
  },
  {
    name: 'terminal',
    columns: [
      text('terminal_id'),
      text('merchant_id'),
      text('status'),
      textOrNull('key_id'),
      textOrNull('encryption_key'),
      whole('head_epoch'),
      whole('head_sequence'),
      text('head_hash'),
      whole('head_created'),
      whole('last_seen_at'),
      whole('announced_version'),
    ],
    key: ['terminal_id'],
    references: [['merchant_id', 'merchant', 'merchant_id']],
  },
  {
    name: 'journal_position',
    columns: [text('terminal_id'), whole('epoch'), whole('sequence'), text('hash')],
    key: ['terminal_id', 'epoch', 'sequence'],
  },
  {
    name: 'package',
    columns: [
      text('package_id'),
      text('terminal_id'),
      whole('version'),
      text('hash'),
      text('fingerprint'),
      whole('issued_at'),
      text('content'),
      text('signature'),
    ],
    key: ['package_id'],
    unique: [['terminal_id', 'version']],
  },
  { name: 'hotlist', columns: [whole('version'), whole('issued_at'), text('cards')], key: ['version'] },
  {
    name: 'tender',
    columns: [
      text('tender_id'),
      text('terminal_id'),
      textOrNull('terms'),
      textOrNull('terms_hash'),
      text('state'),
      textOrNull('paid_by'),
      textOrNull('refusal'),
      textOrNull('loss'),
      textOrNull('slot_id'),
      textOrNull('scheme_id'),
      whole('amount'),
      wholeOrNull('decided_at'),
      whole('tombstone'),
      whole('at'),
    ],
    key: ['tender_id'],
  },
  {
    name: 'evidence',
    columns: [text('tender_id'), text('content_hash'), text('kind'), text('content'), whole('at')],
    key: ['tender_id', 'content_hash'],
  },
  {
    name: 'surrender',
    columns: [
      text('surrender_id'),
      text('terminal_id'),
      text('lease_id'),
      text('slot_id'),
      text('state'),
      whole('amount'),
      whole('at'),
    ],
    key: ['surrender_id'],
  },
  {
    name: 'discrepancy',
    columns: [
      text('discrepancy_id'),
      text('terminal_id'),
      textOrNull('tender_id'),
      text('code'),
      text('owner'),
      whole('amount'),
      text('evidence'),
      text('appeal'),
      whole('at'),
    ],
    key: ['discrepancy_id'],
  },
  {
    name: 'event',
    columns: [text('terminal_id'), whole('cursor'), whole('at'), text('content')],
    key: ['terminal_id', 'cursor'],
  },
  {
    name: 'enrolment_code',
    columns: [text('code_hash'), text('terminal_id'), whole('expires_at'), whole('tries_left'), textOrNull('used_by')],
    key: ['code_hash'],
  },
  {
    name: 'merchant_debt',
    columns: [text('tender_id'), text('account_id'), text('creditor'), whole('amount'), whole('at')],
    key: ['tender_id'],
    checks: ['amount >= 0'],
  },
]

const firstIndexes: readonly (readonly [name: string, table: string, columns: readonly string[]])[] = [
  ['transfer_reference', 'transfer', ['reference']],
  ['transfer_debit', 'transfer', ['debit']],
  ['transfer_credit', 'transfer', ['credit']],
  ['hold_debit', 'hold', ['debit', 'state']],
  ['slot_lease', 'slot', ['lease_id']],
  ['lease_terminal', 'lease', ['terminal_id', 'state']],
  ['entitlement_holder', 'entitlement', ['holder']],
  ['card_holder', 'card', ['holder']],
  ['tender_waiting', 'tender', ['scheme_id', 'state']],
  ['merchant_debt_account', 'merchant_debt', ['account_id']],
  ['discrepancy_terminal', 'discrepancy', ['terminal_id']],
]

/**
 * What is asked with every sale and was a walk through all that ever was: leases that are due, whether a difference is
 * on file, who else was refused for a slot. The account of a lease is asked for by its foreign key.
 */
const indexesOfEverySale: typeof firstIndexes = [
  ['lease_due', 'lease', ['state', 'present_until']],
  ['lease_escrow', 'lease', ['escrow_account']],
  ['tender_slot', 'tender', ['slot_id']],
  ['discrepancy_tender', 'discrepancy', ['tender_id']],
  ['discrepancy_borne', 'discrepancy', ['code', 'owner']],
]

const reviewTable: TablePlan = {
  name: 'review',
  columns: [
    text('tender_id'),
    text('agency_id'),
    textOrNull('held_in'),
    text('paid_by'),
    text('state'),
    textOrNull('reason'),
    whole('at'),
  ],
  key: ['tender_id'],
  references: [['tender_id', 'tender', 'tender_id']],
}

/** A refund of a sale that the ledger does not know is refused and kept: its tender may be anything. */
const refundTable: TablePlan = {
  name: 'refund',
  columns: [
    text('refund_id'),
    text('tender_id'),
    text('terminal_id'),
    whole('amount'),
    text('lines'),
    text('reason'),
    text('state'),
    textOrNull('refusal'),
    whole('at'),
  ],
  key: ['refund_id'],
  checks: ['amount > 0'],
}

const appealTable: TablePlan = {
  name: 'appeal',
  columns: [
    text('discrepancy_id'),
    text('agency_id'),
    text('opened_by'),
    text('reason'),
    whole('at'),
    text('state'),
    textOrNull('answer'),
    textOrNull('decided_by'),
    wholeOrNull('decided_at'),
    textOrNull('paid_from'),
    textOrNull('signature'),
  ],
  key: ['discrepancy_id'],
  references: [['discrepancy_id', 'discrepancy', 'discrepancy_id']],
}

const addedColumns: readonly (readonly [table: string, column: Column])[] = [
  ['terminal', textOrNull('revoked_for')],
  ['terminal', wholeOrNull('revoked_at')],
  ['card', wholeOrNull('exposed_at')],
]

/** A key that another one follows. */
const keyColumns: typeof addedColumns = [
  ['principal', wholeOrNull('heard_until')],
  ['principal', textOrNull('follows')],
]

async function addColumns(database: Kysely<unknown>, columns: typeof addedColumns): Promise<void> {
  for (const [table, [column, type]] of columns)
    await database.schema.alterTable(table).addColumn(column, type).execute()
}

async function createIndexes(database: Kysely<unknown>, indexes: typeof firstIndexes): Promise<void> {
  for (const [name, table, columns] of indexes) {
    await database.schema
      .createIndex(name)
      .on(table)
      .columns([...columns])
      .execute()
  }
}

async function createTable(database: Kysely<unknown>, plan: TablePlan): Promise<void> {
  const { schema } = database
  let builder: CreateTableBuilder<string, string> = schema.createTable(plan.name)
  for (const [name, type, nullable] of plan.columns) {
    builder = builder.addColumn(name, type, (column) => (nullable === undefined ? column.notNull() : column))
  }
  builder = builder.addPrimaryKeyConstraint(`${plan.name}_key`, [...plan.key])
  for (const [index, columns] of (plan.unique ?? []).entries()) {
    builder = builder.addUniqueConstraint(`${plan.name}_unique_${index + 1}`, [...columns])
  }
  for (const [column, table, target] of plan.references ?? []) {
    builder = builder.addForeignKeyConstraint(`${plan.name}_${column}_of`, [column], table, [target])
  }
  for (const [index, check] of (plan.checks ?? []).entries()) {
    builder = builder.addCheckConstraint(`${plan.name}_check_${index + 1}`, sql.raw(check))
  }
  await builder.execute()
}

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': {
    up: async (database) => {
      for (const plan of firstTables) await createTable(database, plan)
      await createIndexes(database, firstIndexes)
    },
  },
  '0002-no-scan-with-every-sale': {
    up: (database) => createIndexes(database, indexesOfEverySale),
  },
  '0003-tills-that-are-gone': {
    up: async (database) => {
      await addColumns(database, addedColumns)
      await createTable(database, reviewTable)
      await createIndexes(database, [
        ['lease_card_card', 'lease_card', ['card']],
        ['review_agency', 'review', ['agency_id', 'state']],
      ])
    },
  },
  '0004-refunds': {
    up: async (database) => {
      await createTable(database, refundTable)
      await createIndexes(database, [
        ['refund_tender', 'refund', ['tender_id']],
        ['account_owner', 'account', ['owner', 'kind']],
      ])
    },
  },
  '0005-keys-that-change': {
    up: async (database) => {
      await addColumns(database, keyColumns)
      await createIndexes(database, [['principal_owner', 'principal', ['owner', 'role']]])
    },
  },
  '0005a-whose-a-discrepancy-is': {
    up: async (database) => {
      await addColumns(database, [['discrepancy', textOrNull('agency_id')]])
      await sql`
        update discrepancy set agency_id = (
          select scheme.agency_id from tender join scheme on scheme.scheme_id = tender.scheme_id
          where tender.tender_id = discrepancy.tender_id)`.execute(database)
      await createIndexes(database, [['discrepancy_agency', 'discrepancy', ['agency_id']]])
    },
  },
  '0005b-appeals': {
    up: async (database) => {
      await createTable(database, appealTable)
      await createIndexes(database, [['appeal_agency', 'appeal', ['agency_id', 'state']]])
    },
  },
  // Codes from before have none: they are known by their hash, and a wrong one costs them no try.
  '0005c-enrolments-have-numbers': {
    up: (database) => addColumns(database, [['enrolment_code', textOrNull('number')]]),
  },
  // Before, what came under an id with other terms, or under a disowned one, could be appealed, also beside a loss.
  '0005d-appeals-are-about-losses': {
    up: async (database) => {
      await sql`update appeal set state = 'withdrawn' where state = 'open' and discrepancy_id in (
          select asked.discrepancy_id from discrepancy asked
          where asked.code like 'EXISTS_WITH_DIFFERENT_%' or asked.code = 'REVERSED_BEFORE_ARRIVAL' or exists (
            select 1 from discrepancy other join appeal on appeal.discrepancy_id = other.discrepancy_id
            where other.tender_id = asked.tender_id and appeal.state = 'accepted'))`.execute(database)
    },
  },
  '0006-slots-that-are-wanted': {
    up: async (database) => {
      await addColumns(database, [['lease_slot', wholeOrNull('wanted_at')]])
      await createIndexes(database, [['surrender_terminal', 'surrender', ['terminal_id']]])
    },
  },
}
