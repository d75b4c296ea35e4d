/** The doctor as a command: what it is asked about, from a command line and the till's own settings. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import type { DeviceConfiguration } from '../../src/drivers/host/devices.ts'
import { askChildProcess } from '../../src/terminal/examiner/apart.ts'
import { examineThisMachine, settingsIn, type Examination } from '../../src/terminal/examiner/examination.ts'
import { settingsFileOf } from '../../src/terminal/shell-electron/settings-file.ts'
import { lookAtPrinter } from './printer.ts'

/** Absent: what the settings say, or nothing. */
export interface Wanted {
  readonly data?: string | undefined
  readonly settings?: string | undefined
  readonly ledger?: string | undefined
  readonly printer?: DeviceConfiguration['printer'] | undefined
  readonly ports?: readonly number[]
}

export function examineWanted(wanted: Wanted): Promise<Examination> {
  const file = wanted.settings ?? standardSettings().find((path) => existsSync(path))
  const { settings, outcome } = file === undefined ? { settings: { kind: 'none' } as const } : settingsIn(file)
  const read = outcome?.kind === 'read' ? outcome : undefined
  const devices = read?.devices as DeviceConfiguration | undefined
  const printer = wanted.printer ?? devices?.printer ?? { kind: 'none' }
  const known = {
    settings,
    data: wanted.data ?? read?.core.data ?? 'data',
    ledgerUrl: wanted.ledger ?? read?.core.ledgerUrl ?? null,
    devices: { reader: { kind: 'none' }, hid: {}, ...devices, printer },
    ports: wanted.ports ?? [],
  }
  return examineThisMachine(known, {
    apart: askChildProcess,
    printer: () => (printer.kind === 'none' ? Promise.reject(new Error('no printer')) : lookAtPrinter(printer)),
  })
}

/** Where Electron keeps the packaged till's (docs/design/05-electron.md). */
function standardSettings(): readonly string[] {
  const { APPDATA, XDG_CONFIG_HOME } = process.env
  const folder = (process.platform === 'win32' ? APPDATA : XDG_CONFIG_HOME) || join(homedir(), '.config')
  return ['tolem', 'Tolem'].map((name) => settingsFileOf(join(folder, name)))
}

/** Whether `--settings` names such a file. */
export const isSettingsFile = (file: string): boolean => basename(file) === basename(settingsFileOf('.'))
