/** What the audit recomputes of clients' transfers, conversions, cash and statements (docs/design/18, "Moves"). */
import type { Rule } from './audit-requests.ts'

/** Between accounts of which kinds a kind of transfer moves: `debit → credit`, alternatives apart by `|`. */
const ways: readonly (readonly [kinds: string, from: string, to: string])[] = [
  ['non-cash-deposit', 'non-cash-outside', 'bank-reserve|bank-client'],
  ['issue-non-cash', 'bank-reserve', 'central-bank-non-cash'],
  ['issue', 'central-bank-issue', 'bank'],
  ['issue-return-non-cash', 'central-bank-non-cash', 'bank-reserve'],
  ['issue-return', 'bank', 'central-bank-issue'],
  ['sale-of-dt-non-cash', 'bank-client', 'bank-non-cash'],
  ['sale-of-dt', 'bank', 'legal-entity|agency|merchant|individual'],
  ['redemption-of-dt-non-cash', 'bank-non-cash', 'bank-client'],
  ['redemption-of-dt', 'legal-entity|merchant|individual', 'bank'],
  ['cash-supply', 'cash-outside', 'bank-cash'],
  ['cash-deposit-cash', 'cash-outside', 'bank-cash'],
  ['cash-deposit', 'bank', 'legal-entity|agency|merchant|individual'],
  ['cash-withdrawal-cash', 'bank-cash', 'cash-outside'],
  ['cash-withdrawal', 'legal-entity|merchant|individual', 'bank'],
  ['payment-to-individual', 'legal-entity|agency|merchant', 'individual'],
  ['payment-to-government', 'individual', 'agency'],
  ['scheme-return', 'scheme', 'agency'],
  ['card-funding', 'scheme', 'escrow'],
  ['card-return', 'escrow', 'scheme'],
  [
    'transfer-reversal|transfer-refund',
    'legal-entity|agency|merchant|individual',
    'legal-entity|agency|merchant|individual',
  ],
]

const listed = (names: string) =>
  names
    .split('|')
    .map((name) => `'${name}'`)
    .join(', ')

const strayed = ways
  .map(
    ([kinds, from, to]) => `(transfer.kind in (${listed(kinds)})
          and (d.kind not in (${listed(from)}) or c.kind not in (${listed(to)})))`,
  )
  .join(' or ')

/** Two legs under one reference, for one amount: DT against tenge. */
const pairs: readonly (readonly [dt: string, tenge: string])[] = [
  ['issue', 'issue-non-cash'],
  ['issue-return', 'issue-return-non-cash'],
  ['sale-of-dt', 'sale-of-dt-non-cash'],
  ['redemption-of-dt', 'redemption-of-dt-non-cash'],
  ['cash-deposit', 'cash-deposit-cash'],
  ['cash-withdrawal', 'cash-withdrawal-cash'],
]
const pairOf = `case kind ${pairs
  .map(([dt, tenge]) => `when '${dt}' then '${dt}' when '${tenge}' then '${dt}'`)
  .join(' ')} end`
const inDt = listed(pairs.map(([dt]) => dt).join('|'))

