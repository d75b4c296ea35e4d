/**
 * Method: a real till, journal on the disk, real ledger. What the till was lent to hear its cards with is looked for in
 * the bytes of its files; what was paid is read from the ledger's database.
 */
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { uidCard } from '../../fixtures/identified-cards.ts'
import { foundInFiles, sealedKeysOf } from '../../fixtures/sealed-keys-in-files.ts'
import { enrolUid, takesUidCards } from './identified-desk.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())
let world: WalkWorld
afterEach(() => world.close())

const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const minute = 60_000
const until = (at: number) => world.time.runUntil(at)
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const leases = () => core().journal.activePackage()?.package.leases ?? []
const erasures = () => [...core().journal.rows()].filter(({ row }) => row.kind === 'card_keys_erased').length
/** Of the till's folder; the ledger's own file, in which it keeps what it has sealed, is not the till's. */
const inFiles = (keys: readonly string[]) =>
  foundInFiles(dirname(world.journalFile), keys, (name) => name.startsWith('journal.sqlite'))

async function loseNetwork(): Promise<void> {
  world.network.all = 'refused'
  await pass(60_000)
}

/** Buys by a card. How the sale stands, or the code of the refusal. */
async function taps(itemId: string, label: string): Promise<string> {
  const { till } = core()
  till.command({ command: 'cancel_payment' })
  till.command({ command: 'next_customer' })
  if (till.snapshot().sale === null) till.command({ command: 'add_item', itemId })
  till.command({ command: 'pay_by_card' })
  world.station.layCard(label)
  await pass(4_000)
  world.station.pullCard()
  await pass(500)
  const { tap } = till.snapshot()
  return tap.state === 'approved' ? tap.look : tap.state === 'refused' ? tap.code : tap.state
}

function atLedger(sql: string): unknown[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

it.each([
  ['while it runs', true],
  ['and it starts after that', false],
])(
  'a till without network erases its keys when its leases end %s, and sells again when it hears the ledger',
  async (_, runs) => {
    world = await prepared.open()
    await loseNetwork()
    const lent = sealedKeysOf(leases())
    const ends = new Set(leases().map(({ sellUntil }) => sellUntil))
    expect(lent.length).toBeGreaterThan(10)
    expect(inFiles(lent)).toBe(lent.length)
    expect(await taps('bread', 'Family 01')).toBe('pending')
    world.station.kill()
    if (runs) {
      await until(Math.min(...ends) - 10 * minute)
      world.station.start()
      await pass(minute)
      expect([inFiles(lent), erasures()]).toEqual([lent.length, 0])
    }
    await until(Math.max(...ends) + 2 * minute)
    if (!runs) {
      expect(inFiles(lent)).toBe(lent.length)
      world.station.start()
      await pass(1_000)
    }
    expect(inFiles(lent)).toBe(0)
    expect(core().time.trusted).toBe(true)
    // Once for those that ended together: what the core holds in memory has no key any more either.
    expect(erasures()).toBe(runs ? ends.size : 1)
    expect(core().till.snapshot().catalogue).not.toEqual([])
    world.network.all = 'up'
    await pass(120_000)
    expect(sealedKeysOf(leases()).some((key) => lent.includes(key))).toBe(false)
    await loseNetwork()
    expect(await taps('bread', 'Family 01')).toBe('pending')
    world.network.all = 'up'
    await pass(120_000)
    expect(atLedger('SELECT DISTINCT state, paid_by, loss FROM tender')).toEqual([
      { state: 'settled', paid_by: 'escrow', loss: null },
    ])
  },
)

it('keys erased too early cost nobody money: other cards pay, and all of them with network', async () => {
  const { card } = uidCard('04A1B2C3D4E5F6')
  world = await prepared.open(undefined, (own, label) => {
    if (label === 'Forged Pupil 01') return card
    return label === 'Forged Pupil 02' ? uidCard(Buffer.from(own.uid).toString('hex').toUpperCase()).card : own
  })
  await takesUidCards(world)
  await enrolUid(world, card, 'Pupil 01')
  await pass(60_000)
  await loseNetwork()
  core().journal.eraseCardKeys(new Set(leases().map(({ leaseId }) => leaseId)))
  expect(await taps('school-lunch', 'Pupil 02')).toBe('LEDGER_UNREACHABLE')
  // A card that only says the UID of one that proves itself still opens nothing.
  expect(await taps('school-lunch', 'Forged Pupil 02')).toBe('CARD_NOT_IN_LEASE')
  // It has no key, and is sold under the same lease by a record that names it as the ledger knows it.
  expect(await taps('school-lunch', 'Forged Pupil 01')).toBe('pending')
  world.network.all = 'up'
  await pass(60_000)
  expect(await taps('school-lunch', 'Pupil 02')).toBe('settled')
  expect(atLedger(`SELECT state, paid_by, loss FROM tender WHERE state <> 'reversed'`)).toEqual([
    { state: 'settled', paid_by: 'escrow', loss: null },
    expect.objectContaining({ state: 'settled', loss: null }),
  ])
})
