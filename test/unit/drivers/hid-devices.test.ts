/** Method: the real driver on a made-up bus; time moves by hand; recorded reports are replayed at the port. */
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createHidDevices } from '../../../src/drivers/hid/hid-devices.ts'
import { hidSettingsShape } from '../../../src/drivers/hid/settings.ts'
import type { HidDeviceInfo, HidPort, HidStatus } from '../../../src/drivers/ports.ts'
import * as recorded from '../../fixtures/hid/reports.ts'
import { FakeScheduler } from './fake-scheduler.ts'
import { displayAt, FakeHidBus, keyboardAt, keypadAt, newlandAt, scannerAt } from './hid-bench.ts'

const look = 2_000
const settingsOf = (settings: object) => z.strictObject(hidSettingsShape).parse(settings)
const keypad = { use: 'keypad', vendorId: '1c4f', productId: '0202' }
const typingScanner = { use: 'keyboard-scanner', vendorId: '046d', productId: 'C31C' }
const pole = { use: 'display', vendorId: '0416', productId: 'f012', profile: 'escpos-cp866', reportBytes: 32 }

const wallOf = (scheduler: FakeScheduler): number => 1_000_000 + scheduler.now()

const ports: HidPort[] = []
afterEach(() => {
  for (const port of ports.splice(0)) port.dispose()
})

async function started(settings: object, plugged: readonly HidDeviceInfo[]) {
  const bus = new FakeHidBus()
  bus.plugged = [...plugged]
  const scheduler = new FakeScheduler()
  const port = createHidDevices({ bus, scheduler, settings: settingsOf(settings), wall: () => wallOf(scheduler) })
  ports.push(port)
  const codes: string[] = []
  const keys: string[] = []
  const told: HidStatus[] = []
  port.onDidScan(({ code }) => codes.push(code))
  port.onDidPress(({ key }) => keys.push(key))
  port.onDidChangeStatus((status) => told.push(status))
  await scheduler.advance(1_000)
  const replay = async (path: string, reports: readonly string[]): Promise<void> => {
    for (const text of reports) {
      bus.at(path).reports.fire(recorded.report(text))
      await scheduler.advance(2)
    }
  }
  return { bus, scheduler, port, codes, keys, told, replay }
}
const troubles = ({ devices }: HidStatus): (string | null)[] => devices.map(({ trouble }) => trouble?.code ?? null)

describe('which devices are used', () => {
  it('every scanner of usage page 0x8C, by its own layout, and no keyboard', async () => {
    const { bus, codes, port, replay } = await started({}, [scannerAt('a'), newlandAt('b'), keyboardAt('c')])
    expect([...bus.opened.keys()]).toEqual(['a', 'b'])
    await replay('a', recorded.receipt.reports)
    await replay('b', recorded.newland.reports)
    expect(codes).toEqual([recorded.receipt.code, recorded.newland.code])
    expect(port.status()).toEqual({
      devices: [
        { use: 'scanner', name: 'Voyager', trouble: null },
        { use: 'scanner', name: 'FM420', trouble: null },
      ],
      trouble: null,
    })
  })

  it('only those that are named, where the settings say so', async () => {
    const { bus } = await started({ scanners: 'named', devices: [keypad] }, [scannerAt('a'), keypadAt('b')])
    expect([...bus.opened.keys()]).toEqual(['b'])
  })

  it('a keyboard that is named as a scanner, and the named keypad', async () => {
    const { codes, keys, replay } = await started({ devices: [typingScanner, keypad] }, [
      keyboardAt('a'),
      keypadAt('b'),
    ])
    await replay('a', recorded.typedEan13.reports)
    await replay('b', recorded.keypad.reports)
    expect([codes, keys]).toEqual([[recorded.typedEan13.code], recorded.keypad.keys])
  })

  it('of a device with several collections the one that is meant, once', async () => {
    const other = { ...keypadAt('consumer'), usagePage: 0x0c, usage: 0x01 }
    const { bus } = await started({ devices: [keypad] }, [other, keypadAt('b'), keypadAt('b')])
    expect([...bus.opened.keys(), bus.opens]).toEqual(['b', 1])
  })
})

