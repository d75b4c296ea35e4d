/**
 * Each migration from the version before it, with data. Method: a ledger that has lived (sales on and off line, a loss
 * with its appeal, a refund, a reversal, a payment by QR, a lost till, and what lived-parts.ts does) is written back,
 * column by column, into a file of the former version; it is then migrated by one step, where no row may be lost or
 * changed in what it had, and to the end, where the audit must find the same books. Foreign keys are on.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { joinHousehold } from '../../../ledger-sim/schemes/households.ts'
import { nameHolder } from '../../../ledger-sim/schemes/holders.ts'
import { currentHotlist, hotlistAt } from '../../../ledger-sim/schemes/hotlist.ts'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { openStore, type Store } from '../../../ledger-sim/store/open-store.ts'
import { packCards } from '../../../src/voucher/hotlist.ts'
import { hourMs, temporaryFolder } from './demo-ledger.ts'
import { liveOn } from './lived-parts.ts'
import { ask, qrWorld, termsOf } from './payment-by-qr.ts'

const names = Object.keys(migrations)
/** What a step corrects in rows that were there is tested where its rule is. */
const corrected: Readonly<Record<string, readonly string[]>> = {
  '0005d-appeals-are-about-losses': ['appeal.state'],
  '0014-debts-by-kind': ['merchant_debt.tender_id'],
  '0016-hotlist-of-prefixes': ['hotlist.cards'],
  '0034-entries-in-news': ['feed_event.content'],
  '0035-since-when-it-is-carried': ['carried.at'],
}
/** Columns that are gone, as SQL of what stood in them. */
const gone: Readonly<Record<string, string>> = {
  'hotlist.cards': `(SELECT json_group_array(card) FROM lived.card WHERE status = 'blocked')`,
}

let folder: ReturnType<typeof temporaryFolder>
const lived = (): string => join(folder.path, 'lived.db')

beforeAll(async () => {
  folder = temporaryFolder()
  const { demo, till, wallets } = await qrWorld({ path: lived() })
  const other = await demo.till('till-2')
  await till.fetch()
  await other.fetch()
  const sold = (label: string) => till.decide({ card: demo.card(label) })
  await till.authorise(sold('Pupil 01'))
  await till.batch(
    till.presentment(sold('Pupil 02')),
    till.presentment(sold('Pupil 03')),
    till.presentment(sold('Pupil 03')),
  )
  const milk = till.decide({ card: demo.card('Family 01'), item: 'milk' })
  await till.present(milk)
  const merchant = demo.role('merchant', 'school-7-canteen')
  const [loss] = await demo.rows('discrepancy')
  await merchant.post('/v1/appeals', { discrepancyId: loss?.['discrepancy_id'], reason: 'the lunch was given' })
  await till.batch(till.refund(milk.terms.tenderId, [{ line: 1, amount: milk.terms.amount }]))
  await till.reverse(sold('Pupil 04').terms.tenderId)
  const byQr = termsOf(till, 70_000n)
  await ask(till, byQr)
  await wallets[0]?.pay(till.id(), byQr.tenderId)
  await inTransaction(demo.ports, (work) => setCardStatus(work, demo.card('Pupil 05').pseudonym, 'blocked'))
  const { lease, slot } = till.leased(demo.card('Pupil 06')) ?? {}
  await till.batch(till.surrender(lease?.leaseId ?? '', slot?.slotId ?? ''))
  await till.call('/v1/terminal/heads', { head: till.position(), unsynced: 0 })
  await liveOn(demo)
  await other.fetch()
  const agency = demo.role('agency', 'almaly-education')
  await agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
  demo.clock.now += hourMs
  await demo.close()
})
afterAll(() => folder.remove())

interface Column {
  readonly table: string
  readonly column: string
}

function columnsOf(file: Database.Database): readonly Column[] {
  return file
    .prepare(
      `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m, pragma_table_info(m.name) c
       WHERE m.type = 'table' AND m.name NOT LIKE 'kysely_%' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid`,
    )
    .all() as Column[]
}

