/** Cards that pay from accounts, held against what they paid (docs/design/29-cbdc-card.md, "At the ledger"). */
import type { Rule } from './audit-requests.ts'

export const accountCardRules: readonly Rule[] = [
  {
    rule: 'what a card paid to a QR it has proved, and it is from the account that its bank has bound it to',
    wrong: `
      select payment_id as subject, 'from ' || request_payment.payer || ' by ' || made_by || ', its card is of '
        || coalesce(account_card.account_id, 'no account') as detail
      from request_payment
      join payment_request request on request.tender_id = request_payment.tender_id
      left join account_card on account_card.card = request_payment.card
      left join account on account.account_id = account_card.account_id
      where request_payment.card is not null and (account_card.card is null
        or account_card.account_id <> request_payment.payer
        or account.bank is null or account.bank <> made_by or amount > tap_max or paid_back_for is not null
        or not exists (select 1 from card_counter where card_counter.card = request_payment.card
          and card_counter.tender_id = request_payment.tender_id))`,
  },
  {
    rule: 'a card of an account proves each sale, is its own bank’s, and its holder is in no scheme',
    wrong: `
      select account_card.card as subject, 'of ' || account_card.account_id || ', bound by ' || bound_by as detail
      from account_card
      join card on card.card = account_card.card
      join account on account.account_id = account_card.account_id
      where profile is not null or account.bank is null or account.bank <> bound_by
        or exists (select 1 from entitlement where entitlement.holder = card.holder)
        or exists (select 1 from former_entitlement where former_entitlement.holder = card.holder)`,
  },
]
