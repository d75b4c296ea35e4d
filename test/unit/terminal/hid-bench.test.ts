/**
 * The panel of HID devices in the core. Method: the bench's desk over a HID port that says what a test says, on clocks
 * that a test moves; and the till with it, for what either forbids the other.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { EventSource } from '../../../src/drivers/event-source.ts'
import { createAbsentHid, createAbsentPrinter, createAbsentReader } from '../../../src/drivers/host/absent-devices.ts'
import type { HidListing, HidPort, HidSight, HidStatus, RawHidReport } from '../../../src/drivers/ports.ts'
import { BenchDesk } from '../../../src/terminal/core/bench/bench-desk.ts'
import { CustomerDisplay } from '../../../src/terminal/core/customer-display.ts'
import { hidBenchViewSchema, type HidBenchView } from '../../../src/terminal/contract/bench-hid.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { snapshotSchema, type Snapshot } from '../../../src/terminal/contract/snapshot.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { noBench } from '../../fixtures/no-bench.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { noon } from '../sync/world.ts'
import { tillBench } from './till-bench.ts'

/** Of the device host's machine. */
const wall = 1_000_000
const listing: HidListing = {
  scanners: 'found',
  places: [
    { use: 'display', entry: 1, vendorId: 0x416, productId: 0xf012, name: 'Pole', by: 'escpos-cp866', trouble: null },
    { use: 'scanner', entry: null, vendorId: 0xc2e, productId: 0xb87, name: 'Voyager', by: 'aim', trouble: null },
    {
      ...{ use: 'keypad', entry: 2, vendorId: 0x1c4f, productId: 0x202, name: '1c4f:0202', by: null },
      trouble: { code: 'no-access', detail: 'denied' },
    },
  ],
  devices: [
    deviceOf(1, [0xc2e, 0xb87], [0x8c, 2], { place: 1, path: '/dev/hidraw0', name: 'Voyager' }),
    deviceOf(2, [0x416, 0xf012], [0xff00, 1], { place: 0, name: 'Pole' }),
    deviceOf(3, [0x46d, 0xc31c], [1, 6], { unused: 'keyboard', name: 'Keys\n> 0 ms, device 1: 00' }),
  ],
}

function deviceOf(
  id: number,
  [vendorId = 0, productId = 0]: readonly number[],
  [usagePage = 0, usage = 0]: readonly number[],
  rest: Partial<HidListing['devices'][number]>,
): HidListing['devices'][number] {
  return { id, vendorId, productId, usagePage, usage, name: '', path: null, place: null, unused: null, ...rest }
}

const reportOf = (at: number, meaning: RawHidReport['meaning'], more: Partial<RawHidReport> = {}): RawHidReport => ({
  ...{ device: 1, direction: 'in', at, reportId: 2, bytes: Uint8Array.of(2, 0xd), length: 2, meaning },
  ...more,
})
const code = { kind: 'code', code: '4870000000067', symbology: ']E0' } as const

let clock: number
let seen: EventSource<HidSight>
let status: HidStatus
let shown: string[]
let kept: { name: string; text: string } | undefined
let mayKeep: boolean
let hid: HidPort

beforeEach(() => {
  clock = 5_000
  seen = new EventSource<HidSight>()
  status = { devices: [], trouble: null }
  shown = []
  kept = undefined
  mayKeep = true
  hid = {
    ...createAbsentHid(),
    watch: seen.event,
    status: () => status,
    show: (rows) => void shown.push(rows.map(({ left, right }) => `${left}|${right}`).join('/')),
  }
})

function openDesk() {
  const desk = new BenchDesk({
    ...noBench,
    keepText: (name, text) => {
      if (!mayKeep) throw new Error('no room')
      kept = { name, text }
      return `/data/bench/${name}`
    },
    terminalId: 'till-1',
    readerSettings: () => [],
    reader: createAbsentReader(),
    printer: createAbsentPrinter(),
    hid,
    ledger: { call: () => new Promise<never>(() => undefined) },
    ledgerUrl: 'http://127.0.0.1:9',
    time: { now: () => noon, wall: noon, ledgerAt: null },
    now: () => noon,
    monotonic: () => clock,
    scheduler: new FakeScheduler(),
    activePackage: () => undefined,
    hasTakenMoney: () => false,
    onDidChange: () => undefined,
  })
  desk.open([])
  const ask = (command: Extract<Command['command'], `${string}hid` | 'test_display'>) =>
    desk.command({ command } as Parameters<typeof desk.command>[0])
  const view = (): HidBenchView => {
    const shownNow = desk.view()?.hid
    if (shownNow === null || shownNow === undefined) throw new Error('the panel is closed')
    return hidBenchViewSchema.parse(shownNow)
  }
  return { desk, ask, view }
}

