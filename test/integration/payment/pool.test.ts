/**
 * A till that sells from a pool (docs/design/23-pools.md). Method: two real tills with a journal each, one real ledger,
 * a virtual card that is carried from one to the other; the network of each is cut where the story says so. What was
 * paid, and from where, is read from the ledger's database.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { setLeasePolicy } from '../../../ledger-sim/leases/policy.ts'
import { demoAgency, demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { endEntitlement, entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { mondayNoon } from '../../fixtures/demo-world.ts'
import type { TillStation } from '../../simulation/till-station.ts'
import { dailyFood, schemeId } from '../ledger/period-world.ts'
import { buys, coreOf, ledgerRows } from './customers.ts'
import { PreparedWorld, worldSeed, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

const hourMs = 3_600_000
const day = { from: mondayNoon - 12 * hourMs, to: mondayNoon + 12 * hourMs }
const scheme = {
  ...dailyFood,
  benefit: { kind: 'amount' as const, perPeriod: tiyn(45_000n) },
  periods: [{ periodId: 'monday', ...day, openings: [day] }],
  merchants: [demoCanteen],
  caps: { ...dailyFood.caps, perSale: tiyn(45_000n), perBeneficiaryAndPeriod: tiyn(45_000n) },
  offline: { ...dailyFood.offline, policy: 'lease-pool' as const },
}
/** Of no lease at any till. */
const card = 'Pupil 25'
const beneficiary = 'ab'.repeat(16)
/** A loaf. */
const bread = 18_000n

let world: WalkWorld
let first: TillStation
let second: TillStation
let cut: { first: WalkWorld['network']; second: WalkWorld['network'] }
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

beforeEach(async () => {
  world = await prepared.open()
  first = world.station
  const another = await world.secondTill()
  second = another.station
  cut = { first: world.network, second: another.network }
})
afterEach(() => world.close())

/** @param funds of the scheme, before any of it is lent */
async function lend(sums: Readonly<Record<string, bigint>>, funds = 1_000_000n): Promise<void> {
  await world.atLedger(async (work) => {
    await publishScheme(work, scheme)
    await fundScheme(work, demoAgency, schemeId, tiyn(funds), 'for the day')
    const holder = demoPseudonym(worldSeed, 'holder', card)
    // So that one scheme says why nothing is paid.
    const lunch = { schemeId: 'school-lunch', beneficiary: demoPseudonym(worldSeed, 'school-lunch', card), holder }
    expect(await endEntitlement(work, lunch)).toBe('ended')
    await entitle(work, { schemeId, beneficiary, holder })
    for (const [terminalId, sum] of Object.entries(sums))
      await setLeasePolicy(work, {
        terminalId,
        schemeId,
        everybody: true,
        sellForMs: 24 * hourMs,
        presentForMs: 24 * hourMs,
        periods: 1,
        pool: { sum: tiyn(sum) },
      })
  })
  await pass(60_000)
}

/** What the card left of the sale before, its customer has paid in cash. */
async function taps(station: TillStation, itemId = 'bread', ms?: number) {
  const { sale } = coreOf(station).till.snapshot()
  if (sale !== null && !sale.open && sale.leftToPay > 0n) coreOf(station).till.command({ command: 'pay_cash' })
  return buys(world, station, card, itemId, ms)
}
const rows = (sql: string) => ledgerRows(world, sql)
const paid = () =>
  rows(`SELECT terminal_id, state, paid_by, amount FROM tender WHERE state <> 'refused' ORDER BY at, tender_id`)
const pools = () =>
  rows(`SELECT terminal_id AS till, lease.amount AS funded, balance AS left FROM lease
    JOIN account ON account_id = escrow_account WHERE lease.kind = 'pool' ORDER BY terminal_id`)
const leftAt = (station: TillStation) => {
  const active = coreOf(station).journal.activePackage()?.package
  const pool = active?.leases.find((lease) => lease.pool !== undefined)
  if (active === undefined || pool?.pool === undefined) throw new Error('no pool')
  return pool.pool.left - coreOf(station).journal.soldUnder(pool.leaseId, active.packageId, null)
}

