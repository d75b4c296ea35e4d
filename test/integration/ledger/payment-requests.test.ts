/**
 * Payments by QR at the ledger, rule by rule (docs/design/17-qr-payment.md): asked for, paid from a wallet, captured,
 * disowned, given back, too late. The audit looks after each story.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { heldAfterExpiryMs } from '../../../ledger-sim/payments/payment-requests.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { demoShop } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { suspendTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, dayMs, p256, temporaryFolder, TestTill } from './demo-ledger.ts'
import {
  ask,
  capture,
  inquire,
  merchantAccount,
  openForMs,
  qrWorld,
  termsOf,
  Wallet,
  walletFunds,
  type QrWorld,
} from './payment-by-qr.ts'

const amount = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let world: QrWorld
let till: TestTill
let wallet: Wallet
let other: Wallet

beforeEach(async () => {
  folder = temporaryFolder()
  world = await qrWorld({ path: join(folder.path, 'ledger.db') })
  ;({ till } = world)
  const [first, second] = world.wallets
  if (first === undefined || second === undefined) throw new Error('no wallets')
  wallet = first
  other = second
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
    expect(world.demo.recovered).toEqual([])
  } finally {
    await world.demo.close()
    folder.remove()
  }
})

const opened = async (sum = amount) => {
  const terms = termsOf(till, sum)
  expect(await ask(till, terms)).toBe('open')
  return terms
}
const held = async () => {
  const terms = await opened()
  const paymentId = till.id()
  expect(await wallet.pay(paymentId, terms.tenderId)).toMatchObject({ state: 'held', arrival: 'created' })
  return { ...terms, paymentId }
}
const settled = async () => {
  const terms = await held()
  expect(await capture(till, terms.tenderId)).toMatchObject({ state: 'settled', paidBy: 'individual', amount })
  return terms
}
const money = async () => ({
  wallet: await balanceOf(world.demo, wallet.account),
  other: await balanceOf(world.demo, other.account),
  merchant: await balanceOf(world.demo, merchantAccount),
})
const untouched = { wallet: walletFunds, other: walletFunds, merchant: 0n }
const spendAs = async (account: string, sum: bigint) => {
  const leg = { debit: account, credit: 'almaly-education', amount: tiyn(sum), kind: 'payment' } as const
  return (await inTransaction(world.demo.ports, (work) => post(work, [leg], 'spent'))).kind
}
const ofLine = (sum: bigint) => [{ line: 1, amount: tiyn(sum) }]
const refund = async (tenderId: string, sum: bigint) => {
  const [result] = await till.batch(till.refund(tenderId, ofLine(sum)))
  return result
}
const discrepancies = async () => {
  const { body } = await world.demo.role('merchant', 'school-7-canteen').get('/v1/discrepancies')
  return body['discrepancies'] as Record<string, unknown>[]
}
const tillOfAnotherMerchant = async (): Promise<TestTill> => {
  const { demo } = world
  const agency = demo.role('agency', 'almaly-education')
  await agency.post('/v1/terminals', { terminalId: 'till-9', merchantId: demoShop })
  const { body } = await agency.post('/v1/terminal-enrolment-codes', { terminalId: 'till-9' })
  const foreign = new TestTill(demo.ledger, demo.clock, demo.random, 'till-9', p256('till-9'))
  await foreign.enrol(String(body['code']))
  return foreign
}

describe('a QR is asked for', () => {
  test('once: the same again is open still, and after the payment it is what became of it', async () => {
    const terms = await opened()
    expect(await ask(till, terms)).toBe('open')
    await wallet.pay(till.id(), terms.tenderId)
    expect(await ask(till, terms)).toMatchObject({ arrival: 'exists', state: 'held', paidBy: null, amount })
    await capture(till, terms.tenderId)
    expect(await ask(till, terms)).toMatchObject({ arrival: 'exists', state: 'settled', paidBy: 'individual' })
  })

  test('and under its id nothing else: each term that differs is named, and the first stands', async () => {
    const terms = await opened()
    const differing = {
      payee_account: { payeeAccount: 'merchant.kokbazar-shop' },
      amount: { amount: tiyn(amount + 1n) },
      sale_hash: { saleHash: 'a'.repeat(64) },
      expiry: { expiresAt: terms.expiresAt + 1 },
    }
    for (const [term, difference] of Object.entries(differing)) {
      const arrival = `exists_with_different_${term}`
      const answer = await ask(till, { ...terms, ...difference })
      expect(answer).toMatchObject({ arrival, state: 'refused', amount: 0n, refusal: 'EXISTS_WITH_DIFFERENT_TERMS' })
    }
    expect(await ask(till, terms)).toBe('open')
    await wallet.pay(till.id(), terms.tenderId)
    const late = await ask(till, { ...terms, amount: tiyn(1n) })
    expect(late).toMatchObject({ arrival: 'exists_with_different_amount', state: 'held', amount })
  })

  test('for an hour at most: what is paid is set aside for so long and two weeks more', async () => {
    const terms = { ...termsOf(till, amount), expiresAt: world.demo.clock.now + 3_600_001 }
    await expect(ask(till, terms)).rejects.toThrow('rule_violated')
    expect(await ask(till, { ...terms, expiresAt: world.demo.clock.now + 3_600_000 })).toBe('open')
  })

  test('for the account of the till’s own merchant only', async () => {
    const terms = { ...termsOf(till, amount), payeeAccount: 'merchant.kokbazar-shop' }
    const refused = { state: 'refused', refusal: 'MERCHANT_NOT_ALLOWED' }
    expect(await ask(till, terms)).toMatchObject({ ...refused, arrival: 'created' })
    expect(await ask(till, terms)).toMatchObject({ ...refused, arrival: 'exists' })
    expect(await wallet.pay(till.id(), terms.tenderId)).toMatchObject({ code: 'not_found' })
    expect(await wallet.look(terms.tenderId)).toMatchObject({ code: 'not_found' })
    expect(await capture(till, terms.tenderId)).toMatchObject(refused)
    expect(await till.reverse(terms.tenderId)).toMatchObject({ state: 'reversed' })
  })

  test('in time: one that has expired on its way is reversed', async () => {
    const terms = termsOf(till, amount)
    world.demo.clock.now = terms.expiresAt
    expect(await ask(till, terms)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await wallet.pay(till.id(), terms.tenderId)).toMatchObject({ state: 'paid_back', reason: 'expired' })
  })

  test('not after it was disowned', async () => {
    const terms = termsOf(till, amount)
    expect(await till.reverse(terms.tenderId)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await ask(till, terms)).toMatchObject({ arrival: 'reversed_before_arrival', state: 'reversed' })
    expect(await inquire(till, terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await wallet.pay(till.id(), terms.tenderId)).toMatchObject({ code: 'not_found' })
    expect(await capture(till, terms.tenderId)).toMatchObject({ arrival: 'reversed_before_arrival', state: 'reversed' })
  })

  test('by a till that may sell: not by a suspended one, which may still capture', async () => {
    const { tenderId } = await held()
    await inTransaction(world.demo.ports, (work) => suspendTerminal(work, 'till-1'))
    const { body } = await till.post('/v1/terminal/payment-requests', { terms: termsOf(till, amount) })
    expect(body).toMatchObject({ code: 'terminal_suspended' })
    expect(await capture(till, tenderId)).toMatchObject({ state: 'settled' })
  })

  test('and is nobody else’s: another till learns nothing of it and moves nothing', async () => {
    const { paymentId: _paymentId, ...terms } = await held()
    const foreign = await tillOfAnotherMerchant()
    const nothing = { state: 'refused', refusal: 'EXISTS_WITH_DIFFERENT_TERMS', amount: 0n }
    expect(await ask(foreign, terms)).toMatchObject(nothing)
    expect(await inquire(foreign, terms.tenderId)).toBe('not_seen')
    expect(await capture(foreign, terms.tenderId)).toMatchObject(nothing)
    expect(await foreign.reverse(terms.tenderId)).toMatchObject(nothing)
    expect(await inquire(till, terms.tenderId)).toMatchObject({ state: 'held' })
  })
})

describe('no id is a voucher’s and a QR’s', () => {
  beforeEach(() => till.fetch())

  test('a voucher under the id of a QR is other terms, and moves nothing', async () => {
    const before = await money()
    for (const make of [opened, held]) {
      const { tenderId } = await make()
      const decided = till.decide({ card: world.demo.card('Pupil 01'), tenderId })
      const arrival = 'exists_with_different_payer_slot'
      expect(await till.authorise(decided)).toMatchObject({ arrival, slot: null })
      expect(await till.present(decided)).toMatchObject({ arrival, slot: null })
    }
    expect(await money()).toEqual(before)
    expect(await till.present(till.decide({ card: world.demo.card('Pupil 01') }))).toMatchObject({ state: 'settled' })
    const codes = (await discrepancies()).map(({ code }) => code)
    expect(codes).toEqual(['EXISTS_WITH_DIFFERENT_PAYER_SLOT', 'EXISTS_WITH_DIFFERENT_PAYER_SLOT'])
  })

  test('a QR under the id of a voucher is other terms, and cannot be paid or captured', async () => {
    const decided = till.decide({ card: world.demo.card('Pupil 01') })
    expect(await till.present(decided)).toMatchObject({ state: 'settled' })
    const { tenderId } = decided.terms
    expect(await ask(till, termsOf(till, amount, tenderId))).toMatchObject({
      arrival: 'exists_with_different_payer_slot',
      state: 'settled',
      paidBy: 'escrow',
    })
    expect(await wallet.pay(till.id(), tenderId)).toMatchObject({ code: 'not_found' })
    expect(await capture(till, tenderId)).toMatchObject({ state: 'refused', refusal: 'EXISTS_WITH_DIFFERENT_TERMS' })
    expect(await inquire(till, tenderId)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })
})

describe('a wallet', () => {
  test('sees whom it pays, how much and until when', async () => {
    const { tenderId, expiresAt } = await opened()
    const request = { requestId: tenderId, amount: String(amount), expiresAt, merchantId: 'school-7-canteen' }
    expect(await wallet.look(tenderId)).toMatchObject({ ...request, state: 'open' })
    expect(await wallet.look(tenderId)).toMatchObject({ merchantName: { en: 'School No. 7 canteen' } })
    await wallet.pay(till.id(), tenderId)
    expect(await other.look(tenderId)).toMatchObject({ ...request, state: 'paid' })
    await till.reverse(tenderId)
    expect(await wallet.look(tenderId)).toMatchObject({ ...request, state: 'released' })
    const { tenderId: second } = await opened()
    world.demo.clock.now += openForMs
    expect(await wallet.look(second)).toMatchObject({ state: 'expired' })
    expect(await wallet.look(till.id())).toMatchObject({ code: 'not_found' })
  })

  test('of a till that was suspended or revoked since gets the money back at once', async () => {
    const { tenderId } = await opened()
    await inTransaction(world.demo.ledger.ports, (work) => suspendTerminal(work, 'till-1'))
    expect(await wallet.pay(till.id(), tenderId)).toMatchObject({ state: 'paid_back', reason: 'released' })
    expect(await money()).toEqual(untouched)
  })

  test('pays once: the money is set aside, is not the merchant’s yet, and cannot be spent', async () => {
    const { tenderId } = await opened(walletFunds)
    const paymentId = till.id()
    expect(await wallet.pay(paymentId, tenderId)).toEqual({
      paymentId,
      state: 'held',
      reason: null,
      arrival: 'created',
    })
    expect(await wallet.pay(paymentId, tenderId)).toMatchObject({ state: 'held', arrival: 'exists' })
    expect(await money()).toEqual(untouched)
    expect(await spendAs(wallet.account, 1n)).toBe('short')
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'held', reason: null, payer: wallet.account })
    expect(await capture(till, tenderId)).toMatchObject({ arrival: 'created', state: 'settled' })
    expect(await capture(till, tenderId)).toMatchObject({ arrival: 'exists', state: 'settled', amount: walletFunds })
    expect(await money()).toEqual({ ...untouched, wallet: 0n, merchant: walletFunds })
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'settled', reason: null, owed: '0' })
  })

  test('does not pay something else under the same id', async () => {
    const { tenderId, paymentId } = await held()
    const { tenderId: second } = await opened()
    const differs = { code: 'exists_with_different_terms' }
    expect(await wallet.pay(paymentId, second)).toMatchObject(differs)
    expect(await other.pay(paymentId, tenderId)).toMatchObject(differs)
    expect(await wallet.look(second)).toMatchObject({ state: 'open' })
  })

  test('that has too little moves nothing, and may try again under the same id', async () => {
    const { tenderId } = await opened()
    const paymentId = till.id()
    await spendAs(wallet.account, walletFunds - amount + 1n)
    expect(await wallet.pay(paymentId, tenderId)).toMatchObject({ code: 'insufficient_funds' })
    expect(await wallet.find(paymentId)).toMatchObject({ code: 'not_found' })
    expect(await inquire(till, tenderId)).toBe('open')
    const leg = { debit: 'almaly-education', credit: wallet.account, amount: tiyn(1n), kind: 'payment' } as const
    await inTransaction(world.demo.ports, (work) => post(work, [leg], 'a tiyn more'))
    expect(await wallet.pay(paymentId, tenderId)).toMatchObject({ state: 'held', arrival: 'created' })
  })

  test('pays from its own account only, a bank for its client', async () => {
    const { tenderId } = await opened()
    for (const payer of [other.account, merchantAccount, 'almaly-education', 'nobody'])
      expect(await wallet.pay(till.id(), tenderId, payer)).toMatchObject({ code: 'not_found' })
    const bank = new Wallet(world.demo.role('bank', demoBank), wallet.account)
    for (const payer of [demoBank, merchantAccount])
      expect(await bank.pay(till.id(), tenderId, payer)).toMatchObject({ code: 'not_found' })
    const paymentId = till.id()
    expect(await bank.pay(paymentId, tenderId)).toMatchObject({ state: 'held' })
    expect(await bank.find(paymentId)).toMatchObject({ state: 'held' })
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'held' })
    expect(await other.find(paymentId)).toMatchObject({ code: 'not_found' })
    const asMerchant = new Wallet(world.demo.role('merchant', 'school-7-canteen'), wallet.account)
    expect(await asMerchant.find(paymentId)).toMatchObject({ code: 'role_not_allowed' })
    expect(await wallet.pay(till.id(), till.id())).toMatchObject({ code: 'not_found' })
  })

  test('that is second gets its money back at once, for good', async () => {
    const { tenderId } = await held()
    const paymentId = till.id()
    const late = { paymentId, state: 'paid_back', reason: 'already_paid' }
    expect(await other.pay(paymentId, tenderId)).toEqual({ ...late, arrival: 'created' })
    await till.reverse(tenderId)
    expect(await other.pay(paymentId, tenderId)).toEqual({ ...late, arrival: 'exists' })
    expect(await other.find(paymentId)).toMatchObject(late)
    expect(await spendAs(other.account, walletFunds)).toBe('posted')
  })

  test('that is late gets its money back at once: the cashier had given up, or the time was over', async () => {
    const { tenderId } = await opened()
    expect(await till.reverse(tenderId)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await wallet.pay(till.id(), tenderId)).toMatchObject({ state: 'paid_back', reason: 'released' })
    const { tenderId: second } = await opened()
    world.demo.clock.now += openForMs
    expect(await wallet.pay(till.id(), second)).toMatchObject({ state: 'paid_back', reason: 'expired' })
    expect(await inquire(till, second)).toMatchObject({ state: 'reversed' })
    expect(await spendAs(wallet.account, walletFunds)).toBe('posted')
  })
})

describe('the till hears', () => {
  test('that nobody has paid yet, and from the moment it expires that it is reversed', async () => {
    const { tenderId, expiresAt } = await opened()
    world.demo.clock.now = expiresAt - 1
    expect(await inquire(till, tenderId)).toBe('open')
    world.demo.clock.now = expiresAt
    expect(await inquire(till, tenderId)).toMatchObject({ arrival: 'exists', state: 'reversed' })
    expect(await till.reverse(tenderId)).toMatchObject({ arrival: 'exists', state: 'reversed' })
  })

  test('by its status feed that it was paid, and never by whom', async () => {
    const { tenderId } = await held()
    await capture(till, tenderId)
    await refund(tenderId, 1n)
    const { events } = await till.call('/v1/terminal/events', { after: 0, limit: 1000 })
    const items = events.flatMap(({ event }) => (event.kind === 'item' ? [event.item.result] : []))
    expect(items).toMatchObject([{ itemId: tenderId, arrival: 'exists', state: 'held', amount, paidBy: null }])
    expect(toJson([events, await inquire(till, tenderId)])).not.toContain(wallet.account)
  })
})

describe('a capture', () => {
  test('of what nobody has paid, or of an unknown id, moves nothing and leaves nothing', async () => {
    const terms = termsOf(till, amount)
    expect(await capture(till, terms.tenderId)).toMatchObject({
      itemId: `capture:${terms.tenderId}`,
      state: 'refused',
      refusal: 'EXISTS_WITH_DIFFERENT_TERMS',
    })
    expect(await ask(till, terms)).toBe('open')
    expect(await capture(till, terms.tenderId)).toMatchObject({ state: 'refused', refusal: 'INSUFFICIENT_FUNDS' })
    await wallet.pay(till.id(), terms.tenderId)
    expect(await capture(till, terms.tenderId)).toMatchObject({ arrival: 'created', state: 'settled' })
  })

  test('holds also from a journal that forked, which is on file', async () => {
    const { tenderId } = await held()
    const position = till.position()
    await till.batch(till.reversal(till.id(), position))
    const [result] = await till.batch(till.capture(tenderId, undefined, { ...position, hash: 'f'.repeat(64) }))
    expect(result).toMatchObject({ state: 'settled' })
    expect(await discrepancies()).toMatchObject([{ code: 'CHAIN_BROKEN', tenderId, owner: 'merchant', amount: '0' }])
  })

  test('after the hold has ended is not paid, and on file; until then it is paid', async () => {
    const { tenderId, expiresAt, paymentId } = await held()
    const second = await opened()
    await other.pay(till.id(), second.tenderId)
    world.demo.clock.now = expiresAt + heldAfterExpiryMs - 1
    expect(await capture(till, second.tenderId)).toMatchObject({ state: 'settled' })
    world.demo.clock.now = expiresAt + heldAfterExpiryMs
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'expired' })
    // What it hears moves nothing: that the goods were given is not known yet.
    expect(await inquire(till, tenderId)).toMatchObject({ state: 'reversed' })
    const loss = { state: 'not_paid', loss: 'HOLD_ENDED', paidBy: null }
    expect(await capture(till, tenderId)).toMatchObject({ ...loss, arrival: 'created' })
    expect(await capture(till, tenderId)).toMatchObject({ ...loss, arrival: 'exists' })
    expect(await discrepancies()).toMatchObject([
      { code: 'HOLD_ENDED', tenderId, owner: 'merchant', amount: String(amount), wayOut: 'look_into_till' },
    ])
    expect(await money()).toEqual({ wallet: walletFunds, other: walletFunds - amount, merchant: amount })
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'expired' })
    expect(await till.reverse(tenderId)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'expired' })
  })

  test('of what was disowned is reversed', async () => {
    const { tenderId, paymentId } = await held()
    expect(await till.reverse(tenderId)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await capture(till, tenderId)).toMatchObject({ arrival: 'exists', state: 'reversed' })
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'released' })
    expect(await money()).toEqual(untouched)
    expect(await spendAs(wallet.account, walletFunds)).toBe('posted')
  })
})

describe('what was captured', () => {
  test('and is disowned goes back to its payer whole, less what was refunded', async () => {
    const { tenderId, paymentId } = await settled()
    expect(await refund(tenderId, 15_000n)).toMatchObject({ state: 'done' })
    expect(await till.reverse(tenderId)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await till.reverse(tenderId)).toMatchObject({ arrival: 'exists', state: 'reversed' })
    expect(await money()).toEqual(untouched)
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'reversed', owed: '0' })
    expect(await refund(tenderId, 1n)).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_NOT_PAID' })
  })

  test('and is disowned by a merchant who is short is owed, and paid from the next settlement', async () => {
    const { tenderId, paymentId } = await settled()
    await spendAs(merchantAccount, 100_000n)
    expect(await till.reverse(tenderId)).toMatchObject({ state: 'reversed' })
    expect(await money()).toEqual({ ...untouched, wallet: walletFunds - 100_000n, merchant: 0n })
    expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'reversed', owed: '100000' })
    const next = await opened()
    await other.pay(till.id(), next.tenderId)
    await capture(till, next.tenderId)
    expect(await money()).toEqual({ wallet: walletFunds, other: walletFunds - amount, merchant: amount - 100_000n })
    expect(await wallet.find(paymentId)).toMatchObject({ owed: '0' })
  })

  test('goes back by refunds of any line, and no tiyn more than was paid', async () => {
    const { tenderId } = await settled()
    expect(await refund(tenderId, 40_000n)).toMatchObject({ state: 'done', amount: 40_000n, slot: null })
    const [of] = await till.batch(till.refund(tenderId, [{ line: 7, amount: tiyn(5_000n) }]))
    expect(of).toMatchObject({ state: 'done' })
    expect(await refund(tenderId, amount)).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(await refund(tenderId, amount - 45_000n)).toMatchObject({ state: 'done' })
    expect(await refund(tenderId, 1n)).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL' })
    expect(await money()).toEqual(untouched)
  })

  test('is not refunded by a merchant who is short: nobody stands in for him', async () => {
    const { tenderId } = await settled()
    await spendAs(merchantAccount, 100_000n)
    expect(await refund(tenderId, 15_001n)).toMatchObject({ state: 'refused', refusal: 'INSUFFICIENT_FUNDS' })
    expect(await refund(tenderId, 15_000n)).toMatchObject({ state: 'done' })
  })

  test('is not refunded before, nor by another merchant', async () => {
    const { tenderId } = await held()
    expect(await refund(tenderId, 1n)).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_NOT_PAID' })
    await capture(till, tenderId)
    const foreign = await tillOfAnotherMerchant()
    const [result] = await foreign.batch(foreign.refund(tenderId, ofLine(1n)))
    expect(result).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_UNKNOWN' })
  })
})

test('the audit finds a QR whose money is not where its state says', async () => {
  await settled()
  const { tenderId, paymentId } = await held()
  const file = join(folder.path, 'ledger.db')
  const database = new Database(file)
  const rulesAfter = (sql: string, back: string): readonly string[] => {
    database.exec(sql)
    const found = auditFile(file)?.faults.map(({ rule }) => rule) ?? []
    database.exec(back)
    return found
  }
  const set = (what: string, id = tenderId) => `update tender set ${what} where tender_id = '${id}'`
  expect(rulesAfter(set(`state = 'settled'`), set(`state = 'held'`))).toEqual([
    'each settled tender has exactly one payment, every other none',
    'what a QR asks for is set aside while it is held, taken when it is settled, and free otherwise',
  ])
  expect(rulesAfter(set(`state = 'reversed'`), set(`state = 'held'`))).toContain(
    'a QR says why it was closed exactly when it is reversed',
  )
  const otherAmount = (sign: string) => `update hold set amount = amount ${sign} 1 where state = 'pending'`
  expect(rulesAfter(otherAmount('+'), otherAmount('-'))).toEqual([
    'what a QR asks for is set aside while it is held, taken when it is settled, and free otherwise',
  ])
  const late = (why: string) => `update request_payment set paid_back_for = ${why} where payment_id = '${paymentId}'`
  expect(rulesAfter(late(`'expired'`), late('null'))).toEqual([
    'a QR is paid by exactly the one payment that its hold is of',
  ])
  expect(
    rulesAfter(
      `update transfer set credit = 'merchant.kokbazar-shop' where kind = 'hold-post'`,
      `update transfer set credit = '${merchantAccount}' where kind = 'hold-post'`,
    ),
  ).toContain('what was paid by QR comes from its payer and goes back to its payer')
  database.close()
})

test('a hold that has ended is nobody’s business any more: its payer spends it', async () => {
  const { expiresAt } = await held()
  world.demo.clock.now = expiresAt + heldAfterExpiryMs + dayMs
  expect(await spendAs(wallet.account, walletFunds)).toBe('posted')
})
