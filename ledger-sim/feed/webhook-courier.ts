/**
 * Takes the feed to webhooks: in order for each, at least once, the same event id however often. An event is behind
 * only when its receiver answered 2xx and that was committed; a stop in between has it posted again. One that does not
 * take an event holds up its own feed and nobody else's.
 *
 * The ledger itself has no timers: this is started by the process (main.ts), with its clock and its scheduler.
 */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { signRequest, type HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import { inTransaction, type LedgerPorts, type Work } from '../context.ts'
import type { FeedBell } from './bell.ts'
import type { FeedEventOnWire } from './events.ts'
import { readFeed, tell } from './outbox.ts'
import type { Stream } from './streams.ts'
import type { WebhookBody } from './webhook-body.ts'

export interface Scheduler {
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
}

export type Sent = { readonly kind: 'taken' } | { readonly kind: 'failed'; readonly detail: string }

export interface CourierOptions {
  readonly ports: LedgerPorts
  readonly bell: FeedBell
  readonly scheduler: Scheduler
  /** Posts one signed request, or gives it up with the signal; does not reject. */
  readonly send: (request: HttpRequest, stopped: AbortSignal) => Promise<Sent>
  /** Before each round: a demonstration's clock is asked here. */
  readonly beforeRound?: () => Promise<void>
  readonly onDidFail?: (error: unknown) => void
}

/** The first repetition comes after a second, each later one after twice as long, at most an hour. */
export const firstPauseMs = 1_000
export const pauseMsMax = 3_600_000
/** One event that is not taken for so long ends its webhook. */
export const givenUpAfterMs = 3 * 24 * 3_600_000
/** Looked at by itself this often: for what another process committed, and for a clock that is not our timers'. */
const lookAgainMs = 60_000
const afterNewsMs = 100
const signatureLifeSeconds = 300
const atOnceMax = 16

export class WebhookCourier {
  readonly #options: CourierOptions
  readonly #busy = new Map<string, Promise<void>>()
  #round: Promise<void> | undefined
  readonly #stopped = new AbortController()
  #isWanted = false
  #timer: unknown
  #soon: unknown
  #stopListening: (() => void) | undefined

  constructor(options: CourierOptions) {
    this.#options = options
  }

  start(): void {
    this.#stopListening = this.#options.bell.listen('any', () => this.#lookSoon())
    this.#look()
  }

  /** Resolves when nothing is on its way any more. What was sent and is not committed is sent again another day. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#stopListening?.()
    this.#options.scheduler.clearTimeout(this.#timer)
    this.#options.scheduler.clearTimeout(this.#soon)
    await this.#round
    await Promise.all(this.#busy.values())
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted
  }

  /** A moment after the first news: a look waits for the ledger, and what comes in numbers gives way to it. */
  #lookSoon(): void {
    if (this.#isStopped) return
    this.#soon ??= this.#options.scheduler.setTimeout(() => {
      this.#soon = undefined
      this.#look()
    }, afterNewsMs)
  }

  /** One look at a time; what is wanted meanwhile is looked at afterwards. */
  #look(): void {
    if (this.#isStopped) return
    this.#isWanted = true
    this.#round ??= this.#lookAround().finally(() => {
      this.#round = undefined
      if (this.#isWanted) this.#look()
    })
  }

  async #lookAround(): Promise<void> {
    const { ports, scheduler, beforeRound, onDidFail } = this.#options
    this.#isWanted = false
    scheduler.clearTimeout(this.#timer)
    let waitMs = lookAgainMs
    try {
      await beforeRound?.()
      const now = ports.clock()
      for (const { webhookId, nextTryAt } of await inTransaction(ports, pendingWebhooks)) {
        if (nextTryAt > now) waitMs = Math.min(waitMs, nextTryAt - now)
        else this.#serve(webhookId)
      }
    } catch (error) {
      onDidFail?.(error)
    }
    if (!this.#isStopped) this.#timer = scheduler.setTimeout(() => this.#look(), waitMs)
  }

  #serve(webhookId: string): void {
    if (this.#isStopped || this.#busy.has(webhookId) || this.#busy.size >= atOnceMax) return
    const serving = this.#deliver(webhookId).then(
      () => {
        this.#busy.delete(webhookId)
        this.#look()
      },
      // The ledger's own failure: looked at again with the timer, not at once.
      (error: unknown) => {
        this.#busy.delete(webhookId)
        this.#options.onDidFail?.(error)
      },
    )
    this.#busy.set(webhookId, serving)
  }

  /** Event by event, until none is left or one is not taken. */
  async #deliver(webhookId: string): Promise<void> {
    const { ports, send } = this.#options
    while (!this.#isStopped) {
      const due = await inTransaction(ports, (work) => nextDelivery(work, webhookId))
      if (due === undefined) return
      const seconds = Math.floor(ports.clock() / 1000)
      const nonce = Buffer.from(ports.random(16)).toString('base64url')
      const body: WebhookBody = { webhookId, stream: due.stream, event: due.event }
      const request = signRequest({ method: 'POST', url: due.url, body: toJson(body) }, ports.keys.signing, {
        created: seconds,
        expires: seconds + signatureLifeSeconds,
        nonce,
      })
      const sent = await send(request, this.#stopped.signal)
      if (this.#isStopped) return
      await inTransaction(ports, (work) => recordTry(work, webhookId, due.event, sent))
      if (sent.kind === 'failed') return
    }
  }
}

