/** An agency says whether it pays what a lost or stolen till sold after its last countersigned head. */
import type { Work } from '../context.ts'
import { settleWaiting } from './awaiting-funds.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { releaseHeld } from './review-holds.ts'
import { pay } from './settlement.ts'
import { findTender, settleTender, type Tender, type TenderOutcome } from './tenders.ts'

export type Decided =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists'; readonly tender: Tender }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'exists_with_different_terms' }

/** @param agencyId only the agency whose money it is may decide; to others there is no such review */
export async function decideReview(
  work: Work,
  agencyId: string,
  tenderId: string,
  verdict: 'paid' | 'refused',
  reason: string,
): Promise<Decided> {
  const review = await work.connection
    .selectFrom('review')
    .selectAll()
    .where('tender_id', '=', tenderId)
    .where('agency_id', '=', agencyId)
    .executeTakeFirst()
  const tender = await findTender(work, tenderId)
  if (review === undefined || tender === undefined) return { kind: 'not_found' }
  if (review.state !== 'open')
    return review.state === verdict
      ? { kind: 'done', arrival: 'exists', tender }
      : { kind: 'exists_with_different_terms' }
  await work.connection
    .updateTable('review')
    .set({ state: verdict, reason })
    .where('tender_id', '=', tenderId)
    .execute()
  const outcome =
    verdict === 'paid'
      ? await payReviewed(work, tender, review.held_in, review.paid_by)
      : await refuseReviewed(work, tender, review.held_in, reason)
  await settleTender(work, tenderId, outcome)
  await work.judgeFreed()
  if (tender.terms !== null) await settleWaiting(work, tender.terms.schemeId)
  return { kind: 'done', arrival: 'created', tender: { ...tender, ...outcome, at: work.now } }
}

async function payReviewed(
  work: Work,
  { tenderId, terms, amount }: Tender,
  heldIn: string | null,
  paidBy: 'escrow' | 'agency',
): Promise<TenderOutcome> {
  if (terms === null) throw new Error(`tender ${tenderId} is in review without terms`)
  if (heldIn === null) return { state: 'awaiting_funds', paidBy: null, refusal: null, loss: null }
  const paid = await pay(work, { tenderId, payer: heldIn, payeeAccount: terms.payeeAccount, amount })
  if (paid === 'short') throw new Error(`${heldIn} does not hold what review of ${tenderId} set aside`)
  return { state: 'settled', paidBy, refusal: null, loss: null }
}

async function refuseReviewed(
  work: Work,
  tender: Tender,
  heldIn: string | null,
  reason: string,
): Promise<TenderOutcome> {
  const { tenderId, terminalId, amount } = tender
  await releaseHeld(work, tender, heldIn)
  await fileDiscrepancy(work, {
    terminalId,
    tenderId,
    code: 'TERMINAL_LOST',
    owner: 'merchant',
    amount,
    evidence: { reason },
  })
  return { state: 'not_paid', paidBy: null, refusal: null, loss: 'TERMINAL_LOST' }
}
