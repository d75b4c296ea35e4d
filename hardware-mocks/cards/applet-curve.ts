/**
 * P-256 as a tolem-applet uses it (docs/design/22 "Conventions"): a private key is 32 bytes, a public key 64 (x ‖ y), a
 * signature 64 (r ‖ s). Keys are made of the card's own source of randomness; signatures are the only bytes that are
 * not, because node:crypto draws their nonce itself.
 */
import { createECDH, createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import type { RandomSource } from './random.ts'

const CURVE = 'prime256v1'
const COORDINATE_BYTES = 32
/** First byte of a point that is written whole (SEC 1 §2.3.3). */
const UNCOMPRESSED = Buffer.of(0x04)

/** ECDSA with SHA-256, 64 bytes. */
export type Signer = (privateKey: Uint8Array, message: Uint8Array) => Uint8Array

export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** A key id is the first 8 bytes of SHA-256(public key). */
export const keyIdOf = (publicKey: Uint8Array): Buffer => sha256(publicKey).subarray(0, 8)

/** Draws until the number lies in the group's range. */
export function newPrivateKey(random: RandomSource): Buffer {
  for (;;) {
    const drawn = Buffer.from(random(COORDINATE_BYTES))
    try {
      createECDH(CURVE).setPrivateKey(drawn)
      return drawn
    } catch {
      // Zero, or not below the group's order: one draw in 2^32 on this curve.
    }
  }
}

/** @throws for a number outside of the group's range */
export function publicKeyOf(privateKey: Uint8Array): Buffer {
  const pair = createECDH(CURVE)
  pair.setPrivateKey(privateKey)
  return pair.getPublicKey().subarray(1)
}

/** Null when the other's public key is not a point of the curve. */
export function sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Buffer | null {
  const pair = createECDH(CURVE)
  pair.setPrivateKey(privateKey)
  try {
    return pair.computeSecret(Buffer.concat([UNCOMPRESSED, publicKey]))
  } catch {
    return null
  }
}

const base64url = (of: Uint8Array): string => Buffer.from(of).toString('base64url')
const jwkOf = (publicKey: Uint8Array) => ({
  kty: 'EC',
  crv: 'P-256',
  x: base64url(publicKey.subarray(0, COORDINATE_BYTES)),
  y: base64url(publicKey.subarray(COORDINATE_BYTES)),
})

export const signWithNode: Signer = (privateKey, message) => {
  const key = createPrivateKey({
    key: { ...jwkOf(publicKeyOf(privateKey)), d: base64url(privateKey) },
    format: 'jwk',
  })
  return sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })
}

/** False also for a public key that is not a point of the curve, and for r or s out of range. */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwkOf(publicKey), format: 'jwk' })
  } catch {
    return false
  }
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}
