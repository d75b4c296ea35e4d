/**
 * The independent checker reads a ledger with payments by QR in every state: it takes none for a fault, and finds what
 * was made wrong in the database behind the ledger's back. A ledger from before there were any keeps its tenders.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { heldAfterExpiryMs } from '../../../ledger-sim/payments/payment-requests.ts'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { findDuplicates } from '../../checker/duplicates.ts'
import { checkBooks } from '../../checker/ledger-books.ts'
import { readLedger } from '../../checker/ledger-database.ts'
import { checkTenders } from '../../checker/ledger-tenders.ts'
import { balanceOf, temporaryFolder } from './demo-ledger.ts'
import {
  ask,
  capture,
  inquire,
  merchantAccount,
  openForMs,
  partsOf,
  qrWorld,
  saleOf,
  termsOf,
  termsOfSale,
} from './payment-by-qr.ts'

const folder = temporaryFolder()
const file = join(folder.path, 'ledger.db')
/** By what became of it. */
const ids: Record<string, string> = {}
let copies = 0

beforeAll(async () => {
  const { demo, till, wallets } = await qrWorld({ path: file })
  const [wallet, other] = wallets
  const make = async (name: string, isPaid = true): Promise<string> => {
    const terms = termsOf(till, 100_000n)
    ids[name] = terms.tenderId
    await ask(till, terms)
    if (isPaid) await wallet?.pay(till.id(), terms.tenderId)
    return terms.tenderId
  }
  await till.fetch()
  await till.present(till.decide({ card: demo.card('Pupil 01') }))
  await make('too_late')
  demo.clock.now += openForMs + heldAfterExpiryMs
  await capture(till, ids['too_late'] ?? '')
  const expired = await make('expired', false)
  demo.clock.now += openForMs
  await inquire(till, expired)
  await capture(till, await make('settled'))
  const refunded = await make('refunded')
  await capture(till, refunded)
  await till.batch(till.refund(refunded, [{ line: 1, amount: tiyn(40_000n) }]))
  const reversed = await make('reversed')
  await capture(till, reversed)
  await till.batch(till.refund(reversed, [{ line: 1, amount: tiyn(10_000n) }]))
  await till.reverse(reversed)
  await till.reverse(await make('released'))
  const owed = await make('owed')
  await capture(till, owed)
  const all = tiyn(await balanceOf(demo, merchantAccount))
  const leg = { debit: merchantAccount, credit: 'almaly-education', amount: all, kind: 'payment' } as const
  await inTransaction(demo.ports, (work) => post(work, [leg], 'spent'))
  await till.reverse(owed)
  const netting = await make('netting')
  await other?.pay(till.id(), netting)
  await capture(till, netting)
  await ask(till, { ...termsOf(till, 1n), payeeAccount: 'merchant.kokbazar-shop' })
  const sale = saleOf(till, [
    { category: 'drinks', unitPrice: 600n },
    { category: 'books', unitPrice: 400n },
  ])
  const ofLines = termsOfSale(till, sale, 900n)
  ids['lines'] = ofLines.tenderId
  await ask(till, ofLines)
  await wallet?.pay(till.id(), ofLines.tenderId)
  await capture(till, ofLines.tenderId, { at: till.clock.now, sale, paid: partsOf(600n, 300n) })
  await make('held')
  await make('requested', false)
  await till.reverse(till.id())
  await demo.close()
})
afterAll(() => folder.remove())

/** What the checker finds once this was done to the database. */
function found(sql = ''): readonly string[] {
  copies += 1
  const copy = join(folder.path, `copy-${copies}`)
  mkdirSync(copy)
  copyFileSync(file, join(copy, 'ledger.db'))
  const database = new Database(join(copy, 'ledger.db'))
  database.pragma('foreign_keys = OFF')
  database.exec(sql)
  database.close()
  const rows = readLedger(copy)
  const checked = checkTenders(rows)
  const nameOf = (id: string) => Object.entries(ids).find(([, own]) => own === id)?.[0] ?? id
  return [
    ...[...checked.faults, ...checkBooks(rows).faults].map(({ code, place }) => `${code} ${nameOf(place)}`),
    ...findDuplicates(rows, checked, [], [], []).map(({ kind }) => kind),
  ]
}
const of = (name: string) => `'${ids[name]}'`

