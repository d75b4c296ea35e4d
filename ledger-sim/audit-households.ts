/** What the audit recomputes of who shares an allowance (docs/adr/0027-households.md). */
import type { Rule } from './audit-requests.ts'

/** Who ever was which beneficiary. */
const everEntitled = `
  select scheme_id, beneficiary, holder from entitlement
  union select scheme_id, beneficiary, holder from former_entitlement`

const times = `
  select scheme_id, holder, beneficiary, since, null as ended_at from entitlement
  union all select scheme_id, holder, beneficiary, since, ended_at from former_entitlement`

export const householdRules: readonly Rule[] = [
  {
    rule: 'a holder is one beneficiary of a scheme at a time',
    wrong: `
      select one.holder as subject, one.beneficiary || ' and ' || other.beneficiary || ' in ' || one.scheme_id as detail
      from (${times}) one join (${times}) other
        on other.scheme_id = one.scheme_id and other.holder = one.holder
        and other.since >= one.since and (one.ended_at is null or other.since < one.ended_at)
        and (other.since, other.beneficiary, coalesce(other.ended_at, -1))
          <> (one.since, one.beneficiary, coalesce(one.ended_at, -1))
      where other.ended_at is null or other.since < other.ended_at`,
  },
  {
    rule: 'a till has keys only of cards whose holder has the slot, or had it',
    wrong: `
      select lease_card.card as subject, lease_card.slot_id as detail
      from lease_card join card on card.card = lease_card.card join slot on slot.slot_id = lease_card.slot_id
      where (slot.scheme_id, slot.beneficiary, card.holder) not in (${everEntitled})`,
  },
  {
    rule: 'a slot is used only with cards whose holder has it, or had it',
    wrong: `
      select slot_use.tender_id as subject, card.card || ' on ' || slot.slot_id as detail
      from slot_use join card_counter on card_counter.tender_id = slot_use.tender_id
      join card on card.card = card_counter.card join slot on slot.slot_id = slot_use.slot_id
      where (slot.scheme_id, slot.beneficiary, card.holder) not in (${everEntitled})`,
  },
]
