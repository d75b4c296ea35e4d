/**
 * What of a scheme's money is not used by a date goes back to its agency by itself
 * (docs/design/21-unused-allowances.md): at once what is free, later what was promised and is not needed after all.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { checkBooks } from '../../checker/ledger-books.ts'
import { readLedger } from '../../checker/ledger-database.ts'
import { balanceOf, dayMs, drain, hourMs, type TestTill } from './demo-ledger.ts'
import { dailyFood, firstDay, judgedWorld, schemeId, slotOfDay, type JudgedWorld } from './period-world.ts'

const endOfDay3 = firstDay + 3 * dayMs
const returning: Partial<Scheme> = { unused: { kind: 'returns', by: endOfDay3 } }
const marked = `scheme.${schemeId}`
const agencyAccount = 'almaly-education'

let world: JudgedWorld
let till: TestTill
let before: bigint

async function begin(change: Partial<Scheme> = {}, funded = 5_000n): Promise<void> {
  world = await judgedWorld({ ...returning, ...change }, funded)
  till = world.tills['till-1']
  before = await balanceOf(world.demo, agencyAccount)
}
afterEach(async () => {
  const { faults } = checkBooks(readLedger(world.folder))
  await world.end()
  expect(faults).toEqual([])
})

/** The ledger's own look, as its timer does it. */
const look = () => world.demo.role('agency', agencyAccount).post('/v1/lease-closings', {})
const returned = async () => (await balanceOf(world.demo, agencyAccount)) - before
const fund = (amount: string) =>
  world.demo
    .role('agency')
    .post('/v1/scheme-fundings', { transferId: till.id(), accountId: agencyAccount, schemeId, amount })

describe('what is free', () => {
  test('goes back at the moment itself, and not a millisecond earlier', async () => {
    await begin()
    const sold = await world.online(till, 700n)
    if (sold === undefined) throw new Error('no slot')
    await till.authorise(sold)
    world.demo.clock.now = endOfDay3 - 1
    await look()
    expect(await returned()).toBe(0n)
    world.demo.clock.now = endOfDay3
    await look()
    await look()
    expect([await returned(), await balanceOf(world.demo, marked)]).toEqual([4_300n, 0n])
    const { schemes } = (await world.demo.role('agency').get('/v1/monitoring')).body as {
      schemes: Record<string, string>[]
    }
    expect(schemes.find((one) => one['schemeId'] === schemeId)).toMatchObject({
      funded: '5000',
      spent: '700',
      returned: '4300',
      free: '0',
    })
  })

  test('cannot be spent or leased after that, though nobody had looked', async () => {
    await begin()
    world.demo.clock.now = endOfDay3 + hourMs
    const late = await world.online(till, 700n)
    if (late === undefined) throw new Error('no slot')
    expect(await till.authorise(late)).toMatchObject({ state: 'refused', refusal: 'INSUFFICIENT_FUNDS' })
    expect(await returned()).toBe(5_000n)
    await fund('3000')
    expect(await world.lease(till, [4])).toBe(409)
    await look()
    expect(await returned()).toBe(5_000n)
  })

  test('stays where the present version of the scheme returns nothing, or returns later', async () => {
    await begin()
    await inTransaction(world.demo.ports, async (work) => {
      const later = { kind: 'returns', by: endOfDay3 + dayMs } as const
      expect(await publishScheme(work, { ...dailyFood, version: 2, unused: later })).toBe('published')
    })
    world.demo.clock.now = endOfDay3
    await look()
    expect(await returned()).toBe(0n)
    await inTransaction(world.demo.ports, async (work) => {
      expect(await publishScheme(work, { ...dailyFood, version: 3 })).toBe('published')
    })
    world.demo.clock.now = endOfDay3 + 2 * dayMs
    await look()
    expect(await returned()).toBe(0n)
  })
})

describe('what is promised', () => {
  test('in a lease stays, pays what was sold, and goes back with what is left when the lease ends', async () => {
    await begin()
    world.goToDay(3)
    await world.lease(till, [3], 20, 48)
    const sold = world.offline(till, 600n)
    world.demo.clock.now = endOfDay3 + hourMs
    await look()
    expect(await returned()).toBe(4_000n)
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    await look()
    expect(await returned()).toBe(4_000n)
    world.demo.clock.now += 72 * hourMs
    await look()
    expect(await returned()).toBe(4_400n)
  })

  test('goes back too when its till gives the slot up', async () => {
    await begin()
    world.goToDay(3)
    await world.lease(till, [3])
    const leaseId = till.leased(world.card)?.lease.leaseId ?? ''
    world.demo.clock.now = endOfDay3
    await look()
    expect(await returned()).toBe(4_000n)
    await till.batch(till.surrender(leaseId, slotOfDay(3)))
    await look()
    expect(await returned()).toBe(5_000n)
  })

  test('to an accepted sale that waits for money stays until that is paid', async () => {
    await begin({ offline: { ...dailyFood.offline, lossBearer: { kind: 'agency', upTo: tiyn(10_000n) } } }, 1_000n)
    world.goToDay(3)
    await world.lease(till, [3], 20, 10)
    const sold = world.offline(till, 600n)
    world.demo.clock.now = endOfDay3 + 20 * hourMs
    await drainLater()
    expect(await till.present(sold)).toMatchObject({ state: 'awaiting_funds' })
    await fund('400')
    await look()
    // Not enough yet: it is kept for the sale.
    expect(await balanceOf(world.demo, marked)).toBe(400n)
    await fund('350')
    await look()
    expect(await till.inquire(sold.terms.tenderId)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await balanceOf(world.demo, marked)).toBe(0n)
  })

  test('and owed by a merchant goes back when it is netted', async () => {
    await begin()
    world.goToDay(3)
    const sold = await world.online(till, 700n)
    if (sold === undefined) throw new Error('no slot')
    await till.authorise(sold)
    await drain(world.demo, 'merchant.school-7-canteen')
    before = await balanceOf(world.demo, agencyAccount)
    world.demo.clock.now = endOfDay3
    await till.reverse(sold.terms.tenderId)
    await look()
    expect(await returned()).toBe(4_300n)
    await till.fetch()
    await till.authorise(till.decide({ card: world.demo.card('Family 01'), item: 'milk' }, 'online'))
    await look()
    expect(await returned()).toBe(5_000n)
  })
})

/** The lease is closed, and its money is gone before the sale comes. */
async function drainLater(): Promise<void> {
  world.demo.clock.now += 14 * hourMs
  await look()
  expect(await balanceOf(world.demo, marked)).toBe(0n)
}
