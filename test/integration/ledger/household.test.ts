/**
 * A family shares one food voucher: mother, father and a grandmother with a card of their own each, as whole stories
 * (docs/adr/0027-households.md). Method: the demonstration's ledger on disk and two tills; the cards are those of one
 * family and of pupils whose own scheme is lunch. Whoever taps, where and when: one allowance, each tender once. The
 * audit looks after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
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

const canteen = 'merchant.school-7-canteen'
const milk = 52_000n
const all = 2_500_000n
const schemeId = 'food-voucher'
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let agency: TestSigner
/** Holds the family's slot. */
let till: TestTill
let other: TestTill
let mother: TestCard
let father: TestCard
let grandmother: TestCard
let beneficiary: string

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  agency = demo.role('agency', 'almaly-education')
  till = await demo.till('till-1')
  other = await demo.till('till-2')
  ;[mother, father, grandmother] = [demo.card('Family 01'), demo.card('Pupil 01'), demo.card('Pupil 25')]
  await till.fetch()
  await other.fetch()
  beneficiary = slotHere(mother).beneficiary
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

const isFood = (of: { readonly schemeId: string }): boolean => of.schemeId === schemeId
function entryOf(card: TestCard) {
  for (const lease of till.package?.leases.filter(isFood) ?? [])
    for (const { slot, cards } of lease.slots)
      if (cards.some((own) => own.card === card.pseudonym)) return { lease, slot, cards }
  return undefined
}
function slotHere(card: TestCard) {
  const entry = entryOf(card)
  if (entry === undefined) throw new Error(`${card.label} has no food voucher at the first till`)
  return entry.slot
}
async function holderOf({ pseudonym }: TestCard): Promise<string> {
  return String((await demo.rows('card')).find((row) => row['card'] === pseudonym)?.['holder'])
}
async function joins(card: TestCard, more: Record<string, string> = {}, by = agency) {
  const [holder, member] = [await holderOf(card), await holderOf(mother)]
  return by.post('/v1/household-members', { schemeId, beneficiary, holder, member, ...more })
}
async function leaves(card: TestCard, by = agency) {
  return by.post('/v1/entitlement-endings', { schemeId, beneficiary, holder: await holderOf(card) })
}
/** A pint of milk, or as many as are said, off line at the till that holds the slot. */
const buys = (at: TestTill, card: TestCard, quantity = 1) => {
  const { lease, slot } = entryOf(mother) ?? {}
  if (lease === undefined || slot === undefined) throw new Error('the family has no food voucher at the first till')
  return at.decided(at.input(card, at.sale('milk', quantity), slot, 'offline', lease), card, lease.leaseId)
}
const wants = (at: TestTill, card: TestCard, quantity = 1, slot = slotHere(mother)) =>
  at.authorise(at.decided(at.input(card, at.sale('milk', quantity), slot, 'online', undefined), card, at.id()))
const cardsHere = () => entryOf(mother)?.cards.map(({ card }) => card)
/** 48 pints are what a month allows. */
const most = Number(all / milk)
const settled = { state: 'settled', paidBy: 'escrow' }

