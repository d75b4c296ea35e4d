/**
 * Method: a ledger of the version before is built with its own tables and rows (two banks, transfers in one and in
 * several milliseconds, some under clients' ids), then opened; what it has afterwards is what a new one would have, and
 * the audit finds nothing.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { temporaryFolder } from './demo-ledger.ts'

type Row = Record<string, string | number | null>

const accounts: readonly (readonly [id: string, currency: string, kind: string, owner: string])[] = [
  ['central-bank.issue', 'DT', 'central-bank-issue', 'central-bank'],
  ['central-bank.non-cash', 'KZT', 'central-bank-non-cash', 'central-bank'],
  ['non-cash.outside', 'KZT', 'non-cash-outside', 'central-bank'],
  ...['one', 'two'].flatMap((bank) => [
    [bank, 'DT', 'bank', bank] as const,
    [`${bank}.reserve`, 'KZT', 'bank-reserve', bank] as const,
    [`${bank}.non-cash`, 'KZT', 'bank-non-cash', bank] as const,
  ]),
  ['farm', 'DT', 'legal-entity', 'farm'],
  ['one.client.farm', 'KZT', 'bank-client', 'farm'],
  ['mill', 'DT', 'legal-entity', 'mill'],
  ['one.client.mill', 'KZT', 'bank-client', 'mill'],
  ['two.client.mill', 'KZT', 'bank-client', 'mill'],
  ['aru', 'DT', 'individual', 'aru'],
]
const outside = 'non-cash.outside'
/** Later ones have earlier ids: within a millisecond, ids have no order. */
const transfers: readonly (readonly [
  debit: string,
  credit: string,
  amount: number,
  kind: string,
  at: number,
  of: string,
])[] = [
  [outside, 'one.reserve', 500, 'non-cash-deposit', 10, 'id-1'],
  [outside, 'one.client.farm', 300, 'non-cash-deposit', 10, 'id-2'],
  ['one.reserve', 'central-bank.non-cash', 400, 'issue-non-cash', 20, 'id-3'],
  ['central-bank.issue', 'one', 400, 'issue', 20, 'id-3'],
  ['one.client.farm', 'one.non-cash', 250, 'sale-of-dt-non-cash', 20, 'id-4'],
  ['one', 'farm', 250, 'sale-of-dt', 20, 'id-4'],
  ['farm', 'mill', 50, 'payment', 30, 'id-5'],
  ['farm', 'mill', 30, 'payment', 30, 'seeded without a client'],
]

async function formerLedger(path: string): Promise<void> {
  const before = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0009'))
  const kysely = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(path) }) })
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => before } })
  expect((await migrator.migrateToLatest()).error).toBeUndefined()
  await kysely.destroy()
  const database = new Database(path)
  const insert = (table: string, row: Row) => {
    const names = Object.keys(row)
    const places = names.map(() => '?').join(', ')
    database.prepare(`insert into ${table} (${names.join(', ')}) values (${places})`).run(Object.values(row))
  }
  for (const [account_id, currency, kind, owner] of accounts)
    insert('account', { account_id, currency, kind, owner, name: owner, balance: 0, floor: null })
  for (const [index, [debit, credit, amount, kind, at, reference]] of transfers.entries()) {
    const group_id = `group-${90 - transfers.findIndex((other) => other[5] === reference)}`
    const transfer_id = `transfer-${90 - index}`
    insert('transfer', { transfer_id, group_id, debit, credit, amount, kind, reference, at })
    database.prepare('update account set balance = balance - ? where account_id = ?').run(amount, debit)
    database.prepare('update account set balance = balance + ? where account_id = ?').run(amount, credit)
  }
  const asked = { terms_hash: '', answer: '{}', at: 10 }
  for (const [operation_id, kind, caller] of [
    ['id-1', 'non-cash-deposit', 'central-bank'],
    ['id-3', 'issue', 'one'],
    ['id-4', 'sale-of-dt', 'one'],
    ['id-5', 'payment', 'farm'],
    ['grant', 'lease-grant', 'education'],
  ] as const)
    insert('operation', { operation_id, kind, caller, ...asked })
  database.close()
}

test('a ledger of the version before gets all that a new one has', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  try {
    await formerLedger(path)
    await (await openStore(path)).close()
    expect(auditFile(path)?.text).toMatch(/^balanced/)
    const database = new Database(path)
    const rows = (query: string) => database.prepare(query).raw().all()
    expect(rows('select account_id, bank from account where bank is not null order by account_id')).toEqual([
      ['farm', 'one'],
      ['one.client.farm', 'one'],
      ['one.client.mill', 'one'],
      ['two.client.mill', 'two'],
    ])
    // By time; of one moment, by id.
    expect(rows(`select reference, debit_entry, debit_balance from transfer where debit = 'farm' order by 2`)).toEqual([
      ['seeded without a client', 2, 220],
      ['id-5', 3, 170],
    ])
    expect(rows(`select entries from account where account_id in ('farm', 'aru') order by account_id`)).toEqual([
      [0],
      [3],
    ])
    expect(
      rows('select transfer_id, kind, made_by, payer, payee, amount, state from client_transfer order by 1'),
    ).toEqual([
      ['id-1', 'non-cash-deposit', 'central-bank', outside, 'one.reserve', 500, 'done'],
      ['id-3', 'issue', 'one', 'central-bank.issue', 'one', 400, 'done'],
      ['id-4', 'sale-of-dt', 'one', 'one', 'farm', 250, 'done'],
      ['id-5', 'payment', 'farm', 'farm', 'mill', 50, 'done'],
    ])
    const [message] = rows(
      'select sequence, transfer_id, bank, direction, amount, at, document from settlement_message',
    )
    expect(message).toMatchObject([1, 'id-3', 'one', 'issue', 400, 20, expect.stringContaining('>4.00<')])
    const plan = rows(`explain query plan select * from transfer where debit = 'a' and debit_entry > 3`)
    expect(JSON.stringify(plan)).toContain('transfer_debit_entry')
    database.close()
  } finally {
    folder.remove()
  }
})

test('where there is one bank only, it serves every client', async () => {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  try {
    await formerLedger(path)
    const before = new Database(path)
    before.exec(`delete from account where owner = 'two' or account_id = 'two.client.mill'`)
    before.close()
    await (await openStore(path)).close()
    const database = new Database(path)
    const clients = `select account_id, bank from account where kind in ('legal-entity', 'individual') order by 1`
    const served = database.prepare(clients).raw().all()
    expect(served).toEqual([
      ['aru', 'one'],
      ['farm', 'one'],
      ['mill', 'one'],
    ])
    database.close()
  } finally {
    folder.remove()
  }
})
