/**
 * One reader's feed as it is streamed: pages of signed frames, for as long as the key that opened it is heard. Without
 * sockets; http/event-stream.ts writes what it reads.
 */
import { signTagged } from '../../src/sync/protocol/keys.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { inTransaction } from '../context.ts'
import { isHeard } from '../http/heard-keys.ts'
import type { Caller, EventStream, Services } from '../http/operation.ts'
import { boundsOf, whyNotAfter } from './bounds.ts'
import { readFeed } from './outbox.ts'
import { streamOf } from './streams.ts'

/** What is sent before the reader's socket is looked at again: about 50 kB. */
const pageEvents = 100

/** @param after the cursor to go on from; `Last-Event-ID` of a reader that comes back outdoes it */
export function liveFeed(services: Services, caller: Caller, after: number): EventStream {
  const stream = streamOf(caller)
  return {
    reader: `${caller.role} ${caller.owner}`,
    stream,
    after,
    whyNotAfter: (cursor) => inTransaction(services, async (work) => whyNotAfter(await boundsOf(work, stream), cursor)),
    next: (from) =>
      inTransaction(services, async (work) => {
        if (!(await isHeard(work, caller))) return 'ended'
        const events = await readFeed(work, stream, from, pageEvents)
        // It was so slow that what it reads was forgotten meanwhile: the page would have a hole.
        if (from < (await boundsOf(work, stream)).gone) return 'gone'
        return events.map((event) => ({
          cursor: event.cursor,
          data: toJson({
            event,
            signature: signTagged(services.keys.signing, 'tolem/status-event/1', { stream, event }),
          }),
        }))
      }),
  }
}
