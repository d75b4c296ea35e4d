/**
 * Old events are forgotten (docs/adr/0045). Method: the ledger of the demonstration on a clock of the test; readers by
 * page, by stream, by webhook and by the client library on a real socket, before, at and behind what is kept.
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { FeedBell } from '../../../ledger-sim/feed/bell.ts'
import { followFeed, type FeedReader } from '../../../ledger-sim/feed/client.ts'
import { tell } from '../../../ledger-sim/feed/outbox.ts'
import { FeedPruner } from '../../../ledger-sim/feed/pruning.ts'
import type { Stream } from '../../../ledger-sim/feed/streams.ts'
import { WebhookCourier, type Sent } from '../../../ledger-sim/feed/webhook-courier.ts'
import { startHttp } from '../../../ledger-sim/http/fastify.ts'
import { limits } from '../../../ledger-sim/http/limits.ts'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import type { Store } from '../../../ledger-sim/store/open-store.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import { dayMs, demoLedger, hourMs, temporaryFolder, type DemoLedger } from './demo-ledger.ts'
import { scansIn } from './plans-of.ts'

const stream = `owner:${demoCanteen}` as const
const keptMs = limits.eventsKeptSeconds * 1_000
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
const said = new Set<string>()
const file = () => join(folder.path, 'ledger.db')

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: file(), onDidRun: (statement) => void said.add(statement) })
  // What the demonstration told at its beginning is in nobody's way.
  await new FeedPruner(demo.ports, -1).prune()
})
afterEach(async () => {
  await demo.close()
  folder.remove()
})

const canteen = () => demo.role('merchant', demoCanteen)
const read = (query = '') => canteen().get(`/v1/events${query}`)
const cursorsIn = (body: Record<string, unknown>) =>
  (body['events'] as readonly { readonly cursor: number }[]).map(({ cursor }) => cursor)
const prune = (ports = demo.ports) => new FeedPruner(ports).prune()

async function tellOf(streams: readonly Stream[], count: number): Promise<void> {
  for (let number = 0; number < count; number += 1)
    await inTransaction(demo.ports, async (work) => tell(work, streams, { kind: 'alert', code: 'TEST', subject: 'x' }))
}

/** Three events of long ago, and two of now. */
async function threeOldTwoNew(): Promise<number> {
  const { body } = await read()
  const before = Number(body['last'])
  await tellOf([stream], 3)
  demo.clock.now += keptMs + 1
  await tellOf([stream], 2)
  return before + 3
}

const goneUpTo = (oldestCursor: number) => ({ status: 410, body: { code: 'events_gone', oldestCursor } })

