/** Sales of tills in other hands: their slot and money are set aside until the agency decides (docs/design/04). */
import { free } from './bridges.ts'
import { accountOfScheme, escrowOf } from './slots.ts'
import { meet, mustMove, need, refused, type Asked, type Tender, type Verdict, type Whole } from './state.ts'
import { file, freeWhenCovered, judgeFreed, payVoucher, settle, settleWaiting } from './vouchers.ts'

interface Deciding extends Asked {
  readonly body: { readonly tenderId: string; readonly verdict: 'paid' | 'refused'; readonly reason: string }
}

export function decideReview(whole: Whole, { by, body }: Deciding): Verdict {
  const { tenderId, verdict } = body
  const review = whole.gone.reviews.get(tenderId)
  if (review?.agency !== by) return refused('not_found')
  const tender = need(whole.tenders, tenderId)
  const told = (arrival: string): Verdict => {
    const { state, loss, sold } = tender
    return { tenderId, state, amount: sold?.amount ?? 0n, loss, arrival }
  }
  if (review.state !== 'open') return review.state === verdict ? told('exists') : refused('exists_with_different_terms')
  review.state = verdict
  if (verdict === 'paid') pay(whole, tenderId, tender)
  else refuse(whole, tenderId, tender)
  const answer = told('created')
  judgeFreed(whole, false)
  settleWaiting(whole, tender.sold?.scheme ?? '')
  return answer
}

function pay(whole: Whole, id: string, tender: Tender): void {
  const { heldIn, paidBy } = need(whole.gone.reviews, id)
  const nobody = { paidBy: null, refusal: null, loss: null }
  if (heldIn === null) {
    meet(whole, 'a review is decided for who waits for money')
    return settle(whole, tender, { state: 'awaiting_funds', ...nobody })
  }
  if (!payVoucher(whole, id, heldIn)) throw new Error(`in the model ${heldIn} has not got what it holds for ${id}`)
  meet(whole, 'a sale is paid in review')
  if (tender.sold?.lines === null) meet(whole, 'a sale without lines is paid in review')
  settle(whole, tender, { state: 'settled', ...nobody, paidBy })
}

function refuse(whole: Whole, id: string, tender: Tender): void {
  release(whole, id, tender)
  meet(whole, 'a sale is refused in review')
  const amount = tender.sold?.amount ?? 0n
  file(whole, { till: tender.till, tender: id, code: 'TERMINAL_LOST', owner: 'merchant', amount })
  settle(whole, tender, { state: 'not_paid', paidBy: null, refusal: null, loss: 'TERMINAL_LOST' })
}

/** To where the slot is now, with its allowance. */
function release(whole: Whole, id: string, { sold }: Tender): void {
  if (sold === null) throw new Error('nothing but a voucher is in review')
  const { heldIn } = need(whole.gone.reviews, id)
  const scheme = accountOfScheme(sold.scheme)
  if (heldIn === null) return freeWhenCovered(whole, id, sold.slot, scheme, sold.amount)
  const slot = need(whole.slots, sold.slot)
  mustMove(whole, [heldIn, slot.lease === null ? scheme : escrowOf(slot.lease), sold.amount])
  free(whole, sold.slot, id)
}

/** The till disowned it after all: there is nothing left to decide. */
export function withdraw(whole: Whole, id: string, tender: Tender): void {
  release(whole, id, tender)
  need(whole.gone.reviews, id).state = 'refused'
  meet(whole, 'a review ends, for its till had disowned the sale')
}
