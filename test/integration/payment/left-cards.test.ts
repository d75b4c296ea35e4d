/**
 * A card that lies on the reader pays the sale that its holder laid it down for, and no other (docs/design/08, "A
 * presence"). Method: a real till with its journal on the disk and the real ledger; how many cards have paid is read
 * from the till's journal.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
beforeEach(async () => {
  world = await prepared.open()
})
afterEach(() => world.close())

const first = 'Pupil 01'
const second = 'Pupil 02'
/** After so many sales that cards have paid. */
const isTakenOffFirst = (paid: number) => [
  { state: 'tap', hint: 'remove_card_first', settled: paid },
  { state: 'approved', settled: paid + 1 },
]

function till() {
  const { core } = world.station
  if (core === undefined) throw new Error('the till is off')
  return core.till
}
const tap = () => till().snapshot().tap
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
function does(command: Command): void {
  expect(till().command(command), command.command).toEqual({ ok: true })
}
const ringsUp = () => does({ command: 'add_item', itemId: 'school-lunch' })
/** By vouchers. */
const settled = () =>
  world.station.core!.journal.tendersInState('settled').filter(({ kind }) => kind === 'voucher').length

/** What the screen says of the next sale, and how many cards have paid: with the card of before, and with its own. */
async function nextSale(): Promise<readonly unknown[]> {
  ringsUp()
  does({ command: 'pay_by_card' })
  await pass(10_000)
  const withTheOld = { ...tap(), settled: settled() }
  world.station.pullCard()
  world.station.layCard(second)
  await pass(4_000)
  return [withTheOld, { state: tap().state, settled: settled() }]
}

it('one that has paid, and of which the reader has lost sight, pays nothing more', async () => {
  ringsUp()
  does({ command: 'pay_by_card' })
  world.station.layCard(first)
  await pass(4_000)
  expect(tap().state).toBe('approved')
  does({ command: 'next_customer' })
  world.station.resetCard()
  expect(await nextSale()).toEqual(isTakenOffFirst(1))
})

it('of which the reader has lost sight in the middle of its payment goes on with it', async () => {
  ringsUp()
  does({ command: 'pay_by_card' })
  world.station.layCard(first)
  await pass(300)
  world.station.resetCard()
  await pass(6_000)
  expect(tap().state).toBe('approved')
  expect(settled()).toBe(1)
})

it('laid down while goods are rung up, and then left there by a customer who paid in cash, pays nothing', async () => {
  ringsUp()
  world.station.layCard(first)
  await pass(1_000)
  does({ command: 'pay_cash' })
  await pass(1_000)
  expect(await nextSale()).toEqual(isTakenOffFirst(0))
})

it('left there by a customer who went without paying, pays nothing', async () => {
  ringsUp()
  world.station.layCard(first)
  await pass(1_000)
  does({ command: 'cancel_sale' })
  expect(await nextSale()).toEqual(isTakenOffFirst(0))
})

it('is not asked when the cashier has chosen the QR, and the ledger opens none', async () => {
  ringsUp()
  does({ command: 'pay_by_card' })
  world.station.layCard(second)
  await pass(4_000)
  world.station.pullCard()
  does({ command: 'next_customer' })
  ringsUp()
  world.station.layCard(first)
  world.network.all = 'refused'
  does({ command: 'pay_by_qr' })
  await pass(10_000)
  expect(tap()).toEqual({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
  expect(
    till()
      .snapshot()
      .sale?.tenders.filter(({ kind }) => kind === 'voucher'),
  ).toEqual([])
})
