/**
 * Direct payments of an individual at a merchant with VAT and a bank's cashback (docs/design/19-rules.md): what moved
 * at each account, who may do and see what, and refunds in parts. Method: one story a test over the signed door against
 * figures worked out by hand, and the audit after each.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { accountPseudonym } from '../../../ledger-sim/individuals/pseudonyms.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, hourMs, type TestSigner } from './demo-ledger.ts'
import {
  bought,
  canteen,
  canteenAccount,
  cashbackRule,
  done,
  newYear,
  rulesWorld,
  signerOf,
  taxAccount,
  vatRule,
  vatTerms,
  withCashback,
  withVat,
  type RulesWorld,
  spendElsewhere,
} from './rules-world.ts'

let world: RulesWorld
beforeEach(async () => {
  world = await rulesWorld()
})
afterEach(async () => {
  try {
    world.audit()
  } finally {
    await world.close()
  }
})

const balances = async () => ({
  tax: await balanceOf(world.demo, taxAccount),
  merchant: await balanceOf(world.demo, canteenAccount),
  customer: await balanceOf(world.demo, 'individual-1'),
  bank: await balanceOf(world.demo, 'dala-bank'),
})
const look = async (paymentId: string, as = world.customer) =>
  (await as.get(`/v1/payments/individual-merchant?paymentId=${paymentId}`)).body
const spend = (debit: string, amount: bigint) => spendElsewhere(world, debit, amount)
const problemOf = (code: string) => ({ body: { code } })

describe('without rules', () => {
  test('a payment is the payer’s to the merchant, and a refund the way back', async () => {
    const paymentId = world.id()
    expect(await world.pay([bought('food', 18_000n, 2)], paymentId)).toMatchObject({ body: { arrival: 'created' } })
    expect(await balances()).toEqual({ tax: 0n, merchant: 36_000n, customer: 4_964_000n, bank: 10_000_000n })
    done(await world.refund(paymentId, 36_000n))
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n, customer: 5_000_000n, bank: 10_000_000n })
    expect(await world.demo.rows('rule_share')).toEqual([])
  })
})

describe('who asks by its id after no answer came', () => {
  const status = async (paymentId: string, as = world.customer) =>
    (await as.get(`/v1/transfers?transferId=${paymentId}`)).body

  test('hears that it is paid, and what went back; the merchant never by whom', async () => {
    const paymentId = world.id()
    expect(await status(paymentId)).toMatchObject(problemOf('not_found').body)
    done(await world.pay([bought('food', 18_000n, 2)], paymentId))
    const paid = { transferId: paymentId, kind: 'merchant-payment', amount: '36000', payee: canteenAccount, from: null }
    const mine = { ...paid, payer: 'individual-1' }
    expect(await status(paymentId)).toMatchObject({ ...mine, state: 'done', refunded: '0' })
    done(await world.refund(paymentId, 6_000n))
    expect(await status(paymentId)).toMatchObject({ ...mine, state: 'partly_refunded', refunded: '6000' })
    done(await world.refund(paymentId, 30_000n))
    expect(await status(paymentId)).toMatchObject({ ...mine, state: 'refunded', refunded: '36000' })
    expect(await status(paymentId, world.merchant)).toMatchObject({ ...paid, payer: null, state: 'refunded' })
    const pseudonym = accountPseudonym(world.demo.ports.keys, 'individual-1')
    expect(await status(paymentId, world.demo.role('auditor'))).toMatchObject({ ...paid, payer: pseudonym })
    const strangers = [world.demo.role('individual', 'individual-2'), world.bank, world.tax]
    for (const signer of [...strangers, await signerOf(world.demo, 'merchant', 'individual-1')])
      expect(await status(paymentId, signer)).toMatchObject(problemOf('not_found').body)
  })

  test('and cannot disown it, nor its refund', async () => {
    const paymentId = world.id()
    done(await world.pay([bought('food', 18_000n)], paymentId))
    const { refundId } = done(await world.refund(paymentId, 1n)) as { refundId: string }
    const reverse = async (signer: TestSigner, transferId = paymentId) =>
      signer.post('/v1/reversals', { reversalId: world.id(), transferId, reason: 'no answer' })
    for (const signer of [world.customer, world.merchant])
      expect(await reverse(signer)).toMatchObject(problemOf('rule_violated'))
    expect(await reverse(world.merchant, refundId)).toMatchObject(problemOf('rule_violated'))
    for (const signer of [world.bank, world.tax]) expect(await reverse(signer)).toMatchObject(problemOf('not_found'))
    const refund = { transferId: paymentId, amount: '1', reason: 'stale' }
    for (const signer of [world.customer, world.merchant])
      expect(await signer.post('/v1/refunds', { refundId: world.id(), ...refund })).toMatchObject({
        body: { code: 'rule_violated', detail: expect.stringContaining('/v1/payments/individual-merchant/refunds') },
      })
    expect(await world.bank.post('/v1/refunds', { refundId: world.id(), ...refund })).toMatchObject(
      problemOf('not_found'),
    )
    expect(await balances()).toMatchObject({ merchant: 17_999n })
  })
})

describe('with VAT', () => {
  beforeEach(() => withVat(world))

  test('tax is what prices include, by class, rounded once', async () => {
    const paymentId = world.id()
    const lines = [bought('food', 100n), bought('food', 100n), bought('medicines', 105_000n), bought('books', 999n)]
    done(await world.pay(lines, paymentId))
    // 200 × 16/116 = 27.59, 105 000 × 5/105 = 5 000.
    expect(await balances()).toMatchObject({ tax: 5_028n, merchant: 106_199n - 5_028n })
    expect(await look(paymentId)).toMatchObject({
      amount: '106199',
      refunded: '0',
      cashback: '0',
      tax: [
        { taxClass: 'standard', base: '200', tax: '28' },
        { taxClass: 'medicines', base: '105000', tax: '5000' },
        { taxClass: 'free', base: '999', tax: '0' },
      ],
    })
  })

  test('what is zero-rated and exempt pays none, and its sale is on file', async () => {
    done(await world.pay([bought('books', 5_000n), bought('export', 700n)]))
    expect(await balances()).toMatchObject({ tax: 0n, merchant: 5_700n })
    world.demo.clock.now += 1
    const { shares } = (await world.tax.get('/v1/rule-shares')).body as { shares: object[] }
    expect(shares).toMatchObject([
      {
        amount: '0',
        outcome: 'split',
        classes: [
          { taxClass: 'free', base: '5000' },
          { taxClass: 'export', base: '700' },
        ],
      },
    ])
  })

  test('the rate is that of the sale’s time: 5 % of medicines in 2026, 10 % from 2027’s first instant', async () => {
    const payments = []
    for (const at of [newYear - 1, newYear]) {
      world.demo.clock.now = at
      const paymentId = world.id()
      done(await world.pay([bought('medicines', 231_000n)], paymentId))
      payments.push(paymentId)
    }
    expect(await balances()).toMatchObject({ tax: 11_000n + 21_000n })
    // A refund of the first gives back its own tax.
    done(await world.refund(payments[0] ?? '', 231_000n))
    expect(await balances()).toMatchObject({ tax: 21_000n })
  })

  test('refunds give back the part of the line’s tax that is due so far, the last one the remainder', async () => {
    const paymentId = world.id()
    done(await world.pay([bought('food', 100n), bought('food', 33n)], paymentId))
    // 133 × 16/116 = 18.34: 18, of which 100 × 18/133 = 13.53 and 33 × 18/133 = 4.47: 14 and 4.
    expect(await balances()).toMatchObject({ tax: 18n })
    done(await world.refund(paymentId, 50n, [{ line: 1, amount: 50n }]))
    expect(await balances()).toMatchObject({ tax: 11n })
    done(await world.refund(paymentId, 1n, [{ line: 1, amount: 1n }]))
    // 14 × 51/100 = 7.14: nothing more.
    expect(await balances()).toMatchObject({ tax: 11n })
    done(await world.refund(paymentId, 82n))
    expect(await balances()).toMatchObject({ tax: 0n, merchant: 0n, customer: 5_000_000n })
    expect(await look(paymentId)).toMatchObject({ refunded: '133', taxReturned: '18' })
    expect(await world.refund(paymentId, 1n)).toMatchObject(problemOf('rule_violated'))
  })

  test('a sum without lines is spread over what is left of each', async () => {
    const paymentId = world.id()
    done(await world.pay([bought('food', 1_000n), bought('books', 3_000n)], paymentId))
    expect(done(await world.refund(paymentId, 2_001n))).toMatchObject({
      lines: [
        { line: 1, amount: '500' },
        { line: 2, amount: '1501' },
      ],
    })
    expect(await world.refund(paymentId, 501n, [{ line: 1, amount: 501n }])).toMatchObject(problemOf('rule_violated'))
    done(await world.refund(paymentId, 500n, [{ line: 1, amount: 500n }]))
    expect(await balances()).toMatchObject({ tax: 0n })
  })

  test('a tax authority that has spent it owes the merchant, and its next tax pays that first', async () => {
    const paymentId = world.id()
    done(await world.pay([bought('food', 11_600n)], paymentId))
    await spend(taxAccount, 1_600n)
    expect(await world.refund(paymentId, 11_600n)).toMatchObject(problemOf('insufficient_funds'))
    done(await world.refund(paymentId, 5_800n))
    expect(await balances()).toMatchObject({ tax: 0n, merchant: 4_200n })
    world.audit()
    // 160 of tax: the merchant has it back.
    done(await world.pay([bought('food', 1_160n)]))
    expect(await balances()).toMatchObject({ tax: 0n, merchant: 4_200n + 1_160n })
    done(await world.pay([bought('food', 11_600n)]))
    expect(await balances()).toMatchObject({ tax: 960n, merchant: 5_360n + 11_600n - 960n })
  })

  test('a merchant without the money gives nothing back, and no share moves', async () => {
    const paymentId = world.id()
    done(await world.pay([bought('food', 11_600n)], paymentId))
    await spend(canteenAccount, 9_000n)
    expect(await world.refund(paymentId, 11_600n)).toMatchObject(problemOf('insufficient_funds'))
    expect(await balances()).toMatchObject({ tax: 1_600n, merchant: 1_000n })
    // What comes back of the tax is there to be given.
    done(await world.refund(paymentId, 1_160n))
    expect(await balances()).toMatchObject({ tax: 1_440n, merchant: 0n })
  })

  test('an assignment that ended takes none of what is sold later', async () => {
    const { assignments } = done(await world.tax.get('/v1/rules')) as { assignments: { assignmentId: string }[] }
    const ending = { endingId: world.id(), assignmentId: assignments[0]?.assignmentId, until: world.demo.clock.now + 2 }
    expect(await world.bank.post('/v1/rule-assignment-endings', ending)).toMatchObject(problemOf('not_found'))
    done(await world.tax.post('/v1/rule-assignment-endings', ending))
    world.demo.clock.now += 1
    done(await world.pay([bought('food', 11_600n)]))
    world.demo.clock.now += 1
    done(await world.pay([bought('food', 11_600n)]))
    expect(await balances()).toMatchObject({ tax: 1_600n })
  })
})

describe('with a cashback', () => {
  test('the bank gives its client a part, at most so much of a payment and in a month', async () => {
    await withCashback(world)
    done(await world.pay([bought('food', 999n)]))
    expect(await balances()).toMatchObject({
      merchant: 999n,
      customer: 5_000_000n - 999n + 29n,
      bank: 10_000_000n - 29n,
    })
    for (let payment = 0; payment < 4; payment += 1) done(await world.pay([bought('food', 1_100_000n)]))
    // 29 + 30 000 × 3, then what is left of 100 000.
    expect(await balances()).toMatchObject({ bank: 9_900_000n })
    world.demo.clock.now += 10 * 24 * hourMs
    done(await world.pay([bought('food', 100_000n)]))
    expect(await balances()).toMatchObject({ bank: 9_897_000n })
  })

  test('is taken back in proportion, and counts for the month no more', async () => {
    await withCashback(world, { mostPerPeriod: tiyn(30n) })
    const paymentId = world.id()
    done(await world.pay([bought('food', 999n)], paymentId))
    done(await world.refund(paymentId, 100n))
    // 29 × 100/999 = 2.9.
    expect(await balances()).toMatchObject({ bank: 10_000_000n - 26n })
    expect(await look(paymentId)).toMatchObject({ cashback: '26', refunded: '100' })
    done(await world.pay([bought('food', 999n)]))
    expect(await balances()).toMatchObject({ bank: 10_000_000n - 30n })
    done(await world.refund(paymentId, 899n))
    expect(await balances()).toMatchObject({ bank: 10_000_000n - 4n })
  })

  test('is for the bank’s own clients, and fails nobody’s payment when the bank has nothing', async () => {
    await withVat(world)
    await withCashback(world)
    const stranger = await signerOf(world.demo, 'individual', 'stranger')
    const other = await signerOf(world.demo, 'bank', 'other-bank')
    done(await other.post('/v1/accounts/individuals', { accountId: 'stranger', owner: 'stranger', name: 'Stranger' }))
    await inTransaction(world.demo.ports, (work) =>
      post(work, [{ debit: 'individual-2', credit: 'stranger', amount: tiyn(50_000n), kind: 'payment' }], 'a gift'),
    )
    const wanted = { payer: 'stranger', merchantId: canteen, amount: '11600', lines: [bought('food', 11_600n)] }
    done(await stranger.post('/v1/payments/individual-merchant', { ...wanted, paymentId: world.id() }))
    expect(await balances()).toMatchObject({ tax: 1_600n, bank: 10_000_000n })
    // The other bank pays for its client, without a gift of this one, which acts for its own clients only.
    const path = '/v1/payments/individual-merchant'
    expect(await world.bank.post(path, { ...wanted, paymentId: world.id() })).toMatchObject(problemOf('not_found'))
    done(await other.post(path, { ...wanted, paymentId: world.id() }))
    expect(await balances()).toMatchObject({ tax: 3_200n, bank: 10_000_000n })
    await spend('dala-bank', 10_000_000n)
    done(await world.pay([bought('food', 11_600n)]))
    expect(await balances()).toMatchObject({ tax: 4_800n, bank: 0n })
  })

  test('VAT and cashback of one payment are one set of legs, and one refund takes both back', async () => {
    await withVat(world)
    await withCashback(world)
    const paymentId = world.id()
    done(await world.pay([bought('food', 11_600n)], paymentId))
    const transfers = await world.demo.rows('transfer')
    const group = transfers.find((transfer) => transfer['reference'] === paymentId)?.['group_id']
    const legs = transfers.filter((transfer) => transfer['group_id'] === group)
    expect(legs.map(({ kind, debit, credit, amount }) => [kind, debit, credit, amount])).toEqual([
      ['merchant-payment', 'individual-1', canteenAccount, 11_600n],
      ['rule-share', 'dala-bank', 'individual-1', 348n],
      ['rule-share', canteenAccount, taxAccount, 1_600n],
    ])
    await spend('individual-1', await balanceOf(world.demo, 'individual-1'))
    done(await world.refund(paymentId, 11_600n))
    expect(await balances()).toEqual({ tax: 0n, merchant: 0n, customer: 11_600n - 348n, bank: 10_000_000n })
  })
})

describe('who may do and see what', () => {
  test('a payment is once, seen by its payer, its bank and its merchant, refunded by its merchant', async () => {
    await withVat(world)
    await withCashback(world)
    const paymentId = world.id()
    const lines = [bought('food', 11_600n)]
    expect(await world.pay(lines, paymentId)).toMatchObject({ body: { arrival: 'created' } })
    expect(await world.pay(lines, paymentId)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await world.pay([bought('food', 11_601n)], paymentId)).toMatchObject(
      problemOf('exists_with_different_terms'),
    )
    expect(await balances()).toMatchObject({ tax: 1_600n })
    expect(await look(paymentId)).toMatchObject({ payer: 'individual-1', cashback: '348' })
    expect(await look(paymentId, world.merchant)).toMatchObject({ payer: null, cashback: null, tax: [{ tax: '1600' }] })
    for (const other of [world.demo.role('individual', 'individual-2'), world.demo.role('merchant', 'kokbazar-shop')])
      expect(await look(paymentId, other)).toMatchObject({ code: 'not_found' })
    const refund = { refundId: world.id(), paymentId, amount: '1' }
    const shop = world.demo.role('merchant', 'kokbazar-shop')
    expect(await shop.post('/v1/payments/individual-merchant/refunds', refund)).toMatchObject(problemOf('not_found'))
  })

  test('from another’s account, to nobody, of another sum, above what one has: nothing moves', async () => {
    const wanted = { paymentId: world.id(), payer: 'individual-1', merchantId: canteen, lines: [bought('food', 500n)] }
    const path = '/v1/payments/individual-merchant'
    const other = world.demo.role('individual', 'individual-2')
    expect(await other.post(path, { ...wanted, amount: '500' })).toMatchObject(problemOf('not_found'))
    expect(await world.customer.post(path, { ...wanted, amount: '501' })).toMatchObject(problemOf('rule_violated'))
    const huge = { ...wanted, lines: [bought('food', 999_999_999_999_999n, 9_999)], amount: '1000000000000000' }
    expect(await world.customer.post(path, huge)).toMatchObject(problemOf('rule_violated'))
    expect(await world.customer.post(path, { ...wanted, amount: '500', merchantId: 'nobody' })).toMatchObject(
      problemOf('not_found'),
    )
    expect(await world.pay([bought('food', 5_000_001n)])).toMatchObject(problemOf('insufficient_funds'))
    expect(await balances()).toMatchObject({ merchant: 0n, customer: 5_000_000n })
  })

  test('above a limit of the payer’s tier, also in sum with what went out before: nothing moves', async () => {
    const { single, daily } = limitsOf.anonymous
    const wanted = { payer: 'purse', merchantId: canteen }
    done(
      await world.bank.post('/v1/accounts/individuals', {
        accountId: 'purse',
        owner: 'purse',
        name: 'Purse',
        tier: 'anonymous',
      }),
    )
    const purse = await signerOf(world.demo, 'individual', 'purse')
    await inTransaction(world.demo.ports, (work) =>
      post(work, [{ debit: 'dala-bank', credit: 'purse', amount: tiyn(daily + 1n), kind: 'payment' }], 'a gift'),
    )
    const pay = (amount: bigint, as = purse) => {
      const payment = { ...wanted, paymentId: world.id(), amount, lines: [bought('food', amount)] }
      return as.post('/v1/payments/individual-merchant', payment)
    }
    const above = (limit: string) => ({ code: 'limit_exceeded', detail: expect.stringContaining(`limit ${limit} of`) })
    expect((await pay(single + 1n)).body).toMatchObject(above('single'))
    expect((await pay(single + 1n, world.bank)).body).toMatchObject(above('single'))
    expect(await balances()).toMatchObject({ merchant: 0n })
    for (let payment = 0n; payment < daily / single; payment += 1n) done(await pay(single))
    expect((await pay(1n)).body).toMatchObject(above('daily'))
    expect(await balances()).toMatchObject({ merchant: daily })
    expect(await balanceOf(world.demo, 'purse')).toBe(1n)
    world.demo.clock.now += 24 * hourMs
    done(await pay(1n))
  })

  test('tax rules are the tax authority’s and the central bank’s, a cashback is a bank’s of its own', async () => {
    const agency = world.demo.role('agency')
    const centralBank = world.demo.role('central-bank')
    for (const other of [agency, world.bank])
      expect(await other.post('/v1/rules', vatRule(1))).toMatchObject(problemOf('role_not_allowed'))
    expect(await world.tax.post('/v1/rules', cashbackRule())).toMatchObject(problemOf('role_not_allowed'))
    expect(await centralBank.post('/v1/rules', vatRule(1, { taxAccount: canteenAccount }))).toMatchObject(
      problemOf('not_found'),
    )
    expect(await world.bank.post('/v1/rules', cashbackRule({ sponsorAccount: 'almaly-education' }))).toMatchObject(
      problemOf('not_found'),
    )
    done(await centralBank.post('/v1/rules', vatRule(1, { ruleId: 'vat-of-the-bank' })))
    expect(await world.tax.post('/v1/rules', vatRule(1, { ruleId: 'vat-of-the-bank' }))).toMatchObject(
      problemOf('exists_with_different_terms'),
    )
    const assignment = { assignmentId: world.id(), ruleId: 'vat-of-the-bank', merchantId: canteen, terms: vatTerms }
    const later = { from: world.demo.clock.now + 1, until: null }
    expect(await world.tax.post('/v1/rule-assignments', { ...assignment, ...later })).toMatchObject(
      problemOf('not_found'),
    )
  })

  test('a version is never changed, never reaches into the past, and loses no tax class', async () => {
    const rule = vatRule(1)
    expect(await world.tax.post('/v1/rules', vatRule(2))).toMatchObject(problemOf('exists_with_different_terms'))
    const { hash } = done(await world.tax.post('/v1/rules', rule))
    expect(await world.tax.post('/v1/rules', rule)).toMatchObject({ body: { arrival: 'exists', hash } })
    expect(await world.tax.post('/v1/rules', { ...rule, until: newYear })).toMatchObject(
      problemOf('exists_with_different_terms'),
    )
    const wrong = [
      vatRule(2, { from: world.demo.clock.now }),
      vatRule(2, { classes: vatRule(2).classes.slice(1) }),
      vatRule(2, { until: newYear }),
      vatRule(2, { classes: [...vatRule(2).classes, ...vatRule(2).classes.slice(0, 1)] }),
    ]
    for (const next of wrong) expect(await world.tax.post('/v1/rules', next)).toMatchObject(problemOf('rule_violated'))
    done(await world.tax.post('/v1/rules', vatRule(2)))
  })

  test('an assignment begins later, names known classes, and stands alone among tax rules', async () => {
    await withVat(world)
    done(await world.tax.post('/v1/rules', vatRule(1, { ruleId: 'other-vat' })))
    const { now } = world.demo.clock
    const wanted = { ruleId: 'vat', merchantId: 'kokbazar-shop', terms: vatTerms, from: now + 1, until: null }
    const ask = (over: object) =>
      world.tax.post('/v1/rule-assignments', { ...wanted, assignmentId: world.id(), ...over })
    expect(await ask({ from: now })).toMatchObject(problemOf('rule_violated'))
    expect(await ask({ terms: { ...vatTerms, otherwise: 'luxury' } })).toMatchObject(problemOf('rule_violated'))
    expect(await ask({ terms: { kind: 'cashback' } })).toMatchObject(problemOf('rule_violated'))
    expect(await ask({ merchantId: 'nobody' })).toMatchObject(problemOf('not_found'))
    expect(await ask({ merchantId: canteen })).toMatchObject(problemOf('rule_violated'))
    expect(await ask({ merchantId: canteen, ruleId: 'other-vat' })).toMatchObject(problemOf('rule_violated'))
    done(await ask({}))
  })

  test('each sees its own rules, assignments and shares', async () => {
    await withVat(world)
    await withCashback(world)
    done(await world.pay([bought('food', 11_600n)]))
    // More may come in this millisecond, before the last that was read.
    expect(done(await world.tax.get('/v1/rule-shares'))).toEqual({ shares: [] })
    world.demo.clock.now += 1
    const seen = async (signer = world.tax) => {
      const { rules, assignments } = done(await signer.get('/v1/rules')) as {
        rules: { rule: { ruleId: string } }[]
        assignments: object[]
      }
      const { shares } = done(await signer.get('/v1/rule-shares')) as { shares: object[] }
      return [new Set(rules.map(({ rule }) => rule.ruleId)).size, assignments.length, shares.length]
    }
    expect(await seen(world.tax)).toEqual([1, 1, 1])
    expect(await seen(world.bank)).toEqual([1, 1, 1])
    // Not the cashback: whose client its customer is, is nobody’s business.
    expect(await seen(world.merchant)).toEqual([2, 2, 1])
    expect(await seen(world.demo.role('auditor'))).toEqual([2, 2, 2])
    expect(await seen(world.demo.role('merchant', 'kokbazar-shop'))).toEqual([0, 0, 0])
    const { shares } = done(await world.bank.get('/v1/rule-shares')) as { shares: { shareId: string }[] }
    expect(JSON.stringify(shares)).not.toContain('individual-1')
    const rest = done(await world.bank.get(`/v1/rule-shares?after=${shares[0]?.shareId}&limit=5`))
    expect(rest).toEqual({ shares: [] })
  })
})
