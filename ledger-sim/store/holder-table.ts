/** Whose a holder is (docs/adr/0043-whose-a-holder-is.md). */
import { sql, type Kysely } from 'kysely'
import type { Whole } from './schema.ts'
import { text, whole, type TablePlan } from './table-plans.ts'

export interface HolderTables {
  /** The agency that first named the holder, by a card or an entitlement; it stays so. */
  holder: {
    holder: string
    agency_id: string
    /** When that was; 0 for one entitled before the ledger kept it. */
    since: Whole
  }
}

export const holderTable: TablePlan = {
  name: 'holder',
  columns: [text('holder'), text('agency_id'), whole('since')],
  key: ['holder'],
}

/**
 * Of before it is known who entitled a holder, and who issued an applet card: the agency that did the first of these,
 * also of an entitlement that has ended; of several at the same moment (all of before households have 0) the issuer of
 * an applet card, else the first by name, since nothing tells them apart. Cards of before name no agency as theirs:
 * until now one agency could make a card for another one's holder.
 */
export async function giveHoldersToAgencies(database: Kysely<unknown>): Promise<void> {
  await sql`
    insert into holder (holder, agency_id, since)
    with issued as (
      select card.holder, applet_card.agency_id, card_status.at as since
      from card join applet_card on applet_card.card = card.card
      join card_status on card_status.card = card.card and card_status.change = 1),
    named as (
      select ever.holder, scheme.agency_id, ever.since,
        (select count(*) from issued where issued.holder = ever.holder and issued.agency_id = scheme.agency_id) as cards
      from (select scheme_id, holder, since from entitlement
        union all select scheme_id, holder, since from former_entitlement) as ever
      join scheme on scheme.scheme_id = ever.scheme_id
      union all select holder, agency_id, since, 1 from issued),
    placed as (
      select holder, agency_id, since,
        row_number() over (
          partition by holder order by since, case when cards > 0 then 0 else 1 end, agency_id) as place
      from named)
    select holder, agency_id, since from placed where place = 1`.execute(database)
}