function schemaOf(file: Database.Database): unknown {
  const indexes = file.prepare(
    `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`,
  )
  const columns = columnsOf(file).map(({ table, column }) => `${table}.${column}`)
  return [columns.toSorted(), indexes.all()]
}

async function migrateTo(file: Database.Database, last: number): Promise<void> {
  const some = Object.fromEntries(Object.entries(migrations).slice(0, last + 1))
  const database = new Kysely<unknown>({ dialect: new SqliteDialect({ database: file }) })
  const { error } = await new Migrator({
    db: database,
    provider: { getMigrations: async () => some },
  }).migrateToLatest()
  if (error !== undefined) throw error
}

/** What the version has room for, in one go: the rows refer to each other. */
function writeBack(file: Database.Database): void {
  file.prepare('ATTACH ? AS lived').run(lived())
  const there = new Set(file.prepare(`SELECT name FROM lived.sqlite_master WHERE type = 'table'`).pluck().all())
  const byTable = Map.groupBy(columnsOf(file), ({ table }) => table)
  file.pragma('foreign_keys = OFF')
  for (const [table, columns] of byTable) {
    if (!there.has(table)) throw new Error(`${table} is gone: a migration that drops a table needs a test of its own`)
    const list = columns.map(({ column }) => `"${column}"`).join(', ')
    const values = columns.map(({ column }) => gone[`${table}.${column}`] ?? `"${column}"`).join(', ')
    // The columns of this one have other names now.
    if (file.prepare(`SELECT count(*) FROM lived."${table}"`).pluck().get() === 0n) continue
    file.exec(`INSERT INTO main."${table}" (${list}) SELECT ${values} FROM lived."${table}"`)
  }
  file.pragma('foreign_keys = ON')
  file.exec('DETACH lived')
}

function rowsOf(file: Database.Database, columns: readonly Column[]): Readonly<Record<string, unknown[]>> {
  const byTable = [...Map.groupBy(columns, ({ table }) => table)]
  return Object.fromEntries(
    byTable.map(([table, own]) => {
      const list = own.map(({ column }) => `"${column}"`).join(', ')
      return [table, file.prepare(`SELECT ${list} FROM "${table}" ORDER BY ${list}`).all()]
    }),
  )
}

async function ledgerOn(path: string): Promise<LedgerPorts> {
  const random = seededRandom('migrated')
  return { store: await openStore(path), clock: () => 1, random, keys: ledgerKeysOf(newLedgerSecrets(random)) }
}

/** Those that the newest migration found: what it makes itself has no rows of before. */
async function formerTables(): Promise<ReadonlySet<string>> {
  const former = new Database(':memory:')
  await migrateTo(former, names.length - 2)
  const tables = columnsOf(former).map(({ table }) => table)
  former.close()
  return new Set(tables)
}

test('the ledger that is written back has lived', async () => {
  const file = new Database(lived(), { readonly: true })
  const empty = [...(await formerTables())].filter(
    (table) => file.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() === 0,
  )
  file.close()
  // Rows of these follow from stories that no step has changed the tables of; of debts there is a test of their own.
  expect(empty).toEqual(['activation', 'card_failure', 'card_record', 'merchant_debt', 'review', 'webhook_delivery'])
})

