/** What the audit recomputes of payments by QR (docs/design/17-qr-payment.md). */

export interface Rule {
  readonly rule: string
  /** Selects `subject` and `detail` of what is wrong: no row, no fault. */
  readonly wrong: string
}

/** The ledger's newest moment: what was to be held longer is held. */
const newest = `
  select max(at) from (
    select max(at) as at from transfer union all select max(at) from tender
    union all select max(at) from request_payment)`

/** What moves a voucher's money for a tender. Others under the same id are another's: clients choose theirs freely. */
const voucherKinds = `('voucher-payment', 'voucher-reversal', 'voucher-refund', 'review-hold', 'review-release')`

export const requestRules: readonly Rule[] = [
  {
    rule: 'what is held for later is there',
    wrong: `
      select debit as subject, 'holds ' || balance || ', set aside ' || sum(amount) as detail
      from hold join account on account_id = debit
      where hold.state = 'pending' and expires_at > (${newest}) and floor is not null
      group by debit having balance - floor < sum(amount)`,
  },
  {
    rule: 'a tender without a voucher’s terms is a tombstone or a payment by QR, and for its amount',
    wrong: `
      select tender.tender_id as subject, state || ' for ' || tender.amount as detail
      from tender left join payment_request request on request.tender_id = tender.tender_id
      where (terms is null) <> (tombstone = 1 or request.tender_id is not null)
        or (tombstone = 1 and request.tender_id is not null)
        or (request.tender_id is not null and (request.amount <> tender.amount or slot_id is not null))`,
  },
  {
    rule: 'what a QR asks for is set aside while it is held, taken when it is settled, and free otherwise',
    wrong: `
      select tender.tender_id as subject,
        tender.state || ' for ' || tender.amount || ', its hold '
          || coalesce(hold.state || ' of ' || hold.amount, 'none') as detail
      from tender join payment_request request on request.tender_id = tender.tender_id
      left join hold on hold.hold_id = request.hold_id
      where not (case tender.state
          when 'requested' then request.hold_id is null
          when 'refused' then request.hold_id is null
          when 'held' then coalesce(hold.state = 'pending', 0)
          when 'settled' then coalesce(hold.state = 'posted', 0)
          when 'not_paid' then coalesce(hold.state = 'expired', 0)
          when 'reversed' then request.hold_id is null or hold.state in ('posted', 'voided', 'expired')
          else 0 end)
        or (request.hold_id is not null and (hold.hold_id is null or hold.amount <> request.amount
          or hold.debit <> request.payer or hold.credit <> request.payee_account or hold.reference <> request.tender_id
          or (hold.state = 'posted') <> (hold.posted = hold.amount)))`,
  },
  {
    rule: 'a QR says why it was closed exactly when it is reversed',
    wrong: `
      select tender.tender_id as subject, state || ', closed for ' || coalesce(closed_for, 'nothing') as detail
      from tender join payment_request request on request.tender_id = tender.tender_id
      where (state = 'reversed') <> (closed_for is not null)`,
  },
  {
    rule: 'a QR is paid by exactly the one payment that its hold is of',
    wrong: `
      select request.tender_id as subject,
        count(payment_id) || ' payments, paid by ' || coalesce(request.payer, 'nobody') as detail
      from payment_request request
      left join request_payment on request_payment.tender_id = request.tender_id and paid_back_for is null
      group by request.tender_id, request.payer, request.hold_id
      having count(payment_id) <> (case when request.hold_id is null then 0 else 1 end)
        or max(request_payment.payer) <> request.payer`,
  },
  {
    rule: 'what was paid by QR comes from its payer and goes back to its payer',
    wrong: `
      select transfer_id as subject, kind || ' from ' || debit || ' to ' || credit as detail
      from transfer
      left join refund on refund_id = reference and kind in ('payment-refund', 'voucher-refund')
      left join payment_request request on request.tender_id = coalesce(refund.tender_id, reference)
      where (kind = 'hold-post' and request.tender_id is not null
          and (debit <> request.payer or credit <> request.payee_account))
        or (kind in ('payment-reversal', 'payment-refund')
          and (request.tender_id is null or debit <> request.payee_account or credit <> request.payer))
        or (request.tender_id is not null and kind in ${voucherKinds})
      union all
      select debt.reference, 'owed to ' || creditor from merchant_debt debt
      join payment_request request on debt.kind = 'reversal' and request.tender_id = debt.reference
      where creditor <> request.payer`,
  },
]
