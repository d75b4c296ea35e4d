/**
 * The whole system on one machine: ledger simulator, virtual hardware, and a till's shell with core and device host,
 * each a process of its own. `npm start`, the demonstration and the end-to-end tests run the same world. More tills may
 * come to it, each with hardware of its own but the cards, which are carried from one to the other.
 *
 * Folders under `data`: `ledger/`, `hardware/`, `till/`, of more tills `hardware-2/`, `till-2/` and so on. A journal's
 * anchor lies outside of its `till/`.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { PrinterTiming } from '../src/drivers/printer/printer.ts'
import { lockDataFolder } from '../src/sync/journal/data-folder.ts'
import { withEnrolmentCode } from '../src/terminal/core/enrolment-code.ts'
import { ensureUiIsBuilt } from '../src/terminal/shell/build-ui.ts'
import { electronMainFile, ensureElectronShellIsBuilt } from '../src/terminal/shell-electron/build.ts'
import { startProcess, StartError, type RunningProcess, type StartOptions } from './processes.ts'

/** What the demonstration's world is made of: the same seed, the same cards. */
export const demoSeed = 'demo'

export interface WorldOptions {
  readonly data: string
  /** The till's address; 0 for any free port. */
  readonly tillPort?: number
  readonly ledgerPort?: number
  readonly panelPort?: number
  /** For demonstrations and tests: the time for all processes. */
  readonly clockUrl?: string
  /** For tests: the till's own time, when it is wrong. */
  readonly tillClockUrl?: string
  readonly anchorFolder?: string
  readonly syncIntervalMs?: number
  /** The till's patience with its ledger (src/terminal/core/settings.ts). */
  readonly answerWithinMs?: number
  /** The panel's virtual reader unless given. */
  readonly reader?: ReaderChoice
  /** What keeps the till's keys (src/terminal/core/tpm.ts); without it, they lie in their file: this is no shop. */
  readonly tpm?: string
  /** What the virtual hardware's random bytes are drawn from, so that a run can be repeated; else by chance. */
  readonly hardwareSeed?: string
  /** Scanner, keypad and display: the panel's unless given, or those on this machine's USB. */
  readonly hid?: HidChoice
  /** How long the printer may take, where it is not as most are (src/drivers/host/devices.ts). */
  readonly printerTiming?: Partial<PrinterTiming>
  /** What shows the till; without it, the browser host that opens nothing. */
  readonly shell?: TillShell
  /** Gives a start up that has not finished: everything started so far is stopped, `startWorld` rejects. */
  readonly abort?: AbortSignal
  /** One line for the person who waits. */
  readonly say?: (line: string) => void
}

export type ReaderChoice =
  | 'virtual'
  /** The readers of this machine's PC/SC service. */
  | 'pcsc'
  /** A module that the device host loads (src/drivers/host/devices.ts), and what it is given. */
  | { readonly path: string; readonly options: object }

export type HidChoice = 'virtual' | 'usb'

export type TillShell =
  /** `open`: in a kiosk, where there is Chromium and a display. */
  | { readonly kind: 'browser'; readonly open: boolean }
  | { readonly kind: 'electron'; readonly executable: string }
  /** Nothing: the caller starts core and device host itself, with `forTill`. */
  | { readonly kind: 'none' }

/** One till with its hardware. */
export interface TillPlace {
  readonly tillUrl: string
  readonly panelUrl: string
  readonly folders: { readonly till: string; readonly hardware: string }
}

export interface World extends TillPlace {
  /** With a single-use token; in Electron an address that only its own window knows; empty where no shell was asked. */
  readonly tillUrl: string
  /** What core and device host are started with, each as JSON. */
  readonly forTill: { readonly core: string; readonly devices: string; readonly enrolmentCode?: string }
  readonly shell: TillShell['kind']
  readonly ledgerUrl: string
  readonly folders: TillPlace['folders'] & { readonly ledger: string }
  /** Another till on the same ledger, in the browser host that opens nothing. It stops with the others. */
  openTill(enrolmentCode: string): Promise<TillPlace>
  readonly processes: readonly RunningProcess[]
  /** Resolves with the first process that ended without being asked to. */
  readonly broken: Promise<RunningProcess>
  stop(): Promise<void>
}

