/**
 * Method: the virtual scanner, keypad and display on their real loopback socket, handled through the panel's API, with
 * the till's real driver behind it. The two sides share no code: reports and display bytes are written twice.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import createHidBus from '../../../hardware-mocks/hid/remote-bus.ts'
import type { PanelState } from '../../../hardware-mocks/panel/panel-server.ts'
import { startVirtualHardware, type VirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import { createHidDevices } from '../../../src/drivers/hid/hid-devices.ts'
import { hidSettingsShape } from '../../../src/drivers/hid/settings.ts'
import type { HidPort } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'

let folder: string
let hardware: VirtualHardware
let port: HidPort
let heard: string[]

const devices = [
  { use: 'keypad', vendorId: '1209', productId: '0002' },
  { use: 'display', vendorId: '1209', productId: '0003', profile: 'escpos-cp866' },
]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-hid-'))
  hardware = await startVirtualHardware({ folder, now: () => Date.now(), random: seededRandom('hid') })
  port = createHidDevices({
    bus: createHidBus({ port: hardware.hidPort }),
    settings: z.strictObject(hidSettingsShape).parse({ devices }),
    scheduler: systemScheduler,
    wall: () => Date.now(),
    timing: { lookEveryMs: 20 },
  })
  heard = []
  port.onDidScan(({ code }) => heard.push(code))
  port.onDidPress(({ key }) => heard.push(key))
  await until(() => troubles().join() === ',,')
  // A scanner that has just been opened is not believed at once.
  await delay(250)
})
afterEach(async () => {
  port.dispose()
  await hardware.close()
  rmSync(folder, { recursive: true, force: true })
})

const troubles = (): (string | null)[] => port.status().devices.map(({ trouble }) => trouble?.code ?? null)
const said = async (count: number): Promise<readonly string[]> => {
  await until(() => heard.length >= count)
  return heard.splice(0)
}
async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 3_000) throw new Error(`waited in vain: ${JSON.stringify(port.status())} ${heard.join()}`)
    await delay(5)
  }
}
async function post(path: string, body: unknown): Promise<{ status: number; code?: string; state: PanelState }> {
  const response = await fetch(new URL(path, hardware.panelUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, ...((await response.json()) as { state: PanelState }) }
}
const rows = (): readonly [string, string] => hardware.hid.state().display.rows

test('a scan and keys reach the till, long codes whole, a code that breaks off never', async () => {
  await post('/api/hid/scan', { code: '4870000000067' })
  expect(await said(1)).toEqual(['4870000000067'])
  const long = `TOLEM1.${'Ab9_-'.repeat(60)}`
  await post('/api/hid/scan', { code: long })
  expect(await said(1)).toEqual([long])
  await post('/api/hid/scan', { code: long, reportsMost: 2 })
  await delay(250)
  await post('/api/hid/keys', { keys: ['1', '2', ',', '5', 'Backspace', 'Enter'] })
  expect(await said(6)).toEqual(['1', '2', ',', '5', 'Backspace', 'Enter'])
})

test('the display shows both rows in Cyrillic, and Kazakh in Latin letters', async () => {
  port.show([
    { left: '2 x Сок', right: '700,00' },
    { left: 'Барлы\u0493ы', right: '1\u202f850,00' },
  ])
  await until(() => rows()[1].startsWith('Barlygy'))
  expect(rows()).toEqual(['2 x Сок       700,00', 'Barlygy     1 850,00'])
})

test('cables and rights: each is said, and all is as before afterwards', async () => {
  port.show([{ left: 'Bread', right: '200,00' }])
  await post('/api/hid', { device: 'scanner', plugged: false })
  await post('/api/hid', { device: 'keypad', access: 'denied' })
  await post('/api/hid', { device: 'display', access: 'in-use' })
  await until(() => [...troubles()].toSorted().join() === 'in-use,no-access,unplugged')
  expect(await post('/api/hid/scan', { code: '1' })).toMatchObject({ status: 409, code: 'scanner-unplugged' })
  await post('/api/hid', { device: 'scanner', plugged: true })
  await post('/api/hid', { device: 'keypad', access: 'free' })
  await post('/api/hid', { device: 'display', plugged: false, access: 'free' })
  await post('/api/hid', { device: 'display', plugged: true })
  await until(() => troubles().join() === ',,' && rows()[0].startsWith('Bread'))
  await delay(250)
  await post('/api/hid/scan', { code: '96385074' })
  expect(await said(1)).toEqual(['96385074'])
})

test('hardware that ends is a trouble of all devices, and no exception', async () => {
  await hardware.close()
  await until(() => port.status().trouble?.code === 'failed' && troubles().every((code) => code === 'unplugged'))
})

test('what the panel does not know is refused', async () => {
  expect((await post('/api/hid/scan', { code: '' })).status).toBe(400)
  expect((await post('/api/hid/keys', { keys: ['F8'] })).status).toBe(400)
  expect((await post('/api/hid', { device: 'mouse' })).status).toBe(400)
})
