/** What the audit recomputes of accounts of people, payments between them and disclosures (docs/design/18). */
import type { Rule } from './audit-requests.ts'

export const individualRules: readonly Rule[] = [
  {
    rule: 'an account is an individual’s exactly when somebody says how well that person is known',
    wrong: `
      select account.account_id as subject, kind || ', tier ' || coalesce(tier, 'none') as detail
      from account left join individual on individual.account_id = account.account_id
      where (kind = 'individual') <> (tier is not null)`,
  },
  {
    rule: 'each payment between people moved its amount once, from its payer to its payee',
    wrong: `
      select sent.transfer_id as subject,
        'for ' || sent.amount || ', moved ' || coalesce(sum(transfer.amount), 0) || ' in ' || count(transfer.reference)
          as detail
      from individual_transfer sent
      left join transfer on reference = sent.transfer_id and transfer.kind = 'individual-transfer'
        and debit = payer and credit = payee
      group by sent.transfer_id, sent.amount
      having coalesce(sum(transfer.amount), 0) <> sent.amount or count(transfer.reference) <> 1`,
  },
  {
    rule: 'what moved between people was asked for, and moved between people',
    wrong: `
      select transfer.transfer_id as subject, transfer.debit || ' to ' || transfer.credit as detail
      from transfer
      join account d on d.account_id = debit join account c on c.account_id = credit
      left join individual_transfer sent
        on sent.transfer_id = reference and payer = debit and payee = credit and sent.amount = transfer.amount
      where transfer.kind = 'individual-transfer'
        and (sent.transfer_id is null or d.kind <> 'individual' or c.kind <> 'individual')`,
  },
  {
    rule: 'payments between people are numbered without a gap, in all and for each payee',
    wrong: `
      select 'all' as subject, count(*) || ' payments, the last is ' || max(number) as detail
      from individual_transfer having count(*) > 0 and (max(number) <> count(*) or min(number) <> 1)
      union all
      select payee, count(*) || ' payments, the last is ' || max(received_number)
      from individual_transfer group by payee having max(received_number) <> count(*) or min(received_number) <> 1`,
  },
  {
    rule: 'an alert names what moved money of its person',
    wrong: `
      select alert.alert_id as subject, rule || ' names ' || named.value as detail
      from alert join json_each(alert.evidence) named
      where not exists (
        select 1 from account mine
        join account own on own.owner = mine.owner and own.kind = 'individual'
        join transfer on transfer.reference = named.value and own.account_id in (transfer.debit, transfer.credit)
        where mine.account_id = alert.account_id)`,
  },
  {
    rule: 'disclosures stand in one chain, to its head, as many as were asked for',
    wrong: `
      select 'all' as subject, count(*) || ' rows, numbers to ' || coalesce(max(number), 0)
          || ', asked for ' || (select count(*) from operation where kind = 'disclosure') as detail
      from disclosure
      having count(*) <> coalesce(max(number), 0)
        or count(*) <> (select count(*) from operation where kind = 'disclosure')
      union all
      select disclosure_id, 'asked for, and no row' from (
        select operation_id as disclosure_id from operation where kind = 'disclosure') asked
      where disclosure_id not in (select disclosure_id from disclosure)
      union all
      select later.disclosure_id, 'follows ' || coalesce(earlier.number, 'nothing') || ' as ' || later.number
      from disclosure later left join disclosure earlier on earlier.disclosure_id = later.previous
      where later.number <> coalesce(earlier.number, 0) + 1
      union all
      select disclosure.disclosure_id, 'is the newest, and not the head' from disclosure
      where number = (select max(number) from disclosure)
        and disclosure_id not in (select disclosure_id from disclosure_head)`,
  },
]
