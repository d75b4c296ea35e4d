/** The doctor on this machine: what it is asked about, from a command line and the till's own settings. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { DeviceConfiguration } from '../../src/drivers/host/devices.ts'
import { verifyingKey } from '../../src/sync/protocol/keys.ts'
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { realRandomness, realScheduler } from '../../src/terminal/core/real-ports.ts'
import { examine } from '../../src/terminal/doctor/examine.ts'
import type { Finding } from '../../src/terminal/doctor/finding.ts'
import { lookAtLedger } from '../../src/terminal/doctor/ledger-look.ts'
import type { Asked, KnownSettings, LedgerLook } from '../../src/terminal/doctor/machine.ts'
import { readSettingsFile, settingsFileOf } from '../../src/terminal/shell-electron/settings-file.ts'
import { folderOf, lookAtTill, tillLookOf } from './folder.ts'
import { lookAtPrinter } from './printer.ts'
import { readersOfThisMachine } from './readers.ts'
import { thisMachine } from './this-machine.ts'
import { tillIdentityIn, type TillIdentity } from './till-identity.ts'

/** Absent: what the settings say, or nothing. */
export interface Wanted {
  readonly data?: string | undefined
  readonly settings?: string | undefined
  readonly ledger?: string | undefined
  readonly printer?: DeviceConfiguration['printer'] | undefined
  readonly ports?: readonly number[]
}

export interface Examination {
  readonly asked: Asked
  readonly findings: readonly Finding[]
  readonly printer: DeviceConfiguration['printer']
  /** Of the till that is enrolled there. */
  readonly terminalId: string | null
  /** Whoever reads it waits for ever. */
  readonly isFolderSilent: boolean
}

const root = join(import.meta.dirname, '..', '..')

export async function examineThisMachine(wanted: Wanted): Promise<Examination> {
  const { settings, core, devices } = settingsOf(wanted.settings)
  const printer = wanted.printer ?? devices?.printer ?? { kind: 'none' }
  const named = wanted.data ?? core?.data ?? 'data'
  const till = await lookAtTill(named)
  const data = folderOf(named, till)
  const asked: Asked = {
    settings,
    data,
    ledgerUrl: wanted.ledger ?? core?.ledgerUrl ?? null,
    printer: printer.kind === 'none' ? null : printer,
    wantsReader: devices?.reader.kind === 'pcsc',
    hid: devices === undefined || devices.hid.kind === 'none' ? [] : devices.hid.devices,
    ports: wanted.ports ?? [],
    nodeWanted: readFileSync(join(root, '.nvmrc'), 'utf8').trim(),
  }
  const ports = {
    machine: await thisMachine(),
    readers: readersOfThisMachine,
    printer: () => (printer.kind === 'none' ? Promise.reject(new Error('no printer')) : lookAtPrinter(printer)),
    till: tillLookOf(data, till),
    ledger: async (url: string) => ledgerAt(url, till === null ? { kind: 'none' } : tillIdentityIn(data)),
  }
  const findings = await examine(asked, ports, realScheduler)
  return { asked, printer, findings, terminalId: till?.terminalId ?? null, isFolderSilent: till === null }
}

/** Where Electron keeps the packaged till's (docs/design/05-electron.md). */
function standardSettings(): readonly string[] {
  const { APPDATA, XDG_CONFIG_HOME } = process.env
  const folder = (process.platform === 'win32' ? APPDATA : XDG_CONFIG_HOME) || join(homedir(), '.config')
  return ['tolem', 'Tolem'].map((name) => settingsFileOf(join(folder, name)))
}

interface Settings {
  readonly settings: KnownSettings
  readonly core?: { readonly data: string; readonly ledgerUrl: string }
  readonly devices?: DeviceConfiguration
}

function settingsOf(named: string | undefined): Settings {
  const file = named ?? standardSettings().find((path) => existsSync(path))
  if (file === undefined) return { settings: { kind: 'none' } }
  // The anchor is not looked at; it lies outside of whatever the data folder is.
  const outcome = readSettingsFile({ userData: dirname(file), anchors: join(dirname(file), 'anchors') })
  if (outcome.kind === 'read') {
    const { core, devices } = outcome
    return {
      settings: { kind: 'read', file },
      core,
      devices: devices as DeviceConfiguration,
    }
  }
  const { code, detail } = outcome
  if (code === 'settings_missing') return { settings: { kind: 'missing', file } }
  const kind = code === 'settings_unreadable' ? 'unreadable' : 'malformed'
  return { settings: { kind, file, detail } }
}

/** Whether `--settings` names such a file. */
export const isSettingsFile = (file: string): boolean => basename(file) === basename(settingsFileOf('.'))

async function ledgerAt(url: string, identity: TillIdentity): Promise<LedgerLook> {
  const isEnrolled = identity.kind === 'enrolled'
  const { transport, close } = httpTransport()
  try {
    return await lookAtLedger({
      url,
      ledgerKey: isEnrolled ? verifyingKey(identity.enrolment.ledgerKey) : undefined,
      signer: isEnrolled ? identity.signer : undefined,
      transport,
      randomness: realRandomness,
      now: Date.now(),
    })
  } finally {
    close()
  }
}
