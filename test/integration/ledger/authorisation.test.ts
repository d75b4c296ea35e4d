/** Signed authorisations against the demonstration's ledger: it pays, refuses with a code, and pays once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startHttp } from '../../../ledger-sim/http/fastify.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { toJson, termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { signRequest, verifyAnswer } from '../../../src/sync/protocol/http-signature.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Slot } from '../../../src/voucher/slot.ts'
import {
  balanceOf,
  demoLedger,
  drain,
  type Decided,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from './demo-ledger.ts'
import { readCard } from './sun-message.ts'
import { sunOf } from '../../fixtures/sun-of.ts'

const merchant = 'merchant.school-7-canteen'
let demo: DemoLedger
let till: TestTill

beforeEach(async () => {
  demo = await demoLedger()
  till = await demo.till('till-1')
  await till.fetch()
})
afterEach(() => demo.close())

/** What the ledger says the card may receive, when it is not leased: by opening a card session. */
async function slotFromLedger(asking: TestTill, card: TestCard): Promise<Slot> {
  const answer = await asking.call('/v1/terminal/card-sessions', {
    cardSessionId: asking.id(),
    card: card.pseudonym,
    encryptedRndB: '00'.repeat(16),
  })
  if (answer.kind !== 'open' || answer.slots[0] === undefined) throw new Error(JSON.stringify(answer))
  return answer.slots[0]
}

