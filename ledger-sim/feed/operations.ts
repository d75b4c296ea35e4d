/** The status feed as banks, merchants, agencies and people ask for it. */
import { z } from 'zod'
import { inTransaction } from '../context.ts'
import { operation, problem, type ProblemOutcome } from '../http/operation.ts'
import { feedEventSchema } from './events.ts'
import { liveFeed } from './live-feed.ts'
import { lastCursor, readFeed } from './outbox.ts'
import { feedReaders, streamOf } from './streams.ts'
import { countIn, cursorIn } from './query.ts'
import { webhookOperations } from './webhook-operations.ts'

const tag = 'Receiving notifications'
const eventsMax = 1_000

export const feedOperations = [
  operation({
    method: 'GET',
    path: '/v1/events',
    tag,
    summary: 'What happened to the caller’s own money, sales, schemes and tills since the cursor, in order',
    roles: feedReaders,
    requestSchema: z.strictObject({ after: cursorIn.optional(), limit: countIn(eventsMax).optional() }),
    answerSchema: z.strictObject({
      events: z.array(feedEventSchema),
      /** To go on from: the last event of this page, or what was asked for. */
      cursor: z.int().min(0),
      /** The newest event that there is. */
      last: z.int().min(0),
    }),
    perform: async (asked) => {
      const { after = 0, limit = 100 } = asked.request
      const stream = streamOf(asked.caller)
      return inTransaction(asked.services, async (work) => {
        const last = await lastCursor(work, stream)
        if (after > last) return beyond(last)
        const events = await readFeed(work, stream, after, limit)
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
    requestSchema: z.strictObject({ after: cursorIn.optional() }),
    /** `data` of each event; the signature is the ledger's, over `{ stream, event }`: tag `tolem/status-event/1`. */
    answerSchema: z.strictObject({ event: feedEventSchema, signature: z.string() }),
    streams: true,
    perform: async (asked) => {
      const { after = 0 } = asked.request
      const last = await inTransaction(asked.services, (work) => lastCursor(work, streamOf(asked.caller)))
      if (after > last) return beyond(last)
      return { kind: 'stream', stream: liveFeed(asked.services, asked.caller, after) }
    },
  }),
  ...webhookOperations,
]

/** Said aloud, since it means that the ledger has lost what its reader has: a backup was put back. */
function beyond(last: number): ProblemOutcome {
  return problem('rule_violated', `the feed ends at ${last}: this ledger never told what the cursor stands for`)
}
