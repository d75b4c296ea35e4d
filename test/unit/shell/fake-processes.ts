/** Processes and time that a test moves by hand. */
import type { Child, ChildRole, Spawn, Timers } from '../../../src/terminal/shell/children.ts'

export class FakeChild implements Child {
  readonly role: ChildRole
  readonly received: unknown[] = []
  killed = false
  /** A process that even SIGKILL does not end at once. */
  survivesKill = false
  readonly #messageListeners = new Set<(message: unknown) => void>()
  readonly #exitListeners = new Set<(reason: string) => void>()

  constructor(role: ChildRole) {
    this.role = role
  }

  post(message: unknown): void {
    this.received.push(structuredClone(message))
  }

  onMessage(listener: (message: unknown) => void) {
    this.#messageListeners.add(listener)
    return () => void this.#messageListeners.delete(listener)
  }

  onDidExit(listener: (reason: string) => void) {
    this.#exitListeners.add(listener)
    return () => void this.#exitListeners.delete(listener)
  }

  kill(): void {
    this.killed = true
    if (!this.survivesKill) this.exit('SIGKILL')
  }

  says(message: unknown): void {
    for (const listener of this.#messageListeners) listener(message)
  }

  exit(reason = 'exit code 1'): void {
    for (const listener of this.#exitListeners) listener(reason)
  }
}

export class FakeProcesses {
  readonly started: FakeChild[] = []
  /** What each start was told of the ends before it. */
  readonly endsTold: number[] = []
  /** What each examiner is to look at. */
  readonly wordsTold: (readonly string[])[] = []
  readonly spawn: Spawn = (role, endsInARow, words = []) => {
    if (role === 'examiner') this.wordsTold.push(words)
    if (role === 'device-host') this.endsTold.push(endsInARow)
    const child = new FakeChild(role)
    this.started.push(child)
    return child
  }

  all(role: ChildRole): readonly FakeChild[] {
    return this.started.filter((child) => child.role === role)
  }

  newest(role: ChildRole): FakeChild {
    const child = this.all(role).at(-1)
    if (child === undefined) throw new Error(`no ${role} was started`)
    return child
  }
}

export class HandTimers implements Timers {
  #nowMs = 0
  readonly #waiting = new Set<{ readonly atMs: number; readonly call: () => void }>()

  elapsedMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, call: () => void) {
    const entry = { atMs: this.#nowMs + delayMs, call }
    this.#waiting.add(entry)
    return () => void this.#waiting.delete(entry)
  }

  get pending(): number {
    return this.#waiting.size
  }

  /** Runs what falls due on the way, in order, and what promises those settled. */
  async pass(milliseconds: number): Promise<void> {
    const endMs = this.#nowMs + milliseconds
    for (;;) {
      const next = [...this.#waiting].toSorted((one, other) => one.atMs - other.atMs)[0]
      if (next === undefined || next.atMs > endMs) break
      this.#waiting.delete(next)
      this.#nowMs = next.atMs
      next.call()
      await settle()
    }
    this.#nowMs = endMs
    await settle()
  }
}

/** Lets everything that waits for resolved promises run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
