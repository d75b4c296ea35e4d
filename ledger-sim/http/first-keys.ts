/**
 * The first key of a name (docs/design/18-platform-api.md, "Door", first keys): whoever has one changes it alone
 * (role-keys.ts). Accounts and feeds are told by their owner's name, whatever the role, so a name speaks in one role,
 * and who could add a second voice to it could take what is its. Terminals are enrolled, and their names are no owners.
 */
import { thumbprintOf, verifyingKeyIfAny } from '../../src/sync/protocol/keys.ts'
import type { Work } from '../context.ts'
import { findHeardKey } from './heard-keys.ts'
import type { Role } from './operation.ts'
import type { RoleJwk } from './role-keys.ts'

export interface FirstKey {
  readonly role: Exclude<Role, 'terminal'>
  readonly owner: string
  readonly jwk: RoleJwk
}

export type FirstKeyRegistered =
  | { readonly kind: 'registered'; readonly keyId: string }
  /** This very key is heard as theirs. */
  | { readonly kind: 'known'; readonly keyId: string }
  /** Somebody else's, or one that is heard no more. */
  | { readonly kind: 'key_used' }
  | { readonly kind: 'owner_is_heard'; readonly role: string }
  /** No point of P-256, which no form of text can tell. */
  | { readonly kind: 'not_on_curve' }

export async function registerFirstKey(work: Work, { role, owner, jwk }: FirstKey): Promise<FirstKeyRegistered> {
  if (verifyingKeyIfAny(jwk) === undefined) return { kind: 'not_on_curve' }
  const keyId = thumbprintOf(jwk)
  const heard = await findHeardKey(work.connection, work.now, keyId)
  if (heard?.role === role && heard.owner === owner) return { kind: 'known', keyId }
  if (await isUsed(work, keyId)) return { kind: 'key_used' }
  const present = await heardRoleOf(work, owner)
  if (present !== undefined) return { kind: 'owner_is_heard', role: present }
  await work.connection
    .insertInto('principal')
    .values({ key_id: keyId, jwk: JSON.stringify(jwk), role, owner, status: 'active', registered_at: work.now })
    .execute()
  return { kind: 'registered', keyId }
}

async function isUsed({ connection }: Work, keyId: string): Promise<boolean> {
  const row = await connection.selectFrom('principal').select('key_id').where('key_id', '=', keyId).executeTakeFirst()
  return row !== undefined
}

/** In which role the name is heard now. */
async function heardRoleOf({ connection, now }: Work, owner: string): Promise<string | undefined> {
  const row = await connection
    .selectFrom('principal')
    .select('role')
    .where('owner', '=', owner)
    .where('role', '<>', 'terminal')
    .where('status', '=', 'active')
    .where((key) => key.or([key('heard_until', 'is', null), key('heard_until', '>=', BigInt(now))]))
    .limit(1)
    .executeTakeFirst()
  return row?.role
}
