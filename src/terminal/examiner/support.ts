/** A support bundle of what was examined on this machine. */
import { readFileSync } from 'node:fs'
import { homedir, release, userInfo } from 'node:os'
import { join } from 'node:path'
import { engineVersion } from '../../voucher/decide.ts'
import { namesOfPeople, supportBundle, type BundleParts } from '../support/bundle.ts'
import type { AskApart } from './apart.ts'
import type { Examination, KnownPrinter } from './examination.ts'
import { lookAtJournal } from './folder.ts'
import { root } from './this-machine.ts'

/** A long journal may take longer here than a check of the doctor may. */
const journalWithinMs = 60_000

/**
 * The bytes of the ZIP.
 * @param commit of the sources; null where the program comes as a package
 * @throws where the journal breaks what looks at it
 */
export async function bundleOf(
  { at, asked, findings, printer, terminalId, isFolderSilent }: Examination,
  commit: string | null,
  apart: AskApart,
): Promise<Uint8Array> {
  const { name = '', version = '' } = described('.')
  return supportBundle({
    madeAt: at,
    findings,
    language: 'en',
    terminalId,
    versions: {
      [name]: version,
      commit,
      rules: engineVersion,
      platform: `${process.platform} ${process.arch} ${release()}`,
      node: process.versions.node,
      sqlite: described(join('node_modules', 'better-sqlite3')).version ?? null,
      electron: process.versions['electron'] ?? described(join('node_modules', 'electron')).version ?? null,
    },
    settings: {
      file: asked.settings.kind,
      ledgerUrl: asked.ledgerUrl,
      reader: asked.wantsReader ? 'pcsc' : 'not named',
      printer: printer.kind === 'none' ? null : settingsOf(printer),
    },
    journal: isFolderSilent ? noAnswer : await journalOf(asked.data, apart),
    instead: [
      [asked.data, 'DATA'],
      [homedir(), '~'],
      ...namesOfPeople([userInfo().username, process.env['SUDO_USER']]),
    ],
  })
}

async function journalOf(data: string, apart: AskApart): Promise<BundleParts['journal']> {
  const seen = await lookAtJournal(apart, data, journalWithinMs)
  if (seen === null) return noAnswer
  if ('figures' in seen) return seen.figures
  if ('fault' in seen) return seen
  throw new Error(seen.why)
}

const noAnswer = { fault: 'NO_ANSWER' }

/** The package of the till, or one that it stands on; empty where it is not installed. */
function described(folder: string): { readonly name?: string; readonly version?: string } {
  try {
    return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string; version: string }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

function settingsOf(printer: KnownPrinter): Record<string, string | number> {
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
