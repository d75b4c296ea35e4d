/**
 * A role changes its key (docs/design/18-platform-api.md, "Door"): the request is signed by the key that goes, its
 * proof by the one that comes. The former key is heard for as long as the role says, since an institution has several
 * machines and they do not change at one moment. At most two keys of an owner in a role are heard at once. Terminals
 * have a way of their own (terminals/key-rotation.ts).
 */
import { z } from 'zod'
import { signatureSchema } from '../../src/sync/protocol/messages.ts'
import {
  coordinateSchema,
  keyIdSchema,
  thumbprintOf,
  verifyingKeyIfAny,
  verifyTagged,
  type PublicJwk,
} from '../../src/sync/protocol/keys.ts'
import type { Work } from '../context.ts'
import { limits } from './limits.ts'
import type { Caller } from './operation.ts'

/** Strict, so that a private key that is sent by a slip is refused. */
export const roleJwkSchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinateSchema,
  y: coordinateSchema,
})
export type RoleJwk = z.output<typeof roleJwkSchema>

export const roleKeyRequestSchema = z.strictObject({
  formerKey: keyIdSchema.describe('RFC 7638 thumbprint of the key that signs the request.'),
  nextKey: roleJwkSchema.describe('Your next public key, P-256. The private one stays with you.'),
  formerEndsAfterSeconds: z
    .int()
    .min(0)
    .max(limits.roleKeyGraceSecondsMax)
    .describe('For how long the former key is still heard; 0 where somebody else may have it.'),
  proof: signatureSchema.describe(
    "The next key's, over `{ role, owner, formerKey, nextKey, formerEndsAfterSeconds }`: tag `tolem/role-key/1`.",
  ),
})
type Request = z.output<typeof roleKeyRequestSchema>

export interface RoleKey {
  readonly keyId: string
  /** `ending`: heard until `heardUntil`. */
  readonly state: 'present' | 'ending' | 'ended'
  /** Milliseconds since 1970; null for a key that none follows. */
  readonly heardUntil: number | null
  /** Null for a key from before the ledger kept it. */
  readonly registeredAt: number | null
}

export type RoleKeyChanged =
  | { readonly kind: 'done'; readonly keyId: string; readonly formerHeardUntil: number; readonly existed: boolean }
  /** Not proved, in use, not the caller's to follow. */
  | { readonly kind: 'not_accepted'; readonly detail: string }
  | { readonly kind: 'exists_with_different_terms' }

export async function changeRoleKey(work: Work, caller: Caller, request: Request): Promise<RoleKeyChanged> {
  const { formerKey, nextKey, formerEndsAfterSeconds, proof } = request
  const { role, owner } = caller
  const proved = { role, owner, formerKey, nextKey, formerEndsAfterSeconds }
  if (!provedBy(nextKey, proved, proof))
    return { kind: 'not_accepted', detail: 'the next key has not signed for itself' }
  const keyId = thumbprintOf(nextKey)
  const known = await findKey(work, keyId)
  if (known !== undefined) {
    if (known.owner !== owner || known.role !== role || known.follows === null)
      return { kind: 'not_accepted', detail: 'the key is in use' }
    return again(work, keyId, known.follows, request)
  }
  if (caller.keyId !== formerKey)
    return { kind: 'not_accepted', detail: 'the request is not signed by the key that goes' }
  // Who has a copy of a key that goes cannot put a key of their own beside the next one.
  if ((await findKey(work, formerKey))?.heard_until !== null)
    return { kind: 'not_accepted', detail: 'another key follows this one already' }
  // One that may be in wrong hands can still be replaced at once: then there are no more than before.
  if (formerEndsAfterSeconds > 0 && (await hearsFormerKey(work, caller)))
    return { kind: 'not_accepted', detail: 'a former key is still heard: until it ends, the present one ends at once' }
  const formerHeardUntil = work.now + formerEndsAfterSeconds * 1_000
  await work.connection
    .updateTable('principal')
    .set({ heard_until: formerHeardUntil })
    .where('key_id', '=', formerKey)
    .execute()
  await work.connection
    .insertInto('principal')
    .values({
      key_id: keyId,
      jwk: JSON.stringify(nextKey),
      role,
      owner,
      status: 'active',
      follows: formerKey,
      registered_at: work.now,
    })
    .execute()
  return { kind: 'done', keyId, formerHeardUntil, existed: false }
}

/** The answer was lost: either key may ask again. */
async function again(work: Work, keyId: string, follows: string, request: Request): Promise<RoleKeyChanged> {
  const former = await findKey(work, follows)
  const next = await findKey(work, keyId)
  const heardUntil = former?.heard_until ?? null
  const registeredAt = next?.registered_at ?? null
  if (heardUntil === null || registeredAt === null) throw new Error(`key ${keyId} follows none`)
  const lasts = Number(heardUntil - registeredAt)
  if (follows !== request.formerKey || lasts !== request.formerEndsAfterSeconds * 1_000)
    return { kind: 'exists_with_different_terms' }
  return { kind: 'done', keyId, formerHeardUntil: Number(heardUntil), existed: true }
}

/** Every key that the caller's institution has had in this role, the oldest first. */
export async function listRoleKeys({ connection, now }: Work, { role, owner }: Caller): Promise<readonly RoleKey[]> {
  const rows = await connection
    .selectFrom('principal')
    .select(['key_id', 'status', 'heard_until', 'registered_at'])
    .where('owner', '=', owner)
    .where('role', '=', role)
    .execute()
  return rows
    .map((row) => ({
      keyId: row.key_id,
      state: stateOf(row.status, row.heard_until, now),
      heardUntil: row.heard_until === null ? null : Number(row.heard_until),
      registeredAt: row.registered_at === null ? null : Number(row.registered_at),
    }))
    .toSorted((one, other) => (one.registeredAt ?? 0) - (other.registeredAt ?? 0))
}

function stateOf(status: 'active' | 'revoked', heardUntil: bigint | null, now: number): RoleKey['state'] {
  if (status === 'revoked') return 'ended'
  if (heardUntil === null) return 'present'
  return heardUntil >= BigInt(now) ? 'ending' : 'ended'
}

/** Whether a key that another one follows is still heard, of this owner in this role. */
async function hearsFormerKey({ connection, now }: Work, { role, owner }: Caller): Promise<boolean> {
  const former = await connection
    .selectFrom('principal')
    .select('key_id')
    .where('owner', '=', owner)
    .where('role', '=', role)
    .where('status', '=', 'active')
    .where('heard_until', '>=', BigInt(now))
    .limit(1)
    .executeTakeFirst()
  return former !== undefined
}

async function findKey({ connection }: Work, keyId: string) {
  return connection
    .selectFrom('principal')
    .select(['role', 'owner', 'follows', 'heard_until', 'registered_at'])
    .where('key_id', '=', keyId)
    .executeTakeFirst()
}

function provedBy(nextKey: PublicJwk, proved: object, proof: string): boolean {
  const verifying = verifyingKeyIfAny(nextKey)
  return verifying !== undefined && verifyTagged(verifying, 'tolem/role-key/1', proved, proof)
}