describe('an authorisation under the till’s own lease', () => {
  test('pays the merchant from escrow, over HTTP, signed both ways', async () => {
    const http = await startHttp({ ledger: demo.ledger, port: 0 })
    try {
      const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
      const created = Math.floor(demo.clock.now / 1000)
      const request = signRequest(
        {
          method: 'POST',
          url: `${http.url}/v1/terminal/authorisations`,
          body: toJson({ terms: decided.terms, evidence: decided.evidence }),
        },
        till.key,
        { created, expires: created + 60, nonce: 'nonce-of-the-first-test' },
      )
      const response = await fetch(request.url, { method: 'POST', headers: request.headers, body: request.body })
      const body = await response.text()
      const received = { status: response.status, headers: Object.fromEntries(response.headers), body }
      expect(verifyAnswer(received, request, demo.ports.keys.signing)).toMatchObject({
        kind: 'valid',
        moment: { created },
      })
      expect(JSON.parse(body)).toMatchObject({
        result: { state: 'settled', paidBy: 'escrow', amount: '115000', arrival: 'created' },
      })
      expect(await balanceOf(demo, merchant)).toBe(115_000n)
    } finally {
      await http.close()
    }
  })

  test('the same request again answers exists and pays nothing', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    expect(await till.authorise(decided)).toMatchObject({ arrival: 'created', state: 'settled' })
    expect(await till.authorise(decided)).toMatchObject({ arrival: 'exists', state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('two at once under one id pay once', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    const results = await Promise.all([till.authorise(decided), till.authorise(decided), till.authorise(decided)])
    expect(results.map((result) => result.arrival).toSorted()).toEqual(['created', 'exists', 'exists'])
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('the second lunch of the day is refused, finally', async () => {
    const card = demo.card('Pupil 01')
    await till.authorise(till.decide({ card }, 'online'))
    const second = till.decide({ card }, 'online')
    expect(await till.authorise(second)).toMatchObject({ state: 'refused', refusal: 'ALLOWANCE_USED' })
    expect(await till.authorise(second)).toMatchObject({ arrival: 'exists', state: 'refused' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('the answer shows the slot with this tender booked', async () => {
    const decided = till.decide({ card: demo.card('Family 01'), item: 'milk' }, 'online')
    const result = await till.authorise(decided)
    expect(result.slot).toMatchObject({ countSpent: 1, amountSpent: 52_000n, booked: [decided.terms.tenderId] })
  })
})

describe('an authorisation for a card that is leased nowhere', () => {
  test('is paid from the agency’s scheme account', async () => {
    const card = demo.card('Pupil 25')
    const before = await balanceOf(demo, 'scheme.school-lunch')
    const result = await till.authorise(till.decide({ card, slot: await slotFromLedger(till, card) }, 'online'))
    expect(result).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(before - (await balanceOf(demo, 'scheme.school-lunch'))).toBe(115_000n)
  })

  test('another till gets LEASED_ELSEWHERE for a leased one', async () => {
    const card = demo.card('Pupil 01')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('not leased')
    const other = await demo.till('till-2')
    await other.fetch()
    const result = await other.authorise(other.decide({ card, slot: leased.slot }, 'online'))
    expect(result).toMatchObject({ state: 'refused', refusal: 'LEASED_ELSEWHERE' })
    expect(await balanceOf(demo, merchant)).toBe(0n)
  })

  test('without money in the scheme it is refused for lack of funds', async () => {
    const card = demo.card('Pupil 25')
    const slot = await slotFromLedger(till, card)
    await drain(demo, 'scheme.school-lunch')
    const decided = till.decide({ card, slot }, 'online')
    expect(await till.authorise(decided)).toMatchObject({ state: 'refused', refusal: 'INSUFFICIENT_FUNDS' })
    expect(await balanceOf(demo, merchant)).toBe(0n)
  })
})

describe('a card proof', () => {
  const refused = async (decided: Decided) => (await till.authorise(decided)).refusal

  test('of a blocked card is refused', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card }, 'online')
    await inTransaction(demo.ports, (work) => setCardStatus(work, card.pseudonym, 'blocked'))
    expect(await refused(decided)).toBe('CARD_BLOCKED')
  })

  test('with a changed MAC is forged', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    const sun = sunOf(decided.evidence.cardProof)
    const forged = { ...sun, m: sun.m.replace(/^./, (first) => (first === '0' ? '1' : '0')) }
    const evidence = till.evidence(decided.evidence.record, decided.terms, forged)
    expect(await refused({ ...decided, evidence })).toBe('CARD_PROOF_FORGED')
  })

  test('encrypted under another issuer’s key is forged', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card }, 'online')
    const foreign = readCard({ ...card, metaReadKey: new Uint8Array(16) }, termsHashOf(decided.terms))
    expect(
      await refused({ ...decided, evidence: till.evidence(decided.evidence.record, decided.terms, foreign) }),
    ).toBe('CARD_PROOF_FORGED')
  })

  test('of a card that nobody registered is unknown', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card }, 'online')
    const stranger = readCard({ ...card, uid: Uint8Array.of(4, 1, 2, 3, 4, 5, 6) }, termsHashOf(decided.terms))
    expect(
      await refused({ ...decided, evidence: till.evidence(decided.evidence.record, decided.terms, stranger) }),
    ).toBe('CARD_UNKNOWN')
  })

  test('that was used for another sale is replayed', async () => {
    const card = demo.card('Family 01')
    const first = till.decide({ card }, 'online')
    await till.authorise(first)
    const second = till.decide({ card }, 'online')
    const evidence = till.evidence(second.evidence.record, second.terms, sunOf(first.evidence.cardProof))
    expect(await refused({ ...second, evidence })).toBe('CARD_PROOF_REPLAYED')
  })

  test('with a counter that went back is refused', async () => {
    const card = demo.card('Family 01')
    card.counter = 10
    await till.authorise(till.decide({ card }, 'online'))
    card.counter = 4
    expect(await refused(till.decide({ card }, 'online'))).toBe('CARD_COUNTER_WENT_BACK')
  })

  test('harvested before is bound to other terms', async () => {
    const card = demo.card('Pupil 01')
    const harvested = readCard(card, '0'.repeat(64))
    const decided = till.decide({ card }, 'online')
    card.counter += 1
    const evidence = till.evidence(decided.evidence.record, decided.terms, {
      ...harvested,
      ...readCard(card, '0'.repeat(64)),
    })
    expect(await refused({ ...decided, evidence })).toBe('CARD_BINDING_MISMATCH')
  })
})

describe('a recorded decision', () => {
  test('that the rule function does not give is a mismatch, with a discrepancy', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    const { record } = decided.evidence
    const amount = tiyn(120_000n)
    const terms = { ...decided.terms, amount }
    if (record.decision.verdict !== 'approve') throw new Error('approved')
    const parts = record.decision.parts.map((part) => ({ ...part, amount }))
    const forged = { ...record, decision: { ...record.decision, parts } }
    const evidence = till.evidence(forged, terms, readCard(demo.card('Pupil 01'), termsHashOf(terms)))
    expect(await till.authorise({ terms, evidence })).toMatchObject({ state: 'refused', refusal: 'DECISION_MISMATCH' })
    expect(await demo.rows('discrepancy')).toMatchObject([{ code: 'DECISION_MISMATCH', appeal: 'open' }])
  })

  test('with amounts that nobody can have is a mismatch, not a failure', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card }, 'online')
    const { record, cardProof } = decided.evidence
    const lines = record.input.sale.lines.map((line) => ({
      ...line,
      quantity: 9_999,
      unitPrice: tiyn(1_000_000_000_000_000n),
    }))
    const changed = { ...record, input: { ...record.input, sale: { ...record.input.sale, lines } } }
    expect(
      (
        await till.authorise({
          terms: decided.terms,
          evidence: till.evidence(changed, decided.terms, sunOf(cardProof)),
        })
      ).refusal,
    ).toBe('DECISION_MISMATCH')
  })

  test('under a package that was never issued names the missing package', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    const record = { ...decided.evidence.record, packageHash: '0'.repeat(64) }
    const evidence = till.evidence(record, decided.terms, sunOf(decided.evidence.cardProof))
    expect((await till.authorise({ terms: decided.terms, evidence })).refusal).toBe('PACKAGE_MISSING')
  })

  test('that was right by an older package is refused by what the ledger knows now', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    await inTransaction(demo.ports, async (work) => {
      const scheme = await findScheme(work, 'school-lunch')
      if (scheme === undefined) throw new Error('no scheme')
      expect(await publishScheme(work, { ...scheme, version: 2, status: 'suspended' })).toBe('published')
    })
    expect(await till.authorise(decided)).toMatchObject({ state: 'refused', refusal: 'SCHEME_SUSPENDED' })
  })
})

