/**
 * The OpenAPI document says what the ledger takes and answers. Method: the document is fetched as an integrator fetches
 * it; its schemas are made into judges by zod's reader of JSON Schema, which shares nothing with the schemas that the
 * document was written from, and they judge every recorded request and answer; what lies just beyond a bound is
 * refused by judge and ledger alike.
 */
import { hash } from 'node:crypto'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { readExamples } from '../../../ledger-sim/http/examples.ts'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { canteen, canteenTiles } from '../../../ledger-sim/scenarios/demo-merchants.ts'
import { registerMerchant } from '../../../ledger-sim/schemes/merchants.ts'
import { canonicalText, toJson } from '../../../src/sync/protocol/canonical.ts'
import { demoLedger, type DemoLedger } from './demo-ledger.ts'

type Json = Record<string, unknown>
interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Json }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } }
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }>
}
interface Document {
  readonly paths: Record<string, Record<string, Described>>
  readonly webhooks: Record<string, Record<string, Described>>
  readonly components: { readonly schemas: Record<string, Json> }
}

let demo: DemoLedger
let http: RunningHttp
let document: Document

beforeAll(async () => {
  demo = await demoLedger()
  http = await startHttp({ ledger: demo.ledger, port: 0 })
  document = (await (await fetch(`${http.url}/openapi.json`)).json()) as Document
})
afterAll(async () => {
  await http.close()
  await demo.close()
})

const newTransferId = (): string => v7({ msecs: demo.clock.now, random: demo.random(16) })

function operationOf(name: string): Described {
  const [method = '', path = ''] = name.split(' ')
  const found = document.paths[path]?.[method.toLowerCase()]
  if (found === undefined) throw new Error(`the document has no ${name}`)
  return found
}

/** Whether a value is of the schema, and where it is not. */
function judge(schema: Json, value: unknown): string {
  const inDefs = (text: string) => JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Json
  const whole = inDefs(JSON.stringify({ ...schema, $defs: document.components.schemas }))
  const judged = z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value)
  return judged.success ? '' : z.prettifyError(judged.error)
}

function queryOf({ parameters = [] }: Described): Json {
  const own = parameters.filter((parameter) => parameter.in === 'query')
  return {
    type: 'object',
    properties: Object.fromEntries(own.map(({ name, schema }) => [name, schema])),
    additionalProperties: false,
  }
}

const bodyOf = ({ requestBody }: Described): Json => requestBody?.content['application/json'].schema ?? {}

interface Property {
  readonly name: string
  readonly schema: Json
}

const meant = (schema: Json): Json => {
  const [, name = ''] = /^#\/components\/schemas\/(.+)$/.exec(String(schema['$ref'])) ?? []
  return { ...document.components.schemas[name], ...schema }
}

/** Whether it is said what a property is: by itself, by what stands there unless null does, or by its one value. */
function isSaid(schema: Json): boolean {
  const { description, enum: values = [], const: only, anyOf = [] } = meant(schema)
  if (description !== undefined || only !== undefined || (values as unknown[]).length === 1) return true
  const others = (anyOf as Json[]).filter(({ type }) => type !== 'null')
  return others.length === 1 && isSaid(others[0] ?? {})
}

/** Every property of a schema, at whatever depth. */
function propertiesIn(schema: Json): readonly Property[] {
  const { properties = {}, items, additionalProperties, anyOf = [], oneOf = [], allOf = [] } = meant(schema)
  const own = Object.entries(properties as Record<string, Json>)
  const below = [items, additionalProperties, ...(anyOf as Json[]), ...(oneOf as Json[]), ...(allOf as Json[])]
  return [
    ...own.flatMap(([name, one]) => [{ name, schema: one }, ...propertiesIn(one)]),
    ...below.flatMap((one) => (typeof one === 'object' && one !== null ? propertiesIn(one as Json) : [])),
  ]
}

