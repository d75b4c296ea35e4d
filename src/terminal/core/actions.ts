/** What the cashier may do now. The screen shows these and no others; a command that is not among them is refused. */
import type { Action } from '../contract/snapshot.ts'
import type { PaymentStateName } from '../payment/payment-context.ts'
import type { SaleStanding } from './basket.ts'

export interface Situation {
  readonly state: PaymentStateName
  readonly standing: SaleStanding
  /** The sale on the screen is closed or cancelled; only its result is still shown. */
  readonly isFinished: boolean
  /** A shift is open, or the till has no cashiers yet. */
  readonly maySell: boolean
  readonly hasShift: boolean
  /** There is a package to decide under. */
  readonly canDecide: boolean
  /** False after an fsync that failed: every action needs a row sooner or later, and none is taken. */
  readonly canRecord: boolean
  /** The cashier has said who pays what the card leaves: the card is wanted, and nothing else. */
  readonly isRestSettled: boolean
  /** The card of the payment is on the reader. */
  readonly cardLies: boolean
  /** A torn payment waits in the visible list. */
  readonly hasTornAside: boolean
  /** The test bench has the cards: nothing is sold. */
  readonly isBenchOpen: boolean
  /** The time is in doubt, and there is a manager. */
  readonly mayConfirmTime: boolean
}

/** What the cashier can take back with one press. */
const cancellable: readonly PaymentStateName[] = ['awaitingCard', 'identifying', 'collectingRest', 'askingPin', 'torn']

export function offeredActions(situation: Situation): Action[] {
  const { state, standing, isFinished, maySell, hasShift, canDecide, canRecord, mayConfirmTime, cardLies } = situation
  if (!canRecord || situation.isBenchOpen) return []
  if (!maySell)
    return ['print_again', 'open_shift', 'open_bench', ...(mayConfirmTime ? (['confirm_time'] as const) : [])]
  const isResting = state === 'idle' || state === 'approved' || state === 'refused'
  const isWaitingForCard = state === 'awaitingCard'
  const isOpenToAll = isResting || (isWaitingForCard && !situation.isRestSettled)
  const hasLines = standing.sale.lines.length > 0
  const isPayable = hasLines && standing.left > 0n && !standing.undecided && canDecide
  const mayEdit = standing.frozen ? isResting && isFinished : state === 'idle' || state === 'refused'
  const mayCancelSale =
    hasLines && !isFinished && (isResting || isWaitingForCard || state === 'torn' || state === 'unknown')
  const offered: readonly (readonly [Action, boolean])[] = [
    ['edit_basket', mayEdit],
    ['pay_by_card', isPayable && isResting],
    ['pay_by_qr', isPayable && isOpenToAll],
    ['pay_cash', isPayable && isOpenToAll],
    ['rest_by_cash', state === 'collectingRest'],
    ['rest_by_qr', state === 'collectingRest'],
    ['rest_later', state === 'collectingRest'],
    ['give_pin', state === 'askingPin' && cardLies],
    ['cancel_payment', cancellable.includes(state)],
    ['cancel_sale', mayCancelSale],
    ['next_customer', isResting && (isFinished || (state !== 'idle' && !hasLines))],
    ['wait_for_answer', state === 'unknown'],
    ['cancel_unknown', state === 'unknown'],
    ['serve_next_meanwhile', state === 'unknown' || state === 'torn'],
    ['take_up_torn', situation.hasTornAside && isResting && (isFinished || !hasLines)],
    ['print_again', true],
    ['void_sale', true],
    ['open_shift', !hasShift && isResting && !hasLines],
    ['close_shift', hasShift && isResting && (isFinished || !hasLines)],
    ['confirm_time', mayConfirmTime],
    // A result that is shown is cleared first: somebody may still have to see it.
    ['open_bench', state === 'idle' && !hasLines],
  ]
  return offered.flatMap(([action, isOffered]) => (isOffered ? [action] : []))
}
