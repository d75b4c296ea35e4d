/** Tables of payments by QR (docs/design/17-qr-payment.md). */
import { text, textOrNull, whole, type TablePlan } from './table-plans.ts'

/** Its tender has no terms of a voucher, these are its terms. */
const paymentRequestTable: TablePlan = {
  name: 'payment_request',
  columns: [
    text('tender_id'),
    text('payee_account'),
    whole('amount'),
    text('sale_hash'),
    whole('expires_at'),
    textOrNull('hold_id'),
    textOrNull('payer'),
    textOrNull('closed_for'),
  ],
  key: ['tender_id'],
  unique: [['hold_id']],
  references: [
    ['tender_id', 'tender', 'tender_id'],
    ['hold_id', 'hold', 'hold_id'],
    ['payer', 'account', 'account_id'],
  ],
  checks: ['amount > 0', '(hold_id is null) = (payer is null)'],
}

/** What wallets and cards paid, also what came too late and went back at once. */
const requestPaymentTable: TablePlan = {
  name: 'request_payment',
  columns: [
    text('payment_id'),
    text('tender_id'),
    text('payer'),
    text('made_by'),
    textOrNull('paid_back_for'),
    whole('at'),
  ],
  key: ['payment_id'],
  references: [
    ['tender_id', 'payment_request', 'tender_id'],
    ['payer', 'account', 'account_id'],
  ],
}

export const requestTables: readonly TablePlan[] = [paymentRequestTable, requestPaymentTable]
