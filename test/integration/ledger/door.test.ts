/** The signed door: the order of problems, signed answers, and nothing that a client can send breaks it. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import {
  contentDigest,
  signRequest,
  verifyAnswer,
  type HttpRequest,
} from '../../../src/sync/protocol/http-signature.ts'
import { demoLedger, p256, TestSigner, type DemoLedger, type TestTill } from './demo-ledger.ts'

/** The Digital Tenge status report of 2023, table "METHOD NAME", letter by letter, its slips too. */
const methodsOfTheReport = [
  'Opening an account of a legal entity on the DT platform',
  'Opening an account of an individual on the DT platform',
  'Conversion of non-cash KZT to the DT at the "bank - CB" level',
  'Conversion of non-cash KZT to the DT at the "legal entity - bank" level',
  'Legal entity-to-legal entity payment',
  'Legal entity-to-individual payment',
  'Individual-to-individual transfer',
  'Payment at merchant',
  'Conversion of the DT to non-cash KZT to at the "legal entity - bank" level',
  'Conversion of the DT to non-cash KZT to at the "individual - bank" level',
  'Conversion of the DT to non-cash KZT to at the "bank - CB" level',
  'Monitoring',
  'Receiving balance-related data',
  'Receiving notifications',
]
const besideThem = ['Scenarios', 'Voucher schemes', 'Leases', 'Terminals', 'Non-cash settlement']

let demo: DemoLedger
let till: TestTill
let http: RunningHttp

beforeAll(async () => {
  demo = await demoLedger()
  till = await demo.till('till-1')
  http = await startHttp({ ledger: demo.ledger, port: 0 })
})
afterAll(async () => {
  await http.close()
  await demo.close()
})

const problemOf = async (request: HttpRequest) =>
  JSON.parse((await demo.ledger.handle(request)).body) as { readonly code?: string; readonly detail?: string }
const codeOf = async (request: HttpRequest) => (await problemOf(request)).code
const headRequest = (signer: TestSigner = till, body = '{"haveVersion":0}') =>
  signer.sign('POST', '/v1/terminal/packages', body)