test('a debt of before is known by what it is of, and so is what paid it', async () => {
  const file = new Database(join(folder.path, 'debts.db'))
  file.defaultSafeIntegers(true)
  file.pragma('foreign_keys = ON')
  const before = names.indexOf('0014-debts-by-kind') - 1
  await migrateTo(file, before)
  writeBack(file)
  const one = (sql: string) => file.prepare(sql).pluck().get() as string
  const refundId = one(`SELECT refund_id FROM refund WHERE state = 'done'`)
  // More than came back at once; and another one that took a tender's id and came back wholly.
  file.prepare('UPDATE refund SET amount = amount + 10 WHERE refund_id = ?').run(refundId)
  const taken = one('SELECT tender_id FROM tender ORDER BY tender_id DESC')
  file
    .prepare(
      `INSERT INTO refund SELECT ?, tender_id, terminal_id, 9, lines, reason, state, refusal, at FROM refund
       WHERE refund_id = ?`,
    )
    .run(taken, refundId)
  file
    .prepare(
      `INSERT INTO transfer (transfer_id, group_id, debit, credit, amount, kind, reference, at)
       SELECT 'whole', 'whole', debit, credit, 9, 'voucher-refund', ?, at FROM transfer LIMIT 1`,
    )
    .run(taken)
  const ids = [
    ['refund', refundId],
    ['reversal', taken],
    ['appeal', one('SELECT discrepancy_id FROM appeal')],
    ['reversal', one('SELECT tender_id FROM tender')],
  ] as const
  const owe = file.prepare('INSERT INTO merchant_debt VALUES (?, ?, ?, ?, ?)')
  const net = file.prepare(
    `INSERT INTO transfer (transfer_id, group_id, debit, credit, amount, kind, reference, at)
     SELECT ?, ?, debit, credit, 5, 'debt-netting', ?, at FROM transfer LIMIT 1`,
  )
  for (const [index, [, id]] of ids.entries()) {
    owe.run(id, 'merchant.school-7-canteen', 'almaly-education', 10 + index, 7)
    net.run(`net-${index}`, `net-${index}`, id)
  }
  await migrateTo(file, names.length - 1)
  expect(file.prepare('SELECT kind, reference, amount, at FROM merchant_debt ORDER BY amount').raw().all()).toEqual(
    ids.map(([kind, id], index) => [kind, id, BigInt(10 + index), 7n]),
  )
  expect(file.prepare(`SELECT kind FROM transfer WHERE group_id LIKE 'net-%' ORDER BY group_id`).pluck().all()).toEqual(
    ['refund-netting', 'debt-netting', 'appeal-netting', 'debt-netting'],
  )
  file.close()
})

test('tenders of before are known by their sale, and a QR that was captured has no lines', async () => {
  const file = new Database(join(folder.path, 'sales.db'))
  const before = names.indexOf('0015-lines-of-qrs') - 1
  await migrateTo(file, before)
  writeBack(file)
  // More than are read at a time, each of a sale of its own.
  file.exec(`
    WITH RECURSIVE copy(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < 2100)
    INSERT INTO tender (tender_id, terminal_id, terms, state, amount, tombstone, at)
    SELECT 'copy-' || number, 'till-2', json_object('saleHash', 'sale-' || number), 'settled', 1, 0, 0 FROM copy`)
  await migrateTo(file, names.length - 1)
  const copies = file.prepare(`SELECT sale_hash = 'sale-' || substr(tender_id, 6) FROM tender WHERE tender_id LIKE ?`)
  const named = copies.pluck().all('copy-%')
  expect([named.length, new Set(named)]).toEqual([2_100, new Set([1])])
  file.exec(`DELETE FROM tender WHERE tender_id LIKE 'copy-%'`)
  const sales = (of: Database.Database) =>
    of.prepare('SELECT tender_id, sale_hash FROM tender ORDER BY tender_id').raw().all()
  const lasting = new Database(lived(), { readonly: true })
  const had = sales(lasting)
  lasting.close()
  expect(new Set(had.map((row) => (row as unknown[])[1])).size).toBeGreaterThan(5)
  expect(sales(file)).toEqual(had)
  const ofQrs = file.prepare('SELECT DISTINCT sold_at, paid_lines FROM payment_request').raw().all()
  expect(ofQrs).toEqual([[null, null]])
  file.close()
})

