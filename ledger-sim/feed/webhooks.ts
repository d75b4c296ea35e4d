/**
 * Webhooks as rows. The simulator posts to the loopback address only: a ledger that posts wherever a caller says is a
 * tool against the network that it stands in.
 */
import type { Selectable } from 'kysely'
import type { Work } from '../context.ts'
import type { WebhookTable } from '../store/feed-tables.ts'
import type { Stream } from './streams.ts'

/** Enough for a reader's systems; each costs a request for every event. */
export const webhooksPerReaderMax = 10

const loopback = ['127.0.0.1', 'localhost', '[::1]']

/** @returns why the ledger does not post there; undefined when it does */
export function refusedUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null) return 'the address cannot be read'
  if (url.protocol !== 'http:' || !loopback.includes(url.hostname))
    return 'the ledger simulator posts to http:// on the loopback address only'
  if (url.username !== '' || url.password !== '') return 'an address with a password in it ends up in logs'
  return url.hash === '' ? undefined : 'an address to post to has no fragment'
}

export interface Webhook {
  readonly webhookId: string
  readonly url: string
  readonly state: 'active' | 'disabled'
  /** The last event that was delivered. */
  readonly cursor: number
  /** Of the event that comes next. */
  readonly tries: number
  readonly failingSince: number | null
  readonly nextTryAt: number
  readonly failure: string | null
}

/** @param after the first event that is posted is the one after it */
export async function addWebhook(
  { connection, now }: Work,
  webhook: {
    readonly webhookId: string
    readonly stream: Stream
    readonly owner: string
    readonly url: string
    readonly after: number
  },
): Promise<'added' | 'too_many'> {
  const { webhookId, stream, owner, url, after } = webhook
  const there = await connection
    .selectFrom('webhook')
    .select('webhook_id')
    .where('stream', '=', stream)
    .where('state', '=', 'active')
    .execute()
  if (there.length >= webhooksPerReaderMax) return 'too_many'
  await connection
    .insertInto('webhook')
    .values({
      webhook_id: webhookId,
      stream,
      owner,
      url,
      cursor: after,
      state: 'active',
      tries: 0,
      next_try_at: now,
      at: now,
    })
    .execute()
  return 'added'
}

/** By id, without those that were removed. */
export async function listWebhooks({ connection }: Work, stream: Stream): Promise<readonly Webhook[]> {
  const rows = await connection
    .selectFrom('webhook')
    .selectAll()
    .where('stream', '=', stream)
    .where('state', 'in', ['active', 'disabled'])
    .orderBy('webhook_id')
    .execute()
  return rows.map(webhookOf)
}

function webhookOf(row: Selectable<WebhookTable>): Webhook {
  return {
    webhookId: row.webhook_id,
    url: row.url,
    state: row.state === 'disabled' ? 'disabled' : 'active',
    cursor: Number(row.cursor),
    tries: Number(row.tries),
    failingSince: row.failing_since === null ? null : Number(row.failing_since),
    nextTryAt: Number(row.next_try_at),
    failure: row.failure,
  }
}

/** @returns false when the reader has no such webhook; one that was removed before is removed */
export async function removeWebhook({ connection }: Work, stream: Stream, webhookId: string): Promise<boolean> {
  const removed = await connection
    .updateTable('webhook')
    .set({ state: 'removed' })
    .where('webhook_id', '=', webhookId)
    .where('stream', '=', stream)
    .returning('webhook_id')
    .executeTakeFirst()
  return removed !== undefined
}

export async function isOwnWebhook({ connection }: Work, stream: Stream, webhookId: string): Promise<boolean> {
  const row = await connection
    .selectFrom('webhook')
    .select('webhook_id')
    .where('webhook_id', '=', webhookId)
    .where('stream', '=', stream)
    .executeTakeFirst()
  return row !== undefined
}

export interface Delivery {
  readonly cursor: number
  readonly eventId: string
  readonly tries: number
  readonly firstTryAt: number
  readonly deliveredAt: number | null
  readonly failure: string | null
}

/** What was tried, in order. */
export async function listDeliveries(
  { connection }: Work,
  webhookId: string,
  after: number,
  limit: number,
): Promise<readonly Delivery[]> {
  const rows = await connection
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('webhook_id', '=', webhookId)
    .where('cursor', '>', BigInt(after))
    .orderBy('cursor')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    cursor: Number(row.cursor),
    eventId: row.event_id,
    tries: Number(row.tries),
    firstTryAt: Number(row.first_try_at),
    deliveredAt: row.delivered_at === null ? null : Number(row.delivered_at),
    failure: row.failure,
  }))
}
