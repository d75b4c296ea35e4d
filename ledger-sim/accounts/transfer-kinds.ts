/**
 * Why money moved: the `kind` of a statement's row, and the `movement` of an event. What each means goes into the
 * OpenAPI document and into docs/integrator.md (`npm run integrator-tables`), so it is written for who reads those.
 */

/** In the order in which money goes through the platform. */
export const transferMeanings = {
  'non-cash-deposit': 'Non-cash tenge came from outside to a bank’s reserve, or to a client’s account at a bank.',
  'cash-supply': 'The central bank delivered cash to a bank’s vault.',
  'issue-non-cash': 'Non-cash went from a bank’s reserve to the central bank: the other half of `issue`.',
  issue: 'The central bank issued DT to a bank.',
  'issue-return': 'A bank gave DT back to the central bank.',
  'issue-return-non-cash': 'Non-cash went from the central bank to a bank’s reserve: the other half of `issue-return`.',
  'sale-of-dt-non-cash': 'A client’s non-cash went to its bank: the other half of `sale-of-dt`.',
  'sale-of-dt': 'A bank gave its client DT for non-cash.',
  'redemption-of-dt': 'A client gave its bank DT for non-cash.',
  'redemption-of-dt-non-cash': 'Non-cash went from a bank to its client: the other half of `redemption-of-dt`.',
  'cash-deposit': 'A client brought cash to its bank and got DT.',
  'cash-deposit-cash': 'Cash came into a bank’s vault: the other half of `cash-deposit`.',
  'cash-withdrawal': 'A client gave its bank DT for cash.',
  'cash-withdrawal-cash': 'Cash went out of a bank’s vault: the other half of `cash-withdrawal`.',
  payment: 'A legal entity, an agency or a merchant paid one.',
  'payment-to-individual': 'A legal entity, an agency or a merchant paid a person.',
  'payment-to-government': 'A person paid a tax, a fine or a fee to an agency.',
  'transfer-refund': 'The payee of one of these three gave it back, whole or in part (`POST /v1/refunds`).',
  'transfer-reversal': 'Who made one of these three disowned it: what was left of it went back (`POST /v1/reversals`).',
  'individual-transfer': 'A person paid a person.',
  'merchant-payment': 'A person paid a merchant from an account, without a till.',
  'merchant-refund': 'The merchant gave such a payment back, whole or in part.',
  'hold-post': 'A payment by a till’s QR: what was held is the merchant’s, since the till closed the sale.',
  'payment-refund': 'The merchant gave a payment by QR back, whole or in part.',
  'payment-reversal': 'A payment by QR went back to who paid, because the till took its sale back.',
  'scheme-funding': 'An agency marked money for one of its schemes.',
  'scheme-return': 'Money that was left in a scheme went back to its agency, unmarked.',
  'lease-funding': 'A scheme’s money was set aside (escrow) for what a till may sell without network.',
  'lease-return': 'What a lease did not need went back from escrow to its scheme, or to its agency.',
  'card-funding': 'A scheme’s money was set aside (escrow) for what a card holds that counts itself.',
  'card-return': 'What such a card does not hold any more went back from escrow to its scheme.',
  'voucher-payment': 'A voucher paid a merchant, out of its scheme or out of escrow.',
  'voucher-refund': 'The merchant gave a voucher’s payment back, whole or in part; it is marked for its scheme again.',
  'voucher-reversal': 'A voucher’s payment went back, because the till took its sale back.',
  'debt-netting':
    'From a merchant that had too little for a `voucher-reversal` or `payment-reversal`, out of later income.',
  'refund-netting':
    'From a merchant that had too little for a `voucher-refund` or `payment-refund`, out of later income.',
  'review-hold': 'A sale of a lost or stolen till was set aside until its agency decides.',
  'review-release': 'What was set aside for such a sale went back, since the agency decided or the sale was disowned.',
  'appeal-payment': 'An agency paid a sale after an appeal.',
  'appeal-reversal': 'A payment after an appeal went back, because the sale was paid or disowned by other means.',
  'appeal-netting': 'From a merchant that had too little for an `appeal-reversal`, out of later income.',
  'rule-share':
    'What a rule at the point of sale took or gave with a payment: VAT to the tax authority, cashback to a person.',
  'rule-return': 'The part of such a share that belongs to what was given back.',
  'rule-netting': 'From who had too little for a `rule-return`, out of what rules gave them later.',
} as const satisfies Readonly<Record<string, string>>

export type TransferKind = keyof typeof transferMeanings
export const transferKinds = Object.keys(transferMeanings) as [TransferKind, ...TransferKind[]]
