/** How often and how much a terminal talks to the ledger, and how old its keys become. */
export interface SyncSettings {
  /** Between rounds while everything works. */
  readonly intervalMs: number
  /** While a customer stands before a tender whose end is not known: a QR that they are paying. */
  readonly waitingIntervalMs: number
  /** First and longest wait after a failed round; the wait doubles in between, with jitter. */
  readonly backoffMs: { readonly first: number; readonly longest: number }
  readonly deadlineMs: number
  readonly batchSize: number
  /** How old the terminal's keys become before it makes new ones. */
  readonly keyRotationAfterMs: number
}

export const standardSyncSettings: SyncSettings = {
  intervalMs: 5_000,
  waitingIntervalMs: 1_000,
  backoffMs: { first: 500, longest: 30_000 },
  deadlineMs: 10_000,
  batchSize: 100,
  keyRotationAfterMs: 90 * 86_400_000,
}
