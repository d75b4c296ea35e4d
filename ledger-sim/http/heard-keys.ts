/** Which keys are heard: what the door asks with every request, and a stream again and again while it lasts. */
import type { Kysely } from 'kysely'
import type { Work } from '../context.ts'
import type { Tables } from '../store/schema.ts'
import { statement } from '../store/statement.ts'
import type { Caller } from './operation.ts'

/** The key's row while the key is heard: not revoked, and its time is not over. */
const heardKey = statement((connection, { keyId, now }: { keyId: string; now: bigint }) =>
  connection
    .selectFrom('principal')
    .select(['jwk', 'role', 'owner', 'follows', 'latest_signed'])
    .where('key_id', '=', keyId)
    .where('status', '=', 'active')
    .where((row) => row.or([row('heard_until', 'is', null), row('heard_until', '>=', now)])),
)

export async function findHeardKey(connection: Kysely<Tables>, now: number, keyId: string) {
  const [row] = await heardKey(connection, { keyId, now: BigInt(now) })
  return row
}

/** Whether the caller is still who it was when the door let it in. */
export async function isHeard({ connection, now }: Work, { keyId, role, owner }: Caller): Promise<boolean> {
  const row = await findHeardKey(connection, now, keyId)
  return row?.role === role && row.owner === owner
}
