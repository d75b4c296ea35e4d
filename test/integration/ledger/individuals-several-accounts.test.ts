/**
 * Who has accounts at two banks has the limits of one person, over the signed door: of what goes out within a day, set
 * aside or sent, and of what is held; and neither bank hears from a refusal how much there is at the other.
 *
 * Method: one ledger on disk for all, people of their own for each test; the audit looks at the end.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayMs, limitsOf, type Tier } from '../../../ledger-sim/individuals/tiers.ts'
import { limits } from '../../../ledger-sim/http/limits.ts'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { balanceOf, temporaryFolder, type TestSigner, type TestTill } from './demo-ledger.ts'
import { ask, openForMs, termsOf, Wallet } from './payment-by-qr.ts'
import { closeBalanced, peopleWorld, signerOf, type PeopleWorld } from './people.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
let world: PeopleWorld
let till: TestTill
beforeAll(async () => {
  world = await peopleWorld({ path })
  till = await world.demo.till('till-1')
  await world.person('shop', 'full')
})
afterAll(() => closeBalanced(world, folder))

const { single, daily, balance: most } = limitsOf.simplified

/** An account that is named as its owner, and one more at the other bank. */
async function twice(owner: string, tier: Tier = 'simplified'): Promise<TestSigner> {
  const person = await world.person(owner, 'simplified')
  const more = { accountId: `${owner}-too`, owner, name: `Person ${owner}`, tier }
  expect(await world.otherBank.post('/v1/accounts/individuals', more)).toMatchObject({ status: 200 })
  return person
}

function pay(by: TestSigner, payer: string, payee: string, amount: bigint): ReturnType<TestSigner['post']> {
  const to = { kind: 'account', accountId: payee }
  const terms = { transferId: world.id(), payer, to, amount: amount.toString(), purpose: '', shows: 'nothing' }
  return by.post('/v1/transfers/individual-individual', terms)
}

/** Neither what is left elsewhere, nor how well another bank knows the person. */
const together = (limit: string) => ({
  status: 409,
  body: { code: 'limit_exceeded', detail: `limit ${limit} of all accounts of the person together` },
})

test('a day’s limit is the person’s, whichever of the accounts pays', async () => {
  const person = await twice('day-1')
  await world.fund('day-1', single)
  await world.fund('day-1-too', 2n * single)
  expect(await pay(person, 'day-1', 'shop', single)).toMatchObject({ status: 200 })
  expect(await pay(person, 'day-1-too', 'shop', daily - single - 1n)).toMatchObject({ status: 200 })
  expect(await pay(person, 'day-1-too', 'shop', 2n)).toMatchObject(together('daily'))
  // To the bank of the one account nothing is said of the other.
  expect(await pay(world.otherBank, 'day-1-too', 'shop', 2n)).toMatchObject(together('daily'))
  expect(await pay(person, 'day-1-too', 'shop', 1n)).toMatchObject({ status: 200 })
  expect(await pay(person, 'day-1-too', 'shop', 1n)).toMatchObject(together('daily'))
  world.demo.clock.now += dayMs
  expect(await pay(person, 'day-1-too', 'shop', single - daily + single + 1n)).toMatchObject({ status: 200 })
})

test('what is set aside of the one account is spent for the other, until it is free again', async () => {
  const person = await twice('aside-1')
  await world.fund('aside-1', 2n * single)
  await world.fund('aside-1-too', 1n)
  for (const amount of [single, daily - single]) {
    const terms = termsOf(till, amount)
    expect(await ask(till, terms)).toBe('open')
    expect(await new Wallet(person, 'aside-1').pay(world.id(), terms.tenderId)).toMatchObject({ state: 'held' })
  }
  expect(await pay(person, 'aside-1-too', 'shop', 1n)).toMatchObject(together('daily'))
  world.demo.clock.now += openForMs + 14 * dayMs
  expect(await pay(person, 'aside-1-too', 'shop', 1n)).toMatchObject({ status: 200 })
})

test('the highest tier of the accounts bounds them together, each its own tier alone', async () => {
  const person = await twice('tier-2', 'full')
  await world.fund('tier-2', 3n * single)
  await world.fund('tier-2-too', 3n * daily)
  expect(await pay(person, 'tier-2-too', 'shop', daily)).toMatchObject({ status: 200 })
  for (const amount of [single, daily - single])
    expect(await pay(person, 'tier-2', 'shop', amount)).toMatchObject({ status: 200 })
  expect(await pay(person, 'tier-2', 'shop', 1n)).toMatchObject({
    body: { detail: `limit daily of tier simplified: at most ${daily} tiyn, 0 tiyn left` },
  })
  expect(await pay(person, 'tier-2-too', 'shop', daily)).toMatchObject({ status: 200 })
  // The bank that knew the person best knows less now: what has gone out is above the limit of all.
  const lower = { changeId: world.id(), accountId: 'tier-2-too', tier: 'simplified', acknowledgesExcess: true }
  expect(await world.otherBank.post('/v1/individual-tiers', lower)).toMatchObject({ status: 200 })
  world.demo.clock.now += dayMs
  await world.fund('tier-2', limitsOf.simplified.monthly)
  const { monthly } = limitsOf.simplified
  for (let gone = 3n * daily; gone + daily <= monthly; gone += daily) {
    for (const amount of [single, daily - single])
      expect(await pay(person, 'tier-2', 'shop', amount)).toMatchObject({ status: 200 })
    world.demo.clock.now += dayMs
  }
  expect(await pay(person, 'tier-2', 'shop', 1n)).toMatchObject(together('monthly'))
})

