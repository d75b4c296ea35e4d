/**
 * A card is issued anew while a till off line holds the allowance (money-rules.md, "Offline": re-issue; ADR 29), as
 * whole stories of two tills: what the agency advances, when it comes off the allowance, and who pays what the first
 * till sold meanwhile. The audit looks after each.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { balanceOf, hourMs, type TestTill } from './demo-ledger.ts'
import { demoAgency, demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { judgedWorld, schemeId, slotOfDay, type JudgedWorld } from './period-world.ts'

const advancing = (amount: bigint): Partial<Scheme> => ({ bridge: { kind: 'amount', amount: tiyn(amount) } })
const lunches = (perPeriod: number, count: number): Partial<Scheme> => ({
  benefit: { kind: 'count', perPeriod, maximumPerTap: tiyn(1_000n) },
  bridge: { kind: 'count', count },
})
const bridgeOfDay = (day: number) => `${slotOfDay(day)}/bridge`
const canteen = `merchant.${demoCanteen}`

let world: JudgedWorld
let till: TestTill
let other: TestTill

async function begin(change: Partial<Scheme>, funded?: bigint): Promise<void> {
  world = await judgedWorld(change, funded)
  till = world.tills['till-1']
  other = world.tills['till-2']
}
afterEach(() => world.end())

async function pay(at: TestTill, amount: bigint) {
  const decided = await world.online(at, amount)
  if (decided === undefined) return 'nothing to be had'
  const { state, amount: paid, paidBy, refusal, slot } = await at.authorise(decided)
  return state === 'settled' ? { paid, paidBy, slotId: slot?.slotId } : refusal
}
/** What is paid of a basket of that price, or why nothing. */
const shown = (at: TestTill, price = 5_000n) =>
  world.online(at, price).then(
    (decided) => decided?.terms.amount,
    (error: unknown) => String(error),
  )
const leaseOf = (at: TestTill) => at.package?.leases.find((lease) => lease.schemeId === schemeId)
async function giveUp(at: TestTill, day = 1) {
  const { leaseId } = leaseOf(at) ?? {}
  if (leaseId === undefined) throw new Error('that till holds nothing')
  expect(await at.batch(at.surrender(leaseId, slotOfDay(day)))).toMatchObject([{ state: 'done' }])
}
async function standing() {
  const { body } = await world.demo.role('agency', demoAgency).get('/v1/monitoring')
  const { schemes } = body as { schemes: { schemeId: string; bridged: string; recovered: string }[] }
  const { bridged, recovered } = schemes.find((scheme) => scheme.schemeId === schemeId) ?? {}
  return { bridged, recovered }
}

describe('what is advanced', () => {
  test('up to what the scheme says, on line, while another till holds the allowance', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    expect(await shown(other)).toBeUndefined()
    expect(await world.reissue()).toMatchObject({ status: 200 })
    expect(await world.slotAt(other)).toMatchObject({ slotId: bridgeOfDay(1), periodId: 'day-1' })
    expect(await pay(other, 250n)).toEqual({ paid: 250n, paidBy: 'agency', slotId: bridgeOfDay(1) })
    expect(await shown(other)).toBe(150n)
    expect(await pay(other, 150n)).toMatchObject({ paid: 150n })
    expect(await pay(other, 1n)).toBe('nothing to be had')
    expect(await standing()).toEqual({ bridged: '400', recovered: '0' })
  })

  test('never more than the allowance has left by what the ledger knows', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    expect(await till.present(world.offline(till, 900n))).toMatchObject({ state: 'settled' })
    await world.reissue()
    expect(await shown(other)).toBe(100n)
    expect(await pay(other, 100n)).toMatchObject({ paid: 100n })
    expect(await pay(other, 1n)).toBe('nothing to be had')
  })

  test('counted in payments where the benefit is', async () => {
    await begin(lunches(3, 1))
    await world.lease(till, [1])
    await world.reissue()
    expect(await pay(other, 700n)).toMatchObject({ paid: 700n, slotId: bridgeOfDay(1) })
    expect(await pay(other, 700n)).toBe('nothing to be had')
    await giveUp(till)
    expect(await world.slotAt(other)).toMatchObject({ countAllowed: 3, countSpent: 1, amountSpent: 700n })
  })

  test('once of one allowance, however often the card is lost', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    await world.reissue()
    await pay(other, 300n)
    await world.reissue()
    expect(await shown(other)).toBe(100n)
  })

  test('of each allowance that a till holds and that is not over', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1, 2])
    world.goToDay(2)
    await world.reissue()
    const bridges = (await world.demo.rows('slot')).filter((row) => row['bridge_of'] !== null)
    expect(bridges.map((row) => row['slot_id'])).toEqual([bridgeOfDay(2)])
  })

  test('within the caps of the period, of which the till’s sales are a part', async () => {
    const caps = { perSale: tiyn(5_000n), countPerBeneficiary: 3, terminalExposure: tiyn(9_000n) }
    const all = { ...caps, perBeneficiaryAndPeriod: tiyn(700n), ageSinceSyncMs: 72 * hourMs }
    await begin({ ...advancing(400n), caps: all })
    await world.lease(till, [1])
    await till.present(world.offline(till, 500n))
    await world.reissue()
    expect(await shown(other)).toBe(200n)
    await pay(other, 100n)
    await pay(other, 50n)
    expect(await shown(other)).toBeUndefined()
  })

  test('nothing for a scheme that says nothing, for what no till holds, to who only has a second card', async () => {
    await begin({})
    await world.lease(till, [1])
    await world.reissue()
    expect(await shown(other)).toBeUndefined()
    await world.end()

    await begin(advancing(400n))
    await world.reissue()
    await world.lease(till, [1])
    expect(await shown(other)).toBeUndefined()
    expect(await pay(till, 300n)).toMatchObject({ paidBy: 'escrow' })
  })

  test('not without network: a presentment that names it is forged', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    await world.reissue()
    const decided = await world.online(other, 100n)
    if (decided === undefined) throw new Error('no bridge')
    expect(await other.present(decided)).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
  })

  test('the till that holds the allowance is asked for it, and sells it to the new card', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    await world.reissue()
    await pay(other, 100n)
    const { events } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    expect(events.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ kind: 'surrender_wanted', slotId: slotOfDay(1) }),
    )
    expect(await pay(till, 1_000n)).toMatchObject({ paid: 1_000n, paidBy: 'escrow', slotId: slotOfDay(1) })
  })
})

