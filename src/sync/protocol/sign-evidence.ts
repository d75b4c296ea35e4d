import type { CardProof, TenderTerms } from '../../voucher/tender.ts'
import { signTagged, type SigningKey } from './keys.ts'
import type { DecisionRecord, Evidence } from './messages.ts'

/** What the till signs of a tender: why it was right, and what the card said of it. */
export function signEvidence(
  key: SigningKey,
  { terms, record }: { readonly terms: TenderTerms; readonly record: DecisionRecord },
  cardProof: CardProof,
): Evidence {
  const signature = signTagged(key, 'tolem/decision-record/1', { record, cardProof, terms })
  return { cardProof, record, signature }
}
