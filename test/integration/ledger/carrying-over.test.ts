/**
 * What is left of a day passes on to the next one (docs/design/21-unused-allowances.md), as whole stories of two tills:
 * sales off line on the border of two periods, late presentments, surrenders, refunds. The audit looks after each.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { carriedSinceEver } from '../../../ledger-sim/store/unused-tables.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { balanceOf, drain, hourMs, type TestTill } from './demo-ledger.ts'
import { dailyFood, judgedWorld, schemeId, slotOfDay, type JudgedWorld } from './period-world.ts'

const upTo = (amount: bigint): Partial<Scheme> => ({
  unused: { kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(amount) } },
})
const lunches = (count: number): Partial<Scheme> => ({
  benefit: { kind: 'count', perPeriod: 1, maximumPerTap: tiyn(1_000n) },
  unused: { kind: 'carries_over', atMost: { kind: 'count', count } },
})

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
  if (decided === undefined) throw new Error('the ledger shows no slot')
  return at.authorise(decided)
}
const allowed = async (at: TestTill) => (await world.slotAt(at))?.amountAllowed
const giveUp = (at: TestTill, day: number, leaseId = at.leased(world.card)?.lease.leaseId ?? '') =>
  at.batch(at.surrender(leaseId, slotOfDay(day)))
const wanted = async (of: TestTill) =>
  (await of.call('/v1/terminal/events', { after: 0, limit: 100 })).events.flatMap(({ event }) =>
    event.kind === 'surrender_wanted' ? [event.slotId] : [],
  )

describe('on line', () => {
  test('what is left passes on, up to the cap, once, and what was carried is lost with its period', async () => {
    await begin(upTo(400n))
    await pay(till, 300n)
    world.goToDay(2)
    expect(await allowed(till)).toBe(1_400n)
    expect(await allowed(other)).toBe(1_400n)
    expect(await world.figures(1)).toMatchObject({ allowed: 600n, spent: 300n })
    world.goToDay(3)
    // All of the second day's own is left, and what came from the first is not carried again.
    expect(await allowed(till)).toBe(1_400n)
    expect(await world.figures(2)).toMatchObject({ allowed: 1_000n, spent: 0n })
  })

  test('what was carried is not carried again, though the cap would leave room for it', async () => {
    await begin(upTo(3_000n))
    world.goToDay(2)
    expect(await allowed(till)).toBe(2_000n)
    world.goToDay(3)
    expect(await allowed(till)).toBe(2_000n)
  })

  test('what was carried is used first', async () => {
    await begin(upTo(1_000n))
    world.goToDay(2)
    expect(await allowed(till)).toBe(2_000n)
    expect(await pay(till, 1_300n)).toMatchObject({ state: 'settled', amount: 1_300n })
    world.goToDay(3)
    expect(await allowed(till)).toBe(1_700n)
    expect(await pay(other, 1_701n)).toMatchObject({ state: 'settled', amount: 1_700n })
  })

  test('nothing passes on without the agency’s word, nor from before it, nor to who was not there', async () => {
    await begin({})
    world.goToDay(2)
    expect(await allowed(till)).toBe(1_000n)
    world.goToDay(3)
    await inTransaction(world.demo.ports, async (work) => {
      expect(await publishScheme(work, { ...dailyFood, ...upTo(400n), version: 2 })).toBe('published')
    })
    expect(await allowed(till)).toBe(1_000n)
    world.goToDay(4)
    expect(await allowed(till)).toBe(1_400n)
    expect(await allowed(other)).toBe(1_400n)
    await inTransaction(world.demo.ports, async (work) => {
      await work.connection.updateTable('entitlement').set({ since: work.now }).execute()
    })
    world.goToDay(5)
    expect(await allowed(till)).toBe(1_400n)
  })

  test('who comes new on a day has that day whole, and nothing of the days before', async () => {
    await begin(upTo(400n))
    world.goToDay(3)
    await inTransaction(world.demo.ports, async (work) => {
      await work.connection.updateTable('entitlement').set({ since: work.now }).execute()
    })
    expect(await allowed(till)).toBe(1_000n)
    world.goToDay(4)
    expect(await allowed(till)).toBe(1_400n)
  })

  test('payments pass on with what each may be', async () => {
    await begin(lunches(1))
    world.goToDay(2)
    expect(await world.slotAt(till)).toMatchObject({ countAllowed: 2, amountAllowed: 2_000n })
    expect(await pay(till, 5_000n)).toMatchObject({ amount: 1_000n })
    expect(await pay(till, 700n)).toMatchObject({ amount: 700n })
    world.goToDay(3)
    expect(await world.slotAt(till)).toMatchObject({ countAllowed: 1, amountAllowed: 1_000n })
  })

  test('the limits of a period bound both together', async () => {
    await begin({ ...upTo(1_000n), caps: { ...dailyFood.caps, perBeneficiaryAndPeriod: tiyn(1_200n) } })
    world.goToDay(2)
    expect(await allowed(till)).toBe(2_000n)
    expect(await pay(till, 2_000n)).toMatchObject({ amount: 1_200n })
    expect(await pay(till, 2_000n).catch(String)).toContain('CAP_PER_BENEFICIARY_AND_PERIOD')
  })
})

describe('while a till holds the former day', () => {
  test('nothing of it passes on; the till is asked, and what is left after its sale passes on at once', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1])
    const { leaseId } = till.leased(world.card)?.lease ?? { leaseId: '' }
    const sold = world.offline(till, 600n)
    world.goToDay(2)
    expect(await pay(other, 1_100n)).toMatchObject({ state: 'settled', amount: 1_000n })
    expect(await wanted(till)).toEqual([slotOfDay(1)])
    expect(await till.batch(till.presentment(sold), till.surrender(leaseId, slotOfDay(1)))).toMatchObject([
      { state: 'settled', paidBy: 'escrow' },
      { state: 'done' },
    ])
    expect(await allowed(other)).toBe(1_400n)
    expect(await pay(other, 500n)).toMatchObject({ state: 'settled', amount: 400n })
  })

  test('a till that is gone gives nothing on until its lease is closed; then what it never presented', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1], 20, 20)
    world.offline(till, 600n)
    world.goToDay(2)
    expect(await allowed(other)).toBe(1_000n)
    world.goToDay(2, 18)
    expect(await allowed(other)).toBe(2_000n)
  })

  test('a till is not asked for a day of which nothing is left', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1])
    await till.present(world.offline(till, 1_000n))
    world.goToDay(2)
    expect(await allowed(other)).toBe(1_000n)
    expect(await wanted(till)).toEqual([])
  })
})

describe('while a till holds the next day', () => {
  test('what passes on comes into its escrow, and into its next package', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1, 2])
    const { leaseId } = till.leased(world.card)?.lease ?? { leaseId: '' }
    const sold = world.offline(till, 700n)
    world.goToDay(2)
    // With the package of before: by what it says.
    const early = world.offline(till, 1_100n)
    expect(early.terms.amount).toBe(1_000n)
    await till.present(sold)
    await giveUp(till, 1, leaseId)
    expect(await balanceOf(world.demo, `escrow.${leaseId}`)).toBe(1_300n)
    await till.fetch()
    expect(till.leased(world.card)?.slot).toMatchObject({ amountAllowed: 1_300n, amountSpent: 0n })
    expect(await till.present(early)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    await till.fetch()
    const late = world.offline(till, 400n)
    expect(late.terms.amount).toBe(300n)
    expect(await till.present(late)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(world.demo, `escrow.${leaseId}`)).toBe(0n)
  })

  test('without money for it there it waits, and comes with the next sale on line when there is some', async () => {
    await begin(upTo(1_000n), 1_000n)
    await world.lease(till, [2])
    world.goToDay(2)
    expect(await allowed(till)).toBe(1_000n)
    await world.demo.role('agency').post('/v1/scheme-fundings', {
      transferId: till.id(),
      accountId: 'almaly-education',
      schemeId,
      amount: '5000',
    })
    expect(await allowed(till)).toBe(2_000n)
    await till.fetch()
    expect(world.offline(till, 2_500n).terms.amount).toBe(2_000n)
  })

  test('a renewal takes it along with its money', async () => {
    await begin(upTo(1_000n), 2_000n)
    await world.lease(till, [2], 30)
    world.goToDay(2)
    expect(await world.lease(till, [2])).toBe(200)
    expect(till.leased(world.card)?.slot.amountAllowed).toBe(2_000n)
    expect(await balanceOf(world.demo, `scheme.${schemeId}`)).toBe(0n)
  })

  test('a till that was stopped gets no more money', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [2])
    const { leases } = till.package ?? { leases: [] }
    await world.demo.role('agency').post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
    world.goToDay(2)
    expect(await world.slotAt(other)).toBeUndefined()
    const lease = leases.find((one) => one.schemeId === schemeId)
    expect(await balanceOf(world.demo, `escrow.${lease?.leaseId}`)).toBe(1_000n)
  })
})

describe('a sale of the former day that comes after its rest was carried', () => {
  /** Sold off line on the first day, and stands before the surrender in the journal. */
  async function soldAndGivenUp(amount: bigint) {
    await begin(upTo(1_000n))
    await world.lease(till, [1])
    const { leaseId } = till.leased(world.card)?.lease ?? { leaseId: '' }
    const sold = till.presentment(world.offline(till, amount))
    const given = till.surrender(leaseId, slotOfDay(1))
    world.goToDay(2)
    await till.batch(given)
    expect(await allowed(other)).toBe(2_000n)
    return sold
  }

  test('is paid, and the next day has as much less, when nobody has used that yet', async () => {
    const sold = await soldAndGivenUp(600n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'settled', paidBy: 'agency' }])
    expect(await allowed(other)).toBe(1_400n)
    expect(await world.figures(1)).toMatchObject({ allowed: 600n, spent: 600n })
  })

  test('is paid from what had lapsed, before what was carried', async () => {
    await begin(upTo(300n))
    await world.lease(till, [1])
    const { leaseId } = till.leased(world.card)?.lease ?? { leaseId: '' }
    const sold = till.presentment(world.offline(till, 600n))
    world.goToDay(2)
    await till.batch(till.surrender(leaseId, slotOfDay(1)))
    expect(await allowed(other)).toBe(1_300n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'settled' }])
    expect(await allowed(other)).toBe(1_300n)
  })

  test('is the merchant’s when it was spent in the next day: one allowance pays once', async () => {
    const sold = await soldAndGivenUp(600n)
    await pay(other, 1_500n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
    expect(await allowed(other)).toBe(2_000n)
  })

  test('is the merchant’s when another till holds the next day, which may have sold it', async () => {
    const sold = await soldAndGivenUp(600n)
    await world.lease(other, [2])
    expect(await till.batch(sold)).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
    expect(await other.present(world.offline(other, 2_000n))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('is paid when its own till holds the next day: in any order the same', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1, 2])
    const { leaseId } = till.leased(world.card)?.lease ?? { leaseId: '' }
    const sold = till.presentment(world.offline(till, 600n))
    const given = till.surrender(leaseId, slotOfDay(1))
    world.goToDay(2)
    expect(await till.batch(given, sold)).toMatchObject([{ state: 'done' }, { state: 'settled', paidBy: 'agency' }])
    expect(await world.figures(2)).toMatchObject({ allowed: 1_400n })
    expect(await balanceOf(world.demo, `escrow.${leaseId}`)).toBe(1_400n)
  })

  test('late, is the merchant’s once its own till may have sold what was carried: that sale is paid', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1], 22, 10)
    const sold = till.presentment(world.offline(till, 600n))
    world.goToDay(2, 18)
    await world.lease(till, [2])
    const next = world.offline(till, 2_000n)
    expect(next.terms.amount).toBe(2_000n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
    expect(await till.present(next)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  describe('late, is the merchant’s also when more was carried since its own till was told', () => {
    const ofBefore = async () => {
      await inTransaction(world.demo.ports, async ({ connection, now }) => {
        // The moment was that of the last change.
        await connection.updateTable('carried').set({ at: now }).execute()
        await carriedSinceEver(connection)
      })
    }

    test.each([
      ['in this version', async () => undefined],
      ['in a ledger of before that was migrated', ofBefore],
    ])('%s', async (_, between) => {
      await begin(upTo(1_000n))
      await world.lease(till, [1], 22, 10)
      const voided = world.offline(till, 100n)
      await till.present(voided)
      await till.fetch()
      const sold = till.presentment(world.offline(till, 900n))
      await world.lease(till, [2], 60, 60)
      world.goToDay(2, 18)
      expect(await allowed(till)).toBe(1_900n)
      await till.fetch()
      const next = world.offline(till, 2_500n)
      expect(next.terms.amount).toBe(1_900n)
      world.demo.clock.now += 1
      await till.reverse(voided.terms.tenderId)
      expect(await allowed(till)).toBe(2_000n)
      await between()
      expect(await till.batch(sold)).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
      expect(await till.present(next)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    })
  })

  test('late, is the agency’s while its own till has not heard of what was carried', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1], 22, 10)
    const sold = till.presentment(world.offline(till, 600n))
    await world.lease(till, [2], 60, 60)
    world.goToDay(2, 18)
    expect(await allowed(till)).toBe(2_000n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'settled', paidBy: 'agency' }])
    expect(await world.figures(2)).toMatchObject({ allowed: 1_400n })
    expect(await till.present(world.offline(till, 2_000n))).toMatchObject({ state: 'settled', amount: 1_000n })
  })

  test('after the lease’s last day is the agency’s up to its sum, out of the same allowance', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1], 22, 10)
    const sold = till.presentment(world.offline(till, 600n))
    world.goToDay(2, 18)
    expect(await allowed(other)).toBe(2_000n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'settled', paidBy: 'agency' }])
    expect(await allowed(other)).toBe(1_400n)
  })

  test('is the merchant’s when the agency bears nothing, and the next day keeps all', async () => {
    await begin({ ...upTo(1_000n), offline: { ...dailyFood.offline, lossBearer: { kind: 'merchant' } } })
    await world.lease(till, [1], 22, 10)
    const sold = till.presentment(world.offline(till, 600n))
    world.goToDay(2, 18)
    expect(await allowed(other)).toBe(2_000n)
    expect(await till.batch(sold)).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
    expect(await allowed(other)).toBe(2_000n)
  })

  test('that waits for the agency’s money has its place all the same', async () => {
    const sold = await soldAndGivenUp(600n)
    await drain(world.demo, `scheme.${schemeId}`)
    expect(await till.batch(sold)).toMatchObject([{ state: 'awaiting_funds' }])
    expect(await allowed(other)).toBe(1_400n)
  })
})

