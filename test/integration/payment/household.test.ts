/**
 * Two cards of one household at a till without network (docs/adr/0027-households.md). Method: a real till with its
 * journal, the real ledger, virtual cards; a family's card shares the lunch of a pupil, of which there is one a day.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { joinHousehold, leave } from '../../../ledger-sim/schemes/households.ts'
import { buys, ledgerRows } from './customers.ts'
import { PreparedWorld, worldSeed, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
let shared: { readonly schemeId: string; readonly beneficiary: string; readonly holder: string }
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const pupil = 'Pupil 01'
const family = 'Family 01'

beforeEach(async () => {
  world = await prepared.open()
  const of = (purpose: string, label: string) => demoPseudonym(worldSeed, purpose, label)
  const [schemeId, member] = ['school-lunch', of('holder', pupil)]
  shared = { schemeId, beneficiary: of(schemeId, pupil), holder: of('holder', family) }
  await world.atLedger(async (work) => expect(await joinHousehold(work, shared, member)).toMatchObject({ holders: 2 }))
  await pass(60_000)
})
afterEach(() => world.close())

const taps = (by: string) => buys(world, world.station, by, 'school-lunch')

it('one lunch, whoever of the two taps first', async () => {
  world.network.all = 'refused'
  expect(await taps(family)).toBe('pending')
  expect(await taps(pupil)).toBe('ALLOWANCE_USED')
  world.network.all = 'up'
  await pass(60_000)
  expect(ledgerRows(world, 'SELECT state, paid_by FROM tender')).toEqual([{ state: 'settled', paid_by: 'escrow' }])
})

it('who has left is refused as soon as the till has synced, the other is not', async () => {
  await world.atLedger(async (work) => void (await leave(work, shared)))
  await pass(60_000)
  world.network.all = 'refused'
  // The card has a food voucher here, which pays no lunch.
  expect(await taps(family)).toBe('NOTHING_ELIGIBLE')
  expect(await taps(pupil)).toBe('pending')
})
