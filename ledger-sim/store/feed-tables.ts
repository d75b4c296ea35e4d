/** Tables of the status feed and of what monitoring keeps (docs/design/18-platform-api.md, "Feed"). */
import { text, textOrNull, whole, wholeOrNull, type TablePlan } from './table-plans.ts'
import type { TextOrNull, Whole, WholeOrNull, WholeOrZero } from './schema.ts'

/** The last cursor of each reader's feed: the row that a transaction which tells it something locks. */
export interface FeedCounterTable {
  stream: string
  last: Whole
  /** The last cursor that was forgotten; 0 while all are kept (feed/pruning.ts). */
  gone: WholeOrZero
}

/** The outbox: what each reader is told (feed/outbox.ts). */
export interface FeedEventTable {
  stream: string
  cursor: Whole
  event_id: string
  at: Whole
  content: string
}

/** Where a reader wants its feed posted, and how far that has come. */
export interface WebhookTable {
  webhook_id: string
  stream: string
  owner: string
  url: string
  /** The last event that was delivered. */
  cursor: Whole
  state: 'active' | 'disabled' | 'removed'
  /** Of the event that comes next: how often it was tried in vain, since when, and when it is tried again. */
  tries: Whole
  failing_since: WholeOrNull
  next_try_at: Whole
  /** What came of the last try in vain, in words. */
  failure: TextOrNull
  at: Whole
}

/** One event at one webhook: written when it was tried, so what has not come yet has no row. */
export interface WebhookDeliveryTable {
  webhook_id: string
  cursor: Whole
  event_id: string
  tries: Whole
  first_try_at: Whole
  /** Null while every try was in vain. */
  delivered_at: WholeOrNull
  failure: TextOrNull
}

/** How many rows a till said it still has to hand over, with its last head. */
export interface TerminalQueueTable {
  terminal_id: string
  unsynced: Whole
  /** Since when it has said without a break that some wait; null when none do. */
  unsynced_since: WholeOrNull
  said_at: Whole
}

export interface FeedTables {
  feed_counter: FeedCounterTable
  feed_event: FeedEventTable
  webhook: WebhookTable
  webhook_delivery: WebhookDeliveryTable
  terminal_queue: TerminalQueueTable
}

export const feedTables: readonly TablePlan[] = [
  { name: 'feed_counter', columns: [text('stream'), whole('last')], key: ['stream'] },
  {
    name: 'feed_event',
    columns: [text('stream'), whole('cursor'), text('event_id'), whole('at'), text('content')],
    key: ['stream', 'cursor'],
  },
  {
    name: 'webhook',
    columns: [
      text('webhook_id'),
      text('stream'),
      text('owner'),
      text('url'),
      whole('cursor'),
      text('state'),
      whole('tries'),
      wholeOrNull('failing_since'),
      whole('next_try_at'),
      textOrNull('failure'),
      whole('at'),
    ],
    key: ['webhook_id'],
  },
  {
    name: 'webhook_delivery',
    columns: [
      text('webhook_id'),
      whole('cursor'),
      text('event_id'),
      whole('tries'),
      whole('first_try_at'),
      wholeOrNull('delivered_at'),
      textOrNull('failure'),
    ],
    key: ['webhook_id', 'cursor'],
    references: [['webhook_id', 'webhook', 'webhook_id']],
  },
  {
    name: 'terminal_queue',
    columns: [text('terminal_id'), whole('unsynced'), wholeOrNull('unsynced_since'), whole('said_at')],
    key: ['terminal_id'],
    references: [['terminal_id', 'terminal', 'terminal_id']],
  },
]
