/**
 * The whole system on one machine: ledger simulator, virtual hardware, and a till's shell with core and device host, each
 * a process of its own. `npm start`, the demonstration and the end-to-end tests run the same world.
 *
 * Folders under `data`: `ledger/`, `hardware/`, `till/`. The journal's anchor lies outside of `till/`.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { lockDataFolder } from '../src/sync/journal/data-folder.ts'
import { startProcess, StartError, type RunningProcess } from './processes.ts'

export interface WorldOptions {
  readonly data: string
  /** The till's address; 0 for any free port. */
  readonly tillPort?: number
  readonly ledgerPort?: number
  readonly panelPort?: number
  /** For demonstrations and tests: the time for all processes. */
  readonly clockUrl?: string
  readonly anchorFolder?: string
  readonly syncIntervalMs?: number
  /** Opens the till's window where the machine has one. */
  readonly open?: boolean
}

export interface World {
  readonly tillUrl: string
  readonly ledgerUrl: string
  readonly panelUrl: string
  readonly folders: { readonly ledger: string; readonly hardware: string; readonly till: string }
  readonly processes: readonly RunningProcess[]
  /** Resolves with the first process that ended without being asked to. */
  readonly broken: Promise<RunningProcess>
  stop(): Promise<void>
}

const root = resolve(import.meta.dirname, '..')
const program = (path: string): string => join(root, path)

/** @throws StartError or DataFolderError, with the remedy; nothing is left running then. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const data = resolve(options.data)
  const folders = { ledger: join(data, 'ledger'), hardware: join(data, 'hardware'), till: join(data, 'till') }
  const lock = lockDataFolder(data, { name: 'npm start', pid: process.pid, startedAt: new Date().toISOString() })
  const running: RunningProcess[] = []
  let stopping = false
  const stop = async (): Promise<void> => {
    stopping = true
    // The till first: it may still hand over what waits.
    for (const part of running.toReversed()) await part.stop()
    lock.release()
  }
  const start = async (name: string, path: string, programArguments: readonly string[]): Promise<RunningProcess> => {
    const part = await startProcess(name, program(path), programArguments)
    running.push(part)
    return part
  }
  const clock = options.clockUrl === undefined ? [] : ['--clock', options.clockUrl]
  try {
    const ledger = await start('ledger', 'ledger-sim/main.ts', [
      '--data',
      folders.ledger,
      '--port',
      String(options.ledgerPort ?? 0),
      '--seed',
      'demo',
      ...clock,
    ])
    const ledgerUrl = textOf(ledger, 'ledgerUrl')
    const hardware = await start('virtual hardware', 'hardware-mocks/main.ts', [
      '--data',
      folders.hardware,
      '--cards',
      join(folders.ledger, 'issuing', 'cards.json'),
      '--ledger-port',
      new URL(ledgerUrl).port,
      '--panel-port',
      String(options.panelPort ?? 0),
    ])
    const core = {
      data: folders.till,
      anchor: join(
        options.anchorFolder ?? standardAnchorFolder(),
        `${createHash('sha256').update(folders.till).digest('hex').slice(0, 16)}.json`,
      ),
      ledgerUrl: `http://127.0.0.1:${String(hardware.ready['proxyPort'])}`,
      ...enrolmentOf(folders),
      ...(options.clockUrl === undefined ? {} : { clockUrl: options.clockUrl }),
      ...(options.syncIntervalMs === undefined ? {} : { syncIntervalMs: options.syncIntervalMs }),
    }
    const devices = {
      reader: {
        kind: 'module',
        path: program('hardware-mocks/reader/remote.ts'),
        options: { port: hardware.ready['readerPort'] },
      },
      printer: { kind: 'tcp', host: '127.0.0.1', port: hardware.ready['printerPort'], profile: 'epson-tm-t20iii' },
    }
    const till = await start('till', 'src/terminal/shell-browser/main.ts', [
      '--port',
      String(options.tillPort ?? 0),
      '--core',
      JSON.stringify(core),
      '--devices',
      JSON.stringify(devices),
      ...(options.open === true ? ['--open'] : []),
    ])
    const broken = Promise.race(
      running.map((part) => part.ended.then(() => (stopping ? new Promise<never>(() => undefined) : part))),
    )
    return {
      tillUrl: textOf(till, 'tillUrl'),
      ledgerUrl,
      panelUrl: textOf(hardware, 'panelUrl'),
      folders,
      processes: running,
      broken,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The demonstration's enrolment code, while the till is not enrolled yet. */
function enrolmentOf(folders: World['folders']): { enrolmentCode?: string } {
  const file = join(folders.ledger, 'issuing', 'enrolment.json')
  if (existsSync(join(folders.till, 'enrolment.json')) || !existsSync(file)) return {}
  const { code } = JSON.parse(readFileSync(file, 'utf8')) as { code: string }
  return { enrolmentCode: code }
}

function standardAnchorFolder(): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'tolem', 'anchors')
}

function textOf(part: RunningProcess, field: string): string {
  const value = part.ready[field]
  if (typeof value !== 'string') throw new StartError(`${part.name} got ready without saying its ${field}`)
  return value
}
