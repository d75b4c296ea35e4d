/**
 * Method: a real till tears a card, stops, and starts under another package than the one of the tap. The card comes
 * back and the ledger's answer does not; what the ledger made of the sale is read from its database.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

const hour = 3_600_000
let world: WalkWorld
beforeEach(async () => {
  world = await prepared.open()
})
afterEach(() => world.close())

const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const tap = () => world.station.snapshot?.tap.state

function atLedger(sql: string): unknown[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

/** Holds the card so long that it is torn: longer each time, until it is. */
async function tears(itemId: string, card: string): Promise<void> {
  const { station } = world
  for (let heldMs = 10; tap() !== 'torn'; heldMs += 10) {
    if (heldMs > 600) throw new Error('the card is never torn')
    station.command({ command: 'cancel_payment' })
    station.command({ command: 'cancel_sale' })
    station.command({ command: 'add_item', itemId })
    station.command({ command: 'pay_by_card' })
    station.layCard(card)
    await pass(heldMs)
    station.pullCard()
    await pass(2_000)
  }
}

const packageIds = () => [
  ...new Set(
    [...(world.station.core?.journal.rows() ?? [])].flatMap(({ row }) =>
      row.kind === 'tender_intent'
        ? [row.record.packageId]
        : row.kind === 'approved_offline'
          ? [row.evidence.record.packageId]
          : [],
    ),
  ),
]

it.each([
  ['the same package', 'school-lunch', 'Pupil 01', () => Promise.resolve(), 1],
  ['one with another hotlist', 'school-lunch', 'Pupil 01', () => world.blockCard('Pupil 02'), 2],
  // A lease of a month's slots is renewed twice a day: the slot is the next lease's by then.
  ['one with the next lease', 'bread', 'Family 01', () => pass(13 * hour), 2],
] as const)(
  'a torn card comes back after a restart under %s: it pays',
  async (_name, itemId, card, change, packages) => {
    const { station, network } = world
    await tears(itemId, card)
    station.kill()
    await change()
    station.start()
    await pass(60_000)
    expect(tap()).toBe('torn')
    network.authorisations = 'lose_request'
    station.layCard(card)
    await pass(6_000)
    expect(tap()).toBe('approved')
    network.authorisations = null
    await pass(120_000)
    expect(packageIds()).toHaveLength(packages)
    expect(atLedger('SELECT state, paid_by, loss FROM tender')).toEqual([
      { state: 'settled', paid_by: 'escrow', loss: null },
    ])
    expect(atLedger('SELECT code FROM discrepancy')).toEqual([])
    expect(atLedger("SELECT status FROM terminal WHERE terminal_id = 'till-1'")).toEqual([{ status: 'active' }])
  },
)
