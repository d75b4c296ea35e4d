/**
 * Seals a short secret (a card's till key, a card session) to one terminal: ephemeral X25519, HKDF-SHA-256,
 * AES-256-GCM. The context names what is sealed, so that a box cannot be used in another place
 * (architecture.md, "Trust": an encryption key for sealed packages).
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { z } from 'zod'

export const encryptionJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})
export type EncryptionJwk = z.infer<typeof encryptionJwkSchema>

// PKCS#8 header of an X25519 private key (RFC 8410 §7); 32 key bytes follow.
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** Makes an X25519 key from 32 random bytes, which come through a port so that a simulated run can be repeated. */
export function encryptionKey(random: Uint8Array): { privateKey: KeyObject; jwk: EncryptionJwk } {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, random]), format: 'der', type: 'pkcs8' })
  return { privateKey, jwk: encryptionJwkSchema.parse(createPublicKey(privateKey).export({ format: 'jwk' })) }
}

/** @param random 32 fresh random bytes: the ephemeral key. */
export function seal(secret: Uint8Array, to: EncryptionJwk, context: string, random: Uint8Array): string {
  const ephemeral = encryptionKey(random)
  const ephemeralPublic = Buffer.from(ephemeral.jwk.x, 'base64url')
  const recipient = createPublicKey({ key: to as JsonWebKey, format: 'jwk' })
  const { key, iv } = keysOf(
    diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient }),
    ephemeralPublic,
    to.x,
    context,
  )
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const body = Buffer.concat([cipher.update(secret), cipher.final()])
  return Buffer.concat([ephemeralPublic, body, cipher.getAuthTag()]).toString('base64url')
}

/** Whether anything can be sealed to it: a point of low order gives every sender the same secret (RFC 7748 §6.1). */
export function canSealTo(to: EncryptionJwk): boolean {
  try {
    const { privateKey } = encryptionKey(new Uint8Array(32).fill(1))
    diffieHellman({ privateKey, publicKey: createPublicKey({ key: to as JsonWebKey, format: 'jwk' }) })
    return true
  } catch {
    return false
  }
}

/** @returns undefined when the box is not for this key and context, or was changed. */
export function unseal(box: string, privateKey: KeyObject, context: string): Uint8Array | undefined {
  const bytes = Buffer.from(box, 'base64url')
  if (bytes.length < 48) return undefined
  const x = bytes.subarray(0, 32)
  const own = encryptionJwkSchema.parse(createPublicKey(privateKey).export({ format: 'jwk' }))
  try {
    const ephemeral = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: x.toString('base64url') }, format: 'jwk' })
    const { key, iv } = keysOf(diffieHellman({ privateKey, publicKey: ephemeral }), x, own.x, context)
    const decipher = createDecipheriv('aes-256-gcm', key, iv)
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(32, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

/** Where a till key is sealed for. */
export function tillKeyContext(leaseId: string, card: string): string {
  return `tolem/till-key/1/${leaseId}/${card}`
}

export function cardSessionContext(cardSessionId: string): string {
  return `tolem/card-session/1/${cardSessionId}`
}

function keysOf(
  shared: Uint8Array,
  ephemeralPublic: Uint8Array,
  recipientX: string,
  context: string,
): { key: Buffer; iv: Buffer } {
  const salt = Buffer.concat([ephemeralPublic, Buffer.from(recipientX, 'base64url')])
  const bytes = Buffer.from(hkdfSync('sha256', shared, salt, Buffer.from(context), 44))
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) }
}
