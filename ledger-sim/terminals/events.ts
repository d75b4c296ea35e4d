/**
 * The status feed: an outbox whose cursor is assigned in the commit that the event tells of, so that no event is lost,
 * and order is the order of commits (issue "Exact truth", Status feed).
 */
import type { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { StatusEvent, statusEventSchema } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'

export async function appendEvent(work: Work, terminalId: string, event: StatusEvent['event']): Promise<void> {
  const { connection, now } = work
  const last = await connection
    .selectFrom('event')
    .select('cursor')
    .where('terminal_id', '=', terminalId)
    .orderBy('cursor', 'desc')
    .limit(1)
    .executeTakeFirst()
  await connection
    .insertInto('event')
    .values({ terminal_id: terminalId, cursor: (last?.cursor ?? 0n) + 1n, at: now, content: toJson(event) })
    .execute()
}

const eventsOf = statement(
  (connection, { terminalId, after, limit }: { terminalId: string; after: bigint; limit: number }) =>
    connection
      .selectFrom('event')
      .selectAll()
      .where('terminal_id', '=', terminalId)
      .where('cursor', '>', after)
      .orderBy('cursor')
      .limit(limit),
)

export async function eventsAfter(
  { connection }: Work,
  terminalId: string,
  after: number,
  limit: number,
): Promise<{ readonly events: z.input<typeof statusEventSchema>[]; readonly cursor: number }> {
  const rows = await eventsOf(connection, { terminalId, after: BigInt(after), limit })
  const events = rows.map((row) => ({
    cursor: Number(row.cursor),
    at: Number(row.at),
    event: JSON.parse(row.content) as z.input<typeof statusEventSchema>['event'],
  }))
  return { events, cursor: events.at(-1)?.cursor ?? after }
}

/** Tells every terminal that its package has changed; one that was told and has not fetched yet is not told again. */
export async function announcePackages(work: Work): Promise<void> {
  const rows = await work.connection.selectFrom('terminal').select('terminal_id').orderBy('terminal_id').execute()
  for (const row of rows) await announcePackage(work, row.terminal_id)
}

export async function announcePackagesOfMerchant(work: Work, merchantId: string): Promise<void> {
  const rows = await work.connection
    .selectFrom('terminal')
    .select('terminal_id')
    .where('merchant_id', '=', merchantId)
    .orderBy('terminal_id')
    .execute()
  for (const row of rows) await announcePackage(work, row.terminal_id)
}

export async function announcePackage(work: Work, terminalId: string): Promise<void> {
  const { connection } = work
  const terminal = await connection
    .selectFrom('terminal')
    .select('announced_version')
    .where('terminal_id', '=', terminalId)
    .executeTakeFirstOrThrow()
  const last = await connection
    .selectFrom('package')
    .select('version')
    .where('terminal_id', '=', terminalId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  const next = (last?.version ?? 0n) + 1n
  if (terminal.announced_version >= next) return
  await connection
    .updateTable('terminal')
    .set({ announced_version: next })
    .where('terminal_id', '=', terminalId)
    .execute()
  await appendEvent(work, terminalId, { kind: 'package_available', version: Number(next) })
}
