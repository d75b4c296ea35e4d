/**
 * Old events are forgotten: those that are older than a kept time, the oldest of each feed first, and none that a
 * webhook has still to deliver (docs/adr/0045). In small steps that give way to whoever waits for the ledger.
 */
import { inTransaction, type LedgerPorts, type Work } from '../context.ts'
import { limits } from '../http/limits.ts'

/** Together some milliseconds with their commit, for which a tap that comes now waits. */
const feedsPerStep = 20
const eventsPerStep = 200

interface Feed {
  readonly stream: string
  readonly last: bigint
  readonly gone: bigint
}

export class FeedPruner {
  readonly #ports: LedgerPorts
  readonly #keptMs: number
  /** The feed after which the round goes on; undefined between two rounds. */
  #after: string | undefined

  /** @param keptMs how long an event is kept at least */
  constructor(ports: LedgerPorts, keptMs: number = limits.eventsKeptSeconds * 1_000) {
    this.#ports = ports
    this.#keptMs = keptMs
  }

  /** A round over all feeds has begun and given way. */
  get isUnderWay(): boolean {
    return this.#after !== undefined
  }

  /**
   * Goes on with a round over all feeds, to its end or until somebody waits; the next call goes on from there.
   *
   * @returns how many events were forgotten
   */
  async prune(stopped?: AbortSignal): Promise<number> {
    const { store, clock } = this.#ports
    const before = clock() - this.#keptMs
    let all = 0
    do {
      const { forgotten, next } = await inTransaction(this.#ports, (work) =>
        forgetSome(work, this.#after ?? '', before),
      )
      all += forgotten
      this.#after = next
    } while (this.isUnderWay && stopped?.aborted !== true && !(await store.isAwaited()))
    return all
  }
}

/** One step. @returns the feed after which the next one goes on; undefined when there is no feed left */
async function forgetSome(
  work: Work,
  after: string,
  before: number,
): Promise<{ readonly forgotten: number; readonly next: string | undefined }> {
  const feeds = await work.connection
    .selectFrom('feed_counter')
    .select(['stream', 'last', 'gone'])
    .where('stream', '>', after)
    .orderBy('stream')
    .limit(feedsPerStep)
    .execute()
  let [forgotten, next] = [0, after]
  for (const feed of feeds) {
    forgotten += await forgetOf(work, feed, before, eventsPerStep - forgotten)
    // There may be more of this one.
    if (forgotten === eventsPerStep) return { forgotten, next }
    next = feed.stream
  }
  return { forgotten, next: feeds.length < feedsPerStep ? undefined : next }
}

/** @returns how many of its oldest events were forgotten, at most `most` */
async function forgetOf({ connection }: Work, feed: Feed, before: number, most: number): Promise<number> {
  const { stream, last, gone } = feed
  if (gone === last) return 0
  const oldest = await connection
    .selectFrom('feed_event')
    .select(['cursor', 'at'])
    .where('stream', '=', stream)
    .where('cursor', '>', gone)
    .orderBy('cursor')
    .limit(most)
    .execute()
  // By cursor, not by time: a clock that was put back leaves older moments behind newer ones, and a feed has no holes.
  const young = oldest.findIndex(({ at }) => at >= BigInt(before))
  const old = young === -1 ? oldest : oldest.slice(0, young)
  const until = old.at(-1)?.cursor ?? gone
  const delivered = await deliveredUntil({ connection }, stream)
  const upTo = delivered === undefined || until < delivered ? until : delivered
  if (upTo <= gone) return 0
  // Its row first, and only as it was read: of two who forget at once one does.
  const moved = await connection
    .updateTable('feed_counter')
    .set({ gone: upTo })
    .where('stream', '=', stream)
    .where('gone', '=', gone)
    .returning('stream')
    .executeTakeFirst()
  if (moved === undefined) return 0
  await connection
    .deleteFrom('feed_event')
    .where('stream', '=', stream)
    .where('cursor', '>', gone)
    .where('cursor', '<=', upTo)
    .execute()
  // What was tried for them goes with them.
  await connection
    .deleteFrom('webhook_delivery')
    .where('webhook_id', 'in', (webhooks) =>
      webhooks.selectFrom('webhook').select('webhook_id').where('stream', '=', stream),
    )
    .where('cursor', '>', gone)
    .where('cursor', '<=', upTo)
    .execute()
  return Number(upTo - gone)
}

/** How far the last of the feed's webhooks has come; one that was given up or removed waits for nothing. */
async function deliveredUntil({ connection }: Pick<Work, 'connection'>, stream: string): Promise<bigint | undefined> {
  const rows = await connection
    .selectFrom('webhook')
    .select('cursor')
    .where('stream', '=', stream)
    .where('state', '=', 'active')
    .orderBy('cursor')
    .limit(1)
    .execute()
  return rows[0]?.cursor
}
