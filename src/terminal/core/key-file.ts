/**
 * The file of the terminal's keys (architecture.md, "Trust"). Where the machine has a keeper, a TPM, the file is
 * encrypted with a key that only this machine's keeper gives out: a copy of the disk does not speak as the till. Else
 * it lies open, with strict rights, and the screen says so.
 */
import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { KeyRing, newStoredPair, storedKeysSchema, type KeyStore, type StoredKeys } from '../../sync/engine/key-ring.ts'
import { makeFolder, writeWhole } from '../../sync/journal/data-folder.ts'
import { EnrolmentError, identityDamaged, isEnrolled, safeJson } from './identity.ts'
import { realRandomness } from './real-ports.ts'

/** Keeps one short secret for this machine. */
export interface KeyKeeper {
  /** @returns a box that only this machine opens. @throws KeeperError */
  seal(secret: Uint8Array): string
  /** @throws KeeperError when it does not answer, or the box is not its own */
  unseal(box: string): Uint8Array
}

/** A keeper does not do what it is asked; the message says what it said. */
export class KeeperError extends Error {
  override readonly name = 'KeeperError'
}

const cipherName = 'aes-256-gcm'
const tagBytes = 16

const sealedFileSchema = z.strictObject({
  sealedBy: z.literal('tpm2'),
  /** The keeper's box: it holds the 32 bytes that open `keys`. */
  box: z.string(),
  nonce: z.base64url(),
  /** Stored keys as JSON, AES-256-GCM, the tag at the end. */
  keys: z.base64url(),
})

interface Sealing {
  readonly box: string
  readonly secret: Uint8Array
}

/** How a till's keys are to be kept. */
export interface KeyKeeping {
  /** Of this machine, if it has one: opens what was sealed. */
  readonly keeper: KeyKeeper | undefined
  /** Whether the file is to be sealed; false lays a sealed one open again, as before the machine is changed. */
  readonly seals: boolean
}

/**
 * Loads the terminal's keys, or makes them at the first start, and keeps them as is asked for.
 * @throws EnrolmentError IDENTITY_DAMAGED: new keys would be nobody's, and what waits in the journal could not be
 * signed any more; KEYS_SEALED: they are there, and the keeper does not open them
 */
export function loadTerminalKeys(folder: string, { keeper, seals }: KeyKeeping = openFile): KeyRing {
  const file = keyFileIn(folder)
  if (existsSync(file)) {
    chmodSync(file, 0o600)
    const { json, sealing: was } = read(file, keeper)
    const sealing = seals ? (was ?? newSealing(keeper)) : { trouble: null }
    const keys = ring(file, json, storeAt(file, sealing))
    const isSealed = 'secret' in sealing
    if (isSealed !== (was !== undefined)) keys.storeAgain()
    return keys
  }
  if (isEnrolled(folder)) throw identityDamaged(file)
  makeFolder(folder)
  const stored = newStoredPair(realRandomness.bytes)
  const store = storeAt(file, newSealing(seals ? keeper : undefined))
  store.save(stored)
  return new KeyRing(stored, store)
}

const openFile: KeyKeeping = { keeper: undefined, seals: false }

/**
 * The keys of a till that does not run, as they are kept; nothing is changed, not the rights of the file either.
 * @throws EnrolmentError IDENTITY_DAMAGED, KEYS_SEALED
 */
export function readTerminalKeys(folder: string, keeper: KeyKeeper | undefined): KeyRing {
  const file = keyFileIn(folder)
  if (!existsSync(file)) throw identityDamaged(file)
  const { json, sealing } = read(file, keeper)
  return ring(file, json, storeAt(file, sealing ?? { trouble: null }))
}

export const keyFileIn = (folder: string): string => join(folder, 'terminal-keys.json')

/** What is stored, not looked at yet, and how it was sealed; undefined where it lies open. */
function read(file: string, keeper: KeyKeeper | undefined): { json: unknown; sealing: Sealing | undefined } {
  const json = safeJson(readFileSync(file, 'utf8'))
  const sealed = sealedFileSchema.safeParse(json)
  if (!sealed.success) return { json, sealing: undefined }
  const sealing = { box: sealed.data.box, secret: opened(file, sealed.data.box, keeper) }
  return { json: decrypted(sealed.data, sealing.secret), sealing }
}

function ring(file: string, json: unknown, store: KeyStore): KeyRing {
  try {
    return new KeyRing(storedKeysSchema.parse(json), store)
  } catch {
    throw identityDamaged(file)
  }
}

function storeAt(file: string, sealing: Sealing | NotSealed): KeyStore {
  if (!('secret' in sealing))
    return { keptBy: { kind: 'file', ...sealing }, save: (stored) => writeWhole(file, JSON.stringify(stored)) }
  return {
    keptBy: { kind: 'tpm' },
    save: (stored) => writeWhole(file, JSON.stringify(encrypted(stored, sealing))),
  }
}

/** Why not: null where there is no keeper. */
interface NotSealed {
  readonly trouble: string | null
}

/** Tried before anything depends on it: a keeper that seals and does not open would lose the keys. */
function newSealing(keeper: KeyKeeper | undefined): Sealing | NotSealed {
  if (keeper === undefined) return { trouble: null }
  const secret = realRandomness.bytes(32)
  try {
    const box = keeper.seal(secret)
    const back = keeper.unseal(box)
    if (back.length === secret.length && timingSafeEqual(back, secret)) return { box, secret }
    return { trouble: 'it gave back something else than was sealed' }
  } catch (error) {
    if (error instanceof KeeperError) return { trouble: error.message }
    throw error
  }
}

function opened(file: string, box: string, keeper: KeyKeeper | undefined): Uint8Array {
  try {
    if (keeper === undefined) throw new KeeperError('this machine shows no TPM')
    return keeper.unseal(box)
  } catch (error) {
    if (!(error instanceof KeeperError)) throw error
    throw new EnrolmentError(
      'KEYS_SEALED',
      `The keys in ${file} open with the TPM of the machine on which they were sealed, and it did not open them: ` +
        `${error.message}. On that machine, see to tpm2-tools and to the right to use /dev/tpmrm0, and start again. ` +
        'Keep the folder as it is: unsynced sales may be in it. If that machine is gone, its receipts prove its ' +
        'sales; to sell meanwhile, start with another --data folder and enrol it.',
    )
  }
}

function encrypted(stored: StoredKeys, { box, secret }: Sealing): z.infer<typeof sealedFileSchema> {
  const nonce = Buffer.from(realRandomness.bytes(12))
  const cipher = createCipheriv(cipherName, secret, nonce)
  const body = Buffer.concat([cipher.update(JSON.stringify(stored)), cipher.final(), cipher.getAuthTag()])
  return { sealedBy: 'tpm2', box, nonce: nonce.toString('base64url'), keys: body.toString('base64url') }
}

/** Undefined when it was changed. */
function decrypted({ nonce, keys }: z.infer<typeof sealedFileSchema>, secret: Uint8Array): unknown {
  const bytes = Buffer.from(keys, 'base64url')
  try {
    const cipher = createDecipheriv(cipherName, secret, Buffer.from(nonce, 'base64url'))
    cipher.setAuthTag(bytes.subarray(-tagBytes))
    const text = Buffer.concat([cipher.update(bytes.subarray(0, -tagBytes)), cipher.final()]).toString('utf8')
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
