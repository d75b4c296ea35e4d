/**
 * Accounts of people over the signed door: who opens them, who says how well a person is known, whose a number is, and
 * that a limit also binds a payment by QR and never binds what comes back.
 *
 * Method: one ledger on disk for all, people of their own for each test; the audit looks at the end. What must not be
 * kept is searched for in every table.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { limitFault } from '../../../ledger-sim/individuals/limits.ts'
import { dayMs, limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { canonicalBytes } from '../../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, temporaryFolder, type TestTill } from './demo-ledger.ts'
import { ask, capture, termsOf, Wallet } from './payment-by-qr.ts'
import { closeBalanced, peopleWorld, type PeopleWorld } from './people.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
let world: PeopleWorld
let till: TestTill
beforeAll(async () => {
  world = await peopleWorld({ path })
  till = await world.demo.till('till-1')
})
afterAll(() => closeBalanced(world, folder))

const faultOf = (accountId: string, direction: 'incoming' | 'outgoing', amount: bigint, means?: 'cash-out') =>
  inTransaction(world.demo.ports, (work) =>
    limitFault(work, { accountId, direction, amount: tiyn(amount), ...(means === undefined ? {} : { means }) }),
  )

describe('an account of a person', () => {
  test('is opened at a tier, fully known when nothing is said; the same again exists', async () => {
    const { bank } = world
    const request = { accountId: 'open-1', owner: 'open-1', name: 'Open One' }
    const open = (more: object = {}) => bank.post('/v1/accounts/individuals', { ...request, ...more })
    expect(await open()).toMatchObject({ status: 200, body: { arrival: 'created' } })
    expect(await open({ tier: 'full' })).toMatchObject({ status: 200, body: { arrival: 'exists' } })
    expect(await open({ tier: 'simplified' })).toMatchObject({ status: 409 })
    expect(await open({ tier: 'best' })).toMatchObject({ status: 422 })
    expect(await world.otherBank.post('/v1/accounts/individuals', request)).toMatchObject({ status: 409 })
    const change = { changeId: world.id(), accountId: 'open-1', tier: 'simplified' }
    expect(await bank.post('/v1/individual-tiers', change)).toMatchObject({ body: { former: 'full', excess: '0' } })
    expect(await open()).toMatchObject({ body: { arrival: 'exists' } })
  })

  test('has its tier changed by its own bank only, once for each id', async () => {
    await world.person('tier-1', 'anonymous')
    const change = { changeId: world.id(), accountId: 'tier-1', tier: 'simplified' }
    expect(await world.otherBank.post('/v1/individual-tiers', change)).toMatchObject({ status: 404 })
    const body = { former: 'anonymous', tier: 'simplified', excess: '0' }
    expect(await world.bank.post('/v1/individual-tiers', change)).toMatchObject({ body })
    expect(await world.bank.post('/v1/individual-tiers', change)).toMatchObject({
      body: { ...body, arrival: 'exists' },
    })
    expect(await world.bank.post('/v1/individual-tiers', { ...change, tier: 'full' })).toMatchObject({ status: 409 })
  })

  test('is not lowered below what it holds without saying so; then nothing more comes in', async () => {
    await world.person('lower-1')
    const max = limitsOf.anonymous.balance
    await world.fund('lower-1', max + 5n)
    const change = { changeId: world.id(), accountId: 'lower-1', tier: 'anonymous' }
    expect(await world.bank.post('/v1/individual-tiers', change)).toMatchObject({
      status: 409,
      body: { code: 'limit_exceeded', detail: expect.stringContaining('5 tiyn more') },
    })
    expect(await faultOf('lower-1', 'incoming', 1n)).toBeUndefined()
    const knowing = { ...change, acknowledgesExcess: true }
    expect(await world.bank.post('/v1/individual-tiers', knowing)).toMatchObject({ body: { excess: '5' } })
    expect(await faultOf('lower-1', 'incoming', 1n)).toMatchObject({ limit: 'balance', max, left: 0n })
    expect(await faultOf('lower-1', 'outgoing', 1n)).toBeUndefined()
  })
})

describe('a limit', () => {
  test('is of people’s accounts, each tier’s own, to the tiyn', async () => {
    await world.person('limit-1', 'simplified')
    const { single, balance } = limitsOf.simplified
    expect(await faultOf('limit-1', 'outgoing', single)).toBeUndefined()
    expect(await faultOf('limit-1', 'outgoing', single + 1n)).toMatchObject({ limit: 'single', left: single })
    expect(await faultOf('limit-1', 'incoming', balance)).toBeUndefined()
    expect(await faultOf('limit-1', 'incoming', balance + 1n)).toMatchObject({ limit: 'balance', left: balance })
    expect(await faultOf('limit-1', 'outgoing', 1n, 'cash-out')).toBeUndefined()
    await world.person('limit-2', 'anonymous')
    expect(await faultOf('limit-2', 'outgoing', 1n, 'cash-out')).toMatchObject({ limit: 'cash_out' })
    expect(await faultOf('almaly-education', 'outgoing', 10n ** 15n)).toBeUndefined()
    expect(await faultOf('nobody', 'incoming', 10n ** 15n)).toBeUndefined()
  })

  test('binds a payment by QR: what is set aside counts, what is freed does not, all may come back', async () => {
    const signer = await world.person('qr-1', 'anonymous')
    const wallet = new Wallet(signer, 'qr-1')
    const { single, daily, balance } = limitsOf.anonymous
    await world.fund('qr-1', balance)
    const request = async (amount: bigint) => {
      const terms = termsOf(till, amount)
      await ask(till, terms)
      return terms.tenderId
    }
    expect(await wallet.pay(world.id(), await request(single + 1n))).toMatchObject({
      code: 'limit_exceeded',
      detail: `limit single of tier anonymous: at most ${single} tiyn, ${single} tiyn left`,
    })
    const [first, second, third] = [await request(single), await request(single), await request(1n)]
    const [thirdPayment, other] = [world.id(), await request(daily)]
    expect(await wallet.pay(world.id(), first)).toMatchObject({ state: 'held' })
    expect(await wallet.pay(world.id(), second)).toMatchObject({ state: 'held' })
    const full = { code: 'limit_exceeded', detail: expect.stringContaining('daily of tier anonymous') }
    expect(await wallet.pay(thirdPayment, third)).toMatchObject(full)
    // A QR that is over is paid back at once, whatever its amount: nothing has gone out.
    await till.reverse(other)
    expect(await wallet.pay(world.id(), other)).toMatchObject({ state: 'paid_back' })
    await capture(till, first)
    expect(await wallet.pay(thirdPayment, third)).toMatchObject(full)
    await till.reverse(second)
    expect(await wallet.pay(thirdPayment, third)).toMatchObject({ state: 'held', arrival: 'created' })
    // The refused and the paid-back left no room, and a reversal brings back more than the balance may be.
    await world.fund('qr-1', single)
    const before = await balanceOf(world.demo, 'qr-1')
    await till.reverse(first)
    expect(await balanceOf(world.demo, 'qr-1')).toBe(before + single)
    expect(await balanceOf(world.demo, 'qr-1')).toBeGreaterThan(balance)
    // What was taken stays counted though it came back.
    expect(await wallet.pay(world.id(), await request(single))).toMatchObject(full)
    world.demo.clock.now += dayMs
    expect(await wallet.pay(world.id(), await request(single))).toMatchObject({ state: 'held' })
  })

  test('and a bank pays for its own client only', async () => {
    await world.person('qr-2')
    await world.fund('qr-2', 100n)
    const terms = termsOf(till, 100n)
    await ask(till, terms)
    const payment = { paymentId: world.id(), requestId: terms.tenderId, payer: 'qr-2' }
    expect(await world.otherBank.post('/v1/payment-requests/payments', payment)).toMatchObject({ status: 404 })
    expect(await world.bank.post('/v1/payment-requests/payments', payment)).toMatchObject({ body: { state: 'held' } })
  })
})

describe('a number', () => {
  const phone = (number: string) => ({ kind: 'phone', number })

  test('belongs to one account, and moves only when that one releases it', async () => {
    const [first, second] = [await world.person('alias-1'), await world.person('alias-2', 'full', 'B', world.otherBank)]
    const number = phone('+77010000001')
    const alias = (accountId: string) => ({ aliasId: world.id(), accountId, ...number })
    const registered = alias('alias-1')
    expect(await world.bank.post('/v1/aliases', registered)).toMatchObject({
      status: 200,
      body: { state: 'active', arrival: 'created' },
    })
    expect(await world.bank.post('/v1/aliases', registered)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await world.bank.post('/v1/aliases', { ...registered, number: '+77010000002' })).toMatchObject({
      body: { code: 'exists_with_different_terms' },
    })
    const moved = alias('alias-2')
    expect(await world.otherBank.post('/v1/aliases', moved)).toMatchObject({ body: { code: 'rule_violated' } })
    const release = (accountId: string) => ({ releaseId: world.id(), accountId, ...number })
    expect(await second.post('/v1/alias-releases', release('alias-2'))).toMatchObject({ status: 404 })
    expect(await second.post('/v1/alias-releases', release('alias-1'))).toMatchObject({ status: 404 })
    expect(await world.otherBank.post('/v1/alias-releases', release('alias-1'))).toMatchObject({ status: 404 })
    expect(await first.post('/v1/alias-releases', release('alias-1'))).toMatchObject({ status: 200 })
    expect(await world.otherBank.post('/v1/aliases', moved)).toMatchObject({ body: { state: 'active' } })
    expect((await first.get('/v1/aliases?accountId=alias-1')).body).toEqual({ aliases: [] })
    expect(await first.get('/v1/aliases?accountId=alias-2')).toMatchObject({ status: 404 })
  })

  test('that a person asks for leads nowhere until their bank confirms it, and nobody learns who has it', async () => {
    const [owner, thief] = [await world.person('alias-3'), await world.person('alias-4')]
    await world.fund('alias-4', 1n)
    const number = phone('+77010000003')
    const asked = (accountId: string) => ({ aliasId: world.id(), accountId, ...number })
    const waits = { status: 200, body: { state: 'waits_for_bank' } }
    expect(await owner.post('/v1/aliases', asked('alias-3'))).toMatchObject(waits)
    expect(await world.bank.post('/v1/aliases', asked('alias-3'))).toMatchObject({ body: { state: 'active' } })
    expect((await owner.get('/v1/aliases?accountId=alias-3')).body).toMatchObject({ aliases: [{ state: 'active' }] })
    expect(await owner.post('/v1/aliases', asked('alias-3'))).toMatchObject({ body: { state: 'active' } })
    expect(await thief.post('/v1/aliases', asked('alias-4'))).toMatchObject(waits)
    expect(await thief.post('/v1/aliases', asked('alias-3'))).toMatchObject({ status: 404 })
    const to = encodeURIComponent(number.number)
    const payee = await world.bank.get(`/v1/transfers/individual-individual/payee?payer=alias-4&kind=phone&to=${to}`)
    expect(payee).toMatchObject({ body: { name: 'P***** a.' } })
    expect(await world.demo.rows('alias')).toContainEqual(
      expect.objectContaining({ account_id: 'alias-3', made_by: 'dala-bank' }),
    )
  })

  test('is in no table and no answer, also not as a hash that could be tried out', async () => {
    await world.person('alias-5')
    const numbers = [phone('+77010000005'), { kind: 'card', number: '4000001234567899' }]
    const answers: unknown[] = []
    const requests: unknown[] = []
    for (const number of numbers) {
      const alias = { aliasId: world.id(), accountId: 'alias-5', ...number }
      const release = { releaseId: world.id(), accountId: 'alias-5', ...number }
      const transfer = {
        transferId: world.id(),
        payer: 'individual-1',
        to: number,
        amount: '1',
        purpose: '',
        shows: 'nothing',
      }
      answers.push(await world.bank.post('/v1/aliases', alias))
      answers.push(await world.bank.post('/v1/transfers/individual-individual', transfer))
      answers.push(await world.bank.post('/v1/alias-releases', release))
      requests.push(alias, release, { ...transfer, amount: 1n })
    }
    expect(answers).toMatchObject(answers.map(() => ({ status: 200 })))
    const kept = JSON.stringify(answers) + contentOf(path)
    for (const { number } of numbers) {
      expect(kept).not.toContain(number.replace('+', ''))
      expect(kept).not.toContain(createHash('sha256').update(number).digest('hex'))
    }
    for (const request of requests) {
      expect(kept).not.toContain(createHash('sha256').update(canonicalBytes(request)).digest('hex'))
    }
  })

  test('is one of ten at most', async () => {
    const person = await world.person('alias-6')
    const answers = []
    for (let last = 0; last <= 10; last += 1) {
      const number = phone(`+7701000060${last}`)
      answers.push(await person.post('/v1/aliases', { aliasId: world.id(), accountId: 'alias-6', ...number }))
    }
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
    expect(answers.at(-1)).toMatchObject({ body: { code: 'rule_violated' } })
  })
})

test('accounts of people from before are fully known, and their bank’s', async () => {
  const file = new Database(':memory:')
  const database = new Kysely<never>({ dialect: new SqliteDialect({ database: file }) })
  const before = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0009'))
  const migrate = async (known: typeof migrations) => {
    const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...known }) } })
    expect((await migrator.migrateToLatest()).error).toBeUndefined()
  }
  await migrate(before)
  const account = file.prepare(`insert into account values (?, ?, ?, ?, '', 0, 0)`)
  account.run('b', 'DT', 'bank', 'b')
  account.run('c', 'DT', 'bank', 'c')
  account.run('p', 'DT', 'individual', 'somebody')
  account.run('q', 'DT', 'individual', 'nobody')
  account.run('b.client.somebody', 'KZT', 'bank-client', 'somebody')
  await migrate(migrations)
  const people = 'select individual.*, bank from individual join account using (account_id) order by account_id'
  expect(file.prepare(people).all()).toEqual([
    { account_id: 'p', opened_as: 'full', tier: 'full', at: 0, bank: 'b' },
    { account_id: 'q', opened_as: 'full', tier: 'full', at: 0, bank: null },
  ])
  await database.destroy()
})

/** Every value of every table, as text. */
function contentOf(file: string): string {
  const database = new Database(file, { readonly: true })
  database.defaultSafeIntegers(true)
  const tables = database.prepare(`select name from sqlite_master where type = 'table'`).all() as { name: string }[]
  const rows = tables.flatMap(({ name }) => database.prepare(`select * from ${name}`).all())
  database.close()
  return JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