describe('problems, first things first', () => {
  test('body_too_large before anything else', async () => {
    expect(await codeOf({ ...headRequest(), headers: {}, body: 'x'.repeat(17 * 1024 * 1024) })).toBe('body_too_large')
  })
  test('not_json before the signature', async () => {
    expect(await codeOf({ ...headRequest(), headers: {}, body: '{' })).toBe('not_json')
  })
  test('half of a surrogate pair is not JSON that can be signed', async () => {
    expect(await codeOf(headRequest(till, '{"haveVersion":"\\ud800"}'))).toBe('not_json')
  })
  test.each([
    ['{"a/b":["x",{"purpose":"milk \\ud83d"}]}', '/a~1b/1/purpose'],
    ['{"\\ud83d":1}', ''],
    ['{"haveVersion":{"\\udc00":1}}', '/haveVersion'],
    ['"\\ud83d"', ''],
  ])('and it is said where: %s', async (body, pointer) => {
    const problem = await problemOf(headRequest(till, body))
    expect(problem).toMatchObject({ code: 'not_json', errors: [{ pointer }] })
    expect(problem.detail).toContain('half of a surrogate pair')
  })
  test('a whole character may be spelled in two halves', async () => {
    expect(await codeOf(headRequest(till, '{"haveVersion":"\\ud83d\\ude00"}'))).toBe('schema_mismatch')
  })
  test.each([
    ['\uFEFF{"haveVersion":0}', 'byte-order mark'],
    ['haveVersion=0&more=1', 'form'],
    ['', 'empty'],
    ['{"haveVersion":0,}', 'from its character 17 on'],
    ['nothing', 'the body is no JSON'],
  ])('not_json says what came in the place of JSON: %j', async (body, said) => {
    expect((await problemOf(headRequest(till, body))).detail).toContain(said)
  })
  test('deep nesting is not JSON that anybody needs', async () => {
    const deep = `${'['.repeat(200_000)}"\\ud800"${']'.repeat(200_000)}`
    for (const body of [deep, `{"items":[${deep}]}`])
      expect(await codeOf(till.sign('POST', '/v1/batches', body))).toBe('not_json')
  })
  test('signature_missing', async () => {
    expect(await codeOf({ ...headRequest(), headers: {} })).toBe('signature_missing')
  })
  test('signature_malformed', async () => {
    const request = headRequest()
    expect(await codeOf({ ...request, headers: { ...request.headers, 'signature-input': 'tolem=()' } })).toBe(
      'signature_malformed',
    )
  })
  test('key_unknown', async () => {
    expect(await codeOf(headRequest(new TestSigner(demo.ledger, demo.clock, demo.random, p256('stranger'))))).toBe(
      'key_unknown',
    )
  })
  test('content_digest_mismatch', async () => {
    expect(await codeOf({ ...headRequest(), body: '{"haveVersion":1}' })).toBe('content_digest_mismatch')
  })
  test('signature_wrong', async () => {
    const request = headRequest()
    const body = '{"haveVersion":1}'
    expect(
      await codeOf({ ...request, headers: { ...request.headers, 'content-digest': contentDigest(body) }, body }),
    ).toBe('signature_wrong')
  })
  test.each([-121, 121])('clock_skew of %i s, answered with the ledger’s signed time', async (skew) => {
    const created = Math.floor(demo.clock.now / 1000) + skew
    const request = signRequest(
      { method: 'POST', url: 'http://127.0.0.1:1/v1/terminal/packages', body: '{"haveVersion":0}' },
      till.key,
      {
        created,
        expires: created + 200,
        nonce: 'a-nonce-with-skew',
      },
    )
    const response = await demo.ledger.handle(request)
    expect(JSON.parse(response.body)).toMatchObject({
      code: 'clock_skew',
      status: 401,
      type: 'urn:tolem:problem:clock_skew',
    })
    expect(verifyAnswer(response, request, demo.ports.keys.signing)).toMatchObject({
      kind: 'valid',
      moment: { created: Math.floor(demo.clock.now / 1000) },
    })
  })
  test('a skew of two minutes is borne', async () => {
    const created = Math.floor(demo.clock.now / 1000) - 120
    const request = signRequest(
      { method: 'POST', url: 'http://127.0.0.1:1/v1/terminal/packages', body: '{"haveVersion":0}' },
      till.key,
      {
        created,
        expires: created + 200,
        nonce: 'a-nonce-with-a-little-skew',
      },
    )
    expect(await codeOf(request)).toBeUndefined()
  })
  test('nonce_replayed', async () => {
    const request = headRequest()
    expect((await demo.ledger.handle(request)).status).toBe(200)
    expect(await codeOf(request)).toBe('nonce_replayed')
  })
  test('role_not_allowed', async () => {
    expect(await codeOf(headRequest(demo.role('agency')))).toBe('role_not_allowed')
    expect(await codeOf(till.sign('POST', '/v1/card-blocks', '{}'))).toBe('role_not_allowed')
  })
  test('schema_mismatch says where, and unknown fields are one', async () => {
    const response = await demo.ledger.handle(
      till.sign('POST', '/v1/terminal/packages', '{"haveVersion":"1","more":1}'),
    )
    const body = JSON.parse(response.body) as { code: string; errors: { pointer: string }[] }
    expect(body.code).toBe('schema_mismatch')
    expect(body.errors.map((error) => error.pointer)).toEqual(expect.arrayContaining(['/haveVersion', '']))
  })
  test('not_found, for those who signed', async () => {
    expect(await codeOf(till.sign('POST', '/v1/nothing', '{}'))).toBe('not_found')
    expect(await codeOf({ ...till.sign('POST', '/v1/nothing', '{}'), headers: {} })).toBe('signature_missing')
  })
  test('every problem is signed when the request has a signature to bind to', async () => {
    const request = { ...headRequest(), body: '{' }
    expect(verifyAnswer(await demo.ledger.handle(request), request, demo.ports.keys.signing).kind).toBe('valid')
  })
})

