/**
 * How an agency lends a till a sum (docs/design/23-pools.md): the order, whom the till is told of, how the pool lasts,
 * is filled and ends. Method: two tills on the whole ledger, whose packages show it; the audit looks after each.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { endEntitlement, entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import { encryptionKey, tillKeyContext, unseal } from '../../../src/sync/protocol/sealed-box.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { balanceOf, dayMs, hourMs, p256, type TestTill } from './demo-ledger.ts'
import { beneficiary, dailyFood, firstDay, schemeId, slotOfDay } from './period-world.ts'
import { fromPools, poolWorld, type PoolWorld } from './pool-world.ts'

let world: PoolWorld
let till: TestTill
let other: TestTill
const schemeAccount = `scheme.${schemeId}`

async function begin(...of: Parameters<typeof poolWorld>): Promise<void> {
  world = await poolWorld(...of)
  till = world.tills['till-1']
  other = world.tills['till-2']
}
afterEach(() => world.end())

const agency = () => world.demo.role('agency', demoAgency)
const publish = (change: Partial<Scheme>, version = 2) =>
  inTransaction(world.demo.ports, (work) =>
    publishScheme(work, { ...dailyFood, offline: fromPools, version, ...change }),
  )
const pseudonymOf = (number: number) => number.toString(16).padStart(32, '0')
async function holderOf(label: string): Promise<string> {
  const { pseudonym } = world.demo.card(label)
  return (await world.demo.rows('card')).find((row) => row['card'] === pseudonym)?.['holder'] as string
}
/** Another beneficiary of the scheme, with that pupil’s card. */
async function joins(label: string, number: number) {
  const entitlement = { schemeId, beneficiary: pseudonymOf(number), holder: await holderOf(label) }
  await inTransaction(world.demo.ports, async (work) => void (await entitle(work, entitlement)))
  return entitlement
}
const listed = (of: TestTill) => world.poolOf(of)?.slots.map(({ slot }) => slot.slotId)

describe('an order', () => {
  test('fits the scheme or is refused: a pool with its sum, and leases of slots without one', async () => {
    await begin()
    const post = async (path: string, body: object) => {
      const { status, body: said } = await agency().post(path, { terminalId: 'till-1', ...body })
      return [status, said['code'], said['detail']]
    }
    const whose = { beneficiaries: [beneficiary] }
    const order = { sellForMs: 24 * hourMs, presentForMs: dayMs, periods: 1 }
    const lunch = (await world.demo.rows('entitlement')).find((row) => row['scheme_id'] === 'school-lunch')
    expect(await post('/v1/lease-policies', { schemeId, ...whose, ...order })).toEqual([
      409,
      'rule_violated',
      'the scheme sells from pools: say the pool’s sum',
    ])
    const ofLunch = { schemeId: 'school-lunch', beneficiaries: [lunch?.['beneficiary']], ...order }
    expect(await post('/v1/lease-policies', { ...ofLunch, pool: { sum: '100' } })).toEqual([
      409,
      'rule_violated',
      'the scheme sells from no pool',
    ])
    expect(await post('/v1/lease-policies', { schemeId, ...order, pool: { sum: '100' } })).toEqual([
      409,
      'rule_violated',
      'it names neither beneficiaries nor groups, nor everybody',
    ])
    const grant = { grantId: till.id(), schemeId, ...whose, periodIds: ['day-1'] }
    const until = world.demo.clock.now + hourMs
    expect(await post('/v1/leases', { ...grant, sellUntil: until, presentUntil: until })).toEqual([
      409,
      'rule_violated',
      'sold_from_pools',
    ])
  })

  test('is an agency’s own: another role gets none', async () => {
    await begin()
    const { status } = await world.demo.role('merchant', 'school-7-canteen').post('/v1/lease-policies', {
      terminalId: 'till-1',
      schemeId,
      everybody: true,
      sellForMs: hourMs,
      presentForMs: dayMs,
      periods: 1,
      pool: { sum: '100' },
    })
    expect(status).toBe(403)
    await till.fetch()
    expect(world.poolOf(till)).toBeUndefined()
  })
})

