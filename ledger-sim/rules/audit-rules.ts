/**
 * What the audit recomputes of rules at the point of sale and of direct payments (docs/design/19-rules.md), in SQL of
 * its own: it shares nothing with `split.ts`.
 */
import type { Rule } from '../audit-requests.ts'

const ruleKinds = `('rule-share', 'rule-return', 'rule-netting')`
const paymentKinds = `('voucher-payment', 'hold-post', 'merchant-payment', 'appeal-payment')`

const movedForShares = `
  select reference as share_id,
    sum(case kind when 'rule-share' then amount else 0 end) as given,
    sum(case kind when 'rule-share' then 1 else 0 end) as gifts,
    sum(case kind when 'rule-share' then 0 else amount end) as back
  from transfer where kind in ${ruleKinds} group by reference`

const returned = `select share_id, sum(amount) as amount from rule_return group by share_id`
const owed = `select share_id, sum(amount) as amount from rule_debt group by share_id`

const parts = `
  select rule_share.share_id, rule_share.paid_as, rule_share.payment_id, rule_share.rule_id, rule_share.rule_version,
    rule_share.outcome, rule_share.amount,
    json_extract(value, '$.line') as line, json_extract(value, '$.taxClass') as tax_class,
    cast(json_extract(value, '$.base') as integer) as base, cast(json_extract(value, '$.share') as integer) as share
  from rule_share, json_each(rule_share.parts)`

const paidAs = `
  case transfer.kind when 'merchant-payment' then 'direct' when 'appeal-payment' then 'appeal' else 'tender' end`

const linesOfQrs = `
  select tender_id, json_extract(value, '$.line') as line, cast(json_extract(value, '$.amount') as integer) as amount
  from payment_request, json_each(paid_lines) where paid_lines is not null`

/** What was paid under the id of a payment, each way apart; of an appeal beside a slot, under the discrepancy's. */
const paid = `
  select ${paidAs} as paid_as, reference as payment_id, sum(amount) as amount, min(group_id) as group_id,
    min(credit) as payee, min(debit) as payer, min(at) as at
  from transfer where kind in ${paymentKinds} group by ${paidAs}, reference`

/** One id may name a tender, a direct payment and a discrepancy: a payment is found by both. */
const ofShare = (share: string, payment: string): string =>
  `${payment}.payment_id = ${share}.payment_id and ${payment}.paid_as = ${share}.paid_as`

/** What has gone back of it by refunds, and whether it was undone. */
const undone = `
  select paid.paid_as, paid.payment_id, paid.amount as paid,
    coalesce(case paid_as when 'tender' then tender.state = 'reversed' when 'appeal' then appeal.state = 'given_back'
      end, 0) as reversed,
    coalesce(case paid_as
      when 'direct' then (select sum(amount) from direct_refund where direct_refund.payment_id = paid.payment_id)
      else (select sum(amount) from refund where refund.state = 'done'
        and refund.tender_id = case paid_as when 'appeal' then filed.tender_id else paid.payment_id end)
      end, 0) as refunded
  from (${paid}) paid left join discrepancy filed on filed.discrepancy_id = paid.payment_id and paid_as = 'appeal'
  left join appeal on appeal.discrepancy_id = filed.discrepancy_id
  left join tender on tender.tender_id = paid.payment_id and paid_as = 'tender'`

/** Of a voucher when it was decided, of a QR when its sale was closed. */
const soldAt = 'min(coalesce(tender.decided_at, request.sold_at, paid.at), paid.at)'

