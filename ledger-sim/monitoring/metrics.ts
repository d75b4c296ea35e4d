/**
 * What Prometheus is told: how much, how fast, how long the queues are. No label names a person, an account, a key or a
 * till, since whoever reads metrics is nobody that the ledger knows.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ItemResult } from '../../src/sync/protocol/messages.ts'
import { problemCodes, type ProblemCode } from '../../src/sync/protocol/problems.ts'
import { FeedBell } from '../feed/bell.ts'
import type { Stream } from '../feed/streams.ts'
import type { LedgerWatch } from './watch.ts'

/** Seconds: a tap waits for an authorisation, a batch of 500 sales for seconds. */
const latencyBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10]
const batchBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500]

/** Hears the ledger at work, and wakes whoever waits for its feed. */
export class LedgerMetrics implements LedgerWatch {
  readonly registry = new Registry()
  readonly bell = new FeedBell()
  readonly #requests = new Counter({
    name: 'tolem_requests_total',
    help: 'Requests by operation and status',
    labelNames: ['operation', 'code'],
    registers: [this.registry],
  })
  readonly #problems = new Counter({
    name: 'tolem_problems_total',
    help: 'Requests and items of batches that were answered with a problem, by its code',
    labelNames: ['code'],
    registers: [this.registry],
  })
  readonly #latency = new Histogram({
    name: 'tolem_request_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['operation'],
    buckets: latencyBuckets,
    registers: [this.registry],
  })
  readonly #commits = new Counter({
    name: 'tolem_commits_total',
    help: 'Transactions that ended well, those that only read included',
    registers: [this.registry],
  })
  readonly #batches = new Histogram({
    name: 'tolem_batch_items',
    help: 'Items that tills hand over at once',
    buckets: batchBuckets,
    registers: [this.registry],
  })
  readonly #answers = new Counter({
    name: 'tolem_tender_answers_total',
    help: 'Answers about tenders and other items of tills, by state; an item that is asked again counts again',
    labelNames: ['state'],
    registers: [this.registry],
  })
  readonly #streams = new Gauge({
    name: 'tolem_event_streams',
    help: 'Readers that have an event stream open',
    registers: [this.registry],
  })
  readonly #webhookQueue = new Gauge({
    name: 'tolem_webhook_queue',
    help: 'Events that wait to be posted, all webhooks together',
    registers: [this.registry],
  })

  constructor() {
    // From the beginning, so that the first of a kind is seen as a rise.
    for (const code of problemCodes) this.#problems.inc({ code }, 0)
  }

  /** Adds those of the process: event loop lag, memory, collection of garbage. Once in a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry })
  }

  committed(streams: readonly Stream[]): void {
    this.#commits.inc()
    this.bell.ring(streams)
  }

  batchReceived(items: number): void {
    this.#batches.observe(items)
  }

  answered(state: ItemResult['state']): void {
    this.#answers.inc({ state })
  }

  refused(code: ProblemCode): void {
    this.#problems.inc({ code })
  }

  /** @param operation a route, never a path as it was sent @param seconds null for an answer without an end */
  requestAnswered(operation: string, code: number, seconds: number | null): void {
    this.#requests.inc({ operation, code: String(code) })
    if (seconds !== null) this.#latency.observe({ operation }, seconds)
  }

  /** In Prometheus' text format. */
  async text(now: { readonly streams: number; readonly webhookQueue: number }): Promise<string> {
    this.#streams.set(now.streams)
    this.#webhookQueue.set(now.webhookQueue)
    return this.registry.metrics()
  }
}
