/**
 * A CBDC card pays a till's QR in the place of a wallet: every row of docs/design/17-qr-payment.md once with the card,
 * and what design/29 asks beside it: lost answers, and who was first.
 *
 * Method: the demonstration's ledger behind its signed door, cards that compute their own messages. After each story
 * the audit looks, which recomputes holds, payments and who paid.
 */
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { heldAfterExpiryMs } from '../../../ledger-sim/payments/payment-requests.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import {
  accountCard,
  amount,
  cardWorld,
  openSession,
  payByCard,
  setBlocked,
  show,
  tapFor,
  tapMax,
  untouched,
  type CardWorld,
} from './account-card-world.ts'
import { dayMs, type TestCard, type TestSigner, type TestTill } from './demo-ledger.ts'
import { capture, inquire, merchantAccount, openForMs, walletFunds, type Wallet } from './payment-by-qr.ts'

let world: CardWorld
let till: TestTill
let bank: TestSigner
let owner: Wallet
let other: Wallet
let card: TestCard
const opened = (...of: Parameters<CardWorld['opened']>) => world.opened(...of)
const held = (sum?: bigint) => world.held(sum)
const money = () => world.money()
const move = (...of: Parameters<CardWorld['move']>) => world.move(...of)
const kept = () => world.kept()

beforeEach(async () => {
  world = await cardWorld()
  ;({ till, bank, owner, other, card } = world)
})
afterEach(() => world.end())

const paid = { ...untouched, owner: walletFunds - amount, merchant: amount }
const refund = async (tenderId: string, sum: bigint) => {
  const [result] = await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(sum) }]))
  return result
}

describe('a card in the place of a wallet', () => {
  test('pays: the money is set aside, the till hears it, and the capture makes it the merchant’s', async () => {
    const { tenderId } = await held()
    expect(await money()).toEqual(untouched)
    expect(await move(owner.account, 'almaly-education', walletFunds), 'what is set aside').toBe('short')
    expect(await inquire(till, tenderId)).toMatchObject({ state: 'held', paidBy: null, amount })
    const { events } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    expect(events.filter(({ event }) => event.kind === 'item')).toMatchObject([
      { event: { item: { result: { itemId: tenderId, state: 'held' } } } },
    ])
    expect(await owner.look(tenderId)).toMatchObject({ state: 'paid' })
    expect(await capture(till, tenderId)).toMatchObject({ arrival: 'created', state: 'settled', paidBy: 'individual' })
    expect(await capture(till, tenderId)).toMatchObject({ arrival: 'exists', state: 'settled' })
    expect(await money()).toEqual(paid)
  })

  test('is shown to its owner and its bank as a wallet’s is, by the request’s id, and to nobody else', async () => {
    const { tenderId } = await held()
    const byBank = world.demo.role('bank', demoBank)
    const query = `/v1/payment-requests/payments?paymentId=${tenderId}`
    const told = { paymentId: tenderId, requestId: tenderId, payer: owner.account, amount: String(amount) }
    for (const signer of [owner.signer, byBank])
      expect((await signer.get(query)).body).toMatchObject({ ...told, state: 'held', reason: null })
    expect((await other.signer.get(query)).body).toMatchObject({ code: 'not_found' })
    await capture(till, tenderId)
    const statement = await owner.signer.get(`/v1/statements?accountId=${owner.account}&after=0`)
    const entries = statement.body['entries'] as Record<string, unknown>[]
    expect(entries.filter(({ kind }) => kind === 'hold-post')).toMatchObject([
      { amount: String(-amount), reference: tenderId, counterparty: merchantAccount },
    ])
    const { body } = await owner.signer.get('/v1/events?after=0')
    expect(body['events']).toContainEqual(
      expect.objectContaining({ event: expect.objectContaining({ kind: 'payment_sent', reference: tenderId }) }),
    )
    expect(await owner.find(tenderId)).toMatchObject({ ...told, state: 'settled' })
    const kept = await world.demo.rows('request_payment')
    expect(kept).toMatchObject([{ card: card.pseudonym, made_by: demoBank, payer: owner.account }])
    expect(await owner.find(String(kept[0]?.['payment_id'])), 'its row’s id is nobody’s').toMatchObject({
      code: 'not_found',
    })
  })

  test('and is given up: the hold is free, and the next tap finds it over', async () => {
    const terms = await held()
    const sun = tapFor(card, terms)
    expect(await till.reverse(terms.tenderId)).toMatchObject({ arrival: 'created', state: 'reversed' })
    expect(await show(till, terms.tenderId, sun)).toBe('over')
    expect(await owner.find(terms.tenderId)).toMatchObject({ state: 'paid_back', reason: 'released' })
    expect(await move(owner.account, 'almaly-education', walletFunds)).toBe('posted')
  })

  test('comes too late: what was given up, has expired or is paid already is over, and moves nothing', async () => {
    const released = await opened()
    await till.reverse(released.tenderId)
    expect(await payByCard(till, card, released)).toBe('over')
    const bought = await opened()
    expect(await other.pay(till.id(), bought.tenderId)).toMatchObject({ state: 'held' })
    expect(await payByCard(till, card, bought)).toBe('over')
    const expired = await opened()
    world.demo.clock.now += openForMs
    expect(await payByCard(till, card, expired)).toBe('over')
    expect(await inquire(till, expired.tenderId)).toMatchObject({ state: 'reversed' })
    expect((await kept())[0], 'only the wallet’s').toBe(1)
    expect(await money()).toEqual(untouched)
    expect(await move(owner.account, 'almaly-education', walletFunds)).toBe('posted')
  })

  test('is paid back when the sale is reversed after its capture, less what was refunded', async () => {
    const { tenderId } = await held()
    await capture(till, tenderId)
    expect(await refund(tenderId, 15_000n)).toMatchObject({ state: 'done' })
    expect(await money()).toEqual({ ...paid, owner: walletFunds - 100_000n, merchant: 100_000n })
    expect(await till.reverse(tenderId)).toMatchObject({ state: 'reversed' })
    expect(await money()).toEqual(untouched)
    expect(await owner.find(tenderId)).toMatchObject({ state: 'paid_back', reason: 'reversed', owed: '0' })
  })

  test('is owed what a merchant who is short cannot give back', async () => {
    const { tenderId } = await held()
    await capture(till, tenderId)
    await move(merchantAccount, 'almaly-education', 100_000n)
    expect(await refund(tenderId, 15_001n)).toMatchObject({ state: 'refused', refusal: 'INSUFFICIENT_FUNDS' })
    expect(await till.reverse(tenderId)).toMatchObject({ state: 'reversed' })
    expect(await owner.find(tenderId)).toMatchObject({ state: 'paid_back', reason: 'reversed', owed: '100000' })
  })

  test('gets its money back by itself when the hold ends: a capture after that is the merchant’s loss', async () => {
    const { tenderId, expiresAt } = await held()
    world.demo.clock.now = expiresAt + heldAfterExpiryMs + dayMs
    expect(await capture(till, tenderId)).toMatchObject({ state: 'not_paid', loss: 'HOLD_ENDED' })
    expect(await owner.find(tenderId)).toMatchObject({ state: 'paid_back', reason: 'expired' })
    expect(await money()).toEqual(untouched)
  })
})

