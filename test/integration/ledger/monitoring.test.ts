/**
 * Method: a day of two tills on the demonstration's ledger in memory; each role asks how things stand and gets its own
 * and nothing else, and the sums are held against the transfers and tenders themselves. Then /ready, /metrics and who
 * gets into the operator's page, on a real socket.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { createLedger, type Ledger } from '../../../ledger-sim/ledger.ts'
import { LedgerMetrics } from '../../../ledger-sim/monitoring/metrics.ts'
import { OperatorAccess, printedTokenMs, sessionMs } from '../../../ledger-sim/monitoring/operator/access.ts'
import { PaymentsByMinute } from '../../../ledger-sim/monitoring/payments-by-minute.ts'
import { readinessOf } from '../../../ledger-sim/monitoring/readiness.ts'
import { demoAgency, demoCanteen, demoShop } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { problemCodes } from '../../../src/sync/protocol/problems.ts'
import { demoLedger, type DemoLedger, type TestSigner, type TestTill } from './demo-ledger.ts'

const minuteMs = 60_000
let demo: DemoLedger
let first: TestTill
let second: TestTill

beforeAll(async () => {
  demo = await demoLedger()
  first = await demo.till('till-1')
  second = await demo.till('till-2')
  await first.fetch()
  await second.fetch()
})
afterAll(() => demo.close())

const pupil = (number: number) => demo.card(`Pupil ${String(number).padStart(2, '0')}`)

type SchemeFigure = 'schemeId' | 'funded' | 'spent' | 'returned' | 'escrow' | 'inReview' | 'free' | 'awaitingFunds'

interface Seen {
  readonly nodes: unknown[]
  readonly circulation: { issued: string; inCirculation: string } | null
  readonly wallets: { kind: string; count: number; balance: string | null }[]
  readonly schemes: Record<SchemeFigure, string>[]
  readonly leases: { terminalId: string; exposure: string; escrow: string }[]
  readonly terminals: {
    terminalId: string
    lastSeenAt: number | null
    queue: { length: number; since: number | null } | null
    exposure: string
    connectivity: string
  }[]
}

async function seenBy(reader: TestSigner): Promise<Seen> {
  const { status, body } = await reader.get('/v1/monitoring')
  expect(status).toBe(200)
  return body as unknown as Seen
}

describe('how things stand', () => {
  test('a scheme’s money adds up, and what was spent is what its settled tenders say', async () => {
    const sold = [1, 2, 3].map((number) => first.decide({ card: pupil(number) }))
    for (const decided of sold) await first.present(decided)
    await first.reverse(sold[0]?.terms.tenderId ?? '')
    const { schemes } = await seenBy(demo.role('agency'))
    for (const { funded, spent, returned, escrow, inReview, free } of schemes)
      expect(BigInt(funded)).toBe([spent, returned, escrow, inReview, free].reduce((sum, one) => sum + BigInt(one), 0n))
    const lunch = schemes.find(({ schemeId }) => schemeId === 'school-lunch')
    const settled = (await demo.rows('tender')).filter((row) => row['state'] === 'settled')
    expect(settled).toHaveLength(2)
    const spent = settled.reduce((sum, row) => sum + (row['amount'] as bigint), 0n)
    expect(lunch).toMatchObject({ spent: String(spent), funded: '100000000', awaitingFunds: '0' })
  })

  test('what leases expose is what lies in escrow', async () => {
    const { leases, schemes } = await seenBy(demo.role('agency'))
    expect(leases.length).toBeGreaterThan(0)
    for (const { exposure, escrow } of leases) expect(exposure).toBe(escrow)
    const all = leases.reduce((sum, { escrow }) => sum + BigInt(escrow), 0n)
    expect(schemes.reduce((sum, { escrow }) => sum + BigInt(escrow), 0n)).toBe(all)
    expect(all).toBeGreaterThan(0n)
  })

  test('a lease whose escrow lacks money is seen', async () => {
    const { leases: before } = await seenBy(demo.role('agency'))
    const rows = (await demo.rows('account')) as { account_id: string; kind: string; balance: bigint }[]
    const escrow = rows.find(({ kind, balance }) => kind === 'escrow' && balance > 0n)
    const take = (amount: bigint) =>
      inTransaction(demo.ports, ({ connection }) =>
        connection
          .updateTable('account')
          .set((row) => ({ balance: row('balance', '-', amount) }))
          .where('account_id', '=', escrow?.account_id ?? '')
          .execute(),
      )
    await take(1n)
    const { leases } = await seenBy(demo.role('agency'))
    expect(leases.filter((lease) => lease.exposure !== lease.escrow)).toHaveLength(1)
    await take(-1n)
    expect((await seenBy(demo.role('agency'))).leases).toEqual(before)
  })

  test('each role sees its own', async () => {
    const whole = await seenBy(demo.role('central-bank'))
    expect(await seenBy(demo.role('auditor'))).toEqual(whole)
    expect(whole).toMatchObject({ nodes: [{ nodeId: 'ledger-1' }], circulation: { issued: '315000000' } })
    expect(whole.circulation?.inCirculation).toBe(whole.circulation?.issued)
    expect(whole.wallets.find(({ kind }) => kind === 'individual')).toMatchObject({ count: 3, balance: '15000000' })
    expect(whole.terminals.map(({ terminalId }) => terminalId)).toEqual(['till-1', 'till-2'])

    const agency = await seenBy(demo.role('agency'))
    expect(agency).toMatchObject({ nodes: [], circulation: null, wallets: [] })
    expect(agency.schemes.map(({ schemeId }) => schemeId)).toEqual(['food-voucher', 'school-lunch'])
    // Only the till that holds its leases.
    expect(agency.terminals.map(({ terminalId }) => terminalId)).toEqual(['till-1'])

    const canteen = await seenBy(demo.role('merchant', demoCanteen))
    expect(canteen).toMatchObject({ nodes: [], circulation: null, wallets: [], schemes: [] })
    expect(canteen.terminals.map(({ terminalId }) => terminalId)).toEqual(['till-1', 'till-2'])
    const shop = await seenBy(demo.role('merchant', demoShop))
    expect(shop).toMatchObject({ schemes: [], leases: [], terminals: [], circulation: null })

    const bank = await seenBy(demo.role('bank'))
    expect(bank.wallets).toEqual([
      { kind: 'agency', count: 1, balance: null },
      { kind: 'individual', count: 3, balance: null },
      { kind: 'merchant', count: 2, balance: null },
    ])
    expect(bank).toMatchObject({ schemes: [], leases: [], terminals: [], circulation: null })
  })

  test.each(['individual', 'terminal'])('is not for a role such as %s', async (role) => {
    const signer = role === 'terminal' ? first : demo.role(role)
    expect((await signer.get('/v1/monitoring')).body['code']).toBe('role_not_allowed')
  })

  test('a till’s queue is what its heads say, and as old as the first of them', async () => {
    const canteen = demo.role('merchant', demoCanteen)
    const queueOf = async () =>
      (await seenBy(canteen)).terminals.find(({ terminalId }) => terminalId === 'till-2')?.queue
    expect(await queueOf()).toBeNull()
    const show = (unsynced: number) => second.call('/v1/terminal/heads', { head: second.position(), unsynced })
    await show(3)
    const since = demo.clock.now
    demo.clock.now += 5 * minuteMs
    await show(7)
    expect(await queueOf()).toEqual({ length: 7, since, saidAt: demo.clock.now })
    await show(0)
    expect(await queueOf()).toEqual({ length: 0, since: null, saidAt: demo.clock.now })
  })

  test('silence: nobody heard; a neighbour heard; heard again; gone', async () => {
    const canteen = demo.role('merchant', demoCanteen)
    const now = async () => (await seenBy(canteen)).terminals.map(({ connectivity }) => connectivity)
    const hear = (till: TestTill) => till.call('/v1/terminal/heads', { head: till.position(), unsynced: 0 })
    await hear(first)
    await hear(second)
    expect(await now()).toEqual(['heard', 'heard'])
    demo.clock.now += 11 * minuteMs
    expect(await now()).toEqual(['silent', 'silent'])
    await hear(second)
    expect(await now()).toEqual(['silent_by_choice', 'heard'])
    await hear(first)
    expect(await now()).toEqual(['heard', 'heard'])
    await demo.role('agency').post('/v1/terminal-revocations', { terminalId: 'till-2', reason: 'retired' })
    expect(await now()).toEqual(['heard', 'gone'])
  })

  test('payments by minute: each in its minute, counted once when it is over', async () => {
    const payments = new PaymentsByMinute()
    const last = (minutes: number) => inTransaction(demo.ports, (work) => payments.last(work, minutes))
    demo.clock.now = Math.ceil(demo.clock.now / minuteMs) * minuteMs + 10 * minuteMs
    const pay = () =>
      demo.role('agency').post('/v1/payments/legal-entity-legal-entity', {
        transferId: first.id(),
        payer: demoAgency,
        payee: `merchant.${demoCanteen}`,
        amount: '100',
        purpose: 'test',
      })
    expect((await pay()).status).toBe(200)
    await pay()
    expect(await last(3)).toEqual([0, 0, 2])
    await pay()
    expect(await last(3)).toEqual([0, 0, 3])
    demo.clock.now += minuteMs
    await pay()
    expect(await last(3)).toEqual([0, 3, 1])
    // What began in a minute and is committed in the next one is counted still.
    demo.clock.now -= minuteMs
    await pay()
    demo.clock.now += minuteMs
    expect(await last(3)).toEqual([0, 4, 1])
    demo.clock.now += 2 * minuteMs
    expect(await last(4)).toEqual([4, 1, 0, 0])
  })
})

describe('the process', () => {
  let http: RunningHttp
  let ledger: Ledger
  let access: OperatorAccess
  let entered = 0

  beforeAll(async () => {
    const metrics = new LedgerMetrics()
    ledger = createLedger({ ...demo.ports, watch: metrics })
    const { clock, random } = demo.ports
    access = new OperatorAccess({ clock, random, onDidEnter: () => (entered += 1) })
    http = await startHttp({ ledger, port: 0, metrics, operator: access })
    const items = [first.reversal(first.id()), first.reversal(first.id())]
    const handedOver = await ledger.handle(first.sign('POST', '/v1/terminal/batches', toJson({ items })))
    expect(handedOver.status).toBe(200)
  })
  afterAll(() => http.close())

  test('is ready; not with a clock before what is booked, nor without its store', async () => {
    const answer = await fetch(`${http.url}/ready`)
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { ready: true, checks: { storeWritable: true, migrated: true, clockSane: true } },
    ])
    expect(await demo.rows('meta')).toHaveLength(1)
    const early = await readinessOf({ ...demo.ports, clock: () => demo.clock.now - 3_600_000 })
    expect(early).toEqual({ ready: false, checks: { storeWritable: true, migrated: true, clockSane: false } })
    const broken = { ...demo.ports.store, transaction: () => Promise.reject(new Error('gone')) }
    expect(await readinessOf({ ...demo.ports, store: broken })).toEqual({
      ready: false,
      checks: { storeWritable: false, migrated: false, clockSane: false },
    })
    await inTransaction(demo.ports, ({ connection }) =>
      connection
        .insertInto('kysely_migration' as 'meta')
        .values({ name: '9999', timestamp: '' } as never)
        .execute(),
    )
    expect((await fetch(`${http.url}/ready`)).status).toBe(503)
    await inTransaction(demo.ports, ({ connection }) =>
      connection
        .deleteFrom('kysely_migration' as 'meta')
        .where('name', '=', '9999')
        .execute(),
    )
  })

  test('tells Prometheus how much and how fast, and nobody’s name', async () => {
    await fetch(`${http.url}/v1/nothing/school-7-canteen`)
    await fetch(`${http.url}/v1/monitoring`)
    const answer = await fetch(`${http.url}/metrics`)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    const text = await answer.text()
    for (const line of [
      /^tolem_requests_total\{operation="GET \/v1\/monitoring",code="401"\} 1$/m,
      /^tolem_requests_total\{operation="none",code="401"\} 1$/m,
      /^tolem_request_seconds_bucket\{le="0\.\d+",operation="GET \/ready"\} \d+$/m,
      /^tolem_commits_total [1-9]\d*$/m,
      /^tolem_batch_items_bucket\{le="2"\} 1$/m,
      /^tolem_batch_items_bucket\{le="1"\} 0$/m,
      /^tolem_tender_answers_total\{state="reversed"\} 2$/m,
      /^tolem_webhook_queue 0$/m,
      /^tolem_event_streams 0$/m,
    ])
      expect(text).toMatch(line)
    expect(text).not.toMatch(/school-7|till-1|almaly|individual-\d|keyid/)
  })

  const metricsNow = async () => (await fetch(`${http.url}/metrics`)).text()

  test('counts problems by their registered codes, of what was no HTTP and of items of batches too', async () => {
    const countOf = (text: string) =>
      new Map(
        [...text.matchAll(/^tolem_problems_total\{code="(\w+)"\} (\d+)$/gm)].map(([, code, n]) => [code, Number(n)]),
      )
    const before = countOf(await metricsNow())
    expect([...before.keys()]).toEqual(problemCodes)
    await fetch(`${http.url}/v1/monitoring`)
    await new Promise<void>((closed) => {
      const socket = connect(Number(new URL(http.url).port), '127.0.0.1', () => socket.write('HELLO\r\n\r\n'))
      socket.on('data', () => undefined)
      socket.on('close', () => closed())
    })
    const items = [{ method: 'POST', path: '/v1/nothing', body: {} }, null]
    const batch = demo.role('agency').sign('POST', '/v1/batches', toJson({ items }))
    expect((await ledger.handle(batch)).status).toBe(200)
    const after = countOf(await metricsNow())
    const more = [...after].filter(([code, number]) => number !== before.get(code))
    expect(more.map(([code, number]) => `${code} ${number - (before.get(code) ?? 0)}`).toSorted()).toEqual([
      'not_found 1',
      'not_json 1',
      'schema_mismatch 1',
      'signature_missing 1',
    ])
  })

  const enter = (token: string, headers: Record<string, string> = {}) =>
    fetch(`${http.url}/operator/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    })
  const look = (cookie: string | undefined) =>
    fetch(`${http.url}/operator/state`, { headers: cookie === undefined ? {} : { cookie } })

  test('the operator’s page: a link opens it once, for a reader’s eyes only', async () => {
    expect((await look(undefined)).status).toBe(401)
    const token = access.issueToken(printedTokenMs)
    const entering = await enter(token, { origin: http.url })
    expect(entering.status).toBe(204)
    expect(entered).toBe(1)
    const set = entering.headers.get('set-cookie') ?? ''
    const { port } = new URL(http.url)
    expect(set).toMatch(new RegExp(`^tolem-operator-${port}=[\\w-]{32}; Path=/operator; HttpOnly; SameSite=Strict$`))
    const cookie = set.split(';')[0]
    const state = (await (await look(cookie)).json()) as Record<string, unknown>
    expect(state).toMatchObject({ nodes: [{ nodeId: 'ledger-1' }], eventStreams: 0, webhookQueue: 0 })
    expect(state['paymentsByMinute']).toHaveLength(60)
    // Used, invented, over.
    expect((await enter(token)).status).toBe(401)
    expect((await enter('invented')).status).toBe(401)
    const late = access.issueToken(printedTokenMs)
    demo.clock.now += printedTokenMs + 1
    expect((await enter(late)).status).toBe(401)
    // Nothing else takes the cookie, and its own paths take nothing but it.
    for (const path of ['/v1/monitoring', '/v1/events', '/v1/event-stream', '/v1/balances'])
      expect((await fetch(`${http.url}${path}`, { headers: { cookie: cookie ?? '' } })).status).toBe(401)
    expect((await look(cookie?.slice(0, -1))).status).toBe(401)
    expect((await look(`tolem-operator-${port}=other; ${cookie}`)).status).toBe(200)
    demo.clock.now += sessionMs
    expect((await look(cookie)).status).toBe(401)
  })

  test.each([
    ['another origin', { origin: 'http://evil.example' }],
    ['a page of another local server', { origin: 'http://127.0.0.1:1' }],
    ['an embedded request', { 'sec-fetch-site': 'cross-site' }],
  ])('the operator’s page is not for %s', async (_who, headers: Record<string, string>) => {
    expect((await enter(access.issueToken(), headers)).status).toBe(403)
    expect((await fetch(`${http.url}/operator`, { headers })).status).toBe(403)
  })

  test('the page’s own origin opens nothing but the page', async () => {
    const headers = { origin: http.url }
    expect((await fetch(`${http.url}/v1/balances`, { headers })).status).toBe(403)
    expect((await fetch(`${http.url}/metrics`, { headers })).status).toBe(403)
    const page = await fetch(`${http.url}/operator`)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/)
    expect(policy).not.toMatch(/unsafe|http:/)
    expect(await page.text()).not.toMatch(/https?:\/\/|<style|<script>|style=/)
  })
})