const limitsIn = () =>
  Object.entries(document.paths).flatMap(([path, { get }]) =>
    (get?.parameters ?? []).flatMap(({ name, schema }) => (name === 'limit' ? [{ path, schema }] : [])),
  )

describe('the document', () => {
  test('fits every recorded request that was answered, and every answer', () => {
    const examples = readExamples()
    expect(examples.length).toBeGreaterThan(300)
    const misfits = examples.flatMap(({ operation, title, request, status, answer }) => {
      const described = operationOf(operation)
      const asked = operation.startsWith('GET') ? queryOf(described) : bodyOf(described)
      const wrongRequest = status === 200 ? judge(asked, request) : ''
      const content = described.responses[String(status)]?.content ?? {}
      const schema = Object.entries(content).find(([type]) => (typeof answer === 'string') === (type === 'text/csv'))
      const wrongAnswer = schema === undefined ? 'no such answer' : judge(schema[1].schema, answer)
      return [
        ...(wrongRequest === '' ? [] : [`${operation}, "${title}", request: ${wrongRequest}`]),
        ...(wrongAnswer === '' ? [] : [`${operation}, "${title}", answer: ${wrongAnswer}`]),
      ]
    })
    expect(misfits).toEqual([])
  })

  test('and the ledger take amounts, ids and texts up to the same bound, and say which it is', async () => {
    const body = bodyOf(operationOf('POST /v1/payments/legal-entity-legal-entity'))
    const good = {
      transferId: '019aaf6e-1c00-7000-8000-00000000a11d',
      payer: 'almaly-education',
      payee: 'kokbazar-shop',
      amount: '1000000000000000',
      purpose: 'milk, 10 л',
    }
    const agency = demo.role('agency')
    const askedFor = async (other: Json) => {
      const { status, body: said } = await agency.post('/v1/payments/legal-entity-legal-entity', { ...good, ...other })
      const errors = (said['errors'] ?? []) as { pointer: string; detail: string }[]
      return [status === 422, ...errors.map(({ pointer, detail }) => `${pointer} ${detail}`)]
    }
    expect([judge(body, good), await askedFor({})]).toEqual(['', [false]])
    const amount = '/amount an amount in tiyn, whole and as decimal text: 1 to 1000000000000000'
    const cases: [Json, string][] = [
      [{ amount: '1000000000000001' }, amount],
      [{ amount: '9'.repeat(16) }, amount],
      [{ amount: '0' }, '/amount more than nothing'],
      [{ transferId: good.transferId.toUpperCase() }, '/transferId a UUIDv7 in lower case'],
      [{ purpose: 'milk\u0000' }, '/purpose no control characters'],
      [{ purpose: 'milk\u007f' }, '/purpose no control characters'],
      [{ purpose: 'milk\nbread' }, '/purpose no control characters'],
      [{ purpose: 'м'.repeat(141) }, '/purpose 0 to 140 characters'],
    ]
    for (const [other, said] of cases) {
      const anew = { transferId: newTransferId(), ...other }
      expect(judge(body, { ...good, ...anew })).not.toBe('')
      expect(await askedFor(anew)).toEqual([true, said])
    }
    // By characters, as a document counts them, not by halves of surrogate pairs.
    expect(await askedFor({ transferId: newTransferId(), purpose: '🐎'.repeat(140) })).toEqual([false])
    expect(await askedFor({ transferId: newTransferId(), purpose: '🐎'.repeat(141) })).toEqual([
      true,
      '/purpose 0 to 140 characters',
    ])
  })

  test('asks for plain text under new ids alone: what was done before is answered, and nobody pays again', async () => {
    const agency = demo.role('agency')
    const terms = { payer: 'almaly-education', payee: 'merchant.kokbazar-shop', amount: '10', purpose: 'rent\nMay' }
    const kept = { transferId: newTransferId(), ...terms }
    const answer = toJson({ transferId: kept.transferId })
    await inTransaction(demo.ports, ({ connection, now }) =>
      connection
        .insertInto('operation')
        .values({
          operation_id: kept.transferId,
          kind: 'payment',
          caller: 'almaly-education',
          terms_hash: hash('sha256', canonicalText(kept)),
          answer,
          at: now,
        })
        .execute(),
    )
    const path = '/v1/payments/legal-entity-legal-entity'
    expect(await agency.post(path, kept)).toMatchObject({ status: 200, body: { arrival: 'exists' } })
    const items = [
      kept,
      { ...kept, transferId: newTransferId() },
      { ...kept, transferId: newTransferId(), purpose: 'rent' },
    ]
    const { body } = await agency.post('/v1/batches', {
      items: items.map((item) => ({ method: 'POST', path, body: item })),
    })
    const results = body['results'] as { status: number; body: Json }[]
    expect(results.map(({ status, body: said }) => [status, said['arrival'] ?? said['code']])).toEqual([
      [200, 'exists'],
      [422, 'schema_mismatch'],
      [200, 'created'],
    ])
    const reversal = { reversalId: newTransferId(), transferId: newTransferId(), reason: 'x\u0000' }
    expect(await agency.post('/v1/reversals', reversal)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/reason', detail: 'no control characters' }] },
    })
  })

  test('is not alone in knowing the largest amount, and how often one may ask whose a number is', async () => {
    const { body } = await demo.role('bank').get('/v1/limits')
    expect(body['limits']).toMatchObject({
      amountTiynMax: 1_000_000_000_000_000,
      payeeLookupsPerAccountAndHourMax: 30,
      payeeLookupsPerBankAndHourMax: 5_000,
    })
  })

  test('and the ledger refuse a name that says nothing', async () => {
    const opening = { accountId: 'blank', owner: 'blank', kind: 'merchant' }
    const body = bodyOf(operationOf('POST /v1/accounts/legal-entities'))
    for (const name of ['     ', '\u00a0', 'Shop\t', 'Shop\u0000', '\n']) {
      expect(judge(body, { ...opening, name })).not.toBe('')
      expect(await demo.role('bank').post('/v1/accounts/legal-entities', { ...opening, name })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/name', detail: 'more than blanks, no control characters' }] },
      })
    }
    const scheme = demo.role('agency').post('/v1/groups', {
      schemeId: 'school-lunch',
      groupId: 'blank',
      name: { kk: 'Топ', ru: ' ', en: 'Group' },
    })
    expect((await scheme).body['errors']).toMatchObject([{ pointer: '/name/ru' }])
  })

  test('asks nothing of the names that were kept before', async () => {
    const before = { ...canteen, name: { kk: '\u0007', ru: ' ', en: canteen.name.en } }
    await inTransaction(demo.ports, (work) => registerMerchant(work, before, canteenTiles, 'dala-bank'))
    const till = await demo.till('till-1')
    expect((await till.fetch()).merchant.name).toEqual(before.name)
  })

  test('and the ledger have the same pages, with and without a `limit`', async () => {
    const pages = limitsIn()
    expect(pages.map(({ path }) => path).toSorted()).toEqual([
      '/v1/accounts',
      '/v1/alerts',
      '/v1/disclosures',
      '/v1/events',
      '/v1/received',
      '/v1/refusals',
      '/v1/rule-shares',
      '/v1/settlement-messages',
      '/v1/statements',
      '/v1/transfers/individual-individual',
      '/v1/webhook-deliveries',
    ])
    const rest: Record<string, string> = {
      '/v1/statements': '&accountId=issue',
      '/v1/received': '&accountId=individual-1',
      '/v1/webhook-deliveries': '&webhookId=019aaf6e-1c00-7000-8000-00000000a11d',
    }
    const bank = demo.role('bank')
    const auditor = demo.role('auditor')
    for (const { path, schema } of pages) {
      const described = document.paths[path]?.['get'] as Described & { readonly 'x-roles': readonly string[] }
      const who = described['x-roles'].includes('auditor') ? auditor : bank
      const said = /1 to (\d+); (\d+) when nothing is said/.exec(JSON.stringify(described))
      const most = Number(said?.[1])
      expect([path, schema['default']]).toEqual([path, said?.[2]])
      const isTaken = async (limit: string) => {
        const query = `limit=${encodeURIComponent(limit)}${rest[path] ?? ''}`
        return (await who.get(`${path}?${query}`)).status !== 422
      }
      for (const limit of ['0', '1', '01', '-1', '1.5', String(most), String(most + 1), '99999']) {
        const taken = limit === '1' || limit === String(most)
        expect([path, limit, judge(schema, limit) === '', await isTaken(limit)]).toEqual([path, limit, taken, taken])
      }
    }
  })

  test('says of what a stranger cannot guess what it means', () => {
    const bodies = Object.values(document.paths).flatMap(({ post }) => (post === undefined ? [] : [bodyOf(post)]))
    const properties = bodies.flatMap((body) => propertiesIn(body))
    const unsaid = properties.filter(({ schema }) => !isSaid(schema))
    expect(properties.length).toBeGreaterThan(900)
    // Whoever describes more of them lowers this.
    expect(unsaid.length).toBeLessThanOrEqual(134)
    const ofMoney = ['payments', 'conversions', 'transfers', 'reversals', 'refunds', 'scheme-fundings', 'scenarios']
    const unsaidOfMoney = Object.entries(document.paths)
      .filter(([path]) => ofMoney.includes(path.split('/')[2] ?? ''))
      .flatMap(([path, { post }]) =>
        propertiesIn(post === undefined ? {} : bodyOf(post)).map((one) => ({ path, ...one })),
      )
      .filter(({ schema }) => !isSaid(schema))
    expect(unsaidOfMoney.map(({ path, name }) => `${path} ${name}`)).toEqual([])
  })

  test('names the header by which a stream is resumed', () => {
    const { parameters = [] } = operationOf('GET /v1/event-stream')
    const header = parameters.find(({ name }) => name === 'Last-Event-ID')
    expect(header).toMatchObject({ in: 'header', required: false })
    expect([judge(header?.schema ?? {}, '41'), judge(header?.schema ?? {}, '041') === '']).toEqual(['', false])
  })

  test('has what a webhook receives, made of the feed’s events', () => {
    const { parameters = [], ...described } = document.webhooks['feedEvent']?.['post'] ?? { responses: {} }
    expect(parameters.map(({ name }) => name)).toEqual(['Content-Digest', 'Signature-Input', 'Signature'])
    const [shown] = readExamples().filter(({ operation }) => operation === 'GET /v1/events')
    const { events } = z.looseObject({ events: z.array(z.looseObject({})) }).parse(shown?.answer)
    const [event] = events
    const webhookId = '019aaf6e-1c00-7000-8000-00000000a11d'
    expect(judge(bodyOf(described), { webhookId, stream: 'owner:dala-bank', event })).toBe('')
    expect(judge(bodyOf(described), { webhookId, stream: 'dala-bank', event })).not.toBe('')
    expect(judge(bodyOf(described), { webhookId, stream: 'owner:dala-bank', event: { ...event, cursor: 0 } })).not.toBe(
      '',
    )
  })

  test.each([
    ['/health', 'application/json'],
    ['/ready', 'application/json'],
    ['/metrics', 'text/plain'],
  ])('has %s, as it answers', async (path, type) => {
    const response = await fetch(`${http.url}${path}`)
    const content = document.paths[path]?.['get']?.responses['200']?.content?.[type]
    expect(response.headers.get('content-type')).toContain(type)
    const answer = type === 'text/plain' ? await response.text() : ((await response.json()) as unknown)
    expect(judge(content?.schema ?? { not: {} }, answer)).toBe('')
  })
})
