/** Starts the product's processes and stops them again, so that none is left behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface RunningProcess {
  readonly name: string
  /** The fields of its `ready` line. */
  readonly ready: Readonly<Record<string, unknown>>
  readonly child: ChildProcess
  /** Resolves with the exit code, however it ends. */
  readonly ended: Promise<number>
  /** SIGTERM, and after a few seconds SIGKILL. Resolves when the process is gone. */
  stop(): Promise<void>
}

/** A process said why it cannot start; `message` holds the remedy. */
export class StartError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StartError'
  }
}

const readyWithinMs = 60_000
const stopWithinMs = 5_000

/**
 * Runs a TypeScript program of ours on this same Node and waits for its line `{"event":"ready",…}`.
 * @throws StartError with what the program said
 */
export async function startProcess(
  name: string,
  program: string,
  programArguments: readonly string[],
): Promise<RunningProcess> {
  const child = spawn(process.execPath, [program, ...programArguments], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000)
    if (process.env['TOLEM_VERBOSE'] !== undefined) process.stderr.write(chunk)
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(timer)
  }
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = eventOf(line)
      if (event?.['event'] === 'ready') resolve(event)
      if (event?.['event'] === 'failed') said = String(event['message'] ?? event['detail'] ?? line)
    })
  })
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), readyWithinMs).unref())
  const first = await Promise.race([ready, ended, late])
  if (typeof first === 'object') return { name, ready: first, child, ended, stop }
  await stop()
  throw new StartError(
    first === 'late'
      ? `${name} did not get ready within ${readyWithinMs / 1000} s. ${said.trim()}`
      : said.trim() || `${name} ended at once.`,
  )
}

function eventOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
