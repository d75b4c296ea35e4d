/**
 * Tills that are gone, as whole stories: destroyed before it synced, stolen, handed in. The codes are those that a till
 * prints, the cards compute their own messages, and the audit looks after each story.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  drain,
  hourMs,
  p256,
  temporaryFolder,
  type Decided,
  type DemoLedger,
  type TestSigner,
  type TestTill,
} from './demo-ledger.ts'
import { readCard } from './sun-message.ts'

const merchantAccount = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill
let agency: TestSigner
let merchant: TestSigner

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
  await till.fetch()
  agency = demo.role('agency', 'almaly-education')
  merchant = demo.role('merchant', 'school-7-canteen')
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await demo.close()
    folder.remove()
  }
})

/** The code on the receipt of a sale that was accepted off line. */
function receiptOf(decided: Decided, position = till.position(), leaseId: string | null = decided.leaseId): string {
  const { terms, decidedAt, evidence } = decided
  const { cardProof } = evidence
  const place = { epoch: position.epoch, sequence: position.sequence }
  return makeReceiptPresentment(
    { terms, leaseId, decidedAt, cardProof, terminalId: 'till-1', position: place },
    till.key,
  )
}

const revoke = (reason: string) => agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason })
const claim = (text: string) => merchant.post('/v1/receipt-claims', { text })
const decideReview = (tenderId: string, verdict: 'paid' | 'refused', by = agency) =>
  by.post('/v1/review-decisions', { tenderId, verdict, reason: 'looked at with the school' })
const label = (place: number): string => demo.world.cards[place]?.label ?? ''
const sold = (place: number): Decided => till.decide({ card: demo.card(label(place)) })

