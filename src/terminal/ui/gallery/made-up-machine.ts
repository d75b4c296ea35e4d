/** What the test bench shows of a machine that nobody has: its HID devices, their reports, what the doctor found. */
import type {
  BenchView,
  Finding,
  HidBenchView,
  HidDeviceView,
  HidPlaceView,
  HidReportView,
} from '../../contract/index.ts'
import { benchFile } from './made-up-bench.ts'
import { madeUpNow } from './made-up.ts'

const scanner: HidPlaceView = {
  ...{ use: 'scanner', entry: null, vendorId: 0x0c2e, productId: 0x0b87, name: 'Honeywell Voyager 1470g' },
  ...{ by: 'hid-pos', trouble: null },
}
const keypad: HidPlaceView = {
  ...{ use: 'keypad', entry: 1, vendorId: 0x1a2c, productId: 0x2124, name: 'USB Keypad', by: null, trouble: null },
}
const display: HidPlaceView = {
  ...{ use: 'display', entry: 2, vendorId: 0x1209, productId: 0x0003, name: 'Customer Display VFD220' },
  ...{ by: 'escpos-cp866', trouble: null },
}
const typingScanner: HidPlaceView = { ...scanner, use: 'keyboard-scanner', entry: 3, name: '0c2e:0b87', by: null }

/** As the system lists it. @param change its place, or why it has none */
function device(
  id: number,
  { name, vendorId, productId }: Pick<HidPlaceView, 'name' | 'vendorId' | 'productId'>,
  [usagePage, usage]: readonly [number, number],
  change: Partial<HidDeviceView>,
): HidDeviceView {
  const path = id % 3 === 0 ? null : `…/hidraw${id}`
  return { id, vendorId, productId, name, usagePage, usage, path, place: null, unused: null, ...change }
}

const keyboard = { name: 'Dell KB216 Wired Keyboard', vendorId: 0x413c, productId: 0x2113 }
const mouse = { name: 'Optical Mouse', vendorId: 0x046d, productId: 0xc077 }

/** Every reason for which the till leaves a device alone. */
const leftAlone: readonly HidDeviceView[] = [
  device(4, keyboard, [0x01, 0x06], { unused: 'keyboard' }),
  device(5, keyboard, [0x0c, 0x01], { unused: 'another-part' }),
  device(6, mouse, [0x01, 0x02], { unused: 'no-use' }),
  device(7, scanner, [0x8c, 0x02], { unused: 'no-entry-left' }),
  device(8, { ...display, name: 'POS Display' }, [0xff00, 0x01], { unused: 'not-named' }),
  device(9, { ...mouse, name: '' }, [0x00, 0x00], { unused: 'untold' }),
]

/** A scanner, a keypad and a display, which the till has opened. */
const opened: NonNullable<HidBenchView['listing']> = {
  scanners: 'found',
  places: [scanner, keypad, display],
  devices: [
    device(1, scanner, [0x8c, 0x02], { place: 0 }),
    device(2, keypad, [0x01, 0x07], { place: 1 }),
    device(3, display, [0x14, 0x01], { place: 2 }),
    ...leftAlone,
  ],
}

/** The panel is open, and nothing was sent yet. */
export const madeUpHid: HidBenchView = {
  ...{ trouble: null, listing: opened, reports: [], skipped: 0, displayTests: 0, exported: null },
}

/** A machine without a device, and settings that name some. */
export const hidAwaited: HidBenchView = {
  ...madeUpHid,
  listing: {
    scanners: 'found',
    places: [
      { ...keypad, name: '1a2c:2124', trouble: { code: 'hid_unplugged', detail: '' } },
      { ...display, trouble: { code: 'hid_unplugged', detail: '' } },
    ],
    devices: [],
  },
}

export const hidNotWanted: HidBenchView = { ...madeUpHid, listing: { scanners: null, places: [], devices: [] } }