describe('what was advanced', () => {
  test('comes off the allowance when the till gives it up', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    const sold = world.offline(till, 300n)
    await world.reissue()
    await pay(other, 400n)
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    await giveUp(till)
    expect(await world.slotAt(other)).toMatchObject({ slotId: slotOfDay(1), amountAllowed: 1_000n, amountSpent: 700n })
    expect(await pay(other, 300n)).toMatchObject({ paid: 300n, slotId: slotOfDay(1) })
    expect(await shown(other)).toMatch(/ALLOWANCE_USED/)
    expect(await standing()).toEqual({ bridged: '400', recovered: '400' })
    expect(await balanceOf(world.demo, canteen)).toBe(1_000n)
  })

  test('and when its lease is closed; the next lease covers the rest', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1], 2, 1)
    await world.reissue()
    await pay(other, 400n)
    world.demo.clock.now += 4 * hourMs
    await world.lease(other, [1])
    const [lease] = other.package?.leases ?? []
    expect(lease?.slots.map(({ slot }) => slot)).toMatchObject([{ amountAllowed: 1_000n, amountSpent: 400n }])
    expect(await other.present(world.offline(other, 600n))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('is the agency’s loss where the till had sold the allowance: all of it is paid', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    const sold = world.offline(till, 1_000n)
    await world.reissue()
    await pay(other, 400n)
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    await giveUp(till)
    expect(await shown(other)).toMatch(/ALLOWANCE_USED/)
    expect(await standing()).toEqual({ bridged: '400', recovered: '0' })
    expect(await balanceOf(world.demo, canteen)).toBe(1_400n)
  })

  test('and where the sale comes after its till gave the allowance up, and was made before that', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    const sold = till.presentment(world.offline(till, 900n))
    await world.reissue()
    await pay(other, 400n)
    await giveUp(till)
    expect(await world.slotAt(other)).toMatchObject({ amountSpent: 400n })
    expect(await till.batch(sold)).toMatchObject([{ state: 'settled', paidBy: 'agency' }])
    expect(await standing()).toEqual({ bridged: '400', recovered: '100' })
    expect(await shown(other)).toMatch(/ALLOWANCE_USED/)
  })

  test('also when the till has the allowance again by then, less what was advanced', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1], 2, 1)
    const sold = world.offline(till, 900n)
    await world.reissue()
    await pay(other, 400n)
    world.demo.clock.now += 4 * hourMs
    await world.lease(till, [1])
    expect(leaseOf(till)?.slots.map(({ slot }) => slot)).toMatchObject([{ amountAllowed: 1_000n, amountSpent: 400n }])
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await standing()).toEqual({ bridged: '400', recovered: '100' })
    await till.fetch()
    expect(() => world.offline(till, 1n)).toThrow(/^refused: ALLOWANCE_USED|nothing is leased/)
    await till.reverse(sold.terms.tenderId)
    expect(await pay(till, 900n)).toMatchObject({ paid: 900n, paidBy: 'escrow' })
  })

  test('a late sale is paid by the rule of late sales, and takes back what was advanced', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1], 2, 1)
    const sold = world.offline(till, 900n)
    await world.reissue()
    await pay(other, 400n)
    world.demo.clock.now += 4 * hourMs
    expect(await world.slotAt(other)).toMatchObject({ amountSpent: 400n })
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await standing()).toEqual({ bridged: '400', recovered: '100' })
  })

  test('a late sale of a merchant who bears it is not paid, and nothing is taken back', async () => {
    const bearing = { allowedPolicyAgeMs: 72 * hourMs, lossBearer: { kind: 'merchant' } } as const
    await begin({ ...advancing(400n), offline: { policy: 'lease-listed', ...bearing } })
    await world.lease(till, [1], 2, 1)
    const sold = world.offline(till, 900n)
    await world.reissue()
    await pay(other, 400n)
    world.demo.clock.now += 4 * hourMs
    expect(await till.present(sold)).toMatchObject({ state: 'not_paid' })
    expect(await world.slotAt(other)).toMatchObject({ amountSpent: 400n })
    expect(await standing()).toEqual({ bridged: '400', recovered: '400' })
  })

  test('a sale that two allowances could not pay is not paid, and what was advanced stays off', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    const [first, second] = [world.offline(till, 900n), world.offline(till, 200n)]
    await world.reissue()
    await pay(other, 400n)
    const after = till.presentment(second)
    await till.present(first)
    await giveUp(till)
    expect(await standing()).toEqual({ bridged: '400', recovered: '100' })
    expect(await till.batch(after)).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
    expect(await standing()).toEqual({ bridged: '400', recovered: '100' })
  })

  test('waits for the agency’s money like every sale that is owed', async () => {
    await begin(advancing(400n), 1_400n)
    await world.lease(till, [1])
    const sold = till.presentment(world.offline(till, 900n))
    await world.reissue()
    await pay(other, 400n)
    await giveUp(till)
    await world.lease(other, [2])
    expect(await till.batch(sold)).toMatchObject([{ state: 'awaiting_funds' }])
    expect(await standing()).toEqual({ bridged: '400', recovered: '100' })
  })

  test('comes back by a refund or a reversal, to the allowance when that is free', async () => {
    await begin(advancing(400n))
    await world.lease(till, [1])
    await world.reissue()
    const [first, second] = [await world.online(other, 250n), await world.online(other, 150n)]
    if (first === undefined || second === undefined) throw new Error('no bridge')
    for (const decided of [first, second]) expect(await other.authorise(decided)).toMatchObject({ state: 'settled' })
    const back = (tenderId: string, amount: bigint) =>
      other.batch(other.refund(tenderId, [{ line: 1, amount: tiyn(amount) }]))
    await back(first.terms.tenderId, 50n)
    expect(await shown(other)).toBe(50n)
    await giveUp(till)
    expect(await world.slotAt(other)).toMatchObject({ amountSpent: 350n })
    await back(first.terms.tenderId, 100n)
    expect(await world.slotAt(other)).toMatchObject({ amountSpent: 250n })
    await other.reverse(second.terms.tenderId)
    expect(await world.slotAt(other)).toMatchObject({ amountSpent: 100n })
    expect(await standing()).toEqual({ bridged: '100', recovered: '100' })
  })

  test('does not pass on to the next period', async () => {
    await begin({
      ...advancing(400n),
      unused: { kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(900n) } },
    })
    await world.lease(till, [1])
    await world.reissue()
    await pay(other, 400n)
    world.goToDay(2)
    await giveUp(till)
    expect(await world.slotAt(other)).toMatchObject({ slotId: slotOfDay(2), amountAllowed: 1_600n })
  })

  test.each(['sale first', 'surrender first'])(
    'and what passed on comes back for a sale of before: %s',
    async (order) => {
      await begin({
        ...advancing(300n),
        unused: { kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(500n) } },
      })
      await world.lease(till, [1])
      const sold = till.presentment(world.offline(till, 800n))
      await world.reissue()
      await pay(other, 300n)
      world.goToDay(2)
      if (order === 'sale first') await till.batch(sold)
      await giveUp(till)
      expect(await world.slotAt(other)).toMatchObject({ amountAllowed: order === 'sale first' ? 1_000n : 1_500n })
      if (order !== 'sale first') expect(await till.batch(sold)).toMatchObject([{ state: 'settled' }])
      // What had passed on by then stays with the beneficiary, as far as the sale does not need it.
      expect(await standing()).toEqual({ bridged: '300', recovered: order === 'sale first' ? '200' : '0' })
      expect(await balanceOf(world.demo, canteen)).toBe(1_100n)
    },
  )
})