describe('without network', () => {
  it('a till sells from its sum and no further; when it has synced, the sum is filled again', async () => {
    await lend({ 'till-1': 30_000n })
    cut.first.all = 'refused'
    await pass(60_000)
    expect(await taps(first)).toBe('pending')
    expect(leftAt(first)).toBe(12_000n)
    // What is left of the sum is less than a loaf: the customer pays the rest otherwise.
    expect(await taps(first)).toBe('pending')
    expect(leftAt(first)).toBe(0n)
    expect(await taps(first)).toBe('POOL_USED_UP')
    cut.first.all = 'up'
    await pass(60_000)
    expect(paid()).toMatchObject([
      { state: 'settled', paid_by: 'escrow', amount: Number(bread) },
      { state: 'settled', paid_by: 'escrow', amount: 12_000 },
    ])
    expect(pools()).toEqual([{ till: 'till-1', funded: 60_000, left: 30_000 }])
    expect(leftAt(first)).toBe(30_000n)
  })

  it('two tills may pay one card more than it is allowed, each from its own sum; the ledger pays both', async () => {
    await lend({ 'till-1': 50_000n, 'till-2': 50_000n })
    cut.first.all = 'refused'
    cut.second.all = 'refused'
    await pass(60_000)
    for (const station of [first, second])
      for (let loaf = 0; loaf < 2; loaf += 1) expect(await taps(station)).toBe('pending')
    cut.first.all = 'up'
    cut.second.all = 'up'
    await pass(60_000)
    expect(paid()).toHaveLength(4)
    expect(rows(`SELECT DISTINCT state, paid_by FROM tender`)).toEqual([{ state: 'settled', paid_by: 'escrow' }])
    expect(rows('SELECT code, owner, amount FROM discrepancy ORDER BY amount')).toEqual([
      { code: 'ALLOWANCE_EXCEEDED_IN_POOL', owner: 'agency', amount: 9_000 },
      { code: 'ALLOWANCE_EXCEEDED_IN_POOL', owner: 'agency', amount: 18_000 },
    ])
    const listed = [first, second].flatMap((station) => station.snapshot?.discrepancies ?? [])
    expect(listed.map(({ amount, standing }) => [amount, standing])).toEqual(
      expect.arrayContaining([
        [9_000n, 'agency_bears'],
        [18_000n, 'agency_bears'],
      ]),
    )
    // With network nothing is left, and a till that has heard of it, within five minutes, says so without network too.
    expect(await taps(first)).toBe('ALLOWANCE_USED')
    await pass(360_000)
    cut.first.all = 'refused'
    await pass(60_000)
    expect(await taps(first)).toBe('ALLOWANCE_USED')
  })

  it('what was sold is not sold again from a package that came before its answer, nor after a restart', async () => {
    await lend({ 'till-1': 30_000n })
    cut.first.all = 'refused'
    await pass(60_000)
    expect(await taps(first)).toBe('pending')
    // The ledger has the sale, and the till does not know it.
    cut.first.all = 'lose_answer'
    await pass(60_000)
    expect(pools()).toMatchObject([{ left: 12_000 }])
    expect(leftAt(first)).toBe(12_000n)
    cut.first.all = 'refused'
    first.kill()
    first.start()
    await pass(10_000)
    expect(leftAt(first)).toBe(12_000n)
    cut.first.all = 'up'
    await pass(60_000)
    expect([pools(), leftAt(first)]).toEqual([[{ till: 'till-1', funded: 48_000, left: 30_000 }], 30_000n])
  })

  it('a sale that is voided before the ledger hears of it comes back to the sum with the next package', async () => {
    await lend({ 'till-1': 30_000n })
    cut.first.all = 'refused'
    await pass(60_000)
    expect(await taps(first)).toBe('pending')
    const { till } = coreOf(first)
    till.command({ command: 'next_customer' })
    const saleId = till.snapshot().recent[0]?.saleId ?? ''
    till.command({ command: 'void_sale', saleId })
    await pass(1_000)
    expect(coreOf(first).journal.tendersOfSale(saleId)).toMatchObject([{ state: 'reversing' }])
    expect(leftAt(first)).toBe(12_000n)
    cut.first.all = 'up'
    await pass(60_000)
    expect(coreOf(first).journal.tendersOfSale(saleId)).toMatchObject([{ state: 'reversed' }])
    expect(leftAt(first)).toBe(30_000n)
  })

  it('a sale that is voided frees nothing of its card’s allowance meanwhile: other tills sell that too', async () => {
    await lend({ 'till-1': 90_000n })
    cut.first.all = 'refused'
    await pass(60_000)
    const { till, journal } = coreOf(first)
    expect(await taps(first)).toBe('pending')
    till.command({ command: 'next_customer' })
    till.command({ command: 'void_sale', saleId: till.snapshot().recent[0]?.saleId ?? '' })
    await pass(1_000)
    expect([await taps(first), await taps(first), await taps(first)]).toEqual(['pending', 'pending', 'ALLOWANCE_USED'])
    const states = journal.tendersInState('reversing', 'pending').map(({ state, amount }) => [state, amount])
    expect(states).toEqual([
      ['reversing', bread],
      ['pending', bread],
      ['pending', 9_000n],
    ])
  })
})

