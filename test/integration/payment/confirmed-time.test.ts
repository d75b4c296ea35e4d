/**
 * Method: a real till with its journal on the disk, the real ledger in virtual time, and a machine’s clock that the
 * test sets wrong between two starts or under the running till. What was sold under a manager’s word is read from the
 * ledger's database, not asked of the till.
 */
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { zeroTiyn } from '../../../src/voucher/money.ts'
import { testPin } from '../../fixtures/open-shift.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

const minute = 60_000
const hour = 60 * minute
let world: WalkWorld
/** How far the machine's clock is from the town's. */
let wrongBy: number
beforeEach(async () => {
  wrongBy = 0
  world = await prepared.open()
  Object.assign(world.station.clock, { wall: () => world.time.now + wrongBy })
})
afterEach(() => world.close())

const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const snapshot = () => core().till.snapshot()
const command = (asked: Command) => core().till.command(asked)
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const offline = async () => {
  world.network.all = 'refused'
  await pass(minute)
}
const online = async () => {
  world.network.all = 'up'
  await pass(minute)
}
/** Off and on again, under a machine's clock that is so far from the right time. */
const restart = async (offMs: number) => {
  world.station.kill()
  wrongBy = offMs
  world.station.start()
  await pass(100)
}
const confirm = (pin = testPin, shown = snapshot().time.toConfirm?.wall ?? 0) =>
  command({ command: 'confirm_time', pin, shown })
const done = { ok: true }
const fault = (code: string) => ({ ok: false, fault: code })
/** The ledger's word is of whole seconds. */
const isRight = () => Math.abs(core().time.now() - world.time.now) <= 1_000
const rowsOf = (kind: string) => [...core().journal.rows()].filter(({ row }) => row.kind === kind)

/** A lunch by that card: how its tap ended, and the sale's id. */
async function sellLunch(card: string): Promise<{ tap: string; saleId: string }> {
  expect(command({ command: 'add_item', itemId: 'school-lunch' })).toEqual(done)
  const saleId = snapshot().sale?.saleId ?? ''
  command({ command: 'pay_by_card' })
  world.station.layCard(card)
  await pass(4_000)
  world.station.pullCard()
  const { tap } = snapshot()
  command({ command: tap.state === 'refused' ? 'cancel_sale' : 'next_customer' })
  return { tap: tap.state === 'refused' ? tap.code : tap.state, saleId }
}

/** The ledger's tenders: how they stand, and what they say of when they were decided. */
function atLedger(): readonly { state: string; decidedAt: number }[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare('SELECT state, decided_at AS decidedAt FROM tender ORDER BY at').all() as never
  } finally {
    database.close()
  }
}

describe('a till whose battery is empty', () => {
  it('sells offline on the word of cashier 1 once its clock is right, and the ledger pays', async () => {
    await offline()
    await restart(-world.time.now + 90_000)
    expect(snapshot().lights.till).toMatchObject({ level: 'limited', code: 'clock_to_confirm' })
    expect(snapshot().actions).toContain('confirm_time')
    expect(snapshot().time).toMatchObject({ trusted: false, toConfirm: { obstacle: 'clock_behind_ledger' } })
    expect(snapshot().time.toConfirm?.wall).toBeLessThan(hour)
    expect(await sellLunch('Pupil 01')).toMatchObject({ tap: 'CLOCK_NOT_TRUSTED' })
    expect(confirm()).toEqual(fault('clock_behind_ledger'))
    expect(rowsOf('time_confirmed')).toEqual([])

    // Somebody sets the computer's clock.
    wrongBy = 3_000
    expect(command({ command: 'show_time' })).toEqual(done)
    expect(snapshot().time.toConfirm).toMatchObject({ wall: world.time.now + 3_000, obstacle: null, goesBack: false })
    expect(confirm('0000')).toEqual(fault('pin_wrong'))
    expect(await sellLunch('Pupil 01')).toMatchObject({ tap: 'CLOCK_NOT_TRUSTED' })
    const { ledgerAt } = core().time
    const was = core().time.now()
    const wall = world.time.now + 3_000
    expect(confirm()).toEqual(done)
    expect(rowsOf('time_confirmed')).toMatchObject([{ at: wall, row: { cashier: 1, wall, was, ledgerAt } }])
    expect(snapshot()).toMatchObject({ time: { now: wall, trusted: true, toConfirm: null } })
    expect(snapshot().actions).not.toContain('confirm_time')
    expect(snapshot().lights.till.code).toBe('ok')
    expect(confirm()).toEqual(fault('not_now'))

    const { tap, saleId } = await sellLunch('Pupil 01')
    expect(tap).toBe('approved')
    const tenders = snapshot().recent[0]?.tenders ?? []
    expect(atLedger()).toEqual([])
    await online()
    expect(atLedger()).toMatchObject([{ state: 'settled' }])
    expect(rowsOf('time_contradicted')).toEqual([])
    expect(await world.judge([{ saleId, goods: 'given', tenders }])).toEqual([])
  })

  it('needs the word again when it starts in 1970 again', async () => {
    await offline()
    await restart(-world.time.now)
    wrongBy = 0
    expect(confirm()).toEqual(done)
    await restart(-world.time.now)
    expect(snapshot().time.trusted).toBe(false)
    wrongBy = 0
    expect(confirm()).toEqual(done)
    await restart(0)
    expect(snapshot().time.trusted).toBe(true)
  })
})

