/** From where a feed can be read: not before what was forgotten (pruning.ts), and not behind what was told. */
import type { Work } from '../context.ts'
import type { ProblemOutcome } from '../http/operation.ts'
import type { Stream } from './streams.ts'

export interface FeedBounds {
  /** The newest event that is kept no more, 0 when all are: the oldest cursor from which the feed can be read on. */
  readonly gone: number
  /** The newest event; 0 when there was none yet. */
  readonly last: number
}

export async function boundsOf({ connection }: Pick<Work, 'connection'>, stream: Stream): Promise<FeedBounds> {
  const row = await connection
    .selectFrom('feed_counter')
    .select(['last', 'gone'])
    .where('stream', '=', stream)
    .executeTakeFirst()
  return { gone: Number(row?.gone ?? 0n), last: Number(row?.last ?? 0n) }
}

/** Why the feed cannot be read on from this cursor; undefined where it can. */
export function whyNotAfter({ gone, last }: FeedBounds, cursor: number): ProblemOutcome | undefined {
  if (cursor < gone) {
    const detail =
      `the events up to ${gone} are kept no more; the feed can be read on after ${gone}. ` +
      'What was missed stands in balances, statements and lists'
    return { kind: 'problem', code: 'events_gone', detail, oldestCursor: gone }
  }
  // Said aloud, since it means that the ledger has lost what its reader has: a backup was put back.
  if (cursor > last) {
    const detail = `the feed ends at ${last}: this ledger never told what the cursor stands for`
    return { kind: 'problem', code: 'rule_violated', detail }
  }
  return undefined
}
