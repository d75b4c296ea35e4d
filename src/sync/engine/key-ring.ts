/**
 * The terminal's own keys, and the ones that are to follow them (docs/design/14-trust.md, "Change of keys"). Whatever
 * may still be needed is in the store before anybody else hears of it, so that a stop at any instant leaves a till that
 * can talk.
 */
import { createHmac, type JsonWebKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { newPrivateJwk, signingKey, type SigningKey } from '../protocol/keys.ts'
import { encryptionKey, unseal, type EncryptionJwk } from '../protocol/sealed-box.ts'

const pairShape = {
  /** Private JWK, P-256. */
  signing: z.record(z.string(), z.unknown()),
  /** 32 bytes, base64url: X25519. */
  encryption: z.string(),
}

export const storedKeysSchema = z.strictObject({
  ...pairShape,
  /** Until a package that is sealed to the present one is here. */
  formerEncryption: z.string().optional(),
  /** Until the ledger has confirmed them. */
  next: z.strictObject(pairShape).optional(),
})
export type StoredKeys = z.infer<typeof storedKeysSchema>

export interface KeyPair {
  readonly signing: SigningKey
  readonly encryption: { readonly privateKey: KeyObject; readonly jwk: EncryptionJwk }
}

export interface KeyStore {
  readonly keptBy: KeptBy
  /** Replaces what was stored, whole or not at all; it is on the disk when this returns. */
  save(stored: StoredKeys): void
}

/** What stands between the keys and whoever copies the disk. `trouble`: why a keeper that is there does not do it. */
export type KeptBy = { readonly kind: 'tpm' } | { readonly kind: 'file'; readonly trouble: string | null }

export class KeyRing {
  /** Signs with the key that is the present one at that moment. */
  readonly signing: SigningKey
  readonly #store: KeyStore
  #stored: StoredKeys
  #current: KeyPair
  #next: KeyPair | undefined
  #former: KeyObject | undefined

  /** @throws when a stored key is none */
  constructor(stored: StoredKeys, store: KeyStore) {
    this.#store = store
    this.#stored = stored
    this.#current = pairOf(stored)
    this.#next = stored.next === undefined ? undefined : pairOf(stored.next)
    this.#former = stored.formerEncryption === undefined ? undefined : sealingKey(stored.formerEncryption).privateKey
    const current = (): SigningKey => this.#current.signing
    this.signing = {
      get keyId() {
        return current().keyId
      },
      get algorithm() {
        return current().algorithm
      },
      get jwk() {
        return current().jwk
      },
      sign: (bytes) => current().sign(bytes),
      verify: (bytes, signature) => current().verify(bytes, signature),
    }
  }

  get current(): KeyPair {
    return this.#current
  }

  get keptBy(): KeptBy {
    return this.#store.keptBy
  }

  /** Writes what is stored once more, as its store keeps it now. @throws what the store throws */
  storeAgain(): void {
    this.#store.save(this.#stored)
  }

  /** Made and stored, and not confirmed by the ledger yet. */
  get next(): KeyPair | undefined {
    return this.#next
  }

  /** Makes the keys that are to follow, unless they are there. @throws what the store throws; nothing changed then */
  prepareNext(random: (length: number) => Uint8Array): KeyPair {
    return this.#next ?? this.replaceNext(random)
  }

  /** Makes others in their place, which the ledger will not take. @throws what the store throws; as above */
  replaceNext(random: (length: number) => Uint8Array): KeyPair {
    const next = newStoredPair(random)
    this.#save({ ...this.#stored, next })
    return (this.#next = pairOf(next))
  }

  /** The ledger has confirmed the next keys: they are the present ones. @throws what the store throws; as above */
  takeNext(): void {
    const { next, encryption } = this.#stored
    if (next === undefined || this.#next === undefined) throw new Error('there are no keys to change to')
    this.#save({ ...next, formerEncryption: encryption })
    this.#former = this.#current.encryption.privateKey
    this.#current = this.#next
    this.#next = undefined
  }

  /** What the ledger seals is sealed to the present key, and the newest package is here. @throws as the store does */
  forgetFormer(): void {
    if (this.#former === undefined) return
    const { formerEncryption: _former, ...rest } = this.#stored
    this.#save(rest)
    this.#former = undefined
  }

  /** Opens what was sealed to this terminal, before or after a change of keys; undefined when it is not for it. */
  open(box: string, context: string): Uint8Array | undefined {
    const keys = [this.#current.encryption.privateKey, this.#former, this.#next?.encryption.privateKey]
    for (const key of keys) {
      const opened = key === undefined ? undefined : unseal(box, key, context)
      if (opened !== undefined) return opened
    }
    return undefined
  }

  /**
   * A name that only this till can make of it, and makes again until its keys change: what is kept under it tells
   * nobody else of whom it is, who has the data and guesses the text included.
   */
  ownNameOf(purpose: string, text: string): string {
    return createHmac('sha256', Buffer.from(this.#stored.encryption, 'base64url'))
      .update(`${purpose}\n${text}`)
      .digest('hex')
      .slice(0, 32)
  }

  #save(stored: StoredKeys): void {
    this.#store.save(stored)
    this.#stored = stored
  }
}

/** Keys for a terminal that has none yet, or is to have others. @param random fresh random bytes */
export function newStoredPair(random: (length: number) => Uint8Array): StoredKeys {
  return { signing: { ...newPrivateJwk(random) }, encryption: Buffer.from(random(32)).toString('base64url') }
}

function pairOf({ signing, encryption }: StoredKeys): KeyPair {
  return { signing: signingKey(signing as JsonWebKey), encryption: sealingKey(encryption) }
}

function sealingKey(text: string): KeyPair['encryption'] {
  return encryptionKey(Buffer.from(text, 'base64url'))
}
