/**
 * P-256 as the applet has it: public keys of 64 bytes x ‖ y, signatures of 64 bytes r ‖ s over SHA-256, plain ECDH
 * (docs/design/22, "Conventions"). All of it from `node:crypto`; only the forms are ours.
 */
import { createECDH, createHash, createPublicKey, verify as verifyBytes } from 'node:crypto'
import { concatBytes } from '../bytes.ts'

export const publicKeyLength = 64
export const signatureLength = 64
export const keyIdLength = 8

/** Makes a signature of 64 bytes r ‖ s, ECDSA with SHA-256. The key may be kept by the machine's TPM. */
export type Sign = (bytes: Uint8Array) => Uint8Array

export interface P256PublicKey {
  /** x ‖ y. */
  readonly bytes: Uint8Array
  readonly keyId: Uint8Array
  /** False for anything that is no signature of this key, of whatever length. */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean
}

/** Null: these bytes are no point of the curve. */
export function p256PublicKey(bytes: Uint8Array): P256PublicKey | null {
  if (bytes.length !== publicKeyLength) return null
  const coordinate = (start: number): string => Buffer.from(bytes.subarray(start, start + 32)).toString('base64url')
  try {
    const key = createPublicKey({
      key: { kty: 'EC', crv: 'P-256', x: coordinate(0), y: coordinate(32) },
      format: 'jwk',
    })
    return {
      bytes: bytes.slice(),
      keyId: sha256(bytes).subarray(0, keyIdLength),
      verify: (data, signature) =>
        signature.length === signatureLength &&
        verifyBytes('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
    }
  } catch {
    return null
  }
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

export interface EphemeralKey {
  readonly publicKey: Uint8Array
  /** The x coordinate, 32 bytes; null where the other's key is no point of the curve. */
  agree(otherPublicKey: Uint8Array): Uint8Array | null
}

/** A draw is no private key about once in 2^32: more often in a row, the source of randomness is broken. */
const drawsMost = 8

export function newEphemeralKey(random: (length: number) => Uint8Array): EphemeralKey {
  const curve = createECDH('prime256v1')
  for (let draw = 0; draw < drawsMost; draw += 1) {
    try {
      curve.setPrivateKey(random(32))
    } catch {
      continue
    }
    return {
      publicKey: Uint8Array.from(curve.getPublicKey().subarray(1)),
      agree: (other) => {
        try {
          return Uint8Array.from(curve.computeSecret(concatBytes(Uint8Array.of(0x04), other)))
        } catch {
          return null
        }
      },
    }
  }
  throw new RangeError('the source of randomness gives no private keys')
}
