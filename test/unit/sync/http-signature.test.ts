/**
 * Method: published value RFC 9421 B.2.6 for the form of a signature base; then one genuine request and answer, of
 * which every covered part is changed, and messages put together by somebody who knows the protocol.
 */
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  contentDigest,
  signAnswer,
  signatureBase,
  signRequest,
  verifyAnswer,
  verifyRequest,
  type HttpRequest,
  type HttpResponse,
} from '../../../src/sync/protocol/http-signature.ts'
import { signingKey, verifyingKey, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { otherTerminalKey, terminalKey } from '../../fixtures/receipt-presentment.ts'
import vectors from '../../fixtures/vectors/rfc9421.json' with { type: 'json' }

const ledgerKey = signingKey(vectors.ed25519.privateJwk)
const moment = { created: 1_795_417_500, expires: 1_795_417_560, nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }
const body = '{"tenderId":"019aaf6e-1c00-7000-8000-00000000a11d"}'
const request = signRequest(
  { method: 'POST', url: 'http://127.0.0.1:8080/v1/terminal/inquiries', body },
  terminalKey,
  moment,
)
const answer = signAnswer(
  { status: 200, contentType: 'application/json', body: '{"kind":"not_seen"}' },
  request,
  ledgerKey,
  moment,
)

const keyOf = (keyId: string) => [terminalKey, otherTerminalKey].find((key) => key.keyId === keyId)
const codeOfRequest = (changed: HttpRequest) => {
  const verified = verifyRequest(changed, keyOf)
  return verified.kind === 'valid' ? 'valid' : verified.code
}
const codeOfAnswer = (changed: HttpResponse, to: HttpRequest = request) => {
  const verified = verifyAnswer(changed, to, verifyingKey(ledgerKey.jwk))
  return verified.kind === 'valid' ? 'valid' : verified.code
}
const withHeaders = <Message extends HttpRequest | HttpResponse>(
  message: Message,
  headers: Record<string, string>,
): Message => ({
  ...message,
  headers: { ...message.headers, ...headers },
})
const without = <Message extends HttpRequest | HttpResponse>(message: Message, name: string): Message => ({
  ...message,
  headers: Object.fromEntries(Object.entries(message.headers).filter(([header]) => header !== name)),
})
const inInput = <Message extends HttpRequest | HttpResponse>(
  message: Message,
  from: string | RegExp,
  to: string,
): Message => {
  const before = message.headers['signature-input'] ?? ''
  const after = before.replace(from, to)
  if (after === before) throw new Error(`nothing to change: ${String(from)}`)
  return withHeaders(message, { 'signature-input': after })
}

describe('the signature base', () => {
  it('is that of RFC 9421 B.2.6, and its published signature holds', () => {
    const { signatureBase: published, signature, privateJwk } = vectors.ed25519
    const base = signatureBase(
      [
        ['"date"', 'Tue, 20 Apr 2021 02:07:55 GMT'],
        ['"@method"', 'POST'],
        ['"@path"', '/foo'],
        ['"@authority"', 'example.com'],
        ['"content-type"', 'application/json'],
        ['"content-length"', '18'],
      ],
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;' +
        'keyid="test-key-ed25519"',
    )
    expect(base).toBe(published)
    const key = verifyingKey({ kty: 'OKP', crv: 'Ed25519', x: privateJwk.x })
    expect(key.verify(Buffer.from(base), Buffer.from(signature, 'base64'))).toBe(true)
    expect(key.verify(Buffer.from(base.replace('/foo', '/bar')), Buffer.from(signature, 'base64'))).toBe(false)
  })

  it('of a request is what the profile says, so that another program can check it', () => {
    const input =
      '("@method" "@target-uri" "content-digest" "content-type");created=1795417500;expires=1795417560;' +
      `nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="${terminalKey.keyId}";alg="ecdsa-p256-sha256";tag="tolem-request-1"`
    expect(request.headers['signature-input']).toBe(`tolem=${input}`)
    const base = [
      '"@method": POST',
      '"@target-uri": http://127.0.0.1:8080/v1/terminal/inquiries',
      `"content-digest": ${contentDigest(body)}`,
      '"content-type": application/json',
      `"@signature-params": ${input}`,
    ].join('\n')
    const signature = /^tolem=:(.*):$/.exec(request.headers['signature'] ?? '')?.[1] ?? ''
    const key = createPublicKey({ key: terminalKey.jwk as JsonWebKey, format: 'jwk' })
    expect(
      verify('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64')),
    ).toBe(true)
  })

  it('covers the digest of RFC 9530', () => {
    // SHA-256 of nothing (FIPS 180-4), and of the body of RFC 9530 B.1.
    expect(contentDigest('')).toBe('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:')
    expect(contentDigest('{"hello": "world"}\n')).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:')
  })
})