test('what is held is the person’s; it moves between the accounts all the same, and no more comes in', async () => {
  const person = await twice('hold-1')
  const rich = await world.person('hold-rich', 'full')
  await world.fund('hold-rich', 10n * most)
  await world.fund('hold-1', most - 5n)
  expect(await pay(rich, 'hold-rich', 'hold-1-too', 6n)).toMatchObject({
    body: { code: 'limit_exceeded', detail: 'the payee’s account cannot take this amount' },
  })
  expect(await pay(rich, 'hold-rich', 'hold-1-too', 5n)).toMatchObject({ status: 200 })
  expect(await pay(person, 'hold-1', 'hold-1-too', single)).toMatchObject({ status: 200 })
  expect(await balanceOf(world.demo, 'hold-1-too')).toBe(single + 5n)
  expect(await pay(rich, 'hold-rich', 'hold-1', 1n)).toMatchObject({ status: 409 })
  const sold = { transferId: world.id(), bank: demoBank, accountId: 'hold-rich', amount: '10' }
  expect(await world.bank.post('/v1/conversions/dt-to-non-cash/individual-bank', sold)).toMatchObject({ status: 200 })
  const cash = { transferId: world.id(), bank: demoBank, accountId: 'hold-1', amount: '1' }
  expect(await world.bank.post('/v1/cash-deposits', cash)).toMatchObject(together('balance'))
})

test('who has no money learns nothing of what a person has or spends elsewhere', async () => {
  const person = await twice('poor-1')
  await world.fund('poor-1', most)
  for (const amount of [single, daily - single])
    expect(await pay(person, 'poor-1', 'shop', amount)).toMatchObject({ status: 200 })
  await world.fund('poor-1', daily)
  // Empty, at the bank that asks, and of a person who may neither spend nor hold more.
  const { bank, demo, id } = world
  const empty = 'poor-1-third'
  const account = { accountId: empty, owner: 'poor-1', name: 'Person poor-1', tier: 'simplified' }
  expect(await bank.post('/v1/accounts/individuals', account)).toMatchObject({ status: 200 })
  const mill = { accountId: 'mill', owner: 'mill', name: 'Mill (demo)', kind: 'legal-entity' }
  expect(await bank.post('/v1/accounts/legal-entities', mill)).toMatchObject({ status: 200 })
  const terms = termsOf(till, 2n)
  expect(await ask(till, terms)).toBe('open')
  const atDesk = (path: string, amount: bigint) =>
    bank.post(path, { transferId: id(), bank: demoBank, accountId: empty, amount: amount.toString() })
  const wages = { transferId: id(), payer: 'mill', payee: empty, amount: most.toString(), purpose: 'wages' }
  const tax = { transferId: id(), payer: empty, payee: 'almaly-education', amount: '2', purpose: 'tax' }
  const line = { itemId: 'milk', category: 'milk', quantity: 1, unitPrice: '2' }
  const bought = { paymentId: id(), payer: empty, merchantId: demoCanteen, amount: '2', lines: [line] }
  const answers = [
    await (await signerOf(demo, 'legal-entity', 'mill')).post('/v1/payments/legal-entity-individual', wages),
    await atDesk('/v1/conversions/non-cash-to-dt/individual-bank', most),
    await atDesk('/v1/conversions/dt-to-non-cash/individual-bank', 2n),
    await atDesk('/v1/cash-deposits', most),
    await atDesk('/v1/cash-withdrawals', 2n),
    await pay(bank, empty, 'shop', 2n),
    await bank.post('/v1/scenarios/customer-to-government', { ...tax, paymentReference: 'T' }),
    await bank.post('/v1/payments/individual-merchant', bought),
    await bank.post('/v1/payment-requests/payments', { paymentId: id(), requestId: terms.tenderId, payer: empty }),
  ]
  for (const { status, body } of answers) expect([status, body['code']]).toEqual([409, 'insufficient_funds'])
  // By looking whom it would pay, too: a QR is not even counted.
  const looked = await bank.get(`/v1/transfers/individual-individual/payee?payer=${empty}&kind=qr&to=x`)
  expect([looked.status, looked.body['code']]).toEqual([409, 'insufficient_funds'])
})

