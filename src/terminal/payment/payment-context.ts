/**
 * What the payment machine remembers, hears and can be in. Nothing that matters: every fact is a journal row
 * (docs/design/01-payment-lifecycle.md).
 */
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { Intent } from './work.ts'

/** The states of the machine. */
export type PaymentStateName =
  | 'idle'
  | 'awaitingCard'
  | 'identifying'
  | 'preparing'
  | 'collectingRest'
  | 'askingPin'
  | 'verifyingPin'
  | 'proving'
  | 'torn'
  | 'authorising'
  | 'accepting'
  | 'presenting'
  | 'requesting'
  | 'unknown'
  | 'approved'
  | 'refused'

/** Amounts are decimal strings of tiyn here: a machine's context must survive JSON. */
export interface PaymentContext {
  readonly presenceId: string | null
  readonly tenderId: string | null
  readonly amount: string
  readonly schemeId: string | null
  readonly look: 'settled' | 'pending'
  readonly code: RefusalCode | null
  readonly hint: 'card_moved_too_soon' | 'card_again' | 'other_card' | 'cannot_tell' | 'pin_wrong' | null
  /** What a card that counts itself leaves to pay, which is collected before it is debited. */
  readonly rest: string | null
  /** The pseudonym of the card that leaves it: of another one it is asked anew. */
  readonly restOf: string | null
  /** How the rest is collected, once that is said; `later`: after the card after all. */
  readonly restBy: 'cash' | 'qr' | 'later' | null
  /** While the card wants its holder's PIN: how many more the card takes. */
  readonly pinTriesLeft: number | null
  readonly since: number
}

export type PaymentEvent =
  /** `keepsRest`: the same card has more to pay, and the cashier's word on what it leaves stands. */
  | { readonly type: 'PAY'; readonly keepsRest?: boolean }
  | { readonly type: 'PAY_BY_QR' }
  /** The cashier has the rest in hand, or knows who pays it afterwards: now the card may be debited. */
  | { readonly type: 'REST_SETTLED'; readonly by: 'cash' | 'later'; readonly cardLies: boolean }
  | { readonly type: 'CARD_INSERTED'; readonly presenceId: string }
  /** Of the card's holder, 4 to 8 digits. It is in this event alone: no state and no row keeps it. */
  | { readonly type: 'PIN_GIVEN'; readonly pin: string }
  | { readonly type: 'CANCEL' }
  /** The cashier moves on: a shown result is cleared. */
  | { readonly type: 'NEXT' }
  /** The ledger's word on an unknown tender became a row. */
  | {
      readonly type: 'RESOLVED'
      readonly tenderId: string
      readonly as: 'settled' | 'pending' | 'refused' | 'reversed'
      readonly code: RefusalCode | null
    }

export const emptyContext: PaymentContext = {
  presenceId: null,
  tenderId: null,
  amount: '0',
  schemeId: null,
  look: 'settled',
  code: null,
  hint: null,
  rest: null,
  restOf: null,
  restBy: null,
  pinTriesLeft: null,
  since: 0,
}

/** Of a PIN or a rest that is asked for no longer: no tender came of it. */
export const nothingAsked = { amount: '0', schemeId: null, pinTriesLeft: null }
/** The cashier's word on the rest holds for one payment. */
export const noRest = { rest: null, restOf: null, restBy: null }

/** Where a restarted till stands with a tender that its journal left open. */
export type RecoveredState =
  | { readonly state: 'unknown'; readonly intent: Intent; readonly since: number }
  | { readonly state: 'torn'; readonly intent: Intent; readonly since: number }
