/**
 * What a tester sees while looking on. Method: the real driver on a made-up bus, also through the real client and the
 * real serving side; recorded reports are replayed at the port; time moves by hand.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createHidDevices } from '../../../src/drivers/hid/hid-devices.ts'
import { shownPath } from '../../../src/drivers/hid/places.ts'
import { hidSettingsShape } from '../../../src/drivers/hid/settings.ts'
import { createAbsentHid, createAbsentPrinter, createAbsentReader } from '../../../src/drivers/host/absent-devices.ts'
import { createChannelPair } from '../../../src/drivers/host/channel.ts'
import { connectDevices } from '../../../src/drivers/host/client.ts'
import { openDevices, deviceConfiguration } from '../../../src/drivers/host/devices.ts'
import { serveDevices } from '../../../src/drivers/host/serve.ts'
import type { HidDeviceInfo, HidListing, HidPort, HidSight, RawHidReport } from '../../../src/drivers/ports.ts'
import * as recorded from '../../fixtures/hid/reports.ts'
import { FakeScheduler } from './fake-scheduler.ts'
import { displayAt, FakeHidBus, keyboardAt, keypadAt, newlandAt, scannerAt } from './hid-bench.ts'

const keypad = { use: 'keypad', vendorId: '1c4f', productId: '0202' }
const typingScanner = { use: 'keyboard-scanner', vendorId: '046d', productId: 'c31c' }
const pole = { use: 'display', vendorId: '0416', productId: 'f012', profile: 'escpos-ascii', reportBytes: 32 }
const mouse: HidDeviceInfo = { ...keyboardAt('mouse'), productId: 1, usage: 0x02, name: 'Mouse' }

const disposables: { dispose(): void }[] = []
afterEach(() => {
  for (const one of disposables.splice(0)) one.dispose()
})

async function started(settings: object, plugged: readonly HidDeviceInfo[]) {
  const bus = new FakeHidBus()
  bus.plugged = [...plugged]
  const scheduler = new FakeScheduler()
  const port = createHidDevices({
    bus,
    scheduler,
    settings: z.strictObject(hidSettingsShape).parse(settings),
    wall: () => 1_000_000 + scheduler.now(),
  })
  disposables.push(port)
  await scheduler.advance(1_000)
  const replay = async (path: string, reports: readonly string[]): Promise<void> => {
    for (const text of reports) {
      bus.at(path).reports.fire(recorded.report(text))
      await scheduler.advance(2)
    }
  }
  return { bus, scheduler, port, replay }
}

/** Looks on, and keeps what is seen. */
function lookOn({ watch }: Pick<HidPort, 'watch'>) {
  const sights: HidSight[] = []
  const end = watch((sight) => sights.push(sight))
  return {
    end,
    sights,
    listings: (): HidListing[] => sights.flatMap((sight) => (sight.kind === 'listing' ? [sight.listing] : [])),
    reports: (): RawHidReport[] => sights.flatMap((sight) => (sight.kind === 'reports' ? sight.reports : [])),
  }
}
const meanings = (reports: readonly RawHidReport[]) => reports.map(({ meaning }) => meaning)

