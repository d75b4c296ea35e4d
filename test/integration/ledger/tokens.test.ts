/**
 * Method: tokens of the demonstration's roles over the door without sockets. Each way in which a token is not one for
 * this request is tried alone, and two ways at once answer the code that stands first; answers are bound to the token.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { importJWK, SignJWT, type JWK, type JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyAnswer, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { tokenAudience } from '../../../src/sync/protocol/request-token.ts'
import { p256PrivateJwk } from '../../../ledger-sim/scenarios/demo.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { demoLedger, temporaryFolder, type DemoLedger } from './demo-ledger.ts'
import { TokenSigner } from './token-signer.ts'

let demo: DemoLedger
let agency: TokenSigner
beforeAll(async () => {
  demo = await demoLedger()
  agency = TokenSigner.of(demo, 'agency')
})
afterAll(() => demo.close())

const path = '/v1/beneficiaries'
const body = JSON.stringify({ schemeId: 'school-lunch', beneficiary: 'b'.repeat(32), holder: 'a'.repeat(32) })
const seconds = (): number => Math.floor(demo.clock.now / 1000)
const post = (moment?: Parameters<TokenSigner['sign']>[3]) => agency.sign('POST', path, body, moment)
const codeOf = async (request: HttpRequest) => (await agency.send(request)).body['code']

/** A token that something is different about, signed by the agency's key all the same. */
async function changed(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  key: JWK = agency.privateJwk,
) {
  const request = await post()
  const [, payload = ''] = (request.headers['authorization'] ?? '').split('.')
  const own = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JWTPayload
  const token = await new SignJWT({ ...own, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'tolem-request+jwt', ...header })
    .sign(await importJWK(key, 'ES256'))
  return { ...request, headers: { authorization: `Bearer ${token}` } }
}

describe('a token', () => {
  test('stands for one request, and its answer is bound to it', async () => {
    const request = await post()
    expect(await agency.send(request)).toMatchObject({ status: 200, body: { arrival: 'created' } })
    expect(await agency.post(path, JSON.parse(body))).toMatchObject({ status: 200, body: { arrival: 'exists' } })
    const response = await demo.ledger.handle(await post())
    expect(verifyAnswer(response, request, demo.ports.keys.signing)).toMatchObject({ code: 'signature_wrong' })
  })

  test('of a GET is bound to its query', async () => {
    expect(await agency.get('/v1/balances?owner=almaly-education')).toMatchObject({ status: 200 })
    const request = await agency.sign('GET', '/v1/balances?owner=almaly-education', '')
    expect(await codeOf({ ...request, url: request.url.replace('almaly-education', 'dala-bank') })).toBe(
      'signature_wrong',
    )
  })

  test('is used once', async () => {
    const request = await post()
    expect((await agency.send(request)).status).toBe(200)
    expect(await codeOf(request)).toBe('nonce_replayed')
  })

  test('that was dated ahead is still known as used when it has only a second to live', async () => {
    const created = seconds() + 120
    const request = await post({ created, expires: created + 300 })
    expect((await agency.send(request)).status).toBe(200)
    demo.clock.now += 419_000
    expect(await codeOf(request)).toBe('nonce_replayed')
    demo.clock.now += 2_000
    expect(await codeOf(request)).toBe('clock_skew')
  })

  test.each([
    ['expired', -301, -1],
    ['not yet valid', 121, 200],
    ['valid for too long', 0, 301],
    ['over before it began', 0, -1],
  ])('%s is refused by the clock', async (_name, created, expires) => {
    expect(await codeOf(await post({ created: seconds() + created, expires: seconds() + expires }))).toBe('clock_skew')
  })

  test('that lives for its five minutes is taken in the last of them', async () => {
    expect((await agency.send(await post({ created: seconds() - 299, expires: seconds() + 1 }))).status).toBe(200)
  })
})