describe('asked again', () => {
  test('because the answer was lost, by the same message or a later one: held, and nothing moves twice', async () => {
    const terms = await opened()
    const sun = tapFor(card, terms)
    expect(await show(till, terms.tenderId, sun)).toBe('held')
    expect(await show(till, terms.tenderId, sun)).toBe('held')
    expect(await payByCard(till, card, terms)).toBe('held')
    await capture(till, terms.tenderId)
    expect(await show(till, terms.tenderId, sun)).toBe('held')
    expect(await money()).toEqual(paid)
    expect(await kept()).toEqual([1, 1])
  })

  test('it is what became of it, also of a card that is blocked since', async () => {
    const terms = await opened()
    const sun = tapFor(card, terms)
    await show(till, terms.tenderId, sun)
    await setBlocked(bank, card, true)
    expect(await show(till, terms.tenderId, sun)).toBe('held')
    await till.reverse(terms.tenderId)
    expect(await show(till, terms.tenderId, sun)).toBe('CARD_BLOCKED')
  })

  test('the session is the same, and only for the request that it was opened for', async () => {
    const [terms, next] = [await opened(), await opened()]
    const cardSessionId = till.id()
    const first = await openSession(till, card, terms.tenderId, cardSessionId)
    expect(first).toMatchObject({ kind: 'open', slots: [], leasedElsewhere: [] })
    expect(await openSession(till, card, terms.tenderId, cardSessionId)).toEqual(first)
    for (const another of [next.tenderId, undefined])
      await expect(openSession(till, card, another, cardSessionId)).rejects.toThrow('exists_with_different_terms')
    const keys = { cardSessionId, authenticationPart3: '22'.repeat(32) }
    const failed = await till.call('/v1/terminal/card-session-keys', keys)
    expect(failed).toEqual({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    expect(await till.call('/v1/terminal/card-session-keys', keys)).toEqual(failed)
    expect(await world.demo.rows('card_failure')).toMatchObject([{ card: card.pseudonym, failures: 1n }])
  })
})

describe('at once', () => {
  test('two tills and one card: each message pays its request, and one that went back is tapped again', async () => {
    const second = await world.demo.till('till-2')
    const [terms, next] = [await opened(), await opened(amount, second)]
    const [early, later] = [tapFor(card, terms), tapFor(card, next)]
    const answers = await Promise.all([show(second, next.tenderId, later), show(till, terms.tenderId, early)])
    expect(answers[0]).toBe('held')
    expect(['held', 'CARD_COUNTER_WENT_BACK']).toContain(answers[1])
    expect(await payByCard(till, card, terms)).toBe('held')
    expect((await kept())[0]).toBe(2)
  })

  test('two tills and one card whose account pays one of them only', async () => {
    await move(owner.account, 'almaly-education', walletFunds - amount)
    const second = await world.demo.till('till-2')
    const [terms, next] = [await opened(), await opened(amount, second)]
    const [first, last] = [tapFor(card, terms), tapFor(card, next)]
    const answers = await Promise.all([show(till, terms.tenderId, first), show(second, next.tenderId, last)])
    expect(answers.filter((answer) => answer === 'held')).toHaveLength(1)
    expect(await kept()).toEqual([1, 1])
    for (const [at, { tenderId }] of [
      [till, terms],
      [second, next],
    ] as const)
      expect(await inquire(at, tenderId)).toEqual(
        answers[at === till ? 0 : 1] === 'held' ? expect.objectContaining({ state: 'held' }) : 'open',
      )
  })

  test.each(['card', 'wallet'])(
    'a wallet and a card on one request, the %s sent first: one has paid',
    async (first) => {
      const terms = await opened()
      const sun = tapFor(card, terms)
      const byCard = () => show(till, terms.tenderId, sun)
      const byWallet = async () => String((await other.pay(till.id(), terms.tenderId))['state'])
      const sent = first === 'card' ? [byCard(), byWallet()] : [byWallet(), byCard()]
      const answers = await Promise.all(sent)
      const [byTap, wallet] = first === 'card' ? answers : answers.toReversed()
      const hasCardPaid = byTap === 'held'
      expect([byTap, wallet]).toEqual(hasCardPaid ? ['held', 'paid_back'] : ['over', 'held'])
      await capture(till, terms.tenderId)
      const payer = hasCardPaid ? 'owner' : 'other'
      expect(await money()).toEqual({ ...untouched, [payer]: walletFunds - amount, merchant: amount })
      expect(await byCard()).toBe(byTap)
    },
  )

  test('a wallet after the card hears that it is paid, and gets its money back', async () => {
    const { tenderId } = await held()
    const paymentId = till.id()
    expect(await other.pay(paymentId, tenderId)).toMatchObject({ state: 'paid_back', reason: 'already_paid' })
    expect(await owner.pay(till.id(), tenderId)).toMatchObject({ state: 'paid_back', reason: 'already_paid' })
    expect(await owner.find(tenderId)).toMatchObject({ state: 'held' })
    await capture(till, tenderId)
    expect(await money()).toEqual(paid)
  })

  test('two cards of one account on one request: one has paid, to the other it is over', async () => {
    const twin = await accountCard(world.demo, 2, owner.account)
    const terms = await held()
    expect(await payByCard(till, twin, terms)).toBe('over')
    expect(await payByCard(till, card, terms)).toBe('held')
    expect((await kept())[0]).toBe(1)
  })
})

test('a wallet that names its payment as the request of a card cannot take its place', async () => {
  const [terms, next] = [await opened(), await opened()]
  expect(await other.pay(terms.tenderId, next.tenderId)).toMatchObject({ state: 'held' })
  expect(await payByCard(till, card, terms)).toBe('held')
  expect(await owner.find(terms.tenderId)).toMatchObject({ requestId: terms.tenderId, payer: owner.account })
  expect(await other.find(terms.tenderId)).toMatchObject({ requestId: next.tenderId, payer: other.account })
})

test('the audit finds a payment by card that is not of the card’s account, limit or proof', async () => {
  const { tenderId } = await held()
  const file = world.path
  const database = new Database(file)
  const rulesAfter = (sql: string, back: string): readonly string[] => {
    database.exec(sql)
    const found = auditFile(file)?.faults.map(({ rule }) => rule) ?? []
    database.exec(back)
    return found
  }
  const rule = 'what a card paid to a QR it has proved, and it is from the account that its bank has bound it to'
  const set = (table: string, what: string) => `update ${table} set ${what}`
  expect(
    rulesAfter(
      set('account_card', `account_id = '${other.account}'`),
      set('account_card', `account_id = '${owner.account}'`),
    ),
  ).toEqual([rule])
  expect(
    rulesAfter(set('request_payment', `made_by = 'synaq-bank'`), set('request_payment', `made_by = '${demoBank}'`)),
  ).toEqual([rule])
  expect(
    rulesAfter(
      set('request_payment', `card = '${'0'.repeat(32)}'`),
      set('request_payment', `card = '${card.pseudonym}'`),
    ),
  ).toEqual([rule])
  expect(
    rulesAfter(set('account_card', `tap_max = ${amount - 1n}`), set('account_card', `tap_max = ${tapMax}`)),
  ).toEqual([rule])
  expect(
    rulesAfter(set('card_counter', `tender_id = 'another'`), set('card_counter', `tender_id = '${tenderId}'`)),
  ).toEqual([rule])
  database.close()
})
