/**
 * Recomputes every balance from the transfers and holds it against what the ledger says, in SQL of its own: it shares
 * nothing with the functions that moved the money (architecture.md, "Ledger", Invariants).
 */
import { existsSync } from 'node:fs'
import { accountCardRules } from './audit-account-cards.ts'
import { cardRules } from './audit-cards.ts'
import { feedRules } from './audit-feeds.ts'
import { hotlistRules } from './audit-hotlist.ts'
import { holderRules } from './audit-holders.ts'
import { householdRules } from './audit-households.ts'
import { moveRules } from './audit-moves.ts'
import { individualRules } from './audit-individuals.ts'
import { poolRules } from './audit-pools.ts'
import { requestRules, type Rule } from './audit-requests.ts'
import { saleRules } from './rules/audit-rules.ts'
import { readSnapshot, type ReadOnlyDatabase } from './store/open-read-only.ts'

export interface AuditFault {
  readonly rule: string
  /** The account, lease, tender or slot that is wrong. */
  readonly subject: string
  readonly detail: string
}

export interface AuditReport {
  readonly balanced: boolean
  /** Tiyn, as decimal text. */
  readonly issued: string
  readonly inCirculation: string
  readonly transfers: number
  readonly settledTenders: number
  readonly faults: readonly AuditFault[]
  readonly text: string
}

const netPayment = `
  select reference as tender_id,
    sum(case when kind in ('voucher-payment', 'hold-post') then amount else -amount end) as net,
    sum(case when kind in ('voucher-payment', 'hold-post') then 1 else 0 end) as payments
  from transfer
  where kind in ('voucher-payment', 'voucher-reversal', 'hold-post', 'payment-reversal', 'debt-netting')
  group by reference`

const refunded = `
  select tender_id, sum(amount) as amount from refund where state = 'done' group by tender_id`

/** Of tenders that an appeal paid beside their slots: what came back of them was no slot's money. */
const paidBeside = `
  select discrepancy.tender_id from appeal join discrepancy on discrepancy.discrepancy_id = appeal.discrepancy_id
  where paid_from = 'agency'`

const slotUseOf = (which: string): string => `
  select slot_id, count(*) as uses, coalesce(sum(amount), 0) as used from slot_use ${which} group by slot_id`
const slotUse = slotUseOf('')

