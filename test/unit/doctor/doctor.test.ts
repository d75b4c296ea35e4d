/**
 * The doctor's checks over machines that are made up: each thing that it can find is found once here, in the scene
 * that it is about, and said in three languages with all that was seen.
 */
import { describe, expect, it } from 'vitest'
import type { PrinterTrouble } from '../../../src/drivers/ports.ts'
import { DataFolderError } from '../../../src/sync/journal/data-folder.ts'
import { checkNames, levels, type CheckName, type FindingCode } from '../../../src/terminal/doctor/finding.ts'
import type { LedgerLook, PcscLook, SeenReader } from '../../../src/terminal/doctor/machine.ts'
import { columns, countsOf, jsonLines, readable } from '../../../src/terminal/doctor/report.ts'
import { doctorTexts, wordsOf } from '../../../src/terminal/doctor/texts.ts'
import { languages } from '../../../src/voucher/identifiers.ts'
import {
  examined,
  folder,
  foundBy,
  installed,
  node,
  now,
  plugged,
  pluggedNode,
  tillFolder,
  type Scene,
} from './scene.ts'

const wantsReader = { asked: { wantsReader: true } }
const readers = (...seen: readonly SeenReader[]): PcscLook => ({ kind: 'readers', readers: seen })
const acr = (card: SeenReader['card'] = 'none'): Scene => ({ look: readers({ name: 'ACS ACR122U 00 00', card }) })
const driver = '/usr/lib/pcsc/drivers/ifd-ccid.bundle'
/** Its settings, as Debian's libccid has them. */
const plist = (options: string): string =>
  '<dict>\n\t<key>ifdLogLevel</key>\n\t<string>0x0003</string>\n\n' +
  `\t<key>ifdDriverOptions</key>\n\t<string>${options}</string>\n`
const ccid = (options: string) =>
  ({
    folders: { '/usr/lib/pcsc/drivers': ['ifd-ccid.bundle', 'serial'] },
    texts: { [`${driver}/Contents/Info.plist`]: plist(options) },
  }) satisfies Scene
const till = { held: true, pid: '4711' }
const running = { nodes: tillFolder, till: { holder: async () => till } } satisfies Scene
const ledgerUrl = 'https://ledger.example'
const heard = (of: Partial<Extract<LedgerLook, { kind: 'heard' }>> = {}): Scene => ({
  asked: { ledgerUrl },
  ledger: { kind: 'heard', signature: 'ours', at: now, terminal: 'active', ...of },
})
const enrolled = { till: { identity: async () => 'enrolled' } } satisfies Scene
const journal = (of: object = {}): Scene => ({
  till: { journal: async () => ({ rows: 9, waiting: 1, parked: 0, unresolved: 0, oldestAt: now, ...of }) },
})
const tcp = (printer: NonNullable<Scene['printer']> = {}): Scene => ({
  asked: { printer: { kind: 'tcp', profile: 'generic-80mm', host: '192.0.2.7', port: 9100 } },
  printer,
})
const refused = (refusal?: string): Scene => tcp({ online: false, trouble: 'unreachable', refusal })
const cable = (printer: NonNullable<Scene['printer']>): Scene => ({
  asked: { printer: { kind: 'usb', profile: 'generic-80mm', path: '/dev/usb/lp0' } },
  printer,
})
const trouble = (kind: PrinterTrouble): Scene => cable({ online: false, trouble: kind })
const adapter = (of: Parameters<typeof node>[0]): Scene => ({
  folders: { '/dev': ['null', 'ttyS0', 'ttyUSB0'] },
  nodes: { '/dev/ttyUSB0': node({ group: 'dialout', ...of }) },
})
/** A CH340 as sysfs has it: a folder for its port, where the kernel's driver made one. */
const converter = (...ports: readonly string[]): Scene => ({
  folders: { '/sys/bus/usb/devices': ['1-3', '1-3:1.0'], '/sys/bus/usb/devices/1-3:1.0': ['uevent', ...ports] },
  texts: {
    '/sys/bus/usb/devices/1-3/idVendor': '1a86\n',
    '/sys/bus/usb/devices/1-3/idProduct': '7523\n',
    '/sys/bus/usb/devices/1-3/product': 'USB Serial\n',
  },
})
const shut = { canRead: false, canWrite: false }
const scanner = (of: Parameters<typeof node>[0]): Scene => ({
  folders: { '/sys/class/hidraw': ['hidraw0', 'hidraw1'] },
  // A keyboard, and a bar code scanner of its own usage page.
  texts: {
    '/sys/class/hidraw/hidraw0/device/report_descriptor': '05010906',
    '/sys/class/hidraw/hidraw1/device/report_descriptor': '058c0902',
    '/sys/class/hidraw/hidraw0/device/uevent': 'DRIVER=hid-generic\nHID_ID=0003:00001C4F:00000202\n',
    '/sys/class/hidraw/hidraw1/device/uevent': 'HID_ID=0003:00000C2E:00000B61\n',
  },
  nodes: { '/dev/hidraw0': node(shut), '/dev/hidraw1': node(of) },
})
const space = (freeBytes: number, type = 0xef53): Scene => ({ machine: { space: async () => ({ freeBytes, type }) } })
const unplugged = { ...plugged(null), look: readers() }
const drivers = { '/usr/lib/pcsc/drivers': ['ifd-ccid.bundle'] }