test('a person has so many accounts at a bank, and as many at another', async () => {
  const person = await world.person('many-1')
  const max = limits.accountsPerPersonAndBankMax
  const open = (at: TestSigner, number: number) =>
    at.post('/v1/accounts/individuals', { accountId: `many-1-${number}`, owner: 'many-1', name: 'Person many-1' })
  for (let number = 2; number <= max; number += 1) expect(await open(world.bank, number)).toMatchObject({ status: 200 })
  expect(await open(world.bank, max + 1)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  // The last one again is no new one.
  expect(await open(world.bank, max)).toMatchObject({ status: 200, body: { arrival: 'exists' } })
  expect(await open(world.otherBank, max + 1)).toMatchObject({ status: 200 })
  expect((await person.get('/v1/balances')).body['balances']).toHaveLength(max + 1)
})

test('payments of one batch to both accounts count together', async () => {
  await twice('batch-1')
  await world.fund('batch-1', most - 5n)
  const agency = world.demo.role('agency')
  const payments = ['batch-1', 'batch-1-too', 'batch-1', 'batch-1-too'].map((payee, index) => {
    return { transferId: world.id(), payee, amount: index === 3 ? '2' : '3' }
  })
  const paid = await agency.post('/v1/scenarios/government-to-customer', {
    payer: 'almaly-education',
    purpose: 'allowance',
    payments,
  })
  expect(paid.status).toBe(200)
  const codes = (paid.body as { results: { code?: string }[] }).results.map(({ code }) => code)
  expect(codes).toEqual([undefined, 'limit_exceeded', 'limit_exceeded', undefined])
  expect(await balanceOf(world.demo, 'batch-1')).toBe(most - 2n)
  expect(await balanceOf(world.demo, 'batch-1-too')).toBe(2n)
})

test('a sum that is parted over both is seen by the auditor; what one moves to oneself is not', async () => {
  const person = await twice('parted-1')
  await world.fund('parted-1', 2n * single)
  await world.fund('parted-1-too', 3n * single)
  const alerts = async () => {
    const { body } = await world.auditor.get('/v1/alerts?after=0&limit=500')
    return body['alerts'] as { readonly rule: string; readonly evidence: readonly string[] }[]
  }
  const before = (await alerts()).length
  const paid: string[] = []
  const next = async (payer: string, payee: string) => {
    const { body, status } = await pay(person, payer, payee, single)
    expect(status).toBe(200)
    paid.push(String(body['transferId']))
    world.demo.clock.now += dayMs
    return (await alerts()).slice(before)
  }
  expect(await next('parted-1', 'shop')).toEqual([])
  expect(await next('parted-1-too', 'parted-1')).toEqual([])
  expect(await next('parted-1-too', 'shop')).toEqual([])
  const evidence = [paid[0], paid[2]]
  const seen = await next('parted-1', 'shop')
  expect(seen).toMatchObject([{ rule: 'just_under_limit', version: 2, evidence: [...evidence, paid[3]] }])
  // What was named with the one account is not named again with the other.
  expect(await next('parted-1-too', 'shop')).toHaveLength(1)
})

test('each payment is near the limit of its own account, whichever account pays last', async () => {
  const person = await twice('tiers-1', 'full')
  await world.fund('tiers-1', 3n * single)
  await world.fund('tiers-1-too', 20n * single)
  const count = async () =>
    ((await world.auditor.get('/v1/alerts?after=0&limit=500')).body['alerts'] as readonly unknown[]).length
  const before = await count()
  // Far below what the better known account may pay at once, and near or above what the other may.
  for (const amount of [single, 2n * single, 3n * single])
    expect(await pay(person, 'tiers-1-too', 'shop', amount)).toMatchObject({ status: 200 })
  expect(await pay(person, 'tiers-1', 'shop', 1n)).toMatchObject({ status: 200 })
  expect(await count()).toBe(before)
  for (const day of [1, 2, 3]) {
    world.demo.clock.now += dayMs
    const paid = await pay(person, 'tiers-1', 'shop', (single * 95n) / 100n)
    expect([day, paid.status]).toEqual([day, 200])
  }
  expect(await count()).toBe(before + 1)
})

test('somebody of the same name as an account is another person', async () => {
  const person = await twice('other-1')
  const other = await world.person('other-1-only')
  await world.fund('other-1', daily)
  await world.fund('other-1-only', single)
  for (const amount of [single, daily - single])
    expect(await pay(person, 'other-1', 'shop', amount)).toMatchObject({ status: 200 })
  expect(await pay(other, 'other-1-only', 'shop', single)).toMatchObject({ status: 200 })
})
