/**
 * Virtual time: events happen in the order of their moments, and a moment costs nothing. Everything under simulation is
 * promises over these timers, so one turn of the real event loop after each event lets all of them settle.
 */
import type { Scheduler } from '../../src/sync/engine/ports.ts'

interface Entry {
  readonly at: number
  readonly order: number
  readonly callback: () => void
  cancelled: boolean
}

export class VirtualTime {
  #now: number
  #order = 0
  readonly #entries: Entry[] = []
  readonly scheduler: Scheduler & { now(): number }

  constructor(startMs: number) {
    this.#now = startMs
    this.scheduler = {
      now: () => this.#now,
      setTimeout: (callback, delayMs) => this.at(this.#now + Math.max(0, delayMs), callback),
      clearTimeout: (entry) => {
        if (entry !== undefined && entry !== null) (entry as Entry).cancelled = true
      },
    }
  }

  get now(): number {
    return this.#now
  }

  at(moment: number, callback: () => void): Entry {
    const entry = { at: moment, order: this.#order++, callback, cancelled: false }
    // Kept sorted by (at, order): a binary search is enough for the few thousand timers of a simulated town.
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#entries[middle] as Entry
      if (other.at < entry.at || (other.at === entry.at && other.order < entry.order)) low = middle + 1
      else high = middle
    }
    this.#entries.splice(low, 0, entry)
    return entry
  }

  /** Resolves after that much virtual time. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + delayMs, resolve))
  }

  /** Runs the next event; false when nothing is left to happen. */
  async step(): Promise<boolean> {
    await turn()
    const next = this.#entries.shift()
    if (next === undefined) return false
    this.#now = next.at
    if (!next.cancelled) next.callback()
    await turn()
    return true
  }

  /** Runs until the moment, or until nothing is left to happen. */
  async runUntil(moment: number): Promise<void> {
    for (;;) {
      await turn()
      const next = this.#entries[0]
      if (next === undefined || next.at > moment) break
      this.#entries.shift()
      this.#now = next.at
      if (!next.cancelled) next.callback()
    }
    this.#now = Math.max(this.#now, moment)
  }
}

/** Lets every promise that can settle do so. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
