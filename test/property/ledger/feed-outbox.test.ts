/**
 * Method: random transactions at once, each telling random readers of random things, some aborted at a random point,
 * while readers page through their feeds between all of them. What a reader saw must be what was committed for it: all
 * of it, once, in the order 1, 2, 3, … as it came, never with a hole that is filled later; where old events are
 * forgotten meanwhile, it is told so and goes on behind them. On the embedded store, and on a real PostgreSQL with one
 * connection for each transaction, where commits do overtake each other: there a number from a sequence, given out
 * before the commit, is seen to fail the same property.
 */
import * as fc from 'fast-check'
import { sql, type Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTransaction, type LedgerPorts, type Work } from '../../../ledger-sim/context.ts'
import { boundsOf, whyNotAfter } from '../../../ledger-sim/feed/bounds.ts'
import { appendTold, readFeed, tell } from '../../../ledger-sim/feed/outbox.ts'
import { FeedPruner } from '../../../ledger-sim/feed/pruning.ts'
import type { Stream } from '../../../ledger-sim/feed/streams.ts'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { openStore, type Connection, type Store } from '../../../ledger-sim/store/open-store.ts'
import type { Tables } from '../../../ledger-sim/store/schema.ts'
import { hasPostgres, startPostgres, type Postgres } from '../../fixtures/postgres.ts'

const streams: readonly Stream[] = ['owner:agency', 'owner:merchant', 'role:auditor']

interface Plan {
  /** Of whom it tells, in this order. */
  readonly tells: readonly Stream[]
  /** How often it waits before its end. */
  readonly waits: number
  readonly aborts: boolean
}