describe('what is older than ninety days', () => {
  test('is forgotten to the millisecond; what is kept stays under its id and cursor', async () => {
    await tellOf([stream], 2)
    demo.clock.now += 1
    await tellOf([stream], 2)
    const { body: all } = await read()
    demo.clock.now += keptMs
    expect(await prune()).toBe(2)
    const { body } = await read()
    expect(body).toEqual({ ...all, events: (all['events'] as unknown[]).slice(2) })
    demo.clock.now += 1
    expect(await prune()).toBe(2)
    // Everything is forgotten: a cursor to go on from is there all the same, and the next event comes behind it.
    expect((await read()).body).toEqual({ events: [], cursor: 4, last: 4 })
    await tellOf([stream], 1)
    expect(cursorsIn((await read('?after=4')).body)).toEqual([5])
    expect(auditFile(file())).toMatchObject({ faults: [] })
  })

  test('is refused to whoever asks for it, with where to go on; a fresh reader begins with the oldest', async () => {
    const gone = await threeOldTwoNew()
    await prune()
    for (const after of [0, gone - 1]) {
      expect(await read(`?after=${after}`)).toMatchObject(goneUpTo(gone))
      const webhook = { webhookId: v7(), url: 'http://127.0.0.1:9000/', after }
      expect(await canteen().post('/v1/webhooks', webhook)).toMatchObject(goneUpTo(gone))
    }
    expect(String((await read('?after=0')).body['detail'])).toContain('balances, statements and lists')
    for (const query of ['', `?after=${gone}`])
      expect(cursorsIn((await read(query)).body)).toEqual([gone + 1, gone + 2])
    expect((await read('?after=999')).body['code']).toBe('rule_violated')
    const fresh = await demo.ledger.handle(canteen().sign('GET', '/v1/event-stream', ''))
    expect(fresh.stream?.after).toBe(gone)
    // Another reader's feed is as it was.
    expect((await demo.role('merchant', 'kokbazar-shop').get('/v1/events?after=0')).status).toBe(200)
  })

  test('is refused by a stream where it begins: `Last-Event-ID` outdoes what the address says', async () => {
    const gone = await threeOldTwoNew()
    await prune()
    const http = await startHttp({ ledger: demo.ledger, port: 0 })
    try {
      const open = async (query: string, headers: Record<string, string> = {}) => {
        const url = `${http.url}/v1/event-stream${query}`
        const created = Math.floor(demo.clock.now / 1_000)
        const nonce = Buffer.from(demo.random(16)).toString('base64url')
        const moment = { created, expires: created + 60, nonce }
        const signed = signRequest({ method: 'GET', url, body: '' }, canteen().key, moment)
        const response = await fetch(url, { headers: { ...signed.headers, ...headers } })
        if (response.status === 200) await response.body?.cancel()
        return response.status === 200 ? { status: 200 } : { status: response.status, body: await response.json() }
      }
      expect(await open(`?after=${gone - 1}`)).toMatchObject(goneUpTo(gone))
      expect(await open(`?after=${gone - 1}`, { 'last-event-id': String(gone) })).toEqual({ status: 200 })
      expect(await open(`?after=${gone}`, { 'last-event-id': String(gone - 1) })).toMatchObject(goneUpTo(gone))
    } finally {
      await http.close()
    }
  })

  test('ends a stream that is still there rather than leave a hole in it', async () => {
    await threeOldTwoNew()
    const slow = await demo.ledger.handle(canteen().sign('GET', '/v1/event-stream?after=0', ''))
    expect(await slow.stream?.next(0)).toHaveLength(5)
    await prune()
    expect(await slow.stream?.next(1)).toBe('gone')
    expect(await slow.stream?.next(3)).toHaveLength(2)
  })

  test('leaves no hole where a clock was put back', async () => {
    demo.clock.now += keptMs
    await tellOf([stream], 1)
    demo.clock.now -= keptMs
    await tellOf([stream], 1)
    demo.clock.now += keptMs + hourMs
    expect(await prune()).toBe(0)
    demo.clock.now += keptMs
    expect(await prune()).toBe(2)
  })
})