/** Which active webhooks have something to deliver. */
async function pendingWebhooks({
  connection,
}: Work): Promise<readonly { readonly webhookId: string; readonly nextTryAt: number }[]> {
  const rows = await connection
    .selectFrom('webhook')
    .innerJoin('feed_counter', 'feed_counter.stream', 'webhook.stream')
    .select(['webhook.webhook_id', 'webhook.next_try_at'])
    .where('webhook.state', '=', 'active')
    .whereRef('feed_counter.last', '>', 'webhook.cursor')
    .orderBy('webhook.next_try_at')
    .orderBy('webhook.webhook_id')
    .execute()
  return rows.map((row) => ({ webhookId: row.webhook_id, nextTryAt: Number(row.next_try_at) }))
}

/** How many events wait for their webhooks, all together. */
export async function waitingForWebhooks({ connection }: Work): Promise<number> {
  const rows = await connection
    .selectFrom('webhook')
    .innerJoin('feed_counter', 'feed_counter.stream', 'webhook.stream')
    .select(['feed_counter.last', 'webhook.cursor'])
    .where('webhook.state', '=', 'active')
    .execute()
  return rows.reduce((sum, row) => sum + Number(row.last - row.cursor), 0)
}

interface Due {
  readonly url: string
  readonly stream: Stream
  readonly event: FeedEventOnWire
}

async function nextDelivery(work: Work, webhookId: string): Promise<Due | undefined> {
  const webhook = await work.connection
    .selectFrom('webhook')
    .select(['stream', 'url', 'cursor', 'next_try_at'])
    .where('webhook_id', '=', webhookId)
    .where('state', '=', 'active')
    .executeTakeFirst()
  if (webhook === undefined || webhook.next_try_at > BigInt(work.now)) return undefined
  const stream = webhook.stream as Stream
  const [event] = await readFeed(work, stream, Number(webhook.cursor), 1)
  return event === undefined ? undefined : { url: webhook.url, stream, event }
}

async function recordTry(work: Work, webhookId: string, event: FeedEventOnWire, sent: Sent): Promise<void> {
  const { connection, now } = work
  const webhook = await connection
    .selectFrom('webhook')
    .select(['stream', 'tries', 'failing_since'])
    .where('webhook_id', '=', webhookId)
    .where('state', '=', 'active')
    .executeTakeFirst()
  // Removed while the event was on its way: whatever came of it concerns nobody any more.
  if (webhook === undefined) return
  const tries = Number(webhook.tries) + 1
  const failure = sent.kind === 'failed' ? sent.detail : null
  await connection
    .insertInto('webhook_delivery')
    .values({
      webhook_id: webhookId,
      cursor: event.cursor,
      event_id: event.eventId,
      tries,
      first_try_at: now,
      delivered_at: sent.kind === 'taken' ? now : null,
      failure,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['webhook_id', 'cursor'])
        .doUpdateSet({ tries, delivered_at: sent.kind === 'taken' ? now : null, failure }),
    )
    .execute()
  const update = connection.updateTable('webhook').where('webhook_id', '=', webhookId)
  if (sent.kind === 'taken') {
    await update.set({ cursor: event.cursor, tries: 0, failing_since: null, next_try_at: now, failure: null }).execute()
    return
  }
  const failingSince = Number(webhook.failing_since ?? now)
  const isGivenUp = now - failingSince >= givenUpAfterMs
  await update
    .set({
      tries,
      failing_since: failingSince,
      next_try_at: now + pauseAfter(tries),
      failure,
      state: isGivenUp ? 'disabled' : 'active',
    })
    .execute()
  if (isGivenUp) tell(work, [webhook.stream as Stream], { kind: 'alert', code: 'WEBHOOK_DISABLED', subject: webhookId })
}

/** @param tries how often the event was tried in vain: 1 after the first time */
export function pauseAfter(tries: number): number {
  return Math.min(pauseMsMax, firstPauseMs * 2 ** Math.min(tries - 1, 30))
}