const root = resolve(import.meta.dirname, '..')
const program = (path: string): string => resolve(root, path)

/** @throws StartError or DataFolderError, with the remedy; nothing is left running then. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const data = resolve(options.data)
  const folders = { ledger: join(data, 'ledger'), hardware: join(data, 'hardware'), till: join(data, 'till') }
  const lock = lockDataFolder(data, { name: 'npm start', pid: process.pid, startedAt: new Date().toISOString() })
  const running: RunningProcess[] = []
  const { say = () => undefined, abort } = options
  let stopped: Promise<void> | undefined
  const stopAll = async (): Promise<void> => {
    // The till first: it may still hand over what waits.
    for (const part of running.toReversed()) await part.stop()
    lock.release()
  }
  const stop = (): Promise<void> => (stopped ??= stopAll())
  const start = async (
    name: string,
    path: string,
    programArguments: readonly string[],
    more: StartOptions = {},
  ): Promise<RunningProcess> => {
    const part = await startProcess(name, program(path), programArguments, { ...more, ...(abort && { abort }) })
    running.push(part)
    return part
  }
  const tillClockUrl = options.tillClockUrl ?? options.clockUrl
  const clock = options.clockUrl === undefined ? [] : ['--clock', options.clockUrl]
  try {
    const ledger = await start('ledger', 'ledger-sim/main.ts', [
      '--data',
      folders.ledger,
      '--port',
      String(options.ledgerPort ?? 0),
      '--seed',
      demoSeed,
      ...clock,
    ])
    const ledgerUrl = textOf(ledger, 'ledgerUrl')
    const issuing = join(folders.ledger, 'issuing')
    const startHardware = (name: string, folder: string, more: readonly string[]): Promise<RunningProcess> =>
      start(name, 'hardware-mocks/main.ts', [
        '--data',
        folder,
        '--wallet-keys',
        join(issuing, 'role-keys.json'),
        '--ledger-key',
        join(issuing, 'ledger-key.json'),
        '--ledger-port',
        new URL(ledgerUrl).port,
        ...(options.hardwareSeed === undefined ? [] : ['--seed', options.hardwareSeed]),
        ...more,
      ])
    const forTillWith = (hardwareOfTill: RunningProcess, folder: string, reader: ReaderChoice, hid: HidChoice) => {
      const core = {
        data: folder,
        anchor: join(
          options.anchorFolder ?? standardAnchorFolder(),
          `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.json`,
        ),
        ledgerUrl: `http://127.0.0.1:${String(hardwareOfTill.ready['proxyPort'])}`,
        tpm: options.tpm ?? 'none',
        ...(tillClockUrl === undefined ? {} : { clockUrl: tillClockUrl }),
        ...(options.syncIntervalMs === undefined ? {} : { syncIntervalMs: options.syncIntervalMs }),
        ...(options.answerWithinMs === undefined ? {} : { answerWithinMs: options.answerWithinMs }),
      }
      const devices = {
        reader: readerOf(reader, hardwareOfTill),
        printer: {
          kind: 'tcp',
          host: '127.0.0.1',
          port: hardwareOfTill.ready['printerPort'],
          profile: 'epson-tm-t20iii',
          ...(options.printerTiming && { timing: options.printerTiming }),
        },
        hid: hidOf(hid, hardwareOfTill),
      }
      return { core: JSON.stringify(core), devices: JSON.stringify(devices) }
    }
    const hardware = await startHardware('virtual hardware', folders.hardware, [
      '--cards',
      join(issuing, 'cards.json'),
      '--panel-port',
      String(options.panelPort ?? 0),
    ])
    const enrolment = enrolmentOf(folders)
    const firstTill = forTillWith(hardware, folders.till, options.reader ?? 'virtual', options.hid ?? 'virtual')
    const configuration = { ...firstTill, ...enrolment }
    const environment = withEnrolmentCode(enrolment.enrolmentCode)
    const forTill = ['--core', configuration.core, '--devices', configuration.devices]
    const browserHost = 'src/terminal/shell-browser/main.ts'
    const inBrowser = async (open: boolean): Promise<RunningProcess> => {
      const port = ['--port', String(options.tillPort ?? 0)]
      return start('till', browserHost, [...port, ...forTill, ...(open ? ['--open'] : [])], { environment })
    }
    const inElectron = async (executable: string): Promise<RunningProcess> => {
      await ensureUiIsBuilt(say)
      await ensureElectronShellIsBuilt(say)
      // As root Chromium refuses its sandbox. A profile per data folder: one window for each till.
      const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
      if (asRoot.length > 0) say('as root, Electron runs without the sandbox of Chromium; start it as another user')
      const profile = `--user-data-dir=${join(data, 'electron')}`
      return start('till', electronMainFile, [...asRoot, profile, ...forTill], { executable, environment })
    }
    const shell = options.shell ?? { kind: 'browser', open: false }
    let shownIn = shell.kind
    let till: RunningProcess | undefined
    if (shell.kind === 'none') till = undefined
    else if (shell.kind === 'browser') till = await inBrowser(shell.open)
    else {
      try {
        till = await inElectron(shell.executable)
      } catch (error) {
        // With a code, the till itself said why it cannot start: no other window would help.
        if (!(error instanceof StartError) || error.code !== null) throw error
        say(`Electron is not used: it does not run here (${lastLine(error.message)}); opening the till in a browser`)
        shownIn = 'browser'
        till = await inBrowser(true)
      }
    }
    let tills = 1
    const openTill = async (enrolmentCode: string): Promise<TillPlace> => {
      tills += 1
      const place = { till: join(data, `till-${tills}`), hardware: join(data, `hardware-${tills}`) }
      const cards = ['--card-folder', join(folders.hardware, 'cards')]
      const own = await startHardware(`virtual hardware ${tills}`, place.hardware, cards)
      const { core, devices } = forTillWith(own, place.till, 'virtual', 'virtual')
      const another = await start(`till ${tills}`, browserHost, ['--core', core, '--devices', devices], {
        environment: withEnrolmentCode(enrolmentCode),
      })
      return { tillUrl: textOf(another, 'tillUrl'), panelUrl: textOf(own, 'panelUrl'), folders: place }
    }
    const broken = Promise.race(
      running.map((part) =>
        part.ended.then(() => (stopped === undefined ? part : new Promise<never>(() => undefined))),
      ),
    )
    return {
      tillUrl: till === undefined ? '' : textOf(till, 'tillUrl'),
      forTill: configuration,
      shell: shownIn,
      ledgerUrl,
      panelUrl: textOf(hardware, 'panelUrl'),
      folders,
      openTill,
      processes: running,
      broken,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** As the device host takes it. */
