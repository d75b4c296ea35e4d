/** Which text says what of a HID device and of its reports. */
import type { HidBenchView, HidDeviceView, HidPlaceView, HidReportView } from '../../contract/index.ts'
import type { WordKey } from '../texts/keys.ts'

export const usedAs: Readonly<Record<HidPlaceView['use'], WordKey>> = {
  scanner: 'bench.hid.use.scanner',
  'keyboard-scanner': 'bench.hid.use.keyboard_scanner',
  keypad: 'bench.hid.use.keypad',
  display: 'bench.hid.use.display',
}

export const notUsed: Readonly<Record<NonNullable<HidDeviceView['unused']>, WordKey>> = {
  keyboard: 'bench.hid.unused.keyboard',
  'scanner-not-named': 'bench.hid.unused.scanner_not_named',
  'no-entry-left': 'bench.hid.unused.no_entry_left',
  'another-part': 'bench.hid.unused.another_part',
  'not-named': 'bench.hid.unused.not_named',
  'no-use': 'bench.hid.unused.no_use',
  untold: 'bench.hid.unused.untold',
}

/** Of one device; what is wrong with all at once, the texts of the light say. */
export const stateOf: Readonly<Record<NonNullable<HidBenchView['trouble']>['code'], WordKey>> = {
  hid_unplugged: 'bench.hid.state.unplugged',
  hid_no_access: 'bench.hid.state.no_access',
  hid_in_use: 'bench.hid.state.in_use',
  hid_failed: 'bench.hid.state.failed',
  hid_no_library: 'bench.hid.state.failed',
  hid_unknown_reports: 'bench.hid.state.unknown_reports',
  hid_left_out: 'bench.hid.state.left_out',
  device_host_restarting: 'bench.hid.state.unplugged',
}

type Nothing = Extract<HidReportView['meaning'], { kind: 'nothing' }>['why']
export const nothingYet: Readonly<Record<Nothing, WordKey>> = {
  'other-report': 'bench.hid.nothing.other_report',
  quiet: 'bench.hid.nothing.quiet',
  continued: 'bench.hid.nothing.continued',
  typed: 'bench.hid.nothing.typed',
  released: 'bench.hid.nothing.released',
  short: 'bench.hid.nothing.short',
  'no-key': 'bench.hid.nothing.no_key',
  'not-read': 'bench.hid.nothing.not_read',
}

/** HID Usage Tables: the pages and, of page 1, the usages that a till meets. */
export function kindOf({ usagePage, usage }: Pick<HidDeviceView, 'usagePage' | 'usage'>): WordKey {
  if (usagePage >= 0xff00) return 'bench.hid.kind.maker'
  switch (usagePage) {
    case 0x00:
      return 'bench.hid.kind.untold'
    case 0x01:
      if (usage === 0x06) return 'bench.hid.kind.keyboard'
      if (usage === 0x07) return 'bench.hid.kind.keypad'
      return usage === 0x01 || usage === 0x02 ? 'bench.hid.kind.pointer' : 'bench.hid.kind.other'
    case 0x0c:
      return 'bench.hid.kind.media'
    case 0x0d:
      return 'bench.hid.kind.touch'
    case 0x14:
      return 'bench.hid.kind.display'
    case 0x8c:
      return 'bench.hid.kind.scanner'
    default:
      return 'bench.hid.kind.other'
  }
}

/** AIM's letters (ISO/IEC 15424), with those of retail told apart by the digit behind. */
const symbologies: Readonly<Record<string, string>> = {
  A: 'Code 39',
  C: 'Code 128',
  E: 'EAN / UPC',
  E0: 'EAN-13 / UPC-A',
  E4: 'EAN-8',
  F: 'Codabar',
  G: 'Code 93',
  I: 'Interleaved 2 of 5',
  L: 'PDF417',
  Q: 'QR Code',
  C1: 'GS1-128',
  d: 'Data Matrix',
  e: 'GS1 DataBar',
  z: 'Aztec',
}

/** The symbology's name; the identifier alone where it is not known. @param identifier as `]E0` */
export function symbologyName(identifier: string): string {
  const name = symbologies[identifier.slice(1, 3)] ?? symbologies[identifier.slice(1, 2)]
  return name === undefined ? identifier : `${name} (${identifier})`
}

/** `020D5D` as `02 0D 5D`. */
export const spaced = (hex: string): string => hex.replaceAll(/(..)(?=.)/g, '$1 ')
