/** Whose holders are, held against who named them (docs/adr/0043-whose-a-holder-is.md). */
import type { Rule } from './audit-requests.ts'

/** Which agency entitled whom, and when. */
const entitlings = `
  select ever.holder, scheme.agency_id, ever.since
  from (select scheme_id, holder, since from entitlement
    union all select scheme_id, holder, since from former_entitlement) as ever
  join scheme on scheme.scheme_id = ever.scheme_id`

export const holderRules: readonly Rule[] = [
  {
    // Of before nobody knows who registered a card: its holder may be nobody's, until entitled or named again.
    rule: 'who has a card of an agency, or was ever entitled, is an agency’s holder',
    wrong: `
      select named.holder as subject, 'is nobody’s' as detail
      from (select holder from card where registered_by is not null union select holder from (${entitlings})) named
      left join holder on holder.holder = named.holder where holder.holder is null`,
  },
  {
    rule: 'a holder is an agency’s that named it, and has its cards from no other one',
    wrong: `
      select card.card as subject, 'registered by ' || registered_by || ' for a holder of ' || agency_id as detail
      from card join holder on holder.holder = card.holder where registered_by <> agency_id
      union all
      select holder.holder, 'is ' || holder.agency_id || '’s, which has not named it' from holder
      where not exists (select 1 from card
          where card.holder = holder.holder and coalesce(registered_by, holder.agency_id) = holder.agency_id)
        and not exists (select 1 from (${entitlings}) entitled
          where entitled.holder = holder.holder and entitled.agency_id = holder.agency_id
            and entitled.since = holder.since)`,
  },
]