const scenes: readonly (readonly [FindingCode, CheckName, Scene])[] = [
  ['node-ok', 'program', {}],
  ['node-other', 'program', { machine: { nodeVersion: '24.3.0' } }],
  ['node-old', 'program', { machine: { nodeVersion: '22.21.0' } }],
  ['settings-none', 'settings', {}],
  ['settings-ok', 'settings', { asked: { settings: { kind: 'read', file: 'settings.json' } } }],
  ['settings-missing', 'settings', { asked: { settings: { kind: 'missing', file: 'settings.json' } } }],
  ['settings-unreadable', 'settings', { asked: { settings: { kind: 'unreadable', file: 's', detail: 'EACCES' } } }],
  ['settings-malformed', 'settings', { asked: { settings: { kind: 'malformed', file: 's', detail: 'ledgerUrl' } } }],
  ['clock-ok', 'clock', heard({ at: now - 59_000 })],
  ['clock-differs', 'clock', heard({ at: now - 120_000 })],
  ['clock-impossible', 'clock', { machine: { now: () => Date.UTC(1970, 0, 1) } }],
  ['folder-none', 'folder', {}],
  ['folder-free', 'folder', { nodes: tillFolder }],
  ['folder-in-use', 'folder', running],
  ['folder-not-one', 'folder', { nodes: { [folder]: node({ kind: 'file', canWrite: false }) } }],
  ['folder-no-rights', 'folder', { nodes: { [folder]: node({ kind: 'folder', mode: 0o700, canWrite: false }) } }],
  ['folder-open', 'folder', { nodes: { [folder]: node({ kind: 'folder', mode: 0o755 }) } }],
  ['journal-none', 'journal', {}],
  ['journal-ok', 'journal', journal()],
  ['journal-waits', 'journal', journal({ oldestAt: now - 90_000_000 })],
  ['journal-waits', 'journal', journal({ parked: 1 })],
  [
    'journal-fault',
    'journal',
    { till: { journal: () => Promise.reject(new DataFolderError('JOURNAL_NEWER', 'newer')) } },
  ],
  ['disk-ok', 'disk', {}],
  ['disk-unknown', 'disk', { machine: { space: async () => null } }],
  ['disk-low', 'disk', space(300_000_000)],
  ['disk-full', 'disk', space(1_000_000)],
  ['disk-remote', 'disk', space(10_000_000_000, 0x6969)],
  ['disk-in-memory', 'disk', space(10_000_000_000, 0x01021994)],
  ['ports-ok', 'ports', { asked: { ports: [8080] } }],
  [
    'port-taken',
    'ports',
    { asked: { ports: [8080] }, machine: { listens: async (port) => (port === 0 ? 'free' : 'EADDRINUSE') } },
  ],
  ['loopback-fault', 'ports', { machine: { listens: async () => 'EADDRNOTAVAIL' } }],
  ['ledger-not-named', 'ledger', {}],
  ['ledger-ok', 'ledger', heard()],
  ['ledger-unproved', 'ledger', heard({ signature: 'unknown' })],
  ['ledger-address', 'ledger', { asked: { ledgerUrl }, ledger: { kind: 'not_reached', code: 'ENOTFOUND' } }],
  ['ledger-unreachable', 'ledger', { asked: { ledgerUrl } }],
  ['ledger-silent', 'ledger', { asked: { ledgerUrl }, ledger: { kind: 'silent', code: 'no answer' } }],
  ['ledger-not-ours', 'ledger', heard({ signature: 'another', at: null })],
  ['terminal-none', 'terminal', heard()],
  ['terminal-not-asked', 'terminal', enrolled],
  ['terminal-damaged', 'terminal', { ...heard(), till: { identity: async () => 'damaged' } }],
  ['terminal-no-answer', 'terminal', { ...heard({ terminal: 'no-answer' }), ...enrolled }],
  ['terminal-active', 'terminal', { ...heard(), ...enrolled }],
  ['terminal-suspended', 'terminal', { ...heard({ terminal: 'suspended' }), ...enrolled }],
  ['terminal-unknown', 'terminal', { ...heard({ terminal: 'unknown' }), ...enrolled }],
  ['terminal-restarted', 'terminal', { ...heard({ terminal: { fault: 'dated_before_restart' } }), ...enrolled }],
  ['terminal-fault', 'terminal', { ...heard({ terminal: { fault: 'rate_limited' } }), ...enrolled }],
  ['pcsc-ok', 'pcsc', acr()],
  ['pcsc-not-needed', 'pcsc', {}],
  ['pcsc-missing', 'pcsc', wantsReader],
  ['pcsc-missing', 'pcsc', plugged(null)],
  ['pcsc-not-running', 'pcsc', { ...wantsReader, nodes: installed }],
  ['pcsc-not-running', 'pcsc', { ...wantsReader, machine: { platform: 'win32' } }],
  ['pcsc-no-rights', 'pcsc', { ...wantsReader, nodes: installed, machine: { connects: async () => 'EACCES' } }],
  ['pcsc-refuses', 'pcsc', { ...wantsReader, nodes: installed, machine: { connects: async () => 'connected' } }],
  ['pcsc-unusable', 'pcsc', { ...wantsReader, nodes: installed, look: { kind: 'unusable', why: 'no library' } }],
  ['pcsc-silent', 'pcsc', { ...wantsReader, nodes: installed, look: { kind: 'silent' } }],
  ['modules-ok', 'modules', { texts: { '/proc/modules': 'usbhid 1 0 - Live 0x0\nnfc 1 0 - Live 0x0\n' } }],
  [
    'modules-loaded',
    'modules',
    { texts: { '/proc/modules': 'pn533 1 1 pn533_usb, Live 0x0\nnfc 1 1 pn533, Live 0x0\n' } },
  ],
  ['modules-grab', 'modules', plugged('pn533_usb')],
  ['reader-none', 'reader', {}],
  ['reader-wanted', 'reader', { ...wantsReader, look: readers() }],
  ['reader-no-driver', 'reader', unplugged],
  [
    'reader-no-rights',
    'reader',
    {
      ...unplugged,
      folders: { ...unplugged.folders, ...drivers },
      running: [['pcscd', 'pcscd']],
      nodes: { [pluggedNode]: node({ mode: 0o664 }) },
    },
  ],
  [
    'reader-unseen',
    'reader',
    {
      ...unplugged,
      folders: { ...unplugged.folders, ...drivers },
      running: [['pcscd', 'pcscd']],
      nodes: { [pluggedNode]: node({ group: 'pcscd' }) },
    },
  ],
  ['reader-acr122u', 'reader', acr()],
  ['reader-escape-off', 'reader', { ...acr(), ...ccid('0x0000') }],
  ['reader-omnikey', 'reader', { look: readers({ name: 'HID Global OMNIKEY 5022 Smart Card Reader', card: 'none' }) }],
  ['reader-virtual', 'reader', { look: readers({ name: 'Virtual PCD 00 00', card: 'none' }) }],
  ['reader-unknown', 'reader', { look: readers({ name: 'SCM SCL3711', card: 'none' }) }],
  ['card-none', 'card', acr()],
  ['card-there', 'card', acr('there')],
  ['card-of-till', 'card', { ...acr('in-use'), ...running }],
  ['card-shared', 'card', { ...acr('in-use'), running: [['scdaemon', 'tester']] }],
  ['card-in-use', 'card', { ...acr('exclusive'), ...running }],
  ['card-mute', 'card', acr('mute')],
  ['printer-not-named', 'printer', {}],
  ['printer-with-till', 'printer', { ...cable({}), ...running }],
  ['printer-with-till', 'printer', { ...refused('ECONNREFUSED'), ...running }],
  ['printer-ok', 'printer', tcp()],
  ['printer-mute', 'printer', cable({ mute: true })],
  ['printer-paper-low', 'printer', tcp({ paperNearEnd: true })],
  ['printer-address', 'printer', refused('ENOTFOUND')],
  ['printer-refuses', 'printer', refused('ECONNREFUSED')],
  ['printer-unreachable', 'printer', refused('EHOSTUNREACH')],
  ['printer-unreachable', 'printer', refused('no connection within 2000 ms')],
  ['printer-gone', 'printer', trouble('unreachable')],
  ['printer-no-access', 'printer', trouble('no-access')],
  ['printer-in-use', 'printer', trouble('in-use')],
  ['printer-not-a-device', 'printer', trouble('not-a-device')],
  ['printer-silent', 'printer', tcp({ online: false, trouble: 'timed-out' })],
  ['printer-silent', 'printer', refused()],
  ['printer-paper-out', 'printer', trouble('paper-out')],
  ['printer-cover-open', 'printer', trouble('cover-open')],
  ['printer-cutter-error', 'printer', trouble('cutter-error')],
  ['printer-error', 'printer', trouble('error')],
  ['printer-busy', 'printer', trouble('busy')],
  ['serial-none', 'serial', {}],
  ['serial-ok', 'serial', adapter({})],
  ['serial-no-rights', 'serial', adapter(shut)],
  [
    'serial-log-in-again',
    'serial',
    {
      ...adapter(shut),
      machine: { user: async () => ({ name: 'tester', groups: ['tester'], listed: ['tester', 'dialout'] }) },
    },
  ],
  ['serial-grabbed', 'serial', { ...adapter({}), running: [['ModemManager', 'root']] }],
  ['serial-grabbed', 'serial', { ...adapter({}), running: [['brltty', 'root']] }],
  ['serial-taken', 'serial', { ...converter(), running: [['brltty', 'root']] }],
  ['serial-none', 'serial', { ...converter('ttyUSB0'), running: [['brltty', 'root']] }],
  ['hid-none', 'hid', {}],
  ['hid-ok', 'hid', scanner({})],
  ['hid-no-rights', 'hid', scanner(shut)],
  ['hid-no-rights', 'hid', { ...scanner({}), asked: { hid: [{ vendorId: '1c4f', productId: '0202' }] } }],
  ['check-late', 'disk', { machine: { space: () => new Promise(() => undefined) } }],
  ['check-broken', 'disk', { machine: { space: () => Promise.reject(new Error('EIO')) } }],
]

