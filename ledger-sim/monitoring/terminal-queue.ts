/**
 * What a till says of its own queue with every head that it shows. How old the queue is the till does not say: it is at
 * least as old as the first of the heads, without a break, that had something waiting.
 */
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'

/** As coarse as when a till was seen: one that repeats itself costs no write. */
const saidEveryMs = 60_000

const queueOf = statement((connection, { terminalId }: { terminalId: string }) =>
  connection
    .selectFrom('terminal_queue')
    .select(['unsynced', 'unsynced_since', 'said_at'])
    .where('terminal_id', '=', terminalId),
)

export async function recordQueue({ connection, now }: Work, terminalId: string, unsynced: number): Promise<void> {
  const [former] = await queueOf(connection, { terminalId })
  if (former?.unsynced === BigInt(unsynced) && BigInt(now) - former.said_at < BigInt(saidEveryMs)) return
  const since = unsynced === 0 ? null : (former?.unsynced_since ?? BigInt(now))
  await connection
    .insertInto('terminal_queue')
    .values({ terminal_id: terminalId, unsynced, unsynced_since: since, said_at: now })
    .onConflict((conflict) =>
      conflict.column('terminal_id').doUpdateSet({ unsynced, unsynced_since: since, said_at: now }),
    )
    .execute()
}
