/** The ledger's signed word on one item (messages.ts, `itemResultSchema`). */
import { signTagged } from '../../src/sync/protocol/keys.ts'
import type { Arrival, ItemResult, SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { zeroTiyn } from '../../src/voucher/money.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { Work } from '../context.ts'
import { slotAsSeen } from '../schemes/bridges.ts'
import type { Tender } from './tenders.ts'

export function signResult(work: Work, result: ItemResult): SignedItemResult {
  return { result, signature: signTagged(work.keys.signing, 'tolem/item-result/1', result) }
}

/** @param itemId the tender's id, or `reversal:<id>` for the answer to its reversal, `capture:<id>` to its capture */
export async function tenderResult(
  work: Work,
  tender: Tender,
  arrival: Arrival,
  itemId: string,
): Promise<SignedItemResult> {
  if (tender.state === 'deciding') throw new Error(`tender ${tender.tenderId} was left undecided`)
  // Nothing is decided of a QR that waits for its payer: only who names other terms under its id hears a result.
  if (tender.state === 'requested') return refusedResult(work, itemId, arrival, 'EXISTS_WITH_DIFFERENT_TERMS')
  // Of a till that is gone, and asks no more: should an old message of it still be answered, no promise is made.
  const state = tender.state === 'in_review' ? 'awaiting_funds' : tender.state
  const slot = tender.terms === null ? undefined : await slotAsSeen(work, tender.terms.payerSlot)
  return signResult(work, {
    itemId,
    arrival,
    state,
    paidBy: tender.paidBy,
    amount: tender.amount,
    refusal: tender.refusal,
    loss: tender.loss,
    slot: slot ?? null,
    at: tender.at,
  })
}

/** To a terminal that uses an id which belongs to another: it learns that nothing moved, and nothing else. */
export function notYoursResult(work: Work, itemId: string): SignedItemResult {
  return refusedResult(work, itemId, 'exists', 'EXISTS_WITH_DIFFERENT_TERMS')
}

/** Nothing moved, and this changes nothing of what the id may name. */
export function refusedResult(work: Work, itemId: string, arrival: Arrival, refusal: RefusalCode): SignedItemResult {
  return signResult(work, {
    itemId,
    arrival,
    state: 'refused',
    paidBy: null,
    amount: zeroTiyn,
    refusal,
    loss: null,
    slot: null,
    at: work.now,
  })
}