describe('a clock from before 1970', () => {
  it('is 1970: a till without a journal opens and closes a shift', async () => {
    const { station, network } = await world.secondTill()
    station.kill()
    for (const end of ['', '-wal', '-shm'])
      rmSync(`${join(dirname(world.journalFile), 'second.sqlite')}${end}`, { force: true })
    network.all = 'refused'
    station.clock.jump(-world.time.now - 30 * hour)
    station.start()
    await pass(100)
    // The station has opened a shift.
    expect(station.core?.till.command({ command: 'close_shift', counted: zeroTiyn })).toEqual(done)
    const times = [...(station.core?.journal.rows() ?? [])].map(({ at }) => at)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0)
  })
})

describe('what is confirmed', () => {
  it('is what was seen: a clock that moved by more than a minute since is refused, and counts no PIN', async () => {
    await offline()
    await restart(-world.time.now)
    wrongBy = hour
    const seen = snapshot().time.toConfirm?.wall ?? 0
    wrongBy = 0
    expect(confirm(testPin, seen)).toEqual(fault('clock_moved'))
    expect(confirm('0000', world.time.now + 61_000)).toEqual(fault('clock_moved'))
    expect(confirm(testPin, world.time.now - 61_000)).toEqual(fault('clock_moved'))
    expect(rowsOf('pin_refused')).toEqual([])
    expect(confirm(testPin, world.time.now - 59_000)).toEqual(done)
    expect(core().time.now()).toBe(world.time.now)
  })

  it('is asked for after a sleep, without a restart', async () => {
    await offline()
    // The machine's clock went on, the monotonic one did not.
    wrongBy = 11 * minute
    expect(snapshot().lights.till.code).toBe('clock_to_confirm')
    expect(confirm()).toEqual(done)
    expect(snapshot().time).toMatchObject({ trusted: true, now: world.time.now + 11 * minute })
    // And again, when the clocks come apart again.
    wrongBy = 0
    expect(snapshot().time.trusted).toBe(false)
  })

  it('is not before what the ledger said in this life of the till, however long ago', async () => {
    await offline()
    await pass(3 * hour)
    wrongBy = -2 * hour
    expect(snapshot().time.toConfirm).toMatchObject({ obstacle: 'clock_behind_ledger' })
    expect(confirm()).toEqual(fault('clock_behind_ledger'))
  })
})

describe('a wrong PIN', () => {
  it('counts here as where a shift is opened: after five, none is taken for a while, there neither', async () => {
    await offline()
    await restart(-world.time.now)
    wrongBy = 0
    command({ command: 'close_shift', counted: zeroTiyn })
    for (let tries = 0; tries < 3; tries += 1) expect(confirm('0000')).toEqual(fault('pin_wrong'))
    const open = (pin: string) => command({ command: 'open_shift', cashier: 1, pin, openingFloat: zeroTiyn })
    for (let tries = 0; tries < 2; tries += 1) expect(open('0000')).toEqual(fault('pin_wrong'))
    expect(confirm()).toEqual(fault('pin_wait'))
    expect(open(testPin)).toEqual(fault('pin_wait'))
    expect(snapshot().time.trusted).toBe(false)
    await pass(31_000)
    expect(confirm()).toEqual(done)
    // The right one ends the count.
    for (let tries = 0; tries < 4; tries += 1) expect(open('0000')).toEqual(fault('pin_wrong'))
    expect(open(testPin)).toEqual(done)
  })

  it('of a time that was set back keeps nobody waiting until that time', async () => {
    await offline()
    await pass(hour)
    await restart(24 * hour)
    command({ command: 'close_shift', counted: zeroTiyn })
    expect(snapshot().time.trusted).toBe(true)
    const open = (pin: string) => command({ command: 'open_shift', cashier: 1, pin, openingFloat: zeroTiyn })
    for (let tries = 0; tries < 5; tries += 1) expect(open('0000')).toEqual(fault('pin_wrong'))
    expect(open(testPin)).toEqual(fault('pin_wait'))
    wrongBy = 0
    await online()
    expect(isRight()).toBe(true)
    expect(open(testPin)).toEqual(done)
  })
})