describe('the devices of the machine', () => {
  it('each with what the till takes it for, or why not', async () => {
    const { port, bus, scheduler } = await started({ devices: [keypad, pole] }, [
      scannerAt('/dev/hidraw0'),
      keyboardAt('/dev/hidraw1'),
      keypadAt('/dev/hidraw2'),
      { ...keypadAt('/dev/hidraw2'), usagePage: 0x0c, usage: 0x01 },
      keypadAt('/dev/hidraw3'),
      mouse,
      { ...mouse, productId: 2, usagePage: 0xff00, path: 'x' },
      { ...mouse, productId: 3, usagePage: 0, usage: 0, path: 'y' },
      { ...mouse, productId: 4, usagePage: 0x0c, usage: 1, path: 'z' },
    ])
    const { listings } = lookOn(port)
    const [{ places, devices, scanners } = { places: [], devices: [], scanners: null }] = listings()
    expect(scanners).toBe('found')
    expect(places.map(({ use, entry, by, trouble }) => [use, entry, by, trouble?.code ?? null])).toEqual([
      ['keypad', 1, null, null],
      ['display', 2, 'escpos-ascii', 'unplugged'],
      ['scanner', null, 'aim', null],
    ])
    expect(devices.map(({ id, path, place, unused }) => [id, path, place, unused])).toEqual([
      [1, '/dev/hidraw0', 2, null],
      [2, '/dev/hidraw1', null, 'keyboard'],
      [3, '/dev/hidraw2', 0, null],
      [4, '/dev/hidraw2', null, 'another-part'],
      [5, '/dev/hidraw3', null, 'no-entry-left'],
      [6, null, null, 'no-use'],
      [7, null, null, 'not-named'],
      [8, null, null, 'untold'],
      [9, null, null, 'no-use'],
    ])
    const path = '\\\\?\\HID#VID_0416&PID_F012#SN12345678#{x}'
    bus.opening = { kind: 'failed', trouble: 'no-access', detail: `cannot open ${path}: denied` }
    bus.plugged = [keyboardAt('/dev/hidraw1'), displayAt(path)]
    await scheduler.advance(2_000)
    const last = listings().at(-1)
    expect(last?.devices.map(({ id, place }) => [id, place])).toEqual([
      [2, null],
      [10, 1],
    ])
    expect(last?.places.map(({ trouble }) => trouble?.code)).toEqual(['unplugged', 'no-access', 'unplugged'])
    expect(last?.places[1]?.trouble?.detail).toBe('cannot open HID#VID_0416&PID_F012: denied')
    expect(JSON.stringify(last)).not.toContain('SN12345678')
    expect([...bus.opened.keys()]).not.toContain('/dev/hidraw1')
  })

  it('a scanner that the settings do not name, where they use named ones only', async () => {
    const { port } = await started({ scanners: 'named' }, [scannerAt('a')])
    expect(lookOn(port).listings()[0]).toMatchObject({
      scanners: 'named',
      places: [],
      devices: [{ place: null, unused: 'scanner-not-named' }],
    })
  })

  it('are told again only when something has changed', async () => {
    const { port, scheduler, replay } = await started({}, [scannerAt('a')])
    const { listings } = lookOn(port)
    await replay('a', recorded.ean13.reports)
    await scheduler.advance(20_000)
    expect(listings()).toHaveLength(1)
  })

  it.each([
    ['/dev/hidraw12', '/dev/hidraw12'],
    [
      '\\\\?\\HID#VID_0C2E&PID_0B61&MI_00#7&1a2b3c4d&0&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}',
      'HID#VID_0C2E&PID_0B61&MI_00',
    ],
    ['\\\\?\\HID#VID_0C2E&PID_0B61#SN12345678#{4d1e55b2-f16f-11cf-88cb-001111000030}', 'HID#VID_0C2E&PID_0B61'],
    ['\\\\?\\HID#{00001124-0000-1000-8000-00805f9b34fb}_VID&0002054c_PID&05c4#a1b2c3d4e5f6#{x}', null],
    ['DevSrvsID:4294969841', 'DevSrvsID:4294969841'],
    ['IOService:/AppleARMPE/arm-io/SN12345678/IOUSBHostHIDDevice', null],
    ['/dev/hidraw0/../SN12345678', null],
    ['virtual:scanner', 'virtual:scanner'],
  ])('path %s: %s', (path, shown) => {
    expect(shownPath(path)).toBe(shown)
  })
})

