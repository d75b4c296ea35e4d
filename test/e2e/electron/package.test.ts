/**
 * A packaged till, made by electron-builder around the test Electron in a temporary folder: what it holds, that it
 * sells for cash with core, device host and native modules run out of it, and that its fuses and its refusals hold
 * against who tries. No card is tapped: a package takes cards from PC/SC only.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { electronForTests } from '../../../tools/electron-for-tests.ts'
import { findingsInPackage } from '../../../tools/package/check.ts'
import { packTill, unpackedFolder } from '../../../tools/package/pack.ts'
import { stage } from '../../../tools/package/stage.ts'
import { startProcess } from '../../../tools/processes.ts'
import { openDisplay, whyNoElectron, type Display } from './start-electron.ts'
import { XKeyboard } from './x-keyboard.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const ledgerProgram = join(root, 'ledger-sim', 'main.ts')
const hardwareProgram = join(root, 'hardware-mocks', 'main.ts')
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

/** The payloads of the rows of a kind, oldest first, read beside the till that may be writing them. */
function journalRows(file: string, kind: string): readonly Record<string, unknown>[] {
  const journal = new Database(file, { readonly: true })
  try {
    const payloads = journal
      .prepare('SELECT json FROM payload JOIN row USING (sequence) WHERE kind = ? ORDER BY sequence')
      .pluck()
      .all(kind) as readonly string[]
    return payloads.map((json) => JSON.parse(json) as Record<string, unknown>)
  } finally {
    journal.close()
  }
}

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
}, 600_000)
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

  test('takes cash with a real ledger and printer: the journal closes the sale, and the slip is printed', async () => {
    const ledgerData = join(folder, 'ledger')
    const ledger = await startProcess('ledger', ledgerProgram, ['--data', ledgerData, '--port', '0', '--seed', 'demo'])
    const slips = join(folder, 'hardware', 'slips')
    const hardware = await startProcess('virtual hardware', hardwareProgram, ['--data', join(folder, 'hardware')])
    const keyboard = await XKeyboard.open(`${display?.name}`)
    try {
      const issued = await readFile(join(ledgerData, 'issuing', 'enrolment.json'), 'utf8')
      const { code } = JSON.parse(issued) as { code: string }
      const settings = {
        ledgerUrl: ledger.ready['ledgerUrl'],
        enrolmentCode: code,
        printer: { host: '127.0.0.1', port: hardware.ready['printerPort'], profile: 'epson-tm-t20iii' },
      }
      const home = await homeWith(JSON.stringify(settings))
      const till = startTill(home)
      await vi.waitFor(() => expect(till.stdout(), till.stderr()).toContain('"ready"'), waiting)
      expect(existsSync(join(userDataIn(home), 'till', 'enrolment.json'))).toBe(true)
      const journal = join(userDataIn(home), 'till', 'journal.sqlite')
      const rows = (kind: string): readonly Record<string, unknown>[] => journalRows(journal, kind)
      // A packaged till lets nothing look into its page: what the keyboard did is read from the journal.
      await vi.waitFor(async () => {
        await keyboard.press('Alt+l')
        expect(rows('language_set'), till.stderr()).not.toEqual([])
        expect(rows('package_activated')).not.toEqual([])
      }, waiting)
      // Once more: a page that takes this key has what the package brought, and loses none of the next.
      const { length: before } = rows('language_set')
      await keyboard.press('Alt+l')
      await vi.waitFor(() => expect(rows('language_set').length).toBeGreaterThan(before), waiting)

      await keyboard.press('3', '5', '0', 'Enter')
      // Cash is offered when the amount is in the sale, and no more when it is paid; before, F4 is nothing.
      await vi.waitFor(async () => {
        await keyboard.press('F4')
        expect(rows('sale_closed'), till.stderr()).toHaveLength(1)
      }, waiting)
      const [{ saleId }] = rows('sale_closed') as [{ saleId: string }]
      expect(rows('sale_frozen')).toMatchObject([{ sale: { saleId }, total: '35000' }])
      expect(rows('cash_taken')).toMatchObject([{ saleId, amount: '35000' }])
      await vi.waitFor(() => expect(rows('receipt_printed'), till.stderr()).toHaveLength(1), waiting)
      const printed = (await readdir(slips)).filter((name) => name.endsWith('.txt'))
      expect(printed).toHaveLength(1)
      expect(await readFile(join(slips, `${printed[0]}`), 'utf8')).toMatch(/ 350,00 /)
      expect(till.stderr()).not.toContain('device-host ended')

      // The doctor's processes run out of the package too, with no Node to be had (fuse RunAsNode).
      const bench = join(userDataIn(home), 'till', 'bench')
      const bundles = async (): Promise<readonly string[]> =>
        existsSync(bench) ? (await readdir(bench)).filter((name) => name.endsWith('.zip')) : []
      await keyboard.press('Enter', 'Alt+b')
      await vi.waitFor(async () => {
        await keyboard.press('F12', 'F10')
        expect(await bundles(), till.stderr()).not.toEqual([])
      }, waiting)
      const [bundle = ''] = await bundles()
      const parts = unzipSync(await readFile(join(bench, bundle)))
      const codes = new TextDecoder().decode(parts['doctor.jsonl']).matchAll(/"code":"([^"]+)"/g)
      expect([...codes].map(([, code]) => code)).toEqual(
        expect.arrayContaining(['node-ok', 'settings-ok', 'folder-in-use']),
      )

      till.child.kill('SIGTERM')
      expect(await till.ended).toBe(0)
      expect(rows('sale_closed')).toEqual([{ saleId, kind: 'sale_closed' }])
    } finally {
      keyboard.close()
      await hardware.stop()
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