describe('whom the till is told of', () => {
  test('the cards of those who are named, each sealed to it, whose slots no till holds', async () => {
    await begin()
    const pool = await world.give(till, 1_000n)
    const [entry] = pool.slots
    expect(pool.slots).toHaveLength(1)
    expect(entry?.slot.slotId).toBe(slotOfDay(1))
    expect(entry?.cards.map(({ card }) => card)).toEqual([world.card.pseudonym])
    const box = entry?.cards[0]?.sealedTillKey ?? ''
    const opened = unseal(box, till.encryption.privateKey, tillKeyContext(pool.leaseId, world.card.pseudonym))
    expect(Buffer.from(opened ?? [])).toEqual(Buffer.from(world.card.tillKey))
    expect(await world.figures(1)).toMatchObject({ leased: false })
    // The other till may know the same.
    expect((await world.give(other, 1_000n)).slots).toHaveLength(1)
  })

  test('everybody, and who comes and goes; a card that is blocked or new', async () => {
    await begin()
    await world.give(till, 1_000n, { everybody: true })
    const joined = await joins('Pupil 26', 1)
    await till.fetch()
    expect(listed(till)).toEqual([`${schemeId}/${pseudonymOf(1)}/day-1`, slotOfDay(1)])
    await inTransaction(world.demo.ports, (work) => setCardStatus(work, world.card.pseudonym, 'blocked'))
    await inTransaction(world.demo.ports, (work) => endEntitlement(work, joined))
    await till.fetch()
    expect(listed(till)).toEqual([slotOfDay(1)])
    expect(till.package?.hotlist).toBeDefined()
    expect(() => world.offline(till, 100n)).toThrow('CARD_BLOCKED')
  })

  test('a group: who leaves it is off the list with the next package, who sold before is paid', async () => {
    await begin()
    await joins('Pupil 26', 1)
    const name = { kk: 'Ауыл', ru: 'Село', en: 'Village' }
    await agency().post('/v1/groups', { schemeId, groupId: 'village', name })
    const change = (joining: readonly string[], leaving: readonly string[]) =>
      agency().post('/v1/group-changes', { schemeId, groupId: 'village', joining, leaving })
    await change([beneficiary, pseudonymOf(1)], [])
    await world.give(till, 1_000n, { groups: ['village'] })
    expect(listed(till)).toHaveLength(2)
    const sold = world.offline(till, 100n)
    await change([], [beneficiary])
    await till.fetch()
    expect(listed(till)).toEqual([`${schemeId}/${pseudonymOf(1)}/day-1`])
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    // And comes back.
    await change([beneficiary], [])
    await till.fetch()
    expect(listed(till)).toHaveLength(2)
  })

  test('not who has to activate first; the package says that the card waits', async () => {
    await begin({ activation: { by: 'beneficiary', until: firstDay + 4 * dayMs } })
    await world.order(till, 1_000n)
    await till.fetch()
    expect(world.poolOf(till)).toBeUndefined()
    expect(till.package?.notActivated?.flatMap(({ cards }) => cards)).toEqual([world.card.pseudonym])
    const first = await world.online(till, 100n)
    if (first === undefined) throw new Error('no slot')
    expect(await till.authorise(first)).toMatchObject({ state: 'settled' })
    await till.fetch()
    expect(listed(till)).toEqual([slotOfDay(1)])
  })

  test('a household: any of its cards pays from the one allowance', async () => {
    await begin()
    await world.give(till, 3_000n)
    const member = await holderOf('Pupil 26')
    const joined = await agency().post('/v1/household-members', {
      schemeId,
      beneficiary,
      holder: member,
      member: await holderOf(world.card.label),
    })
    expect(joined.status).toBe(200)
    await till.fetch()
    const cards = world.poolOf(till)?.slots[0]?.cards.map(({ card }) => card)
    expect(cards?.toSorted()).toEqual([world.card.pseudonym, world.demo.card('Pupil 26').pseudonym].toSorted())
    const byMember = till.decide({ card: world.demo.card('Pupil 26'), item: 'bread' })
    expect(byMember.terms).toMatchObject({ payerSlot: slotOfDay(1), amount: 1_000n })
    expect(await till.present(byMember)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('what is used of the slots elsewhere, within five minutes; at once what the pool still has', async () => {
    await begin()
    const { version } = (await world.give(till, 3_000n)) && (till.package ?? { version: 0 })
    const paid = await world.online(other, 400n)
    if (paid === undefined) throw new Error('no slot')
    await other.authorise(paid)
    await till.fetch()
    expect(till.package?.version).toBe(version)
    world.demo.clock.now += 5 * 60_000
    await till.fetch()
    expect(till.package?.version).toBe(version + 1)
    expect(world.poolOf(till)?.slots[0]?.slot).toMatchObject({ amountSpent: 400n })
    await till.present(world.offline(till, 300n))
    await till.fetch()
    expect(till.package?.version).toBe(version + 2)
    expect(world.poolOf(till)).toMatchObject({ amount: 3_300n, pool: { left: 3_000n } })
  })
})

describe('the pool', () => {
  test('lasts while its till asks for packages: one pool, later deadlines, never earlier ones', async () => {
    await begin()
    const first = await world.give(till, 1_000n)
    world.demo.clock.now += 9 * hourMs
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ sellUntil: first.sellUntil })
    world.demo.clock.now += 2 * hourMs
    await till.fetch()
    const sellUntil = world.demo.clock.now + 20 * hourMs
    const presentUntil = sellUntil + 14 * dayMs
    expect(world.poolOf(till)).toMatchObject({ leaseId: first.leaseId, sellUntil, presentUntil })
    await world.order(till, 1_000n, { sellForMs: 4 * hourMs, presentForMs: 0 })
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ sellUntil, presentUntil })
    // A till that was silent for longer than it may sell goes on with the same pool.
    world.demo.clock.now = sellUntil + hourMs
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({
      leaseId: first.leaseId,
      sellUntil: sellUntil + 5 * hourMs,
      presentUntil,
    })
    expect(await world.demo.rows('lease').then((rows) => rows.filter((row) => row['kind'] === 'pool'))).toHaveLength(1)
  })

  test('that was past its time when the till changed its keys is sealed to the new one', async () => {
    await begin()
    const { sellUntil, leaseId } = await world.give(till, 1_000n)
    world.demo.clock.now = sellUntil + hourMs
    const [next, sealing] = [p256('next'), encryptionKey(new Uint8Array(32).fill(9))]
    const named = { formerKey: till.key.keyId, terminalKey: next.jwk, encryptionKey: sealing.jwk }
    const proof = signTagged(next, 'tolem/key-rotation/1', { terminalId: 'till-1', ...named })
    expect(await till.post('/v1/terminal/key-rotations', { ...named, proof })).toMatchObject({ status: 200 })
    await till.fetch()
    const box = world.poolOf(till)?.slots[0]?.cards[0]?.sealedTillKey ?? ''
    expect(world.poolOf(till)).toMatchObject({ leaseId })
    expect(unseal(box, sealing.privateKey, tillKeyContext(leaseId, world.card.pseudonym))).toBeDefined()
  })

  test('of which the agency has not the whole sum is filled as the money comes', async () => {
    await begin({}, 400n)
    expect(await world.give(till, 1_000n)).toMatchObject({ amount: 400n, pool: { left: 400n } })
    await world.order(other, 1_000n)
    await other.fetch()
    expect(world.poolOf(other)).toBeUndefined()
    await inTransaction(world.demo.ports, (work) => fundScheme(work, demoAgency, schemeId, tiyn(700n), 'more'))
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ amount: 1_000n, pool: { left: 1_000n } })
    await other.fetch()
    expect(world.poolOf(other)).toMatchObject({ amount: 100n, pool: { left: 100n } })
  })

  test('with a smaller sum gives nothing back before it ends; with none it ends, the rest is returned', async () => {
    await begin()
    const before = await balanceOf(world.demo, schemeAccount)
    await world.give(till, 1_000n)
    await world.order(till, 300n)
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ pool: { left: 1_000n } })
    await till.present(world.offline(till, 800n))
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ amount: 1_100n, pool: { left: 300n } })
    await world.order(till, 0n)
    const { sellUntil, presentUntil } = world.poolOf(till) ?? { sellUntil: 0, presentUntil: 0 }
    world.demo.clock.now = sellUntil + 1
    await till.fetch()
    expect(world.poolOf(till)).toBeUndefined()
    world.demo.clock.now = presentUntil + 1
    expect((await agency().post('/v1/lease-closings', {})).body).toMatchObject({ closed: expect.any(Number) })
    expect(await world.escrow(till)).toBe(0n)
    expect(await balanceOf(world.demo, schemeAccount)).toBe(before - 800n)
    const lease = (await world.demo.rows('lease')).find((row) => row['kind'] === 'pool')
    expect(lease).toMatchObject({ state: 'closed' })
  })

  test('of a scheme whose money returns is not lengthened after that day', async () => {
    await begin({ unused: { kind: 'returns', by: firstDay + 2 * dayMs } })
    const { sellUntil } = await world.give(till, 1_000n)
    world.goToDay(3)
    await till.fetch()
    expect(world.poolOf(till)).toBeUndefined()
    const [lease] = (await world.demo.rows('lease')).filter((row) => row['kind'] === 'pool')
    expect(lease).toMatchObject({ sell_until: BigInt(sellUntil) })
    expect(await world.escrow(till)).toBe(1_000n)
  })

  test('lists the slot of the next period when that begins within its time', async () => {
    await begin()
    await world.give(till, 2_000n)
    world.goToDay(1, 20)
    await till.fetch()
    expect(listed(till)).toEqual([slotOfDay(1), slotOfDay(2)])
    world.goToDay(2)
    expect(await till.present(world.offline(till, 1_000n))).toMatchObject({ state: 'settled' })
    expect(await world.figures(2)).toMatchObject({ spent: 1_000n })
    await till.fetch()
    expect(listed(till)?.[0]).toBe(slotOfDay(2))
  })
})

