/**
 * The Electron shell as a program, built by electron.config.ts:
 *
 *     electron out/electron/main/main.js --core JSON --devices JSON [--ui-folder DIR] [--kiosk]
 *     tolem [--kiosk]
 *
 * The second is the packaged program: it reads settings.json (settings-file.ts) and refuses the switches of the first
 * (refused-switches.ts).
 * A second start brings the first one's window to the front; with --watch it opens another window there that only
 * watches. stdout carries one JSON line per event: `ready`, `failed` with `code` and `message`. Exit code 2 says that
 * it could not start or go on.
 */
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { app, dialog, Menu } from 'electron'
import { takeEnrolmentCode, withEnrolmentCode } from '../core/enrolment-code.ts'
import type { Timers } from '../shell/children.ts'
import { createSupervisor, exitCodeOfFailure, type ShellFailure } from '../shell/supervisor.ts'
import { readUiFiles } from '../shell/ui-files.ts'
import { tillUrl } from './channels.ts'
import { failureText } from './failure-texts.ts'
import { refusedSwitches } from './refused-switches.ts'
import { readSettingsFile, settingsFileOf } from './settings-file.ts'
import { createTillSession, registerTillScheme } from './till-session.ts'
import { createTillWindows, lockPages } from './till-windows.ts'
import { spawnUtilityProcesses } from './utility-processes.ts'

const root = resolve(import.meta.dirname, '..', '..', '..')

// Not strict: Electron and Chromium take switches from the same line.
const { values } = parseArgs({
  args: process.argv.slice(1),
  options: {
    core: { type: 'string', default: '{}' },
    devices: { type: 'string', default: '{}' },
    'ui-folder': { type: 'string', default: join(root, 'out', 'ui') },
    kiosk: { type: 'boolean', default: false },
    watch: { type: 'boolean', default: false },
    /** Other programs for core and device host, for tests. */
    'core-program': { type: 'string' },
    'devices-program': { type: 'string' },
  },
  strict: false,
})

const print = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`)
const log = (line: string): void => void process.stderr.write(`tolem: ${line}\n`)

/** The product's own file, or the one that a test names. */
const program = (named: string | boolean | undefined, own: string): string =>
  typeof named === 'string' ? named : join(root, own)

const timers: Timers = {
  elapsedMs: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Says what is wrong and waits until it was read, or until somebody ends the program. */
async function fail(failure: ShellFailure): Promise<void> {
  process.exitCode = exitCodeOfFailure
  print({ event: 'failed', ...failure })
  log(failure.message)
  const detail = `${failure.code}\n${failure.message}`
  await dialog.showMessageBox({ type: 'error', title: 'Tölem', message: failureText(failure.code), detail })
  app.exit(exitCodeOfFailure)
}

/**
 * Ends the program where Electron has not begun yet: no window, no profile, no debugger that listens, no child of ours.
 * On Windows the person sees a box; Electron on Linux has none to show so early and writes to stderr.
 */
function refuseToBegin(refused: string): void {
  const code = 'switch_refused'
  const message = `--${refused} is for sources and tests: start the packaged till without it`
  print({ event: 'failed', code, message })
  dialog.showErrorBox('Tölem', `${failureText(code)}\n\n${code}\n${message}`)
  app.exit(exitCodeOfFailure)
}

/** What core, device host and examiners are started with, as JSON. */
interface Parameters {
  readonly kind: 'given'
  readonly core: string
  readonly devices: string
  /** The file that they were read from, of a packaged till. */
  readonly settings?: string
  /** For a first start; it stands in no command line. */
  readonly enrolmentCode: string | undefined
}

function startParameters(): Parameters | { readonly kind: 'refused'; readonly failure: ShellFailure } {
  const enrolmentCode = takeEnrolmentCode(process.env)
  if (!app.isPackaged) return { kind: 'given', core: `${values.core}`, devices: `${values.devices}`, enrolmentCode }
  const userData = app.getPath('userData')
  const outcome = readSettingsFile({ userData, anchors: anchorFolder() })
  if (outcome.kind === 'refused') {
    return { kind: 'refused', failure: { code: outcome.code, message: `${outcome.file}: ${outcome.detail}` } }
  }
  return {
    kind: 'given',
    core: JSON.stringify(outcome.core),
    devices: JSON.stringify(outcome.devices),
    settings: settingsFileOf(userData),
    enrolmentCode: outcome.enrolmentCode,
  }
}

function examinerParameters({ core, devices, settings }: Parameters): readonly string[] {
  const known = ['--core', core, '--devices', devices]
  return settings === undefined ? known : [...known, '--settings', settings]
}

/** Where a program keeps what belongs to this machine and is no setting. */
function anchorFolder(): string {
  const { LOCALAPPDATA, XDG_STATE_HOME } = process.env
  const ofSystem = process.platform === 'win32' ? LOCALAPPDATA : XDG_STATE_HOME
  // An empty one counts as none (XDG Base Directory Specification): a relative folder would move with the start.
  return join(ofSystem || join(homedir(), '.local', 'state'), 'tolem', 'anchors')
}

async function start(): Promise<void> {
  Menu.setApplicationMenu(null)
  const parameters = startParameters()
  if (parameters.kind === 'refused') return fail(parameters.failure)
  let failed = false
  const supervisor = createSupervisor({
    spawn: spawnUtilityProcesses({
      core: {
        file: program(values['core-program'], 'src/terminal/core/main.ts'),
        parameters: ['--core', parameters.core],
        environment: withEnrolmentCode(parameters.enrolmentCode),
      },
      'device-host': {
        file: program(values['devices-program'], 'src/drivers/host/main.ts'),
        parameters: ['--devices', parameters.devices],
      },
      examiner: {
        file: join(root, 'src/terminal/examiner/main.ts'),
        parameters: examinerParameters(parameters),
      },
    }),
    timers,
    log,
    onDidBecomeReady: () => print({ event: 'ready', tillUrl }),
    onDidFail: (failure) => {
      failed = true
      void fail(failure)
    },
  })
  app.on('before-quit', (event) => {
    event.preventDefault()
    void supervisor.stop().then(() => app.exit(failed ? exitCodeOfFailure : 0))
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit())

  const windows = createTillWindows({
    tillSession: createTillSession(await readUiFiles(`${values['ui-folder']}`)),
    preloadFile: join(dirname(import.meta.dirname), 'preload', 'preload.cjs'),
    kiosk: values.kiosk === true,
    attachWindow: supervisor.attachWindow,
    timers,
    log,
  })
  app.on('second-instance', (_event, _line, _folder, wish) => {
    if ((wish as { watch?: unknown } | null)?.watch === true) windows.open()
    else windows.focus()
  })
  supervisor.start()
  windows.open()
}

const [refused] = app.isPackaged ? refusedSwitches(process.argv.slice(1), process.getuid?.() === 0) : []

if (refused !== undefined) {
  refuseToBegin(refused)
} else if (app.requestSingleInstanceLock({ watch: values.watch === true })) {
  // As root Chromium refuses its sandbox, and enableSandbox would end every process of ours.
  if (app.commandLine.hasSwitch('no-sandbox')) log('running without the sandbox of Chromium: only for tests as root')
  else app.enableSandbox()
  registerTillScheme()
  lockPages()
  app.on('window-all-closed', () => app.quit())
  // Not awaited: in an ESM main process a top-level await of it never ends (toolchain.md, "Electron").
  void app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error))
      app.exit(exitCodeOfFailure)
    })
} else {
  log('the till is open already; its window was asked to come to the front')
  app.exit(0)
}