describe('a token is refused', () => {
  test.each<[string, Record<string, unknown>, string, string?]>([
    ['another audience', { aud: 'urn:tolem:other' }, 'signature_wrong', 'aud is not urn:tolem:ledger'],
    ['several audiences', { aud: [tokenAudience, 'urn:tolem:other'] }, 'signature_malformed', 'aud is missing or'],
    ['another method', { htm: 'GET' }, 'signature_wrong', 'htm is not the method that came, POST'],
    ['another address', { htu: 'http://127.0.0.1:8080/v1/cards' }, 'signature_wrong', `htu is not the address that`],
    ['another body', { bd: 'x'.repeat(43) }, 'content_digest_mismatch', 'bd is not'],
    ['no body named', { bd: undefined }, 'signature_malformed', 'bd is missing'],
    ['no nonce', { jti: undefined }, 'signature_malformed', 'jti is missing'],
    ['a short nonce', { jti: 'short' }, 'signature_malformed', 'jti is missing or not in its form'],
    ['made for later', { nbf: 9_999_999_999 }, 'signature_malformed', 'nbf is after iat'],
    ['a moment that is none', { iat: 1.5 }, 'signature_malformed', 'iat is missing or not in its form'],
    ['no issuer', { iss: undefined }, 'signature_malformed', 'iss is missing'],
    ['a stranger', { iss: 'x'.repeat(43) }, 'key_unknown'],
  ])('for %s', async (_name, claims, code, said) => {
    const { body: problem } = await agency.send(await changed(claims))
    expect(problem['code']).toBe(code)
    if (said === undefined) expect(problem['detail']).toBeUndefined()
    else expect(problem['detail']).toContain(said)
  })

  test.each([
    ['a header that must be understood', { crit: ['exp'], exp: 1 }],
    ['another type', { typ: 'JWT' }],
  ])('for %s', async (_name, header) => {
    const request = await changed({}, 'crit' in header ? {} : header)
    if (!('crit' in header)) expect(await codeOf(request)).toBe('signature_malformed')
    const said = 'crit' in header ? 'crit' : 'typ is not tolem-request+jwt'
    const [, payload = '', signature = ''] = (request.headers['authorization'] ?? '').split('.')
    const forged = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'tolem-request+jwt', ...header })).toString(
      'base64url',
    )
    const authorization = `Bearer ${forged}.${payload}.${signature}`
    const { body: problem } = await agency.send({ ...request, headers: { authorization } })
    expect(problem).toMatchObject({ code: 'signature_malformed', detail: expect.stringContaining(said) })
  })

  test('for an algorithm that the key is not for, none among them', async () => {
    const request = await post()
    const [, payload = '', signature = ''] = (request.headers['authorization'] ?? '').split('.')
    for (const alg of ['none', 'HS256', 'ES384']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'tolem-request+jwt' })).toString('base64url')
      for (const end of [signature, 'AA'])
        expect(await codeOf({ ...request, headers: { authorization: `Bearer ${header}.${payload}.${end}` } })).toBe(
          'signature_malformed',
        )
    }
  })

  test('for a signature of somebody else', async () => {
    const stranger = p256PrivateJwk(seededRandom('stranger')) as JWK
    expect(await codeOf(await changed({}, {}, stranger))).toBe('signature_wrong')
  })

  test('beside a signature: there is one way at a time', async () => {
    const signed = demo.role('agency').sign('POST', path, body)
    const { headers } = await post()
    const response = await demo.ledger.handle({ ...signed, headers: { ...signed.headers, ...headers } })
    expect(JSON.parse(response.body)).toMatchObject({ code: 'signature_malformed' })
    expect(verifyAnswer(response, signed, demo.ports.keys.signing).kind).toBe('valid')
  })

  test.each(['Basic YTpi', 'Bearer', 'Bearer x', `Bearer ${'a.'.repeat(3)}`, 'Bearer a.b.c, Bearer a.b.c'])(
    'when it is none: %s',
    async (authorization) => {
      const response = await demo.ledger.handle({ ...(await post()), headers: { authorization } })
      expect(JSON.parse(response.body)).toMatchObject({ code: 'signature_malformed' })
    },
  )

  test('of a terminal, and of a role that may not do this', async () => {
    const till = await demo.till('till-1')
    const terminal = new TokenSigner(demo, p256PrivateJwk(seededRandom('p256/test/till-1')) as JWK)
    expect(till.key.keyId).toHaveLength(43)
    expect(await terminal.post('/v1/terminal/packages', { haveVersion: 0 })).toMatchObject({
      status: 403,
      body: { code: 'role_not_allowed', detail: 'a terminal signs its requests (RFC 9421)' },
    })
    expect(await agency.post('/v1/accounts/individuals', {})).toMatchObject({ body: { code: 'role_not_allowed' } })
  })
})

describe('the first that applies is answered', () => {
  test('body before signature, signature before time, time before replay, replay before role', async () => {
    const late = { created: seconds() - 400, expires: seconds() - 100 }
    const expired = await post(late)
    expect(await codeOf({ ...expired, body: '{' })).toBe('not_json')
    expect(await codeOf({ ...expired, body: '{}' })).toBe('content_digest_mismatch')
    expect(await codeOf({ ...expired, url: `${expired.url}s` })).toBe('signature_wrong')
    expect(await codeOf(expired)).toBe('clock_skew')
    const forbidden = await agency.sign('POST', '/v1/accounts/individuals', '{}')
    expect(await codeOf(forbidden)).toBe('role_not_allowed')
    expect(await codeOf(forbidden)).toBe('nonce_replayed')
  })
})

describe('npm run ledger-token', () => {
  const run = promisify(execFile)
  const tool = join(resolve(import.meta.dirname, '../../..'), 'tools', 'ledger-token.ts')
  const folder = temporaryFolder()
  const keys = join(folder.path, 'role-keys.json')
  afterAll(() => folder.remove())
  const token = async (...parameters: string[]) =>
    run(process.execPath, [tool, '--key', keys, ...parameters]).then(
      ({ stdout }) => ({ code: 0, said: stdout.trim() }),
      (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
    )

  test('prints a token that curl can send, and says what it needs', async () => {
    writeFileSync(keys, JSON.stringify(demo.world.roleKeys))
    const url = `http://127.0.0.1:8080${path}`
    const asked = ['--role', 'agency', '--method', 'POST', '--url', url, '--body', body, '--now', String(seconds())]
    const { code, said } = await token(...asked)
    expect(code).toBe(0)
    const headers = { authorization: `Bearer ${said}` }
    expect(await agency.send({ method: 'POST', url, headers, body })).toMatchObject({ status: 200 })
    expect(await token('--url', url)).toMatchObject({ code: 2, said: expect.stringContaining('bank dala-bank') })
    expect(await token('--role', 'agency', '--url', url, '--life', '301')).toMatchObject({ code: 2 })
  })
})
