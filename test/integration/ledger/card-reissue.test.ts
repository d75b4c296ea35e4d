/**
 * A child loses the card and gets another one (money-rules.md, "Offline": re-issue; "Who pays"), as whole stories:
 * what the former card sold is paid as the table says, the new one has at once what no till holds and the rest when it
 * is free, and no allowance is there twice. The audit looks after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { tillKeyContext, unseal } from '../../../src/sync/protocol/sealed-box.ts'
import { isListed } from '../../../src/voucher/hotlist.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  hourMs,
  p256,
  temporaryFolder,
  TestSigner,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'

const canteen = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let agency: TestSigner
let till: TestTill
let other: TestTill

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  agency = demo.role('agency', 'almaly-education')
  till = await demo.till('till-1')
  other = await demo.till('till-2')
  await till.fetch()
  await other.fetch()
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

const freshCard = (number: number): TestCard => freshCardOf(demo, number)
const reissue = (former: TestCard, card: TestCard, by = agency) =>
  by.post('/v1/card-reissues', { card: former.pseudonym, uid: Buffer.from(card.uid).toString('hex') })
const slotOf = (card: TestCard) => {
  const slot = till.leased(card)?.slot
  if (slot === undefined) throw new Error(`${card.label} has no slot at the first till`)
  return slot
}

describe('the act', () => {
  test('blocks the former card for good, and is the same act when it comes again', async () => {
    const [former, card] = [demo.card('Pupil 01'), freshCard(1)]
    const wanted = other.decide({ card: former, slot: slotOf(former) }, 'online')
    expect(await reissue(former, card)).toEqual({ status: 200, body: { card: card.pseudonym, arrival: 'created' } })
    expect(await reissue(former, card)).toEqual({ status: 200, body: { card: card.pseudonym, arrival: 'exists' } })
    expect(await reissue(former, freshCard(2))).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await agency.post('/v1/card-unblocks', { card: former.pseudonym })).toMatchObject({
      status: 409,
      body: { code: 'rule_violated' },
    })
    expect(isListed((await other.fetch()).hotlist, former.pseudonym)).toBe(true)
    expect(await other.authorise(wanted)).toMatchObject({ state: 'refused', refusal: 'CARD_BLOCKED' })
  })

  test('goes on: the card that took a place is lost too', async () => {
    const [first, second, third] = [demo.card('Pupil 21'), freshCard(1), freshCard(2)]
    await reissue(first, second)
    expect(await reissue(second, third)).toMatchObject({ status: 200, body: { arrival: 'created' } })
    expect(await reissue(third, second)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await reissue(third, third)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
  })

  test('takes no card of another holder, and no card that is none', async () => {
    const [former, taken] = [demo.card('Pupil 01'), demo.card('Pupil 02')]
    expect(await reissue(former, taken)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await agency.post('/v1/card-reissues', { card: former.pseudonym, uid: '00' })).toMatchObject({ status: 422 })
    const unknown = { ...former, pseudonym: freshCard(9).pseudonym }
    expect(await reissue(unknown, freshCard(1))).toMatchObject({ status: 404 })
    // Nothing of a refused act stays.
    expect(isListed((await till.fetch()).hotlist, former.pseudonym)).toBe(false)
  })

  test('is the agency’s whose scheme the holder is in: to another one there is no such card', async () => {
    const { keyId, jwk } = p256('other-agency')
    await demo.ports.store.transaction((connection) =>
      connection
        .insertInto('principal')
        .values({ key_id: keyId, jwk: JSON.stringify(jwk), role: 'agency', owner: 'other-agency', status: 'active' })
        .execute(),
    )
    const stranger = new TestSigner(demo.ledger, demo.clock, demo.random, p256('other-agency'))
    const { pseudonym } = demo.card('Pupil 01')
    expect(await reissue(demo.card('Pupil 01'), freshCard(1), stranger)).toMatchObject({ status: 404 })
    for (const path of ['/v1/card-blocks', '/v1/card-unblocks'])
      expect(await stranger.post(path, { card: pseudonym })).toMatchObject({ status: 404 })
  })
})

describe('what the former card sold', () => {
  test('off line before the loss is paid from escrow, and the new card gets no second lunch', async () => {
    const [former, card] = [demo.card('Pupil 01'), freshCard(1)]
    const slot = slotOf(former)
    const sold = till.decide({ card: former })
    demo.clock.now += hourMs
    await reissue(former, card)
    // The till that holds the slot is not asked for it while nobody knows what it sold.
    expect(await other.authorise(other.decide({ card, slot }, 'online'))).toMatchObject({ refusal: 'LEASED_ELSEWHERE' })
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    const again = till.decide({ card, slot }, 'online')
    expect(await till.authorise(again)).toMatchObject({ state: 'refused', refusal: 'ALLOWANCE_USED' })
    expect(await balanceOf(demo, canteen)).toBe(lunch)
  })

  test('off line in a finder’s hands, at a till that could not know yet, is paid from escrow', async () => {
    const [former, card] = [demo.card('Pupil 01'), freshCard(1)]
    const slot = slotOf(former)
    await reissue(former, card)
    demo.clock.now += 2 * hourMs
    expect(await till.present(till.decide({ card: former }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    await till.fetch()
    const wanted = till.decide({ card, slot }, 'online')
    expect(await till.authorise(wanted)).toMatchObject({ refusal: 'ALLOWANCE_USED' })
  })

  test('after the till had heard of it is no sale', async () => {
    const [former, card] = [demo.card('Pupil 01'), freshCard(1)]
    await reissue(former, card)
    await till.fetch()
    expect(() => till.decide({ card: former })).toThrow('CARD_BLOCKED')
  })

  test('under a package that is too old for the scheme is the merchant’s', async () => {
    const [former, card] = [demo.card('Pupil 01'), freshCard(1)]
    await reissue(former, card)
    await inTransaction(demo.ports, async (work) => {
      const scheme = await findScheme(work, 'school-lunch')
      if (scheme === undefined) throw new Error('no scheme')
      const offline = { ...scheme.offline, allowedPolicyAgeMs: 0 }
      await publishScheme(work, { ...scheme, version: scheme.version + 1, offline })
    })
    demo.clock.now += hourMs
    expect(await till.present(till.decide({ card: former }))).toMatchObject({
      state: 'not_paid',
      loss: 'BLOCKED_BEFORE_SALE',
    })
    expect(await balanceOf(demo, canteen)).toBe(0n)
    // The merchant's loss is not the child's: the new card has its lunch.
    await till.fetch()
    expect(await till.present(till.decide({ card }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })
})

describe('what the new card has', () => {
  test('at once: what no till holds', async () => {
    const [former, card] = [demo.card('Pupil 25'), freshCard(1)]
    const like = slotOf(demo.card('Pupil 01'))
    const holder = (await demo.rows('card')).find((row) => row['card'] === former.pseudonym)?.['holder']
    const { beneficiary } = (await demo.rows('entitlement')).find((row) => row['holder'] === holder) ?? {}
    const slotId = like.slotId.replace(like.beneficiary, String(beneficiary))
    const slot = { ...like, slotId, beneficiary: String(beneficiary) }
    await reissue(former, card)
    expect(await other.authorise(other.decide({ card, slot }, 'online'))).toMatchObject({
      state: 'settled',
      paidBy: 'agency',
    })
  })

  test('at the till that holds the slot, off line too as soon as it has synced', async () => {
    const [former, card] = [demo.card('Pupil 01'), freshCard(1)]
    expect(till.leased(card)).toBeUndefined()
    const before = till.package?.version ?? 0
    await reissue(former, card)
    const told = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    expect(told.events.map(({ event }) => event)).toContainEqual({ kind: 'package_available', version: before + 1 })
    const { leases } = await till.fetch()
    const [lease] = leases.filter(({ slots }) =>
      slots.some(({ cards }) => cards.some((own) => own.card === card.pseudonym)),
    )
    const sealed = lease?.slots.flatMap(({ cards }) => cards).find((own) => own.card === card.pseudonym)
    const key = unseal(
      sealed?.sealedTillKey ?? '',
      till.encryption.privateKey,
      tillKeyContext(lease?.leaseId ?? '', card.pseudonym),
    )
    expect(Buffer.from(key ?? [])).toEqual(Buffer.from(card.tillKey))
    expect(await till.present(till.decide({ card }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(demo, canteen)).toBe(lunch)
  })

  test('elsewhere: the rest, once the lease is over', async () => {
    const [former, card] = [demo.card('Family 01'), freshCard(1)]
    const slot = slotOf(former)
    const sold = till.decide({ card: former, item: 'milk' })
    await reissue(former, card)
    const decide = () => other.decide({ card, slot, item: 'milk' }, 'online')
    expect(await other.authorise(decide())).toMatchObject({ refusal: 'LEASED_ELSEWHERE' })
    const { lease } = till.leased(former) ?? {}
    expect(await till.batch(till.presentment(sold), till.surrender(lease?.leaseId ?? '', slot.slotId))).toMatchObject([
      { state: 'settled', paidBy: 'escrow' },
      { state: 'done' },
    ])
    expect(await other.authorise(decide())).toMatchObject({
      state: 'settled',
      paidBy: 'agency',
      slot: { amountSpent: 104_000n },
    })
  })

  test('nothing at a till that is gone for good, until what that one sold can be claimed no more', async () => {
    const [former, card] = [demo.card('Family 04'), freshCard(1)]
    const { schemeId, periodId } = slotOf(demo.card('Family 01'))
    const { now } = demo.clock
    const until = { sellUntil: now + 3 * hourMs, presentUntil: now + dayMs }
    const which = { schemeId, beneficiaries: [demoPseudonym('test', schemeId, former.label)], periodIds: [periodId] }
    await agency.post('/v1/leases', { grantId: till.id(), terminalId: 'till-1', ...which, ...until })
    await till.fetch()
    const slot = slotOf(former)
    await agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
    expect(await reissue(former, card)).toMatchObject({ status: 200 })
    const sealedFor = (await demo.rows('lease_card')).filter((row) => row['card'] === card.pseudonym)
    expect(sealedFor).toEqual([])
    const decide = () => other.decide({ card, slot, item: 'milk' }, 'online')
    expect(await other.authorise(decide())).toMatchObject({ refusal: 'LEASED_ELSEWHERE' })
    demo.clock.now = until.presentUntil + 1
    expect(await other.authorise(decide())).toMatchObject({ state: 'settled', paidBy: 'agency' })
  })
})
