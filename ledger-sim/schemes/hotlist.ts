/** The hotlist: all blocked cards as one immutable, numbered list, replaced as a whole (brief.md). */
import type { Hotlist } from '../../src/voucher/package.ts'
import type { Work } from '../context.ts'

export async function publishHotlist({ connection, now }: Work): Promise<void> {
  const blocked = await connection
    .selectFrom('card')
    .select('card')
    .where('status', '=', 'blocked')
    .orderBy('card')
    .execute()
  const last = await connection
    .selectFrom('hotlist')
    .select('version')
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  await connection
    .insertInto('hotlist')
    .values({
      version: (last?.version ?? 0n) + 1n,
      issued_at: now,
      cards: JSON.stringify(blocked.map((row) => row.card)),
    })
    .execute()
}

/** The newest; an empty first one is made when there was none. */
export async function currentHotlist(work: Work): Promise<Hotlist> {
  const row = await work.connection
    .selectFrom('hotlist')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) {
    await publishHotlist(work)
    return currentHotlist(work)
  }
  return { version: Number(row.version), issuedAt: Number(row.issued_at), cards: JSON.parse(row.cards) as string[] }
}