describe('joining', () => {
  test('is said with a holder who is in it already, and is the same act when it comes again', async () => {
    expect(await joins(father)).toEqual({ status: 200, body: { beneficiary, arrival: 'created', holders: 2 } })
    expect(await joins(father)).toEqual({ status: 200, body: { beneficiary, arrival: 'exists', holders: 2 } })
    const member = await holderOf(father)
    expect(await joins(grandmother, { member })).toMatchObject({ body: { arrival: 'created', holders: 3 } })
  })

  test('takes no beneficiary and no member that do not fit each other: no strangers by a slip', async () => {
    const stranger = demo.card('Family 02')
    const isStranger = (row: Record<string, unknown>) =>
      row['scheme_id'] === schemeId && row['beneficiary'] !== beneficiary
    const [theirs] = (await demo.rows('entitlement')).filter(isStranger)
    const misfit = { status: 409, body: { code: 'rule_violated' } }
    expect(await joins(father, { beneficiary: String(theirs?.['beneficiary']) })).toMatchObject(misfit)
    expect(await joins(father, { beneficiary: 'f'.repeat(32) })).toMatchObject(misfit)
    expect(await joins(father, { member: await holderOf(stranger) })).toMatchObject(misfit)
    expect(await joins(father, { member: await holderOf(father) })).toMatchObject(misfit)
    // As before households: a pseudonym that is somebody's is nobody else's.
    const plain = { schemeId, beneficiary, holder: await holderOf(father) }
    expect(await agency.post('/v1/beneficiaries', plain)).toMatchObject({
      status: 409,
      body: { code: 'exists_with_different_terms' },
    })
    expect(await wants(till, father)).toMatchObject({ state: 'refused', refusal: 'NO_ENTITLEMENT' })
  })

  test('takes nobody who has an allowance in the scheme: that one would be gone without a word', async () => {
    const neighbour = demo.card('Family 02')
    expect(await joins(neighbour)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
  })

  test('is the agency’s whose scheme it is, and has an end', async () => {
    const { keyId, jwk } = p256('other-agency')
    await demo.ports.store.transaction((connection) =>
      connection
        .insertInto('principal')
        .values({ key_id: keyId, jwk: JSON.stringify(jwk), role: 'agency', owner: 'other-agency', status: 'active' })
        .execute(),
    )
    const stranger = new TestSigner(demo.ledger, demo.clock, demo.random, p256('other-agency'))
    expect(await joins(father, {}, stranger)).toMatchObject({ status: 404 })
    expect(await leaves(mother, stranger)).toMatchObject({ status: 404 })
    for (let count = 2; count <= 16; count += 1)
      expect(await joins(father, { holder: count.toString(16).padStart(32, 'c') })).toMatchObject({
        body: { holders: count },
      })
    expect(await joins(father)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  })
})

describe('one allowance', () => {
  test('of two tills on line, whoever of them taps', async () => {
    await joins(father)
    const { lease, slot } = entryOf(mother) ?? {}
    await till.batch(till.surrender(lease?.leaseId ?? '', slot?.slotId ?? ''))
    expect(await wants(till, mother, most - 1)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await wants(other, father)).toMatchObject({ state: 'settled', slot: { countSpent: 2 } })
    expect(await wants(other, father)).toMatchObject({ state: 'refused' })
    expect(await wants(till, mother)).toMatchObject({ state: 'refused' })
    expect(await balanceOf(demo, canteen)).toBe(milk * BigInt(most))
  })

  test('at the till that holds the slot, off line too as soon as it has synced, one after the other', async () => {
    const before = till.package?.version ?? 0
    await joins(father)
    const told = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    expect(told.events.map(({ event }) => event)).toContainEqual({ kind: 'package_available', version: before + 1 })
    await till.fetch()
    expect(cardsHere()?.toSorted()).toEqual([mother.pseudonym, father.pseudonym].toSorted())
    const sold = [buys(till, mother), buys(till, father, 2), buys(till, mother)]
    const results = await till.batch(...sold.map((one) => till.presentment(one)))
    expect(results).toMatchObject([settled, settled, { ...settled, slot: { countSpent: 3, amountSpent: 4n * milk } }])
    // Once, however often it comes.
    expect(await till.batch(...sold.map((one) => till.presentment(one)))).toMatchObject([
      { arrival: 'exists' },
      { arrival: 'exists' },
      { arrival: 'exists' },
    ])
    expect(await balanceOf(demo, canteen)).toBe(4n * milk)
  })

  test('is not sold twice by a till that forgot: who comes second finds it used', async () => {
    await joins(father)
    await till.fetch()
    const [first, second] = [buys(till, mother, most), buys(till, father, most)]
    expect(await till.batch(till.presentment(second), till.presentment(first))).toMatchObject([
      settled,
      { state: 'not_paid', loss: 'SLOT_ALREADY_USED' },
    ])
    expect(await till.reverse(second.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await till.inquire(first.terms.tenderId)).toMatchObject(settled)
    expect(await balanceOf(demo, canteen)).toBe(milk * BigInt(most))
  })

  test('off line here and on line there at once: the other till waits for the first', async () => {
    await joins(father)
    await till.fetch()
    const sold = buys(till, mother, most - 1)
    expect(await wants(other, father)).toMatchObject({ refusal: 'LEASED_ELSEWHERE' })
    expect(await till.present(sold)).toMatchObject(settled)
    expect(await wants(till, father, 2)).toMatchObject({ state: 'refused' })
    const { lease, slot } = entryOf(mother) ?? {}
    await till.batch(till.surrender(lease?.leaseId ?? '', slot?.slotId ?? ''))
    expect(await wants(other, father)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await wants(other, father)).toMatchObject({ state: 'refused' })
  })

  test('is leased with the cards of all of them', async () => {
    await joins(father)
    await joins(grandmother)
    await agency.post('/v1/card-blocks', { card: father.pseudonym })
    demo.clock.now += 13 * hourMs
    const { leases } = await till.fetch()
    expect(leases.filter(isFood).length).toBeGreaterThan(0)
    // A new lease: who is blocked then is not in it.
    expect(cardsHere()?.toSorted()).toEqual([mother.pseudonym, grandmother.pseudonym].toSorted())
  })

  test('opens for a card that a member gets later', async () => {
    await joins(father)
    const uid = '04C0FFEE000001'
    const holder = await holderOf(father)
    const { body } = await agency.post('/v1/cards', { uid, holder })
    await till.fetch()
    expect(cardsHere()).toContain(body['card'])
  })
})

describe('leaving', () => {
  beforeEach(async () => {
    await joins(father)
    await till.fetch()
  })

  test('is one act, and leaves the others what they have', async () => {
    const left = { beneficiary, holders: 1 }
    expect(await leaves(father)).toEqual({ status: 200, body: { ...left, arrival: 'created' } })
    expect(await leaves(father)).toEqual({ status: 200, body: { ...left, arrival: 'exists' } })
    expect(await leaves(grandmother)).toMatchObject({ status: 404 })
    expect(await till.present(buys(till, mother))).toMatchObject(settled)
  })

  test('ends at once on line', async () => {
    await leaves(father)
    expect(await wants(till, father)).toMatchObject({ state: 'refused', refusal: 'NO_ENTITLEMENT' })
    const session = { card: father.pseudonym, encryptedRndB: '00'.repeat(16), schemes: [schemeId] }
    expect(await other.call('/v1/terminal/card-sessions', { cardSessionId: other.id(), ...session })).toMatchObject({
      kind: 'open',
      slots: [],
    })
  })

  test('ends off line with the next package, of which the till is told', async () => {
    const before = till.package?.version ?? 0
    const former = buys(till, father)
    await leaves(father)
    const told = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    expect(told.events.map(({ event }) => event)).toContainEqual({ kind: 'package_available', version: before + 1 })
    await till.fetch()
    expect(cardsHere()).toEqual([mother.pseudonym])
    expect(await till.present(former)).toMatchObject(settled)
    // A till that kept the key all the same is a till that says what its package does not.
    expect(await till.present(buys(till, father))).toMatchObject({
      state: 'not_paid',
      loss: 'PROOF_MISSING_OR_FORGED',
      refusal: 'CARD_NOT_IN_LEASE',
    })
    const [row] = (await demo.rows('terminal')).filter((one) => one['terminal_id'] === 'till-1')
    expect(row?.['status']).toBe('suspended')
  })

  test('changes nothing of what was sold before, whenever it comes, or before the till can know', async () => {
    const sold = buys(till, father)
    demo.clock.now += hourMs
    await leaves(father)
    const later = buys(till, father)
    expect(await till.batch(till.presentment(later), till.presentment(sold))).toMatchObject([settled, settled])
    // It was the family's allowance.
    await till.fetch()
    expect(slotHere(mother).amountSpent).toBe(2n * milk)
  })

  test('is the merchant’s where the till’s package was too old for the scheme', async () => {
    const sold = buys(till, father)
    await leaves(father)
    await inTransaction(demo.ports, async (work) => {
      const scheme = await findScheme(work, schemeId)
      if (scheme === undefined) throw new Error('no scheme')
      const offline = { ...scheme.offline, allowedPolicyAgeMs: 0 }
      await publishScheme(work, { ...scheme, version: scheme.version + 1, offline })
    })
    demo.clock.now += hourMs
    const [after, others] = [buys(till, father), buys(till, mother)]
    expect(await till.batch(...[sold, after, others].map((one) => till.presentment(one)))).toMatchObject([
      settled,
      { state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' },
      settled,
    ])
  })

  test('and coming back: what was sold in between counts as sold in between', async () => {
    await leaves(father)
    demo.clock.now += hourMs
    const between = buys(till, father)
    demo.clock.now += hourMs
    expect(await joins(father)).toMatchObject({ body: { arrival: 'created', holders: 2 } })
    await inTransaction(demo.ports, async (work) => {
      const scheme = await findScheme(work, schemeId)
      if (scheme === undefined) throw new Error('no scheme')
      const offline = { ...scheme.offline, allowedPolicyAgeMs: 1 }
      await publishScheme(work, { ...scheme, version: scheme.version + 1, offline })
    })
    const after = buys(till, father)
    expect(await till.batch(till.presentment(between), till.presentment(after))).toMatchObject([
      { state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' },
      settled,
    ])
    await till.fetch()
    expect(cardsHere()).toContain(father.pseudonym)
  })

  test('for an allowance of his own: what he sold on the family’s is the family’s', async () => {
    const sold = buys(till, father)
    await leaves(father)
    const [own, holder] = ['5'.repeat(32), await holderOf(father)]
    const entitled = { schemeId, beneficiary: own, holder }
    expect(await agency.post('/v1/beneficiaries', entitled)).toMatchObject({ body: { arrival: 'created' } })
    expect(await till.present(sold)).toMatchObject({ ...settled, slot: { beneficiary, amountSpent: milk } })
    expect(await wants(till, father)).toMatchObject({ refusal: 'NO_ENTITLEMENT' })
    const alone = slotHere(mother)
    const slot = { ...alone, beneficiary: own, slotId: alone.slotId.replace(beneficiary, own) }
    expect(await wants(other, father, most, slot)).toMatchObject({ state: 'settled', slot: { beneficiary: own } })
    expect(await joins(father)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
  })

  test('of the last one: the slot stays where it is, and the pseudonym is nobody else’s', async () => {
    await leaves(mother)
    expect(await leaves(father)).toMatchObject({ body: { holders: 0 } })
    const plain = async (card: TestCard) =>
      agency.post('/v1/beneficiaries', { schemeId, beneficiary, holder: await holderOf(card) })
    expect(await plain(grandmother)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await joins(grandmother)).toMatchObject({ body: { code: 'rule_violated' } })
    const package_ = await till.fetch()
    expect(
      package_.leases
        .filter(isFood)
        .flatMap(({ slots }) => slots)
        .map(({ slot }) => slot.beneficiary),
    ).not.toContain(beneficiary)
    const [slot] = (await demo.rows('slot')).filter((row) => row['beneficiary'] === beneficiary)
    expect(slot?.['lease_id']).not.toBe(null)
    demo.clock.now += 16 * dayMs
    await agency.post('/v1/lease-closings', {})
    const [free] = (await demo.rows('slot')).filter((row) => row['beneficiary'] === beneficiary)
    expect(free?.['lease_id']).toBe(null)
  })
})

describe('cards of the members', () => {
  beforeEach(async () => {
    await joins(father)
    await till.fetch()
  })

  test('one is issued anew, and the others sell on', async () => {
    const uid = '04C0FFEE000002'
    const { body } = await agency.post('/v1/card-reissues', { card: father.pseudonym, uid })
    await till.fetch()
    expect(cardsHere()?.toSorted()).toEqual([mother.pseudonym, father.pseudonym, String(body['card'])].toSorted())
    expect(() => buys(till, father)).toThrow('CARD_BLOCKED')
    expect(await till.present(buys(till, mother))).toMatchObject(settled)
  })

  test('are all exposed when the till is stolen, also of who has left', async () => {
    await leaves(father)
    const stolen = { terminalId: 'till-1', reason: 'stolen' }
    await agency.post('/v1/terminal-revocations', stolen)
    const exposed = (await demo.rows('card')).filter((row) => row['exposed_at'] !== null).map((row) => row['card'])
    expect(exposed).toEqual(expect.arrayContaining([mother.pseudonym, father.pseudonym]))
  })

  test('are leased without the one that a stolen till had', async () => {
    const { slot } = entryOf(mother) ?? {}
    await other.fetch()
    await inTransaction(demo.ports, ({ connection }) =>
      connection.updateTable('card').set({ exposed_at: demo.clock.now }).where('card', '=', father.pseudonym).execute(),
    )
    await till.fetch()
    expect(cardsHere()).toEqual([mother.pseudonym])
    expect(slotHere(mother).slotId).toBe(slot?.slotId)
  })
})