export const saleRules: readonly Rule[] = [
  {
    rule: 'each share of a rule moved once, with its payment, from its giver to its receiver',
    wrong: `
      select rule_share.share_id as subject,
        'is ' || rule_share.amount || ', moved ' || coalesce(given, 0) || ' in ' || coalesce(gifts, 0) as detail
      from rule_share left join (${movedForShares}) moved on moved.share_id = rule_share.share_id
      where coalesce(given, 0) <> rule_share.amount
        or coalesce(gifts, 0) <> (case when rule_share.amount > 0 then 1 else 0 end)
      union all
      select transfer_id, transfer.kind || ' from ' || debit || ' to ' || credit
      from transfer left join rule_share on rule_share.share_id = reference
      left join (${paid}) paid on ${ofShare('rule_share', 'paid')}
      where transfer.kind in ${ruleKinds} and (rule_share.share_id is null
        or (transfer.kind = 'rule-share'
          and (debit <> giver or credit <> receiver or transfer.group_id <> coalesce(paid.group_id, '')))
        or (transfer.kind <> 'rule-share' and (debit <> receiver or credit <> giver)))
      union all
      select rule_share.share_id, 'of ' || rule_share.payment_id || ', which was not paid' from rule_share
      where not exists (
        select 1 from transfer where reference = rule_share.payment_id and transfer.kind in ${paymentKinds}
          and ${paidAs} = rule_share.paid_as)`,
  },
  {
    rule: 'shares move between merchants, their rule’s account and their payer, and never touch marked money',
    wrong: `
      select transfer_id as subject, transfer.kind || ' from ' || debit || ' to ' || credit as detail from transfer
      join account d on d.account_id = debit join account c on c.account_id = credit
      where transfer.kind in ${ruleKinds}
        and (d.kind not in ('merchant', 'legal-entity', 'bank', 'individual')
          or c.kind not in ('merchant', 'legal-entity', 'bank', 'individual'))
      union all
      select share_id, giver || ' → ' || receiver from rule_share
      join rule_version version on version.rule_id = rule_share.rule_id and version.version = rule_version
      left join (${paid}) paid on ${ofShare('rule_share', 'paid')}
      where case version.kind
        when 'vat' then giver <> paid.payee or receiver <> json_extract(content, '$.taxAccount')
        when 'cashback' then giver <> json_extract(content, '$.sponsorAccount') or receiver <> paid.payer
        else 1 end`,
  },
  {
    rule: 'what went back of a share was booked for it, or is owed, and is never more than the share',
    wrong: `
      select rule_share.share_id as subject,
        'of ' || rule_share.amount || ' ' || coalesce(returned.amount, 0) || ' is due back, ' || coalesce(back, 0)
          || ' moved, ' || coalesce(owed.amount, 0) || ' is owed' as detail
      from rule_share left join (${movedForShares}) moved on moved.share_id = rule_share.share_id
      left join (${returned}) returned on returned.share_id = rule_share.share_id
      left join (${owed}) owed on owed.share_id = rule_share.share_id
      where coalesce(returned.amount, 0) <> coalesce(back, 0) + coalesce(owed.amount, 0)
        or coalesce(returned.amount, 0) > rule_share.amount`,
  },
  {
    rule: 'a payment that is undone or refunded wholly has its shares back, one that is not has not',
    wrong: `
      select rule_share.share_id as subject, 'of ' || rule_share.amount || ' ' || coalesce(returned.amount, 0)
          || ' is back, ' || refunded || ' of ' || paid || ' refunded' as detail
      from rule_share join (${undone}) undone on ${ofShare('rule_share', 'undone')}
      left join (${returned}) returned on returned.share_id = rule_share.share_id
      where ((reversed or refunded = paid) and coalesce(returned.amount, 0) <> rule_share.amount)
        or (not reversed and refunded = 0 and coalesce(returned.amount, 0) <> 0)`,
  },
  {
    rule: 'the parts of a share add up to it, and their bases to what was paid',
    wrong: `
      select part.share_id as subject,
        'shares ' || sum(share) || ' of ' || part.amount || ', bases ' || sum(base) || ' of ' || paid.amount as detail
      from (${parts}) part join (${paid}) paid on ${ofShare('part', 'paid')}
      group by part.share_id, part.amount, paid.amount
      having sum(share) <> part.amount or sum(base) <> paid.amount or min(share) < 0 or max(share > base)`,
  },
  {
    rule: 'the tax of each class is what the rate of its rule says of its sum, rounded once',
    wrong: `
      select share_id as subject, tax_class || ': ' || tax || ' of ' || base || ' at ' || rate as detail from (
        select share_id, tax_class, sum(share) as tax, sum(base) as base, max(rate) as rate from (
          select part.*, coalesce((
            select json_extract(value, '$.basisPoints') from rule_version version, json_each(content, '$.classes')
            where version.rule_id = part.rule_id and version.version = part.rule_version
              and json_extract(value, '$.taxClass') = part.tax_class), 0) as rate
          from (${parts}) part where tax_class is not null)
        group by share_id, tax_class)
      where tax <> (2 * base * rate + 10000 + rate) / (2 * (10000 + rate))`,
  },
  {
    rule: 'a share is by the version of its rule that was in force at the sale, and by an assignment that was',
    wrong: `
      select share_id as subject, rule_share.rule_id || ' ' || rule_version || ' at ' || sale_at as detail
      from rule_share join rule_assignment assigned on assigned.assignment_id = rule_share.assignment_id
      join rule_version version on version.rule_id = rule_share.rule_id and version.version = rule_version
      where sale_at < assigned.in_force_from or sale_at >= coalesce(assigned.in_force_until, sale_at + 1)
        or assigned.rule_id <> rule_share.rule_id or assigned.merchant_id <> rule_share.merchant_id
        or sale_at < version.in_force_from or sale_at >= coalesce(json_extract(content, '$.until'), sale_at + 1)
        or exists (
          select 1 from rule_version later where later.rule_id = rule_share.rule_id
            and later.version > rule_version and later.in_force_from <= sale_at)`,
  },
  {
    rule: 'where a tax rule is in force at the sale, what its merchant was paid has its share',
    wrong: `
      select paid.payment_id as subject, 'paid ' || paid.amount || ' to ' || payee || ' without ' || assigned.rule_id
        as detail
      from (${paid}) paid join account on account_id = payee
      left join discrepancy filed on filed.discrepancy_id = paid.payment_id and paid_as = 'appeal'
      left join tender on tender.tender_id = case paid_as when 'appeal' then filed.tender_id
        when 'tender' then paid.payment_id end
      left join payment_request request on request.tender_id = tender.tender_id
      join rule_assignment assigned on assigned.merchant_id = account.owner and assigned.kind = 'vat'
      where ${soldAt} >= assigned.in_force_from
        and ${soldAt} < coalesce(assigned.in_force_until, paid.at + 1)
        and exists (
          select 1 from rule_version version where version.rule_id = assigned.rule_id
            and version.in_force_from <= ${soldAt}
            and json_extract(content, '$.until') is null)
        and not exists (
          select 1 from rule_share where ${ofShare('rule_share', 'paid')}
            and rule_share.rule_id = assigned.rule_id)`,
  },
  {
    rule: 'a QR is taxed by the lines that it paid, which add up to its amount, when its sale was closed',
    wrong: `
      select share_id as subject, 'of ' || sale_at || ', sold at ' || sold_at as detail
      from rule_share join payment_request on tender_id = payment_id and paid_as = 'tender' where sale_at <> sold_at
      union all
      select request.tender_id, 'parts of ' || sum(line.amount) || ' of ' || request.amount
      from payment_request request join (${linesOfQrs}) line on line.tender_id = request.tender_id
      group by request.tender_id, request.amount
      having sum(line.amount) <> request.amount or min(line.amount) <= 0 or count(distinct line) <> count(*)
      union all
      select share_id, 'has not the lines that ' || payment_id || ' paid' from rule_share
      join rule_version version on version.rule_id = rule_share.rule_id and version.version = rule_version
      join payment_request request on request.tender_id = payment_id
      where paid_as = 'tender' and version.kind = 'vat' and paid_lines is not null and (outcome <> 'split'
        or (select json_group_array(line || ' ' || amount order by line) from (${linesOfQrs}) line
            where line.tender_id = payment_id)
          <> (select json_group_array(line || ' ' || base order by line) from (${parts}) part
            where part.share_id = rule_share.share_id))`,
  },
  {
    rule: 'no cashback is above its caps',
    wrong: `
      select rule_share.share_id as subject, 'gave ' || rule_share.amount as detail from rule_share
      join rule_version version on version.rule_id = rule_share.rule_id and version.version = rule_version
      join (${paid}) paid on ${ofShare('rule_share', 'paid')}
      where version.kind = 'cashback' and (
        rule_share.amount > cast(json_extract(content, '$.mostPerPayment') as integer)
        or rule_share.amount * 10000 > paid.amount * json_extract(content, '$.basisPoints'))
      union all
      select receiver || ' in ' || period, 'got ' || total || ' of ' || most from (
        select receiver, json_extract(value, '$.periodId') as period,
          sum(rule_share.amount - coalesce(returned.amount, 0)) as total,
          max(cast(json_extract(content, '$.mostPerPeriod') as integer)) as most
        from rule_share
        join rule_version version on version.rule_id = rule_share.rule_id and version.version = rule_version
        left join (${returned}) returned on returned.share_id = rule_share.share_id, json_each(content, '$.periods')
        where version.kind = 'cashback'
          and sale_at >= json_extract(value, '$.from') and sale_at < json_extract(value, '$.to')
        group by rule_share.rule_id, receiver, period)
      where total > most`,
  },
  {
    rule: 'each direct payment moved once from its payer to its payee, each refund of it back, and never more than it',
    wrong: `
      select payment_id as subject, 'for ' || amount || ', moved otherwise' as detail from direct_payment
      where (select count(*) from transfer where reference = payment_id and kind = 'merchant-payment'
        and debit = payer and credit = payee_account and transfer.amount = direct_payment.amount) <> 1
      union all
      select refund_id, 'for ' || direct_refund.amount || ', moved otherwise'
      from direct_refund join direct_payment payment on payment.payment_id = direct_refund.payment_id
      where (select count(*) from transfer where reference = refund_id and kind = 'merchant-refund'
        and debit = payee_account and credit = payer and transfer.amount = direct_refund.amount) <> 1
      union all
      select payment.payment_id, 'for ' || payment.amount || ', refunded ' || sum(direct_refund.amount)
      from direct_payment payment join direct_refund on direct_refund.payment_id = payment.payment_id
      group by payment.payment_id, payment.amount having sum(direct_refund.amount) > payment.amount
      union all
      select transfer_id, kind || ' for ' || reference from transfer
      where (kind = 'merchant-payment' and reference not in (select payment_id from direct_payment))
        or (kind = 'merchant-refund' and reference not in (select refund_id from direct_refund))`,
  },
]
