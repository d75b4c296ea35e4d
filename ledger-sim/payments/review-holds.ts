/**
 * What a lost or stolen till sold after its last countersigned head: the slot is used and the money set aside at once,
 * so that neither runs out while its agency looks (architecture.md, "Trust"; `review-decisions.ts`).
 */
import { openAccount } from '../accounts/accounts.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import type { Tender, TenderOutcome } from './tenders.ts'

const reviewAccountOf = (agencyId: string): string => `review.${agencyId}`

export interface SetAside {
  readonly tenderId: string
  readonly agencyId: string
  /** Where the money comes from: an escrow, or the scheme's account. */
  readonly payer: string
  readonly paidBy: 'escrow' | 'agency'
  readonly amount: Tender['amount']
}

/** Sets the money aside, where there is some, and opens the review. */
export async function openReview(work: Work, aside: SetAside): Promise<TenderOutcome> {
  const { tenderId, agencyId, payer, paidBy, amount } = aside
  const account = reviewAccountOf(agencyId)
  await openAccount(work, { accountId: account, currency: 'DT', kind: 'escrow', owner: agencyId, name: account })
  const posted = await post(work, [{ debit: payer, credit: account, amount, kind: 'review-hold' }], tenderId)
  await work.connection
    .insertInto('review')
    .values({
      tender_id: tenderId,
      agency_id: agencyId,
      held_in: posted.kind === 'short' ? null : account,
      paid_by: paidBy,
      state: 'open',
      reason: null,
      at: work.now,
    })
    .execute()
  return { state: 'in_review', paidBy: null, refusal: null, loss: null }
}
