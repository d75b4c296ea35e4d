/**
 * A sale is taken back without network, and its card pays again (money-rules.md, "Offline": a void that frees its own
 * slot). Method: a real till with a journal and the real ledger, a virtual card, a network that is cut where the story
 * says so. Who was paid, and from where, is read from the ledger's database.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, test } from 'vitest'
import { withoutVoided } from '../../../src/sync/export/make-export.ts'
import { ClosedJournal } from '../../../src/sync/journal/closed-journal.ts'
import { applyItem } from '../../../ledger-sim/payments/apply-items.ts'
import { revokeTerminal } from '../../../ledger-sim/terminals/revocation.ts'
import { findTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { buys, coreOf, ledgerRows } from './customers.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
beforeEach(async () => void (world = await prepared.open()))
afterEach(() => world.close())

/** Leased to the till, one lunch a day. */
const card = 'Pupil 01'
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const core = () => coreOf(world.station)
const taps = () => buys(world, world.station, card, 'school-lunch')
const ledger = () => ledgerRows(world, 'SELECT state, paid_by, loss FROM tender ORDER BY tender_id')
const reversed = { state: 'reversed', paid_by: null, loss: null }
const settled = { state: 'settled', paid_by: 'escrow', loss: null }
const figures = () => core().till.snapshot().shift.report?.figures

async function cut(passage: WalkWorld['network']['all'] = 'refused'): Promise<void> {
  world.network.all = passage
  void core().till.command({ command: 'sync_now' })
  await pass(20_000)
}

async function isUpAgain(): Promise<void> {
  world.network.all = 'up'
  core().till.command({ command: 'sync_now' })
  await pass(120_000)
  expect(core().journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
}

/** The sale that ended last. */
async function takesBack(): Promise<string> {
  const saleId = core().till.snapshot().recent[0]?.saleId ?? ''
  expect(core().till.command({ command: 'void_sale', saleId })).toEqual({ ok: true })
  await pass(1_000)
  return saleId
}
const statesOf = (saleId: string) =>
  core()
    .journal.tendersOfSale(saleId)
    .map(({ state }) => state)

it('frees its slot: the card pays again, as often as that, and one sale of it is paid each time', async () => {
  await cut()
  expect(await taps()).toBe('pending')
  expect(statesOf(await takesBack())).toEqual(['reversing'])
  expect(await taps()).toBe('pending')
  // That one stands, so the slot is used.
  expect(await taps()).toBe('ALLOWANCE_USED')
  core().till.command({ command: 'cancel_sale' })
  await takesBack()
  expect(await taps()).toBe('pending')
  core().till.command({ command: 'x_report' })
  await pass(500)
  expect(figures()).toMatchObject({ sales: { count: 1 }, voids: { count: 2 } })
  await isUpAgain()
  expect(ledger()).toEqual([reversed, reversed, settled])
  expect(ledgerRows(world, `SELECT code FROM discrepancy`)).toEqual([])
})

it('is the same when the ledger had the sale and its answer was lost', async () => {
  await cut()
  expect(await taps()).toBe('pending')
  await cut('lose_answer')
  expect(ledger()).toEqual([settled])
  await cut()
  await takesBack()
  expect(await taps()).toBe('pending')
  await isUpAgain()
  expect(ledger()).toEqual([reversed, settled])
})

it('is the same after a stop between the void and what is sold then', async () => {
  await cut()
  expect(await taps()).toBe('pending')
  await takesBack()
  world.station.kill()
  world.station.start()
  await pass(5_000)
  expect(await taps()).toBe('pending')
  world.station.kill()
  world.station.start()
  await isUpAgain()
  expect(ledger()).toEqual([reversed, settled])
})

it('is the same when the till is ended and its export says what it sold', async () => {
  await cut()
  expect(await taps()).toBe('pending')
  await takesBack()
  expect(await taps()).toBe('pending')
  world.station.close()
  const closed = new ClosedJournal(world.journalFile)
  const items = withoutVoided(closed.unsynced().items).map((item) => closed.syncItem(item))
  closed.close()
  expect(items.map(({ kind }) => kind)).toEqual(['reversal', 'presentment'])
  await world.atLedger(async (work) => {
    await revokeTerminal(work, 'till-1', 'destroyed')
    const terminal = await findTerminal(work, 'till-1')
    if (terminal === undefined) throw new Error('no till')
    for (const item of items) await applyItem(work, terminal, item, Math.floor(work.now / 1000))
  })
  expect(ledger()).toEqual([reversed, settled])
})

it('is not so while a person is to look at the sale: the ledger has heard of it', async () => {
  await cut()
  expect(await taps()).toBe('pending')
  const [{ tenderId } = { tenderId: '' }] = core().journal.tendersInState('pending')
  core().journal.commit({ kind: 'item_parked', itemId: tenderId, why: 'rule_violated' })
  await takesBack()
  expect(await taps()).toBe('ALLOWANCE_USED')
  core().till.command({ command: 'cancel_sale' })
  await isUpAgain()
  expect(ledger()).toEqual([reversed])
})

test.each(['sale asked for on line, and accepted without an answer', 'sale paid on line', 'sale paid since'] as const)(
  'a %s uses its slot until its reversal is answered: the ledger may have paid it',
  async (which) => {
    if (which === 'sale paid since') {
      await cut()
      expect(await taps()).toBe('pending')
      world.network.all = 'up'
      core().till.command({ command: 'sync_now' })
      await pass(2_000)
      expect(ledger()).toEqual([settled])
    } else {
      const isLost = which !== 'sale paid on line'
      if (isLost) Object.assign(world.network, { all: 'refused', authorisations: 'lose_answer' })
      expect(await taps()).toBe(isLost ? 'pending' : 'settled')
      world.network.authorisations = null
      expect(ledger()).toEqual([settled])
    }
    await cut()
    expect(statesOf(await takesBack())).toEqual(['reversing'])
    expect(await taps()).toBe('ALLOWANCE_USED')
    core().till.command({ command: 'cancel_sale' })
    await isUpAgain()
    await cut()
    expect(await taps()).toBe('pending')
    await isUpAgain()
    expect(ledger()).toEqual([reversed, settled])
  },
)