describe('identity', () => {
  test.each([
    ['amount', { amount: tiyn(1n) }, 'exists_with_different_amount'],
    ['payee', { payeeAccount: 'merchant.other' }, 'exists_with_different_payee_account'],
    ['slot', { payerSlot: 'school-lunch/x/y' }, 'exists_with_different_payer_slot'],
    ['scheme', { schemeId: 'food-voucher' }, 'exists_with_different_scheme_id'],
    ['sale', { saleHash: '1'.repeat(64) }, 'exists_with_different_sale_hash'],
  ])('the same id with another %s moves nothing', async (_name, change, arrival) => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    await till.authorise(decided)
    const changed = { ...decided, terms: { ...decided.terms, ...change } }
    expect(await till.authorise(changed)).toMatchObject({ arrival, state: 'settled', amount: 115_000n })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('an id belongs to the terminal that used it first', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    await till.authorise(decided)
    const other = await demo.till('till-2')
    expect(await other.authorise(decided)).toMatchObject({ state: 'refused', refusal: 'EXISTS_WITH_DIFFERENT_TERMS' })
    expect(await other.inquire(decided.terms.tenderId)).toBeUndefined()
    expect(await other.reverse(decided.terms.tenderId)).toMatchObject({ state: 'refused' })
    expect(await till.inquire(decided.terms.tenderId)).toMatchObject({ state: 'settled' })
  })

  test('an id that nobody used is not seen', async () => {
    expect(await till.inquire(till.id())).toBeUndefined()
  })
})

describe('a reversal', () => {
  test('that arrives first leaves a tombstone, and the late request moves nothing', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    expect(await till.reverse(decided.terms.tenderId)).toMatchObject({
      arrival: 'created',
      state: 'reversed',
      amount: 0n,
    })
    expect(await till.authorise(decided)).toMatchObject({ arrival: 'reversed_before_arrival', state: 'reversed' })
    expect(await till.present(decided)).toMatchObject({ arrival: 'reversed_before_arrival', state: 'reversed' })
    expect(await till.reverse(decided.terms.tenderId)).toMatchObject({ arrival: 'exists', state: 'reversed' })
    expect(await balanceOf(demo, merchant)).toBe(0n)
  })

  test('of a settled payment moves the money back and frees the slot', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card }, 'online')
    await till.authorise(decided)
    expect(await till.reverse(decided.terms.tenderId)).toMatchObject({
      arrival: 'created',
      state: 'reversed',
      slot: { countSpent: 0, booked: [] },
    })
    expect(await balanceOf(demo, merchant)).toBe(0n)
    expect(await till.authorise(till.decide({ card }, 'online'))).toMatchObject({ state: 'settled' })
  })

  test('of a payment that the merchant has spent is owed, and netted from the next one', async () => {
    const card = demo.card('Family 01')
    const decided = till.decide({ card, item: 'milk' }, 'online')
    await till.authorise(decided)
    await inTransaction(demo.ports, (work) =>
      post(work, [{ debit: merchant, credit: 'almaly-education', amount: tiyn(50_000n), kind: 'payment' }], 'spent'),
    )
    expect(await till.reverse(decided.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await demo.rows('merchant_debt')).toMatchObject([{ amount: 50_000n }])
    await till.authorise(till.decide({ card: demo.card('Pupil 02') }, 'online'))
    expect(await demo.rows('merchant_debt')).toMatchObject([{ amount: 0n }])
    expect(await balanceOf(demo, merchant)).toBe(65_000n)
  })
})
