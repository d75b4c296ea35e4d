/**
 * A packaged till, made by electron-builder around the test Electron in a temporary folder: what it holds, that core,
 * device host and native modules run out of it, and that its fuses and its refusals hold against who tries.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { electronForTests } from '../../../tools/electron-for-tests.ts'
import { findingsInPackage } from '../../../tools/package/check.ts'
import { packTill, unpackedFolder } from '../../../tools/package/pack.ts'
import { stage } from '../../../tools/package/stage.ts'
import { startProcess, type RunningProcess } from '../../../tools/processes.ts'
import { openDisplay, whyNoElectron, type Display } from './start-electron.ts'

const waiting = { timeout: 60_000, interval: 50 }
const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []

let folder = ''
let packaged = ''
let program = ''
let display: Display | undefined
const running = new Set<ChildProcess>()

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  stdout(): string
  stderr(): string
}

function run(executable: string, line: readonly string[], environment: NodeJS.ProcessEnv = {}): Started {
  const said = { stdout: '', stderr: '' }
  const child = spawn(executable, line, {
    env: { ...process.env, DISPLAY: display?.name, XDG_STATE_HOME: join(folder, 'state'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (running.delete(child), resolve(code)))
  })
  return { child, ended, stdout: () => said.stdout, stderr: () => said.stderr }
}

/** Of the till's own group, which is this test's doing; the leader may be gone already. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Where a packaged till keeps its user data (docs/adr/0014-packages.md), in a home of its own. */
const userDataIn = (home: string): string => join(home, 'tolem')

/** A person's folder of settings, what Linux calls XDG_CONFIG_HOME; with settings for the till, when there are any. */
async function homeWith(settings?: string): Promise<string> {
  const home = await mkdtemp(join(folder, 'home-'))
  if (settings === undefined) return home
  await mkdir(userDataIn(home))
  await writeFile(join(userDataIn(home), 'settings.json'), settings)
  return home
}