describe('raw reports', () => {
  it('of a scanner: each with its bytes, its moment, and what was made of it', async () => {
    const { port, scheduler, replay } = await started({}, [scannerAt('a')])
    const { reports } = lookOn(port)
    await replay('a', recorded.receipt.reports)
    await replay('a', ['05 01', '02 00'])
    expect(reports()).toEqual([])
    await scheduler.advance(50)
    expect(meanings(reports())).toEqual([
      { kind: 'nothing', why: 'continued' },
      { kind: 'nothing', why: 'continued' },
      { kind: 'code', code: recorded.receipt.code, symbology: ']Q1' },
      { kind: 'nothing', why: 'other-report' },
      { kind: 'malformed', detail: 'a report of 2 bytes' },
    ])
    expect(
      reports().map(({ device, direction, at, reportId, length }) => [device, direction, at, reportId, length]),
    ).toEqual(
      [0, 2, 4, 6, 8].map((later, index) => [1, 'in', 1_001_000 + later, index === 3 ? 5 : 2, index < 3 ? 64 : 2]),
    )
    expect(reports()[0]?.bytes).toEqual(recorded.report(recorded.receipt.reports[0] ?? ''))
  })

  it('of a keypad, a scanner that types, and a display, which was sent something', async () => {
    const { port, bus, scheduler, replay } = await started({ devices: [keypad, typingScanner, pole] }, [
      keypadAt('k'),
      keyboardAt('t'),
      displayAt('d'),
    ])
    const { reports } = lookOn(port)
    await replay('k', [recorded.keypad.reports[0] ?? '', recorded.keypad.reports[1] ?? '', '01 00 00 53 00*5', 'ff'])
    await replay('t', recorded.typedEan13.reports)
    bus.at('d').reports.fire(Uint8Array.of(1, 2, 3))
    port.show([{ left: 'Bread', right: '1,00' }])
    await scheduler.advance(60)
    const of = (device: number) => reports().filter((one) => one.device === device)
    expect(meanings(of(1))).toEqual([
      { kind: 'keys', keys: ['1'] },
      { kind: 'nothing', why: 'released' },
      { kind: 'nothing', why: 'no-key' },
      { kind: 'malformed', detail: "1 bytes that are no keyboard's" },
    ])
    expect(of(1).map(({ reportId }) => reportId)).toEqual([null, null, 1, null])
    expect(meanings(of(2)).at(-2)).toEqual({ kind: 'code', code: recorded.typedEan13.code, symbology: null })
    const [fromDisplay, ...toDisplay] = of(3)
    expect([fromDisplay?.direction, fromDisplay?.meaning]).toEqual(['in', { kind: 'nothing', why: 'not-read' }])
    expect(toDisplay.map(({ direction, reportId, length }) => [direction, reportId, length])).toEqual([
      ['out', 0, 33],
      ['out', 0, 33],
    ])
    expect(new Set(meanings(toDisplay).map(({ kind }) => kind))).toEqual(new Set(['taken']))
    bus.at('d').onWrite = () => Promise.resolve({ kind: 'failed', trouble: 'unplugged', detail: 'gone' })
    port.show([{ left: 'Milk', right: '2,00' }])
    await scheduler.advance(60)
    expect(reports().at(-1)?.meaning).toEqual({ kind: 'not-taken', trouble: 'unplugged', detail: 'gone' })
  })

  it('of before and of after are nobody’s; the devices are counted anew', async () => {
    const { port, bus, scheduler, replay } = await started({}, [newlandAt('other'), scannerAt('a')])
    await replay('a', recorded.ean13.reports)
    const first = lookOn(port)
    await scheduler.advance(500)
    expect(first.reports()).toEqual([])
    await replay('a', recorded.ean13.reports)
    first.end.dispose()
    const second = lookOn(port)
    await scheduler.advance(500)
    expect([first.reports(), second.reports()]).toEqual([[], []])
    second.end.dispose()
    bus.plugged = [scannerAt('a')]
    await scheduler.advance(2_000)
    const third = lookOn(port)
    await replay('a', recorded.ean13.reports)
    await scheduler.advance(50)
    expect(third.reports().map(({ device }) => device)).toEqual([1])
  })

  it('that flood are counted and not told, and a long one is cut', async () => {
    const { port, bus, scheduler } = await started({}, [scannerAt('a')])
    const { sights } = lookOn(port)
    bus.at('a').reports.fire(new Uint8Array(300).fill(5))
    for (let count = 0; count < 249; count++) bus.at('a').reports.fire(Uint8Array.of(5))
    await scheduler.advance(50)
    const [, told] = sights
    if (told?.kind !== 'reports') throw new Error('no reports')
    expect([told.reports.length, told.skipped, told.reports[0]?.bytes.length, told.reports[0]?.length]).toEqual([
      200, 50, 256, 300,
    ])
  })
})