/** Each does what it should not. */
export const hidTroubled: HidBenchView = {
  ...madeUpHid,
  trouble: { code: 'hid_left_out', detail: 'the device host ended by itself 3 times (SIGSEGV)' },
  listing: {
    scanners: 'named',
    places: [
      {
        ...scanner,
        entry: 4,
        trouble: { code: 'hid_unknown_reports', detail: 'report 2: 64 bytes, 56 were expected' },
      },
      { ...keypad, trouble: { code: 'hid_no_access', detail: 'EACCES: cannot open …/hidraw2' } },
      { ...display, trouble: { code: 'hid_failed', detail: 'a report was not taken within 500 ms' } },
      { ...typingScanner, trouble: { code: 'hid_in_use', detail: '' } },
    ],
    devices: [
      ...opened.devices.slice(0, 3),
      device(4, typingScanner, [0x01, 0x06], { place: 3 }),
      device(5, scanner, [0x8c, 0x02], { unused: 'scanner-not-named' }),
    ],
  },
}

const report = (number: number, change: Partial<HidReportView> & Pick<HidReportView, 'bytes'>): HidReportView => ({
  number,
  sinceMs: 840 * number,
  device: 1,
  direction: 'in',
  reportId: 2,
  length: change.bytes.length / 2,
  meaning: { kind: 'nothing', why: 'continued' },
  ...change,
})
const longCode = `TOLEM1.${'Ab9_-'.repeat(30)}`

/** A code in two reports, keys, a test of the display; and what nobody could read. */
export const hidReported: HidBenchView = {
  ...madeUpHid,
  skipped: 412,
  displayTests: 2,
  exported: benchFile('hid-2026-11-23T07-14-05-250Z.txt'),
  reports: [
    report(1, { bytes: '023C5D4530343837', meaning: { kind: 'malformed', detail: 'a length of 60 in 8 bytes' } }),
    report(2, { bytes: `02385D5131${'41623935'.repeat(13)}` }),
    report(3, {
      bytes: `02385D5131${'41623935'.repeat(13)}`,
      meaning: { kind: 'code', code: longCode, symbology: ']Q1' },
    }),
    report(4, {
      ...{ device: 2, reportId: null, bytes: '00005D0058000000' },
      meaning: { kind: 'keys', keys: ['5', 'Enter'] },
    }),
    report(5, {
      ...{ device: 2, reportId: null, bytes: '0000000000000000' },
      meaning: { kind: 'nothing', why: 'released' },
    }),
    report(6, { device: 3, direction: 'out', reportId: 0, bytes: '1B401B7407', meaning: { kind: 'taken' } }),
    report(7, {
      ...{ device: 3, direction: 'out', reportId: 0, bytes: '00'.repeat(64), length: 1_024 },
      meaning: { kind: 'not-taken', detail: 'a report was not taken within 500 ms' },
    }),
    report(8, {
      bytes: '02115D4530343837303030303030303036370A',
      meaning: { kind: 'code', code: '4870000000067', symbology: ']E0' },
    }),
  ],
}

const finding = (check: Finding['check'], code: Finding['code'], seen: Finding['seen'] = {}): Finding => ({
  check,
  code,
  seen,
})

const examinationOf = (findings: Finding[]) => ({ findings, at: madeUpNow, tookMs: 3_200 })

/** Faults, warnings, and what is well; with the longest remedies there are. */
export const madeUpExamination: NonNullable<BenchView['doctor']['examination']> = examinationOf([
  finding('clock', 'clock-ok', { at: '2026-11-23 07:14' }),
  finding('folder', 'folder-open', { data: '/srv/tolem/till-of-the-canteen/data', mode: '755' }),
  finding('ledger', 'ledger-unreachable', { url: 'https://ledger.example:8443', code: 'EHOSTUNREACH' }),
  finding('modules', 'modules-grab', { reader: 'ACR122U', modules: 'pn533_usb pn533 nfc' }),
  finding('reader', 'reader-no-rights', {
    ...{ reader: 'ACR122U', path: '/dev/bus/usb/001/004', owner: 'root:root', user: 'pcscd' },
  }),
  finding('hid', 'hid-no-rights', {
    ...{ path: '/dev/hidraw3', owner: 'root:root' },
    rule: 'KERNEL=="hidraw*", ATTRS{idVendor}=="0c2e", TAG+="uaccess"',
  }),
])

export const wellExamination: NonNullable<BenchView['doctor']['examination']> = examinationOf([
  finding('settings', 'settings-none'),
  finding('clock', 'clock-ok', { at: '2026-11-23 07:14' }),
  finding('reader', 'reader-none'),
])