const startTill = (home: string, line: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Started =>
  run(program, [...asRoot, ...line], { XDG_CONFIG_HOME: home, ...environment })

/** The `failed` line of a till that shows its error window; the window is then closed with its program. */
async function failureOf(till: Started): Promise<{ readonly code: string; readonly message: string }> {
  const line = await vi.waitFor(() => {
    const found = till
      .stdout()
      .split('\n')
      .find((text) => text.includes('"failed"'))
    if (found === undefined) throw new Error(`no failed line in: ${till.stdout()}${till.stderr()}`)
    return found
  }, waiting)
  endGroup(till.child)
  await till.ended
  return JSON.parse(line) as { code: string; message: string }
}

beforeAll(async () => {
  if (whyNoElectron !== null) return
  folder = await mkdtemp(join(tmpdir(), 'tolem-package-'))
  display = await openDisplay()
  await stage(() => undefined)
  const output = join(folder, 'dist')
  await packTill({ electronDist: dirname(electronForTests() as string), output, targets: ['dir'] })
  packaged = unpackedFolder(output)
  program = join(packaged, 'tolem')
})
beforeEach(({ skip }) => {
  if (whyNoElectron !== null) skip(whyNoElectron)
})
afterAll(async () => {
  for (const child of running) endGroup(child)
  display?.close()
  if (folder !== '') await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

describe('a packaged till', () => {
  test('is as `npm run package -- --check` wants it', async () => {
    expect(await findingsInPackage(packaged)).toEqual([])
  })

  test('runs core, device host, journal and reader out of the package, against a real ledger', async () => {
    const ledgerData = join(folder, 'ledger')
    const ledger: RunningProcess = await startProcess(
      'ledger',
      join(import.meta.dirname, '..', '..', '..', 'ledger-sim', 'main.ts'),
      ['--data', ledgerData, '--port', '0', '--seed', 'demo'],
    )
    let asked = 0
    const printer: Server = createServer((socket) => {
      asked += 1
      socket.on('error', () => undefined).end()
    })
    await new Promise<void>((listening) => printer.listen(0, '127.0.0.1', listening))
    try {
      const issued = await readFile(join(ledgerData, 'issuing', 'enrolment.json'), 'utf8')
      const { code } = JSON.parse(issued) as { code: string }
      const { port } = printer.address() as { port: number }
      const settings = {
        ledgerUrl: ledger.ready['ledgerUrl'],
        enrolmentCode: code,
        printer: { host: '127.0.0.1', port },
      }
      const home = await homeWith(JSON.stringify(settings))
      const till = startTill(home)
      await vi.waitFor(() => expect(till.stdout(), till.stderr()).toContain('"ready"'), waiting)
      expect(existsSync(join(userDataIn(home), 'till', 'enrolment.json'))).toBe(true)
      expect(existsSync(join(userDataIn(home), 'till', 'journal.sqlite'))).toBe(true)
      // The device host asks the printer once it has opened its reader, and pcsc-mini for that.
      await vi.waitFor(() => expect(asked).toBeGreaterThan(0), waiting)
      expect(till.stderr()).not.toContain('device host ends')

      till.child.kill('SIGTERM')
      expect(await till.ended).toBe(0)
    } finally {
      printer.close()
      await ledger.stop()
    }
  })

  test('draws receipts with the typeface beside the archive', async () => {
    const raster = pathToFileURL(join(packaged, 'resources', 'app.asar', 'src/drivers/printer/raster.ts')).href
    const script = join(folder, 'draw.mjs')
    await writeFile(
      script,
      `const { loadTypeface } = await import(${JSON.stringify(raster)})
       const ink = (text) => loadTypeface().draw([{ text, bold: false, size: 'normal' }], 48, 576)
         .data.reduce((dark, value, place) => dark + (place % 4 === 0 && value < 128 ? 1 : 0), 0)
       process.stdout.write(JSON.stringify([ink(' '), ink('Төлем ₸')]))`,
    )
    // Run as Node by the test Electron, whose fuses are as shipped; the package's own refuses this (below).
    const drawn = run(electronForTests() as string, [script], { ELECTRON_RUN_AS_NODE: '1' })
    expect(await drawn.ended).toBe(0)
    const [empty, written] = JSON.parse(drawn.stdout()) as [number, number]
    expect(empty).toBe(0)
    expect(written).toBeGreaterThan(200)
  })
})

describe('somebody who tries', () => {
  /** A module that leaves a mark where it ran. */
  async function planted(name: string, place: string): Promise<{ file: string; hasRun: () => boolean }> {
    const mark = join(folder, `${name}.mark`)
    await mkdir(place, { recursive: true })
    const file = join(place, 'index.cjs')
    await writeFile(file, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
    return { file, hasRun: () => existsSync(mark) }
  }

  test('to run a script as Node is served by an Electron as shipped, and not by the till', async () => {
    const script = await planted('as-node', join(folder, 'as-node'))
    const asNode = { ELECTRON_RUN_AS_NODE: '1' }
    const shipped = run(electronForTests() as string, [script.file], asNode)
    await shipped.ended
    expect(script.hasRun()).toBe(true)

    await rm(join(folder, 'as-node.mark'))
    const till = startTill(await homeWith(), [script.file], asNode)
    expect(await failureOf(till)).toMatchObject({ code: 'settings_missing' })
    expect(script.hasRun()).toBe(false)
  })

  test('NODE_OPTIONS, --inspect and a folder beside the archive change nothing', async () => {
    const required = await planted('required', join(folder, 'required'))
    const beside = await planted('beside', join(packaged, 'resources', 'app'))
    await writeFile(join(packaged, 'resources', 'app', 'package.json'), '{"main":"index.cjs"}')
    try {
      const environment = { NODE_OPTIONS: `--require ${required.file}` }
      const till = startTill(await homeWith(), ['--inspect=127.0.0.1:0'], environment)
      expect(await failureOf(till)).toMatchObject({ code: 'settings_missing' })
      expect(till.stderr()).not.toContain('Debugger listening')
      expect([required.hasRun(), beside.hasRun()]).toEqual([false, false])
    } finally {
      await rm(join(packaged, 'resources', 'app'), { recursive: true })
    }
  })

  test('other programs, a debugger, other user data: the till ends before it has a profile or a core', async () => {
    const foreign = await planted('foreign-core', join(folder, 'foreign-core'))
    const elsewhere = join(folder, 'elsewhere')
    for (const line of [
      ['--core-program', foreign.file],
      ['--core', '{}'],
      ['--remote-debugging-port=0'],
      // Chromium takes the blank away.
      [' --remote-debugging-port=0'],
      [`--user-data-dir=${elsewhere}`],
    ]) {
      const home = await homeWith()
      const till = startTill(home, line)
      expect(await till.ended, `${line}`).toBe(2)
      expect(JSON.parse(till.stdout())).toMatchObject({ event: 'failed', code: 'switch_refused' })
      expect(till.stderr()).toContain('Start it by its icon.')
      expect(till.stderr()).not.toContain('DevTools listening')
      expect(existsSync(userDataIn(home)), `${line}`).toBe(false)
    }
    expect(foreign.hasRun()).toBe(false)
    // Electron itself makes the folder that it is told, before any line of ours runs.
    expect(await readdir(elsewhere)).toEqual([])
  })

  test('a settings file with a mistake is named with its place, and no value of it', async () => {
    const till = startTill(await homeWith('{"ledgerUrl":"https://ledger.example/","enrolmentCod":"4711-secret"}'))
    const { code, message } = await failureOf(till)
    expect(code).toBe('settings_malformed')
    expect(message).toMatch(/settings\.json: enrolmentCod$/)
    expect(till.stderr() + till.stdout()).not.toContain('4711-secret')
  })
})
