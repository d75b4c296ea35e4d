/** Where the ledger's time comes from: the machine, or the one clock that a demonstration gives its processes. */
import { z } from 'zod'

export interface AskedClock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Before each request. */
  readonly ask: () => Promise<void>
}

/** The machine's own, which is never asked for. */
export function systemClock(now: () => number): AskedClock {
  return { now, ask: async () => undefined }
}

const answerSchema = z.object({ now: z.number().min(0) })
/** Without the first answer there is no ledger: who plays the clock may be busy. */
const firstWithinMs = 30_000
const laterWithinMs = 2_000

/**
 * A clock service on the loopback address: GET answers `{"now": milliseconds}`. Asked before every request, so that the
 * ledger is never behind what another process was already told; between answers the time stands still.
 *
 * @throws when the first answer does not come within half a minute
 */
export async function injectedClock(url: string): Promise<AskedClock> {
  let now = await fetchNow(url, firstWithinMs)
  return {
    now: () => now,
    ask: async () => {
      // A clock that is being restarted keeps its last time; the ledger goes on with it.
      const answered = await fetchNow(url, laterWithinMs).catch(() => now)
      now = Math.max(now, answered)
    },
  }
}

async function fetchNow(url: string, withinMs: number): Promise<number> {
  const response = await fetch(url, { signal: AbortSignal.timeout(withinMs) })
  return Math.floor(answerSchema.parse(await response.json()).now)
}