describe('with network', () => {
  it('the ledger is asked what is left, and the pool is not touched', async () => {
    await lend({ 'till-1': 30_000n, 'till-2': 30_000n })
    expect(await taps(second)).toBe('settled')
    expect(await taps(second)).toBe('settled')
    // The first till’s package says that nothing was used yet; the ledger says that 9 000 are left.
    expect(await taps(first)).toBe('settled')
    expect(paid()).toMatchObject([{ paid_by: 'agency' }, { paid_by: 'agency' }, { paid_by: 'agency', amount: 9_000 }])
    expect(pools()).toMatchObject([{ left: 30_000 }, { left: 30_000 }])
  })

  it('an authorisation without an answer is accepted from the pool, under its id', async () => {
    await lend({ 'till-1': 30_000n })
    cut.first.authorisations = 'lose_request'
    expect(await taps(first, 'bread', 8_000)).toBe('pending')
    const { journal } = coreOf(first)
    const [tender] = journal.tendersInState('pending', 'settled')
    const pool = journal.activePackage()?.package.leases.find((lease) => lease.pool !== undefined)
    expect(tender).toMatchObject({ leaseId: pool?.leaseId, amount: bread })
    cut.first.authorisations = null
    await pass(60_000)
    expect(paid()).toMatchObject([{ state: 'settled', paid_by: 'escrow' }])
    expect(rows('SELECT count(*) AS count FROM slot_use')).toEqual([{ count: 1 }])
  })

  it('whose answer is lost is paid once, by the agency, and the pool has its sum again', async () => {
    await lend({ 'till-1': 30_000n })
    cut.first.authorisations = 'lose_answer'
    expect(await taps(first, 'bread', 8_000)).toBe('pending')
    cut.first.authorisations = null
    await pass(60_000)
    expect(paid()).toMatchObject([{ state: 'settled', paid_by: 'agency' }])
    expect(pools()).toEqual([{ till: 'till-1', funded: 30_000, left: 30_000 }])
  })

  it('a ledger that stops answering while the card is read leaves the tap to the pool', async () => {
    await lend({ 'till-1': 30_000n })
    cut.first.all = 'lose_request'
    expect(await taps(first, 'bread', 8_000)).toBe('pending')
    cut.first.all = 'up'
    await pass(60_000)
    expect(paid()).toMatchObject([{ state: 'settled', paid_by: 'escrow' }])
  })

  it('a scheme whose money lies in the pool pays from it; what the pool can not pay the ledger refuses', async () => {
    await lend({ 'till-1': 30_000n }, 30_000n)
    expect(await taps(first)).toBe('pending')
    await pass(60_000)
    expect(paid()).toMatchObject([{ state: 'settled', paid_by: 'escrow', amount: Number(bread) }])
    // As without network: of a loaf the pool pays what it has.
    expect(await taps(first)).toBe('pending')
    expect(leftAt(first)).toBe(0n)
    expect(await taps(first)).toBe('INSUFFICIENT_FUNDS')
    await pass(60_000)
    expect(paid()).toMatchObject([{ paid_by: 'escrow' }, { state: 'settled', paid_by: 'escrow', amount: 12_000 }])
    expect(rows('SELECT code FROM discrepancy')).toEqual([])
    // Another till has no pool to pay from.
    expect(await taps(second)).toBe('INSUFFICIENT_FUNDS')
    await world.atLedger(async (work) => {
      await fundScheme(work, demoAgency, schemeId, tiyn(100_000n), 'and more')
    })
    expect(await taps(second)).toBe('settled')
  })

  it('a scheme that can still pay the basket pays it, however little its pool or the slot has', async () => {
    await lend({ 'till-1': 10_000n }, 50_000n)
    expect(await taps(first)).toBe('settled')
    expect(paid()).toMatchObject([{ paid_by: 'agency', amount: Number(bread) }])
    expect(leftAt(first)).toBe(10_000n)
  })

  it('a pool whose slots are older than the ledger’s word pays nothing beyond what that leaves', async () => {
    await lend({ 'till-1': 30_000n }, 70_000n)
    for (let loaf = 0; loaf < 2; loaf += 1) expect(await taps(second)).toBe('settled')
    // 9,000 of the card's are left, and 4,000 of the scheme's: till-1 has not heard of either loaf.
    expect(await taps(first)).toBe('INSUFFICIENT_FUNDS')
    await pass(60_000)
    expect(paid()).toHaveLength(2)
    expect(rows('SELECT code FROM discrepancy')).toEqual([])
  })
})
