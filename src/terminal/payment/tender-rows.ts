/** The rows that begin a tender by card, and those that end it before anybody has paid (docs/design/01). */
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { isTorn } from '../../sync/journal/projection.ts'
import type { JournalRow, RowOf } from '../../sync/journal/rows.ts'
import type { SigningKey } from '../../sync/protocol/keys.ts'
import type { SignedItemResult } from '../../sync/protocol/messages.ts'
import { signEvidence } from '../../sync/protocol/sign-evidence.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import { saleTotal } from '../../voucher/sale.ts'
import type { AppletProof } from '../../voucher/tender.ts'
import type { CurrentSale } from './decision-input.ts'

/**
 * Writes the intent, and with the sale's first one that the basket changes no more. Nothing irreversible has happened
 * yet: a full or dying disk refuses the sale before the card is touched.
 *
 * @returns the refusal, or undefined when the row is on the disk
 */
export function recordIntent(
  journal: Journal,
  { sale, frozen }: CurrentSale,
  intent: RowOf<'tender_intent'>,
): RefusalCode | undefined {
  try {
    if (frozen) journal.commit(intent)
    else journal.commit({ kind: 'sale_frozen', sale, total: saleTotal(sale) }, intent)
    return undefined
  } catch (error) {
    if (isStorageFault(error)) return 'JOURNAL_NOT_WRITABLE'
    throw error
  }
}

export function recordRefusal(
  journal: Journal,
  tenderId: string,
  code: RefusalCode,
  item: SignedItemResult | null = null,
): { readonly kind: 'refused'; readonly code: RefusalCode } {
  journal.commit({ kind: 'tender_refused', tenderId, code, item })
  return { kind: 'refused', code }
}

/**
 * What ends a tender whose card does not come back, or that was never proved: nothing left this till for it, unless the
 * card itself may have paid. Then the ledger gets what the card would have signed, and finds out.
 */
export function givenUp(
  journal: Journal,
  key: SigningKey,
  tenderId: string,
  reason: 'cancelled' | 'card_not_returned',
): JournalRow {
  const { terms, record, debit } = journal.intentOf(tenderId).row
  // In `torn` the debit never reached the card.
  if (debit === undefined || journal.tender(tenderId)?.state === 'torn')
    return { kind: 'tender_voided', tenderId, reason }
  const evidence = signEvidence(key, { terms, record }, debit)
  return { kind: 'debit_advised', tenderId, evidence, decidedAt: record.input.trustedTime }
}

/** What the card has signed is what its intent said: it has paid. */
export function paidByCard(
  journal: Journal,
  key: SigningKey,
  tenderId: string,
  proof: AppletProof,
): RowOf<'approved_by_card'> {
  const { terms, record } = journal.intentOf(tenderId).row
  const evidence = signEvidence(key, { terms, record }, proof)
  return { kind: 'approved_by_card', tenderId, evidence, decidedAt: record.input.trustedTime }
}

/**
 * A bad card that lies on the reader tears again every second: what is torn already needs no row for that.
 *
 * @param executed whether the card may have done it: a debit that certainly did not reach it is none
 */
export function recordTear(
  journal: Journal,
  tenderId: string,
  step: string,
  executed: 'no' | 'unknown' = 'unknown',
): { readonly kind: 'torn' } {
  const tender = journal.tender(tenderId)
  if (tender === undefined || isTorn(tender)) return { kind: 'torn' }
  const mayBeDebited = executed !== 'no' && journal.intentOf(tenderId).row.debit !== undefined
  journal.commit({ kind: 'tender_torn', tenderId, step, ...(mayBeDebited ? { mayBeDebited } : {}) })
  return { kind: 'torn' }
}
