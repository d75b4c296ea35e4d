/** What a CBDC card's proof is bound to (docs/design/29-cbdc-card.md, "At the ledger"). */
import type { Hash } from '../../voucher/identifiers.ts'
import { hashOf } from './canonical.ts'
import type { PaymentRequestTerms } from './messages.ts'

/** Under a tag of its own: no message for a voucher fits a request, and none for a request fits a voucher. */
export function requestTermsHashOf(terms: PaymentRequestTerms): Hash {
  return hashOf('tolem/payment-request-terms/1', terms)
}