const plans: fc.Arbitrary<readonly Plan[]> = fc.array(
  fc.record({
    tells: fc.array(fc.constantFrom(...streams), { maxLength: 4 }),
    waits: fc.nat({ max: 4 }),
    aborts: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

/** What is kept so long is forgotten at once. */
const allMs = -1

class Aborted extends Error {}

const turn = () => new Promise<void>((done) => setImmediate(done))

/** Each event's subject names its transaction and place, so that order and identity can be judged. */
function tellAll(work: Pick<Work, 'told'>, tells: readonly Stream[], name: number): void {
  for (const [index, stream] of tells.entries())
    tell(work, [stream], { kind: 'alert', code: 'TEST', subject: `${name}/${index}` })
}

interface Feed {
  /** Runs one transaction to its end. @returns whether it was committed */
  play(plan: Plan, name: number): Promise<boolean>
  page(stream: Stream, after: number): Promise<Page>
  /** Forgets what is old. */
  prune?(): Promise<unknown>
}

/** A number: what comes next is forgotten up to there. */
type Page = readonly { readonly cursor: number; readonly subject: string }[] | number

async function pageOf(work: Pick<Work, 'connection'>, stream: Stream, after: number): Promise<Page> {
  const events = await readFeed(work, stream, after, 3)
  const whyNot = whyNotAfter(await boundsOf(work, stream), after)
  if (whyNot?.oldestCursor !== undefined) return whyNot.oldestCursor
  return events.map(({ cursor, event }) => ({ cursor, subject: event.kind === 'alert' ? event.subject : '' }))
}

async function endOf(feed: Feed, stream: Stream): Promise<number> {
  let last = 0
  for (;;) {
    const page = await feed.page(stream, last)
    if (typeof page !== 'number' && page.length === 0) return last
    last = typeof page === 'number' ? page : (page.at(-1)?.cursor ?? last)
  }
}

/** Plays all plans at once with readers between them. @returns what is wrong with what one of them saw */
async function faultsOf(feed: Feed, all: readonly Plan[], met = { seen: 0, missed: 0 }): Promise<readonly string[]> {
  const faults: string[] = []
  const missed = new Map<Stream, number>(streams.map((stream) => [stream, 0]))
  const seen = new Map<Stream, string[]>(streams.map((stream) => [stream, []]))
  const starts = new Map<Stream, number>()
  for (const stream of streams) starts.set(stream, await endOf(feed, stream))
  let isOver = false
  const readOn = async (stream: Stream): Promise<number> => {
    const subjects = seen.get(stream) ?? []
    const start = starts.get(stream) ?? 0
    const before = missed.get(stream) ?? 0
    const page = await feed.page(stream, start + before + subjects.length)
    if (typeof page === 'number') {
      const gone = page - start - subjects.length
      if (gone <= before) faults.push(`${stream}: told that ${page} is gone, and had it`)
      missed.set(stream, gone)
      return gone - before
    }
    for (const { cursor, subject } of page) {
      if (cursor !== start + before + subjects.length + 1)
        faults.push(`${stream}: ${cursor} came as the ${subjects.length + 1}th`)
      subjects.push(subject)
    }
    return page.length
  }
  const readers = streams.map(async (stream) => {
    while (!isOver) {
      await readOn(stream)
      await turn()
    }
  })
  const pruning = (async () => {
    while (feed.prune !== undefined && !isOver) {
      for (let wait = 0; wait < 7; wait += 1) await turn()
      await feed.prune()
    }
  })()
  const committed = await Promise.all(all.map((plan, index) => feed.play(plan, index)))
  isOver = true
  await Promise.all([...readers, pruning])
  for (const stream of streams) {
    while ((await readOn(stream)) > 0);
    const expected = all.flatMap(({ tells }, name) =>
      committed[name] === true ? tells.flatMap((told, index) => (told === stream ? [`${name}/${index}`] : [])) : [],
    )
    const subjects = seen.get(stream) ?? []
    const forgotten = missed.get(stream) ?? 0
    met.seen += subjects.length
    met.missed += forgotten
    const isExpected = new Set(subjects).size === subjects.length && subjects.every((one) => expected.includes(one))
    if (!isExpected || subjects.length + forgotten !== expected.length)
      faults.push(`${stream}: saw ${subjects.join(' ')}, committed ${expected.join(' ')}`)
    // Within one transaction the order is the one of telling, and nothing of another comes between.
    for (const name of new Set(subjects.map((subject) => subject.split('/')[0]))) {
      const own = subjects.flatMap((subject, at) => (subject.startsWith(`${name}/`) ? [[at, subject] as const] : []))
      const [first] = own
      const places = own.map(([, subject]) => Number(subject.split('/')[1]))
      const isWhole = own.every(([at], index) => at === (first?.[0] ?? 0) + index)
      if (!isWhole || places.join() !== places.toSorted((a, b) => a - b).join())
        faults.push(`${stream}: ${name} is torn`)
    }
  }
  return faults
}

test('on the embedded store no reader misses, sees twice or out of order', async () => {
  const keys = ledgerKeysOf(newLedgerSecrets(seededRandom('feed-outbox')))
  const store = await openStore(':memory:')
  const ports: LedgerPorts = { store, clock: () => 1_790_000_000_000, random: seededRandom('feed'), keys }
  const feed: Feed = {
    play: async ({ tells, waits, aborts }, name) => {
      try {
        await inTransaction(ports, async (work) => {
          tellAll(work, tells, name)
          for (let wait = 0; wait < waits; wait += 1) await turn()
          if (aborts) throw new Aborted()
        })
        return true
      } catch (error) {
        if (error instanceof Aborted) return false
        throw error
      }
    },
    page: (stream, after) => inTransaction(ports, (work) => pageOf(work, stream, after)),
  }
  const met = { seen: 0, missed: 0 }
  try {
    await fc.assert(
      fc.asyncProperty(plans, async (all) => {
        expect(await faultsOf(feed, all)).toEqual([])
      }),
      { numRuns: 40 },
    )
    const pruner = new FeedPruner(ports, allMs)
    await fc.assert(
      fc.asyncProperty(plans, async (all) => {
        expect(await faultsOf({ ...feed, prune: () => pruner.prune() }, all, met)).toEqual([])
      }),
      { numRuns: 40 },
    )
    expect([met.seen > 20, met.missed > 20]).toEqual([true, true])
  } finally {
    await store.close()
  }
})

describe.skipIf(!hasPostgres('the outbox'))('on PostgreSQL, where transactions run side by side', () => {
  let server: Postgres
  let database: Kysely<Tables>

  beforeAll(async () => {
    server = await startPostgres()
    database = server.database
    await sql`create table feed_counter (stream text primary key, last bigint not null,
      gone bigint not null default 0)`.execute(database)
    await sql`create table feed_event (stream text not null, cursor bigint not null, event_id text not null,
      at bigint not null, content text not null, primary key (stream, cursor))`.execute(database)
    await sql`create table webhook (webhook_id text primary key, stream text not null, state text not null,
      cursor bigint not null)`.execute(database)
    await sql`create table webhook_delivery (webhook_id text, cursor bigint, primary key (webhook_id, cursor))`.execute(
      database,
    )
    await sql`create sequence early`.execute(database)
  })
  afterAll(() => server?.stop())

  const feedWith = (append: (connection: Connection, work: Pick<Work, 'told'>) => Promise<unknown>): Feed => ({
    play: async ({ tells, waits, aborts }, name) => {
      try {
        await database.transaction().execute(async (connection) => {
          const work = { told: [] }
          tellAll(work, tells, name)
          await append(connection, work)
          // After its cursors are there and before its commit: here a sequence lets others overtake.
          for (let wait = 0; wait < waits; wait += 1) await sql`select pg_sleep(0.002)`.execute(connection)
          if (aborts) throw new Aborted()
        })
        return true
      } catch (error) {
        if (error instanceof Aborted) return false
        throw error
      }
    },
    page: (stream, after) => database.transaction().execute((connection) => pageOf({ connection }, stream, after)),
  })

  const now = 1_790_000_000_000
  function portsWith(transaction: Store['transaction']): LedgerPorts {
    const store: Store = {
      read: (work) => work(database),
      transaction,
      isAwaited: () => Promise.resolve(false),
      close: () => Promise.resolve(),
    }
    const keys = ledgerKeysOf(newLedgerSecrets(seededRandom('feed-outbox')))
    return { store, clock: () => now, random: seededRandom('feed'), keys }
  }
  const ownConnection: Store['transaction'] = (work) => database.transaction().execute(work)

  test('no reader misses, sees twice or out of order', async () => {
    const pruners = [1, 2].map(() => new FeedPruner(portsWith(ownConnection), allMs))
    const prune = () => Promise.all(pruners.map((pruner) => pruner.prune()))
    const feed = feedWith((connection, { told }) => appendTold({ connection, now, told: [...told] }))
    await fc.assert(
      fc.asyncProperty(plans, async (all) => {
        await sql`truncate feed_counter, feed_event`.execute(database)
        expect(await faultsOf(feed, all)).toEqual([])
        await sql`truncate feed_counter, feed_event`.execute(database)
        expect(await faultsOf({ ...feed, prune }, all)).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  test('of two who forget at once, the slower one takes nothing back: no cursor is promised that is gone', async () => {
    await sql`truncate feed_counter, feed_event`.execute(database)
    const [stream] = streams
    if (stream === undefined) throw new Error('no stream')
    const told = Array.from({ length: 6 }, (_, index) => ({
      ...{ stream, cursor: BigInt(index + 1), event_id: String(index), content: '{}' },
      at: BigInt(index < 3 ? now - 2_000 : now),
    }))
    await database.insertInto('feed_event').values(told).execute()
    await database.insertInto('feed_counter').values({ stream, last: 6n, gone: 0n }).execute()
    let slower: Promise<number> | undefined
    // Who holds this table's lock lets nobody else on from what was read before it to what is deleted after it.
    const quicker = await database.transaction().execute(async (connection) => {
      await sql`lock table webhook in access exclusive mode`.execute(connection)
      slower = new FeedPruner(portsWith(ownConnection), 1_000).prune()
      await untilSomebodyWaits()
      return new FeedPruner(
        portsWith((work) => work(connection)),
        allMs,
      ).prune()
    })
    expect({ quicker, slower: await slower }).toEqual({ quicker: 6, slower: 0 })
    const counters = await database.selectFrom('feed_counter').selectAll().execute()
    expect(counters).toEqual([{ stream, last: 6n, gone: 6n }])
  })

  async function untilSomebodyWaits(): Promise<void> {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const { rows } = await sql<{
        waiting: bigint
      }>`select count(*) as waiting from pg_locks where not granted`.execute(database)
      if ((rows[0]?.waiting ?? 0n) > 0n) return
      await turn()
    }
    throw new Error('nobody waits for the lock')
  }

  test('numbers from a sequence fail the same property', async () => {
    const feed = feedWith(async (connection, { told }) => {
      for (const { stream, news } of told) {
        const { rows } = await sql<{ next: bigint }>`select nextval('early') as next`.execute(connection)
        await connection
          .insertInto('feed_event')
          .values({ stream, cursor: rows[0]?.next ?? 0n, event_id: '', at: 0, content: JSON.stringify(news) })
          .execute()
      }
    })
    const slow: Plan = { tells: ['role:auditor'], waits: 4, aborts: false }
    const quick: Plan = { tells: ['role:auditor'], waits: 0, aborts: false }
    await sql`truncate feed_counter, feed_event restart identity`.execute(database)
    expect(await faultsOf(feed, [slow, slow, { ...slow, aborts: true }, quick, quick, quick])).not.toEqual([])
  })
})
