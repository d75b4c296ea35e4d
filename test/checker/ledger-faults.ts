/** Why a ledger is not balanced, and where. A closed list. */
export type LedgerFaultCode =
  /** A transfer between a DT and a non-cash account. */
  | 'currencies_mixed'
  /** A transfer from or to an account that is not there, or of nothing, or from an account to itself. */
  | 'transfer_malformed'
  /** The balance that the ledger keeps is not what its transfers add up to. */
  | 'balance_differs'
  /** What all accounts of a currency hold is not zero: money came from nowhere. */
  | 'currency_does_not_add_up'
  /** DT issued less DT taken back is not what the other DT accounts hold. */
  | 'issue_differs'
  /** At some moment an account was below its limit. */
  | 'below_floor'
  /** An account that may hold nothing below zero has no limit. */
  | 'floor_missing'
  /** At some moment a lease's escrow was below zero. */
  | 'escrow_negative'
  /** A live lease's escrow does not cover what its slots still allow. */
  | 'escrow_short'
  /** A closed lease kept money. */
  | 'escrow_not_returned'
  /** Marked money went where no scheme sends it. */
  | 'marked_money_left'
  /** Marked money of one scheme went to another, or paid another's tender. */
  | 'marked_money_crossed'
  /** A tender's terms cannot be read, are not those of its hash, or differ from its columns. */
  | 'terms_differ'
  /** A merchant got voucher money under an id that is no tender. */
  | 'payment_without_tender'
  /** A tender's money went to another account than its payee's. */
  | 'paid_to_another'
  /** A settled tender was paid less than its amount, or by another than it says. */
  | 'settled_not_paid'
  /** Refused, not paid or waiting, and yet money stayed with the merchant. */
  | 'paid_not_settled'
  /** Reversed, and money stayed with the merchant beyond what is booked as the merchant's debt. */
  | 'reversed_not_returned'
  /** The transaction that decides a tender left it undecided. */
  | 'left_undecided'
  /** What is set aside for a payment by QR is not what its state says, or not its payer's, its payee's, its amount. */
  | 'hold_differs'
  /** A refund gave back another sum than it says, from or to another account, or more than its tender was paid. */
  | 'refund_differs'
  /** What a slot counts as used is not what its tenders used. */
  | 'slot_use_differs'

export interface LedgerFault {
  readonly code: LedgerFaultCode
  /** The account, transfer, tender, slot or lease. */
  readonly place: string
  readonly detail: string
}