export const moveRules: readonly Rule[] = [
  {
    rule: 'each kind of transfer moves between accounts that it may touch',
    wrong: `
      select transfer_id as subject, transfer.kind || ' from ' || d.kind || ' to ' || c.kind as detail
      from transfer join account d on d.account_id = debit join account c on c.account_id = credit
      where ${strayed}`,
  },
  {
    rule: 'a conversion gives on one side what it takes on the other',
    wrong: `
      select group_id as subject, pair || ': ' || dt || ' DT against ' || tenge || ' tenge' as detail
      from (
        select group_id, ${pairOf} as pair,
          sum(case when kind in (${inDt}) then amount else 0 end) as dt,
          sum(case when kind in (${inDt}) then 0 else amount end) as tenge
        from transfer where ${pairOf} is not null group by group_id, pair)
      where dt <> tenge`,
  },
  {
    rule: 'the entries of an account are numbered without gaps, and each says what was in it then',
    wrong: `
      with entries as (
        select debit as account, debit_entry as entry, debit_balance as balance, -amount as amount from transfer
        union all select credit, credit_entry, credit_balance, amount from transfer),
      counted as (
        select account, entry, balance, row_number() over own as number, sum(amount) over own as summed
        from entries window own as (partition by account order by entry))
      select account as subject,
        'entry ' || coalesce(entry, 'none') || ' says ' || coalesce(balance, 'nothing') || ', entry ' || number
          || ' has ' || summed as detail
      from counted where entry is not number or balance is not summed
      union all
      select account_id, 'says ' || account.entries || ' entries, has ' || count(entries.account)
      from account left join entries on entries.account = account_id
      group by account_id having account.entries <> count(entries.account)`,
  },
  {
    rule: 'each transfer of a client was booked once, as it was asked',
    wrong: `
      select client.transfer_id as subject,
        client.kind || ' of ' || client.amount || ', booked ' || count(booked.transfer_id) || ' times' as detail
      from client_transfer client left join transfer booked on booked.reference = client.transfer_id
        and booked.kind = client.kind and booked.debit = client.payer and booked.credit = client.payee
        and booked.amount = client.amount
      group by client.transfer_id having count(booked.transfer_id) <> 1
      union all
      select reference, kind || ' that no client asked for' from transfer
      where kind in ('payment-to-individual', 'payment-to-government', 'issue-return', 'cash-withdrawal',
        'cash-deposit', 'cash-supply') and reference not in (select transfer_id from client_transfer)`,
  },
  {
    rule: 'what a client’s transfer gave back goes from its payee to its payer, and is no more than it was',
    wrong: `
      with given as (
        select transfer_id, sum(amount) as amount, sum(case kind when 'refund' then amount else 0 end) as refunds,
          sum(kind = 'reversal') as reversals
        from client_return group by transfer_id)
      select client.transfer_id as subject,
        client.state || ', ' || client.amount || ', given back ' || coalesce(given.amount, 0) as detail
      from client_transfer client left join given on given.transfer_id = client.transfer_id
      where coalesce(given.refunds, 0) <> client.refunded or coalesce(given.amount, 0) > client.amount
        or coalesce(given.reversals, 0) <> (client.state = 'reversed')
        or (client.state = 'reversed' and given.amount <> client.amount)
        or (given.amount is not null
          and client.kind not in ('payment', 'payment-to-individual', 'payment-to-government'))
      union all
      select back.return_id, back.kind || ' of ' || back.amount || ', moved ' || coalesce(sum(moved.amount), 0)
      from client_return back join client_transfer client on client.transfer_id = back.transfer_id
      left join transfer moved on moved.reference = back.return_id and moved.kind = 'transfer-' || back.kind
        and moved.debit = client.payee and moved.credit = client.payer
      group by back.return_id having back.amount <> coalesce(sum(moved.amount), 0)
      union all
      select reference, kind || ' of nothing' from transfer
      where kind in ('transfer-reversal', 'transfer-refund')
        and reference not in (select return_id from client_return)`,
  },
  {
    rule: 'a return is kept under an id that was asked once',
    wrong: `
      select return_id as subject, 'is ' || coalesce(operation.kind, 'no operation') as detail
      from client_return left join operation on operation_id = return_id
      where coalesce(operation.kind, '') <> client_return.kind`,
  },
  {
    rule: 'settlement messages add up to what conversions moved at each reserve',
    wrong: `
      with told as (
        select bank, sum(case direction when 'issue' then -amount else amount end) as amount
        from settlement_message group by bank),
      moved as (
        select account_id, owner,
          sum(case when debit = account_id then -amount else amount end) as amount
        from account join transfer on account_id in (debit, credit)
        where account.kind = 'bank-reserve' and transfer.kind <> 'non-cash-deposit' group by account_id)
      select owner as subject, 'reserve moved by ' || moved.amount || ', messages say ' || coalesce(told.amount, 0)
        as detail
      from moved left join told on told.bank = owner where moved.amount <> coalesce(told.amount, 0)
      union all
      select bank, 'messages of ' || told.amount || ' without a movement' from told
      where bank not in (select owner from moved)`,
  },
  {
    rule: 'each settlement message is of one leg between that reserve and the central bank, in one order',
    wrong: `
      select message.transfer_id as subject,
        direction || ' of ' || message.amount || ', booked ' || count(leg.transfer_id) || ' times' as detail
      from settlement_message message left join transfer leg on leg.reference = message.transfer_id
        and leg.amount = message.amount and leg.at = message.at
        and leg.kind = (case direction when 'issue' then 'issue-non-cash' else 'issue-return-non-cash' end)
        and message.bank = (select owner from account
          where account_id = (case direction when 'issue' then leg.debit else leg.credit end))
      group by message.transfer_id having count(leg.transfer_id) <> 1
      union all
      select 'settlement messages', 'numbered to ' || max(sequence) || ', there are ' || count(*)
      from settlement_message having max(sequence) <> count(*) or min(sequence) <> 1`,
  },
]
