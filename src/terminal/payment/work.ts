/**
 * What the payment machine orders and how it can end (docs/design/01-payment-lifecycle.md): each word here that speaks
 * of money is a journal row before it is said.
 */
import type { RefusalCode } from '../../voucher/reasons.ts'

export interface Intent {
  readonly tenderId: string
  readonly amount: string
  readonly schemeId: string
}

export type IdentifyOutcome =
  | { readonly kind: 'recognised' }
  | { readonly kind: 'card_left' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

type NotPrepared = Exclude<IdentifyOutcome, { kind: 'recognised' }>

/** The sum that one card leaves, by the cashier's word in somebody else's hand. */
export interface SettledRest {
  readonly rest: string
  /** The card's pseudonym. */
  readonly card: string
}

/** In tiyn: what the card pays, all its schemes together, and what it leaves; with its pseudonym. */
export interface AskedRest {
  readonly amount: string
  /** Null where several of them pay. */
  readonly schemeId: string | null
  readonly rest: string
  readonly restOf: string
}

/** After `intent` the tender exists: its row is on the disk. After `pin` and `rest` there is none yet. */
export type PrepareOutcome =
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** The card has paid this sale already, before it left the reader: a row says so. */
  | { readonly kind: 'paid'; readonly intent: Intent; readonly mode: 'online' | 'offline' }
  /** There is none yet: what this card, which counts itself, would leave is collected before it is debited. */
  | { readonly kind: 'rest'; readonly asked: AskedRest }
  | { readonly kind: 'pin'; readonly asked: Omit<Intent, 'tenderId'> & { readonly pinTriesLeft: number } }
  | NotPrepared

/** As above. A PIN whose answer was lost is not sent again: the card comes anew and says how many tries are left. */
export type VerifyPinOutcome =
  | { readonly kind: 'intent'; readonly intent: Intent }
  | { readonly kind: 'pin_wrong'; readonly pinTriesLeft: number }
  /** The PIN is right, and the card leaves something else by now. */
  | { readonly kind: 'rest'; readonly asked: AskedRest }
  | NotPrepared

/** `refused`, `torn`, `cannot_tell`, `debited` and `not_debited` are rows already. */
export type ProveOutcome =
  | { readonly kind: 'proved'; readonly mode: 'online' | 'offline' }
  /** The card itself has paid. */
  | { readonly kind: 'debited'; readonly mode: 'online' | 'offline' }
  /** The card of a torn tender proves that it has not paid: that tender has ended, and another one may begin. */
  | { readonly kind: 'not_debited' }
  | { readonly kind: 'torn' }
  | { readonly kind: 'other_card' }
  /** The card of a torn tender can say neither. */
  | { readonly kind: 'cannot_tell' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

export type AuthoriseOutcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }
  /** No answer in time. Nothing is a row yet but the intent: the next step decides how the tender goes on. */
  | { readonly kind: 'no_answer' }

/** `refused` and `unknown` are rows already. */
export type AcceptOutcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

/** What the ledger said of a payment that is made already, if it said it in time. */
export type PresentOutcome = { readonly kind: 'settled' } | { readonly kind: 'pending' }

/** `refused` is a row already, where there was one to begin with; of `open` the QR may be shown. */
export type RequestOutcome =
  | { readonly kind: 'open'; readonly intent: Intent }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

/**
 * The work that the machine orders. Each resolves with a value; a rejection is a broken invariant and ends the process.
 */
export interface PaymentWork extends CardWork {
  /**
   * Asks by QR for what is left of the sale.
   *
   * @param rest tiyn: only for what a card that counts itself leaves; null for all
   */
  requestByQr(rest: string | null): Promise<RequestOutcome>
}

export interface CardWork {
  identify(presenceId: string): Promise<IdentifyOutcome>
  /** @param settled null where nothing was said */
  prepare(presenceId: string, settled: SettledRest | null): Promise<PrepareOutcome>
  /** One try. The intent follows when it was right. */
  verifyPin(presenceId: string, pin: string): Promise<VerifyPinOutcome>
  prove(presenceId: string, tenderId: string): Promise<ProveOutcome>
  authorise(tenderId: string): Promise<AuthoriseOutcome>
  acceptWithoutAnswer(tenderId: string): Promise<AcceptOutcome>
  /** Tells the ledger at once what the card has paid, and waits for its word no longer than for any other. */
  present(tenderId: string): Promise<PresentOutcome>
  /** The card of a torn tender does not come back: ends what nobody can have paid, and has the ledger find out else. */
  giveUp(tenderId: string): void
  /** Disowns a tender that the ledger may have: the row, and with it the reversal in the outbox. */
  reverse(tenderId: string): void
  now(): number
}

/**
 * What became of a card that was asked to pay an open request (docs/design/29-cbdc-card.md). Nothing of it is a row:
 * the request is open, paid or over by the ledger's word alone, which the sync brings.
 */
export type RequestCardOutcome =
  /** The ledger has the card's payment. */
  | { readonly kind: 'held' }
  /** The request can be paid no more, or is shown no more. */
  | { readonly kind: 'over' }
  /** The payment was sent and no answer came: it may be made. */
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'card_left' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

/** Work beside the payment machine: it changes no state of it, and rejects only of a broken invariant. */
export interface RequestCardWork {
  /** The request is open, and a card that is asked now can be answered. */
  mayAsk(requestId: string): boolean
  /** Asks this card, once, to pay all that the request asks for. */
  payRequest(presenceId: string, requestId: string): Promise<RequestCardOutcome>
}
