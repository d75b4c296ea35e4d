/** The secrets of the ledger and the issuer zone. They live in one file beside the database, never in it. */
import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createSecretKey, hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { signingKey, type SigningKey } from '../src/sync/protocol/keys.ts'
import { appletKeysOf, type AppletKeys, type SignWith } from './applet/keys.ts'
import {
  diversifyCardKey,
  firstKeyGeneration,
  type cardKeyNumber,
  type DiversifiedKeyNumber,
} from '../src/voucher/cards/card-keys.ts'

const key16 = z.string().regex(/^[0-9a-f]{32}$/)
const key32 = z.string().regex(/^[0-9a-f]{64}$/)

/** `issuer-keys.json`: lower-case hex. Key numbers are those of docs/design/02, "Keys". */
export const ledgerSecretsSchema = z.strictObject({
  /** Ed25519 seed: signs answers, packages and results. */
  ledgerSigningSeed: key32,
  metaReadKey: key16,
  masterKeys: z.strictObject({ '0': key16, '2': key16, '3': key16, '4': key16 }),
  /** Of the keyed hash that stands for a UID. */
  cardReferenceKey: key32,
  /** Encrypts the cards' diversified keys in the database. */
  wrappingKey: key32,
})
export type LedgerSecrets = z.infer<typeof ledgerSecretsSchema>

export interface LedgerKeys {
  readonly signing: SigningKey
  readonly metaReadKey: Uint8Array
  readonly cardReferenceKey: string
  /** Behind cards that count themselves. */
  readonly applet: AppletKeys
  /** The key of one card in one slot, for personalisation and re-keying. As in `diversifyCardKey` */
  diversify(uid: Uint8Array, keyNumber: DiversifiedKeyNumber, generation?: number): Uint8Array
  /** @param purpose names what is wrapped, so that one wrapped key cannot stand in for another */
  wrap(secret: Uint8Array, purpose: string, random: (length: number) => Uint8Array): string
  /** @throws when the database was written under another key file: a broken invariant. */
  unwrap(wrapped: string, purpose: string): Uint8Array
  /** Keyed hash for short one-time codes, hex. */
  hashCode(code: string): string
  /** Hash under a key of its own for each purpose (HKDF, RFC 5869), hex: nobody without it can try out contents. */
  keyedHash(purpose: HashPurpose, content: string): string
}

/**
 * The number of a phone or card; a payer for one payee; the pseudonym of an account for who watches; whoever holds the
 * cards of an account.
 */
export type HashPurpose = 'alias' | 'payer-for-payee' | 'account-pseudonym' | 'account-card-holder'

export function newLedgerSecrets(random: (length: number) => Uint8Array): LedgerSecrets {
  const hex = (length: number) => Buffer.from(random(length)).toString('hex')
  return {
    ledgerSigningSeed: hex(32),
    metaReadKey: hex(16),
    masterKeys: { '0': hex(16), '2': hex(16), '3': hex(16), '4': hex(16) },
    cardReferenceKey: hex(32),
    wrappingKey: hex(32),
  }
}

// PKCS#8 header of an Ed25519 private key (RFC 8410 §7); 32 key bytes follow.
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** @param signWith as in `appletKeysOf` */
export function ledgerKeysOf(secrets: LedgerSecrets, signWith?: SignWith): LedgerKeys {
  const seed = Buffer.concat([pkcs8Prefix, Buffer.from(secrets.ledgerSigningSeed, 'hex')])
  const pem = createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' })
  const wrappingKey = createSecretKey(secrets.wrappingKey, 'hex')
  return {
    signing: signingKey(pem.toString()),
    metaReadKey: Buffer.from(secrets.metaReadKey, 'hex'),
    cardReferenceKey: secrets.cardReferenceKey,
    applet: appletKeysOf(wrappingKey, signWith),
    diversify: (uid, keyNumber, generation) =>
      diversifyCardKey(Buffer.from(secrets.masterKeys[keyNumber], 'hex'), uid, keyNumber, generation),
    wrap: (secret, purpose, random) => {
      const iv = random(12)
      const cipher = createCipheriv('aes-256-gcm', wrappingKey, iv).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(secret), cipher.final()])
      return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url')
    },
    unwrap: (wrapped, purpose) => {
      const bytes = Buffer.from(wrapped, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', wrappingKey, bytes.subarray(0, 12)).setAAD(Buffer.from(purpose))
      decipher.setAuthTag(bytes.subarray(-16))
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
    },
    hashCode: (code) => createHmac('sha256', wrappingKey).update(`enrolment-code/${code}`).digest('hex'),
    keyedHash: (purpose, content) => {
      const key = new Uint8Array(hkdfSync('sha256', wrappingKey, '', `tolem/keyed-hash/${purpose}/1`, 32))
      return createHmac('sha256', createSecretKey(key)).update(content).digest('hex')
    },
  }
}

/** A key of one generation cannot stand in for that of another. */
export function cardKeyPurpose(
  card: string,
  keyNumber: typeof cardKeyNumber.fileRead | typeof cardKeyNumber.till,
  generation: number,
): string {
  const later = generation === firstKeyGeneration ? '' : `/${generation}`
  return `tolem/card-key/${card}/${keyNumber}${later}`
}
