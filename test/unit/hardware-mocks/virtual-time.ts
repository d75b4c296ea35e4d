import type { Scheduler } from '../../../hardware-mocks/reader/scheduler.ts'

/** Time that passes only when told to. */
export class VirtualTime implements Scheduler {
  #now = 0
  #timers: { readonly at: number; readonly run: () => void }[] = []

  setTimeout(run: () => void, delayMs: number): unknown {
    const timer = { at: this.#now + delayMs, run }
    this.#timers.push(timer)
    return timer
  }

  clearTimeout(handle: unknown): void {
    this.#timers = this.#timers.filter((timer) => timer !== handle)
  }

  get pending(): number {
    return this.#timers.length
  }

  /** Lets time pass, and what is due happen in its order. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    for (;;) {
      const next = this.#timers.toSorted((left, right) => left.at - right.at)[0]
      if (next === undefined || next.at > end) break
      this.#now = next.at
      this.clearTimeout(next)
      next.run()
      await Promise.resolve()
    }
    this.#now = end
  }
}