const rules: readonly Rule[] = [
  {
    rule: 'each balance is the sum of its transfers',
    wrong: `
      with entries as (
        select debit as account, -amount as amount from transfer
        union all select credit, amount from transfer)
      select account_id as subject,
        'says ' || balance || ', transfers give ' || coalesce(sum(entries.amount), 0) as detail
      from account left join entries on entries.account = account_id
      group by account_id having balance <> coalesce(sum(entries.amount), 0)`,
  },
  {
    rule: 'debits equal credits in each currency',
    wrong: `
      select currency as subject, 'balances sum to ' || sum(balance) as detail
      from account group by currency having sum(balance) <> 0`,
  },
  {
    rule: 'transfers stay within one currency',
    wrong: `
      select transfer_id as subject, d.currency || ' → ' || c.currency as detail from transfer
      join account d on d.account_id = debit join account c on c.account_id = credit where d.currency <> c.currency`,
  },
  {
    rule: 'DT in circulation is DT issued',
    wrong: `
      select 'DT' as subject, 'issued ' || issued || ', in circulation ' || circulating as detail from (
        select
          (select coalesce(sum(case when debit = issue.account_id then amount else -amount end), 0) from transfer
            where debit = issue.account_id or credit = issue.account_id) as issued,
          (select coalesce(sum(balance), 0) from account
            where currency = 'DT' and kind <> 'central-bank-issue') as circulating
        from account issue where issue.kind = 'central-bank-issue')
      where issued <> circulating`,
  },
  {
    rule: 'no account is below its limit',
    wrong: `
      select account_id as subject, balance || ' is below ' || coalesce(floor, 0) as detail from account
      where balance < coalesce(floor, 0) and kind not in ('central-bank-issue', 'non-cash-outside', 'cash-outside')`,
  },
  {
    rule: 'each escrow holds what its live slots still allow',
    wrong: `
      with left_in as (
        select slot.lease_id, sum(max(amount_allowed - bridged_amount - coalesce(used, 0), 0)) as remaining
        from slot left join (${slotUse}) uses on uses.slot_id = slot.slot_id
        where slot.lease_id is not null group by slot.lease_id)
      select lease.lease_id as subject, 'holds ' || balance || ', slots allow ' || coalesce(remaining, 0) as detail
      from lease join account on account_id = escrow_account left join left_in on left_in.lease_id = lease.lease_id
      where lease.kind is null and balance <> coalesce(remaining, 0)`,
  },
  {
    rule: 'each escrow is funded − paid − returned',
    wrong: `
      select lease_id as subject, 'moved by something else than funding, payment, reversal, return' as detail
      from lease where exists (
        select 1 from transfer where (debit = escrow_account or credit = escrow_account)
        and kind not in ('lease-funding', 'lease-return', 'voucher-payment', 'voucher-reversal',
          'review-hold', 'review-release', 'voucher-refund'))`,
  },
  {
    rule: 'a slot is at one terminal only',
    wrong: `
      select slot_id as subject, count(*) || ' live leases' as detail
      from lease_slot join lease on lease.lease_id = lease_slot.lease_id
      where lease.kind is null and lease_slot.state = 'live' group by slot_id having count(*) > 1`,
  },
  {
    rule: 'each settled tender has exactly one payment, every other none',
    wrong: `
      select tender.tender_id as subject,
        tender.state || ' for ' || tender.amount || ', paid net ' || coalesce(net, 0)
          || ' in ' || coalesce(payments, 0) || ' payments' as detail
      from tender left join (${netPayment}) paid on paid.tender_id = tender.tender_id
      left join merchant_debt debt on debt.kind = 'reversal' and debt.reference = tender.tender_id
      left join (${refunded}) back
        on back.tender_id = tender.tender_id and tender.tender_id not in (${paidBeside})
      where (tender.state = 'settled' and (coalesce(net, 0) <> tender.amount or coalesce(payments, 0) <> 1))
        or (tender.state <> 'settled' and coalesce(net, 0) <> coalesce(debt.amount, 0) + coalesce(back.amount, 0))`,
  },
  {
    rule: 'each refund gave back its amount or is owed, and no tender more than it was paid',
    wrong: `
      select refund_id as subject, state || ' for ' || refund.amount || ', given back ' || coalesce(given, 0) as detail
      from refund left join (
        select reference, sum(amount) as given from transfer
        where kind in ('voucher-refund', 'payment-refund', 'refund-netting') group by reference
      ) moved on moved.reference = refund_id
      left join merchant_debt debt on debt.kind = 'refund' and debt.reference = refund_id
      where coalesce(given, 0) + coalesce(debt.amount, 0) <> (case state when 'done' then refund.amount else 0 end)
      union all
      select tender.tender_id, 'paid ' || tender.amount || ', refunded ' || back.amount
      from tender join (${refunded}) back on back.tender_id = tender.tender_id where back.amount > tender.amount`,
  },
  {
    rule: 'every payment belongs to a tender',
    wrong: `
      select reference as subject, 'paid ' || amount as detail from transfer
      where kind in ('voucher-payment', 'voucher-reversal', 'payment-reversal')
        and reference not in (select tender_id from tender)`,
  },
  ...requestRules,
  ...moveRules,
  ...saleRules,
  ...individualRules,
  ...feedRules,
  ...hotlistRules,
  ...householdRules,
  ...holderRules,
  ...poolRules,
  ...cardRules,
  ...accountCardRules,
  {
    rule: 'what waits in review is set aside, and nothing else is',
    wrong: `
      with expected as (
        select held_in as account, sum(tender.amount) as amount from review
        join tender on tender.tender_id = review.tender_id
        where review.state = 'open' and held_in is not null group by held_in)
      select account_id as subject, 'holds ' || balance || ', reviews ' || coalesce(expected.amount, 0) as detail
      from account left join expected on expected.account = account_id
      where account_id in (select held_in from review) and balance <> coalesce(expected.amount, 0)`,
  },
  {
    rule: 'a tender is in review exactly while its review is open',
    wrong: `
      select tender.tender_id as subject, tender.state || ', review ' || coalesce(review.state, 'none') as detail
      from tender left join review on review.tender_id = tender.tender_id
      where (tender.state = 'in_review') <> (coalesce(review.state, 'none') = 'open')`,
  },
  {
    rule: 'each appeal beside the slots was paid once when it was accepted, and not otherwise',
    wrong: `
      select discrepancy_id as subject,
        state || ' for ' || amount || ', paid net ' || net || ' in ' || payments || ' payments' as detail
      from (
        select appeal.discrepancy_id, state, paid_from, discrepancy.amount, coalesce(net, 0) as net,
          coalesce(payments, 0) as payments, coalesce(debt.amount, 0) + coalesce(back.amount, 0) as rest
        from appeal join discrepancy on discrepancy.discrepancy_id = appeal.discrepancy_id
        left join (
          select reference, sum(case kind when 'appeal-payment' then amount else -amount end) as net,
            sum(case kind when 'appeal-payment' then 1 else 0 end) as payments
          from transfer where kind in ('appeal-payment', 'appeal-reversal', 'appeal-netting') group by reference) moved
          on moved.reference = appeal.discrepancy_id
        left join merchant_debt debt on debt.kind = 'appeal' and debt.reference = appeal.discrepancy_id
        left join (${refunded}) back on back.tender_id = discrepancy.tender_id)
      where coalesce(paid_from, '') = 'agency' and (
          payments <> 1 or net <> (case state when 'accepted' then amount when 'given_back' then rest else 0 end))
        or coalesce(paid_from, '') <> 'agency' and (payments <> 0 or net <> 0)`,
  },
  {
    rule: 'every payment of an appeal belongs to one',
    wrong: `
      select reference as subject, 'paid ' || amount as detail from transfer
      where kind in ('appeal-payment', 'appeal-reversal')
        and reference not in (select discrepancy_id from appeal)`,
  },
  {
    rule: 'no tender is paid by its slot and by an appeal beside it',
    wrong: `
      select tender.tender_id as subject, tender.state || ', and an appeal was ' || appeal.state as detail
      from appeal join discrepancy on discrepancy.discrepancy_id = appeal.discrepancy_id
      left join tender on tender.tender_id = discrepancy.tender_id
      where appeal.state = 'accepted' and (
        tender.tender_id is null
        or (appeal.paid_from = 'slot' and tender.state not in ('settled', 'awaiting_funds', 'reversed'))
        or (appeal.paid_from = 'agency' and tender.state <> 'not_paid'))`,
  },
  {
    rule: 'no tender is paid more than it is for, by its slot and by appeals together',
    wrong: `
      select tender.tender_id as subject, 'for ' || tender.amount || ', paid ' || sum(paid.net) as detail
      from (
        select tender_id, net from (${netPayment})
        union all
        select discrepancy.tender_id,
          sum(case transfer.kind when 'appeal-payment' then transfer.amount else -transfer.amount end)
        from transfer join discrepancy on discrepancy_id = reference
        where transfer.kind in ('appeal-payment', 'appeal-reversal', 'appeal-netting')
        group by discrepancy.tender_id) paid
      join tender on tender.tender_id = paid.tender_id
      group by tender.tender_id having sum(paid.net) > tender.amount`,
  },
  {
    rule: 'no tender has more than one appeal that is open or was accepted',
    wrong: `
      select tender_id as subject, count(*) || ' appeals' as detail
      from appeal join discrepancy on discrepancy.discrepancy_id = appeal.discrepancy_id
      where appeal.state in ('open', 'accepted') group by tender_id having count(*) > 1`,
  },
  {
    rule: 'no tender is left undecided',
    wrong: `select tender_id as subject, state as detail from tender where state = 'deciding'`,
  },
  {
    rule: 'no slot is oversold, but by pools',
    wrong: `
      select slot.slot_id as subject,
        uses + bridged_count || ' uses of ' || count_allowed || ', ' || (used + bridged_amount) || ' of '
          || amount_allowed as detail
      from slot join (${slotUseOf('where pool is null')}) uses on uses.slot_id = slot.slot_id
      where uses + bridged_count > count_allowed or used + bridged_amount > amount_allowed`,
  },
  {
    rule: 'a slot that no till holds does not allow what its bridge has lent, as far as there was room',
    wrong: `
      select slot.slot_id as subject, bridged_count || ' and ' || bridged_amount || ' of '
        || lent_count || ' and ' || lent_amount || ' lent' as detail
      from (
        select slot.slot_id, slot.bridged_count, slot.bridged_amount,
          coalesce(lent.uses, 0) as lent_count, coalesce(lent.used, 0) as lent_amount,
          max(slot.count_allowed - coalesce(own.uses, 0), 0) as room_count,
          max(slot.amount_allowed - coalesce(own.used, 0), 0) as room_amount
        from slot join slot bridge on bridge.bridge_of = slot.slot_id
        left join (${slotUse}) lent on lent.slot_id = bridge.slot_id
        left join (${slotUse}) own on own.slot_id = slot.slot_id
        where slot.lease_id is null) slot
      where bridged_count <> min(lent_count, room_count) or bridged_amount <> min(lent_amount, room_amount)`,
  },
  {
    rule: 'a bridge is of one slot of the same beneficiary, and no till holds it',
    wrong: `
      select bridge.slot_id as subject, coalesce(bridge.bridge_of, 'nothing') as detail
      from slot bridge left join slot on slot.slot_id = bridge.bridge_of
      where (bridge.bridge_of is not null) <> (bridge.slot_id like '%/bridge')
        or (bridge.bridge_of is null and bridge.bridged_amount + bridge.bridged_count > 0
          and not exists (select 1 from slot lent where lent.bridge_of = bridge.slot_id))
        or (bridge.bridge_of is not null and (bridge.slot_id <> slot.slot_id || '/bridge'
          or bridge.scheme_id <> slot.scheme_id or bridge.beneficiary <> slot.beneficiary
          or bridge.lease_id is not null))`,
  },
  {
    rule: 'what passed on is of one beneficiary, and there where it went',
    wrong: `
      select carried.from_slot as subject, carried.amount || ' in ' || carried.count || ' to ' || carried.to_slot
        || ', which allows ' || given.amount_allowed || ' in ' || given.count_allowed as detail
      from carried join slot taken on taken.slot_id = carried.from_slot
      join slot given on given.slot_id = carried.to_slot
      left join carried further on further.from_slot = carried.to_slot
      where carried.from_slot = carried.to_slot
        or taken.scheme_id <> given.scheme_id or taken.beneficiary <> given.beneficiary
        or given.amount_allowed + coalesce(further.amount, 0) < carried.amount
        or given.count_allowed + coalesce(further.count, 0) < carried.count`,
  },
  {
    rule: 'a slot is used by exactly the tenders that it pays',
    wrong: `
      select tender_id as subject,
        state || ' but ' || (case when used then 'uses' else 'does not use' end) || ' a slot' as detail
      from (
        select tender.tender_id, state, coalesce(debt.amount, 0) as owed, back.amount = tender.amount as isRefunded,
          exists (select 1 from slot_use where slot_use.tender_id = tender.tender_id) as used,
          exists (select 1 from slot_use join slot on slot.slot_id = slot_use.slot_id
            where slot_use.tender_id = tender.tender_id and slot.lease_id is not null) as isLeased,
          exists (select 1 from payment_request where payment_request.tender_id = tender.tender_id) as isByQr
        from tender left join merchant_debt debt on debt.kind = 'reversal' and debt.reference = tender.tender_id
        left join (${refunded}) back on back.tender_id = tender.tender_id)
      where not coalesce(isRefunded, 0)
        and used <> (not isByQr and state in ('settled', 'awaiting_funds', 'in_review'))
        -- A merchant owes the money, or a till holds the slot and its agency has not the money for the escrow.
        and not (used and state = 'reversed' and (owed > 0 or isLeased))`,
  },
]

