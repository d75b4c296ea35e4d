/** One process that is started again whenever it ends, until somebody says that it may stay ended. */
import type { Child, ChildRole, Timers, Unsubscribe } from './children.ts'
import { RestartPace } from './restart-pace.ts'

export interface KeptProcessOptions {
  readonly role: ChildRole
  readonly spawn: (role: ChildRole) => Child
  readonly timers: Timers
  readonly log: (line: string) => void
  readonly onDidStart: () => void
  readonly onMessage: (message: unknown) => void
  readonly onDidEnd: () => void
}

export class KeptProcess {
  readonly #options: KeptProcessOptions
  readonly #pace: RestartPace
  #child: Child | null = null
  #keep = true
  #cancelRestart: Unsubscribe | null = null
  #waiting: (() => void)[] = []

  constructor(options: KeptProcessOptions) {
    this.#options = options
    this.#pace = new RestartPace(() => options.timers.elapsedMs())
  }

  get running(): boolean {
    return this.#child !== null
  }

  start(): void {
    if (this.#child !== null || !this.#keep) return
    const { role, spawn, onDidStart, onMessage } = this.#options
    this.#cancelRestart = null
    this.#pace.started()
    const child = spawn(role)
    this.#child = child
    // A process that was killed may still have messages on the way: they belong to nobody.
    child.onMessage((message) => {
      if (this.#child === child) onMessage(message)
    })
    child.onDidExit((reason) => this.#ended(child, reason))
    onDidStart()
  }

  post(message: unknown): void {
    this.#child?.post(message)
  }

  /**
   * SIGKILL; it is started again unless `retire` was called, after the first wait: whoever asks for a kill knows why
   * and keeps his own waits.
   */
  kill(): void {
    this.#pace.forgive()
    this.#child?.kill()
  }

  /** From now on it stays ended once it ends. */
  retire(): void {
    this.#keep = false
    this.#cancelRestart?.()
    this.#cancelRestart = null
  }

  /** Resolves true when it has ended, false when it has not within `limitMs`. Call `retire` first. */
  ended(limitMs: number): Promise<boolean> {
    if (this.#child === null) return Promise.resolve(true)
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(limitMs, () => resolve(false))
      this.#waiting.push(() => {
        cancel()
        resolve(true)
      })
    })
  }

  #ended(child: Child, reason: string): void {
    if (this.#child !== child) return
    const { role, timers, log, onDidEnd } = this.#options
    this.#child = null
    const delayMs = this.#pace.ended()
    if (this.#keep) {
      log(`${role} ended (${reason}); starting it again in ${delayMs} ms`)
      this.#cancelRestart = timers.after(delayMs, () => this.start())
    }
    onDidEnd()
    for (const done of this.#waiting.splice(0)) done()
  }
}
