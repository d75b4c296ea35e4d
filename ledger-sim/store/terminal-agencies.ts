/** Whose a terminal is, in ledgers from before that was kept (docs/design/18, "What all parts keep"). */
import { sql, type Kysely } from 'kysely'

/** The one agency that leased to it, or the only one there is. Else it stays nobody's, and its merchant's bank acts. */
export async function giveTerminalsToAgencies(database: Kysely<unknown>): Promise<void> {
  await sql`
    update terminal set registered_by = (
      select case when count(distinct agency_id) = 1 then min(agency_id) end
      from (
        select lease.terminal_id, scheme.agency_id from lease join scheme on scheme.scheme_id = lease.scheme_id
        union select lease_policy.terminal_id, scheme.agency_id
        from lease_policy join scheme on scheme.scheme_id = lease_policy.scheme_id) as served
      where served.terminal_id = terminal.terminal_id)`.execute(database)
  await sql`
    update terminal set registered_by = (
      select case when count(distinct owner) = 1 then min(owner) end from principal where role = 'agency')
    where registered_by is null`.execute(database)
}