test('a ledger from before prefixes publishes its blocked cards anew, once', async () => {
  const path = join(folder.path, 'hotlist.db')
  const file = new Database(path)
  file.defaultSafeIntegers(true)
  await migrateTo(file, names.indexOf('0016-hotlist-of-prefixes') - 1)
  writeBack(file)
  const before = file.prepare('SELECT max(version) FROM hotlist').pluck().get()
  const cards = file.prepare('SELECT cards FROM hotlist ORDER BY version DESC').pluck().get() as string
  file.close()
  const demo = await ledgerOn(path)
  const newest = () => inTransaction(demo, async (work) => hotlistAt(work, (await currentHotlist(work)).version))
  const list = await newest()
  expect(list).toMatchObject({ version: Number(before) + 1, prefixBytes: 7 })
  expect((JSON.parse(cards) as string[]).length).toBeGreaterThan(0)
  expect(list.cards).toBe(packCards(JSON.parse(cards) as string[], 7))
  expect(await newest()).toEqual(list)
  await demo.store.close()
  expect(auditFile(path)?.faults.filter(({ rule }) => /hotlist|prefix/.test(rule))).toEqual([])
})

test('news of before say what an entry is called, and stay the same news', async () => {
  const path = join(folder.path, 'news.db')
  const file = new Database(path)
  file.defaultSafeIntegers(true)
  await migrateTo(file, names.indexOf('0034-entries-in-news') - 1)
  writeBack(file)
  const news = () =>
    file.prepare('SELECT stream, cursor, event_id, content FROM feed_event ORDER BY 1, 2').all() as {
      content: string
    }[]
  // As they were written then; and one with words that look like it.
  file.exec(`UPDATE feed_event SET content = replace(content, '"entryId":', '"transferId":')`)
  const words = JSON.stringify({ kind: 'alert', code: 'TEST', subject: '"transferId":' })
  file.prepare('UPDATE feed_event SET content = ? WHERE stream = ? AND cursor = 1').run(words, 'role:auditor')
  const before = news()
  expect(before.filter(({ content }) => content.includes('"transferId":')).length).toBeGreaterThan(10)
  await migrateTo(file, names.length - 1)
  const renamed = before.map((row) => {
    const { transferId: entryId, ...rest } = JSON.parse(row.content) as Record<string, unknown>
    return { ...row, content: entryId === undefined ? rest : { ...rest, entryId } }
  })
  expect(news().map((row) => ({ ...row, content: JSON.parse(row.content) as unknown }))).toEqual(renamed)
  file.close()
})

test('what was carried before may have been told to a till since ever', async () => {
  const file = new Database(join(folder.path, 'carried.db'))
  await migrateTo(file, names.indexOf('0035-since-when-it-is-carried') - 1)
  writeBack(file)
  const rows = () => file.prepare('SELECT from_slot, to_slot, count, amount, at FROM carried ORDER BY 1').all()
  // As it was written then: with each change, so after packages that had told of it.
  file.exec('UPDATE carried SET at = 1 + (SELECT max(issued_at) FROM package)')
  const before = rows() as { at: number }[]
  expect(before.map(({ at }) => at)).toEqual([expect.any(Number)])
  await migrateTo(file, names.length - 1)
  expect(rows()).toEqual(before.map((row) => ({ ...row, at: 0 })))
  file.close()
})

test('who was entitled before households is so since ever, and may be joined', async () => {
  const path = join(folder.path, 'households.db')
  const file = new Database(path)
  file.defaultSafeIntegers(true)
  await migrateTo(file, names.indexOf('0017-households') - 1)
  writeBack(file)
  const before = file.prepare('SELECT scheme_id, beneficiary, holder FROM entitlement ORDER BY 1, 2').raw().all()
  expect(before.length).toBeGreaterThan(20)
  file.close()
  const ledger = await ledgerOn(path)
  const joining = await inTransaction(ledger, async (work) => {
    const rows = await work.connection.selectFrom('entitlement').selectAll().orderBy('scheme_id').execute()
    expect(rows.map((row) => [row.scheme_id, row.beneficiary, row.holder]).toSorted()).toEqual(before.toSorted())
    expect(new Set(rows.map(({ since }) => since))).toEqual(new Set([0n]))
    const [first] = rows
    const { scheme_id: schemeId, beneficiary, holder: member } = first ?? { scheme_id: '', beneficiary: '', holder: '' }
    return joinHousehold(work, { schemeId, beneficiary, holder: 'd'.repeat(32) }, member)
  })
  expect(joining).toEqual({ kind: 'done', arrival: 'created', holders: 2 })
  await ledger.store.close()
})

