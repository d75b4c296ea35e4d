/**
 * When a CBDC card does not pay a till's QR (docs/design/29-cbdc-card.md, "At the ledger"): another card, another
 * request, a message for something else, a counter, a sum. Method: as in card-payments.test.ts.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { suspendTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { requestTermsHashOf } from '../../../src/sync/protocol/request-terms-hash.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import {
  accountCard,
  amount,
  cardPayments,
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
import type { TestCard, TestSigner, TestTill } from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'
import { capture, inquire, walletFunds, type Wallet } from './payment-by-qr.ts'
import { readCard } from './sun-message.ts'

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
    expect(await kept()).toEqual([0, 0])
    expect(await money()).toEqual(untouched)
  }

  test('for a card that nobody knows, has no account, or is blocked between session and payment', async () => {
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
    expect((await kept())[0]).toBe(0)
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
    expect((await kept())[0]).toBe(0)
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