function readerOf(choice: ReaderChoice, hardware: RunningProcess): object {
  if (choice === 'pcsc') return { kind: 'pcsc' }
  if (choice !== 'virtual') return { kind: 'module', ...choice }
  const port = hardware.ready['readerPort']
  return { kind: 'module', path: program('hardware-mocks/reader/remote.ts'), options: { port } }
}

/** As the device host takes it. The virtual keypad and display are named, as real ones have to be. */
function hidOf(choice: HidChoice, hardware: RunningProcess): object {
  if (choice === 'usb') return { kind: 'usb' }
  return {
    kind: 'module',
    path: program('hardware-mocks/hid/remote-bus.ts'),
    options: { port: hardware.ready['hidPort'] },
    devices: [
      { use: 'keypad', vendorId: '1209', productId: '0002' },
      { use: 'display', vendorId: '1209', productId: '0003', profile: 'escpos-cp866' },
    ],
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
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'tolem', 'anchors')
}

/** What a program said last is what ended it; colours are for terminals. */
function lastLine(text: string): string {
  const lines = stripVTControlCharacters(text).split('\n')
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? 'it says nothing'
}

function textOf(part: RunningProcess, field: string): string {
  const value = part.ready[field]
  if (typeof value !== 'string') throw new StartError(`${part.name} got ready without saying its ${field}`)
  return value
}
