/** `npm start -- --headless` as a child process of a test, in folders of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { processesWith } from '../../fixtures/processes-of.ts'

export const root = resolve(import.meta.dirname, '..', '..', '..')
export const program = join(root, 'tools', 'start.ts')

export interface ReadyLine {
  readonly event: 'ready'
  readonly tillUrl: string
  readonly ledgerUrl: string
  readonly panelUrl: string
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  /** Rejects with what it said when it ends before. */
  readonly ready: Promise<ReadyLine>
  readonly ended: Promise<Ended>
}

/** A folder for one test: `data` and `anchors` in it, neither made yet. */
export interface Place {
  readonly folder: string
  readonly data: string
  readonly anchors: string
  /** Whatever still runs on it. */
  left(): readonly string[]
  remove(): void
}

export function newPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-start-'))
  return {
    folder,
    data: join(folder, 'data'),
    anchors: join(folder, 'anchors'),
    left: () => processesWith(folder).map(({ commandLine }) => commandLine),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** As npm runs it; `command` may put another program in front. */
export function start(
  place: Place,
  more: readonly string[] = [],
  command: readonly [string, ...string[]] = [process.execPath, program],
  look: readonly string[] = ['--headless'],
): Started {
  const [executable, ...first] = command
  const parameters = [...first, ...look, '--data', place.data, '--anchors', place.anchors, ...more]
  const child = spawn(executable, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => done({ code: code ?? (signal === null ? -1 : -2), stdout, stderr }))
  })
  const ready = new Promise<ReadyLine>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"event":"ready"')) done(JSON.parse(line) as ReadyLine)
    })
    ended.then((end) => fail(new Error(`ended with ${end.code} before it was ready: ${end.stderr}`)), fail)
  })
  ready.catch(() => undefined)
  return { child, ready, ended }
}
