/**
 * Hashes and signatures as docs/design/02 and money-rules.md ("Identity") define them, written anew: RFC 8785 JSON
 * behind a domain tag and a zero byte, SHA-256, ECDSA P-256 in the form of IEEE P1363.
 */
import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import canonicalize from 'canonicalize'

/** The financial terms that a tender's id names. `amount` is a decimal string of tiyn. */
export interface Terms {
  readonly tenderId: string
  readonly payerSlot: string
  readonly payeeAccount: string
  readonly amount: string
  readonly schemeId: string
  /** Lower-case hex of 32 bytes. */
  readonly saleHash: string
}

/** @throws TypeError for what JSON cannot carry */
export function canonicalText(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('value has no JSON form')
  return text
}

function tagged(tag: string, value: unknown): Buffer {
  return Buffer.concat([Buffer.from(`${tag}\0`, 'latin1'), Buffer.from(canonicalText(value), 'utf8')])
}

/** Lower-case hex: what the card signs, in upper case, as its binding. */
export function termsHash(terms: Terms): string {
  const { tenderId, payerSlot, payeeAccount, amount, schemeId, saleHash } = terms
  const named = { tenderId, payerSlot, payeeAccount, amount, schemeId, saleHash }
  return createHash('sha256').update(tagged('tolem/tender-terms/1', named)).digest('hex')
}

/** Lower-case hex: the hash by which terms name their sale. */
export function saleHash(sale: unknown): string {
  return createHash('sha256').update(tagged('tolem/sale/1', sale)).digest('hex')
}

/** @param publicJwk a P-256 key as JSON text; any other key verifies nothing. */
export function isSignedBy(publicJwk: string, tag: string, value: unknown, signature: Buffer): boolean {
  const jwk = JSON.parse(publicJwk) as JsonWebKey
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || signature.length !== 64) return false
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verify('sha256', tagged(tag, value), { key, dsaEncoding: 'ieee-p1363' }, signature)
}
