/**
 * Method: the courier on a clock and a scheduler that the test moves, with a receiver that takes, refuses or stays
 * silent as it is told: the whole plan of repetitions passes in milliseconds. Then once by real HTTP: the receiver
 * checks the ledger's signature over what it was sent, and a redirect is not followed.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { FeedBell } from '../../../ledger-sim/feed/bell.ts'
import { tell } from '../../../ledger-sim/feed/outbox.ts'
import { givenUpAfterMs, pauseMsMax, WebhookCourier, type Sent } from '../../../ledger-sim/feed/webhook-courier.ts'
import { webhookBodySchema } from '../../../ledger-sim/feed/webhook-body.ts'
import { postToWebhook } from '../../../ledger-sim/feed/webhook-sender.ts'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { verifyRequest, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { demoLedger, type DemoLedger, type TestSigner } from './demo-ledger.ts'

const stream = `owner:${demoCanteen}` as const

/** Time that the test moves; what is due is called in its order. */
class TestScheduler {
  readonly #clock: { now: number }
  readonly #due = new Set<{ readonly at: number; readonly callback: () => void }>()

  constructor(clock: { now: number }) {
    this.#clock = clock
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { at: this.#clock.now + delayMs, callback }
    this.#due.add(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#due.delete(timer as { at: number; callback: () => void })
  }

  /** To the next timer. */
  async step(): Promise<void> {
    const next = [...this.#due].toSorted((first, second) => first.at - second.at)[0]
    if (next === undefined) throw new Error('nothing is due')
    this.#due.delete(next)
    this.#clock.now = Math.max(this.#clock.now, next.at)
    next.callback()
    await settle()
  }
}

/** Lets everything that can go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await new Promise<void>((done) => setImmediate(done))
}

interface Posted {
  readonly url: string
  readonly cursor: number
  readonly eventId: string
  readonly at: number
  readonly request: HttpRequest
}

let demo: DemoLedger
let bell: FeedBell
let scheduler: TestScheduler
let courier: WebhookCourier
let posted: Posted[]
let answer: (posted: Posted) => Promise<Sent> | Sent
let failures: unknown[]

function startCourier(): void {
  courier = new WebhookCourier({
    ports: demo.ports,
    bell,
    scheduler,
    send: async (request) => {
      const { event } = JSON.parse(request.body) as { event: { cursor: number; eventId: string } }
      const one = { url: request.url, cursor: event.cursor, eventId: event.eventId, at: demo.clock.now, request }
      posted.push(one)
      return answer(one)
    },
    onDidFail: (error) => failures.push(error),
  })
  courier.start()
}

beforeAll(async () => {
  demo = await demoLedger()
})
afterAll(() => demo.close())
beforeEach(() => {
  bell = new FeedBell()
  scheduler = new TestScheduler(demo.clock)
  posted = []
  failures = []
  answer = () => ({ kind: 'taken' })
  startCourier()
})
afterEach(async () => {
  await courier.stop()
  expect(failures).toEqual([])
  const { body } = await canteen().get('/v1/webhooks')
  for (const { webhookId } of body['webhooks'] as { webhookId: string }[])
    await canteen().post('/v1/webhook-removals', { webhookId })
})

const canteen = () => demo.role('merchant', demoCanteen)
const id = () => {
  const hex = Buffer.from(demo.random(16)).toString('hex')
  const time = demo.clock.now.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`
}

async function register(signer: TestSigner, url: string, after?: number): Promise<string> {
  const webhookId = id()
  const { status, body } = await signer.post('/v1/webhooks', {
    webhookId,
    url,
    ...(after === undefined ? {} : { after }),
  })
  expect(body).toMatchObject({ webhookId, arrival: 'created' })
  expect(status).toBe(200)
  return webhookId
}

async function tellSome(count: number): Promise<void> {
  await inTransaction(
    { ...demo.ports, watch: { committed: (heard) => bell.ring(heard), batchReceived, answered, refused } },
    async (work) => {
      for (let number = 0; number < count; number += 1)
        tell(work, [stream], { kind: 'alert', code: 'TEST', subject: String(number) })
    },
  )
  // The courier looks a moment after news.
  await scheduler.step()
}
const batchReceived = () => undefined
const refused = () => undefined
const answered = () => undefined

const hook = 'http://127.0.0.1:9/hook'

describe('delivery', () => {
  test('in order, from the moment of registration or from the cursor that was named', async () => {
    await tellSome(2)
    const { body } = await canteen().get('/v1/events')
    const last = body['last'] as number
    const fromNow = await register(canteen(), `${hook}/now`)
    await register(canteen(), `${hook}/all`, last - 1)
    await tellSome(3)
    const cursorsOf = (url: string) => posted.filter((one) => one.url === url).map(({ cursor }) => cursor)
    expect(cursorsOf(`${hook}/now`)).toEqual([last + 1, last + 2, last + 3])
    expect(cursorsOf(`${hook}/all`)).toEqual([last, last + 1, last + 2, last + 3])
    const { body: listed } = await canteen().get(`/v1/webhook-deliveries?webhookId=${fromNow}`)
    expect(listed['deliveries']).toEqual(
      posted
        .filter((one) => one.url === `${hook}/now`)
        .map(({ cursor, eventId, at }) => ({
          cursor,
          eventId,
          tries: 1,
          firstTryAt: at,
          deliveredAt: at,
          failure: null,
        })),
    )
  })

  test('each request is signed by the ledger for its address and body', async () => {
    await register(canteen(), hook)
    await tellSome(1)
    const { request } = posted[0] ?? fail()
    const { signing } = demo.ports.keys
    const keyOf = (keyId: string) => (keyId === signing.keyId ? signing : undefined)
    expect(verifyRequest(request, keyOf)).toMatchObject({ kind: 'valid' })
    // What the OpenAPI document has under `webhooks` is made of this schema.
    expect(webhookBodySchema.parse(JSON.parse(request.body))).toMatchObject({
      stream,
      event: { event: { code: 'TEST' } },
    })
    expect(verifyRequest({ ...request, body: request.body.replace('TEST', 'TOST') }, keyOf)).toMatchObject({
      kind: 'fault',
    })
    expect(verifyRequest({ ...request, url: `${hook}2` }, keyOf)).toMatchObject({ kind: 'fault' })
  })

  test('what is not taken comes again after 1, 2, 4, … seconds, under the same id, before what follows', async () => {
    const webhookId = await register(canteen(), hook)
    answer = () => ({ kind: 'failed', detail: 'answered 500' })
    await tellSome(2)
    for (let step = 0; step < 6; step += 1) await scheduler.step()
    expect(new Set(posted.map(({ eventId }) => eventId)).size).toBe(1)
    const pauses = posted.slice(1).map(({ at }, index) => at - (posted[index]?.at ?? 0))
    expect(pauses.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
    const { body } = await canteen().get('/v1/webhooks')
    expect(body['webhooks']).toMatchObject([
      { webhookId, state: 'active', tries: posted.length, failure: 'answered 500', failingSince: posted[0]?.at },
    ])
    answer = () => ({ kind: 'taken' })
    await scheduler.step()
    while (posted.at(-1)?.cursor === posted[0]?.cursor) await scheduler.step()
    expect(posted.at(-1)?.cursor).toBe((posted[0]?.cursor ?? 0) + 1)
    const { body: after } = await canteen().get('/v1/webhooks')
    expect(after['webhooks']).toMatchObject([{ tries: 0, failure: null, failingSince: null, cursor: after['last'] }])
  })

  test('one that hangs holds up nobody else', async () => {
    let letGo: (() => void) | undefined
    answer = ({ url }) =>
      url.endsWith('/hangs') ? new Promise((done) => (letGo = () => done({ kind: 'taken' }))) : { kind: 'taken' }
    await register(canteen(), `${hook}/hangs`)
    await register(canteen(), `${hook}/works`)
    await tellSome(3)
    expect(posted.filter(({ url }) => url.endsWith('/hangs'))).toHaveLength(1)
    expect(posted.filter(({ url }) => url.endsWith('/works'))).toHaveLength(3)
    letGo?.()
  })

  test('a stop between the receiver’s answer and its commit: the same event again afterwards', async () => {
    await register(canteen(), hook)
    let letGo: (() => void) | undefined
    answer = () => new Promise((done) => (letGo = () => done({ kind: 'taken' })))
    await tellSome(1)
    expect(posted).toHaveLength(1)
    const stopping = courier.stop()
    letGo?.()
    await stopping
    answer = () => ({ kind: 'taken' })
    startCourier()
    await settle()
    expect(posted.map(({ eventId }) => eventId)).toEqual([posted[0]?.eventId, posted[0]?.eventId])
  })

  test('is given up after three days, and the owner hears of it in its feed', async () => {
    const webhookId = await register(canteen(), hook)
    answer = () => ({ kind: 'failed', detail: 'not reached (ECONNREFUSED)' })
    await tellSome(1)
    const began = demo.clock.now
    while (demo.clock.now - began < givenUpAfterMs + 2 * pauseMsMax) {
      demo.clock.now += pauseMsMax
      await scheduler.step()
    }
    const { body } = await canteen().get('/v1/webhooks')
    expect(body['webhooks']).toMatchObject([{ webhookId, state: 'disabled' }])
    const tried = posted.length
    expect((posted.at(-1)?.at ?? 0) - began).toBeGreaterThanOrEqual(givenUpAfterMs)
    // No pause is longer than an hour: one try for each that the test lets pass.
    expect(tried).toBeGreaterThanOrEqual(72)
    const { body: feed } = await canteen().get(`/v1/events?after=${(posted[0]?.cursor ?? 1) - 1}&limit=10`)
    const news = (feed['events'] as { event: unknown }[]).map(({ event }) => event)
    expect(news).toContainEqual({ kind: 'alert', code: 'WEBHOOK_DISABLED', subject: webhookId })
    await tellSome(1)
    await scheduler.step()
    expect(posted).toHaveLength(tried)
  })

  test('ends with the removal, and a removed one is nobody’s to list', async () => {
    const webhookId = await register(canteen(), hook)
    expect((await canteen().post('/v1/webhook-removals', { webhookId })).status).toBe(200)
    await tellSome(1)
    expect(posted).toEqual([])
    expect((await canteen().get('/v1/webhooks')).body['webhooks']).toEqual([])
  })
})

describe('registration', () => {
  test('the same id is the same webhook, with other terms it is refused', async () => {
    const webhookId = id()
    const first = await canteen().post('/v1/webhooks', { webhookId, url: hook })
    const again = await canteen().post('/v1/webhooks', { webhookId, url: hook })
    expect([first.body['arrival'], again.body['arrival']]).toEqual(['created', 'exists'])
    const other = await canteen().post('/v1/webhooks', { webhookId, url: `${hook}/2` })
    expect(other.body['code']).toBe('exists_with_different_terms')
  })

  test.each([
    'http://192.168.0.1/hook',
    'http://ledger.example/hook',
    'https://127.0.0.1/hook',
    'http://127.0.0.1.example/',
    'http://user:secret@127.0.0.1/',
    'http://127.0.0.1/#part',
    'file:///etc/passwd',
    'not an address',
  ])('the ledger does not post to %s', async (url) => {
    expect((await canteen().post('/v1/webhooks', { webhookId: id(), url })).body['code']).toBe('rule_violated')
  })

  test('another’s webhook is not there', async () => {
    const webhookId = await register(canteen(), hook)
    const agency = demo.role('agency')
    expect((await agency.get(`/v1/webhook-deliveries?webhookId=${webhookId}`)).body['code']).toBe('not_found')
    expect((await agency.post('/v1/webhook-removals', { webhookId })).body['code']).toBe('not_found')
    expect((await agency.get('/v1/webhooks')).body['webhooks']).toEqual([])
    await tellSome(1)
    expect(posted).toHaveLength(1)
  })

  test('ten are enough', async () => {
    for (let number = 0; number < 10; number += 1) await register(canteen(), `${hook}/${number}`)
    const refused = await canteen().post('/v1/webhooks', { webhookId: id(), url: hook })
    expect(refused.body['code']).toBe('rule_violated')
  })
})

describe('by real HTTP', () => {
  test('2xx is taken; a redirect, an error and a closed port are failures', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const status = Number(request.url?.slice(1))
      response.writeHead(status, status === 307 ? { location: '/200' } : {}).end('much text'.repeat(1_000))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    const post = (path: string) => {
      const stopped = new AbortController().signal
      return postToWebhook({ method: 'POST', url: `http://127.0.0.1:${port}${path}`, headers: {}, body: '{}' }, stopped)
    }
    try {
      expect(await post('/200')).toEqual({ kind: 'taken' })
      expect(await post('/204')).toEqual({ kind: 'taken' })
      expect(await post('/307')).toEqual({ kind: 'failed', detail: 'answered 307' })
      expect(await post('/500')).toEqual({ kind: 'failed', detail: 'answered 500' })
      expect(asked).toEqual(['/200', '/204', '/307', '/500'])
    } finally {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
    expect(await post('/200')).toEqual({ kind: 'failed', detail: expect.stringMatching(/^not reached \([A-Z_]+\)$/) })
  })
})

function fail(): never {
  throw new Error('nothing was posted')
}
