/** What the audit recomputes of the hotlist (docs/design/20-hotlist.md). */
import type { Rule } from './audit-requests.ts'

/** Its newest version; none while that one is from before prefixes. */
const newest = `
  select version, prefix_bytes from hotlist
  where version = (select max(version) from hotlist) and prefix_bytes is not null`

const listed = `
  select card from hotlist_change own where listed = 1 and not exists (
    select 1 from hotlist_change later where later.card = own.card and later.version > own.version)`

export const hotlistRules: readonly Rule[] = [
  {
    rule: 'the newest hotlist lists the blocked cards, and no other',
    wrong: `
      select card.card as subject, status || ', on list ' || newest.version || ': ' || (own.card is not null) as detail
      from card join (${newest}) newest left join (${listed}) own on own.card = card.card
      where (status = 'blocked') <> (own.card is not null)`,
  },
  {
    rule: 'no card shares its prefix with a blocked one, unless it is blocked too',
    wrong: `
      select other.card as subject, other.status || ', beside ' || blocked.card as detail
      from (${newest}) newest join card blocked on blocked.status = 'blocked'
      join card other on other.card >= substr(blocked.card, 1, 2 * prefix_bytes)
        and other.card < substr(blocked.card, 1, 2 * prefix_bytes) || 'g'
      where other.status <> 'blocked'`,
  },
]
