/**
 * What accounts hold and how much of it is set aside, by role: over the signed door, on a ledger on the disk, with the
 * audit at the end. SQLite explains the statements of a bank that goes through its clients among many accounts.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { temporaryFolder, type TestSigner, type TestTill } from './demo-ledger.ts'
import { ask, capture, openForMs, termsOf, Wallet } from './payment-by-qr.ts'
import { closeBalanced, peopleWorld, type PeopleWorld } from './people.ts'

interface Shown {
  readonly accountId: string
  readonly owner: string
  readonly currency: string
  readonly balance: string
  readonly held: string
  readonly name?: string
  readonly tier?: string | null
}

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
const said: string[] = []
let world: PeopleWorld
let till: TestTill
let saule: TestSigner
beforeAll(async () => {
  world = await peopleWorld({ path, onDidRun: (statement) => void said.push(statement) })
  till = await world.demo.till('till-1')
  saule = await world.person('saule', 'simplified', 'Person Saule')
  await world.person('timur', 'full', 'Person Timur', world.otherBank)
  await world.fund('saule', 1_000_000n)
  await world.fund('timur', 7n)
})
afterAll(() => closeBalanced(world, folder))

function plansOf(tables: RegExp): readonly string[] {
  const database = new Database(path, { readonly: true })
  const plans = said
    .filter((statement) => /^\s*select/i.test(statement) && tables.test(statement))
    .flatMap((statement) => database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { detail: string }[])
  database.close()
  return plans.map(({ detail }) => detail)
}

const balances = async (signer: TestSigner, query = '') =>
  (await signer.get(`/v1/balances${query}`)).body['balances'] as readonly Shown[]

async function pages(signer: TestSigner, limit: number): Promise<readonly Shown[]> {
  const all: Shown[] = []
  for (let after: unknown; after !== null;) {
    const { status, body } = await signer.get(
      `/v1/accounts?limit=${limit}${after === undefined ? '' : `&after=${after}`}`,
    )
    expect(status).toBe(200)
    all.push(...(body['accounts'] as Shown[]))
    after = body['cursor']
  }
  return all
}

test('what is set aside of a balance is said beside it, until it is paid, or free again', async () => {
  const [paid, left] = [termsOf(till, 300_000n), termsOf(till, 500_000n)]
  for (const terms of [paid, left]) {
    expect(await ask(till, terms)).toBe('open')
    expect(await new Wallet(saule, 'saule').pay(world.id(), terms.tenderId)).toMatchObject({ state: 'held' })
  }
  expect(await balances(saule)).toMatchObject([{ balance: '1000000', held: '800000' }])
  expect(await capture(till, paid.tenderId)).toMatchObject({ state: 'settled' })
  const after = [{ accountId: 'saule', balance: '700000', held: '500000' }]
  expect(await balances(saule)).toMatchObject(after)
  expect(await balances(world.bank, '?owner=saule')).toMatchObject(after)
  expect((await pages(world.bank, 500)).filter(({ owner }) => owner === 'saule')).toMatchObject(after)
  const watched = (await balances(world.auditor)).filter(({ held }) => held !== '0')
  expect(watched).toMatchObject([{ balance: '700000', held: '500000' }])
  expect(JSON.stringify(watched)).not.toContain('saule')
  world.demo.clock.now += openForMs + 14 * 24 * 3_600_000
  expect(await balances(saule)).toMatchObject([{ balance: '700000', held: '0' }])
})

test('a bank sees what its clients have with it, and nothing else', async () => {
  // With an account at each of two banks.
  const more = { accountId: 'saule-too', owner: 'saule', name: 'Person Saule', tier: 'anonymous' }
  expect(await world.otherBank.post('/v1/accounts/individuals', more)).toMatchObject({ status: 200 })
  expect((await balances(world.bank, '?owner=saule')).map(({ accountId }) => accountId)).toEqual(['saule'])
  expect((await balances(world.otherBank, '?owner=saule')).map(({ accountId }) => accountId)).toEqual(['saule-too'])
  const refused = await world.bank.get('/v1/balances?owner=timur')
  expect(refused).toMatchObject({ status: 403, body: { code: 'role_not_allowed' } })
  // As of somebody who is not there.
  const nobody = await world.bank.get('/v1/balances?owner=nobody')
  expect([nobody.status, nobody.body['detail']]).toEqual([refused.status, refused.body['detail']])
  expect(await world.demo.role('merchant').get('/v1/balances?owner=saule')).toMatchObject({ status: 403 })
})

test('a bank goes through the accounts that it serves, page by page, each once', async () => {
  const own = await pages(world.bank, 500)
  expect(own.length).toBeGreaterThan(6)
  expect(own.map(({ accountId }) => accountId)).toEqual(own.map(({ accountId }) => accountId).toSorted())
  for (const limit of [1, 2, own.length - 1, own.length]) expect(await pages(world.bank, limit)).toEqual(own)
  const expected = await world.demo.ports.store.read((connection) =>
    connection.selectFrom('account').select('account_id').where('bank', '=', demoBank).execute(),
  )
  expect(new Set(own.map(({ accountId }) => accountId))).toEqual(new Set(expected.map((row) => row.account_id)))
  expect(own.find(({ accountId }) => accountId === 'saule')).toMatchObject({ name: 'Person Saule', tier: 'simplified' })
  expect(own.find(({ accountId }) => accountId === 'people-fund')).toMatchObject({ tier: null, held: '0' })
  expect((await pages(world.otherBank, 500)).map(({ owner }) => owner).toSorted()).toEqual(['saule', 'timur'])
  expect(await world.auditor.get('/v1/accounts')).toMatchObject({ status: 403 })
})

test('no statement of a bank’s questions goes through all accounts', async () => {
  said.length = 0
  await pages(world.bank, 2)
  await balances(world.bank, '?owner=saule')
  expect(said.length).toBeGreaterThan(4)
  expect(plansOf(/"(account|hold)"/).filter((detail) => detail.startsWith('SCAN'))).toEqual([])
})

test('who watches all reads holds that are open, and a bank those of the accounts that it serves', async () => {
  said.length = 0
  await balances(world.auditor)
  expect(plansOf(/from "hold"/)).toEqual(['SEARCH hold USING INDEX hold_open (state=? AND expires_at>?)'])

  said.length = 0
  expect(await balances(world.bank, '?owner=saule')).toHaveLength(1)
  const asked = said.filter((statement) => /from "hold"/.test(statement))
  expect(asked.map((statement) => [statement.includes("'saule'"), statement.includes("'saule-too'")])).toEqual([
    [true, false],
  ])
})

test('a payment reads the holds of its accounts, not all that are open', async () => {
  said.length = 0
  const terms = termsOf(till, 3n)
  expect(await ask(till, terms)).toBe('open')
  expect(await new Wallet(saule, 'saule').pay(world.id(), terms.tenderId)).toMatchObject({ state: 'held' })
  expect(await capture(till, terms.tenderId)).toMatchObject({ state: 'settled' })
  const plans = plansOf(/from "hold"/).filter((detail) => /\bhold\b/.test(detail) && !detail.includes('autoindex'))
  expect(plans.length).toBeGreaterThan(2)
  expect(new Set(plans)).toEqual(new Set(['SEARCH hold USING INDEX hold_debit (debit=? AND state=? AND expires_at>?)']))
})

test('nobody waits in a transaction while people are given pseudonyms', async () => {
  said.length = 0
  const places: (string | undefined)[] = []
  const { keys } = world.demo.ports
  const { wrap } = keys
  const spy = vi.spyOn(keys, 'wrap').mockImplementation((...given) => {
    places.push(said.findLast((statement) => /^(begin|commit|rollback)/i.test(statement))?.toLowerCase())
    return wrap(...given)
  })
  expect((await balances(world.auditor)).length).toBeGreaterThan(5)
  spy.mockRestore()
  expect(places.length).toBeGreaterThan(1)
  expect(new Set(places)).toEqual(new Set(['commit']))
})
