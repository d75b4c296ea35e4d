import type { Scheduler } from '../../../src/drivers/scheduler.ts'

/** Time that moves only when a test says so. Callbacks run in the order of their times. */
export class FakeScheduler implements Scheduler {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
  }

  get pendingCount(): number {
    return this.#timers.length
  }

  /** Moves time on, and lets promises settle after each callback. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs
    await settlePromises()
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.clearTimeout(due)
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.callback()
      await settlePromises()
    }
    this.#nowMs = endMs
  }

  /** The machine slept: time has passed, and what was due meanwhile runs once, late. */
  async sleep(forMs: number): Promise<void> {
    this.#nowMs += forMs
    await this.advance(0)
  }
}

/** Lets everything run that waits for promises and microtasks only. */
export const settlePromises = () => new Promise<void>((resolve) => setImmediate(resolve))