describe('a time that goes back', () => {
  /** Offline for hours; then a day ahead, with rows of that day; then the clock is right again. */
  async function hasRunAhead(): Promise<void> {
    await offline()
    await pass(2 * hour)
    await restart(24 * hour)
    command({ command: 'set_language', language: 'ru' })
    await restart(0)
    expect(snapshot().time.toConfirm).toMatchObject({ obstacle: null, goesBack: true })
  }

  it('is taken behind the journal’s own rows, sells, and survives a restart', async () => {
    await hasRunAhead()
    expect(confirm()).toEqual(done)
    expect(core().time.now()).toBe(world.time.now)
    expect(await sellLunch('Pupil 02')).toMatchObject({ tap: 'approved' })
    await restart(0)
    expect(snapshot().time).toMatchObject({ trusted: true, now: world.time.now })
    await online()
    expect(atLedger()).toMatchObject([{ state: 'settled' }])
    expect(rowsOf('time_contradicted')).toEqual([])
  })

  it('goes back once between two words of the ledger, not as often as somebody likes', async () => {
    await hasRunAhead()
    expect(confirm()).toEqual(done)
    await restart(-hour)
    expect(snapshot().time.toConfirm).toMatchObject({ obstacle: 'clock_back_again' })
    expect(confirm()).toEqual(fault('clock_back_again'))
    expect(await sellLunch('Pupil 02')).toMatchObject({ tap: 'CLOCK_NOT_TRUSTED' })
    // Forward is no such thing.
    wrongBy = 0
    expect(confirm()).toEqual(done)
    await restart(-hour)
    expect(confirm()).toEqual(fault('clock_back_again'))
    await online()
    expect([snapshot().time.trusted, isRight()]).toEqual([true, true])
    await hasRunAhead()
    expect(confirm()).toEqual(done)
  })
})

describe('a confirmed time that the ledger contradicts', () => {
  it.each([
    ['half an hour ahead', 30 * minute],
    ['half an hour behind', -30 * minute],
  ])('%s: is a row and a light, and the ledger judges what was sold', async (_, wrong) => {
    await offline()
    await pass(hour)
    await restart(-world.time.now)
    wrongBy = wrong
    expect(confirm()).toEqual(done)
    const confirmed = world.time.now + wrong
    expect(await sellLunch('Pupil 03')).toMatchObject({ tap: 'approved' })
    await online()
    expect([snapshot().time.trusted, isRight()]).toEqual([true, true])
    const [contradicted, ...others] = rowsOf('time_contradicted')
    expect(others).toEqual([])
    const { row, at } = contradicted ?? {}
    if (row?.kind !== 'time_contradicted' || at === undefined) throw new Error('no row')
    expect(row).toMatchObject({ confirmed, clockHeld: true })
    expect(Math.abs(row.believed - row.ledger - wrong)).toBeLessThan(2_000)
    // Under the ledger's time, and before the answer that the sale had.
    expect(Math.abs(at - row.ledger)).toBeLessThan(1_000)
    expect(contradicted?.sequence).toBeLessThan(rowsOf('item_answered').at(-1)?.sequence ?? 0)
    expect(atLedger()).toMatchObject([{ state: 'settled' }])
    const shown = { level: 'limited', code: 'time_contradicted', since: at }
    expect(snapshot().lights.till).toMatchObject(shown)
    expect(snapshot().lights.till.detail).toMatch(/^2026-11-23T\d\d:\d\d → 2026-11-23T\d\d:\d\d$/)
    await restart(0)
    expect(snapshot().lights.till).toMatchObject(shown)
    await offline()
    await restart(24 * hour)
    expect(snapshot().lights.till.code).not.toBe('time_contradicted')
    expect(rowsOf('time_contradicted')).toHaveLength(1)
  })

  it('is noticed after a restart too, where it may have come later', async () => {
    await offline()
    await restart(-world.time.now)
    wrongBy = hour
    expect(confirm()).toEqual(done)
    await restart(hour)
    await online()
    expect(rowsOf('time_contradicted')).toMatchObject([{ row: { clockHeld: false } }])
  })

  it('is written when the disk has room again', async () => {
    await offline()
    await restart(-world.time.now)
    wrongBy = hour
    expect(confirm()).toEqual(done)
    const { journal } = core()
    const commit = journal.commit.bind(journal)
    journal.commit = () => {
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    }
    await online()
    journal.commit = commit
    expect(rowsOf('time_contradicted')).toEqual([])
    await pass(minute)
    expect(rowsOf('time_contradicted')).toMatchObject([{ row: { clockHeld: true } }])
  })
})
