/**
 * Refunds at the ledger (money-rules.md, "Words", "Marked money"): back to the scheme's line and period, never above
 * the original, once per id, netted where the merchant is short; with the audit after each story.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoShop } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { readLedger } from '../../checker/ledger-database.ts'
import { checkTenders } from '../../checker/ledger-tenders.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  drain,
  temporaryFolder,
  p256,
  TestTill,
  type Decided,
  type DemoLedger,
} from './demo-ledger.ts'

const merchantAccount = 'merchant.school-7-canteen'
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill
let sold: Decided
let amount: bigint

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
  await till.fetch()
  sold = till.decide({ card: demo.card(demo.world.cards[0]?.label ?? '') })
  ;({ amount } = sold.terms)
  expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
    expect(demo.recovered).toEqual([])
  } finally {
    await demo.close()
    folder.remove()
  }
})

const ofLine = (part: bigint) => [{ line: 1, amount: tiyn(part) }]
const refund = async (part: bigint, refundId?: string) => {
  const [result] = await till.batch(till.refund(sold.terms.tenderId, ofLine(part), refundId))
  if (result === undefined) throw new Error('no answer')
  return result
}
const tillOfAnotherMerchant = async (): Promise<TestTill> => {
  const agency = demo.role('agency', 'almaly-education')
  await agency.post('/v1/terminals', { terminalId: 'till-9', merchantId: demoShop })
  const { body } = await agency.post('/v1/terminal-enrolment-codes', { terminalId: 'till-9' })
  const other = new TestTill(demo.ledger, demo.clock, demo.random, 'till-9', p256('till-9'))
  await other.enrol(String(body['code']))
  await other.fetch()
  return other
}
const merchantSpends = async (sum: bigint): Promise<void> => {
  const leg = { debit: merchantAccount, credit: 'almaly-education', amount: tiyn(sum), kind: 'payment' } as const
  await inTransaction(demo.ports, (work) => post(work, [leg], 'spent by the merchant'))
}

describe('a whole refund', () => {
  test('goes back into the escrow of the slot, which can be used again', async () => {
    const { leaseId } = sold
    const before = await balanceOf(demo, `escrow.${leaseId}`)
    expect(await refund(amount)).toMatchObject({ state: 'done', amount, slot: { countSpent: 0, amountSpent: 0n } })
    expect((await balanceOf(demo, `escrow.${leaseId}`)) - before).toBe(amount)
    await till.fetch()
    const again = till.decide({ card: demo.card(demo.world.cards[0]?.label ?? '') })
    expect(await till.present(again)).toMatchObject({ state: 'settled' })
  })

  test('is one refund however often it is sent, and another sum under its id is refused', async () => {
    const id = till.id()
    const before = await balanceOf(demo, merchantAccount)
    expect(await refund(amount, id)).toMatchObject({ state: 'done', arrival: 'created' })
    expect(await refund(amount, id)).toMatchObject({ state: 'done', arrival: 'exists', amount })
    expect(await refund(1n, id)).toMatchObject({ arrival: 'exists_with_different_amount', state: 'done', amount })
    expect(before - (await balanceOf(demo, merchantAccount))).toBe(amount)
  })

  test('when the period is over goes to the agency’s free account, and the allowance stays used', async () => {
    demo.clock.now += 2 * dayMs
    const before = await balanceOf(demo, 'almaly-education')
    expect(await refund(amount)).toMatchObject({ state: 'done', slot: { countSpent: 1 } })
    expect((await balanceOf(demo, 'almaly-education')) - before).toBe(amount)
  })

  test('of a sale that another sale had been refused for lets that one be paid', async () => {
    const second = till.decide({ card: demo.card(demo.world.cards[0]?.label ?? '') })
    expect(await till.present(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    expect(await refund(amount)).toMatchObject({ state: 'done' })
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'settled' })
  })
})

describe('refunds in part', () => {
  test('add up to the original and no tiyn more', async () => {
    expect(await refund(40_000n)).toMatchObject({
      state: 'done',
      slot: { countSpent: 1, amountSpent: amount - 40_000n },
    })
    expect(await refund(amount)).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL', amount: 0n })
    expect(await refund(amount - 40_000n)).toMatchObject({ state: 'done', slot: { countSpent: 0, amountSpent: 0n } })
    expect(await refund(1n)).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL' })
  })

  test('of a line that the tender did not pay, or whose lines do not add up, are refused', async () => {
    const { tenderId } = sold.terms
    const otherLine = till.refund(tenderId, [{ line: 2, amount: tiyn(1n) }])
    const wrongSum = { ...till.refund(tenderId, ofLine(5n)), amount: tiyn(6n) }
    for (const result of await till.batch(otherLine, wrongSum))
      expect(result).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL' })
  })

  test('never give back more of a line than was paid of it, also where the line is named twice', async () => {
    const card = demo.card(demo.world.cards.find(({ label }) => till.leased(demo.card(label)))?.label ?? '')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('no slot')
    const one = till.sale('school-lunch').lines[0]
    if (one === undefined) throw new Error('no line')
    const cheap = { ...one, unitPrice: tiyn(40_000n) }
    const sale = { saleId: till.id(), lines: [cheap, { ...cheap, line: 2 }] }
    await till.reverse(sold.terms.tenderId)
    const both = till.decided(till.input(card, sale, leased.slot, 'offline', leased.lease), card, leased.lease.leaseId)
    expect(await till.present(both)).toMatchObject({ state: 'settled', amount: 80_000n })
    const half = { line: 1, amount: tiyn(30_000n) }
    const [twice, once] = await till.batch(
      till.refund(both.terms.tenderId, [half, half]),
      till.refund(both.terms.tenderId, [half]),
    )
    expect(twice).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(once).toMatchObject({ state: 'done', amount: 30_000n })
  })

  test('after the period, and then the whole sale reversed: the escrow covers its slots all the same', async () => {
    demo.clock.now += 2 * dayMs
    expect(await refund(40_000n)).toMatchObject({ state: 'done' })
    const before = await balanceOf(demo, merchantAccount)
    expect(await till.reverse(sold.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(before - (await balanceOf(demo, merchantAccount))).toBe(amount - 40_000n)
  })

  test('and then the whole sale reversed: only the rest goes back', async () => {
    await refund(40_000n)
    const before = await balanceOf(demo, merchantAccount)
    expect(await till.reverse(sold.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(before - (await balanceOf(demo, merchantAccount))).toBe(amount - 40_000n)
    expect(await refund(1n)).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_NOT_PAID' })
  })
})

describe('a merchant who is short', () => {
  test('owes the rest, which the next payment nets; the slot is covered at once', async () => {
    await merchantSpends(amount - 10n)
    expect(await refund(amount)).toMatchObject({ state: 'done', slot: { countSpent: 0 } })
    expect(await demo.rows('merchant_debt')).toMatchObject([{ amount: amount - 10n }])
    const next = till.decide({ card: demo.card(demo.world.cards[1]?.label ?? '') })
    expect(await till.present(next)).toMatchObject({ state: 'settled' })
    expect(await demo.rows('merchant_debt')).toMatchObject([{ amount: 0n }])
    expect(await balanceOf(demo, merchantAccount)).toBe(next.terms.amount - (amount - 10n))
  })

  test('twice, once for a refund under a tender’s id of another till: two debts, each paid', async () => {
    const card = (index: number) => demo.card(demo.world.cards[index]?.label ?? '')
    const second = till.decide({ card: card(1) })
    expect(await till.present(second)).toMatchObject({ state: 'settled' })
    const other = await demo.till('till-2')
    await other.fetch()
    const taken = sold.terms.tenderId
    await merchantSpends(amount + second.terms.amount - 30n)
    const [refunded] = await other.batch(other.refund(second.terms.tenderId, ofLine(second.terms.amount), taken))
    expect(refunded).toMatchObject({ state: 'done' })
    expect(await till.reverse(taken)).toMatchObject({ state: 'reversed' })
    const debts = async () =>
      (await demo.rows('merchant_debt')).map(({ kind, reference, amount: owed }) => [kind, reference, owed])
    expect(await debts()).toEqual([
      ['refund', taken, second.terms.amount - 30n],
      ['reversal', taken, amount],
    ])
    await till.fetch()
    for (const index of [2, 3])
      expect(await till.present(till.decide({ card: card(index) }))).toMatchObject({ state: 'settled' })
    expect(await debts()).toEqual([
      ['refund', taken, 0n],
      ['reversal', taken, 0n],
    ])
    expect(checkTenders(readLedger(folder.path)).faults).toEqual([])
  })

  test('and whose agency is dry too is told so, and nothing moves', async () => {
    await merchantSpends(amount)
    await drain(demo, 'scheme.school-lunch')
    expect(await refund(amount)).toMatchObject({ state: 'refused', refusal: 'INSUFFICIENT_FUNDS' })
    expect(await balanceOf(demo, merchantAccount)).toBe(0n)
  })
})

describe('there is nothing to refund', () => {
  test('out of a forked journal files nothing about another till’s sale, whose own loss it would hide', async () => {
    const other = await tillOfAnotherMerchant()
    const place = other.position()
    const { tenderId } = sold.terms
    await other.batch(other.refund(tenderId, ofLine(1n), other.id(), place))
    const forked = other.refund(tenderId, ofLine(1n), other.id(), { ...place, hash: 'f'.repeat(64) })
    expect(await other.batch(forked)).toMatchObject([{ state: 'refused', refusal: 'REFUND_ORIGINAL_UNKNOWN' }])
    expect(await demo.rows('discrepancy')).toMatchObject([
      { code: 'CHAIN_BROKEN', terminal_id: 'till-9', tender_id: null },
    ])
  })

  test('of a sale that nobody knows, of another merchant’s, of one that was not paid', async () => {
    const [unknown] = await till.batch(till.refund(till.id(), ofLine(1n)))
    expect(unknown).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_UNKNOWN', slot: null })
    const other = await tillOfAnotherMerchant()
    const [foreign] = await other.batch(other.refund(sold.terms.tenderId, ofLine(1n)))
    expect(foreign).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_UNKNOWN', slot: null })
    await till.reverse(sold.terms.tenderId)
    expect(await refund(1n)).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_NOT_PAID' })
  })

  test('an id belongs to the terminal that used it first', async () => {
    const id = till.id()
    await refund(1n, id)
    const other = await demo.till('till-2')
    await other.fetch()
    const [answer] = await other.batch(other.refund(sold.terms.tenderId, ofLine(1n), id))
    expect(answer).toMatchObject({ state: 'refused', refusal: 'EXISTS_WITH_DIFFERENT_TERMS' })
  })
})
