/**
 * The P-256 keys behind cards that count themselves (docs/design/22, "Keys and certificates"): root, terminal
 * authority, and an issuer for each agency. Each follows from the ledger's own secret, so that it is made once, lives
 * in the same file, and is there in folders of before (HKDF, RFC 5869).
 */
import { createECDH, createPrivateKey, hkdfSync, sign as signBytes, type KeyObject } from 'node:crypto'
import { p256PublicKey, type P256PublicKey, type Sign } from '../../src/voucher/cards/tolem-applet/p256.ts'

export interface CardSigner {
  readonly publicKey: P256PublicKey
  readonly sign: Sign
}

export interface AppletKeys {
  readonly root: CardSigner
  readonly terminalAuthority: CardSigner
  issuer(agencyId: string): CardSigner
}

/** Of the group of P-256 (SEC 2, §2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** ECDSA with SHA-256, 64 bytes r ‖ s. @param secret the private key, 32 bytes */
export type SignWith = (secret: Uint8Array, bytes: Uint8Array) => Uint8Array

/**
 * @param wrappingKey the secret that keys of cards are kept under
 * @param signWith signatures of P-256 differ each time; a simulator that has to repeat itself brings its own
 */
export function appletKeysOf(wrappingKey: KeyObject, signWith: SignWith = signWithNode): AppletKeys {
  const signers = new Map<string, CardSigner>()
  const signer = (name: string): CardSigner => {
    const made = signers.get(name) ?? signerOf(secretOf(wrappingKey, name), signWith)
    signers.set(name, made)
    return made
  }
  return {
    root: signer('root'),
    terminalAuthority: signer('terminal-authority'),
    issuer: (agencyId) => signer(`issuer/${agencyId}`),
  }
}

function secretOf(wrappingKey: KeyObject, name: string): Uint8Array {
  // 16 bytes more than the order has, so that no number is more likely than another (FIPS 186-5, A.2.1).
  const drawn = Buffer.from(hkdfSync('sha256', wrappingKey, '', `tolem/applet-key/${name}/1`, 48))
  const number = (BigInt(`0x${drawn.toString('hex')}`) % (order - 1n)) + 1n
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
}

function signerOf(secret: Uint8Array, signWith: SignWith): CardSigner {
  const publicKey = p256PublicKey(pointOf(secret))
  if (publicKey === null) throw new Error('a public key of ours is no point of the curve')
  return { publicKey, sign: (bytes) => signWith(secret, bytes) }
}

function pointOf(secret: Uint8Array): Uint8Array {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(secret)
  return Uint8Array.from(curve.getPublicKey().subarray(1))
}

const signWithNode: SignWith = (secret, bytes) => {
  const point = pointOf(secret)
  const text = (part: Uint8Array): string => Buffer.from(part).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', d: text(secret), x: text(point.subarray(0, 32)), y: text(point.subarray(32)) }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return signBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
}