describe('through the device host', () => {
  async function served(hid: HidPort) {
    const scheduler = new FakeScheduler()
    const pairs = [createChannelPair(), createChannelPair()]
    const malformed: string[] = []
    const serve = (index: number, served: HidPort) =>
      void disposables.push(
        serveDevices({ reader: createAbsentReader(), printer: createAbsentPrinter(), hid: served }, pairs[index]!.far, {
          hostId: `host ${index}`,
          reportMalformed: (why) => malformed.push(why),
        }),
      )
    serve(0, hid)
    const devices = connectDevices(pairs[0]!.near, {
      scheduler,
      life: 'only',
      restartHost: () => Promise.resolve(pairs[1]!.near),
      reportMalformed: (why) => malformed.push(why),
    })
    disposables.push(devices)
    await scheduler.advance(0)
    return { devices, scheduler, malformed, serve, dies: () => pairs[0]!.close() }
  }

  it('arrives as it was seen, ends when nobody looks on, and goes on with the next host', async () => {
    const driver = await started({ devices: [keypad, pole] }, [scannerAt('a'), keypadAt('k'), displayAt('d')])
    const host = await served(driver.port)
    const direct = lookOn(driver.port)
    const through = lookOn(host.devices.hid)
    await driver.replay('a', recorded.ean13.reports)
    await driver.replay('k', recorded.keypad.reports)
    driver.port.show([{ left: 'Bread', right: '1,00' }])
    await driver.scheduler.advance(60)
    direct.end.dispose()
    expect(through.sights).toEqual(direct.sights)
    expect(through.reports().length).toBeGreaterThan(10)
    through.end.dispose()
    await host.scheduler.advance(0)
    await driver.replay('a', recorded.ean13.reports)
    expect([host.malformed, driver.scheduler.pendingCount]).toEqual([[], 1])

    const again = lookOn(host.devices.hid)
    host.serve(1, driver.port)
    host.dies()
    await host.scheduler.advance(1_000)
    const seen = again.listings().length
    expect(seen).toBeGreaterThan(0)
    await driver.replay('a', recorded.ean13.reports)
    await driver.scheduler.advance(60)
    await host.scheduler.advance(0)
    expect(again.reports().map(({ meaning }) => meaning.kind)).toContain('code')
  })

  it('a core that died looks on no more: the next one is told nothing', async () => {
    const driver = await started({}, [scannerAt('a')])
    const { far, near } = createChannelPair()
    disposables.push(
      serveDevices({ reader: createAbsentReader(), printer: createAbsentPrinter(), hid: driver.port }, far, {
        hostId: 'host',
        reportMalformed: () => undefined,
      }),
    )
    const told: string[] = []
    near.onMessage((message) => told.push((message as { type: string }).type))
    near.post({ type: 'attach', version: 1 })
    near.post({ type: 'watchHid', on: true })
    await driver.scheduler.advance(0)
    await driver.replay('a', recorded.ean13.reports)
    await driver.scheduler.advance(60)
    expect(told).toContain('hidReported')
    near.post({ type: 'attach', version: 1 })
    await driver.scheduler.advance(0)
    told.length = 0
    await driver.replay('a', recorded.ean13.reports)
    await driver.scheduler.advance(60)
    expect(told).toEqual(['scanned'])
  })
})

describe('without devices', () => {
  it('that are left out: what the settings name is told, and nothing is looked for', async () => {
    const configuration = deviceConfiguration.parse({
      reader: { kind: 'none' },
      printer: { kind: 'none' },
      hid: { kind: 'module', path: '/nowhere', devices: [keypad] },
    })
    const { hid } = await openDevices(configuration, {
      scheduler: new FakeScheduler(),
      createPresenceId: () => '',
      wall: () => 0,
      endsInARow: 3,
    })
    expect(lookOn(hid).listings()).toMatchObject([
      { scanners: 'found', places: [{ use: 'keypad', entry: 1, trouble: { code: 'left-out' } }], devices: [] },
    ])
  })

  it('that the settings do not want at all', () => {
    expect(lookOn(createAbsentHid()).listings()).toEqual([{ scanners: null, places: [], devices: [] }])
  })
})