it('codes and keys are dated when they are read', async () => {
  const { port, scheduler, replay } = await started({ devices: [keypad] }, [scannerAt('a'), keypadAt('b')])
  const dates: number[] = []
  port.onDidScan(({ at }) => dates.push(at))
  port.onDidPress(({ at }) => dates.push(at))
  const from = wallOf(scheduler)
  await replay('a', recorded.ean13.reports)
  await scheduler.advance(500)
  await replay('b', recorded.keypad.reports.slice(0, 1))
  expect(dates).toEqual([
    from + 2 * (recorded.ean13.reports.length - 1),
    from + 2 * recorded.ean13.reports.length + 500,
  ])
})

describe('a cable that is pulled', () => {
  it('is noticed at the next look, said, and the device is used again when it is back', async () => {
    const { bus, scheduler, port, codes, replay } = await started({}, [scannerAt('a')])
    const first = bus.at('a')
    bus.plugged = []
    await scheduler.advance(look)
    expect([troubles(port.status()), first.closed]).toEqual([['unplugged'], 1])
    bus.plugged = [scannerAt('elsewhere')]
    await scheduler.advance(look + 500)
    expect(troubles(port.status())).toEqual([null])
    await replay('elsewhere', recorded.ean13.reports)
    expect(codes).toEqual([recorded.ean13.code])
  })

  it('is noticed at once by the reads, which end before the device is closed', async () => {
    const { bus, scheduler, port, codes } = await started({}, [scannerAt('a')])
    const first = bus.at('a')
    first.fails.fire('device disconnected')
    expect([troubles(port.status()), first.closed]).toEqual([['unplugged'], 1])
    // What the old handle still says is nobody's.
    first.reports.fire(recorded.report(recorded.ean13.reports[0] ?? ''))
    await scheduler.advance(look)
    expect([codes, bus.opens, troubles(port.status())]).toEqual([[], 2, [null]])
  })

  it('a found scanner is missed until another model takes its place; one beside another, for minutes', async () => {
    const { bus, scheduler, port } = await started({}, [scannerAt('a')])
    bus.plugged = []
    await scheduler.advance(look)
    bus.plugged = [newlandAt('b')]
    await scheduler.advance(2 * look)
    expect(port.status().devices).toEqual([{ use: 'scanner', name: 'FM420', trouble: null }])
    bus.plugged = [newlandAt('b'), scannerAt('a')]
    await scheduler.advance(look)
    bus.plugged = [scannerAt('a')]
    await scheduler.advance(2 * look)
    expect(troubles(port.status())).toEqual(['unplugged', null])
    await scheduler.advance(600_000)
    expect(port.status().devices).toEqual([{ use: 'scanner', name: 'Voyager', trouble: null }])
  })

  it('a named device that never was there is said to be missing, and no scanner that never was', async () => {
    const { port } = await started({ devices: [pole] }, [])
    expect(port.status().devices).toEqual([
      { use: 'display', name: '0416:f012', trouble: { code: 'unplugged', detail: '' } },
    ])
  })
})