test('a terminal of before is its agency’s: the one that leases to it, or the only one', async () => {
  const path = join(folder.path, 'terminals.db')
  const file = new Database(path)
  file.defaultSafeIntegers(true)
  await migrateTo(file, names.indexOf('0029-terminals-have-an-agency') - 1)
  writeBack(file)
  file.close()
  const ledger = await ledgerOn(path)
  const terminals = await ledger.store.read((connection) =>
    connection.selectFrom('terminal').select(['terminal_id', 'registered_by']).execute(),
  )
  expect(terminals.length).toBeGreaterThan(1)
  expect(new Set(terminals.map((row) => row.registered_by))).toEqual(new Set([demoAgency]))
  await ledger.store.close()
})

test('a holder of before is the agency’s that entitled it first, whether it still does or not', async () => {
  const path = join(folder.path, 'holders.db')
  const file = new Database(path)
  await migrateTo(file, names.indexOf('0030-holders-have-an-agency') - 1)
  writeBack(file)
  const livedHolders = file
    .prepare('SELECT holder FROM entitlement UNION SELECT holder FROM former_entitlement ORDER BY 1')
    .pluck()
    .all()
  const [other, [later, left, together, never]] = ['a-former-agency', ['later', 'left', 'together', 'never']] as const
  const [issuer, [issued, shared]] = ['the-issuer', ['issued', 'shared']] as const
  file.exec(`
    INSERT INTO scheme (scheme_id, version, agency_id, account_id, content)
      SELECT 'of-another', version, '${other}', account_id, content FROM scheme LIMIT 1;
    INSERT INTO entitlement (scheme_id, holder, beneficiary, since) VALUES
      ('school-lunch', '${later}', 'b-1', 20), ('of-another', '${later}', 'b-1', 10),
      ('school-lunch', '${left}', 'b-2', 20),
      ('school-lunch', '${together}', 'b-3', 0), ('of-another', '${together}', 'b-3', 0);
    INSERT INTO former_entitlement (scheme_id, holder, beneficiary, since, ended_at)
      VALUES ('of-another', '${left}', 'b-2', 5, 6);
    INSERT INTO card (card, holder, status, epoch, highest_counter, file_read_key, till_key)
      VALUES ('card-of-nobody', '${never}', 'active', 1, 0, '', ''),
        ('issued-to', '${issued}', 'active', 1, 0, '', ''), ('shared-card', '${shared}', 'active', 1, 0, '', ''),
        ('late-card', '${later}', 'active', 1, 0, '', '');
    INSERT INTO card_status (card, change, status, at)
      VALUES ('issued-to', 1, 'active', 30), ('issued-to', 2, 'blocked', 40), ('shared-card', 1, 'active', 30),
        ('late-card', 1, 'active', 30);
    INSERT INTO issuer_certificate (agency_id, serial, certificate) VALUES ('${issuer}', 900, '');
    INSERT INTO applet_card (card, card_id, agency_id, serial, key_epoch, public_key, certificate)
      VALUES ('issued-to', '01', '${issuer}', 901, 1, '', ''), ('shared-card', '02', '${issuer}', 902, 1, '', ''),
        ('late-card', '03', '${issuer}', 903, 1, '', '');
    INSERT INTO scheme (scheme_id, version, agency_id, account_id, content)
      SELECT 'of-issuer', version, '${issuer}', account_id, content FROM scheme LIMIT 1;
    INSERT INTO entitlement (scheme_id, holder, beneficiary, since)
      VALUES ('of-another', '${shared}', 'b-4', 0), ('of-issuer', '${shared}', 'b-4', 0)`)
  file.close()
  const ledger = await ledgerOn(path)
  const holders = await ledger.store.read((connection) =>
    connection.selectFrom('holder').selectAll().orderBy('holder').execute(),
  )
  expect(holders.filter((row) => row.agency_id === other).map((row) => [row.holder, row.since])).toEqual([
    [later, 10n],
    [left, 5n],
    [together, 0n],
  ])
  // Who issued an applet card is known, and counts where no entitlement is earlier.
  expect(holders.filter((row) => row.agency_id === issuer).map((row) => [row.holder, row.since])).toEqual([
    [issued, 30n],
    [shared, 0n],
  ])
  expect(holders.filter((row) => row.agency_id === demoAgency).map((row) => row.holder)).toEqual(livedHolders)
  expect(auditFile(path)?.faults.filter(({ rule }) => rule.includes('holder'))).toEqual([])
  // Who was never entitled is nobody's until named again.
  expect(await inTransaction(ledger, (work) => nameHolder(work, never, other))).toBe('own')
  expect(await inTransaction(ledger, (work) => nameHolder(work, never, demoAgency))).toBe('anothers')
  await ledger.store.close()
})

