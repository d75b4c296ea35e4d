/**
 * When old events are forgotten: in rounds for as long as the process lives (docs/adr/0045). The ledger itself has no
 * timers: this is started by the process (process.ts), with its scheduler.
 */
import type { FeedPruner } from './pruning.ts'
import type { Scheduler } from './webhook-courier.ts'

export interface PruningParts {
  readonly pruner: Pick<FeedPruner, 'prune' | 'isUnderWay'>
  readonly scheduler: Scheduler
  /** A step failed and nothing of it was kept. The next one is tried with the next round. */
  readonly onDidFail: (error: unknown) => void
}

const pruneEveryMs = 60_000
/** A round that gave way goes on so much later, or a busy ledger would never end one. */
const pruneOnAfterMs = 1_000

/** `stop` gives a round up between two steps, and resolves when nothing of it is on its way. */
export function pruneByTheWay({ pruner, scheduler, onDidFail }: PruningParts): { readonly stop: () => Promise<void> } {
  const stopped = new AbortController()
  let timer: unknown
  let onItsWay = Promise.resolve()
  const startAfter = (delayMs: number): void => {
    timer = scheduler.setTimeout(() => (onItsWay = pruneOn()), delayMs)
  }
  const pruneOn = async (): Promise<void> => {
    let nextAfterMs = pruneEveryMs
    try {
      await pruner.prune(stopped.signal)
      if (pruner.isUnderWay) nextAfterMs = pruneOnAfterMs
    } catch (error) {
      // A disk that is full stays so for longer than a second, and each failure is a line of the log.
      onDidFail(error)
    }
    if (!stopped.signal.aborted) startAfter(nextAfterMs)
  }
  startAfter(pruneEveryMs)
  return {
    stop: async () => {
      stopped.abort()
      scheduler.clearTimeout(timer)
      await onItsWay
    },
  }
}
