/**
 * Rules on payments by QR (docs/design/19-rules.md, "A payment by QR"): the capture shows the lines, and their VAT
 * moves with the payment; what does not fit is no evidence, and the money moves all the same. Method: one story a test
 * over signed requests of a till and a wallet, against figures worked out by hand, with the audit after each.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { heldAfterExpiryMs } from '../../../ledger-sim/payments/payment-requests.ts'
import type { Capture, PaymentRequestTerms } from '../../../src/sync/protocol/messages.ts'
import { tiyn, tiynMax } from '../../../src/voucher/money.ts'
import type { Sale } from '../../../src/voucher/sale.ts'
import { checkBooks } from '../../checker/ledger-books.ts'
import { readLedger } from '../../checker/ledger-database.ts'
import { checkTenders } from '../../checker/ledger-tenders.ts'
import { balanceOf, hourMs, type TestTill } from './demo-ledger.ts'
import { ask, capture, partsOf, saleOf, termsOf, termsOfSale, Wallet } from './payment-by-qr.ts'
import {
  canteenAccount,
  done,
  newYear,
  rulesWorld,
  taxAccount,
  withCashback,
  withVat,
  type RulesWorld,
  taxAndMerchant,
  spendElsewhere,
  returnsIn,
} from './rules-world.ts'

const minuteMs = 60_000

let world: RulesWorld
let till: TestTill
let wallet: Wallet
beforeEach(async () => {
  world = await rulesWorld('qr')
  till = await world.demo.till('till-1')
  await till.fetch()
  wallet = new Wallet(world.customer, 'individual-1')
})
afterEach(async () => {
  try {
    expect(world.demo.recovered).toEqual([])
    world.audit()
    const books = readLedger(world.folder)
    expect([...checkBooks(books).faults, ...checkTenders(books).faults]).toEqual([])
  } finally {
    await world.close()
  }
})

const customer = () => balanceOf(world.demo, 'individual-1')
const balances = () => taxAndMerchant(world)
const spend = (debit: string, amount: bigint) => spendElsewhere(world, debit, amount)
const refund = async (tenderId: string, ...amounts: readonly bigint[]) =>
  (await till.batch(till.refund(tenderId, partsOf(...amounts))))[0]
const shares = () => world.demo.rows('rule_share')
const partsOfShare = async (): Promise<unknown> => JSON.parse(String((await shares())[0]?.['parts']))

async function held(terms: PaymentRequestTerms): Promise<void> {
  expect(await ask(till, terms)).toBe('open')
  expect(await wallet.pay(world.id(), terms.tenderId)).toMatchObject({ state: 'held' })
}
const soldOf = (sale: Sale, ...amounts: readonly bigint[]): NonNullable<Capture['sold']> => {
  return { at: till.clock.now, sale, paid: partsOf(...amounts) }
}
/** A sale that a QR pays wholly or in these parts, held by its wallet. */
async function heldSale(sale: Sale, ...amounts: readonly bigint[]) {
  const terms = termsOfSale(
    till,
    sale,
    amounts.reduce((sum, part) => sum + part, 0n),
  )
  await held(terms)
  return { ...terms, sold: soldOf(sale, ...amounts) }
}

/** 16 % of 116 000 is 16 000 of it, 5 % of 21 000 is 1 000, books are free. */
const basket = () =>
  saleOf(till, [
    { category: 'drinks', unitPrice: 58_000n, quantity: 2 },
    { category: 'medicines', unitPrice: 21_000n },
    { category: 'books', unitPrice: 13_000n },
  ])
const all = [116_000n, 21_000n, 13_000n] as const
const tax = 17_000n