const tell = (at: number, reports: readonly RawHidReport[], skipped = 0): void =>
  seen.fire({ kind: 'reports', at, reports, skipped })

describe('the panel', () => {
  test('reads nothing before it is opened, and forgets everything when it is closed', () => {
    const { desk, ask, view } = openDesk()
    expect([desk.view()?.hid, seen.listenerCount]).toEqual([null, 0])
    expect([ask('clear_hid'), ask('export_hid'), ask('test_display')]).toEqual(['not_now', 'not_now', 'not_now'])
    ask('watch_hid')
    expect([view().listing, seen.listenerCount]).toEqual([null, 1])
    seen.fire({ kind: 'listing', listing })
    tell(wall, [reportOf(wall, code)])
    expect(view().reports).toHaveLength(1)
    ask('unwatch_hid')
    expect([desk.view()?.hid, seen.listenerCount]).toEqual([null, 0])
    ask('watch_hid')
    expect(view()).toMatchObject({ listing: null, reports: [] })
    desk.close()
    expect([desk.view(), seen.listenerCount, ask('watch_hid')]).toEqual([null, 0, 'bench_is_closed'])
  })

  test('of a window that has not said for minutes that it is open is closed', () => {
    const { desk, ask, view } = openDesk()
    ask('watch_hid')
    clock += 150_000
    ask('watch_hid')
    clock += 150_000
    tell(wall, [reportOf(wall, code)])
    expect(view().reports).toHaveLength(1)
    clock += 1
    tell(wall, [reportOf(wall, code)])
    expect([desk.view()?.hid, seen.listenerCount]).toEqual([null, 0])
  })

  test('shows each device, its place with what is wrong in the words of the lights, and what all lack', () => {
    const { ask, view } = openDesk()
    ask('watch_hid')
    seen.fire({ kind: 'listing', listing })
    expect(view().listing?.places.map(({ trouble }) => trouble)).toEqual([
      null,
      null,
      { code: 'hid_no_access', detail: 'denied' },
    ])
    expect(view().listing?.devices).toEqual(listing.devices)
    status = { devices: [], trouble: { code: 'left-out', detail: '3 ends in a row' } }
    expect(view().trouble).toEqual({ code: 'hid_left_out', detail: '3 ends in a row' })
    status = { devices: [], trouble: { code: 'host-restarting', detail: '' } }
    expect(view().trouble?.code).toBe('device_host_restarting')
  })
})

