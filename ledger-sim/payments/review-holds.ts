/**
 * What a lost or stolen till sold after its last countersigned head: the slot is used and the money set aside at once,
 * so that neither runs out while its agency looks (architecture.md, "Trust"; `review-decisions.ts`).
 */
import { openAccount } from '../accounts/accounts.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { findLease } from '../leases/leases.ts'
import { schemeAccountOf } from '../schemes/schemes.ts'
import { findSlot, freeSlot } from '../schemes/slots.ts'
import { freeWhenCovered } from './settlement.ts'
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

/**
 * Gives back what was set aside: to where the slot is now, so that the slot's allowance and its cover come back
 * together.
 */
export async function releaseHeld(
  work: Work,
  { tenderId, terms, amount }: Tender,
  heldIn: string | null,
): Promise<void> {
  if (terms === null) throw new Error(`tender ${tenderId} is in review without terms`)
  const scheme = schemeAccountOf(terms.schemeId)
  if (heldIn === null) return freeWhenCovered(work, tenderId, terms.payerSlot, scheme, amount)
  const state = await findSlot(work, terms.payerSlot)
  const lease = state === undefined || state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  const credit = lease?.escrowAccount ?? scheme
  const posted = await post(work, [{ debit: heldIn, credit, amount, kind: 'review-release' }], tenderId)
  if (posted.kind === 'short') throw new Error(`${heldIn} does not hold what review of ${tenderId} set aside`)
  await freeSlot(work, tenderId)
}

/** The till disowned it after all, in its export: there is nothing left to decide. */
export async function withdrawReview(work: Work, tender: Tender): Promise<void> {
  const { tenderId } = tender
  const review = await work.connection
    .selectFrom('review')
    .select('held_in')
    .where('tender_id', '=', tenderId)
    .executeTakeFirstOrThrow()
  await releaseHeld(work, tender, review.held_in)
  await work.connection
    .updateTable('review')
    .set({ state: 'refused', reason: 'its till had reversed it' })
    .where('tender_id', '=', tenderId)
    .execute()
}
