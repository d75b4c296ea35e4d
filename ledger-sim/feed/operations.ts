/** The status feed as banks, merchants, agencies and people ask for it. */
import { z } from 'zod'
import { inTransaction } from '../context.ts'
import { operation } from '../http/operation.ts'
import { cursorIn, pageSizeIn } from '../http/query-numbers.ts'
import { boundsOf, whyNotAfter } from './bounds.ts'
import { feedEventSchema } from './events.ts'
import { liveFeed } from './live-feed.ts'
import { readFeed } from './outbox.ts'
import { feedReaders, streamOf } from './streams.ts'
import { webhookOperations } from './webhook-operations.ts'

const tag = 'Receiving notifications'
const eventsMax = 1_000
const eventsUsual = 100
const afterIn = cursorIn
  .optional()
  .describe('The cursor of the last event that you have dealt with; without it, the feed from the oldest that is kept.')

export const feedOperations = [
  operation({
    method: 'GET',
    path: '/v1/events',
    tag,
    summary: 'What happened to the caller’s own money, sales, schemes and tills since the cursor, in order',
    roles: feedReaders,
    requestSchema: z.strictObject({ after: afterIn, limit: pageSizeIn(eventsMax, eventsUsual) }),
    answerSchema: z.strictObject({
      events: z.array(feedEventSchema),
      cursor: z.int().min(0).describe('To go on from: the last event of this page, or what was asked for.'),
      last: z.int().min(0).describe('The newest event that there is.'),
    }),
    perform: async (asked) => {
      const { limit } = asked.request
      const stream = streamOf(asked.caller)
      return inTransaction(asked.services, async (work) => {
        // Who names no cursor begins with the oldest event that is kept.
        const after = asked.request.after ?? (await boundsOf(work, stream)).gone
        const events = await readFeed(work, stream, after, limit)
        // After the page: what was forgotten while it was read, by another process, is seen here.
        const bounds = await boundsOf(work, stream)
        const whyNot = whyNotAfter(bounds, after)
        if (whyNot !== undefined) return whyNot
        const { last } = bounds
        return { kind: 'answer', body: { events, cursor: events.at(-1)?.cursor ?? after, last } }
      })
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/event-stream',
    tag,
    summary: 'The same as server-sent events; `Last-Event-ID` goes on where a reader was cut off',
    roles: feedReaders,
    requestSchema: z.strictObject({ after: afterIn }),
    answerSchema: z
      .strictObject({ event: feedEventSchema, signature: z.string() })
      .describe(
        "`data` of each event; the signature is the ledger's, over `{ stream, event }`: tag `tolem/status-event/1`.",
      ),
    streams: true,
    perform: async (asked) => {
      const bounds = await inTransaction(asked.services, (work) => boundsOf(work, streamOf(asked.caller)))
      // Whether it can be read on from there is asked where it begins: `Last-Event-ID` outdoes what the address says.
      const { after = bounds.gone } = asked.request
      return { kind: 'stream', stream: liveFeed(asked.services, asked.caller, after) }
    },
  }),
  ...webhookOperations,
]
