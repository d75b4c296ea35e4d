/** The browser host: the till for any browser of this machine, on the same contract as the Electron shell. */
import { createAccess } from './access.ts'
import { startTillServer, type TillServer } from './till-server.ts'
import type { Spawn, Timers } from '../shell/children.ts'
import { createSupervisor, type ShellFailure } from '../shell/supervisor.ts'
import { readUiFiles } from '../shell/ui-files.ts'

export interface BrowserShellOptions {
  /** 0: any free port. Only 127.0.0.1 listens. */
  readonly port: number
  /** A built user interface (`shell/build-ui.ts`). */
  readonly uiFolder: string
  readonly spawn: Spawn
  readonly timers: Timers
  /** See `AccessOptions`. */
  readonly randomName: () => string
  /** One line for the person who started it. */
  readonly log: (line: string) => void
  /** The core gave up after it had been ready; everything has been stopped already. */
  readonly onDidFail: (failure: ShellFailure) => void
  /** Gives a start up that has not become ready yet. */
  readonly abort?: AbortSignal
}

export interface BrowserShell {
  readonly origin: string
  /** The address of the till with a new token: opens it once, within `tokenLifetimeMs`. */
  tillUrl(): string
  /** Ends the windows' connections, core and device host. Harmless a second time. */
  stop(): Promise<void>
}

export type BrowserShellStart =
  | { readonly kind: 'ready'; readonly shell: BrowserShell }
  /** Nothing was left running, here and below. */
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly failure: ShellFailure }

/** Starts everything and resolves when the core is ready, or has said why it cannot be. */
export async function startBrowserShell(options: BrowserShellOptions): Promise<BrowserShellStart> {
  const { port, uiFolder, spawn, timers, randomName, log } = options
  const access = createAccess({ elapsedMs: timers.elapsedMs, randomName })
  const uiFiles = await readUiFiles(uiFolder)

  return new Promise((resolve, reject) => {
    let server: TillServer | null = null
    let started = false
    let stopping: Promise<void> | null = null

    const supervisor = createSupervisor({
      spawn,
      timers,
      log,
      onDidBecomeReady: () => {
        if (started) return log('the core is running again')
        started = true
        resolve({ kind: 'ready', shell })
      },
      onDidFail: (failure) => {
        const wasReady = started
        void stop().then(() => (wasReady ? options.onDidFail(failure) : resolve({ kind: 'failed', failure })))
      },
    })
    const stop = (): Promise<void> =>
      (stopping ??= Promise.all([supervisor.stop(), server?.close()]).then(() => undefined))
    const shell: BrowserShell = {
      get origin() {
        return (server as TillServer).origin
      },
      tillUrl: () => `${(server as TillServer).origin}/#t=${access.issueToken()}`,
      stop,
    }

    const giveUp = (): void => {
      if (!started) void stop().then(() => resolve({ kind: 'aborted' }))
    }
    // The port first: when it is taken, nothing else has been started.
    startTillServer({ port, uiFiles, access, attachWindow: supervisor.attachWindow }).then(
      (listening) => {
        server = listening
        if (options.abort?.aborted === true) return giveUp()
        options.abort?.addEventListener('abort', giveUp, { once: true })
        supervisor.start()
      },
      (error: NodeJS.ErrnoException) => {
        const failure = failureToListen(error, port)
        if (failure === null) reject(error)
        else resolve({ kind: 'failed', failure })
      },
    )
  })
}

function failureToListen(error: NodeJS.ErrnoException, port: number): ShellFailure | null {
  if (error.code === 'EADDRINUSE') {
    return {
      code: 'port_taken',
      message: `Port ${port} of this machine is taken by another program. Stop that program, or choose another port.`,
    }
  }
  if (error.code === 'EACCES') {
    return { code: 'port_not_allowed', message: `Port ${port} needs more rights. Choose one above 1023.` }
  }
  return null
}
