/** `npm run till -- support`: the doctor's findings and the till's figures in one file that may be sent away. */
import { readFileSync } from 'node:fs'
import { homedir, release, userInfo } from 'node:os'
import { join } from 'node:path'
import type { DeviceConfiguration } from '../../src/drivers/host/devices.ts'
import { writeNewFile } from '../../src/sync/export/new-file.ts'
import { countsOf } from '../../src/terminal/doctor/report.ts'
import { namesOfPeople, supportBundle, type BundleParts } from '../../src/terminal/support/bundle.ts'
import { engineVersion } from '../../src/voucher/decide.ts'
import { commitOf } from '../commit.ts'
import { examineThisMachine, type Wanted } from '../doctor/examination.ts'
import { lookAtJournal } from '../doctor/folder.ts'

const root = join(import.meta.dirname, '..', '..')

export async function makeSupportBundle(file: string, wanted: Wanted): Promise<number> {
  const { asked, findings, printer, terminalId, isFolderSilent } = await examineThisMachine(wanted)
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>
  const bytes = supportBundle({
    madeAt: Date.now(),
    findings,
    language: 'en',
    terminalId,
    versions: {
      [name ?? '']: version ?? '',
      commit: commitOf(root),
      rules: engineVersion,
      platform: `${process.platform} ${process.arch} ${release()}`,
      node: process.versions.node,
      sqlite: dependency('better-sqlite3'),
      electron: dependency('electron'),
    },
    settings: {
      file: asked.settings.kind,
      ledgerUrl: asked.ledgerUrl,
      reader: asked.wantsReader ? 'pcsc' : 'not named',
      printer: printer.kind === 'none' ? null : settingsOf(printer),
    },
    journal: isFolderSilent ? noAnswer : await journalOf(asked.data),
    instead: [
      [asked.data, 'DATA'],
      [homedir(), '~'],
      ...namesOfPeople([userInfo().username, process.env['SUDO_USER']]),
    ],
  })
  writeNewFile(file, (append) => append(bytes))
  const { checks, warnings, faults } = countsOf(findings)
  process.stdout.write(
    `${file}: ${checks} checks (${warnings} warnings, ${faults} faults), versions, settings, the journal's figures.\n` +
      'Nobody’s card, name, key or basket is in it. Look for yourself, then send it.\n',
  )
  return 0
}

/** A long journal may take longer here than a check of the doctor may. */
const journalWithinMs = 60_000

async function journalOf(data: string): Promise<BundleParts['journal']> {
  const seen = await lookAtJournal(data, journalWithinMs)
  if (seen === null) return noAnswer
  if ('figures' in seen) return seen.figures
  if ('fault' in seen) return seen
  throw new Error(seen.why)
}

const noAnswer = { fault: 'NO_ANSWER' }

function dependency(name: string): string {
  const file = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}

function settingsOf(
  printer: Exclude<DeviceConfiguration['printer'], { kind: 'none' }>,
): Record<string, string | number> {
  const { kind, profile, status } = printer
  const own = { kind, profile, status }
  switch (kind) {
    case 'tcp':
      return { ...own, host: printer.host, port: printer.port }
    case 'serial':
      return { ...own, path: printer.path, baudRate: printer.baudRate, flowControl: printer.flowControl }
    case 'usb':
      return { ...own, path: printer.path }
  }
}
