/** What the audit recomputes of the feeds (docs/design/18-platform-api.md, "Feed"). */
import type { Rule } from './audit-requests.ts'

export const feedRules: readonly Rule[] = [
  {
    rule: 'a feed has every event between what was forgotten and its newest',
    wrong: `
      select feed_counter.stream as subject,
        count(cursor) || ' events, to be ' || (last - gone) || ' after ' || gone as detail
      from feed_counter left join feed_event on feed_event.stream = feed_counter.stream
      group by feed_counter.stream
      having count(cursor) <> last - gone or min(cursor) <> gone + 1 or max(cursor) <> last`,
  },
  {
    rule: 'no webhook waits for an event that was forgotten',
    wrong: `
      select webhook_id as subject, 'has come to ' || cursor || ', forgotten up to ' || gone as detail
      from webhook join feed_counter on feed_counter.stream = webhook.stream
      where state = 'active' and cursor < gone`,
  },
]
