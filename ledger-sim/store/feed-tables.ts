/** Tables of the status feed and of what monitoring keeps (docs/design/18-platform-api.md, "Feed"). */
import { text, textOrNull, whole, wholeOrNull, type TablePlan } from './table-plans.ts'

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
