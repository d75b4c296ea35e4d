/**
 * Method: real sockets and a real database file. A writer commits news while the client of feed/client.ts reads through
 * a proxy that cuts the connection after a random number of bytes, has the ledger repeat events, and stays while the
 * ledger is stopped and started again on the same file. The client must hand over every event once and in order. Then
 * the server's own bounds: a key that ends, a reader that does not read, too many readers, who may connect at all.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { followFeed, type FeedReader } from '../../../ledger-sim/feed/client.ts'
import type { FeedEvent } from '../../../ledger-sim/feed/events.ts'
import { tell } from '../../../ledger-sim/feed/outbox.ts'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { LedgerMetrics } from '../../../ledger-sim/monitoring/metrics.ts'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { openStore, type Store } from '../../../ledger-sim/store/open-store.ts'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import { demoLedger, p256, temporaryFolder, TestSigner, type DemoLedger } from './demo-ledger.ts'

const folder = temporaryFolder()
const file = join(folder.path, 'ledger.db')
const stream = `owner:${demoCanteen}` as const
const quick = { heartbeatMs: 200, takenWithinMs: 300 }
let demo: DemoLedger
let store: Store
let http: RunningHttp
let metrics: LedgerMetrics

/** The ledger on its file, as after a start of the process, which takes its time. */
async function startLedger(): Promise<void> {
  demo.clock.now += 1_000
  metrics = new LedgerMetrics()
  const ledger = createLedger({ ...demo.ports, store, watch: metrics })
  http = await startHttp({ ledger, port: 0, metrics, streamTimes: quick })
}

beforeAll(async () => {
  demo = await demoLedger({ path: file })
  store = demo.ports.store
  await startLedger()
})
afterAll(async () => {
  await http.close()
  await store.close()
  folder.remove()
})

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function tellSome(from: number, to: number): Promise<void> {
  const ports = { ...demo.ports, store, watch: metrics }
  for (let number = from; number < to; number += 1)
    await inTransaction(ports, async (work) =>
      tell(work, [stream], { kind: 'alert', code: 'TEST', subject: String(number) }),
    )
}

function signed(signer: TestSigner, url: string) {
  const seconds = Math.floor(demo.clock.now / 1000)
  const nonce = Buffer.from(demo.random(16)).toString('base64url')
  return signRequest({ method: 'GET', url, body: '' }, signer.key, {
    created: seconds,
    expires: seconds + 60,
    nonce,
  })
}

const canteen = () => demo.role('merchant', demoCanteen)

async function open(signer: TestSigner, query = '', headers: Record<string, string> = {}): Promise<Response> {
  const stopped = new AbortController()
  closing.push(() => stopped.abort())
  const request = signed(signer, `${http.url}/v1/event-stream${query}`)
  return fetch(request.url, { headers: { ...request.headers, ...headers }, signal: stopped.signal })
}

/** Reads until the text holds what is looked for, or the stream ends. */
async function readUntil(response: Response, wanted: RegExp, onText?: (text: string) => void): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true })
    if (wanted.test(text)) return text
    onText?.(text)
  }
  return text
}

async function eventually(isSo: () => boolean, what: string): Promise<void> {
  for (const until = performance.now() + 30_000; performance.now() < until;) {
    if (isSo()) return
    await new Promise((done) => setTimeout(done, 10))
  }
  throw new Error(`never: ${what}`)
}