describe('a QR whose capture shows its lines', () => {
  beforeEach(() => withVat(world))

  test('pays their tax in the set of the payment, once, and the tax authority sees of what', async () => {
    const { tenderId, sold } = await heldSale(basket(), ...all)
    expect(await capture(till, tenderId, sold)).toMatchObject({ state: 'settled', arrival: 'created' })
    expect(await balances()).toEqual({ tax, merchant: 150_000n - tax })
    expect(await customer()).toBe(5_000_000n - 150_000n)
    const transfers = await world.demo.rows('transfer')
    const paid = transfers.find((transfer) => transfer['reference'] === tenderId)
    const legs = transfers.filter((transfer) => transfer['group_id'] === paid?.['group_id'])
    expect(legs.map(({ kind, amount, credit }) => [kind, amount, credit])).toEqual([
      ['hold-post', 150_000n, canteenAccount],
      ['rule-share', tax, taxAccount],
    ])
    expect(await partsOfShare()).toEqual([
      { line: 1, taxClass: 'standard', base: '116000', share: '16000' },
      { line: 2, taxClass: 'medicines', base: '21000', share: '1000' },
      { line: 3, taxClass: 'free', base: '13000', share: '0' },
    ])
    world.demo.clock.now += 1
    expect(await capture(till, tenderId, sold)).toMatchObject({ state: 'settled', arrival: 'exists' })
    expect(await balances()).toMatchObject({ tax })
    expect(done(await world.tax.get('/v1/rule-shares'))['shares']).toMatchObject([
      { paidAs: 'tender', paymentId: tenderId, outcome: 'split', amount: String(tax) },
    ])
  })

  test('that pays a part of each line is taxed by its parts', async () => {
    // 11 600 × 16/116 and 10 501 × 5/105 = 500.05.
    const { tenderId, sold } = await heldSale(basket(), 11_600n, 10_501n)
    await capture(till, tenderId, sold)
    expect(await balances()).toMatchObject({ tax: 1_600n + 500n })
  })

  test('refunded by line: its tax in proportion, never above what was paid of it, and no tiyn left', async () => {
    const { tenderId, sold } = await heldSale(basket(), ...all)
    await capture(till, tenderId, sold)
    expect(await refund(tenderId, 33_333n)).toMatchObject({ state: 'done' })
    // 16 000 × 33 333/116 000 = 4 597.7.
    expect(await balances()).toEqual({ tax: tax - 4_598n, merchant: 150_000n - 33_333n - tax + 4_598n })
    expect(await refund(tenderId, 0n, 21_001n)).toMatchObject({ refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(await refund(tenderId, 0n, 0n, 0n, 1n)).toMatchObject({ refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(await refund(tenderId, 0n, 21_000n, 13_000n)).toMatchObject({ state: 'done' })
    expect(await balances()).toMatchObject({ tax: 16_000n - 4_598n })
    expect(await refund(tenderId, 82_667n)).toMatchObject({ state: 'done' })
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
    expect(await customer()).toBe(5_000_000n)
  })

  test('refunded in part and then reversed: the rest of the tax, and of a merchant who is short it helps', async () => {
    const { tenderId, sold } = await heldSale(basket(), ...all)
    await capture(till, tenderId, sold)
    await refund(tenderId, 10_001n, 5_003n, 7n)
    await spend(canteenAccount, (await balances()).merchant)
    expect(await till.reverse(tenderId)).toMatchObject({ state: 'reversed' })
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
    const [debt] = await world.demo.rows('merchant_debt')
    expect((await customer()) + (debt?.['amount'] as bigint)).toBe(5_000_000n)
    expect(await returnsIn(world)).toEqual([
      ['payment-refund', tenderId],
      ['payment-reversal', tenderId],
    ])
  })

  test('beside a voucher: each is taxed by its own part of the lines', async () => {
    const card = world.demo.card('Pupil 01')
    const { slot, lease } = till.leased(card) ?? {}
    const [lunch] = till.sale().lines
    if (slot === undefined || lunch === undefined) throw new Error('no slot')
    const { saleId, lines } = basket()
    const sale = { saleId, lines: [lunch, ...lines.map((line) => ({ ...line, line: line.line + 1 }))] }
    const decided = till.decided(till.input(card, sale, slot, 'offline', lease), card, lease?.leaseId ?? '')
    await till.present(decided)
    const { tenderId, sold } = await heldSale(sale, 0n, ...all)
    await capture(till, tenderId, sold)
    // 115 000 × 16/116 = 15 862.07.
    expect((await shares()).map(({ amount }) => amount)).toEqual([15_862n, tax])
  })

  test('a second one of the same sale is taxed by what the first has left', async () => {
    const sale = basket()
    const first = await heldSale(sale, 58_000n, 21_000n)
    await capture(till, first.tenderId, first.sold)
    const second = await heldSale(sale, 58_000n, 0n, 13_000n)
    await capture(till, second.tenderId, second.sold)
    expect((await shares()).map(({ amount }) => amount)).toEqual([9_000n, 8_000n])
  })
})

describe('what does not fit is no evidence: paid, without tax, and on file', () => {
  type Told = readonly [sale: Sale, asked: bigint, sold: Capture['sold']]
  const twice = (sale: Sale): Sale => ({ ...sale, lines: sale.lines.map((line) => ({ ...line, line: 1 })) })
  const dear = (sale: Sale): Sale => {
    return { ...sale, lines: sale.lines.map((line) => ({ ...line, quantity: 9_999, unitPrice: tiyn(tiynMax) })) }
  }
  const misfits: readonly (readonly [what: string, told: (sale: Sale) => Told])[] = [
    ['an older till shows nothing', (sale) => [sale, 150_000n, undefined]],
    ['another sale', (sale) => [sale, 150_000n, soldOf(basket(), ...all)]],
    [
      'the same goods in other classes',
      (sale) => {
        const free = sale.lines.map((line) => ({ ...line, category: 'books' }))
        return [sale, 150_000n, soldOf({ ...sale, lines: free }, ...all)]
      },
    ],
    ['parts of less than the amount', (sale) => [sale, 150_000n, soldOf(sale, 116_000n, 21_000n, 12_999n)]],
    ['parts of more than the amount', (sale) => [sale, 149_999n, soldOf(sale, ...all)]],
    ['more of a line than it cost', (sale) => [sale, 150_000n, soldOf(sale, 116_000n, 20_999n, 13_001n)]],
    ['a line that is not there', (sale) => [sale, 150_000n, soldOf(sale, 116_000n, 21_000n, 0n, 13_000n)]],
    [
      'a line named twice',
      (sale) => {
        const { at, paid } = soldOf(sale, 116_000n)
        return [sale, 116_002n, { at, sale, paid: [...paid, ...partsOf(1n), ...partsOf(1n)] }]
      },
    ],
    ['a sale that has a line twice', (sale) => [twice(sale), 13_000n, soldOf(twice(sale), 13_000n)]],
    ['sums that are no amount', (sale) => [dear(sale), 1n, soldOf(dear(sale), tiynMax, tiynMax)]],
  ]
  test.each(misfits)('%s', async (_what, told) => {
    await withVat(world)
    const [sale, asked, sold] = told(basket())
    const terms = termsOfSale(till, sale, asked)
    await held(terms)
    expect(await capture(till, terms.tenderId, sold)).toMatchObject({ state: 'settled', amount: asked })
    expect(await balances()).toEqual({ tax: 0n, merchant: asked })
    world.demo.clock.now += 1
    expect(done(await world.tax.get('/v1/rule-shares'))['shares']).toMatchObject([
      { outcome: 'no_lines', amount: '0', classes: [{ taxClass: null, base: String(asked), share: '0' }] },
    ])
    // What was paid is known, of which lines is not.
    expect(await refund(terms.tenderId, asked)).toMatchObject({ state: 'done' })
  })

  test('a line that a voucher of the same sale has paid, and one that another QR has', async () => {
    await withVat(world)
    const card = world.demo.card('Pupil 01')
    const { slot, lease } = till.leased(card) ?? {}
    const [lunch] = till.sale('school-lunch', 2).lines
    if (slot === undefined || lunch === undefined) throw new Error('no slot')
    const sale = { saleId: till.id(), lines: [lunch] }
    const decided = till.decided(till.input(card, sale, slot, 'offline', lease), card, lease?.leaseId ?? '')
    expect(await till.present(decided)).toMatchObject({ state: 'settled', amount: 120_000n })
    const first = await heldSale(sale, 110_001n)
    await capture(till, first.tenderId, first.sold)
    const second = await heldSale(sale, 110_000n)
    await capture(till, second.tenderId, second.sold)
    const third = await heldSale(sale, 1n)
    await capture(till, third.tenderId, third.sold)
    expect((await shares()).map(({ outcome }) => outcome)).toEqual(['split', 'no_lines', 'split', 'no_lines'])
    await till.reverse(decided.terms.tenderId)
    // Its part is to be paid again.
    const fourth = await heldSale(sale, 120_000n)
    await capture(till, fourth.tenderId, fourth.sold)
    expect((await shares()).map(({ outcome }) => outcome)).toEqual(['split', 'no_lines', 'split', 'no_lines', 'split'])
  })

  test('a capture that moved nothing has said nothing: the one that takes the money counts', async () => {
    await withVat(world)
    const sale = basket()
    const terms = termsOfSale(till, sale, 13_000n)
    expect(await ask(till, terms)).toBe('open')
    const early = await capture(till, terms.tenderId, soldOf(sale, 0n, 0n, 13_000n))
    expect(early).toMatchObject({ refusal: 'INSUFFICIENT_FUNDS' })
    await wallet.pay(world.id(), terms.tenderId)
    // 13 000 × 16/116 = 1 793.1.
    await capture(till, terms.tenderId, soldOf(sale, 13_000n))
    await capture(till, terms.tenderId, soldOf(sale, 0n, 0n, 13_000n))
    expect(await balances()).toMatchObject({ tax: 1_793n })
    expect(await refund(terms.tenderId, 0n, 0n, 1n)).toMatchObject({ refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(await refund(terms.tenderId, 13_000n)).toMatchObject({ state: 'done' })
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
  })

  test('what cannot be read is refused by name, and the others of the queue go on', async () => {
    await withVat(world)
    const { tenderId, sold } = await heldSale(basket(), ...all)
    const unreadable = till.capture(tenderId, { ...sold, paid: [] })
    const { status, body } = await till.post('/v1/terminal/batches', { items: [unreadable] })
    expect([status, body['code']]).toEqual([422, 'schema_mismatch'])
    expect(await capture(till, tenderId, sold)).toMatchObject({ state: 'settled' })
  })

  test('its hold has ended: nobody pays, and there is no tax', async () => {
    await withVat(world)
    const { tenderId, sold } = await heldSale(basket(), ...all)
    world.demo.clock.now += heldAfterExpiryMs + hourMs
    expect(await capture(till, tenderId, sold)).toMatchObject({ state: 'not_paid', loss: 'HOLD_ENDED' })
    expect([await shares(), await customer()]).toEqual([[], 5_000_000n])
  })

  test('where no rule is in force its lines are known all the same, for what goes back', async () => {
    const { tenderId, sold } = await heldSale(basket(), ...all)
    await capture(till, tenderId, sold)
    expect(await shares()).toEqual([])
    expect(await refund(tenderId, 0n, 21_001n)).toMatchObject({ refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(await refund(tenderId, ...all)).toMatchObject({ state: 'done' })
  })
})

describe('the sale’s time', () => {
  const medicine = () => saleOf(till, [{ category: 'medicines', unitPrice: 115_500n }])
  /** Of 115 500 with 5 % and with 10 % in it. */
  const [december, january] = [5_500n, 10_500n]
  beforeEach(async () => {
    await withVat(world)
    world.demo.clock.now = newYear - minuteMs
  })

  test('is when its till closed it, however late that is handed over', async () => {
    const { tenderId, sold } = await heldSale(medicine(), 115_500n)
    world.demo.clock.now = newYear + 10 * 24 * hourMs
    await capture(till, tenderId, sold)
    expect(await balances()).toMatchObject({ tax: december })
    expect(await shares()).toMatchObject([{ sale_at: BigInt(newYear - minuteMs), rule_version: 1n }])
    await till.reverse(tenderId)
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n })
  })

  test('is never before its wallet has paid, whatever the till’s clock says', async () => {
    const sale = medicine()
    const terms = termsOfSale(till, sale, 115_500n)
    await ask(till, terms)
    world.demo.clock.now = newYear + minuteMs
    await wallet.pay(world.id(), terms.tenderId)
    await capture(till, terms.tenderId, { ...soldOf(sale, 115_500n), at: newYear - minuteMs })
    expect(await balances()).toMatchObject({ tax: january })
  })

  test('is never after now', async () => {
    const { tenderId, sold } = await heldSale(medicine(), 115_500n)
    await capture(till, tenderId, { ...sold, at: newYear + hourMs })
    expect(await balances()).toMatchObject({ tax: december })
  })

  test('is when it is captured where the till does not say', async () => {
    const terms = termsOf(till, 115_500n)
    await held(terms)
    world.demo.clock.now = newYear + minuteMs
    await capture(till, terms.tenderId)
    expect(await shares()).toMatchObject([
      { outcome: 'no_lines', rule_version: 2n, sale_at: BigInt(newYear + minuteMs) },
    ])
  })
})

test('a sale of before the assignment has no tax, however late it is captured', async () => {
  const { tenderId, sold } = await heldSale(basket(), ...all)
  world.demo.clock.now += minuteMs
  await withVat(world)
  await capture(till, tenderId, sold)
  expect([await shares(), await balances()]).toEqual([[], { tax: 0n, merchant: 150_000n }])
})

describe('a cashback', () => {
  test('needs no lines, and is taken back with a refund', async () => {
    await withVat(world)
    await withCashback(world)
    const terms = termsOf(till, 100_000n)
    await ask(till, terms)
    expect(await wallet.pay(world.id(), terms.tenderId)).toMatchObject({ state: 'held' })
    expect(await customer()).toBe(5_000_000n)
    expect(await capture(till, terms.tenderId)).toMatchObject({ state: 'settled' })
    expect(await balances()).toEqual({ tax: 0n, merchant: 100_000n })
    expect(await customer()).toBe(5_000_000n - 100_000n + 3_000n)
    expect((await shares()).map(({ outcome, amount }) => [outcome, amount]).toSorted()).toEqual([
      ['no_lines', 0n],
      ['split', 3_000n],
    ])
    expect(await refund(terms.tenderId, 33_333n)).toMatchObject({ state: 'done' })
    expect(await customer()).toBe(5_000_000n - 66_667n + 2_000n)
    expect(await till.reverse(terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await customer()).toBe(5_000_000n)
    expect(await balanceOf(world.demo, 'dala-bank')).toBe(10_000_000n)
  })

  test('of merchant and customer without money: the customer owes the bank, its next cashback pays', async () => {
    await withCashback(world)
    const terms = termsOf(till, 100_000n)
    await ask(till, terms)
    await wallet.pay(world.id(), terms.tenderId)
    await capture(till, terms.tenderId)
    await spend(canteenAccount, 99_000n)
    await spend('individual-1', 4_903_000n)
    await till.reverse(terms.tenderId)
    expect(await world.demo.rows('rule_debt')).toMatchObject([{ debtor: 'individual-1', amount: 2_000n }])
    expect(await balanceOf(world.demo, 'individual-1')).toBe(0n)
    world.audit()
    const gift = { debit: 'almaly-education', credit: 'individual-1', amount: tiyn(100_000n), kind: 'payment' } as const
    await inTransaction(world.demo.ports, (work) => post(work, [gift], 'a gift'))
    const next = termsOf(till, 100_000n)
    await ask(till, next)
    await wallet.pay(world.id(), next.tenderId)
    await capture(till, next.tenderId)
    // 3 000 of cashback less 2 000 of debt, and what the merchant owed.
    expect(await balanceOf(world.demo, 'individual-1')).toBe(1_000n + 99_000n)
    expect(await balanceOf(world.demo, 'dala-bank')).toBe(10_000_000n - 3_000n)
  })
})
