/**
 * A terminal changes its keys (docs/design/14-trust.md, "Change of keys"). The former key is heard until the new one
 * was used once, and for a day at most: a till that never heard the answer can still ask again with either. What the
 * former key has signed stays valid (`signingKeysOf`).
 */
import type { z } from 'zod'
import { thumbprintOf, verifyingKeyIfAny, verifyTagged } from '../../src/sync/protocol/keys.ts'
import type { keyRotationAnswerSchema, keyRotationRequestSchema } from '../../src/sync/protocol/messages.ts'
import { canSealTo, encryptionJwkSchema } from '../../src/sync/protocol/sealed-box.ts'
import type { Work } from '../context.ts'
import { sealCardKeysAnew } from '../leases/seal-anew.ts'
import type { Terminal } from './terminals.ts'

type Request = z.output<typeof keyRotationRequestSchema>
type Answer = z.output<typeof keyRotationAnswerSchema>

const graceMs = 24 * 3_600_000

export type Rotated =
  | { readonly kind: 'rotated'; readonly answer: Answer }
  /** Not a P-256 key, not proved, or one that was in use before. */
  | { readonly kind: 'key_not_accepted'; readonly detail: string }
  | { readonly kind: 'exists_with_different_terms' }

/** @param signedBy id of the key that signed the request */
export async function rotateKeys(work: Work, terminal: Terminal, signedBy: string, request: Request): Promise<Rotated> {
  const { terminalKey, encryptionKey, formerKey, proof } = request
  const refused = (detail: string): Rotated => ({ kind: 'key_not_accepted', detail })
  if (terminalKey.crv !== 'P-256') return refused('a terminal signs with a P-256 key')
  const keyId = thumbprintOf(terminalKey)
  const proved = { terminalId: terminal.terminalId, formerKey, terminalKey, encryptionKey }
  const verifying = verifyingKeyIfAny(terminalKey)
  if (verifying === undefined || !verifyTagged(verifying, 'tolem/key-rotation/1', proved, proof))
    return refused('the new key has not signed for itself')
  if (!canSealTo(encryptionKey)) return refused('nothing can be sealed to the encryption key')
  const known = await work.connection.selectFrom('principal').select('key_id').where('key_id', '=', keyId).execute()
  if (known.length > 0) return again(work, terminal, keyId, request)
  if (signedBy !== formerKey) return refused('the request is not signed by the key that goes')
  await bind(work, terminal, keyId, request)
  await sealCardKeysAnew(work, terminal.terminalId, encryptionKey)
  return { kind: 'rotated', answer: { arrival: 'created', keyId } }
}

/** The answer was lost. The same change is answered the same; a key that was used before is none to change to. */
async function again(work: Work, terminal: Terminal, keyId: string, request: Request): Promise<Rotated> {
  const row = await work.connection
    .selectFrom('terminal')
    .select(['key_id', 'encryption_key'])
    .where('terminal_id', '=', terminal.terminalId)
    .executeTakeFirstOrThrow()
  if (row.key_id !== keyId) return { kind: 'key_not_accepted', detail: 'the key was in use before' }
  const bound = row.encryption_key === null ? undefined : encryptionJwkSchema.parse(JSON.parse(row.encryption_key))
  if (bound?.x !== request.encryptionKey.x) return { kind: 'exists_with_different_terms' }
  return { kind: 'rotated', answer: { arrival: 'exists', keyId } }
}

/** A change that nobody used, since its till lost the new keys before it heard the answer, makes room for this one. */
async function bind(work: Work, { terminalId }: Terminal, keyId: string, request: Request): Promise<void> {
  const { connection, now } = work
  const { formerKey, terminalKey, encryptionKey } = request
  await connection
    .updateTable('principal')
    .set({ status: 'revoked' })
    .where('owner', '=', terminalId)
    .where('role', '=', 'terminal')
    .where('key_id', '<>', formerKey)
    .execute()
  await connection
    .updateTable('principal')
    .set({ heard_until: now + graceMs })
    .where('key_id', '=', formerKey)
    .execute()
  const jwk = JSON.stringify(terminalKey)
  await connection
    .insertInto('principal')
    .values({ key_id: keyId, jwk, role: 'terminal', owner: terminalId, status: 'active', follows: formerKey })
    .execute()
  await connection
    .updateTable('terminal')
    .set({ key_id: keyId, encryption_key: JSON.stringify(encryptionKey) })
    .where('terminal_id', '=', terminalId)
    .execute()
}

/** The new key was used: who has a copy of the former one is heard no more. */
export async function endFormerKey({ connection }: Work, keyId: string, formerKey: string): Promise<void> {
  await connection.updateTable('principal').set({ status: 'revoked' }).where('key_id', '=', formerKey).execute()
  await connection.updateTable('principal').set({ follows: null }).where('key_id', '=', keyId).execute()
}
