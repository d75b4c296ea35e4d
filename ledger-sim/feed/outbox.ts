/**
 * The outbox: an event is a row written in the transaction that it tells of, so a rollback tells nothing and a commit
 * never forgets. What is told is collected while the transaction works, and gets its cursor in the transaction's last
 * statements (`appendTold`, called by `inTransaction`).
 *
 * Why no reader can skip an event that commits late: the cursor comes from the stream's one counter row, updated in the
 * same transaction. The row stays locked until that transaction ends (PostgreSQL: a row lock, also under READ
 * COMMITTED; SQLite: one writer at a time), so cursor n + 1 is given out only after the transaction of n is committed,
 * or rolled back together with its update. Whoever sees n + 1 sees n; there are no holes. A sequence or an identity
 * column would not do: it gives numbers out before the commit. Counters are taken in the order of their names, after
 * every other lock, so two transactions never wait for each other in a ring, and a busy stream is held for the shortest
 * time.
 */
import { hash } from 'node:crypto'
import type { Insertable } from 'kysely'
import { v7 as uuidVersion7 } from 'uuid'
import type { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { Work } from '../context.ts'
import type { Tables } from '../store/schema.ts'
import { rowsStatement } from '../store/statement.ts'
import { feedVersion, type FeedEventOnWire, type News, type newsSchema } from './events.ts'
import type { Stream } from './streams.ts'

/** One thing for one reader. */
export interface Told {
  readonly stream: Stream
  readonly news: News
}

/** Tells each of these streams once, when and only when this transaction commits. */
export function tell(work: Pick<Work, 'told'>, streams: Iterable<Stream>, news: News): void {
  for (const stream of new Set(streams)) work.told.push({ stream, news })
}

/**
 * Writes what was told. Nothing may be told or locked after it in the same transaction.
 *
 * @returns the streams that have something new once this commits
 */
export async function appendTold({
  connection,
  now,
  told,
}: Pick<Work, 'connection' | 'now' | 'told'>): Promise<readonly Stream[]> {
  if (told.length === 0) return []
  const byStream = Map.groupBy(told, ({ stream }) => stream)
  const streams = [...byStream.keys()].toSorted()
  const rows: Insertable<Tables['feed_event']>[] = []
  const counters = streams.map((stream) => ({ stream, last: byStream.get(stream)?.length ?? 0 }))
  const counted = await countersMoved(connection, counters)
  const lastOf = new Map(counted.map(({ stream, last }) => [stream, last]))
  for (const stream of streams) {
    const news = byStream.get(stream) ?? []
    const last = lastOf.get(stream)
    if (last === undefined) throw new Error(`no cursor for ${stream}`)
    const first = last - BigInt(news.length) + 1n
    const contents = news.map((one) => toJson(one.news))
    const idOf = eventIdsOf(stream, first, now, contents)
    for (const [index, content] of contents.entries())
      rows.push({ stream, cursor: first + BigInt(index), event_id: idOf(index), at: now, content })
  }
  await eventsTold(connection, rows)
  return streams
}

const countersMoved = rowsStatement(
  ['stream', 'last'],
  (connection, counters: readonly Insertable<Tables['feed_counter']>[]) =>
    connection
      .insertInto('feed_counter')
      .values(counters)
      .onConflict((conflict) =>
        conflict
          .column('stream')
          .doUpdateSet((row) => ({ last: row('feed_counter.last', '+', row.ref('excluded.last')) })),
      )
      .returning(['stream', 'last']),
)

const eventsTold = rowsStatement(
  ['stream', 'cursor', 'event_id', 'at', 'content'],
  (connection, events: readonly Insertable<Tables['feed_event']>[]) =>
    connection.insertInto('feed_event').values(events),
)

/**
 * Made of what they name, so that telling draws no chance: a simulated run that tells more stays the same run. The
 * contents are in it, since a ledger that was put back gives a cursor out a second time. One hash for all that a stream
 * is told at once, since a list tells it hundreds.
 */
function eventIdsOf(stream: Stream, first: bigint, at: number, contents: readonly string[]): (index: number) => string {
  const named = hash('sha256', `${stream}/${first}/${at}/${contents.join('')}`, 'buffer').subarray(0, 16)
  const last = named.readUInt32BE(12)
  return (index) => {
    named.writeUInt32BE((last + index) >>> 0, 12)
    return uuidVersion7({ msecs: at, random: named })
  }
}

/** One page of a feed. @param after the last cursor that the reader has; 0 from the beginning */
export async function readFeed(
  { connection }: Pick<Work, 'connection'>,
  stream: Stream,
  after: number,
  limit: number,
): Promise<FeedEventOnWire[]> {
  const rows = await connection
    .selectFrom('feed_event')
    .select(['cursor', 'event_id', 'at', 'content'])
    .where('stream', '=', stream)
    .where('cursor', '>', BigInt(after))
    .orderBy('cursor')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    version: feedVersion,
    eventId: row.event_id,
    cursor: Number(row.cursor),
    at: Number(row.at),
    event: JSON.parse(row.content) as z.input<typeof newsSchema>,
  }))
}
