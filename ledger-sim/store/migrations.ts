/** Forward only. A released migration is never edited; the next change is a new entry. */
import { sql, type CreateTableBuilder, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { ruleIndexes, ruleTables } from '../rules/tables.ts'
import { firstIndexes, firstTables } from './first-tables.ts'
import { fillMoves, moveColumns, moveIndexes, moveTables } from './move-tables.ts'
import { individualIndexes, individualTables } from './individual-tables.ts'
import {
  activationTable,
  entitlementTable,
  formerEntitlementTable,
  groupMemberTable,
  groupTable,
} from './entitlement-tables.ts'
import { accountCardColumns, accountCardIndexes, accountCardTable } from './account-card-tables.ts'
import { formerCardKeyTable } from './card-tables.ts'
import { appletIndexes, appletTables } from './applet-tables.ts'
import { feedTables } from './feed-tables.ts'
import { giveHoldersToAgencies, holderTable } from './holder-table.ts'
import { requestTables } from './request-tables.ts'
import { text, textOrNull, whole, wholeOrNull, type Column, type IndexPlan, type TablePlan } from './table-plans.ts'
import { giveTerminalsToAgencies } from './terminal-agencies.ts'
import { nameSalesOfTenders } from './tender-sales.ts'
import { carriedSinceEver, carriedTable } from './unused-tables.ts'

const indexesOfEverySale: readonly IndexPlan[] = [
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

const debtTable: TablePlan = {
  name: 'merchant_debt',
  columns: [text('kind'), text('reference'), text('account_id'), text('creditor'), whole('amount'), whole('at')],
  key: ['kind', 'reference'],
  checks: ['amount >= 0', `kind in ('reversal', 'refund', 'appeal')`],
}

/**
 * Debts were known by an id of which nobody said what it is of; so were the transfers that pay them. A refund that gave
 * back all at once has no debt: what is owed under its id is of a tender.
 */
async function tellDebtsApart(database: Kysely<unknown>): Promise<void> {
  const debts = await sql<Record<string, string | bigint>>`
    select case when exists (
          select 1 from refund where refund_id = merchant_debt.tender_id and state = 'done' and refund.amount > (
            select coalesce(sum(transfer.amount), 0) from transfer
            where reference = refund_id and kind = 'voucher-refund')) then 'refund'
        when merchant_debt.tender_id in (select discrepancy_id from appeal) then 'appeal' else 'reversal' end as kind,
      tender_id as reference, account_id, creditor, amount, at from merchant_debt`.execute(database)
  await database.schema.dropTable('merchant_debt').execute()
  await createTable(database, debtTable)
  await createIndexes(database, [['merchant_debt_account', 'merchant_debt', ['account_id']]])
  for (const { kind, reference, account_id, creditor, amount, at } of debts.rows)
    await sql`insert into merchant_debt (kind, reference, account_id, creditor, amount, at)
      values (${kind}, ${reference}, ${account_id}, ${creditor}, ${amount}, ${at})`.execute(database)
  for (const kind of ['refund', 'appeal'])
    await sql`update transfer set kind = ${`${kind}-netting`} where kind = 'debt-netting'
      and reference in (select reference from merchant_debt where kind = ${kind})`.execute(database)
}

/** `slot` is the place in one of two rings (http/refusal-log.ts). */
const refusalTable: TablePlan = {
  name: 'refusal',
  columns: [
    whole('slot'),
    whole('sequence'),
    text('code'),
    text('key_id'),
    whole('proved'),
    text('method'),
    text('path'),
    whole('at'),
    whole('missed'),
  ],
  key: ['slot'],
  unique: [['sequence']],
}

const hotlistChangeTable: TablePlan = {
  name: 'hotlist_change',
  columns: [text('card'), whole('version'), whole('listed')],
  key: ['card', 'version'],
  references: [['card', 'card', 'card']],
  checks: ['listed in (0, 1)'],
}

/** Its key was the beneficiary's, who had one holder; a key can be changed nowhere in place. */
async function letHoldersShare(database: Kysely<unknown>): Promise<void> {
  await createTable(database, entitlementTable)
  await sql`insert into entitlement_anew (scheme_id, holder, beneficiary, since)
    select scheme_id, holder, beneficiary, 0 from entitlement`.execute(database)
  await database.schema.dropTable('entitlement').execute()
  await database.schema.alterTable('entitlement_anew').renameTo('entitlement').execute()
  await createTable(database, formerEntitlementTable)
  await createIndexes(database, [
    ['entitlement_holder', 'entitlement', ['holder']],
    ['entitlement_beneficiary', 'entitlement', ['scheme_id', 'beneficiary', 'holder']],
    ['former_entitlement_beneficiary', 'former_entitlement', ['scheme_id', 'beneficiary', 'holder']],
  ])
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

async function createIndexes(database: Kysely<unknown>, indexes: readonly IndexPlan[]): Promise<void> {
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
  '0007-payment-requests': {
    up: async (database) => {
      for (const plan of requestTables) await createTable(database, plan)
      await createIndexes(database, [['request_payment_tender', 'request_payment', ['tender_id']]])
    },
  },
  '0008-cards-issued-anew': {
    up: (database) => addColumns(database, [['card', textOrNull('replaced_by')]]),
  },
  '0009-moves': {
    up: async (database) => {
      await addColumns(database, moveColumns)
      for (const plan of moveTables) await createTable(database, plan)
      await fillMoves(database)
      await createIndexes(database, moveIndexes)
    },
  },
  // People of before are fully known.
  '0010-individuals': {
    up: async (database) => {
      for (const plan of individualTables) await createTable(database, plan)
      await createIndexes(database, individualIndexes)
      await sql`insert into individual (account_id, opened_as, tier, at)
        select account_id, 'full', 'full', 0 from account where kind = 'individual'`.execute(database)
    },
  },
  '0011-rules': {
    up: async (database) => {
      for (const plan of ruleTables) await createTable(database, plan)
      await createIndexes(database, ruleIndexes)
    },
  },
  '0012-door': {
    up: async (database) => {
      await createTable(database, refusalTable)
      await addColumns(database, [['principal', wholeOrNull('registered_at')]])
    },
  },
  '0013-feed': {
    up: async (database) => {
      for (const plan of feedTables) await createTable(database, plan)
      await createIndexes(database, [['webhook_stream', 'webhook', ['stream', 'state']]])
    },
  },
  '0014-debts-by-kind': { up: tellDebtsApart },
  // What was captured before has no lines, and was sold when it was captured.
  '0015-lines-of-qrs': {
    up: async (database) => {
      await addColumns(database, [
        ['tender', textOrNull('sale_hash')],
        ['payment_request', wholeOrNull('sold_at')],
        ['payment_request', textOrNull('paid_lines')],
      ])
      await nameSalesOfTenders(database)
      await createIndexes(database, [['tender_sale', 'tender', ['sale_hash']]])
    },
  },
  // A version of before has its cards in the packages that carry it, and nothing else asks for them.
  '0016-hotlist-of-prefixes': {
    up: async (database) => {
      await database.schema.alterTable('hotlist').dropColumn('cards').execute()
      await addColumns(database, [
        ['hotlist', wholeOrNull('prefix_bytes')],
        ['hotlist', textOrNull('hash')],
        ['package', wholeOrNull('hotlist_version')],
      ])
      await createTable(database, hotlistChangeTable)
      await createIndexes(database, [['hotlist_change_version', 'hotlist_change', ['version']]])
    },
  },
  '0017-households': { up: letHoldersShare },
  '0018-unused-allowances': {
    up: async (database) => {
      await createTable(database, carriedTable)
      await addColumns(database, [['scheme', wholeOrNull('returns_by')]])
      await createIndexes(database, [
        ['carried_to', 'carried', ['to_slot']],
        ['scheme_returns', 'scheme', ['returns_by']],
      ])
    },
  },
  '0019-activations': {
    up: async (database) => {
      await createTable(database, activationTable)
    },
  },
  '0020-groups': {
    up: async (database) => {
      await createTable(database, groupTable)
      await createTable(database, groupMemberTable)
      await createIndexes(database, [
        ['group_member_beneficiary', 'group_member', ['scheme_id', 'beneficiary']],
        ['lease_policy_scheme', 'lease_policy', ['scheme_id']],
      ])
    },
  },
  '0021-bridges': {
    up: async (database) => {
      await addColumns(database, [['slot', textOrNull('bridge_of')]])
      for (const column of ['bridged_count', 'bridged_amount'])
        await database.schema
          .alterTable('slot')
          .addColumn(column, 'bigint', (bridged) => bridged.notNull().defaultTo(0))
          .execute()
      await createIndexes(database, [['slot_bridge', 'slot', ['bridge_of']]])
    },
  },
  '0022-pools': {
    up: (database) =>
      addColumns(database, [
        ['lease', textOrNull('kind')],
        ['slot_use', textOrNull('pool')],
      ]),
  },
  // Cards of before prove each sale.
  '0025-card-profiles': {
    up: (database) => addColumns(database, [['card', textOrNull('profile')]]),
  },
  '0026-cards-that-count': {
    up: async (database) => {
      for (const plan of appletTables) await createTable(database, plan)
      await createIndexes(database, appletIndexes)
    },
  },
  '0027-cards-of-accounts': {
    up: async (database) => {
      await createTable(database, accountCardTable)
      await addColumns(database, accountCardColumns)
      await createIndexes(database, accountCardIndexes)
    },
  },
  // No card of before was ever re-keyed.
  '0028-cards-keyed-anew': {
    up: async (database) => {
      await createTable(database, formerCardKeyTable)
      await addColumns(database, [['card', wholeOrNull('rekeying_since')]])
      await database.schema
        .alterTable('lease_card')
        .addColumn('epoch', 'bigint', (epoch) => epoch.notNull().defaultTo(1))
        .execute()
    },
  },
  '0029-terminals-have-an-agency': {
    up: async (database) => {
      await addColumns(database, [['terminal', textOrNull('registered_by')]])
      await giveTerminalsToAgencies(database)
    },
  },
  // Who was never entitled is nobody's until named again.
  '0030-holders-have-an-agency': {
    up: async (database) => {
      await createTable(database, holderTable)
      await addColumns(database, [['card', textOrNull('registered_by')]])
      await giveHoldersToAgencies(database)
    },
  },
  // What was taken before is not known: the first start with this version hears it once more.
  '0031-latest-signed': {
    up: (database) => addColumns(database, [['principal', wholeOrNull('latest_signed')]]),
  },
  // Nothing was ever forgotten before.
  '0032-old-events': {
    up: (database) =>
      database.schema
        .alterTable('feed_counter')
        .addColumn('gone', 'bigint', (gone) => gone.notNull().defaultTo(0))
        .execute(),
  },
  // A bank goes through the accounts that it serves.
  '0033-accounts-by-bank': {
    up: (database) => createIndexes(database, [['account_bank', 'account', ['bank', 'account_id']]]),
  },
  // In news the ledger's number of an entry was called as the id is that a client gives.
  '0034-entries-in-news': {
    up: async (database) => {
      await sql`update feed_event set content = replace(content, '"transferId":', '"entryId":')`.execute(database)
    },
  },
  '0035-since-when-it-is-carried': {
    up: async (database) => {
      await carriedSinceEver(database)
      // Who watches reads all that is set aside: closed holds stay for ever, and few are open. Each payment reads that
      // of its accounts, and would go through all open ones, were the index by account not the better one.
      await database.schema.dropIndex('hold_debit').execute()
      await createIndexes(database, [
        ['hold_debit', 'hold', ['debit', 'state', 'expires_at']],
        ['hold_open', 'hold', ['state', 'expires_at']],
      ])
    },
  },
}
