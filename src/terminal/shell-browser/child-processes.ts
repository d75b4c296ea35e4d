/** Core and device host as child processes of Node, with Node's IPC. */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { withEnrolmentCode } from '../core/enrolment-code.ts'
import { toldOfEnds, type Child, type ChildRole, type Spawn, type Unsubscribe } from '../shell/children.ts'

/** What a role runs: a file for Node, and its arguments. */
export interface Program {
  readonly file: string
  readonly parameters: readonly string[]
  /** Beside the environment of the shell. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Passed on untouched as one argument each: `--core JSON`, `--devices JSON`. */
export interface ChildConfiguration {
  readonly core: string
  readonly devices: string
  /** For a first start; it stands in no command line. */
  readonly enrolmentCode?: string | undefined
}

/** The programs of the product. */
export function tolemPrograms({
  core,
  devices,
  enrolmentCode,
}: ChildConfiguration): Readonly<Record<ChildRole, Program>> {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  return {
    core: {
      file: file('../core/main.ts'),
      parameters: ['--core', core],
      environment: withEnrolmentCode(enrolmentCode),
    },
    'device-host': { file: file('../../drivers/host/main.ts'), parameters: ['--devices', devices] },
    examiner: { file: file('../examiner/main.ts'), parameters: ['--core', core, '--devices', devices] },
  }
}

/** What the children write goes to our stderr: our stdout belongs to the lines that other programs read. */
export function spawnChildProcesses(programs: Readonly<Record<ChildRole, Program>>): Spawn {
  return (role, endsInARow, words = []) => {
    const { file, parameters, environment } = programs[role]
    const started = spawn(process.execPath, [file, ...parameters, ...toldOfEnds(role, endsInARow), ...words], {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...process.env, ...environment },
      // A group of their own, so that Ctrl-C in a terminal reaches the shell alone, which then stops them in order.
      // When the shell dies, their channel closes, and that ends them.
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    return childOf(started)
  }
}

/** A process that was started with a channel of Node's IPC. */
export function childOf(started: ChildProcess): Child {
  const exitListeners = new Set<(reason: string) => void>()
  let ended = false
  const end = (reason: string): void => {
    if (ended) return
    ended = true
    for (const listener of exitListeners) listener(reason)
  }
  // `error` without a process id: it was never started, and no `exit` follows.
  started.on('error', (error) => {
    if (started.pid === undefined) end(error.message)
  })
  started.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  return {
    post: (message) => {
      // The callback takes the error of a process that died meanwhile; its exit tells the rest.
      if (started.connected) started.send(message as object, () => undefined)
    },
    onMessage: (listener): Unsubscribe => {
      started.on('message', listener)
      return () => void started.off('message', listener)
    },
    onDidExit: (listener): Unsubscribe => {
      exitListeners.add(listener)
      return () => void exitListeners.delete(listener)
    },
    kill: () => void started.kill('SIGKILL'),
  }
}