describe('the network’s side', () => {
  const raw = (path: string, init: RequestInit = {}) => fetch(`${http.url}${path}`, init)

  /** What the server says to these bytes, until it closes. */
  const conversation = (head: string, end = '\r\n'): Promise<string[]> =>
    new Promise((done) => {
      const said: string[] = []
      const { hostname, port, host } = new URL(http.url)
      const socket = connect(Number(port), hostname, () => {
        const [first = '', ...rest] = head.split('\r\n')
        socket.write([first, `host: ${host}`, 'connection: close', ...rest].join('\r\n') + end)
      })
      socket.on('data', (bytes) => said.push(bytes.toString()))
      socket.on('error', () => done([said.join('')]))
      socket.on('close', () => done([said.join('')]))
    })

  test('another Host, and any Origin, is turned away', async () => {
    const request = headRequest()
    expect(await codeOf({ ...request, url: request.url.replace('127.0.0.1', 'ledger.example') })).toBe(
      'role_not_allowed',
    )
    expect(await codeOf({ ...request, headers: { ...request.headers, host: 'evil.example' } })).toBe('role_not_allowed')
    expect(await codeOf({ ...request, headers: { ...request.headers, origin: 'http://evil.example' } })).toBe(
      'role_not_allowed',
    )
    expect(
      (await raw('/v1/terminal/packages', { method: 'POST', headers: { origin: 'http://evil.example' }, body: '{}' }))
        .status,
    ).toBe(403)
  })

  test.each([
    ['PUT', '/v1/terminal/packages', 404],
    ['DELETE', '/health', 404],
    ['GET', '/v1/terminal/packages', 401],
    ['GET', '/%ff%fe', 404],
    ['POST', '/v1/terminal/packages', 400],
    ['GET', '/health', 200],
  ])('%s %s answers %i', async (method, path, status) => {
    expect((await raw(path, { method })).status).toBe(status)
  })

  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'])('%s is not offered, and does nothing', async (method) => {
    const response = await raw('/v1/ledger-key', { method })
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    if (method !== 'HEAD') expect(await response.json()).toMatchObject({ code: 'not_found' })
  })

  test.each([
    '/v1/ledger-key/',
    '//v1/ledger-key',
    '/v1/ledger%2Dkey',
    '/v1/%6cedger-key',
    '/v1/x/../ledger-key',
    '/v1/./ledger-key',
    '/V1/ledger-key',
    '/v1/ledger-key;x',
    '/v1/ledger-key#x',
  ])('%s is no other spelling of an address', async (path) => {
    const [answer = ''] = await conversation(`GET ${path} HTTP/1.1\r\n`)
    expect(answer).toMatch(/"code":"(not_found|signature_missing)"/)
    const signed = till.sign('GET', path, '')
    expect(await codeOf({ ...signed, url: `http://127.0.0.1:8080${path}` })).toBe('not_found')
  })

  test('a bare ? is a part of the address: who signs it sends it, and else hears what came', async () => {
    const ask = async (signed: string, sent: string) => {
      const auditor = demo.role('auditor')
      const request = { ...auditor.sign('GET', signed, ''), url: `http://127.0.0.1:8080${sent}` }
      return problemOf(request)
    }
    expect(await ask('/v1/balances?', '/v1/balances?')).not.toHaveProperty('code')
    const dropped = await ask('/v1/balances?', '/v1/balances')
    expect(dropped.code).toBe('signature_wrong')
    expect(dropped.detail).toMatch(/ over GET http:\/\/127\.0\.0\.1:8080\/v1\/balances as they came$/)
  })

  test('a name that a query has twice is refused, by that name', async () => {
    const auditor = demo.role('auditor')
    const twice = await auditor.get('/v1/balances?owner=dala-bank&owner=almaly-education')
    expect(twice).toMatchObject({ status: 422, body: { code: 'schema_mismatch', errors: [{ pointer: '/owner' }] } })
    const spelled = await auditor.get('/v1/balances?owner=dala-bank&%6fwner=dala-bank')
    expect(spelled.body['code']).toBe('schema_mismatch')
    expect((await auditor.get('/v1/balances?__proto__=x')).body['code']).toBe('schema_mismatch')
  })

  test('a GET has no body, however it comes', async () => {
    const signed = demo.role('auditor').sign('GET', '/v1/balances', '{}')
    expect(await codeOf(signed)).toBe('not_json')
    for (const framing of ['content-length: 2\r\n\r\n{}', 'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n']) {
      const [answer = ''] = await conversation(`GET /v1/ledger-key HTTP/1.1\r\n${framing}`, '')
      expect(answer).toContain('"code":"not_json"')
    }
  })

  test('a header that stands twice is in no form', async () => {
    const token = 'authorization: Bearer a.b.c\r\n'
    const [answer = ''] = await conversation(`GET /v1/balances HTTP/1.1\r\n${token}${token}`)
    expect(answer).toContain('"code":"signature_malformed"')
    const [other = ''] = await conversation(`GET /v1/ledger-key HTTP/1.1\r\nhost: evil.example\r\n`)
    expect(other).toContain('"status":4')
  })

  test.each([
    ['an address of 20,000 characters', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n`, 'body_too_large'],
    ['no HTTP', 'HELLO\r\n', 'not_json'],
    ['two lengths', 'POST /v1/batches HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n', 'not_json'],
    ['a whole address', 'GET http://evil.example/v1/ledger-key HTTP/1.1\r\n', 'not_found'],
  ])('%s is a problem with a code', async (_name, head, code) => {
    const [answer = ''] = await conversation(head)
    expect(answer).toContain(`"code":"${code}"`)
  })

  test.each([
    ['GET /v1/ledger-key HTTP/1.1', ''],
    ['GET /health HTTP/1.0', ''],
    ['GET /metrics HTTP/1.1', 'host:\r\n'],
    ['POST /v1/batches HTTP/1.1', 'content-length: 2\r\n'],
  ])('a request that names no host is one: %s %j', async (line, more) => {
    const answer = await new Promise<string>((done) => {
      const said: string[] = []
      const socket = connect(Number(new URL(http.url).port), '127.0.0.1', () => {
        socket.write(`${line}\r\n${more}connection: close\r\n\r\n${more.startsWith('content') ? '{}' : ''}`)
      })
      socket.on('data', (bytes) => said.push(bytes.toString()))
      socket.on('close', () => done(said.join('')))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toContain('content-type: application/problem+json')
    expect(answer).toMatch(/"code":"not_json","detail":"[^"]*names no Host"/)
  })

  test('a body of the wrong type or size is a problem', async () => {
    const large = await raw('/v1/terminal/packages', { method: 'POST', body: 'x'.repeat(17 * 1024 * 1024) }).then(
      async (response) => ((await response.json()) as { code: string }).code,
      () => 'body_too_large', // The server may close while the body is still on its way.
    )
    expect(large).toBe('body_too_large')
    const form = await raw('/v1/terminal/packages', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'a=b',
    })
    expect(await form.json()).toMatchObject({ code: 'not_json' })
  })

  test('the OpenAPI document is 3.1, names the report’s 14 methods, and describes every operation', async () => {
    const document = (await (await raw('/openapi.json')).json()) as {
      openapi: string
      paths: Record<
        string,
        Record<string, { tags: string[]; requestBody?: { content: Record<string, { schema: unknown }> } }>
      >
    }
    expect(document.openapi).toBe('3.1.0')
    for (const { method, path, tag } of demo.ledger.operations) {
      expect(document.paths[path]?.[method.toLowerCase()]?.tags).toEqual([tag])
    }
    const tags = new Set(
      Object.values(document.paths).flatMap((methods) => Object.values(methods).flatMap((one) => one.tags)),
    )
    expect([...tags].toSorted()).toEqual([...methodsOfTheReport, ...besideThem].toSorted())
    expect(JSON.stringify(document.paths['/v1/scheme-fundings'])).toContain('"#/components/schemas/PositiveAmount"')
    // Of an answer that has no end, the data of one event.
    expect(JSON.stringify(document.paths['/v1/event-stream'])).toMatch(/"value":\{"event":\{.+"signature":/)
  })
})

describe('no request is an internal failure', () => {
  test('a thousand damaged requests (seed 7)', async () => {
    let state = 7
    const next = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state % below
    }
    const bodies = [
      '{}',
      '[]',
      'null',
      '0',
      '"x"',
      '{"items":[]}',
      '{"items":[{}]}',
      '{"terms":{}}',
      '{"__proto__":{"a":1}}',
      '{"code":"12345678"}',
      '{"tenderId":null}',
      '{"after":-1,"limit":1e400}',
    ]
    const paths = demo.ledger.operations.map((operation) => [operation.method, operation.path] as const)
    const roles = ['agency', 'bank', 'central-bank', 'merchant', 'auditor'].map((role) => demo.role(role))
    for (let index = 0; index < 1_000; index += 1) {
      const [method, path] = paths[next(paths.length)] ?? ['GET', '/']
      const signer = [till, ...roles][next(roles.length + 1)] ?? till
      const request = signer.sign(method, path, method === 'GET' ? '' : (bodies[next(bodies.length)] ?? ''))
      const name = Object.keys(request.headers)[next(4)] ?? ''
      const damaged = next(3) === 0 ? { ...request, headers: { ...request.headers, [name]: 'x' } } : request
      const response = await demo.ledger.handle(damaged)
      expect({ method, path, body: request.body, failed: response.status >= 500 }).toMatchObject({ failed: false })
    }
  })
})
