/**
 * A CBDC card pays a till's QR in the place of a wallet: every row of docs/design/17-qr-payment.md once with the card,
 * and what design/29 asks beside it: lost answers, messages shown for something else, races, limits, blocks.
 *
 * Method: the demonstration's ledger behind its signed door, cards that compute their own messages. After each story the
 * audit looks, which recomputes holds, payments and who paid.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { heldAfterExpiryMs } from '../../../ledger-sim/payments/payment-requests.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { suspendTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { requestTermsHashOf } from '../../../src/sync/protocol/request-terms-hash.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import {
  accountCard,
  cardPayments,
  openSession,
  payByCard,
  setBlocked,
  show,
  tapFor,
  tapMax,
} from './account-card-world.ts'
import { balanceOf, dayMs, temporaryFolder, type TestCard, type TestSigner, type TestTill } from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'
import {
  ask,
  capture,
  inquire,
  merchantAccount,
  openForMs,
  qrWorld,
  termsOf,
  walletFunds,
  type QrWorld,
  type Wallet,
} from './payment-by-qr.ts'
import { readCard } from './sun-message.ts'

const amount = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let world: QrWorld
let till: TestTill
let bank: TestSigner
/** Of the account that the card pays from. */
let owner: Wallet
let other: Wallet
let card: TestCard