describe('trouble', () => {
  it.each(['no-access', 'in-use', 'failed'] as const)('%s: said, tried again at each look', async (trouble) => {
    const { bus, scheduler, port, told } = await started({ devices: [keypad] }, [])
    bus.opening = { kind: 'failed', trouble, detail: 'why' }
    bus.plugged = [keypadAt('b')]
    await scheduler.advance(look)
    expect(port.status().devices).toEqual([
      { use: 'keypad', name: 'Keypad', trouble: { code: trouble, detail: 'why' } },
    ])
    bus.opening = null
    await scheduler.advance(look)
    expect([troubles(port.status()), told.length]).toEqual([[null], 2])
  })

  it('a system without HID is said, and asked again', async () => {
    const { bus, scheduler, port } = await started({}, [])
    bus.listing = { kind: 'failed', trouble: 'no-library', detail: 'no binding' }
    await scheduler.advance(look)
    expect(port.status()).toEqual({ devices: [], trouble: { code: 'no-library', detail: 'no binding' } })
    bus.listing = null
    await scheduler.advance(look)
    expect(port.status().trouble).toBe(null)
  })

  it('a scanner that never sends a code in its layout is said to, until it does', async () => {
    const { scheduler, port, replay } = await started({}, [scannerAt('a')])
    for (let scan = 0; scan < 3; scan++) {
      expect(troubles(port.status())).toEqual([null])
      await replay('a', recorded.newland.reports)
      await scheduler.advance(500)
    }
    expect(troubles(port.status())).toEqual(['unknown-reports'])
    await replay('a', recorded.ean8.reports)
    expect(troubles(port.status())).toEqual([null])
  })

  it('a keypad whose reports have an id is read; one whose reports are no keyboard’s is said', async () => {
    const { bus, keys, port, replay } = await started({ devices: [keypad] }, [keypadAt('b')])
    await replay(
      'b',
      recorded.keypad.reports.map((text) => `01 ${text}`),
    )
    expect(keys).toEqual(recorded.keypad.keys)
    for (let count = 0; count < 3; count++) {
      expect(troubles(port.status())).toEqual([null])
      bus.at('b').reports.fire(new Uint8Array(16).fill(1))
    }
    expect(troubles(port.status())).toEqual(['unknown-reports'])
    await replay('b', recorded.keypad.reports)
    expect(troubles(port.status())).toEqual([null])
  })

  it('ends with what it holds: no timer, no open device', async () => {
    const { bus, scheduler, port } = await started({}, [scannerAt('a')])
    port.dispose()
    expect([bus.at('a').closed, bus.disposed, scheduler.pendingCount]).toEqual([1, true, 0])
  })
})

describe('a display', () => {
  const rows = (left: string) => [
    { left, right: '1,00' },
    { left: 'Итого', right: '2,00' },
  ]
  const text = (written: readonly Uint8Array[]): string =>
    new TextDecoder('ibm866').decode(Buffer.concat(written.map((report) => report.slice(1))))

  it('shows the newest, also when it is plugged in later, and after it was pulled', async () => {
    const { bus, scheduler, port } = await started({ devices: [pole] }, [])
    port.show(rows('Хлеб'))
    bus.plugged = [displayAt('d')]
    await scheduler.advance(look)
    expect(text(bus.at('d').written)).toContain('Хлеб            1,00')
    bus.plugged = []
    await scheduler.advance(look)
    port.show(rows('Сок'))
    bus.plugged = [displayAt('d')]
    await scheduler.advance(look)
    expect(text(bus.at('d').written)).toContain('Сок             1,00')
  })

  it('that is slow gets the newest after what it has, and nothing in between', async () => {
    const { bus, scheduler, port } = await started({ devices: [pole] }, [displayAt('d')])
    const display = bus.at('d')
    let take = (): void => undefined
    display.onWrite = () => new Promise((resolve) => (take = () => resolve({ kind: 'written' })))
    for (const name of ['one', 'two', 'three']) port.show(rows(name))
    for (let report = 0; report < 8; report++) {
      take()
      await scheduler.advance(1)
    }
    const shown = text(display.written)
    expect([shown.includes('one'), shown.includes('two'), shown.includes('three')]).toEqual([true, false, true])
  })

  it('that opens and takes nothing is in trouble all the time, and not well between two tries', async () => {
    const { bus, scheduler, told } = await started({ devices: [pole] }, [displayAt('d')])
    const open = bus.open.bind(bus)
    bus.open = async (path) => {
      const opening = await open(path)
      bus.at(path).onWrite = () => Promise.resolve({ kind: 'failed', trouble: 'failed', detail: 'stall' })
      return opening
    }
    bus.at('d').fails.fire('gone')
    told.length = 0
    await scheduler.advance(10 * look)
    expect([bus.opens > 5, told.map(troubles)]).toEqual([true, [['failed']]])
  })

  it('that takes nothing is closed after a second, said, and begun anew', async () => {
    const { bus, scheduler, port } = await started({ devices: [pole] }, [displayAt('d')])
    const hung = bus.at('d')
    hung.onWrite = () => new Promise(() => undefined)
    port.show(rows('one'))
    await scheduler.advance(999)
    expect(troubles(port.status())).toEqual([null])
    await scheduler.advance(1)
    expect([troubles(port.status()), hung.closed]).toEqual([['failed'], 1])
    await scheduler.advance(look)
    expect([troubles(port.status()), bus.at('d') === hung]).toEqual([[null], false])
    expect(text(bus.at('d').written)).toContain('one')
  })
})
