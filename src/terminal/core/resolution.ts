/** How the screen leaves "not known yet", by what the journal says of the tender. */
import type { TenderRecord } from '../../sync/journal/journal.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'

type Resolution = 'settled' | 'pending' | 'refused' | 'reversed'

const resolutions: Partial<Record<TenderRecord['state'], Resolution>> = {
  settled: 'settled',
  held: 'settled',
  pending: 'pending',
  awaiting_funds: 'pending',
  not_paid: 'pending',
  refused: 'refused',
  reversed: 'reversed',
  voided: 'reversed',
}

/** Nothing while the tender is still unknown, or its reversal is: the screen stays. */
export function resolutionOf(
  tender: TenderRecord,
): { readonly as: Resolution; readonly code: RefusalCode | null } | undefined {
  // Who gives up a QR leaves the screen by that; what ends it there is that nobody paid.
  if (tender.kind === 'qr' && tender.state === 'reversed') return { as: 'refused', code: 'QR_NOT_PAID' }
  const as = resolutions[tender.state]
  if (as === undefined) return undefined
  const code = as === 'refused' ? ((tender.code ?? 'DECISION_MISMATCH') as RefusalCode) : null
  return { as, code }
}