describe('a scene', () => {
  it.each(scenes)('%s of %s', async (code, check, scene) => {
    const found = await foundBy(scene, check)
    expect(found.map((finding) => finding.code)).toEqual([code])
    for (const language of languages) {
      const { says, remedy } = wordsOf(found[0]!, language)
      const named = placeholders(doctorTexts[language].findings[code]).map((name) => name.slice(1, -1))
      expect(Object.keys(found[0]!.seen)).toEqual(expect.arrayContaining(named))
      expect(says).not.toBe('')
      expect(remedy === null).toBe(levels[code] === 'ok')
    }
  })

  it('is there for each code', () => {
    expect(new Set(scenes.map(([code]) => code))).toEqual(new Set(Object.keys(levels)))
  })
})

const placeholders = (words: readonly (string | undefined)[]): string[] =>
  words.flatMap((text) => [...(text ?? '').matchAll(/\{\w+\}/g)].map(([name]) => name)).toSorted()

describe('the three languages', () => {
  it.each(Object.keys(levels) as FindingCode[])('say of %s what was seen', (code) => {
    const [kk, ru, en] = languages.map((language) => placeholders(doctorTexts[language].findings[code]))
    expect([kk, ru]).toEqual([en, en])
  })

  it('give the same commands to type', () => {
    const commands = (text = ''): string[] =>
      [...text.matchAll(/sudo [\w-]+|systemctl [\w-]+|npm run [\w-]+|--[a-z]+\b/g)]
        .map(([command]) => command)
        .toSorted()
    for (const code of Object.keys(levels) as FindingCode[]) {
      const [kk, ru, en] = languages.map((language) => commands(doctorTexts[language].findings[code][1]))
      expect([code, kk, ru]).toEqual([code, en, en])
    }
  })
})

