/**
 * What both shells share: core and device host are started and started again, messages are relayed between them and
 * the windows, and at the end nothing is left behind (architecture.md, "Processes"). Knows neither Electron nor Node.
 */
import { fromCoreSchema, type FromCore, type ToCore } from '../contract/bridge.ts'
import type { Spawn, Timers } from './children.ts'
import { Examiners } from './examiners.ts'
import { KeptProcess } from './kept-process.ts'
import { Windows, type AttachedWindow, type WindowPort } from './windows.ts'

/** The core cannot start: a sentence with the remedy. The shell shows it and exits with `exitCodeOfFailure`. */
export interface ShellFailure {
  readonly code: string
  readonly message: string
}

export const exitCodeOfFailure = 2

export interface SupervisorOptions {
  readonly spawn: Spawn
  readonly timers: Timers
  /** One line for the log of the person who started the shell. */
  readonly log: (line: string) => void
  /** The core said that it is ready; called again after each restart. */
  readonly onDidBecomeReady: () => void
  /** The core gave up. All processes have ended when this is called. */
  readonly onDidFail: (failure: ShellFailure) => void
}

export interface Supervisor {
  start(): void
  attachWindow(window: WindowPort): AttachedWindow
  /** Asks the core to stop, kills what does not, resolves when both processes have ended. Harmless a second time. */
  stop(): Promise<void>
}

/** The core finishes what it is writing; nothing that takes longer is worth waiting for. */
const stopLimitMs = 8_000
/** After SIGKILL the end is reported at once, unless the system itself holds the process. */
const killLimitMs = 2_000

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { spawn, timers, log } = options
  let ending: Promise<void> | null = null
  /** Since its last start the core said something: from then on it surely listens. */
  let coreListens = false
  let heldForCore: ToCore[] = []
  /** Device hosts that have ended in a row, as the core said last. */
  let hostEnds = 0

  const tellCore = (message: ToCore): void => {
    if (!core.running) return
    if (coreListens) core.post(message)
    else heldForCore.push(message)
  }
  const examiners = new Examiners((words) => spawn('examiner', 0, words), tellCore)
  const windows = new Windows((body) => tellCore({ channel: 'ui', body }))

  const core = new KeptProcess({
    role: 'core',
    spawn: (role) => spawn(role, 0),
    timers,
    log,
    onDidStart: () => {
      coreListens = false
      heldForCore = []
      if (devices.running) tellCore({ channel: 'shell', body: { kind: 'device_host_started' } })
    },
    onMessage: (message) => {
      const parsed = fromCoreSchema.safeParse(message)
      if (!parsed.success) return log(`a message of the core has no known form and was dropped`)
      if (!coreListens) {
        coreListens = true
        for (const held of heldForCore.splice(0)) core.post(held)
      }
      coreSaid(parsed.data)
    },
    onDidEnd: () => {
      examiners.endAll()
      windows.coreIsAway()
    },
  })

  const devices = new KeptProcess({
    role: 'device-host',
    spawn: (role) => spawn(role, hostEnds),
    timers,
    log,
    onDidStart: () => tellCore({ channel: 'shell', body: { kind: 'device_host_started' } }),
    onMessage: (body) => tellCore({ channel: 'devices', body }),
    onDidEnd: () => tellCore({ channel: 'shell', body: { kind: 'device_host_ended' } }),
  })

  function coreSaid(message: FromCore): void {
    switch (message.channel) {
      case 'ui':
        if (!windows.coreSaid(message.body)) log('a frame of the core has no known form and was dropped')
        return
      case 'devices':
        return devices.post(message.body)
      case 'examiner':
        return examiners.post(message.run, message.body)
      case 'shell':
        switch (message.body.kind) {
          case 'ready':
            windows.coreIsReady()
            return options.onDidBecomeReady()
          case 'restart_device_host':
            log('the core asks for a new device host')
            hostEnds = message.body.endsInARow
            return devices.kill()
          case 'start_examiner':
            return ending === null ? examiners.start(message.body.run, message.body.words) : undefined
          case 'end_examiner':
            return examiners.end(message.body.run)
          case 'fatal': {
            const { code, message: sentence } = message.body
            if (ending !== null) return
            ending = end()
            void ending.then(() => options.onDidFail({ code, message: sentence }))
            return
          }
        }
    }
  }

  async function end(): Promise<void> {
    core.retire()
    examiners.endAll()
    // The device host serves until the core has ended: the core may be printing.
    core.post({ channel: 'shell', body: { kind: 'stop' } } satisfies ToCore)
    if (!(await core.ended(stopLimitMs))) {
      log(`the core did not stop within ${stopLimitMs / 1_000} s and is killed; the journal has what is true`)
      core.kill()
      if (!(await core.ended(killLimitMs))) log('the core does not end, even killed')
    }
    devices.retire()
    devices.kill()
    if (!(await devices.ended(killLimitMs))) log('the device host does not end, even killed')
  }

  return {
    start: () => {
      core.start()
      devices.start()
    },
    attachWindow: (window) => windows.attach(window),
    stop: () => (ending ??= end()),
  }
}
