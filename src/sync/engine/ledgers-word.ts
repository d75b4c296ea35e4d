/** What the ledger's word on an item becomes in the journal (money-rules.md, "Identity"). */
import type { Journal } from '../journal/journal.ts'
import type { JournalRow } from '../journal/rows.ts'
import { verifyTagged, type VerifyingKey } from '../protocol/keys.ts'
import type { SignedItemResult, SyncItem } from '../protocol/messages.ts'

export interface Entry {
  readonly itemId: string
  readonly item: SyncItem
}

export function isLedgersWord(ledgerKey: VerifyingKey, signed: SignedItemResult): boolean {
  return verifyTagged(ledgerKey, 'tolem/item-result/1', signed.result, signed.signature)
}

/** @param signed what it answered for this item of a batch; undefined for nothing */
export function rowsOfAnswer(
  journal: Journal,
  ledgerKey: VerifyingKey,
  { itemId, item }: Entry,
  signed: SignedItemResult | undefined,
): readonly JournalRow[] {
  const parked = (why: string): JournalRow[] => [{ kind: 'item_parked', itemId, why }]
  if (signed === undefined || !isLedgersWord(ledgerKey, signed))
    return parked('the ledger gave no signed answer for this item')
  if (signed.result.arrival.startsWith('exists_with_different'))
    return parked(`the ledger has this id with other terms (${signed.result.arrival})`)
  if (item.kind === 'reversal' && signed.result.state !== 'reversed')
    return parked(`the ledger did not reverse (${signed.result.state})`)
  // Restored to before the payment, say. The goods are given: people look at it, and it is tried again.
  const isHeld = item.kind === 'capture' && journal.tender(item.tenderId)?.state === 'held'
  if (isHeld && signed.result.state !== 'settled' && signed.result.state !== 'not_paid')
    return parked(`the ledger did not capture (${signed.result.state})`)
  return rowsOfWord(journal, signed, 'batch')
}

/**
 * With what follows from it for a torn payment that was given up because its card had not come back. What the card
 * took, as its next record says, goes back to it: the record was made for another payment, where the card's holder is
 * now, and may be one for the same goods. What nobody pays is no tender of a sale, and whatever is found out about it
 * later pays nothing.
 */
export function rowsOfWord(
  journal: Journal,
  item: SignedItemResult,
  by: 'batch' | 'status_feed',
): readonly JournalRow[] {
  const answered: JournalRow = { kind: 'item_answered', item, by }
  const { itemId: tenderId, state } = item.result
  const tender = journal.tender(tenderId)
  const isDisowned =
    tender?.state === 'advised' && (state === 'not_paid' || state === 'settled' || state === 'awaiting_funds')
  return isDisowned ? [answered, { kind: 'reversal_requested', tenderId, reason: 'interrupted' }] : [answered]
}