/** @returns undefined when there is no such file */
export function auditFile(path: string): AuditReport | undefined {
  return existsSync(path) ? readSnapshot(path, audit) : undefined
}

function audit({ rows, number }: ReadOnlyDatabase): AuditReport {
  const faults = rules.flatMap(({ rule, wrong }) =>
    rows<{ subject: string; detail: string }>(wrong).map(({ subject, detail }) => ({ rule, subject, detail })),
  )
  const issued = number(`select coalesce(-sum(balance), 0) from account where kind = 'central-bank-issue'`)
  const inCirculation = number(
    `select coalesce(sum(balance), 0) from account where currency = 'DT' and kind <> 'central-bank-issue'`,
  )
  const transfers = Number(number('select count(*) from transfer'))
  const settledTenders = Number(number(`select count(*) from tender where state = 'settled'`))
  const moved = `${transfers} transfers, ${settledTenders} settled tenders`
  const summary = `${moved}, ${issued} tiyn issued, ${inCirculation} in circulation`
  const text =
    faults.length === 0
      ? `balanced: ${summary}`
      : [
          `NOT balanced: ${summary}`,
          ...faults.map((fault) => `  ${fault.rule}: ${fault.subject}: ${fault.detail}`),
        ].join('\n')
  return {
    balanced: faults.length === 0,
    issued: issued.toString(),
    inCirculation: inCirculation.toString(),
    transfers,
    settledTenders,
    faults,
    text,
  }
}