/** Between client and ledger: cuts after a random number of bytes, and asks for what the client had already. */
async function startProxy(
  random: (below: number) => number,
): Promise<{ url: string; cuts: () => number; repeated: () => number }> {
  let cuts = 0
  let repeated = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const ledger = connect(Number(new URL(http.url).port), '127.0.0.1')
    const left = { bytes: 300 + random(6_000) }
    sockets.add(client).add(ledger)
    const end = () => {
      client.destroy()
      ledger.destroy()
    }
    for (const socket of [client, ledger]) socket.on('error', end).on('close', end)
    client.on('data', (bytes) => {
      // Unsigned, as the standard has it: whoever changes it makes the ledger repeat itself, and no more.
      const request = bytes.toString('latin1').replace(/(?<=last-event-id: )\d+/, (cursor) => {
        if (random(2) === 0 || Number(cursor) === 0) return cursor
        repeated += 1
        return String(Math.max(0, Number(cursor) - 1 - random(5)))
      })
      ledger.write(Buffer.from(request, 'latin1'))
    })
    ledger.on('data', (bytes) => {
      const most = Math.min(left.bytes, bytes.length)
      left.bytes -= most
      client.write(bytes.subarray(0, most))
      if (left.bytes > 0) return
      cuts += 1
      client.end(end)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, cuts: () => cuts, repeated: () => repeated }
}

test('through cuts, repetitions and restarts every event is handed over once, in order', async () => {
  const seeds = seededRandom('feed-stream')
  const random = (below: number) => Buffer.from(seeds(4)).readUInt32BE() % below
  const proxy = await startProxy(random)
  const stopped = new AbortController()
  const lost: unknown[] = []
  const seen: FeedEvent[] = []
  const from = (await canteenLast()) ?? 0
  const reader: FeedReader = {
    ledgerUrl: () => proxy.url,
    sign: (_method, url) => signed(canteen(), url),
    ledgerKey: demo.ports.keys.signing,
    stream,
    after: from,
    stopped: stopped.signal,
    pause: () => new Promise((done) => setTimeout(done, 5)),
    onDidMiss: (missed) => lost.push(missed),
    onDidLose: (error) => lost.push(error),
  }
  const following = (async () => {
    for await (const event of followFeed(reader)) seen.push(event)
  })()
  const all = 150
  for (let part = 0; part < 3; part += 1) {
    await tellSome((part * all) / 3, ((part + 1) * all) / 3)
    await http.close()
    await store.close()
    store = await openStore(file)
    await startLedger()
  }
  await eventually(() => seen.length >= all, `${all} events, there are ${seen.length}: ${String(lost.at(-1))}`)
  // Nothing more comes.
  await new Promise((done) => setTimeout(done, 100))
  stopped.abort()
  await following
  expect(seen.map(({ cursor }) => cursor)).toEqual(Array.from({ length: all }, (_, index) => from + index + 1))
  const subjects = seen.map(({ event }) => (event.kind === 'alert' ? event.subject : ''))
  expect(subjects).toEqual(Array.from({ length: all }, (_, index) => String(index)))
  expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(all)
  // The proxy did what it is there for.
  expect(proxy.cuts()).toBeGreaterThan(10)
  expect(proxy.repeated()).toBeGreaterThan(3)
})

async function canteenLast(): Promise<number | undefined> {
  const { body } = await canteen().get('/v1/events')
  return body['last'] as number
}

describe('a stream', () => {
  test('tells at once what is committed, beats while nothing is, and goes on after Last-Event-ID', async () => {
    const last = (await canteenLastNow()) ?? 0
    const response = await open(canteen(), `?after=${last}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    let reading!: Promise<string>
    await new Promise<void>((beats) => {
      const onText = (text: string): void => void (text.includes(': alive\n\n') && beats())
      reading = readUntil(response, /: alive\n\n[\s\S]*id: \d+\ndata: .*\n\n/, onText)
    })
    await tellSome(1_000, 1_001)
    expect(await reading).toContain(`id: ${last + 1}\n`)
    const resumed = await open(canteen(), `?after=${last}`, { 'last-event-id': String(last + 1) })
    await tellSome(1_001, 1_002)
    const text = await readUntil(resumed, /id: /)
    expect(text).toContain(`id: ${last + 2}\n`)
    expect(text).not.toContain(`id: ${last + 1}\n`)
  })

  test('hears what another process committed with its next beat', async () => {
    const last = (await canteenLastNow()) ?? 0
    const response = await open(canteen(), `?after=${last}`)
    await inTransaction({ ...demo.ports, store }, async (work) =>
      tell(work, [stream], { kind: 'alert', code: 'TEST', subject: 'without a bell' }),
    )
    expect(await readUntil(response, /id: /)).toContain('without a bell')
  })

  test('ends when its key ends', async () => {
    const response = await open(canteen())
    const reading = readUntil(response, /never said/)
    const keyId = canteen().key.keyId
    const setStatus = (status: 'active' | 'revoked') =>
      inTransaction({ ...demo.ports, store }, ({ connection }) =>
        connection.updateTable('principal').set({ status }).where('key_id', '=', keyId).execute(),
      )
    await setStatus('revoked')
    expect(await reading).toContain(': the key is not heard any more')
    expect((await open(canteen())).status).toBe(401)
    await setStatus('active')
    await eventually(() => countStreams() === 0, 'the stream is given up')
  })

  test('lets a reader go that does not read, and buffers nothing for it without bound', async () => {
    await tellMuch()
    const { port } = new URL(http.url)
    const request = signed(canteen(), `${http.url}/v1/event-stream`)
    const socket = connect(Number(port), '127.0.0.1')
    closing.push(() => socket.destroy())
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`)
    socket.pause()
    socket.write(`GET /v1/event-stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${headers.join('\r\n')}\r\n\r\n`)
    await eventually(() => countStreams() === 1, 'the stream is open')
    await eventually(() => countStreams() === 0, 'the reader was let go')
    // Most of it was never read from the ledger.
    expect(socket.bytesRead).toBeLessThan(muchBytes)
  })

  test('is open four times for a reader, by any key; the fifth hears why, and no other is in its way', async () => {
    const end = `?after=${(await canteenLastNow()) ?? 0}`
    for (let number = 0; number < 4; number += 1) expect((await open(canteen(), end)).status).toBe(200)
    for (const signer of [canteen(), await withAnotherKey(canteen())]) {
      const fifth = await open(signer, end)
      expect([fifth.status, ((await fifth.json()) as { code: string }).code]).toEqual([429, 'rate_limited'])
    }
    expect((await open(demo.role('agency'))).status).toBe(200)
    for (const close of closing.splice(0)) close()
    await eventually(() => countStreams() === 0, 'all are given up')
    expect((await open(canteen(), end)).status).toBe(200)
  })

  test.each([
    ['no signature', 401, {}],
    ['another origin', 403, { origin: 'http://evil.example' }],
    ['a page of this machine', 403, { 'sec-fetch-site': 'same-site' }],
  ])('is not for %s', async (_who, status, headers: Record<string, string>) => {
    expect((await fetch(`${http.url}/v1/event-stream`, { headers })).status).toBe(status)
  })

  test('refuses a Last-Event-ID that is none, and a cursor that was never given', async () => {
    const none = await open(canteen(), '', { 'last-event-id': 'x' })
    expect([none.status, await none.json()]).toMatchObject([422, { errors: [{ pointer: '/Last-Event-ID' }] }])
    expect((await open(canteen(), '?after=999999')).status).toBe(409)
    expect((await open(canteen(), '', { 'last-event-id': '999999' })).status).toBe(409)
  })
})

/** Who has two keys that are heard, as while the former one ends (http/role-keys.ts). */
async function withAnotherKey({ ledger }: TestSigner): Promise<TestSigner> {
  const key = p256('the canteen’s other key')
  const row = { key_id: key.keyId, jwk: JSON.stringify(key.jwk), role: 'merchant', owner: demoCanteen } as const
  await inTransaction({ ...demo.ports, store }, ({ connection }) =>
    connection
      .insertInto('principal')
      .values({ ...row, status: 'active' })
      .execute(),
  )
  return new TestSigner(ledger, demo.clock, demo.random, key)
}

/** The demo's own ledger speaks to a store that a restart has closed: its file is asked by the new one. */
async function canteenLastNow(): Promise<number | undefined> {
  const request = signed(canteen(), `${http.url}/v1/events`)
  const answer = await fetch(request.url, { headers: request.headers })
  return ((await answer.json()) as { last: number }).last
}

function countStreams(): number {
  return http.eventStreams()
}

/** More than the socket's buffers of both sides take. */
const muchBytes = 10_000_000
async function tellMuch(): Promise<void> {
  const subject = 'x'.repeat(muchBytes / 500)
  await inTransaction({ ...demo.ports, store }, async (work) => {
    for (let number = 0; number < 500; number += 1) tell(work, [stream], { kind: 'alert', code: 'TEST', subject })
  })
}