beforeEach(async () => {
  folder = temporaryFolder()
  world = await qrWorld({ path: join(folder.path, 'ledger.db') })
  ;({ till } = world)
  const [first, second] = world.wallets
  if (first === undefined || second === undefined) throw new Error('no wallets')
  owner = first
  other = second
  bank = world.demo.role('bank', demoBank)
  card = await accountCard(world.demo, 1, owner.account)
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

const opened = async (sum = amount, at = till) => {
  const terms = termsOf(at, sum)
  expect(await ask(at, terms)).toBe('open')
  return terms
}
const held = async (sum = amount) => {
  const terms = await opened(sum)
  expect(await payByCard(till, card, terms)).toBe('held')
  return terms
}
const money = async () => ({
  owner: await balanceOf(world.demo, owner.account),
  other: await balanceOf(world.demo, other.account),
  merchant: await balanceOf(world.demo, merchantAccount),
})
const untouched = { owner: walletFunds, other: walletFunds, merchant: 0n }
const paid = { ...untouched, owner: walletFunds - amount, merchant: amount }
const move = async (debit: string, credit: string, sum: bigint) =>
  (
    await inTransaction(world.demo.ports, (work) =>
      post(work, [{ debit, credit, amount: tiyn(sum), kind: 'payment' }], 'moved by the test'),
    )
  ).kind
const payments = async () => (await world.demo.rows('request_payment')).length
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

  test('is shown to its owner and its bank by the request’s id, as a wallet’s payment is, and to nobody else', async () => {
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
    expect(await payments(), 'only the wallet’s').toBe(1)
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

  test('gets its money back by itself when the hold ends, and a capture after that is the merchant’s loss', async () => {
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
    expect([await payments(), (await world.demo.rows('hold')).length]).toEqual([1, 1])
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

describe('a session for a request', () => {
  const refused = (code: string) => ({ kind: 'refused', code })

  test('opens only for a card with an account, and says first what is wrong with the card', async () => {
    const { tenderId } = await opened()
    expect(await openSession(till, card, tenderId)).toMatchObject({ kind: 'open' })
    expect(await openSession(till, freshCardOf(world.demo, 9), tenderId)).toEqual(refused('CARD_UNKNOWN'))
    expect(await openSession(till, world.demo.card('Pupil 01'), tenderId)).toEqual(refused('CARD_OF_NO_ACCOUNT'))
    expect(await openSession(till, world.demo.card('Pupil 30'), tenderId), 'of a scheme, blocked').toEqual(
      refused('CARD_BLOCKED'),
    )
    expect(await openSession(till, world.demo.card('Pupil 01'), till.id())).toEqual(refused('CARD_OF_NO_ACCOUNT'))
    await setBlocked(bank, card, true)
    expect(await openSession(till, card, tenderId)).toEqual(refused('CARD_BLOCKED'))
  })

  test('opens only while the request is this terminal’s and open', async () => {
    const closed = refused('QR_NOT_OPENED')
    expect(await openSession(till, card, till.id())).toEqual(closed)
    const { tenderId } = await opened()
    const second = await world.demo.till('till-2')
    expect(await openSession(second, card, tenderId)).toEqual(closed)
    expect(await openSession(till, card, tenderId)).toMatchObject({ kind: 'open' })
    await other.pay(till.id(), tenderId)
    expect(await openSession(till, card, tenderId)).toEqual(closed)
    const late = await opened()
    world.demo.clock.now = late.expiresAt
    expect(await openSession(till, card, late.tenderId)).toEqual(closed)
    const released = await opened()
    await till.reverse(released.tenderId)
    expect(await openSession(till, card, released.tenderId)).toEqual(closed)
    const never = till.id()
    await till.reverse(never)
    expect(await openSession(till, card, never)).toEqual(closed)
  })

  test('counts failed authentications: five in a day end it, as for every card', async () => {
    const { tenderId } = await opened()
    for (let failure = 0; failure < 5; failure += 1) {
      const cardSessionId = till.id()
      expect(await openSession(till, card, tenderId, cardSessionId)).toMatchObject({ kind: 'open' })
      await till.call('/v1/terminal/card-session-keys', { cardSessionId, authenticationPart3: '22'.repeat(32) })
    }
    expect(await openSession(till, card, tenderId)).toEqual(refused('CARD_BLOCKED'))
  })
})

describe('nothing moves, and the request stays open', () => {
  const stillOpen = async (tenderId: string) => {
    expect(await inquire(till, tenderId)).toBe('open')
    expect([await payments(), (await world.demo.rows('hold')).length]).toEqual([0, 0])
    expect(await money()).toEqual(untouched)
  }

  test('for a card that nobody knows, one without an account, and one that is blocked between session and payment', async () => {
    const terms = await opened()
    expect(await payByCard(till, freshCardOf(world.demo, 9), terms)).toBe('CARD_UNKNOWN')
    expect(await payByCard(till, world.demo.card('Pupil 01'), terms)).toBe('CARD_OF_NO_ACCOUNT')
    expect(await openSession(till, card, terms.tenderId)).toMatchObject({ kind: 'open' })
    const sun = tapFor(card, terms)
    await setBlocked(bank, card, true)
    expect(await show(till, terms.tenderId, sun)).toBe('CARD_BLOCKED')
    await stillOpen(terms.tenderId)
    await setBlocked(bank, card, false)
    expect(await show(till, terms.tenderId, sun), 'nothing was used by it').toBe('held')
    await till.reverse(terms.tenderId)
  })

  test('for a message that is forged, of another card’s key, or not to be read', async () => {
    const terms = await opened()
    const { tenderId } = terms
    const sun = tapFor(card, terms)
    const turned = (hex: string) => `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`
    expect(await show(till, tenderId, { ...sun, m: turned(sun.m) })).toBe('CARD_PROOF_FORGED')
    expect(await show(till, tenderId, { ...sun, b: turned(sun.b) })).toBe('CARD_PROOF_FORGED')
    expect(await show(till, tenderId, { ...sun, e: '0'.repeat(32) })).toBe('CARD_PROOF_FORGED')
    const copied = { ...freshCardOf(world.demo, 9), uid: card.uid, counter: 7 }
    expect(await payByCard(till, copied, terms)).toBe('CARD_PROOF_FORGED')
    await stillOpen(tenderId)
  })

  test('for a message of one request shown for another, or made for other terms of this one', async () => {
    const [terms, next] = [await opened(), await opened(amount + 1n)]
    expect(await show(till, next.tenderId, tapFor(card, terms))).toBe('CARD_BINDING_MISMATCH')
    const others = {
      amount: tiyn(amount + 1n),
      payeeAccount: 'merchant.kokbazar-shop',
      saleHash: 'a'.repeat(64),
      expiresAt: terms.expiresAt + 1,
      tenderId: next.tenderId,
    }
    for (const [term, value] of Object.entries(others))
      expect(await payByCardFor(terms.tenderId, { ...terms, [term]: value }), term).toBe('CARD_BINDING_MISMATCH')
    await stillOpen(terms.tenderId)
    await stillOpen(next.tenderId)
  })
  const payByCardFor = (requestId: string, terms: Parameters<typeof tapFor>[1]) =>
    show(till, requestId, tapFor(card, terms))

  test('for a message for a voucher; and none for a request authorises a voucher', async () => {
    await till.fetch()
    const terms = await opened()
    const pupil = world.demo.card('Pupil 01')
    const decided = till.decide({ card: pupil }, 'online')
    expect(await show(till, terms.tenderId, readCard(card, termsHashOf(decided.terms)))).toBe('CARD_BINDING_MISMATCH')
    await stillOpen(terms.tenderId)
    for (const by of [pupil, card]) {
      const { terms: voucher, evidence } = till.decide({ card: pupil }, 'online')
      const shown = till.evidence(evidence.record, voucher, readCard(by, requestTermsHashOf(terms)))
      expect(await till.authorise({ terms: voucher, evidence: shown })).toMatchObject({
        state: 'refused',
        refusal: 'CARD_BINDING_MISMATCH',
      })
    }
    expect(await world.demo.rows('slot_use')).toEqual([])
  })

  test('at another till, of an id that is no request, and of a voucher’s', async () => {
    await till.fetch()
    const terms = await opened()
    const second = await world.demo.till('till-2')
    const proof = { profile: 'ntag424', sun: tapFor(card, terms) }
    const notFound = { status: 404, body: { code: 'not_found' } }
    const asked = { requestId: terms.tenderId, proof }
    expect(await second.post(cardPayments, asked)).toMatchObject(notFound)
    const voucher = till.decide({ card: world.demo.card('Pupil 01') }, 'online')
    await till.authorise(voucher)
    const tombstone = till.id()
    await till.reverse(tombstone)
    for (const requestId of [till.id(), voucher.terms.tenderId, tombstone])
      expect(await till.post(cardPayments, { requestId, proof })).toMatchObject(notFound)
    expect(await inquire(till, terms.tenderId)).toBe('open')
    expect(await payments()).toBe(0)
    expect(await show(till, terms.tenderId, proof.sun)).toBe('held')
    await till.reverse(terms.tenderId)
  })

  test('at a till that is suspended or revoked', async () => {
    const terms = await opened()
    const asked = { requestId: terms.tenderId, proof: { profile: 'ntag424', sun: tapFor(card, terms) } }
    await inTransaction(world.demo.ports, (work) => suspendTerminal(work, 'till-1'))
    expect(await till.post(cardPayments, asked)).toMatchObject({ status: 403, body: { code: 'terminal_suspended' } })
    const agency = world.demo.role('agency', 'almaly-education')
    await agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
    expect((await till.post(cardPayments, asked)).status).toBeGreaterThanOrEqual(400)
    expect(await payments()).toBe(0)
    expect(await money()).toEqual(untouched)
  })
})

describe('a counter', () => {
  test('that went back is refused: a later tap was shown before', async () => {
    const [terms, next] = [await opened(), await opened()]
    const early = tapFor(card, terms)
    expect(await payByCard(till, card, next)).toBe('held')
    expect(await show(till, terms.tenderId, early)).toBe('CARD_COUNTER_WENT_BACK')
    expect(await payByCard(till, card, terms)).toBe('held')
  })

  test('that another tender has used is refused', async () => {
    const [terms, next] = [await opened(), await opened()]
    expect(await payByCard(till, card, terms)).toBe('held')
    const again = readCard(card, requestTermsHashOf(next), card.counter)
    expect(await show(till, next.tenderId, again)).toBe('CARD_PROOF_REPLAYED')
    expect(await inquire(till, next.tenderId)).toBe('open')
  })

  test('is used by a try that the bank does not pay: the message is no second try, a new tap is', async () => {
    await move(owner.account, 'almaly-education', walletFunds - amount + 1n)
    const terms = await opened()
    const sun = tapFor(card, terms)
    expect(await show(till, terms.tenderId, sun)).toBe('CARD_SUM_NOT_ALLOWED')
    await move('almaly-education', owner.account, 1n)
    expect(await show(till, terms.tenderId, sun)).toBe('CARD_SUM_NOT_ALLOWED')
    expect(await inquire(till, terms.tenderId)).toBe('open')
    expect(await payByCard(till, card, terms)).toBe('held')
  })
})

describe('a sum is told to be too large in one word', () => {
  test('above what one tap may take, to the tiyn', async () => {
    const exact = await opened(tapMax)
    expect(await payByCard(till, card, exact)).toBe('held')
    await till.reverse(exact.tenderId)
    const above = await opened(tapMax + 1n)
    expect(await payByCard(till, card, above)).toBe('CARD_SUM_NOT_ALLOWED')
    expect(await inquire(till, above.tenderId)).toBe('open')
    expect(await owner.pay(till.id(), above.tenderId), 'the wallet may').toMatchObject({ state: 'held' })
  })

  test('above what is there: what is set aside is not', async () => {
    const first = await held(tapMax)
    const left = walletFunds - tapMax
    const above = await opened(left + 1n)
    expect(await payByCard(till, card, above)).toBe('CARD_SUM_NOT_ALLOWED')
    const exact = await opened(left)
    expect(await payByCard(till, card, exact)).toBe('held')
    for (const { tenderId } of [first, exact]) await capture(till, tenderId)
    expect(await money()).toEqual({ ...untouched, owner: 0n, merchant: walletFunds })
  })

  test('above a limit of the account as its tier is now, also where a tap may take more', async () => {
    const { single, daily } = limitsOf.anonymous
    const [large, of] = [await accountCard(world.demo, 2, owner.account, single + 1n), { accountId: owner.account }]
    await bank.post('/v1/individual-tiers', { changeId: till.id(), ...of, tier: 'anonymous' })
    await move('almaly-education', owner.account, daily)
    const pay = async (sum: bigint) => payByCard(till, large, await opened(sum))
    expect(await pay(single + 1n)).toBe('CARD_SUM_NOT_ALLOWED')
    for (let left: bigint = daily; left > 0n; left -= single) expect(await pay(single)).toBe('held')
    expect(await pay(1n), 'of the day').toBe('CARD_SUM_NOT_ALLOWED')
    await bank.post('/v1/individual-tiers', { changeId: till.id(), ...of, tier: 'full' })
    expect(await pay(1n)).toBe('held')
  })
})

describe('at once', () => {
  test('two tills and one card: each message pays its own request, and one that went back is tapped again', async () => {
    const second = await world.demo.till('till-2')
    const [terms, next] = [await opened(), await opened(amount, second)]
    const [early, later] = [tapFor(card, terms), tapFor(card, next)]
    const answers = await Promise.all([show(second, next.tenderId, later), show(till, terms.tenderId, early)])
    expect(answers[0]).toBe('held')
    expect(['held', 'CARD_COUNTER_WENT_BACK']).toContain(answers[1])
    expect(await payByCard(till, card, terms)).toBe('held')
    expect(await payments()).toBe(2)
  })

  test('two tills and one card whose account pays one of them only', async () => {
    await move(owner.account, 'almaly-education', walletFunds - amount)
    const second = await world.demo.till('till-2')
    const [terms, next] = [await opened(), await opened(amount, second)]
    const [first, last] = [tapFor(card, terms), tapFor(card, next)]
    const answers = await Promise.all([show(till, terms.tenderId, first), show(second, next.tenderId, last)])
    expect(answers.filter((answer) => answer === 'held')).toHaveLength(1)
    expect([await payments(), (await world.demo.rows('hold')).length]).toEqual([1, 1])
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
    expect(await payments()).toBe(1)
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
  const file = join(folder.path, 'ledger.db')
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
