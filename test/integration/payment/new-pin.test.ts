/**
 * Method: a real till whose merchant has forgotten their PIN is stopped and given another one; then it starts again,
 * with its anchor, and both PINs are typed. The command of `npm run till` is run as a process of its own.
 */
import { execFile } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { lockDataFolder } from '../../../src/sync/journal/data-folder.ts'
import { giveNewPin } from '../../../src/terminal/core/new-pin.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { zeroTiyn } from '../../../src/voucher/money.ts'
import { quickPinHash, testPin } from '../../fixtures/open-shift.ts'
import { SeededRandom } from '../../simulation/random.ts'
import { temporaryFolder } from '../ledger/demo-ledger.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
beforeEach(async () => {
  world = await prepared.open()
})
afterEach(() => world.close())

const root = resolve(import.meta.dirname, '..', '..', '..')
const newPin = (folder: string): Promise<{ readonly code: number; readonly said: string }> =>
  new Promise((done) => {
    const words = [join(root, 'tools', 'till.ts'), 'new-pin', '--data', folder]
    execFile(process.execPath, words, { cwd: root, timeout: 60_000 }, (error, said, complained) =>
      done({ code: error === null ? 0 : Number(error.code), said: `${said}${complained}` }),
    )
  })
const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const command = (asked: Command) => core().till.command(asked)
const opens = (pin: string) => command({ command: 'open_shift', cashier: 1, pin, openingFloat: zeroTiyn })
const done = { ok: true }

it('lets the merchant in again, and changes nothing else', async () => {
  world.network.all = 'refused'
  expect(command({ command: 'close_shift', counted: zeroTiyn })).toEqual(done)
  // Its report is printed.
  await world.time.runUntil(world.time.now + 5_000)
  const { epoch, sequence } = core().journal.head
  const shifts = core().journal.shifts.lastClosed(10)
  world.station.kill()
  const seeded = new SeededRandom('new pin')
  const randomness = { bytes: (length: number) => seeded.bytes(length), uuid: () => seeded.uuid(0) }
  const pin = giveNewPin(dirname(world.journalFile), 0, randomness, quickPinHash)
  expect(pin).toMatch(/^\d{6}$/)
  // The station's own cashier types the PIN that is no longer one.
  expect(() => world.station.start()).toThrow('open_shift refused')
  expect(opens(testPin)).toEqual({ ok: false, fault: 'pin_wrong' })
  expect(opens(pin)).toEqual(done)
  const rows = [...core().journal.rows()].filter((row) => row.sequence > sequence)
  expect(rows[0]).toMatchObject({ epoch, sequence: sequence + 1, row: { kind: 'cashier_set', cashier: { number: 1 } } })
  expect(rows.some(({ row }) => row.kind === 'epoch_started')).toBe(false)
  expect(core().journal.shifts.lastClosed(10)).toEqual(shifts)
})

it('is a command, refused where the till runs, where it has no cashiers, and where there is no till', async () => {
  world.station.kill()
  const folder = dirname(world.journalFile)
  const lock = lockDataFolder(folder, { name: 'tolem core', pid: process.pid, startedAt: '' })
  expect(await newPin(folder)).toMatchObject({ code: 2, said: expect.stringContaining('FOLDER_IN_USE') })
  lock.release()
  expect(await newPin(folder)).toMatchObject({ code: 0, said: expect.stringMatching(/ is \d{6} from now on/) })
  const fresh = temporaryFolder()
  expect(await newPin(fresh.path)).toMatchObject({ code: 2, said: expect.stringContaining('JOURNAL_MISSING') })
  const journal = new Journal(join(fresh.path, 'journal.sqlite'), { now: () => world.time.now })
  journal.close()
  expect(await newPin(fresh.path)).toMatchObject({ code: 1, said: expect.stringContaining('NO_CASHIERS') })
  fresh.remove()
})