describe('what is carried over', () => {
  const carries: Partial<Scheme> = { unused: { kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(400n) } } }

  test('reaches the till when its pool is lengthened', async () => {
    await begin(carries)
    await world.give(till, 5_000n)
    world.goToDay(2, 12)
    await till.fetch()
    expect(world.poolOf(till)?.slots[0]?.slot).toMatchObject({ periodId: 'day-2', amountAllowed: 1_400n })
  })

  test('comes back for a sale of the day before, where it is not spent; else the agency bears it', async () => {
    await begin(carries)
    await world.give(till, 5_000n)
    const [first, second] = [world.offline(till, 900n), world.offline(till, 600n)]
    world.goToDay(2)
    expect(await world.slotAt(other)).toMatchObject({ amountAllowed: 1_400n })
    expect(await till.present(first)).toMatchObject({ state: 'settled' })
    expect(await world.figures(1)).toMatchObject({ allowed: 900n, spent: 900n })
    expect(await world.figures(2)).toMatchObject({ allowed: 1_100n })
    expect(await till.present(second)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await world.filed()).toEqual([['ALLOWANCE_EXCEEDED_IN_POOL', 'agency', 600n]])
    // Nothing of an overspent day passes on.
    world.goToDay(3)
    expect(await world.slotAt(other)).toMatchObject({ amountAllowed: 1_400n })
  })
})

