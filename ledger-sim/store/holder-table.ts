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
 * Of before it is known who entitled a holder, and not who registered a card: the agency of the earliest entitlement,
 * also of one that has ended; of several at the same moment the first by name, since nothing tells them apart.
 */
export async function giveHoldersToAgencies(database: Kysely<unknown>): Promise<void> {
  await sql`
    insert into holder (holder, agency_id, since)
    with named as (
      select ever.holder, scheme.agency_id, ever.since
      from (select scheme_id, holder, since from entitlement
        union all select scheme_id, holder, since from former_entitlement) as ever
      join scheme on scheme.scheme_id = ever.scheme_id)
    select named.holder, min(named.agency_id), named.since
    from named join (select holder, min(since) as since from named group by holder) as earliest
      on earliest.holder = named.holder and earliest.since = named.since
    group by named.holder, named.since`.execute(database)
}