it('a rule for a device that the till reads opens its vendor’s and no other keyboard', async () => {
  const [found] = await foundBy({ ...scanner(shut), nodes: { '/dev/hidraw1': node(shut) } }, 'hid')
  for (const language of languages) {
    const { remedy } = wordsOf(found!, language)
    expect(remedy).toContain('KERNEL=="hidraw*", ATTRS{idVendor}=="0c2e", TAG+="uaccess"')
    expect(remedy).not.toContain('plugdev')
  }
})

it('an ACR122U is told of only where every driver that can be read hands nothing on to it', async () => {
  const second = '/usr/lib/pcsc/drivers/ifd-acsccid.bundle'
  const both = (first: string, other: string): Scene => ({
    ...acr(),
    folders: { '/usr/lib/pcsc/drivers': ['ifd-ccid.bundle', 'ifd-acsccid.bundle'] },
    texts: { [`${driver}/Contents/Info.plist`]: plist(first), [`${second}/Contents/Info.plist`]: plist(other) },
  })
  const codes = async (scene: Scene) => (await foundBy(scene, 'reader')).map(({ code }) => code)
  expect(await codes({ ...acr(), ...ccid('0x0001') })).toEqual(['reader-acr122u'])
  expect(await codes({ ...acr(), ...ccid('5') })).toEqual(['reader-acr122u'])
  expect(await codes(both('0x0000', '0x0005'))).toEqual(['reader-acr122u'])
  expect(await codes(both('0x0004', '0x0000'))).toEqual(['reader-escape-off'])
  const omnikey = readers({ name: 'HID Global OMNIKEY 5022 Smart Card Reader', card: 'none' })
  expect(await codes({ look: omnikey, ...ccid('0x0000') })).toEqual(['reader-omnikey'])
  const [found] = await foundBy({ ...acr(), ...ccid('0x0004') }, 'reader')
  for (const language of languages) {
    const { remedy } = wordsOf(found!, language)
    expect(remedy).toContain(`${driver}/Contents/Info.plist`)
    expect(remedy).toContain('0x0005')
  }
})

