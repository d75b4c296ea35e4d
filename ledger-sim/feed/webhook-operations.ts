/** Webhooks: the feed posted to an address of the reader's, in order, until it was taken. */
import { z } from 'zod'
import { madeIdSchema } from '../http/request-fields.ts'
import { instantSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { inTransaction } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { operation, problem, type Caller } from '../http/operation.ts'
import { cursorIn, pageSizeIn } from '../http/query-numbers.ts'
import { boundsOf, whyNotAfter } from './bounds.ts'
import { feedReaders, streamOf } from './streams.ts'
import { addWebhook, isOwnWebhook, listDeliveries, listWebhooks, refusedUrl, removeWebhook } from './webhooks.ts'

const tag = 'Receiving notifications'
const deliveriesMax = 1_000
const deliveriesUsual = 100
const cursor = z.int().min(0)

const noSuchWebhook = ({ owner }: Caller, webhookId: string) =>
  problem('not_found', `${owner} has no webhook ${webhookId}`)

export const webhookOperations = [
  operation({
    method: 'POST',
    path: '/v1/webhooks',
    tag,
    summary: 'Has the caller’s feed posted to an address on the loopback, each request signed by the ledger’s key',
    roles: feedReaders,
    requestSchema: z.strictObject({
      webhookId: madeIdSchema,
      url: z.string().min(1).max(500).describe('`http://` on the loopback; no redirect is followed.'),
      after: cursor
        .optional()
        .describe('The first event that is posted comes after it; without it, what happens from now on.'),
    }),
    answerSchema: z.strictObject({ webhookId: uuidSchema, after: cursor, arrival: z.enum(['created', 'exists']) }),
    perform: (asked) =>
      once(asked, 'webhook', asked.request.webhookId, async (work) => {
        const { webhookId, url } = asked.request
        const refused = refusedUrl(url)
        if (refused !== undefined) return problem('rule_violated', refused)
        const stream = streamOf(asked.caller)
        const bounds = await boundsOf(work, stream)
        const { after = bounds.last } = asked.request
        const whyNot = whyNotAfter(bounds, after)
        if (whyNot !== undefined) return whyNot
        const added = await addWebhook(work, { webhookId, stream, owner: asked.caller.owner, url, after })
        if (added === 'too_many') return problem('rule_violated', 'there are ten already: remove one first')
        return { kind: 'answer', body: { webhookId, after } }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/webhooks',
    tag,
    summary: 'The caller’s webhooks and how far each has come',
    roles: feedReaders,
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      /** The newest event of the feed. */
      last: cursor,
      webhooks: z.array(
        z.strictObject({
          webhookId: uuidSchema,
          url: z.string(),
          state: z
            .enum(['active', 'disabled'])
            .describe('`disabled`: the same event was tried in vain for three days.'),
          cursor,
          tries: z.int().min(0),
          failingSince: instantSchema.nullable(),
          nextTryAt: instantSchema,
          failure: z.string().nullable(),
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const stream = streamOf(asked.caller)
        const webhooks = [...(await listWebhooks(work, stream))]
        return { kind: 'answer', body: { last: (await boundsOf(work, stream)).last, webhooks } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/webhook-removals',
    tag,
    summary: 'Ends a webhook; nothing is posted to it any more but what is on its way',
    roles: feedReaders,
    requestSchema: z.strictObject({ webhookId: uuidSchema }),
    answerSchema: z.strictObject({ webhookId: uuidSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { webhookId } = asked.request
        const isRemoved = await removeWebhook(work, streamOf(asked.caller), webhookId)
        return isRemoved ? { kind: 'answer', body: { webhookId } } : noSuchWebhook(asked.caller, webhookId)
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/webhook-deliveries',
    tag,
    summary:
      'What was posted to a webhook of the caller’s, how often, what came of it; up to `oldestCursor` none is kept',
    roles: feedReaders,
    requestSchema: z.strictObject({
      webhookId: uuidSchema,
      after: cursorIn.optional().describe('The cursor of the last delivery that you have seen.'),
      limit: pageSizeIn(deliveriesMax, deliveriesUsual),
    }),
    answerSchema: z.strictObject({
      /** The events up to here are kept no more, nor what was tried for them; 0 while all are. */
      oldestCursor: cursor,
      deliveries: z.array(
        z.strictObject({
          cursor,
          eventId: uuidSchema,
          tries: z.int().min(1),
          firstTryAt: instantSchema,
          deliveredAt: instantSchema.nullable(),
          failure: z.string().nullable(),
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { webhookId, after = 0, limit } = asked.request
        const stream = streamOf(asked.caller)
        if (!(await isOwnWebhook(work, stream, webhookId))) return noSuchWebhook(asked.caller, webhookId)
        const { gone: oldestCursor } = await boundsOf(work, stream)
        const deliveries = [...(await listDeliveries(work, webhookId, after, limit))]
        return { kind: 'answer', body: { oldestCursor, deliveries } }
      }),
  }),
]