describe('a scheme', () => {
  test('changes from slots to pools, or back, only when no lease of the other kind is left', async () => {
    await begin()
    const { presentUntil } = await world.give(till, 1_000n)
    const toSlots = { offline: dailyFood.offline }
    expect(await publish(toSlots)).toMatchObject({ unsafe: expect.stringContaining('tills hold 1 leases') })
    expect(await publish({ offline: { ...dailyFood.offline, policy: 'deny' } })).toBe('published')
    await till.fetch()
    expect(() => world.offline(till, 100n)).toThrow('OFFLINE_NOT_ALLOWED')
    expect(await publish(toSlots, 3)).toMatchObject({ unsafe: expect.any(String) })
    world.demo.clock.now = presentUntil + 1
    expect(await publish(toSlots, 3)).toBe('published')
    // The order of before is of a pool, and asks for nothing any more.
    await till.fetch()
    expect(world.poolOf(till)).toBeUndefined()
  })

  test('back: a slot that a till holds bars a pool', async () => {
    await begin({ offline: dailyFood.offline })
    expect(await world.lease(till, [1])).toBe(200)
    expect(await publish({})).toMatchObject({ unsafe: expect.stringContaining('of the other kind') })
    await world.tills['till-1'].batch(till.surrender(world.poolOf(till)?.leaseId ?? '', slotOfDay(1)))
    expect(await publish({})).toMatchObject({ unsafe: expect.any(String) })
  })
})
