/** The settings of a packaged till: what is taken, what is refused, and that no value of a refused file is repeated. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deviceConfiguration } from '../../../src/drivers/host/devices.ts'
import { coreSettingsSchema } from '../../../src/terminal/core/settings.ts'
import { failureText } from '../../../src/terminal/shell-electron/failure-texts.ts'
import { refusedSwitches } from '../../../src/terminal/shell-electron/refused-switches.ts'
import {
  readSettingsFile,
  settingsFileOf,
  type SettingsOutcome,
} from '../../../src/terminal/shell-electron/settings-file.ts'

let userData = ''
beforeEach(() => void (userData = mkdtempSync(join(tmpdir(), 'tolem-settings-'))))
afterEach(() => rmSync(userData, { recursive: true, force: true }))

const read = (content?: string): SettingsOutcome => {
  if (content !== undefined) writeFileSync(settingsFileOf(userData), content)
  return readSettingsFile({ userData, anchors: join(userData, '..', 'anchors') })
}
const ledgerUrl = 'https://ledger.example/'

const folders = (data: string, anchor: string): string => JSON.stringify({ ledgerUrl, data, anchor })

describe('the settings file', () => {
  test('with the least in it: standard places, reader by PC/SC, no printer', () => {
    const outcome = read(JSON.stringify({ ledgerUrl }))
    expect(outcome).toMatchObject({
      kind: 'read',
      core: { data: join(userData, 'till'), ledgerUrl },
      devices: {
        reader: { kind: 'pcsc' },
        printer: { kind: 'none' },
        hid: { kind: 'usb', scanners: 'found', devices: [] },
      },
    })
  })

  test('an ACR122U beeps with the result unless it is to beep at the card, or never', () => {
    expect(read(JSON.stringify({ ledgerUrl }))).toMatchObject({ core: { readerBeeps: 'result' } })
    expect(read(JSON.stringify({ ledgerUrl, readerBeeps: 'never' }))).toMatchObject({ core: { readerBeeps: 'never' } })
    expect(read(JSON.stringify({ ledgerUrl, readerBeeps: 'often' }))).toMatchObject({ code: 'settings_malformed' })
  })

  test('what it gives is what core and device host take, and one printer is meant by both', () => {
    const printer = { host: '192.0.2.7', profile: 'epson-tm-t88v' }
    const outcome = read(`\uFEFF${JSON.stringify({ ledgerUrl, enrolmentCode: '1-2', reader: 'none', printer })}`)
    if (outcome.kind !== 'read') throw new Error(outcome.detail)
    expect(coreSettingsSchema.parse(outcome.core)).toMatchObject({ printerProfile: 'epson-tm-t88v' })
    expect(outcome.enrolmentCode).toBe('1-2')
    // What core and device host are started with stands in their command lines.
    expect(JSON.stringify([outcome.core, outcome.devices])).not.toContain('1-2')
    expect(deviceConfiguration.parse(outcome.devices).printer).toMatchObject({ kind: 'tcp', port: 9100, ...printer })
  })

  test.each([
    [
      { kind: 'serial', path: '/dev/ttyUSB0', baudRate: 115_200 },
      { flowControl: 'rts-cts', profile: 'generic-80mm' },
    ],
    [
      { kind: 'serial', path: 'COM3', profile: 'star-tsp100iv' },
      { baudRate: 9600, status: 'asked' },
    ],
    [{ kind: 'usb', path: '/dev/usb/lp0', status: 'none', profile: 'pos-5890' }, { status: 'none' }],
  ])('a printer on another line: %j', (printer, standard) => {
    const outcome = read(JSON.stringify({ ledgerUrl, printer }))
    if (outcome.kind !== 'read') throw new Error(outcome.detail)
    expect(deviceConfiguration.parse(outcome.devices).printer).toMatchObject({ ...printer, ...standard })
    expect(outcome.core.printerProfile).toBe('profile' in printer ? printer.profile : 'generic-80mm')
  })

  test('scanners are used by themselves; keypad and display by their names, or nothing at all', () => {
    const hidOf = (hid: unknown): unknown => {
      const outcome = read(JSON.stringify({ ledgerUrl, hid }))
      return outcome.kind === 'read' ? deviceConfiguration.parse(outcome.devices).hid : outcome.detail
    }
    expect(hidOf(null)).toEqual({ kind: 'none' })
    const pole = { use: 'display', vendorId: '0416', productId: 'F012', profile: 'escpos-cp866' }
    expect(hidOf({ scanners: 'named', devices: [pole] })).toMatchObject({
      kind: 'usb',
      scanners: 'named',
      devices: [{ vendorId: '0416', productId: 'f012', reportId: 0, reportBytes: 64, length: 'none' }],
    })
  })

  test('keys change after a quarter of a year, or as the file says', () => {
    const after = (more: object): unknown => {
      const outcome = read(JSON.stringify({ ledgerUrl, ...more }))
      return outcome.kind === 'read' ? coreSettingsSchema.parse(outcome.core).keyRotationAfterMs : outcome.detail
    }
    expect([after({}), after({ keyRotationAfterMs: 60_000 })]).toEqual([90 * 86_400_000, 60_000])
  })

  test('two tills of one machine have an anchor each, outside of their data', () => {
    const anchorOf = (data: string): string => {
      const outcome = read(JSON.stringify({ ledgerUrl, data }))
      return outcome.kind === 'read' ? outcome.core.anchor : ''
    }
    expect(anchorOf('/tills/one')).toContain('anchors')
    expect(anchorOf('/tills/one')).not.toBe(anchorOf('/tills/two'))
    expect(anchorOf('/tills/one')).toBe(anchorOf('/tills/two/../one/'))
  })

  test.each([
    ['no file', undefined, 'settings_missing', 'ENOENT'],
    ['no JSON', '{ledgerUrl:', 'settings_malformed', 'JSON'],
    ['no ledger', '{}', 'settings_malformed', 'ledgerUrl'],
    ['a misspelt key', '{"ledgerUrl":"https://l.example/","printr":null}', 'settings_malformed', 'printr'],
    [
      'an unknown key deep down',
      '{"ledgerUrl":"https://l.example/","printer":{"host":"h","tray":1}}',
      'settings_printer',
      'printer.tray',
    ],
    [
      'a relative device',
      JSON.stringify({ ledgerUrl, printer: { kind: 'usb', path: 'lp0' } }),
      'settings_printer',
      'printer.path: an absolute path is wanted: /dev/…',
    ],
    [
      'a serial port that is none',
      JSON.stringify({ ledgerUrl, printer: { kind: 'serial', path: 'lpt1' } }),
      'settings_printer',
      'printer.path: a serial port is wanted: /dev/… or COM…',
    ],
    [
      'a baud rate that is none',
      JSON.stringify({ ledgerUrl, printer: { kind: 'serial', path: '/dev/ttyS0', baudRate: 9601 } }),
      'settings_printer',
      'printer.baudRate: 4800, 9600, 19200, 38400, 57600, 115200',
    ],
    [
      'a printer that nobody knows',
      JSON.stringify({ ledgerUrl, printer: { kind: 'serial', path: 'COM3', flowControl: 'dsr', profile: 'x' } }),
      'settings_printer',
      expect.stringMatching(/^printer\.flowControl: rts-cts, xon-xoff, none; printer\.profile: epson-tm-t20ii, /u),
    ],
    [
      'a vendor that is no number of USB',
      JSON.stringify({ ledgerUrl, hid: { devices: [{ use: 'keypad', vendorId: '0x1c4f', productId: '0202' }] } }),
      'settings_hid',
      expect.stringContaining('hid.devices.0.vendorId'),
    ],
    [
      'a display that nobody knows',
      JSON.stringify({
        ledgerUrl,
        hid: { devices: [{ use: 'display', vendorId: '0416', productId: 'f012', profile: 'x' }] },
      }),
      'settings_hid',
      'hid.devices.0.profile: escpos-ascii, escpos-cp866',
    ],
    [
      'a printer and something else',
      JSON.stringify({ ledgerUrl, reader: 'module', printer: { kind: 'usb', path: 'lp0' } }),
      'settings_malformed',
      'reader, printer.path',
    ],
    [
      'an injected clock',
      '{"ledgerUrl":"https://l.example/","clockUrl":"http://c.example/"}',
      'settings_malformed',
      'clockUrl',
    ],
    [
      'a reader out of a module',
      '{"ledgerUrl":"https://l.example/","reader":"module"}',
      'settings_malformed',
      'reader',
    ],
    [
      'a data folder that depends on where the till is started',
      folders('till', '/a.json'),
      'settings_malformed',
      'data',
    ],
    ['an anchor that does', folders('/tills/one', 'a.json'), 'settings_malformed', 'anchor'],
    ['an anchor within the data', folders('/tills/one', '/tills/one/a.json'), 'settings_malformed', 'anchor'],
    ['an anchor that is the data', folders('/tills/one', '/tills/one/'), 'settings_malformed', 'anchor'],
    [
      'keys that change every second',
      JSON.stringify({ ledgerUrl, keyRotationAfterMs: 1_000 }),
      'settings_malformed',
      'keyRotationAfterMs',
    ],
    ['no object at all', '7', 'settings_malformed', '{ }'],
  ])('%s is refused', (_what, content, code, detail) => {
    expect(read(content)).toMatchObject({ kind: 'refused', code, detail, file: settingsFileOf(userData) })
  })

  test('a folder in its place is refused as unreadable', () => {
    mkdirSync(settingsFileOf(userData))
    expect(read()).toMatchObject({ kind: 'refused', code: 'settings_unreadable', detail: 'EISDIR' })
  })

  test('the enrolment code of a refused file is not repeated', () => {
    const outcome = read('{"enrolmentCode":"12345678-abcdef","port":12345678}')
    expect(outcome.kind).toBe('refused')
    expect(JSON.stringify(outcome)).not.toContain('12345678')
  })
})

describe('what a packaged till refuses and says', () => {
  test.each([
    [['--core', '{}'], ['core']],
    [['--core={}'], ['core']],
    [['-devices-program=x'], ['devices-program']],
    [['/Core-Program=x'], ['core-program']],
    [['--remote-debugging-port=0'], ['remote-debugging-port']],
    [['--remote-debugging-pipe'], ['remote-debugging-pipe']],
    [['--no-sandbox'], ['no-sandbox']],
    [['--renderer-cmd-prefix=x'], ['renderer-cmd-prefix']],
    [['--zygote-cmd-prefix=x'], ['zygote-cmd-prefix']],
    [['--user-data-dir=x'], ['user-data-dir']],
    [['--user-data-dir', 'x'], ['user-data-dir']],
    [[' --remote-debugging-port=0'], ['remote-debugging-port']],
    [['\t--remote-debugging-pipe\n'], ['remote-debugging-pipe']],
    [['--kiosk', '--disk-cache-dir=core', 'core', '--corel'], []],
  ])('%j', (line, refused) => {
    expect(refusedSwitches(line, false)).toEqual(refused)
  })

  test('as root there is no sandbox to lose, and the rest is refused all the same', () => {
    expect(refusedSwitches(['--no-sandbox', '--core={}'], true)).toEqual(['core'])
  })

  test.each([
    'settings_missing',
    'settings_unreadable',
    'settings_malformed',
    'settings_printer',
    'settings_hid',
    'switch_refused',
    'toString',
    'OTHER',
  ])('%s has a paragraph in Kazakh, Russian and English', (code) => {
    const [kk = '', ru = '', en = '', ...more] = failureText(code).split('\n\n')
    expect(more).toEqual([])
    expect(kk).toMatch(/[әғқңөұүһі]/i)
    expect(ru).toMatch(/^[А-Яё][а-яё ,;:.А-Я]+$/i)
    expect(en).toMatch(/^[A-Z][a-zA-Z ,;:.]+$/)
  })
})