describe('a signed request', () => {
  it('is valid as it was signed, and says who and when', () => {
    expect(verifyRequest(request, keyOf)).toEqual({ kind: 'valid', keyId: terminalKey.keyId, moment })
  })

  it.each<[string, HttpRequest, string]>([
    ['method', { ...request, method: 'GET' }, 'signature_wrong'],
    ['path', { ...request, url: 'http://127.0.0.1:8080/v1/terminal/heads' }, 'signature_wrong'],
    ['host', { ...request, url: request.url.replace('127.0.0.1', '127.0.0.2') }, 'signature_wrong'],
    ['query', { ...request, url: `${request.url}?x=1` }, 'signature_wrong'],
    ['body', { ...request, body: body.replace('a11d', 'a11e') }, 'content_digest_mismatch'],
    ['digest', withHeaders(request, { 'content-digest': contentDigest('{}') }), 'content_digest_mismatch'],
    [
      'body and digest',
      withHeaders({ ...request, body: '{}' }, { 'content-digest': contentDigest('{}') }),
      'signature_wrong',
    ],
    ['body without digest', without({ ...request, body: '{}' }, 'content-digest'), 'content_digest_mismatch'],
    ['content type', withHeaders(request, { 'content-type': 'text/plain' }), 'signature_wrong'],
    ['content type left out', without(request, 'content-type'), 'signature_wrong'],
    ['created', inInput(request, 'created=1795417500', 'created=1795417501'), 'signature_wrong'],
    ['expires', inInput(request, 'expires=1795417560', 'expires=1795499999'), 'signature_wrong'],
    ['nonce', inInput(request, 'nonce="A', 'nonce="B'), 'signature_wrong'],
    ['key id of another terminal', inInput(request, terminalKey.keyId, otherTerminalKey.keyId), 'signature_wrong'],
    ['key id of nobody', inInput(request, terminalKey.keyId, ledgerKey.keyId), 'key_unknown'],
    ['tag', inInput(request, 'tolem-request-1', 'tolem-answer-1'), 'signature_malformed'],
    ['label', inInput(request, 'tolem=', 'sig1='), 'signature_malformed'],
    [
      'order of components',
      inInput(request, '"@method" "@target-uri"', '"@target-uri" "@method"'),
      'signature_malformed',
    ],
    ['list, a component left out', inInput(request, ' "content-digest"', ''), 'signature_malformed'],
    ['list, a parameter left out', inInput(request, /;expires=\d+/, ''), 'signature_malformed'],
    ['list, a parameter twice', inInput(request, /;expires=\d+/, ';expires=1;expires=1'), 'signature_malformed'],
    ['list, a second signature', inInput(request, /$/, ', other=()'), 'signature_malformed'],
    ['nonce that is short', inInput(request, /nonce="[^"]*"/, 'nonce="short"'), 'signature_malformed'],
    ['signature left out', without(request, 'signature'), 'signature_missing'],
    ['input left out', without(request, 'signature-input'), 'signature_missing'],
    ['signature cut', withHeaders(request, { signature: 'tolem=:AAAA:' }), 'signature_malformed'],
    [
      'signature of zeros',
      withHeaders(request, { signature: `tolem=:${Buffer.alloc(64).toString('base64')}:` }),
      'signature_wrong',
    ],
  ])('is refused with another %s', (_what, changed, code) => {
    expect(codeOfRequest(changed)).toBe(code)
  })

  it('cannot choose its algorithm: the key says which', () => {
    expect(codeOfRequest(inInput(request, 'ecdsa-p256-sha256', 'ed25519'))).toBe('signature_malformed')
    expect(codeOfRequest(inInput(request, 'ecdsa-p256-sha256', 'hmac-sha256'))).toBe('signature_malformed')
    // Signed with an Ed25519 key that claims the terminal's key id.
    const pretender: SigningKey = { ...ledgerKey, keyId: terminalKey.keyId }
    const { method, url } = request
    expect(codeOfRequest(signRequest({ method, url, body }, pretender, moment))).toBe('signature_malformed')
    const disguised: SigningKey = { ...pretender, algorithm: 'ecdsa-p256-sha256' }
    expect(codeOfRequest(signRequest({ method, url, body }, disguised, moment))).toBe('signature_wrong')
  })

  it('is signed by one terminal', () => {
    const { method, url } = request
    const forged: SigningKey = { ...otherTerminalKey, keyId: terminalKey.keyId }
    expect(codeOfRequest(signRequest({ method, url, body }, forged, moment))).toBe('signature_wrong')
  })
})

describe('a signed answer', () => {
  it('is valid for its request, and carries the ledger’s time', () => {
    expect(verifyAnswer(answer, request, verifyingKey(ledgerKey.jwk))).toEqual({
      kind: 'valid',
      keyId: ledgerKey.keyId,
      moment,
    })
  })

  it('fits no other request, not even the same one signed again', () => {
    const { method, url } = request
    const again = signRequest({ method, url, body }, terminalKey, moment)
    const later = signRequest({ method, url, body }, terminalKey, { ...moment, nonce: 'BBBBBBBBBBBBBBBBBBBBBB' })
    const other = signRequest({ method, url, body: '{}' }, terminalKey, moment)
    for (const one of [again, later, other]) expect(codeOfAnswer(answer, one)).toBe('signature_wrong')
    expect(codeOfAnswer(answer, without(request, 'signature'))).toBe('signature_wrong')
  })

  it.each<[string, HttpResponse, string]>([
    ['status', { ...answer, status: 404 }, 'signature_wrong'],
    ['body', { ...answer, body: '{"kind":"known"}' }, 'content_digest_mismatch'],
    [
      'body and digest',
      withHeaders({ ...answer, body: '{}' }, { 'content-digest': contentDigest('{}') }),
      'signature_wrong',
    ],
    ['content type', withHeaders(answer, { 'content-type': 'application/problem+json' }), 'signature_wrong'],
    ['created', inInput(answer, 'created=1795417500', 'created=1895417500'), 'signature_wrong'],
    ['key id', inInput(answer, ledgerKey.keyId, terminalKey.keyId), 'key_unknown'],
    ['tag', inInput(answer, 'tolem-answer-1', 'tolem-request-1'), 'signature_malformed'],
    ['list, the request left out', inInput(answer, ' "signature";req;key="tolem"', ''), 'signature_malformed'],
    ['algorithm', inInput(answer, 'ed25519', 'ecdsa-p256-sha256'), 'signature_malformed'],
    ['signature left out', without(answer, 'signature'), 'signature_missing'],
  ])('is refused with another %s', (_what, changed, code) => {
    expect(codeOfAnswer(changed)).toBe(code)
  })

  it('is not a request signature sent back', () => {
    const { 'signature-input': input = '', signature = '' } = request.headers
    expect(codeOfAnswer(withHeaders(answer, { 'signature-input': input, signature }))).toBe('signature_malformed')
  })
})
