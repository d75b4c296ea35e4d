/**
 * A reader of the event stream, as an integrator would write it: it comes back after every cut, and hands each event
 * over once and in order. What it needs for that is one number, the cursor of the last event that was dealt with.
 */
import { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { verifyAnswer, type HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import { verifyTagged, type VerifyingKey } from '../../src/sync/protocol/keys.ts'
import { problemSchema } from '../../src/sync/protocol/problems.ts'
import { feedEventSchema, type FeedEvent } from './events.ts'

export interface FeedReader {
  /** `http://127.0.0.1:<port>` of the ledger; asked anew for each connection. */
  readonly ledgerUrl: () => string
  /** Signs a request with the reader's key (RFC 9421). */
  readonly sign: (method: 'GET', url: string) => HttpRequest
  /** By which every event is checked. */
  readonly ledgerKey: VerifyingKey
  /** `owner:<name>`, `role:central-bank` or `role:auditor`: whose feed it is. */
  readonly stream: string
  /** The last event that was dealt with; 0 for the whole feed. */
  readonly after: number
  readonly stopped: AbortSignal
  /** Before it connects again. */
  readonly pause: () => Promise<void>
  /**
   * The ledger keeps these events no more; what comes next is the event after `until`. What they told of stands in
   * balances, statements and lists.
   */
  readonly onDidMiss: (missed: { readonly code: 'events_gone'; readonly from: number; readonly until: number }) => void
  /** Why a connection ended; for a log. */
  readonly onDidLose?: (error: unknown) => void
}

class EventsGone extends Error {
  readonly until: number
  constructor(until: number) {
    super(`the events up to ${until} are kept no more`)
    this.until = until
  }
}

const dataSchema = z.strictObject({ event: feedEventSchema, signature: z.string() })

/** Each event once, in order, until `stopped`. The caller keeps the cursor with what it does with the event. */
export async function* followFeed(reader: FeedReader): AsyncGenerator<FeedEvent, void> {
  let last = reader.after
  while (!reader.stopped.aborted) {
    try {
      for await (const data of connection(reader, last)) {
        const { cursor } = data.event
        // Seen before: the connection was cut after it was read, or something between repeated it.
        if (cursor <= last) continue
        if (cursor !== last + 1) throw new Error(`event ${last + 1} is missing before ${cursor}`)
        last = cursor
        yield data.event
      }
    } catch (error) {
      if (reader.stopped.aborted) return
      if (error instanceof EventsGone && error.until > last) {
        reader.onDidMiss({ code: 'events_gone', from: last + 1, until: error.until })
        last = error.until
        continue
      }
      reader.onDidLose?.(error)
    }
    if (!reader.stopped.aborted) await reader.pause()
  }
}

/** What one connection says, for as long as it lasts. @throws whatever ends it but its regular end */
async function* connection(
  { ledgerUrl, sign, ledgerKey, stream, stopped }: FeedReader,
  after: number,
): AsyncGenerator<z.output<typeof dataSchema>, void> {
  const request = sign('GET', `${ledgerUrl()}/v1/event-stream`)
  const headers = { ...request.headers, 'last-event-id': String(after) }
  const response = await fetch(request.url, { headers, signal: stopped })
  if (!response.ok || response.body === null) throw await whyNot(response, request, ledgerKey)
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true })
    const frames = text.split('\n\n')
    // The last one is not whole yet: a cut in its midst leaves nothing of it.
    text = frames.pop() ?? ''
    for (const frame of frames) {
      const line = frame.split('\n').find((candidate) => candidate.startsWith('data: '))
      if (line === undefined) continue
      const sent = JSON.parse(line.slice('data: '.length)) as { event: unknown; signature: string }
      // The signature is over what was sent, before anything is made of it.
      if (!verifyTagged(ledgerKey, 'tolem/status-event/1', { stream, event: sent.event }, sent.signature))
        throw new Error(`not the ledger's word: ${toJson(sent.event)}`)
      yield dataSchema.parse(sent)
    }
  }
}

/** Only the ledger's own word has events left out: whoever is on the way could name any cursor. */
async function whyNot(response: Response, request: HttpRequest, ledgerKey: VerifyingKey): Promise<Error> {
  const body = await response.text()
  const headers = Object.fromEntries(response.headers)
  const verified = verifyAnswer({ status: response.status, headers, body }, request, ledgerKey)
  if (verified.kind === 'valid' && response.status === 410) {
    const { oldestCursor } = problemSchema.parse(JSON.parse(body))
    if (oldestCursor !== undefined) return new EventsGone(oldestCursor)
  }
  return new Error(`the ledger answered ${response.status}`)
}
