/** Starts the product's processes and stops them again, so that none is left behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface RunningProcess {
  readonly name: string
  /** The fields of its `ready` line. */
  readonly ready: Readonly<Record<string, unknown>>
  readonly child: ChildProcess
  /** Resolves with the exit code, however it ends. */
  readonly ended: Promise<number>
  /** SIGTERM, and after a while SIGKILL. Resolves when the process is gone. */
  stop(): Promise<void>
}

/** A process said why it cannot start; `message` holds the remedy. */
export class StartError extends Error {
  /** The code of its `failed` line; null when it ended without one. */
  readonly code: string | null

  constructor(message: string, code: string | null = null) {
    super(message)
    this.name = 'StartError'
    this.code = code
  }
}

export interface StartOptions {
  /** Another program than this Node: it gets `programArguments` only. */
  readonly executable?: string
  /** Gives the start up: the process is stopped, `startProcess` rejects. */
  readonly abort?: AbortSignal
  /** Beside our own environment. */
  readonly environment?: Readonly<Record<string, string>>
}

const readyWithinMs = 60_000
/** Longer than a shell gives its core (src/terminal/shell/supervisor.ts). */
const stopWithinMs = 12_000
const saidMax = 4_000
const lifeline = join(import.meta.dirname, 'end-with-parent.ts')

/**
 * Runs a TypeScript program of ours on this same Node and waits for its line `{"event":"ready",…}`. It has a process
 * group of its own, so that a terminal's Ctrl-C reaches the start alone, which then stops the parts in their order.
 * @throws StartError with what the program said
 */
export async function startProcess(
  name: string,
  program: string,
  programArguments: readonly string[],
  options: StartOptions = {},
): Promise<RunningProcess> {
  const { executable, abort, environment } = options
  const [command, own] =
    executable === undefined ? [process.execPath, ['--import', lifeline, program]] : [executable, [program]]
  const child = spawn(command, [...own, ...programArguments], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    detached: process.platform !== 'win32',
  })
  const [, stdout, stderr] = child.stdio as unknown as readonly [null, Readable, Readable]
  // A child that dies takes its end of the lifeline with it; its exit tells the rest.
  child.stdio[3]?.on('error', () => undefined)
  let said = ''
  let failed: { message: string; code: string | null } | undefined
  const failedAt = (event: Record<string, unknown> | undefined): boolean => {
    if (event?.['event'] !== 'failed') return false
    const { message, detail, code } = event
    failed = { message: String(message ?? detail ?? `${name} failed`), code: typeof code === 'string' ? code : null }
    return true
  }
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1))
    child.once('error', (error) => {
      said += error.message
      if (child.pid === undefined) resolve(1)
    })
  })
  createInterface({ input: stderr }).on('line', (line) => {
    if (!failedAt(eventOf(line))) said = `${said}${line}\n`.slice(-saidMax)
    if (process.env['TOLEM_VERBOSE'] !== undefined) process.stderr.write(`${line}\n`)
  })
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => killGroup(child), stopWithinMs)
    await ended
    clearTimeout(timer)
  }
  const ready = new Promise<Record<string, unknown> | 'failed'>((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const event = eventOf(line)
      if (event?.['event'] === 'ready') resolve(event)
      if (failedAt(event)) resolve('failed')
    })
  })
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), readyWithinMs).unref())
  const aborted = new Promise<'aborted'>((resolve) => {
    if (abort?.aborted === true) resolve('aborted')
    abort?.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
  // What it said is whole only when its pipes are closed.
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const first = await Promise.race([ready, ended.then(() => closed), late, aborted])
  if (typeof first === 'object') return { name, ready: first, child, ended, stop }
  await stop()
  if (first === 'aborted') throw new StartError(`the start of ${name} was given up.`, 'aborted')
  if (failed !== undefined) throw new StartError(failed.message, failed.code)
  throw new StartError(
    first === 'late'
      ? `${name} did not get ready within ${readyWithinMs / 1000} s. ${said.trim()}`
      : said.trim() || `${name} ended at once.`,
  )
}

/** The whole family of a process that does not end: Electron's helpers would stay without it. */
function killGroup(child: ChildProcess): void {
  try {
    process.kill(process.platform === 'win32' ? (child.pid as number) : -(child.pid as number), 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function eventOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
