/**
 * Who has accounts at two banks has the limits of one person, over the signed door: of what goes out within a day, set
 * aside or sent, and of what is held; and neither bank hears from a refusal how much there is at the other.
 *
 * Method: one ledger on disk for all, people of their own for each test; the audit looks at the end.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { dayMs, limitsOf, type Tier } from '../../../ledger-sim/individuals/tiers.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { balanceOf, temporaryFolder, type TestSigner, type TestTill } from './demo-ledger.ts'
import { ask, openForMs, termsOf, Wallet } from './payment-by-qr.ts'
import { peopleWorld, type PeopleWorld } from './people.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
let world: PeopleWorld
let till: TestTill
beforeAll(async () => {
  world = await peopleWorld({ path })
  till = await world.demo.till('till-1')
  await world.person('shop', 'full')
})
afterAll(async () => {
  try {
    const report = auditFile(path)
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await world.demo.close()
    folder.remove()
  }
})

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

const together = (limit: string, max: bigint, tier: Tier = 'simplified') => ({
  status: 409,
  body: {
    code: 'limit_exceeded',
    detail: `limit ${limit} of tier ${tier}, for all accounts of the person together: at most ${max} tiyn`,
  },
})

test('a day’s limit is the person’s, whichever of the accounts pays', async () => {
  const person = await twice('day-1')
  await world.fund('day-1', single)
  await world.fund('day-1-too', 2n * single)
  expect(await pay(person, 'day-1', 'shop', single)).toMatchObject({ status: 200 })
  expect(await pay(person, 'day-1-too', 'shop', daily - single - 1n)).toMatchObject({ status: 200 })
  expect(await pay(person, 'day-1-too', 'shop', 2n)).toMatchObject(together('daily', daily))
  // To the bank of the one account nothing is said of the other.
  expect(await pay(world.otherBank, 'day-1-too', 'shop', 2n)).toMatchObject(together('daily', daily))
  expect(await pay(person, 'day-1-too', 'shop', 1n)).toMatchObject({ status: 200 })
  expect(await pay(person, 'day-1-too', 'shop', 1n)).toMatchObject(together('daily', daily))
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
  expect(await pay(person, 'aside-1-too', 'shop', 1n)).toMatchObject(together('daily', daily))
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
  expect(await pay(person, 'tier-2', 'shop', 1n)).toMatchObject(together('monthly', monthly))
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
  const cash = { transferId: world.id(), bank: demoBank, accountId: 'hold-1', amount: '1' }
  expect(await world.bank.post('/v1/cash-deposits', cash)).toMatchObject(together('balance', most))
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

test('somebody of the same name as an account is another person', async () => {
  const person = await twice('other-1')
  const other = await world.person('other-1-only')
  await world.fund('other-1', daily)
  await world.fund('other-1-only', single)
  for (const amount of [single, daily - single])
    expect(await pay(person, 'other-1', 'shop', amount)).toMatchObject({ status: 200 })
  expect(await pay(other, 'other-1-only', 'shop', single)).toMatchObject({ status: 200 })
})
