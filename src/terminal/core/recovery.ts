/** What a stop at any instant leaves behind, and how the next start goes on (docs/design/01, "After a stop"). */
import type { Journal } from '../../sync/journal/journal.ts'
import { isTorn } from '../../sync/journal/projection.ts'
import type { RecoveredState } from '../payment/payment-context.ts'

/**
 * An online intent without an outcome may have reached the ledger: unknown; so a QR that was being asked for, which a
 * copy of this journal may have shown. An offline one was not approved and nothing left this till: voided. A card that
 * counts itself may have paid: torn, until it comes back.
 */
export function endInterruptedTenders(journal: Journal): void {
  for (const { tenderId, kind } of journal.tendersInState('in_progress')) {
    if (kind === 'qr') {
      journal.commit({ kind: 'payment_request_open', tenderId })
      continue
    }
    const { mode, debit } = journal.intentOf(tenderId).row
    if (debit !== undefined) {
      journal.commit({ kind: 'tender_torn', tenderId, step: 'interrupted', mayBeDebited: true })
      continue
    }
    journal.commit(
      mode === 'online'
        ? { kind: 'tender_unknown', tenderId, evidence: null }
        : { kind: 'tender_voided', tenderId, reason: 'interrupted' },
    )
  }
}

/** The state in which the screen comes back for a sale: its torn or unknown tender, if it has one. */
export function recoveredStateOf(journal: Journal, saleId: string): RecoveredState | undefined {
  const left = journal.tendersOfSale(saleId).find((tender) => tender.state === 'unknown' || isTorn(tender))
  if (left === undefined || left.schemeId === null) return undefined
  return {
    state: isTorn(left) ? 'torn' : 'unknown',
    since: left.since,
    intent: { tenderId: left.tenderId, amount: left.amount.toString(), schemeId: left.schemeId },
  }
}