test('payments by QR are no faults, in whatever state', () => {
  expect(found()).toEqual([])
})

test('one that is settled and whose merchant did not get the money is one', () => {
  const elsewhere = `update transfer set credit = 'merchant.kokbazar-shop' where reference = ${of('settled')}`
  expect(found(elsewhere)).toContain('settled_not_paid settled')
  expect(found(elsewhere)).toContain('paid_to_another settled')
  expect(found(`update tender set state = 'settled', paid_by = 'individual' where tender_id = ${of('held')}`)).toEqual([
    'hold_differs held',
    'settled_not_paid held',
  ])
})

test('so is money that a merchant kept, or that somebody else got back', () => {
  expect(found(`delete from transfer where reference = ${of('reversed')} and kind = 'payment-reversal'`)).toContain(
    'reversed_not_returned reversed',
  )
  const toAnother = `update transfer set credit = 'individual-2' where kind = 'payment-refund'`
  expect(found(toAnother).filter((one) => one.startsWith('refund_differs'))).toHaveLength(2)
  expect(
    found(`delete from merchant_debt; update tender set state = 'settled' where tender_id = ${of('owed')}`),
  ).toContain('settled_not_paid owed')
})

test('so is one whose money is not set aside, or for another, or that is paid twice', () => {
  expect(found(`update hold set state = 'voided' where reference = ${of('held')}`)).toEqual(['hold_differs held'])
  expect(found(`update hold set debit = 'individual-2' where reference = ${of('held')}`)).toEqual(['hold_differs held'])
  expect(found(`update payment_request set closed_for = null where tender_id = ${of('released')}`)).toEqual([
    'hold_differs released',
  ])
  const same = `update payment_request set sale_hash = (select sale_hash from payment_request
    where tender_id = ${of('settled')}) where tender_id = ${of('refunded')}`
  expect(found(same)).toEqual(['sale_paid_twice'])
})

test('so are lines that do not add up, or that no capture has shown', () => {
  const changed = (from: string, to: string) =>
    found(`update payment_request set paid_lines = replace(paid_lines, '${from}', '${to}')`)
  expect(changed('"amount":"300"', '"amount":"299"')).toEqual(['terms_differ lines', 'terms_differ lines'])
  expect(changed('"category":"drinks"', '"category":"books"')).toEqual(['terms_differ lines'])
  expect(changed('"line":2', '"line":1')).toEqual(['terms_differ lines'])
  expect(found(`delete from evidence where kind = 'capture'`)).toEqual(['terms_differ lines'])
  const ofAnother = `update payment_request set sale_hash = (select sale_hash from payment_request
    where tender_id = ${of('requested')}) where tender_id = ${of('lines')}`
  expect(found(ofAnother)).toEqual(['terms_differ lines'])
})

test('a ledger from before there were payments by QR keeps its tenders, and its audit finds nothing new', async () => {
  const old = join(folder.path, 'old.db')
  const earlier = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0007'))
  const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(old) }) })
  const migrator = new Migrator({ db: before, provider: { getMigrations: async () => earlier } })
  expect((await migrator.migrateToLatest()).error).toBeUndefined()
  await before.destroy()
  const database = new Database(old)
  database.exec(`
    insert into tender (tender_id, terminal_id, terms, state, slot_id, scheme_id, amount, tombstone, at)
      values ('refused', 'till-1', '{}', 'refused', 's', 'lunch', 1, 0, 0),
        ('disowned', 'till-1', null, 'reversed', null, null, 0, 1, 0);`)
  const tenders = database.prepare('select *, null as sale_hash from tender').all()
  database.close()
  await (await openStore(old)).close()
  const after = new Database(old, { readonly: true })
  expect(after.prepare('select * from tender').all()).toEqual(tenders)
  expect(after.prepare('select count(*) from payment_request').pluck().get()).toBe(0)
  after.close()
  expect(auditFile(old)?.text).toMatch(/^balanced/)
})
