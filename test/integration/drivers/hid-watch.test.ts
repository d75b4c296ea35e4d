/**
 * Method: the device host as a real child process of this one, with the virtual scanner, keypad and display on their
 * real socket; this process looks on as the core does for the test bench.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { startVirtualHardware, type VirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import { channelOverProcessIpc } from '../../../src/drivers/host/channel.ts'
import { connectDevices, type ConnectedDevices } from '../../../src/drivers/host/client.ts'
import type { Disposable, HidListing, RawHidReport } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'
import { displayTestRows } from '../../../src/terminal/core/customer-display.ts'

const main = new URL('../../../src/drivers/host/main.ts', import.meta.url).pathname
const bus = new URL('../../../hardware-mocks/hid/remote-bus.ts', import.meta.url).pathname

let folder: string
let hardware: VirtualHardware
let devices: ConnectedDevices
let listing: HidListing | undefined
let reports: RawHidReport[]
let watching: Disposable
const children: ChildProcess[] = []
const malformed: string[] = []

const current = (): ChildProcess => children.at(-1) as ChildProcess
const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
function startHost(endsInARow: number) {
  const configuration = {
    reader: { kind: 'none' },
    printer: { kind: 'none' },
    hid: {
      kind: 'module',
      path: bus,
      options: { port: hardware.hidPort },
      devices: [
        { use: 'keypad', vendorId: '1209', productId: '0002' },
        { use: 'display', vendorId: '1209', productId: '0003', profile: 'escpos-cp866' },
      ],
    },
  }
  const child = fork(main, ['--devices', JSON.stringify(configuration), '--ends-in-a-row', String(endsInARow)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  children.push(child)
  return channelOverProcessIpc(child)
}
function lookOn(): void {
  listing = undefined
  reports = []
  watching = devices.hid.watch((sight) => {
    if (sight.kind === 'listing') ({ listing } = sight)
    else reports.push(...sight.reports)
  })
}
async function worksWith(count: number): Promise<void> {
  const working = () => listing?.places.filter(({ trouble }) => trouble === null).length
  await expect.poll(working).toBe(count)
}
const code = (text: string) => reports.filter(({ meaning }) => meaning.kind === 'code' && meaning.code === text)
/** A scanner that has just been opened is passed over for a moment: scanned again until it is read. */
async function scans(text: string): Promise<void> {
  const read = () => {
    hardware.hid.scan(text)
    return code(text).length
  }
  await expect.poll(read, { interval: 400 }).toBeGreaterThan(0)
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-hid-watch-'))
  hardware = await startVirtualHardware({ folder, now: () => Date.now(), random: seededRandom('hid-watch') })
  malformed.length = 0
  devices = connectDevices(startHost(0), {
    scheduler: systemScheduler,
    life: 'only',
    restartHost: async (endsInARow) => {
      current().kill('SIGKILL')
      await ended(current())
      return startHost(endsInARow)
    },
    watchdog: { pingIntervalMs: 100, missedPingsMax: 50, missedPingsMaxWhileStarting: 200 },
    reportMalformed: (why) => malformed.push(why),
  })
})
afterEach(async () => {
  devices.dispose()
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await ended(child)
  }
  await hardware.close()
  rmSync(folder, { recursive: true, force: true })
})

test('devices and raw reports come from the device host, and from the next one when it has died', async () => {
  lookOn()
  await worksWith(3)
  expect(listing?.devices.map(({ name, path, place }) => [name, path, listing?.places[place ?? -1]?.use])).toEqual([
    ['Virtual scanner', 'virtual:scanner', 'scanner'],
    ['Virtual keypad', 'virtual:keypad', 'keypad'],
    ['Virtual display', 'virtual:display', 'display'],
  ])
  await scans('4870000000067')
  const [scanned] = code('4870000000067')
  expect(scanned).toMatchObject({ direction: 'in', reportId: 2, length: 64, meaning: { symbology: ']E0' } })
  expect(scanned?.bytes).toHaveLength(64)
  hardware.hid.press(['5'])
  await expect.poll(() => reports.map(({ meaning }) => meaning)).toContainEqual({ kind: 'keys', keys: ['5'] })
  devices.hid.show(displayTestRows('kk'))
  await expect.poll(() => hardware.hid.state().display.rows[0].trimEnd()).toBe('AGQNOUUHI tg')
  await expect.poll(() => reports.filter(({ meaning }) => meaning.kind === 'taken').length).toBeGreaterThan(0)

  current().kill('SIGKILL')
  await expect.poll(() => devices.hid.status().trouble?.code).toBe('host-restarting')
  await expect.poll(() => devices.hid.status().trouble, { timeout: 10_000 }).toBeNull()
  await worksWith(3)
  await scans('96385074')
  expect(malformed).toEqual([])
})

test('nothing is said to a core that does not look on, and the sale gets its codes all the same', async () => {
  const codes: string[] = []
  devices.hid.onDidScan((scan) => codes.push(scan.code))
  lookOn()
  await worksWith(3)
  await scans('4870000000067')
  watching.dispose()
  const before = reports.length
  codes.length = 0
  await expect
    .poll(
      () => {
        hardware.hid.scan('96385074')
        return codes
      },
      { interval: 400 },
    )
    .toContain('96385074')
  expect(reports.length).toBe(before)
})

test('a host that runs without HID devices says so, and what the settings name', async () => {
  devices.dispose()
  current().kill('SIGKILL')
  await ended(current())
  devices = connectDevices(startHost(3), {
    scheduler: systemScheduler,
    life: 'another',
    restartHost: () => new Promise<never>(() => undefined),
  })
  lookOn()
  await expect.poll(() => listing, { timeout: 10_000 }).toBeDefined()
  expect(devices.hid.status().trouble?.code).toBe('left-out')
  expect(listing).toMatchObject({ devices: [], places: [{ use: 'keypad' }, { use: 'display' }] })
  // No way to the devices is even opened.
  await expect.poll(() => hardware.hid.state().tills).toBe(0)
})
