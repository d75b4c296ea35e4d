/** Pools, held against their transfers (docs/design/23-pools.md). */
import type { Rule } from './audit-requests.ts'

const pools = `select * from lease where kind = 'pool'`

export const poolRules: readonly Rule[] = [
  {
    rule: 'a pool is funded with what it says, and nothing else comes into it',
    wrong: `
      with given as (
        select pool.lease_id, pool.amount, (select coalesce(sum(transfer.amount), 0) from transfer
          where credit = pool.escrow_account and transfer.kind = 'lease-funding') as funded
        from (${pools}) pool)
      select lease_id as subject, 'says ' || amount || ', was given ' || funded as detail
      from given where amount <> funded
      union all
      select lease_id, 'got ' || transfer.kind from (${pools}) pool
      join transfer on credit = pool.escrow_account where transfer.kind <> 'lease-funding'`,
  },
  {
    rule: 'a closed pool is empty',
    wrong: `
      select lease_id as subject, 'holds ' || balance as detail from (${pools}) pool
      join account on account_id = escrow_account where pool.state = 'closed' and balance <> 0`,
  },
  {
    rule: 'what a pool has paid is what its sales use, or was taken back',
    wrong: `
      select transfer.reference as subject,
        'paid by ' || lease_id || ', its use says ' || coalesce(slot_use.pool, 'no pool') as detail
      from (${pools}) pool
      join transfer on debit = escrow_account and transfer.kind in ('voucher-payment', 'review-hold')
      join slot_use on slot_use.tender_id = transfer.reference
      where (slot_use.pool is null or slot_use.pool <> lease_id) and not (transfer.kind = 'review-hold' and exists (
        select 1 from transfer released where released.reference = transfer.reference
          and released.kind = 'review-release'))
      union all
      select tender_id, 'uses ' || slot_use.pool || ', which has not paid it' from slot_use
      where slot_use.pool is not null and not exists (
        select 1 from lease join transfer on debit = escrow_account
        where lease_id = slot_use.pool and lease.kind = 'pool' and reference = slot_use.tender_id
          and transfer.kind in ('voucher-payment', 'review-hold'))`,
  },
  {
    rule: 'what pools paid beyond a slot is on file',
    wrong: `
      select slot.slot_id as subject,
        uses || ' uses of ' || count_allowed || ', ' || used || ' of ' || amount_allowed as detail
      from slot join (
        select slot_id, count(*) as uses, sum(amount) as used from slot_use group by slot_id) uses
        on uses.slot_id = slot.slot_id
      where (uses > count_allowed or used > amount_allowed) and not exists (
        select 1 from slot_use join discrepancy on discrepancy.tender_id = slot_use.tender_id
        where slot_use.slot_id = slot.slot_id and code = 'ALLOWANCE_EXCEEDED_IN_POOL' and owner = 'agency')`,
  },
  {
    rule: 'a till has one pool of a scheme, and a scheme has pools or leased slots',
    wrong: `
      select terminal_id || ' ' || scheme_id as subject, count(*) || ' pools' as detail from (${pools}) pool
      where state = 'live' group by terminal_id, scheme_id having count(*) > 1
      union all
      select scheme_id, 'pools, and leases of slots' from (${pools}) pool where state = 'live' and scheme_id in (
        select scheme_id from lease where state = 'live' and kind is null)`,
  },
]
