/**
 * The one port through which a shell starts processes (architecture.md, "Processes"): `utilityProcess` in Electron, a
 * child process in the browser host, a fake in tests.
 */

/** `core` decides about money; `device-host` may hang or die without harm, and so may each `examiner`. */
export type ChildRole = 'core' | 'device-host' | 'examiner'

/** Ends a subscription. Calling it twice is harmless. */
export type Unsubscribe = () => void

/** A started process. Its end is reported exactly once, also when it could not be started at all. */
export interface Child {
  /** Sends a JSON value; without effect once the process has ended. Never throws. */
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): Unsubscribe
  /** `reason` is for the log: an exit code, a signal, why it could not be started. */
  onDidExit(listener: (reason: string) => void): Unsubscribe
  /** SIGKILL: with a mute card, nothing milder ends a device host (toolchain.md, "PC/SC without a compiler"). */
  kill(): void
}

/**
 * `endsInARow`: of device hosts before this one, as the core counted them (contract/bridge.ts).
 * `words`: what an examiner is to look at.
 */
export type Spawn = (role: ChildRole, endsInARow: number, words?: readonly string[]) => Child

/** What a device host is told that keeps ending: it leaves out what may be the cause (drivers/host/main.ts). */
export function toldOfEnds(role: ChildRole, endsInARow: number): readonly string[] {
  return role === 'device-host' && endsInARow > 0 ? ['--ends-in-a-row', String(endsInARow)] : []
}

/** Time, for restarts and deadlines. */
export interface Timers {
  /** Monotonic milliseconds from an arbitrary origin. */
  elapsedMs(): number
  /** Calls back once after `delayMs`; the returned function takes it back. */
  after(delayMs: number, call: () => void): Unsubscribe
}
