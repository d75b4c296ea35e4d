/**
 * Why a tap was refused, or an attempt has no result yet: one closed list for till, ledger, receipts and screens.
 * The order is the precedence: when several apply, the first is the one shown. Each has cashier text in three languages
 * (`src/terminal/ui/texts/`), and a test fails when one is missing.
 */
export const refusalCodes = [
  // The card itself
  'CARD_UNKNOWN',
  'CARD_BLOCKED',
  'CARD_AUTHENTICATION_FAILED',
  'CARD_PROOF_FORGED',
  'CARD_PROOF_REPLAYED',
  'CARD_COUNTER_WENT_BACK',
  'CARD_BINDING_MISMATCH',
  'CARD_ANSWER_MALFORMED',
  /**
   * It shows another UID at each tap (ISO/IEC 14443-3 §6.4.4: first byte 08), or, being of type B, may do so (§7.9.2):
   * nobody can say whose it is.
   */
  'CARD_RANDOM_UID',
  /** It may be an NTAG21x, which this reader can not read: it hands no command on to such a card (docs/design/24). */
  'READER_HIDES_CARD',
  /** It says that it is an NXP chip, and its originality signature or its issuer's record says otherwise. */
  'CARD_NOT_ORIGINAL',
  /** None of its schemes pays with a card of this kind. */
  'CARD_KIND_NOT_ACCEPTED',
  /** A CBDC card: it pays from its holder's account what the QR asks for, and no voucher. */
  'CARD_OF_ACCOUNT',
  /** The other way round: the card of a scheme pays no QR. */
  'CARD_OF_NO_ACCOUNT',
  /** A card of this kind proves nothing by itself: it pays with network only. */
  'CARD_ONLINE_ONLY',
  // An applet card's own word (docs/design/22-tolem-applet.md, "Status words")
  /** Not the card whose payment is to be recovered. */
  'CARD_OTHER',
  /** It has just proved that it paid a sale put aside: whether this one is for the same goods, a person knows. */
  'CARD_PAID_EARLIER',
  /** It has paid this sale already, and each of its schemes pays a sale once. */
  'CARD_PAID_ITS_PART',
  /** Its certificate, or its issuer's, is over. */
  'CARD_CERTIFICATE_ENDED',
  /** It does not take this till's certificate, and has said nothing of itself. */
  'TERMINAL_NOT_ACCEPTED',
  /** The till's time cannot be: the card knows of a later one. */
  'CARD_TIME_REFUSED',
  'CARD_PIN_BLOCKED',
  /** Its holder has not chosen one yet. */
  'CARD_PIN_NOT_SET',
  'CARD_PIN_WRONG',
  'CARD_PIN_NEEDED',
  // The terminal
  'CLOCK_NOT_TRUSTED',
  'ROLLBACK_DETECTED',
  'TERMINAL_SUSPENDED',
  'PACKAGE_MISSING',
  'PACKAGE_TOO_OLD',
  'JOURNAL_NOT_WRITABLE',
  // The entitlement
  'NO_ENTITLEMENT',
  /** In its place: the beneficiary had until then to pay once with network, and has not. */
  'ACTIVATION_LAPSED',
  /** Why it is in no lease: its first payment has to be with network. */
  'NOT_ACTIVATED',
  'CARD_NOT_IN_LEASE',
  /** In its place where the card holds the allowance itself: it has to fetch it, with network. */
  'ALLOWANCE_NOT_ON_CARD',
  'SCHEME_SUSPENDED',
  'SCHEME_ENDED',
  'MERCHANT_NOT_ALLOWED',
  'OUTSIDE_PERIOD',
  'OUTSIDE_HOURS',
  'OFFLINE_NOT_ALLOWED',
  'LEASED_ELSEWHERE',
  'LEASE_EXPIRED',
  'NOTHING_ELIGIBLE',
  'ALLOWANCE_USED',
  // The five caps
  'CAP_AGE_SINCE_SYNC',
  'CAP_COUNT_PER_BENEFICIARY',
  'CAP_PER_BENEFICIARY_AND_PERIOD',
  /** Beside them: the sum that its agency has lent this till for selling without the ledger. */
  'POOL_USED_UP',
  'CAP_TERMINAL_EXPOSURE',
  'CAP_PER_SALE',
  // The ledger's answer
  'DECISION_MISMATCH',
  'INSUFFICIENT_FUNDS',
  /** Above what one tap of a CBDC card may take, or too little money: a balance is not told by trying sums. */
  'CARD_SUM_NOT_ALLOWED',
  'REVERSED_BEFORE_ARRIVAL',
  'REVERSED',
  'EXISTS_WITH_DIFFERENT_TERMS',
  /** It answers, and opens no payment by QR for this till. */
  'QR_NOT_OPENED',
  /** Nobody paid the QR in time. */
  'QR_NOT_PAID',
  /** A QR holds a part of the sale, and this card would pay more than that leaves. */
  'QR_LEAVES_LESS',
  // A refund
  'REFUND_ORIGINAL_UNKNOWN',
  'REFUND_ORIGINAL_NOT_PAID',
  'REFUND_ABOVE_ORIGINAL',
  'LEDGER_ANSWER_MALFORMED',
  'LEDGER_UNREACHABLE',
] as const
export type RefusalCode = (typeof refusalCodes)[number]

/** The one that the cashier sees when several apply. */
export function mostTelling(codes: readonly RefusalCode[]): RefusalCode {
  const first = refusalCodes.find((code) => codes.includes(code))
  if (first === undefined) throw new Error('mostTelling needs at least one code')
  return first
}