describe('a webhook', () => {
  const ask = async () => {
    const webhookId = v7()
    await canteen().post('/v1/webhooks', { webhookId, url: 'http://127.0.0.1:9000/' })
    return webhookId
  }
  const deliver = async (answer: Sent['kind'], most = 100): Promise<void> => {
    let left = most
    const courier = new WebhookCourier({
      ports: demo.ports,
      bell: new FeedBell(),
      scheduler: { setTimeout: () => undefined, clearTimeout: () => undefined },
      send: async () => (answer === 'taken' && (left -= 1) >= 0 ? { kind: 'taken' } : { kind: 'failed', detail: 'no' }),
    })
    courier.start()
    for (let turn = 0; turn < 60; turn += 1) await new Promise<void>((next) => setImmediate(next))
    await courier.stop()
  }

  test('that has still to deliver keeps what it needs; what was tried goes with its event, and is said', async () => {
    const webhookId = await ask()
    const listed = async () => {
      const { body } = await canteen().get(`/v1/webhook-deliveries?webhookId=${webhookId}`)
      const { oldestCursor, deliveries } = body as { oldestCursor: number; deliveries: readonly { cursor: number }[] }
      return { oldestCursor, tried: deliveries.map(({ cursor }) => cursor) }
    }
    await threeOldTwoNew()
    await deliver('taken', 1)
    expect(await listed()).toEqual({ oldestCursor: 0, tried: [1, 2] })
    expect(await prune()).toBe(1)
    expect(await listed()).toEqual({ oldestCursor: 1, tried: [2] })
    expect(await demo.rows('webhook_delivery')).toMatchObject([{ cursor: 2n, delivered_at: null }])
    demo.clock.now += hourMs
    await deliver('taken')
    expect(await prune()).toBe(2)
    expect(await listed()).toEqual({ oldestCursor: 3, tried: [4, 5] })
    // One that began later tried none of them, and its list begins there all the same.
    const { body } = await canteen().get(`/v1/webhook-deliveries?webhookId=${await ask()}`)
    expect(body).toEqual({ oldestCursor: 3, deliveries: [] })
    expect(auditFile(file())).toMatchObject({ faults: [] })
  })

  test('that was given up, or removed, keeps nothing', async () => {
    const [, removed] = [await ask(), await ask()]
    await threeOldTwoNew()
    await deliver('failed')
    expect(await prune()).toBe(0)
    await canteen().post('/v1/webhook-removals', { webhookId: removed })
    expect(await prune()).toBe(0)
    demo.clock.now += 3 * dayMs
    await deliver('failed')
    expect((await demo.rows('webhook')).map(({ state }) => state).toSorted()).toEqual(['disabled', 'removed'])
    expect(await prune()).toBe(3)
  })
})

describe('a round', () => {
  const many = Array.from({ length: 45 }, (_, index): Stream => `owner:reader-${String(index).padStart(2, '0')}`)

  test('goes over all feeds in small steps, gives way to whoever waits, and goes on there', async () => {
    await tellOf(many, 1)
    // The first of all, and one in the midst.
    await tellOf(['owner:!', 'owner:reader-10'], 450)
    demo.clock.now += keptMs + 1
    let isAwaited = true
    let commits = 0
    const store: Store = {
      ...demo.ports.store,
      transaction: (work) => {
        commits += 1
        return demo.ports.store.transaction(work)
      },
      isAwaited: () => Promise.resolve(isAwaited),
    }
    const pruner = new FeedPruner({ ...demo.ports, store })
    const first = await pruner.prune()
    expect(commits).toBe(1)
    expect(first).toBe(200)
    isAwaited = false
    expect(pruner.isUnderWay).toBe(true)
    expect(first + (await pruner.prune())).toBe(945)
    expect(pruner.isUnderWay).toBe(false)
    // A round that ended begins anew.
    await tellOf(['owner:reader-00'], 1)
    demo.clock.now += keptMs + 1
    expect(await pruner.prune()).toBe(1)
    expect(auditFile(file())).toMatchObject({ faults: [] })
  })

  test('scans no table that grows', async () => {
    await canteen().post('/v1/webhooks', { webhookId: v7(), url: 'http://127.0.0.1:9000/', after: 0 })
    await tellOf([...many, stream], 2)
    demo.clock.now += keptMs + 1
    said.clear()
    await prune()
    await read()
    const slow = await demo.ledger.handle(canteen().sign('GET', '/v1/event-stream', ''))
    await slow.stream?.next(0)
    expect([...said].filter((statement) => statement.startsWith('delete from "feed_event"')).length).toBeGreaterThan(0)
    expect(scansIn(file(), said)).toEqual([])
  })

  test('the audit finds a hole, and a webhook that waits for what is gone', async () => {
    await canteen().post('/v1/webhooks', { webhookId: v7(), url: 'http://127.0.0.1:9000/' })
    await tellOf([stream], 4)
    const database = new Database(file())
    database.exec(`DELETE FROM feed_event WHERE stream = '${stream}' AND cursor = 2`)
    expect(auditFile(file())?.faults).toMatchObject([{ rule: expect.stringContaining('every event'), subject: stream }])
    database.exec(`DELETE FROM feed_event WHERE stream = '${stream}' AND cursor = 1;
      UPDATE feed_counter SET gone = 2 WHERE stream = '${stream}'`)
    expect(auditFile(file())?.faults).toMatchObject([{ rule: expect.stringContaining('no webhook waits') }])
    database.close()
  })
})

