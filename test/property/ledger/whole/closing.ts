/** Leases that are over; money that goes back to its agency from a day on (docs/design/21, "Money that returns"). */
import { charge } from './bridges.ts'
import { passOnFreed } from './carrying.ts'
import { accountOfScheme, escrowOf, leaves } from './slots.ts'
import { available, meet, mustMove, sum, type Whole } from './state.ts'

/** Slots that are past their time are free, what is left goes back to the agency. @returns how many leases */
export function closeDue(whole: Whole, settle: (scheme: string) => void): number {
  const due = [...whole.leases]
    .filter(([, each]) => !each.isClosed && each.presentUntil < whole.now)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  for (const [leaseId, each] of due) {
    each.isClosed = true
    for (const [slotId, { state }] of each.slots) if (state === 'live') leaves(each, slotId, 'closed')
    const freed = [...whole.slots].filter(([, slot]) => slot.lease === leaseId)
    for (const [, slot] of freed) slot.lease = null
    const rest = available(whole, escrowOf(leaseId))
    if (rest > 0n) meet(whole, 'a lease ends with money in escrow')
    mustMove(whole, [escrowOf(leaseId), accountOfScheme(each.scheme), rest])
    settle(each.scheme)
    for (const [slotId] of freed) charge(whole, slotId)
    passOnFreed(whole, each.scheme, freed.map(([slotId]) => slotId).toSorted())
  }
  return due.length
}

/** What is free of it, and not promised to sales that wait. */
function returnUnused(whole: Whole): void {
  for (const [schemeId, { agency, states }] of whole.schemes) {
    const by = states.at(-1)?.returnsBy ?? null
    if (by === null || by > whole.now) continue
    const isInReview = (id: string): boolean => whole.gone.reviews.get(id)?.heldIn === null
    const waits = [...whole.tenders].filter(
      ([id, { state, sold }]) =>
        sold?.scheme === schemeId && (state === 'awaiting_funds' || (state === 'in_review' && isInReview(id))),
    )
    const free = available(whole, accountOfScheme(schemeId)) - sum(waits.map(([, { sold }]) => sold?.amount ?? 0n))
    if (free <= 0n) {
      if (available(whole, accountOfScheme(schemeId)) > 0n) meet(whole, 'what waits keeps its money')
      continue
    }
    meet(whole, 'money returns to its agency')
    const isHeld = [...whole.tenders].some(
      ([id, { state, sold }]) => sold?.scheme === schemeId && state === 'in_review' && !isInReview(id),
    )
    if (isHeld) meet(whole, 'money returns beside what is held for a review')
    mustMove(whole, [accountOfScheme(schemeId), agency, free])
  }
}

/** Before money of a scheme is promised to anybody. @returns how many leases were closed */
export function doWhatIsDue(whole: Whole, settle: (scheme: string) => void): number {
  const closed = closeDue(whole, settle)
  returnUnused(whole)
  return closed
}