describe('what comes back', () => {
  test('of a sale of the former day is the agency’s when refunded, carried when it was never completed', async () => {
    await begin(upTo(1_000n))
    const [first, second] = [await world.online(till, 300n), await world.online(till, 200n)]
    if (first === undefined || second === undefined) throw new Error('no slot')
    await till.authorise(first)
    await till.authorise(second)
    world.goToDay(2)
    expect(await allowed(other)).toBe(1_500n)
    const free = await balanceOf(world.demo, 'almaly-education')
    await till.batch(till.refund(first.terms.tenderId, [{ line: 1, amount: tiyn(300n) }]))
    expect(await balanceOf(world.demo, 'almaly-education')).toBe(free + 300n)
    expect(await allowed(other)).toBe(1_500n)
    expect(await till.reverse(second.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await allowed(other)).toBe(1_700n)
  })

  test('of a sale of the next day is there again, what was carried too', async () => {
    await begin(upTo(1_000n))
    world.goToDay(2)
    const decided = await world.online(till, 1_800n)
    if (decided === undefined) throw new Error('no slot')
    await till.authorise(decided)
    await till.batch(till.refund(decided.terms.tenderId, [{ line: 1, amount: tiyn(1_800n) }]))
    expect(await pay(other, 2_500n)).toMatchObject({ amount: 2_000n })
  })

  test('what becomes known when the next day is over too has lapsed', async () => {
    await begin(upTo(1_000n))
    await world.lease(till, [1], 20, 40)
    world.goToDay(3)
    expect(await allowed(other)).toBe(2_000n)
    world.demo.clock.now += 20 * hourMs
    expect(await allowed(other)).toBe(2_000n)
    expect(await world.figures(1)).toMatchObject({ allowed: 1_000n, leased: false })
  })
})

test('a period that is over is lent to no till: what it left may have passed on', async () => {
  await begin(upTo(400n))
  world.goToDay(2)
  await allowed(other)
  await world.lease(till, [1])
  expect(await world.figures(1)).toMatchObject({ allowed: 600n, leased: false })
})

/**
 * The first day's rest went on to the second day and was used there, by what is taken back in the end: before or after
 * the sale of the first day comes in.
 */
describe.each([
  ['in time', false],
  ['late', true],
])('a sale of the day before that comes %s', (_when, isLate) => {
  async function soldBefore(): Promise<() => ReturnType<TestTill['batch']>> {
    await (isLate ? world.lease(till, [1], 22, 10) : world.lease(till, [1]))
    const { leaseId } = till.leased(world.card)?.lease ?? { leaseId: '' }
    const sold = till.presentment(world.offline(till, 600n))
    const given = till.surrender(leaseId, slotOfDay(1))
    world.goToDay(2, isLate ? 18 : 1)
    if (!isLate) await till.batch(given)
    expect(await allowed(other)).toBe(2_000n)
    return () => till.batch(sold)
  }
  const orders = [
    { first: 'the sale', saleFirst: true },
    { first: 'the other', saleFirst: false },
  ]
  const notPaid = [{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }]
  /** However it came to it: the sale is paid by the agency, and the second day has so much less. */
  async function isPaid(): Promise<void> {
    const sale = (await world.demo.rows('tender')).find((row) => row['amount'] === 600n)
    expect(sale).toMatchObject({ state: 'settled', paid_by: 'agency', loss: null })
    expect(await world.figures(1)).toMatchObject({ allowed: 600n, spent: 600n })
    expect(await world.figures(2)).toMatchObject({ allowed: 1_400n })
  }

  test.each(orders)('is paid whatever came first, the sale or the reversal: $first', async ({ saleFirst }) => {
    await begin(upTo(1_000n))
    const comes = await soldBefore()
    const decided = await world.online(other, 1_500n)
    if (decided === undefined) throw new Error('the ledger shows no slot')
    expect(await other.authorise(decided)).toMatchObject({ state: 'settled' })
    if (saleFirst) expect(await comes()).toMatchObject(notPaid)
    await other.reverse(decided.terms.tenderId)
    if (!saleFirst) await comes()
    await isPaid()
    expect(await world.figures(2)).toMatchObject({ spent: 0n })
  })

  test.each(orders)('is paid whatever came first, the sale or the refund: $first', async ({ saleFirst }) => {
    await begin(upTo(1_000n))
    const comes = await soldBefore()
    const { itemId: tenderId } = await pay(other, 1_500n)
    if (saleFirst) expect(await comes()).toMatchObject(notPaid)
    expect(await other.batch(other.refund(tenderId, [{ line: 1, amount: tiyn(1_500n) }]))).toMatchObject([
      { state: 'done' },
    ])
    if (!saleFirst) await comes()
    await isPaid()
  })

  test.each(orders)('is paid whatever came first, the sale or a bridge’s reversal: $first', async ({ saleFirst }) => {
    await begin({ ...upTo(1_000n), bridge: { kind: 'amount', amount: tiyn(1_500n) } })
    const comes = await soldBefore()
    await world.lease(other, [2])
    const { leaseId } = other.leased(world.card)?.lease ?? { leaseId: '' }
    await world.reissue()
    const decided = await world.online(till, 1_500n)
    if (decided === undefined) throw new Error('the ledger shows no slot')
    expect(await till.authorise(decided)).toMatchObject({ state: 'settled' })
    expect(decided.terms.payerSlot).toBe(`${slotOfDay(2)}/bridge`)
    await giveUp(other, 2, leaseId)
    if (saleFirst) expect(await comes()).toMatchObject(notPaid)
    await till.reverse(decided.terms.tenderId)
    if (!saleFirst) await comes()
    await isPaid()
  })
})
