/**
 * One id for several things (docs/design/19-rules.md, "Applied"): whoever sees the id of a tender or of a discrepancy
 * can pay directly under it, and nobody loses a sale, a share or a tax by that. Method: one story a test over signed
 * requests, figures worked out by hand, and the audit after each; the independent checker too where it knows the story:
 * of appeals, and of a refund under its tender's id, it does not.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { checkBooks } from '../../checker/ledger-books.ts'
import { readLedger } from '../../checker/ledger-database.ts'
import { checkTenders } from '../../checker/ledger-tenders.ts'
import { type Decided, type TestTill } from './demo-ledger.ts'
import { ask, capture, termsOf, Wallet } from './payment-by-qr.ts'
import { bought, done, rulesWorld, withVat, type RulesWorld, taxAndMerchant } from './rules-world.ts'

/** 115 000 × 16/116 = 15 862.07. */
const lunch = 115_000n
const tax = 15_862n
const path = '/v1/payments/individual-merchant'

let world: RulesWorld
let till: TestTill
beforeEach(async () => {
  world = await rulesWorld('one id')
  await withVat(world)
  till = await world.demo.till('till-1')
  await till.fetch()
})
afterEach(async () => {
  try {
    expect(world.demo.recovered).toEqual([])
    world.audit()
  } finally {
    await world.close()
  }
})

const checked = () => {
  const books = readLedger(world.folder)
  return [...checkBooks(books).faults, ...checkTenders(books).faults]
}
const sold = (): Decided => till.decide({ card: world.demo.card('Pupil 01') })
const refund = async (tenderId: string, part: bigint, refundId = till.id()) =>
  (await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(part) }], refundId)))[0]
const balances = () => taxAndMerchant(world)
/** One tiyn under an id, at a merchant without rules. */
const payElsewhere = async (paymentId: string) =>
  done(
    await world.customer.post(path, {
      paymentId,
      payer: 'individual-1',
      merchantId: 'kokbazar-shop',
      amount: '1',
      lines: [bought('food', 1n)],
    }),
  )
const givenBackElsewhere = async (paymentId: string) => {
  const shop = world.demo.role('merchant', 'kokbazar-shop')
  done(await shop.post(`${path}/refunds`, { refundId: world.id(), paymentId, amount: '1' }))
}

test('a tiyn is paid under the id of a QR, and then the QR: the till captures it, and others beside it', async () => {
  const wallet = new Wallet(world.customer, 'individual-1')
  const [first, other] = [termsOf(till, 50_000n), termsOf(till, 20_000n)]
  for (const terms of [first, other]) await ask(till, terms)
  done(await world.pay([bought('food', 1n)], first.tenderId))
  for (const terms of [first, other])
    expect(await wallet.pay(world.id(), terms.tenderId)).toMatchObject({ state: 'held' })
  const results = await till.batch(till.capture(first.tenderId), till.capture(other.tenderId))
  expect(results).toMatchObject([{ state: 'settled' }, { state: 'settled' }])
  expect(await capture(till, first.tenderId)).toMatchObject({ state: 'settled', arrival: 'exists' })
  expect(await balances()).toEqual({ tax: 0n, merchant: 70_001n })
  const shares = await world.demo.rows('rule_share')
  expect(shares.filter((share) => share['payment_id'] === first.tenderId).length).toBe(2)
  world.demo.clock.now += 1
  const { shares: listed } = done(await world.tax.get('/v1/rule-shares'))
  const ofOne = (listed as { paidAs: string; paymentId: string }[]).filter((one) => one.paymentId === first.tenderId)
  expect(ofOne.map(({ paidAs }) => paidAs).toSorted()).toEqual(['direct', 'tender'])
  expect(await till.reverse(first.tenderId)).toMatchObject({ state: 'reversed' })
  done(await world.refund(first.tenderId, 1n))
  expect(await balances()).toEqual({ tax: 0n, merchant: 20_000n })
  expect(checked()).toEqual([])
})

test('a payment under the id of a voucher’s tender goes back elsewhere: the tender’s tax stays', async () => {
  const { tenderId } = (await presented()).terms
  await payElsewhere(tenderId)
  await givenBackElsewhere(tenderId)
  expect(await balances()).toEqual({ tax, merchant: lunch - tax })
  const { body } = await world.customer.get(`${path}?paymentId=${tenderId}`)
  expect(body).toMatchObject({ amount: '1', refunded: '1', tax: [], taxReturned: '0' })
  // What is due with the tender's own refund is still there to come.
  expect(await refund(tenderId, lunch)).toMatchObject({ state: 'done' })
  expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
  expect(checked()).toEqual([])
})

test('a payment under the id of a discrepancy: the appeal has a tax of its own, and gives it back', async () => {
  await presented()
  const second = sold()
  expect(await till.present(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  const { discrepancies } = done(await world.merchant.get('/v1/discrepancies'))
  const [{ discrepancyId }] = discrepancies as [{ discrepancyId: string }]
  // 1 160 × 16/116.
  done(await world.pay([bought('food', 1_160n)], discrepancyId))
  done(await world.merchant.post('/v1/appeals', { discrepancyId, reason: 'the child ate here' }))
  const decision = { discrepancyId, verdict: 'accepted', reason: 'looked at the camera' }
  const agency = world.demo.role('agency')
  expect(done(await agency.post('/v1/appeal-decisions', decision))).toMatchObject({ paidFrom: 'agency' })
  expect(await balances()).toEqual({ tax: 2n * tax + 160n, merchant: 2n * (lunch - tax) + 1_000n })
  done(await world.refund(discrepancyId, 1_160n))
  expect(await balances()).toEqual({ tax: 2n * tax, merchant: 2n * (lunch - tax) })
  expect(await till.reverse(second.terms.tenderId)).toMatchObject({ state: 'reversed' })
  expect(await balances()).toEqual({ tax, merchant: lunch - tax })
})

test('a refund under the id of its tender leaves the tender to be undone', async () => {
  const { tenderId } = (await presented()).terms
  expect(await refund(tenderId, 40_000n, tenderId)).toMatchObject({ state: 'done' })
  expect(await till.reverse(tenderId)).toMatchObject({ state: 'reversed' })
  expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
})

async function presented(): Promise<Decided> {
  const first = sold()
  expect(await till.present(first)).toMatchObject({ state: 'settled' })
  return first
}
