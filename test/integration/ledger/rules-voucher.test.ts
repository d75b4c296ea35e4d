/**
 * Rules at the tills (docs/design/19-rules.md): the VAT of what vouchers pay goes to the tax authority with the payment
 * and comes back with a reversal or a refund. Method: one story a test over signed requests of a till, against figures
 * worked out by hand, and the audit after each.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, dayMs, drain, hourMs, type Decided, type TestTill } from './demo-ledger.ts'
import {
  canteenAccount,
  done,
  newYear,
  returnsIn,
  rulesWorld,
  taxAccount,
  vatRule,
  withVat,
  type RulesWorld,
  taxAndMerchant,
  spendElsewhere,
} from './rules-world.ts'

/** A lunch costs 1 150 ₸: 115 000 × 16/116 = 15 862.07. */
const lunch = 115_000n
const tax = 15_862n

let world: RulesWorld
let till: TestTill
beforeEach(async () => {
  world = await rulesWorld('voucher')
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

const sold = (pupil = 1): Decided => till.decide({ card: world.demo.card(`Pupil ${String(pupil).padStart(2, '0')}`) })
/** Lunches at other prices, and what else there is in the basket. */
function soldAs(pupil: number, lines: readonly { category?: string; unitPrice: bigint; quantity?: number }[]): Decided {
  const card = world.demo.card(`Pupil ${String(pupil).padStart(2, '0')}`)
  const leased = till.leased(card)
  const [one] = till.sale().lines
  if (leased === undefined || one === undefined) throw new Error('no slot')
  const of = lines.map((line, index) => ({ ...one, ...line, line: index + 1, unitPrice: tiyn(line.unitPrice) }))
  const input = till.input(card, { saleId: till.id(), lines: of }, leased.slot, 'offline', leased.lease)
  return till.decided(input, card, leased.lease.leaseId)
}
const balances = () => taxAndMerchant(world)
const spend = (debit: string, amount: bigint) => spendElsewhere(world, debit, amount)
const refund = async ({ terms }: { readonly terms: { readonly tenderId: string } }, part: bigint) =>
  (await till.batch(till.refund(terms.tenderId, [{ line: 1, amount: tiyn(part) }])))[0]
const shares = () => world.demo.rows('rule_share')

describe('what a voucher pays', () => {
  beforeEach(() => withVat(world))

  test('off line and on line: the tax moves in the set of the payment', async () => {
    const first = sold(1)
    expect(await till.present(first)).toMatchObject({ state: 'settled', paidBy: 'escrow', amount: lunch })
    expect(await till.authorise(till.decide({ card: world.demo.card('Pupil 02') }, 'online'))).toMatchObject({
      state: 'settled',
    })
    expect(await balances()).toEqual({ tax: 2n * tax, merchant: 2n * (lunch - tax) })
    const transfers = await world.demo.rows('transfer')
    const paid = transfers.find((transfer) => transfer['reference'] === first.terms.tenderId)
    const legs = transfers.filter((transfer) => transfer['group_id'] === paid?.['group_id'])
    expect(legs.map(({ kind, amount, credit }) => [kind, amount, credit])).toEqual([
      ['voucher-payment', lunch, canteenAccount],
      ['rule-share', tax, taxAccount],
    ])
    expect(await till.present(first)).toMatchObject({ arrival: 'exists' })
    expect(await balances()).toMatchObject({ tax: 2n * tax })
  })

  test('reversed: all of it is back, and the slot is covered', async () => {
    const decided = sold()
    const escrow = () => balanceOf(world.demo, `escrow.${decided.leaseId}`)
    const before = await escrow()
    await till.present(decided)
    expect(await till.reverse(decided.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
    expect(await escrow()).toBe(before)
  })

  test('refunded in parts: the tax of the line in proportion, and no tiyn left', async () => {
    const decided = sold()
    await till.present(decided)
    expect(await refund(decided, 40_000n)).toMatchObject({ state: 'done' })
    // 15 862 × 40 000/115 000 = 5 517.2.
    expect(await balances()).toEqual({ tax: tax - 5_517n, merchant: lunch - tax - 40_000n + 5_517n })
    await refund(decided, 30_000n)
    // 15 862 × 70 000/115 000 = 9 655.1.
    expect(await balances()).toMatchObject({ tax: tax - 9_655n })
    await refund(decided, lunch - 70_000n)
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
  })

  test('refunded after its period goes to the agency’s free account, with its tax', async () => {
    const decided = sold()
    await till.present(decided)
    world.demo.clock.now += 2 * dayMs
    const before = await balanceOf(world.demo, 'almaly-education')
    await refund(decided, lunch)
    expect((await balanceOf(world.demo, 'almaly-education')) - before).toBe(lunch)
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
  })

  test('refunded in part and then reversed: the rest of the tax', async () => {
    const decided = sold()
    await till.present(decided)
    await refund(decided, 77_777n)
    const { tenderId } = decided.terms
    await till.reverse(tenderId)
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
    expect(await returnsIn(world)).toEqual([
      ['voucher-refund', tenderId],
      ['voucher-reversal', tenderId],
    ])
  })

  test('of a merchant who is short: its tax helps, it owes the rest, and nets it from what it keeps', async () => {
    const decided = sold()
    await till.present(decided)
    await spend(canteenAccount, lunch - tax)
    await till.reverse(decided.terms.tenderId)
    expect(await world.demo.rows('merchant_debt')).toMatchObject([{ amount: lunch - tax }])
    world.audit()
    // 40 000 × 16/116 = 5 517.2.
    await till.present(soldAs(2, [{ unitPrice: 40_000n }]))
    expect(await world.demo.rows('merchant_debt')).toMatchObject([{ amount: lunch - tax - 34_483n }])
    expect(await balances()).toEqual({ tax: 5_517n, merchant: 0n })
    await till.present(sold(3))
    expect(await balances()).toEqual({ tax: tax + 5_517n, merchant: 34_483n })
  })

  test('of a tax authority that has spent it: the merchant gives all, and has it back from the next tax', async () => {
    const decided = sold()
    await till.present(decided)
    await till.present(sold(2))
    await spend(taxAccount, 2n * tax - 100n)
    await till.reverse(decided.terms.tenderId)
    expect(await balances()).toEqual({ tax: 0n, merchant: 2n * (lunch - tax) + 100n - lunch })
    world.audit()
    await till.present(sold(3))
    expect(await balances()).toEqual({ tax: 100n, merchant: 3n * (lunch - tax) + 100n - lunch + tax - 100n })
  })

  test('of two classes in one basket, spread over its lines', async () => {
    const decided = soldAs(4, [
      { unitPrice: 50_001n },
      { unitPrice: 20_000n, quantity: 3 },
      { category: 'books', unitPrice: 900n },
    ])
    expect(await till.present(decided)).toMatchObject({ state: 'settled', amount: 110_001n })
    // 110 001 × 16/116 = 15 172.55: 6 896.7 and 8 275.9.
    const [share] = await shares()
    expect(JSON.parse(String(share?.['parts']))).toEqual([
      { line: 1, taxClass: 'standard', base: '50001', share: '6897' },
      { line: 2, taxClass: 'standard', base: '60000', share: '8276' },
    ])
    expect(await balances()).toMatchObject({ tax: 15_173n })
  })

  test('is paid later, for want of the agency’s money, with its tax then', async () => {
    const decided = sold()
    world.demo.clock.now += 20 * dayMs
    await till.fetch()
    await drain(world.demo, 'scheme.school-lunch')
    expect(await till.present(decided)).toMatchObject({ state: 'awaiting_funds' })
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
    await inTransaction(world.demo.ports, (work) =>
      fundScheme(work, 'almaly-education', 'school-lunch', tiyn(200_000n), 'again'),
    )
    expect(await balances()).toEqual({ tax, merchant: lunch - tax })
  })

  test('is proved by a receipt alone: nobody knows its lines, and that is on file', async () => {
    const { terms, evidence, leaseId, decidedAt } = sold()
    const { epoch, sequence } = till.position()
    const of = { terms, leaseId, decidedAt, cardProof: evidence.cardProof, terminalId: 'till-1' }
    const text = makeReceiptPresentment({ ...of, position: { epoch, sequence } }, till.key)
    const agency = world.demo.role('agency')
    done(await agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'destroyed' }))
    expect(done(await world.merchant.post('/v1/receipt-claims', { text }))).toMatchObject({ state: 'settled' })
    expect(await balances()).toEqual({ tax: 0n, merchant: lunch })
    world.demo.clock.now += 1
    expect(done(await world.tax.get('/v1/rule-shares'))).toMatchObject({
      shares: [{ outcome: 'no_lines', amount: '0', classes: [{ taxClass: null, base: '115000', share: '0' }] }],
    })
  })
})

describe('what an agency pays beside a slot, on an appeal', () => {
  async function paidBeside(): Promise<Decided> {
    await withVat(world)
    const [first, second] = [sold(), sold()]
    await till.present(first)
    expect(await till.present(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    const agency = world.demo.role('agency')
    const { discrepancies } = done(await world.merchant.get('/v1/discrepancies'))
    const [{ discrepancyId }] = discrepancies as [{ discrepancyId: string }]
    done(await world.merchant.post('/v1/appeals', { discrepancyId, reason: 'the child ate here' }))
    const decision = { discrepancyId, verdict: 'accepted', reason: 'looked at the camera' }
    expect(done(await agency.post('/v1/appeal-decisions', decision))).toMatchObject({ paidFrom: 'agency' })
    return second
  }

  test('has its tax, and gives it back with a refund', async () => {
    const second = await paidBeside()
    expect(await balances()).toEqual({ tax: 2n * tax, merchant: 2n * (lunch - tax) })
    expect(await refund(second, 40_000n)).toMatchObject({ state: 'done' })
    expect(await balances()).toMatchObject({ tax: 2n * tax - 5_517n })
    expect(await refund(second, lunch - 40_000n)).toMatchObject({ state: 'done' })
    expect(await balances()).toEqual({ tax, merchant: lunch - tax })
  })

  test('has its tax back when the till disowns the sale', async () => {
    const second = await paidBeside()
    await refund(second, 40_000n)
    expect(await till.reverse(second.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await balances()).toEqual({ tax, merchant: lunch - tax })
  })
})

describe('the rule of the sale’s time', () => {
  test('a sale of before the assignment has none, however late it is handed over', async () => {
    const before = sold()
    world.demo.clock.now += 1
    await withVat(world)
    await till.present(before)
    expect(await balances()).toEqual({ tax: 0n, merchant: lunch })
    expect(await shares()).toEqual([])
  })

  test('a till whose clock is fast sells now: the version that begins later does not apply', async () => {
    const { clock } = world.demo
    done(await world.tax.post('/v1/rules', vatRule(1)))
    done(await world.tax.post('/v1/rules', vatRule(2, { from: clock.now + 30_000 })))
    await world.assign(world.tax, 'vat', { kind: 'vat', categories: [], otherwise: 'medicines' })
    clock.now += 60_000
    const fast = till.decide({ card: world.demo.card('Pupil 01') }, 'online')
    clock.now -= 60_000
    expect(await till.authorise(fast)).toMatchObject({ state: 'settled' })
    // 115 000 × 5/105, not 10/110.
    expect(await balances()).toMatchObject({ tax: 5_476n })
  })

  test('a sale of December has December’s rate in January', async () => {
    done(await world.tax.post('/v1/rules', vatRule(1)))
    done(await world.tax.post('/v1/rules', vatRule(2)))
    await world.assign(world.tax, 'vat', { kind: 'vat', categories: [], otherwise: 'medicines' })
    world.demo.clock.now = newYear - 10 * hourMs
    await till.fetch()
    const december = sold()
    world.demo.clock.now = newYear + 10 * hourMs
    await till.fetch()
    await till.present(december)
    // 115 000 × 5/105 = 5 476.2.
    expect(await balances()).toMatchObject({ tax: 5_476n })
    const january = sold(2)
    await till.present(january)
    // 115 000 × 10/110 = 10 454.5.
    expect(await balances()).toMatchObject({ tax: 5_476n + 10_455n })
    await till.reverse(december.terms.tenderId)
    expect(await balances()).toMatchObject({ tax: 10_455n })
  })
})
