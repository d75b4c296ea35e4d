/**
 * The browser host as a program:
 *
 *     node src/terminal/shell-browser/main.ts --port N --core JSON --devices JSON [--ui-folder DIR] [--open]
 *
 * A first start finds its one-time enrolment code in the environment: TOLEM_ENROLMENT_CODE.
 * stdout carries one JSON line per event: `ready` and `address` with `tillUrl`, `failed` with `code` and `message`.
 * Enter in its terminal, or SIGUSR1, prints a new address. SIGINT and SIGTERM stop it; exit code 2 says that it could
 * not start or go on.
 */
import { parseArgs } from 'node:util'
import { takeEnrolmentCode } from '../core/enrolment-code.ts'
import { exitCodeOfFailure, type ShellFailure } from '../shell/supervisor.ts'
import { startBrowserShell } from './browser-shell.ts'
import { builtUiFolder, ensureUiIsBuilt } from '../shell/build-ui.ts'
import { BuildError } from '../shell/build-when-outdated.ts'
import { spawnChildProcesses, tolemPrograms } from './child-processes.ts'
import { openKiosk, type Kiosk } from './kiosk.ts'
import { thisMachine } from './this-machine.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    core: { type: 'string', default: '{}' },
    devices: { type: 'string', default: '{}' },
    /** A folder that is already built; without it the UI is built where it is needed. */
    'ui-folder': { type: 'string' },
    open: { type: 'boolean', default: false },
    /** Other programs for core and device host, for tests. */
    'core-program': { type: 'string' },
    'devices-program': { type: 'string' },
  },
  strict: true,
})

/** For a first start; the device host and the kiosk's browser do not get it. */
const enrolmentCode = takeEnrolmentCode(process.env)

const print = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`)
const log = (line: string): void => void process.stderr.write(`tolem: ${line}\n`)

function fail(failure: ShellFailure): never {
  print({ event: 'failed', ...failure })
  log(failure.message)
  process.exit(exitCodeOfFailure)
}

/** A port number, 0 for any. */
function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  return fail({ code: 'port_malformed', message: `--port ${text} is no port. Give a number from 0 to 65535.` })
}

async function main(): Promise<void> {
  const abort = new AbortController()
  let stop = (): void => abort.abort()
  process.once('SIGINT', () => stop())
  process.once('SIGTERM', () => stop())

  const port = portOf(values.port)
  if (values['ui-folder'] === undefined) await buildUi()
  const own = tolemPrograms({ ...values, enrolmentCode })
  const start = await startBrowserShell({
    port,
    uiFolder: values['ui-folder'] ?? builtUiFolder,
    spawn: spawnChildProcesses({
      ...own,
      core: { ...own.core, file: values['core-program'] ?? own.core.file },
      'device-host': { ...own['device-host'], file: values['devices-program'] ?? own['device-host'].file },
    }),
    ...thisMachine,
    log,
    abort: abort.signal,
    onDidFail: (failure) => void closeKiosk().then(() => fail(failure)),
  })
  if (start.kind === 'aborted') process.exit(0)
  if (start.kind === 'failed') fail(start.failure)

  const { shell } = start
  stop = () => void Promise.all([shell.stop(), closeKiosk()]).then(() => process.exit(0))
  const newAddress = (): void => print({ event: 'address', tillUrl: shell.tillUrl() })
  // Where there is a listener, Node does not open its debugger on this signal.
  process.on('SIGUSR1', newAddress)
  if (process.stdin.isTTY) process.stdin.on('data', newAddress)
  print({ event: 'ready', tillUrl: shell.tillUrl() })
  if (values.open) await open(shell.tillUrl())
}

async function buildUi(): Promise<void> {
  try {
    await ensureUiIsBuilt(log)
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    fail({ code: 'ui_not_built', message: error.message })
  }
}

let kiosk: Kiosk | null = null
const closeKiosk = async (): Promise<void> => kiosk?.close()

async function open(tillUrl: string): Promise<void> {
  const outcome = await openKiosk(tillUrl)
  if (outcome.kind === 'opened') kiosk = outcome.kiosk
  else log(`the till's window was not opened: ${outcome.reason}. Open the address in a browser of this machine.`)
}

await main()
