/** Time for drivers: the device host and the core pass the real one, tests one that they move by hand. */
export interface Scheduler {
  /** Monotonic milliseconds from an arbitrary origin; never a time of day. */
  now(): number
  /** Calls back once, no earlier than `delayMs` from now. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle
  clearTimeout(timer: TimerHandle): void
}

/** What `Scheduler.setTimeout` returned; only its scheduler looks inside. */
export type TimerHandle = unknown

/** The machine's own clock and timers. For composition edges only. */
export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => globalThis.setTimeout(callback, delayMs),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as NodeJS.Timeout),
}