test('migrations that break off at any statement have changed nothing, and the next start makes them all', async () => {
  const former = join(folder.path, 'former.db')
  const file = new Database(former)
  await migrateTo(file, names.indexOf('0015-lines-of-qrs') - 1)
  writeBack(file)
  const before = file.prepare('SELECT name, sql FROM sqlite_master ORDER BY name').all()
  file.close()
  const broken = new Error('broken off')
  let stops = 0
  for (let place = 1; ; place += 3) {
    const path = join(folder.path, `broken-off-${place}.db`)
    copyFileSync(former, path)
    let changes = 0
    const breaksOff = (statement: string): void => {
      if (/^(create|alter|drop|insert|update) /i.test(statement)) changes += 1
      if (changes === place) throw broken
    }
    const opened = await openStore(path, breaksOff).catch((error: unknown) => error)
    if (opened !== broken) {
      await (opened as Store).close()
      break
    }
    const left = new Database(path, { readonly: true })
    expect(left.prepare('SELECT name, sql FROM sqlite_master ORDER BY name').all(), `at ${place}`).toEqual(before)
    left.close()
    await (await openStore(path)).close()
    stops += 1
  }
  expect(stops).toBeGreaterThan(8)
})

describe('each migration, from the version before it', () => {
  test.each(names.slice(1).map((name, index) => [name, index + 1] as const))('%s', async (name, place) => {
    const path = join(folder.path, `${place}.db`)
    const file = new Database(path)
    file.defaultSafeIntegers(true)
    // Nothing here is about the disk.
    file.pragma('synchronous = OFF')
    file.pragma('foreign_keys = ON')
    await migrateTo(file, place - 1)
    writeBack(file)
    const kept = columnsOf(file).filter(({ table, column }) => !(corrected[name] ?? []).includes(`${table}.${column}`))
    const before = rowsOf(file, kept)
    await migrateTo(file, place)
    expect(rowsOf(file, kept)).toEqual(before)
    expect(file.pragma('foreign_key_check')).toEqual([])
    await migrateTo(file, names.length - 1)
    const fresh = new Database(':memory:')
    await migrateTo(fresh, names.length - 1)
    expect(schemaOf(file)).toEqual(schemaOf(fresh))
    fresh.close()
    file.close()
    expect(auditFile(path)?.faults.filter(({ rule }) => rule.includes('balance') || rule.includes('debits'))).toEqual(
      [],
    )
  })
})
