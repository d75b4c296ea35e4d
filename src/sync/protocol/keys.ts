/**
 * Keys and signatures. Terminals and roles sign with ECDSA P-256 (IEEE P1363 form, as RFC 9421 §3.3.4 has it), the
 * ledger with Ed25519 (RFC 9421 §3.3.6). Keys travel as JWK (RFC 7517); a key id is the JWK thumbprint (RFC 7638).
 */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  hash,
  sign as signBytes,
  verify as verifyBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { z } from 'zod'
import { canonicalText, taggedBytes, taggedBytesOfText, type DomainTag } from './canonical.ts'

export const coordinateSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .describe('A coordinate of the public key: 32 bytes, base64url.')

/** RFC 7638 thumbprint, SHA-256, base64url. */
export const keyIdSchema = coordinateSchema.describe('A key, by its RFC 7638 thumbprint: SHA-256, base64url.')

export const publicJwkSchema = z.discriminatedUnion('crv', [
  z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinateSchema, y: coordinateSchema }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinateSchema }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: coordinateSchema }),
])
export type PublicJwk = z.infer<typeof publicJwkSchema>

/** A signature algorithm by its RFC 9421 name. */
export type SignatureAlgorithm = 'ecdsa-p256-sha256' | 'ed25519'

export interface VerifyingKey {
  readonly keyId: string
  readonly algorithm: SignatureAlgorithm
  readonly jwk: PublicJwk
  verify(bytes: Uint8Array, signature: Uint8Array): boolean
}

export interface SigningKey extends VerifyingKey {
  /** 64 bytes in either algorithm. */
  sign(bytes: Uint8Array): Uint8Array
}

/** RFC 7638, SHA-256, base64url. */
export function thumbprintOf(jwk: PublicJwk): string {
  const required =
    jwk.kty === 'EC' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
  return hash('sha256', canonicalText(required), 'base64url')
}

export function verifyingKey(jwk: PublicJwk): VerifyingKey {
  const algorithm = algorithmOf(jwk)
  const key = usedFor(algorithm, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }))
  return {
    keyId: thumbprintOf(jwk),
    algorithm,
    jwk,
    verify: (bytes, signature) => signature.length === 64 && verifyBytes(digestOf(algorithm), bytes, key, signature),
  }
}

/** The same of what somebody sends: undefined when it names no point of its curve, which no form of text can tell. */
export function verifyingKeyIfAny(jwk: PublicJwk): VerifyingKey | undefined {
  try {
    return verifyingKey(jwk)
  } catch {
    return undefined
  }
}

/** @param privateKey PKCS#8 PEM or a private JWK. */
export function signingKey(privateKey: string | JsonWebKey): SigningKey {
  const key =
    typeof privateKey === 'string' ? createPrivateKey(privateKey) : createPrivateKey({ key: privateKey, format: 'jwk' })
  const jwk = publicJwkSchema.parse(createPublicKey(key).export({ format: 'jwk' }))
  const verifying = verifyingKey(jwk)
  const { algorithm } = verifying
  const used = usedFor(algorithm, key)
  return { ...verifying, sign: (bytes) => signBytes(digestOf(algorithm), bytes, used) }
}

/** A new P-256 private key from this randomness, so that a simulated run repeats. @param random fresh random bytes */
export function newPrivateJwk(random: (length: number) => Uint8Array): JsonWebKey {
  const curve = createECDH('prime256v1')
  for (;;) {
    const secret = Buffer.from(random(32))
    try {
      curve.setPrivateKey(secret)
    } catch {
      // One draw in 2^32 is no number below the curve's order.
      continue
    }
    const point = curve.getPublicKey()
    const [x, y] = [point.subarray(1, 33), point.subarray(33)]
    const text = (bytes: Buffer): string => bytes.toString('base64url')
    return { kty: 'EC', crv: 'P-256', x: text(x), y: text(y), d: text(secret) }
  }
}

export function signTagged(key: SigningKey, tag: DomainTag, value: unknown): string {
  return signTaggedText(key, tag, canonicalText(value))
}

/** The same of a value whose canonical text is at hand. */
export function signTaggedText(key: SigningKey, tag: DomainTag, text: string): string {
  return Buffer.from(key.sign(taggedBytesOfText(tag, text))).toString('base64url')
}

export function verifyTagged(key: VerifyingKey, tag: DomainTag, value: unknown, signature: string): boolean {
  return key.verify(taggedBytes(tag, value), Buffer.from(signature, 'base64url'))
}

function algorithmOf(jwk: PublicJwk): SignatureAlgorithm {
  if (jwk.crv === 'P-256') return 'ecdsa-p256-sha256'
  if (jwk.crv === 'Ed25519') return 'ed25519'
  throw new TypeError(`no signatures with ${jwk.crv}`)
}

function digestOf(algorithm: SignatureAlgorithm): string | null {
  return algorithm === 'ed25519' ? null : 'sha256'
}

/**
 * Ed25519 has one encoding. Of P-256 the wish for ours stands on the key itself, which is an object as options are: for
 * a key within options Node throws and catches two errors at each use before it looks inside.
 */
function usedFor(algorithm: SignatureAlgorithm, key: KeyObject): KeyObject {
  return algorithm === 'ed25519' ? key : Object.assign(key, { dsaEncoding: 'ieee-p1363' })
}
