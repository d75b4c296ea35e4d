/** Time for the virtual reader: the real one, or a simulator's. */
export interface Scheduler {
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

/** The process's own timers; for composition roots. */
export const realScheduler: Scheduler = {
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}
