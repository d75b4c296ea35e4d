/**
 * A scheme that its beneficiary has to activate, at a till (ADR 30). Method: a real till with its journal, the real
 * ledger, a virtual card; the network is cut where the story says so.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { setLeasePolicy } from '../../../ledger-sim/leases/policy.ts'
import { demoAgency, demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { endEntitlement, entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { mondayNoon } from '../../fixtures/demo-world.ts'
import { dailyFood, schemeId } from '../ledger/period-world.ts'
import { buys, coreOf, ledgerRows } from './customers.ts'
import { PreparedWorld, worldSeed, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

const hourMs = 3_600_000
const day = { from: mondayNoon - 12 * hourMs, to: mondayNoon + 12 * hourMs }
const until = mondayNoon + 900_000
const scheme = {
  ...dailyFood,
  activation: { by: 'beneficiary' as const, until },
  benefit: { kind: 'amount' as const, perPeriod: tiyn(54_000n) },
  periods: [{ periodId: 'monday', ...day, openings: [day] }],
  merchants: [demoCanteen],
  caps: { ...dailyFood.caps, perSale: tiyn(54_000n), perBeneficiaryAndPeriod: tiyn(54_000n) },
}
const [early, late] = ['Pupil 24', 'Pupil 25'] as const
const beneficiaryOf = { [early]: 'ab'.repeat(16), [late]: 'cd'.repeat(16) }

let world: WalkWorld
const taps = (card: string) => buys(world, world.station, card, 'bread')
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
async function network(all: WalkWorld['network']['all']): Promise<void> {
  world.network.all = all
  await pass(60_000)
}

beforeEach(async () => {
  world = await prepared.open()
  await world.atLedger(async (work) => {
    await publishScheme(work, scheme)
    await fundScheme(work, demoAgency, schemeId, tiyn(1_000_000n), 'for the day')
    for (const card of [early, late]) {
      const holder = demoPseudonym(worldSeed, 'holder', card)
      // So that one scheme says why nothing is paid.
      const lunch = { schemeId: 'school-lunch', beneficiary: demoPseudonym(worldSeed, 'school-lunch', card), holder }
      expect(await endEntitlement(work, lunch)).toBe('ended')
      await entitle(work, { schemeId, beneficiary: beneficiaryOf[card], holder })
    }
    const times = { sellForMs: 24 * hourMs, presentForMs: 24 * hourMs, periods: 1 }
    await setLeasePolicy(work, { terminalId: 'till-1', schemeId, everybody: true, ...times })
  })
  await pass(60_000)
})
afterEach(() => world.close())

it('pays nothing without network before the first payment with it, and without it from then on', async () => {
  await network('refused')
  expect(await taps(early)).toBe('NOT_ACTIVATED')
  expect([...coreOf(world.station).journal.rows()].filter(({ row }) => row.kind === 'tender_intent')).toEqual([])
  await network('up')
  expect(await taps(early)).toBe('settled')
  await network('refused')
  expect(await taps(early)).toBe('pending')
  expect(await taps(late)).toBe('NOT_ACTIVATED')
  await network('up')
  expect(ledgerRows(world, 'SELECT state, paid_by FROM tender ORDER BY at')).toEqual([
    { state: 'settled', paid_by: 'agency' },
    { state: 'settled', paid_by: 'escrow' },
  ])
})

it('is over, with network and without, for who has not activated in time; who has goes on', async () => {
  expect(await taps(early)).toBe('settled')
  await world.time.runUntil(until)
  expect(await taps(late)).toBe('ACTIVATION_LAPSED')
  await network('refused')
  expect(await taps(late)).toBe('ACTIVATION_LAPSED')
  expect(await taps(early)).toBe('pending')
})