describe('a till that was destroyed before it synced', () => {
  test('is paid from escrow for each sale that a receipt proves, once', async () => {
    const first = sold(0)
    const code = receiptOf(first)
    const late = receiptOf(sold(1))
    expect(await claim(code)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    expect(await revoke('destroyed')).toMatchObject({ status: 200, body: { exposedCards: 0, arrival: 'created' } })
    const before = await balanceOf(demo, merchantAccount)
    expect(await claim(code)).toMatchObject({
      status: 200,
      body: { tenderId: first.terms.tenderId, state: 'settled', amount: lunch.toString(), arrival: 'created' },
    })
    expect(await claim(code)).toMatchObject({ body: { state: 'settled', arrival: 'exists' } })
    expect((await balanceOf(demo, merchantAccount)) - before).toBe(lunch)
    // A receipt that turns up after `presentUntil` is judged as late: this scheme's agency bears that up to a sum.
    const { presentUntil } = till.leased(demo.card(label(1)))?.lease ?? { presentUntil: 0 }
    demo.clock.now = presentUntil + hourMs
    expect(await agency.post('/v1/lease-closings', {})).toMatchObject({ status: 200 })
    expect(await claim(late)).toMatchObject({ body: { state: 'settled' } })
    expect(await demo.rows('discrepancy')).toMatchObject([{ code: 'PRESENTED_TOO_LATE', owner: 'agency' }])
    expect((await balanceOf(demo, merchantAccount)) - before).toBe(2n * lunch)
  })

  test('and had handed the sale over before: the receipt pays nothing more', async () => {
    const decided = sold(0)
    await till.present(decided)
    await revoke('destroyed')
    const before = await balanceOf(demo, merchantAccount)
    expect(await claim(receiptOf(decided))).toMatchObject({ body: { state: 'settled', arrival: 'exists' } })
    expect(await balanceOf(demo, merchantAccount)).toBe(before)
  })

  test('two receipts of one slot: the first is paid, the other is the merchant’s', async () => {
    const [first, second] = [sold(0), sold(0)]
    await till.present(first)
    const secondCode = receiptOf(second)
    await revoke('destroyed')
    expect(await claim(secondCode)).toMatchObject({ body: { state: 'not_paid', loss: 'SLOT_ALREADY_USED' } })
    expect(await demo.rows('discrepancy')).toMatchObject([
      { code: 'SLOT_ALREADY_USED', owner: 'merchant', appeal: 'open', tender_id: second.terms.tenderId },
    ])
  })

  test('and a merchant claims only receipts of its own tills, that its till signed, unchanged', async () => {
    const decided = sold(0)
    const code = receiptOf(decided)
    await revoke('destroyed')
    const other = demo.world.roleKeys.find(({ role, owner }) => role === 'merchant' && owner !== 'school-7-canteen')
    if (other !== undefined) {
      const stranger = demo.role('merchant', other.owner)
      expect(await stranger.post('/v1/receipt-claims', { text: code })).toMatchObject({ status: 409 })
    }
    const position = { epoch: 1, sequence: 99 }
    const { terms, leaseId, decidedAt, evidence } = decided
    const { cardProof } = evidence
    const forged = makeReceiptPresentment(
      { terms, leaseId, decidedAt, cardProof, terminalId: 'till-1', position },
      p256('somebody else'),
    )
    for (const text of ['TOLEM1.xx', 'just words', forged, `${code}x`]) {
      expect(await claim(text), text).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    }
    expect(await agency.post('/v1/receipt-claims', { text: code })).toMatchObject({ status: 403 })
    expect(await claim(receiptOf(decided, till.position(), null))).toMatchObject({ status: 409 })
    expect(await demo.rows('tender')).toEqual([])
  })

  test('and its receipts pay its own merchant only, whoever else its key names', async () => {
    const own = sold(0)
    const terms = { ...own.terms, payeeAccount: 'merchant.kokbazar-shop' }
    const sun = readCard(demo.card(label(0)), termsHashOf(terms))
    const code = receiptOf({ ...own, terms, evidence: { ...own.evidence, cardProof: { profile: 'ntag424', sun } } })
    await revoke('destroyed')
    const before = await balanceOf(demo, terms.payeeAccount)
    expect(await claim(code)).toMatchObject({ body: { state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' } })
    expect(await balanceOf(demo, terms.payeeAccount)).toBe(before)
    expect(await demo.rows('slot_use')).toEqual([])
    const [filed] = await demo.rows('discrepancy')
    expect(String(filed?.['evidence'])).toContain('MERCHANT_NOT_ALLOWED')
  })

  test('its keys are heard no more, it gets no code, and no lease', async () => {
    await revoke('destroyed')
    const { status, body } = await till.post('/v1/terminal/heads', { head: till.position(), unsynced: 0 })
    expect({ status, code: body['code'] }).toEqual({ status: 401, code: 'key_unknown' })
    expect(await agency.post('/v1/terminal-enrolment-codes', { terminalId: 'till-1' })).toMatchObject({
      body: { code: 'rule_violated' },
    })
    expect(await revoke('destroyed')).toMatchObject({ body: { arrival: 'exists' } })
    expect(await revoke('retired')).toMatchObject({ status: 409 })
    expect(await revoke('stolen')).toMatchObject({ status: 200, body: { arrival: 'created' } })
    expect(await revoke('destroyed')).toMatchObject({ status: 409 })
  })
})

describe('a till that was stolen', () => {
  test('what it sold below its last countersigned head is paid, what came later waits for the agency', async () => {
    const [below, above] = [sold(0), sold(1)]
    const belowCode = receiptOf(below)
    await till.call('/v1/terminal/heads', { head: till.position(), unsynced: 1 })
    const aboveCode = receiptOf(above)
    expect((await revoke('stolen')).body['exposedCards']).toBeGreaterThan(0)
    expect(await claim(belowCode)).toMatchObject({ body: { state: 'settled' } })
    const paid = await balanceOf(demo, merchantAccount)
    expect(await claim(aboveCode)).toMatchObject({ body: { state: 'in_review', loss: null } })
    expect(await claim(aboveCode)).toMatchObject({ body: { state: 'in_review', arrival: 'exists' } })
    expect(await balanceOf(demo, merchantAccount)).toBe(paid)
    expect((await agency.get('/v1/reviews')).body['reviews']).toMatchObject([
      { tenderId: above.terms.tenderId, terminalId: 'till-1', amount: lunch.toString() },
    ])
    // The agency may run dry, and the lease may end, while somebody looks.
    await drain(demo, 'scheme.school-lunch')
    demo.clock.now += 30 * dayMs
    await agency.post('/v1/lease-closings', {})
    const { tenderId } = above.terms
    expect(await decideReview(tenderId, 'paid')).toMatchObject({ body: { state: 'settled', arrival: 'created' } })
    expect(await decideReview(tenderId, 'paid')).toMatchObject({ body: { arrival: 'exists' } })
    expect(await decideReview(tenderId, 'refused')).toMatchObject({ status: 409 })
    expect((await balanceOf(demo, merchantAccount)) - paid).toBe(lunch)
    expect((await agency.get('/v1/reviews')).body['reviews']).toEqual([])
  })

  test('refused in review: the slot has room again, the merchant bears it with a code and an open appeal', async () => {
    const decided = sold(0)
    const code = receiptOf(decided)
    const again = receiptOf(sold(0))
    await revoke('lost')
    const { tenderId } = decided.terms
    expect(await claim(code)).toMatchObject({ body: { state: 'in_review' } })
    expect(await claim(again)).toMatchObject({ body: { state: 'not_paid', loss: 'SLOT_ALREADY_USED' } })
    const stranger = demo.world.roleKeys.find(({ role, owner }) => role === 'agency' && owner !== 'almaly-education')
    if (stranger !== undefined)
      expect(await decideReview(tenderId, 'paid', demo.role('agency', stranger.owner))).toMatchObject({ status: 404 })
    demo.clock.now += 30 * dayMs
    await agency.post('/v1/lease-closings', {})
    expect(await decideReview(tenderId, 'refused')).toMatchObject({
      body: { state: 'not_paid', loss: 'TERMINAL_LOST' },
    })
    expect(await demo.rows('discrepancy')).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ code: 'TERMINAL_LOST', owner: 'merchant', appeal: 'open', tender_id: tenderId }),
      ]),
    )
    // The other receipt of the slot is judged again by itself, and waits in its turn: it had come in time.
    expect((await demo.rows('discrepancy')).map(({ code }) => code).toSorted()).toEqual([
      'SLOT_ALREADY_USED',
      'TERMINAL_LOST',
    ])
    const waiting = (await agency.get('/v1/reviews')).body['reviews'] as { tenderId: string }[]
    expect(waiting).toHaveLength(1)
    expect(await decideReview(waiting[0]?.tenderId ?? '', 'paid')).toMatchObject({ body: { state: 'settled' } })
  })

  test('what comes late and waits for the agency counts for what the agency takes over', async () => {
    const scheme = till.package?.schemes.find(({ schemeId }) => schemeId === 'school-lunch')
    const offline = { ...scheme?.offline, lossBearer: { kind: 'agency', upTo: '200000' } }
    expect(await agency.post('/v1/schemes', { ...scheme, version: 2, offline })).toMatchObject({ status: 200 })
    await till.fetch()
    const [first, second] = [receiptOf(sold(0)), receiptOf(sold(1))]
    const { presentUntil } = till.leased(demo.card(label(0)))?.lease ?? { presentUntil: 0 }
    await revoke('lost')
    demo.clock.now = presentUntil + hourMs
    expect(await claim(first)).toMatchObject({ body: { state: 'in_review' } })
    expect(await claim(second)).toMatchObject({ body: { state: 'not_paid', loss: 'PRESENTED_TOO_LATE' } })
  })

  test('the keys of the cards that it held leave every other till, and no lease carries them any more', async () => {
    const card = demo.card(label(0))
    const other = await demo.till('till-2')
    const beneficiary = till.leased(card)?.slot.beneficiary
    const held = new Set(till.package?.leases.flatMap(({ slots }) => slots.map(({ slot }) => slot.periodId)))
    const periods = (await other.fetch()).schemes.find(({ schemeId }) => schemeId === 'school-lunch')?.periods ?? []
    const [first, second] = periods.filter(({ to, periodId }) => to > demo.clock.now && !held.has(periodId))
    const grant = (periodId: string | undefined) =>
      agency.post('/v1/leases', {
        grantId: till.id(),
        terminalId: 'till-2',
        schemeId: 'school-lunch',
        beneficiaries: [beneficiary],
        periodIds: [periodId],
        sellUntil: demo.clock.now + dayMs,
        presentUntil: demo.clock.now + 2 * dayMs,
      })
    const cardsAt = async (): Promise<string[]> =>
      (await other.fetch()).leases.flatMap(({ slots }) => slots.flatMap(({ cards }) => cards.map((own) => own.card)))
    expect(await grant(first?.periodId)).toMatchObject({ status: 200 })
    expect(await cardsAt()).toContain(card.pseudonym)
    const { cursor } = await other.call('/v1/terminal/events', { after: 0, limit: 100 })
    await revoke('lost')
    const { events } = await other.call('/v1/terminal/events', { after: cursor, limit: 100 })
    expect(events).toMatchObject([{ event: { kind: 'package_available' } }])
    expect(await cardsAt()).not.toContain(card.pseudonym)
    expect(await grant(second?.periodId)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('no_active_card') },
    })
  })
})