describe('the client library', () => {
  const follow = (after: number, over: Partial<FeedReader>) => {
    const stopped = new AbortController()
    const heard: unknown[] = []
    const reader: FeedReader = {
      ledgerUrl: () => '',
      sign: (_method, url) => {
        const created = Math.floor(demo.clock.now / 1_000)
        const moment = { created, expires: created + 60, nonce: Buffer.from(demo.random(16)).toString('base64url') }
        return signRequest({ method: 'GET', url, body: '' }, canteen().key, moment)
      },
      ledgerKey: demo.ports.keys.signing,
      stream,
      after,
      stopped: stopped.signal,
      pause: () => new Promise((done) => setTimeout(done, 5)),
      onDidMiss: (missed) => heard.push(missed),
      onDidLose: (error) => heard.push(error instanceof Error ? error.message : error),
      ...over,
    }
    return { reader, heard, stop: () => stopped.abort() }
  }

  test('says what it missed, by code, and goes on from there without losing its place', async () => {
    const gone = await threeOldTwoNew()
    await prune()
    const http = await startHttp({ ledger: demo.ledger, port: 0 })
    try {
      const { reader, heard, stop } = follow(1, { ledgerUrl: () => http.url })
      const seen: number[] = []
      for await (const { cursor } of followFeed(reader)) {
        seen.push(cursor)
        if (seen.length === 2) break
      }
      stop()
      expect(heard).toEqual([{ code: 'events_gone', from: 2, until: gone }])
      expect(seen).toEqual([gone + 1, gone + 2])
    } finally {
      await http.close()
    }
  })

  test('believes nobody but the ledger that events are gone', async () => {
    await threeOldTwoNew()
    const forger = createServer((_request, response) => {
      response.writeHead(410, { 'content-type': 'application/problem+json' })
      response.end(JSON.stringify({ type: '', title: '', status: 410, code: 'events_gone', oldestCursor: 5 }))
    })
    await new Promise<void>((done) => forger.listen(0, '127.0.0.1', done))
    const { port } = forger.address() as { port: number }
    let tries = 0
    const { reader, heard, stop } = follow(1, {
      ledgerUrl: () => `http://127.0.0.1:${port}`,
      pause: async () => void ((tries += 1) === 3 && stop()),
    })
    for await (const { cursor } of followFeed(reader)) throw new Error(`handed over ${cursor}`)
    forger.closeAllConnections()
    forger.close()
    expect(heard).toEqual(['the ledger answered 410', 'the ledger answered 410', 'the ledger answered 410'])
  })
})

test('a till that was away for a hundred days misses nothing: its feed is kept, differences are listed', async () => {
  const till = await demo.till('till-1')
  await till.fetch()
  const pupil = demo.card('Pupil 03')
  const [first, second] = [till.decide({ card: pupil }), till.decide({ card: pupil })]
  await till.batch(till.presentment(first), till.presentment(second))
  const [loss] = await demo.rows('discrepancy')
  expect(loss).toMatchObject({ tender_id: second.terms.tenderId })
  const { body: told } = await read()
  expect(JSON.stringify(told)).toContain(String(loss?.['discrepancy_id']))
  demo.clock.now += 100 * dayMs
  expect(await prune()).toBeGreaterThan(0)
  // The merchant's feed has forgotten it, and says so; the till's has not.
  expect(await read('?after=0')).toMatchObject({ status: 410 })
  const own = await till.call('/v1/terminal/events', { after: 0, limit: 200 })
  expect(toJson(own.events)).toContain(second.terms.tenderId)
  const { body: listed } = await canteen().get('/v1/discrepancies')
  expect(listed['discrepancies']).toMatchObject([
    { discrepancyId: loss?.['discrepancy_id'], tenderId: second.terms.tenderId },
  ])
})