describe('reports', () => {
  test('stand with the time since the opening, spaced as the device host has measured', () => {
    const { ask, view } = openDesk()
    ask('watch_hid')
    clock += 1_000
    tell(wall + 50, [reportOf(wall, { kind: 'nothing', why: 'continued' }), reportOf(wall + 2, code)])
    // Late on the way here, by a second device host.
    clock += 9_000
    tell(wall + 3_000, [
      reportOf(wall + 3_000, { kind: 'keys', keys: ['5'] }, { reportId: null, bytes: new Uint8Array(8), length: 8 }),
      reportOf(wall + 3_001, { kind: 'not-taken', trouble: 'failed', detail: 'stall' }, { direction: 'out' }),
    ])
    expect(view().reports).toEqual([
      expect.objectContaining({ number: 1, sinceMs: 950, bytes: '020D', reportId: 2, direction: 'in' }),
      expect.objectContaining({ number: 2, sinceMs: 952, meaning: code }),
      expect.objectContaining({ number: 3, sinceMs: 3_950, reportId: null, meaning: { kind: 'keys', keys: ['5'] } }),
      expect.objectContaining({ sinceMs: 3_951, meaning: { kind: 'not-taken', detail: 'failed: stall' } }),
    ])
  })

  test('the last hundred are shown, the last thousand kept; more than could be told is counted', () => {
    const { ask, view } = openDesk()
    ask('watch_hid')
    for (let batch = 0; batch < 11; batch += 1)
      tell(
        wall,
        Array.from({ length: 100 }, () => reportOf(wall, code)),
        batch === 3 ? 7 : 0,
      )
    expect([view().reports.length, view().reports[0]?.number, view().skipped]).toEqual([100, 1_001, 7])
    expect(ask('export_hid')).toBeUndefined()
    expect(kept?.text.match(/^</gm)).toHaveLength(1_000)
    expect(kept?.text).toContain('# 7 more came too fast to be kept')
    ask('clear_hid')
    expect(view()).toMatchObject({ reports: [], skipped: 0, exported: null })
    tell(wall, [reportOf(wall, code)])
    expect(view().reports[0]?.number).toBe(1_101)
  })

  test('become a file only when the tester says so, with a warning, one line each', () => {
    const { ask, view } = openDesk()
    ask('watch_hid')
    seen.fire({ kind: 'listing', listing })
    tell(wall, [
      reportOf(wall, code),
      reportOf(wall, { kind: 'malformed', detail: 'a length of 0' }, { bytes: new Uint8Array(2), length: 300 }),
      reportOf(wall, { kind: 'taken' }, { device: 2, direction: 'out' }),
    ])
    expect(kept).toBeUndefined()
    mayKeep = false
    expect(ask('export_hid')).toBe('bench_not_written')
    mayKeep = true
    expect(ask('export_hid')).toBeUndefined()
    expect(kept?.name).toMatch(/^hid-[\w-]+\.txt$/)
    expect(view().exported).toBe(`/data/bench/${kept?.name}`)
    expect(kept?.text.split('\n').slice(1)).toEqual([
      expect.stringContaining('Look through it before you hand it on.'),
      '',
      '# device 1: 0c2e:0b87, Voyager, usage 8C/02, /dev/hidraw0: scanner, found, aim, works',
      '# device 2: 0416:f012, Pole, usage FF00/01: display, entry 1 of the settings, 0416:f012, escpos-cp866, works',
      '# device 3: 046d:c31c, Keys > 0 ms, device 1: 00, usage 01/06: not used, keyboard',
      '# not there: keypad, entry 2 of the settings, 1c4f:0202, hid_no_access denied',
      '',
      '< 0 ms, device 1: 020D  # code 4870000000067, ]E0',
      '< 0 ms, device 1: 0000… (300 bytes)  # not understood: a length of 0',
      '> 0 ms, device 2: 020D  # taken',
      '',
    ])
  })
})

test('the display shows two test rows at each press, and the till again when the panel is closed', () => {
  const { desk, ask } = openDesk()
  const display = new CustomerDisplay(hid)
  const follow = (language: Snapshot['language']): readonly string[] => {
    display.follow({ ...quietTill, language, sale: null, bench: desk.view() })
    return shown.splice(0).map((text) => text.replaceAll('\u202f', ' '))
  }
  expect(follow('kk')).toEqual(['|/|'])
  ask('watch_hid')
  expect([ask('test_display'), follow('kk')]).toEqual(['not_now', []])
  seen.fire({ kind: 'listing', listing: { ...listing, devices: listing.devices.slice(0, 1) } })
  expect(ask('test_display')).toBe('not_now')
  seen.fire({ kind: 'listing', listing })
  const test = 'ӘҒҚҢӨҰҮҺІ ₸|/Барлығы|1 850,00'
  expect([ask('test_display'), follow('kk'), follow('kk')]).toEqual([undefined, [test], []])
  expect([ask('test_display'), follow('kk')]).toEqual([undefined, [test]])
  expect(follow('en')).toEqual(['ӘҒҚҢӨҰҮҺІ ₸|/Total|1 850,00'])
  ask('unwatch_hid')
  expect(follow('en')).toEqual(['|/|'])
})

test('a till has the panel only at its bench, writes no row of it, and its screen travels whole', () => {
  const { till, start, journal } = tillBench('hid panel', hid)
  start()
  expect(till.command({ command: 'watch_hid' })).toEqual({ ok: false, fault: 'bench_is_closed' })
  const before = journal.head.sequence
  till.command({ command: 'open_bench' })
  expect(till.command({ command: 'watch_hid' })).toEqual({ ok: true })
  seen.fire({ kind: 'listing', listing })
  tell(wall, [reportOf(wall, code)])
  const snapshot = till.snapshot()
  expect(snapshotSchema.decode(JSON.parse(JSON.stringify(snapshotSchema.encode(snapshot))))).toEqual(snapshot)
  expect(snapshot.bench?.hid?.reports).toHaveLength(1)
  till.command({ command: 'close_bench' })
  expect([till.snapshot().sale, journal.head.sequence, seen.listenerCount]).toEqual([null, before, 0])
  till.stop()
})
