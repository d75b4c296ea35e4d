/** Which keys are heard: what the door asks with every request, and a stream again and again while it lasts. */
import type { Kysely } from 'kysely'
import type { Work } from '../context.ts'
import type { Tables } from '../store/schema.ts'
import type { Caller } from './operation.ts'

interface Asking {
  readonly connection: Kysely<Tables>
  readonly now: number
}

/** The key's row while the key is heard: not revoked, and its time is not over. */
export function findHeardKey({ connection, now }: Asking, keyId: string) {
  return connection
    .selectFrom('principal')
    .select(['jwk', 'role', 'owner', 'follows'])
    .where('key_id', '=', keyId)
    .where('status', '=', 'active')
    .where((row) => row.or([row('heard_until', 'is', null), row('heard_until', '>=', BigInt(now))]))
    .executeTakeFirst()
}

/** Whether the caller is still who it was when the door let it in. */
export async function isHeard(work: Work, { keyId, role, owner }: Caller): Promise<boolean> {
  const row = await findHeardKey(work, keyId)
  return row?.role === role && row.owner === owner
}
