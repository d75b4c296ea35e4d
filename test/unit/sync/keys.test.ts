/** Method: published values (RFC 8037 A.3, RFC 9421 B.2), and signatures that must not pass for others. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  publicJwkSchema,
  signingKey,
  signTagged,
  thumbprintOf,
  verifyingKey,
  verifyTagged,
  type PublicJwk,
} from '../../../src/sync/protocol/keys.ts'
import { otherTerminalKey, terminalKey } from '../../fixtures/receipt-presentment.ts'
import vectors from '../../fixtures/vectors/rfc9421.json' with { type: 'json' }

const ledgerKey = signingKey(vectors.ed25519.privateJwk)
const bytes = Buffer.from('what is signed')

describe('a key id', () => {
  it('is the JWK thumbprint of RFC 7638 (value of RFC 8037 A.3)', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } as const
    expect(thumbprintOf(jwk)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
    expect(verifyingKey(jwk).keyId).toBe(thumbprintOf(jwk))
  })

  it('takes nothing but the required members, in any order', () => {
    const { x, y } = terminalKey.jwk as Extract<PublicJwk, { kty: 'EC' }>
    const more = { y, use: 'sig', x, kid: 'mine', crv: 'P-256', kty: 'EC' } as unknown as PublicJwk
    expect(thumbprintOf(more)).toBe(terminalKey.keyId)
    expect(otherTerminalKey.keyId).not.toBe(terminalKey.keyId)
  })
})

describe('signatures', () => {
  it('are those of RFC 9421 B.2.4 (P-256) and B.2.6 (Ed25519)', () => {
    const { ecdsaP256, ed25519 } = vectors
    const p256 = verifyingKey(publicJwkSchema.parse(ecdsaP256.publicJwk))
    expect(p256.algorithm).toBe('ecdsa-p256-sha256')
    expect(p256.verify(Buffer.from(ecdsaP256.signatureBase), Buffer.from(ecdsaP256.signature, 'base64'))).toBe(true)
    expect(ledgerKey.algorithm).toBe('ed25519')
    expect(Buffer.from(ledgerKey.sign(Buffer.from(ed25519.signatureBase))).toString('base64')).toBe(ed25519.signature)
  })

  it.each([
    ['P-256', terminalKey, otherTerminalKey],
    ['Ed25519', ledgerKey, terminalKey],
  ])('of %s are 64 bytes and hold for these bytes and this key only', (_curve, key, other) => {
    const signature = key.sign(bytes)
    expect(signature.length).toBe(64)
    expect(key.verify(bytes, signature)).toBe(true)
    expect(key.verify(Buffer.from('what is signeD'), signature)).toBe(false)
    expect(other.verify(bytes, signature)).toBe(false)
    for (let at = 0; at < 64; at++) {
      expect(key.verify(bytes, Uint8Array.from(signature).with(at, (signature[at] ?? 0) ^ 1))).toBe(false)
    }
    for (const length of [0, 63]) expect(key.verify(bytes, signature.subarray(0, length))).toBe(false)
    expect(key.verify(bytes, Buffer.concat([signature, Buffer.of(0)]))).toBe(false)
    expect(key.verify(bytes, new Uint8Array(64))).toBe(false)
  })

  it('in DER form are refused: there is one form', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = signingKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
    expect(key.verify(bytes, sign('sha256', bytes, { key: privateKey, dsaEncoding: 'der' }))).toBe(false)
    expect(key.verify(bytes, sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }))).toBe(true)
  })

  it('under one tag hold for no other tag and no other value', () => {
    const signature = signTagged(terminalKey, 'tolem/decision-record/1', { amount: 5n })
    expect(verifyTagged(terminalKey, 'tolem/decision-record/1', { amount: '5' }, signature)).toBe(true)
    expect(verifyTagged(terminalKey, 'tolem/receipt-presentment/1', { amount: 5n }, signature)).toBe(false)
    expect(verifyTagged(terminalKey, 'tolem/decision-record/1', { amount: 6n }, signature)).toBe(false)
    expect(verifyTagged(terminalKey, 'tolem/decision-record/1', { amount: 5n }, '')).toBe(false)
  })
})

describe('keys', () => {
  it('never show the private part in their JWK', () => {
    expect(Object.keys(terminalKey.jwk).toSorted()).toEqual(['crv', 'kty', 'x', 'y'])
    expect(Object.keys(ledgerKey.jwk).toSorted()).toEqual(['crv', 'kty', 'x'])
  })

  it('of X25519 do not sign', () => {
    const { publicKey } = generateKeyPairSync('x25519')
    const jwk = publicJwkSchema.parse(publicKey.export({ format: 'jwk' }))
    expect(() => verifyingKey(jwk)).toThrow('no signatures with X25519')
  })

  it.each<[string, object]>([
    ['another curve', { kty: 'EC', crv: 'P-384', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['a short coordinate', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(42) }],
    ['RSA', { kty: 'RSA', n: 'A', e: 'AQAB' }],
    ['P-256 without y', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43) }],
  ])('as JWK are refused with %s', (_what, jwk) => {
    expect(publicJwkSchema.safeParse(jwk).success).toBe(false)
  })
})
