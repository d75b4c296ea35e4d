/** What a support bundle leaves out where it is made by root, at the folder of somebody else. */
import { unzipSync } from 'fflate'
import { expect, it } from 'vitest'
import { found, type Finding } from '../../../src/terminal/doctor/finding.ts'
import { namesOfPeople, supportBundle, type BundleParts } from '../../../src/terminal/support/bundle.ts'

function contentOf(findings: readonly Finding[], settings: Partial<BundleParts['settings']> = {}): string {
  const parts: BundleParts = {
    ...{ madeAt: 0, findings, language: 'en', terminalId: 'till-1', versions: {}, journal: null },
    settings: { file: 'read', ledgerUrl: null, reader: 'pcsc', printer: null, ...settings },
    instead: namesOfPeople(['root']),
  }
  return Object.values(unzipSync(supportBundle(parts)))
    .map((bytes) => Buffer.from(bytes).toString())
    .join('\n')
}

it('names neither whose folder nor whose home it is, however they are written', () => {
  const content = contentOf([
    found('folder', 'folder-no-rights', { data: '/srv/till', owner: 'aigerim' }),
    found('settings', 'settings-ok', { file: ['', 'home', 'bolat', '.config', 'settings.json'].join('/') }),
    found('settings', 'settings-ok', { file: String.raw`C:\Users\Saule B\AppData\settings.json` }),
    found('serial', 'serial-no-rights', { path: '/dev/ttyUSB0', group: 'aigerim' }),
    found('hid', 'hid-no-rights', { path: '/dev/hidraw1', owner: 'root:root', rule: 'a rule' }),
  ])
  for (const name of ['aigerim', 'bolat', 'Saule']) expect(content).not.toContain(name)
  expect(content).toContain(['', 'home', 'USER', '.config'].join('/'))
  // Of a device, whose it is decides what is to be done.
  expect(content).toContain('root:root')
})

it('has no serial number of a reader or an adapter', () => {
  const path = '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0'
  const printer = { kind: 'serial', profile: 'generic-80mm', status: 'asked', path }
  const content = contentOf(
    [
      found('reader', 'reader-omnikey', { reader: 'HID OMNIKEY 5022 [CCID] (KJ0000123) 00 00' }),
      found('printer', 'printer-ok', { printer: path }),
    ],
    { printer },
  )
  for (const serial of ['A50285BI', 'KJ0000123']) expect(content).not.toContain(serial)
  expect(content).toContain('HID OMNIKEY 5022 [CCID] (left out) 00 00')
})

it('has of an address the machine only', () => {
  const url = 'https://ledger.example/t/815815/'
  const content = contentOf([found('ledger', 'ledger-ok', { url })], { ledgerUrl: url })
  expect(content).not.toContain('815815')
  expect(content).toContain('https://ledger.example')
})

it('replaces the one who became root too, and not root', () => {
  expect(namesOfPeople(['root', 'aigerim', undefined, 'aigerim'])).toEqual([['aigerim', 'USER']])
})