it('a remedy that is typed names what it is about', async () => {
  const line = { kind: 'serial', profile: 'epson-tm-t20iii', path: '/dev/ttyUSB0' } as const
  const serial: Scene = {
    asked: { printer: { ...line, baudRate: 38_400, flowControl: 'none' } },
    printer: { mute: true },
  }
  const remedies: readonly (readonly [CheckName, Scene, string])[] = [
    ['printer', serial, 'test-page --profile epson-tm-t20iii --printer /dev/ttyUSB0@38400,none'],
    ['terminal', { ...heard({ terminal: 'unknown' }), ...enrolled }, `export --data "${folder}" --out `],
    ['folder', { nodes: { [folder]: node({ kind: 'folder', mode: 0o755 }) } }, `chmod 700 "${folder}"`],
    ['pcsc', { ...wantsReader, nodes: installed, machine: { connects: async () => 'EACCES' } }, '.access_card'],
    ['pcsc', { ...wantsReader, nodes: installed, machine: { connects: async () => 'connected' } }, '.access_card'],
  ]
  for (const [check, scene, typed] of remedies) {
    const [found] = await foundBy(scene, check)
    for (const language of languages) expect(wordsOf(found!, language).remedy).toContain(typed)
  }
})

describe('the whole of it', () => {
  it('tells of each check at least once, in the same order, on a machine without anything', async () => {
    const findings = await examined({})
    expect(findings.map(({ check }) => check)).toEqual([...checkNames])
    expect(countsOf(findings)).toEqual({ checks: checkNames.length, warnings: 0, faults: 0 })
  })

  const broken = () => Promise.reject(new Error('broken'))
  const checksOfReaders = ['pcsc', 'modules', 'reader', 'card'] as const
  const breaks: readonly (readonly [string, Scene, readonly CheckName[]])[] = [
    ['PC/SC', { ports: { readers: broken } }, checksOfReaders],
    ['the ledger', { asked: { ledgerUrl }, ports: { ledger: broken } }, ['clock', 'ledger', 'terminal']],
    ['the till’s lock', { ...tcp(), nodes: tillFolder, till: { holder: broken } }, ['folder', 'printer']],
    ['the journal', { till: { journal: broken } }, ['journal']],
    ['the till’s files', { till: { identity: broken } }, ['terminal']],
    ['the printer', { ...tcp(), ports: { printer: broken } }, ['printer']],
  ]
  it.each(breaks)('goes on where %s breaks', async (_what, scene, checks) => {
    const findings = await examined({ ...enrolled, ...scene })
    expect(findings.map(({ check }) => check)).toEqual([...checkNames])
    const codes = findings.filter(({ code }) => code === 'check-broken').map(({ check }) => check)
    expect(codes).toEqual(expect.arrayContaining([...checks]))
    expect(codes).not.toContain('disk')
  })

  it('fits in 80 columns in each language, but for what is one word', async () => {
    for (const [, , scene] of scenes.filter(([code]) => code !== 'check-late')) {
      for (const language of languages) {
        const text = readable(await examined(scene), language)
        const long = text.split('\n').filter((line) => line.length > columns && line.trim().includes(' '))
        expect(long.filter((line) => !/\S{40,}/.test(line))).toEqual([])
      }
    }
  })

  it('is one line of JSON for each finding, and the counts', async () => {
    const findings = await examined({
      ...refused('ETIMEDOUT'),
      nodes: { [folder]: node({ kind: 'folder', mode: 0o755 }) },
    })
    const lines = jsonLines(findings, 'en').trimEnd().split('\n')
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(told.pop()).toEqual({ checks: findings.length, warnings: 1, faults: 1 })
    expect(told.find(({ check }) => check === 'printer')).toEqual({
      check: 'printer',
      level: 'fault',
      code: 'printer-unreachable',
      seen: { printer: '192.0.2.7:9100', code: 'ETIMEDOUT' },
      says: '192.0.2.7:9100 does not answer (ETIMEDOUT).',
      remedy: expect.stringContaining('switched on'),
    })
  })
})
