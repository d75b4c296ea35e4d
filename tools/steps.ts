/** Runs the project's checks as child processes, one result each, and leaves none of them behind. */
import { spawn, type ChildProcess } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly limitSeconds: number
  readonly environment?: Readonly<Record<string, string>>
}

export interface StepResult {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  /** Why it did not pass; empty when it did. */
  readonly reason: string
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const running = new Set<ChildProcess>()

/**
 * Node packages' programs are found through the PATH that bootstrap.mjs sets. Ends children on a signal and then this
 * process, with the code a shell shows for that signal.
 */
export function stopChildrenOnSignal(): void {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [signal, code] of Object.entries(codes)) {
    process.once(signal, () => {
      for (const child of running) child.kill('SIGTERM')
      process.exitCode = code
      const ended = [...running].map((child) => new Promise((resolve) => child.once('exit', resolve)))
      const patience = new Promise((resolve) => setTimeout(resolve, 10_000))
      void Promise.race([Promise.all(ended), patience]).then(() => {
        for (const child of running) child.kill('SIGKILL')
        process.exit(code)
      })
    })
  }
}

/**
 * `show` = 'live' passes the child's output through; 'onFailure' keeps it and prints it only when the step fails, so
 * that steps may run at the same time.
 */
export function runStep(step: Step, show: 'live' | 'onFailure'): Promise<StepResult> {
  const started = performance.now()
  const [program, ...parameters] = step.command
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      cwd: root,
      stdio: show === 'live' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...step.environment },
      // npm's programs are .cmd files there, which only a shell starts.
      shell: process.platform === 'win32',
    })
    running.add(child)
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
    let overdue = false
    const limit = setTimeout(() => {
      overdue = true
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), 5_000).unref()
    }, step.limitSeconds * 1_000)
    const finish = (reason: string): void => {
      clearTimeout(limit)
      running.delete(child)
      const seconds = (performance.now() - started) / 1_000
      if (reason !== '' && output !== '') process.stdout.write(`\n── ${step.name} ──\n${output.trimEnd()}\n`)
      resolve({ name: step.name, passed: reason === '', seconds, reason })
    }
    child.on('error', (error) => finish(error.message))
    child.on('close', (code, signal) => {
      if (overdue) finish(`no end after ${step.limitSeconds} s`)
      else if (signal !== null) finish(`ended by ${signal}`)
      else finish(code === 0 ? '' : `exit code ${code}`)
    })
  })
}

/** One line per step, for the end of a run. */
export function summary(results: readonly StepResult[]): string {
  const width = Math.max(...results.map((result) => result.name.length))
  return results
    .map((result) => {
      const seconds = `${result.seconds.toFixed(1)} s`.padStart(8)
      const verdict = result.passed ? 'ok    ' : 'FAILED'
      return `  ${verdict} ${result.name.padEnd(width)} ${seconds}  ${result.reason}`.trimEnd()
    })
    .join('\n')
}

/** What every change must pass before anything is tested: the same in `npm run ready` and `npm test`. */
export const staticChecks: readonly Step[] = [
  { name: 'typecheck', command: ['npm', 'run', '--silent', 'typecheck'], limitSeconds: 180 },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'], limitSeconds: 60 },
  { name: 'format', command: ['npm', 'run', '--silent', 'format:check'], limitSeconds: 60 },
  { name: 'boundaries', command: ['npm', 'run', '--silent', 'boundaries'], limitSeconds: 120 },
]
