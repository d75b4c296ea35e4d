/** Which actions the snapshot offers, in which place and on which key. The place never depends on what is typed. */
import type { Action, Command, Snapshot, TenderView } from '../../contract/index.ts'

/**
 * The till's own actions. Editing, a card's PIN, a torn payment's return, printing again, voiding, shifts, the time and
 * the bench have their places elsewhere.
 */
export type OfferedAction = Exclude<
  Action,
  | 'edit_basket'
  | 'give_pin'
  | 'take_up_torn'
  | 'print_again'
  | 'void_sale'
  | 'open_shift'
  | 'close_shift'
  | 'confirm_time'
  | 'open_bench'
>

export interface Offer {
  readonly action: OfferedAction
  /** As `KeyboardEvent.key` has it, and as the button shows it. */
  readonly key: string
  readonly command: Command
}

export interface Offers {
  /** The next step: big, on Enter (or on Esc, when the next step is the customer's). */
  readonly primary: Offer | null
  readonly others: readonly Offer[]
}

/** What cannot be taken back has the key of its list's row, which is never the key that answers (`intent.ts`). */
const ownKeys: Readonly<Record<OfferedAction, string>> = {
  pay_by_card: 'Enter',
  pay_by_qr: 'Insert',
  pay_cash: 'F4',
  rest_by_qr: 'Insert',
  rest_by_cash: 'F4',
  rest_later: 'F5',
  cancel_payment: 'Escape',
  cancel_sale: 'F6',
  next_customer: 'F9',
  wait_for_answer: 'Enter',
  cancel_unknown: 'Delete',
  serve_next_meanwhile: 'F9',
}

/** The first of these that is offered is the next step. After a whole payment that is the next customer. */
const firstWhenPaid: readonly OfferedAction[] = ['next_customer', 'wait_for_answer', 'pay_by_card']
const firstWhenOpen: readonly OfferedAction[] = ['wait_for_answer', 'pay_by_card', 'next_customer', 'cancel_payment']

const places: readonly OfferedAction[] = [
  'pay_by_card',
  'wait_for_answer',
  'pay_by_qr',
  'pay_cash',
  'rest_by_qr',
  'rest_by_cash',
  'rest_later',
  'cancel_payment',
  'serve_next_meanwhile',
  'next_customer',
  'cancel_unknown',
  'cancel_sale',
]

export function offersOf(snapshot: Snapshot): Offers {
  const tenderId = tenderInDoubt(snapshot)?.tenderId ?? null
  const offered = new Map<OfferedAction, Offer>()
  for (const action of places) {
    if (!snapshot.actions.includes(action)) continue
    const command = commandOf(action, tenderId)
    if (command !== null) offered.set(action, { action, key: ownKeys[action], command })
  }
  const paid = snapshot.tap.state === 'approved' && (snapshot.sale === null || snapshot.sale.leftToPay === 0n)
  const first = (paid ? firstWhenPaid : firstWhenOpen).find((action) => offered.has(action))
  const primary = first === undefined ? null : (offered.get(first) ?? null)
  const others = [...offered.values()].filter((offer) => offer !== primary)
  return {
    primary: primary?.action === 'next_customer' ? { ...primary, key: 'Enter' } : primary,
    // Only the next step sits on Enter.
    others: others.map((offer) => (offer.key === 'Enter' ? { ...offer, key: 'F5' } : offer)),
  }
}

/** The tender of the sale on the screen that has no answer yet, else the oldest unresolved one. */
function tenderInDoubt(snapshot: Snapshot): TenderView | undefined {
  const doubtful = (tender: TenderView): boolean => ['unknown', 'torn', 'maybe_debited'].includes(tender.state)
  return snapshot.sale?.tenders.find(doubtful) ?? snapshot.unresolved[0]
}

function commandOf(action: OfferedAction, tenderId: string | null): Command | null {
  if (action !== 'wait_for_answer' && action !== 'cancel_unknown') return { command: action }
  return tenderId === null ? null : { command: action, tenderId }
}
