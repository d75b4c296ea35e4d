/** What `scheme-lint.ts` can find wrong with a scheme, by code; the sentences are in `scheme-lint-texts.ts`. */

export const faultCodes = [
  'RESERVED_ID',
  'PERIOD_NAMED_TWICE',
  'PERIOD_EMPTY',
  'OPENING_EMPTY',
  'OPENING_OUTSIDE_PERIOD',
  'PERIODS_OVERLAP',
  'OFFSETS_OUT_OF_ORDER',
  'GOODS_NAMED_TWICE',
  'NO_GOODS_PAID',
  /** Every merchant of the country, by a slip. */
  'WHERE_IS_EVERYWHERE',
  /** It would be paid, though somebody wants it out. */
  'MERCHANT_NAMED_AND_EXCEPTED',
  'ACTIVATION_IMPOSSIBLE',
  /** The first payment is to prove that the card has reached its holder, and such a card proves nothing. */
  'ACTIVATION_WITHOUT_PROOF',
  /** `ntag21x` in a scheme that sells without network (money-rules.md, "Offline"). */
  'CARD_NEVER_OFFLINE',
  'UID_RISK_NOT_ACCEPTED',
  'UID_CAP_ABOVE_SCHEME',
  /** Either way round (`unsafePairOf`): the card counts, or a till does. */
  'CARD_POLICY_OTHER_KIND',
  /** The ledger authorises no payment of such a card, and an authorised one is the activation. */
  'CARD_POLICY_WITH_ACTIVATION',
  /** What a card still holds of a period that is over cannot pass on before its last sale may have come. */
  'CARD_POLICY_CARRIES_OVER',
  /** Of one period: no slot could carry it. */
  'ALLOWANCE_TOO_LARGE',
  'CARRIED_OF_OTHER_KIND',
  'BRIDGE_OF_OTHER_KIND',
] as const
export type FaultCode = (typeof faultCodes)[number]

export const warningCodes = [
  'NAMES_EQUAL',
  'BENEFIT_IS_NOTHING',
  'PERIODS_ALL_PAST',
  'GAPS_BETWEEN_PERIODS',
  'NO_MERCHANTS',
  'MERCHANT_NAMED_TWICE',
  'REGION_IN_ANOTHER',
  'KIND_NAMED_TWICE',
  'ARTICLES_AFTER_CATEGORIES',
  'UNITS_WITHOUT_MEANING',
  'PERCENT_OF_COUNT',
  'DISCOUNT_WITHOUT_BOUND',
  'ACTIVATION_OVER',
  'ACTIVATION_NEVER_LAPSES',
  'CAP_IS_NOTHING',
  'PER_SALE_BELOW_TAP',
  'PER_SALE_NEVER_REACHED',
  'PERIOD_CAP_BELOW_ALLOWANCE',
  'PERIOD_CAP_NEVER_REACHED',
  'COUNT_CAP_BELOW_BENEFIT',
  'COUNT_CAP_NEVER_REACHED',
  'EXPOSURE_BELOW_TAP',
  'AGE_CAP_NEVER_REACHED',
  'NEVER_OFFLINE',
  'LOSS_WITHOUT_OFFLINE',
  'LOSS_BELOW_EXPOSURE',
  'NOTHING_CARRIED',
  'NO_PERIOD_TO_CARRY_TO',
  'CARRIED_NEVER_REACHED',
  'CARRIED_WITHOUT_USE',
  'CARRIED_CUT_BY_CAP',
  'RETURN_BEFORE_LAST_PERIOD',
  'RETURN_DATE_PAST',
  'BRIDGE_IS_NOTHING',
  'BRIDGE_NEVER_NEEDED',
  'BRIDGE_NEVER_REACHED',
] as const
export type WarningCode = (typeof warningCodes)[number]

export interface Finding<Code extends string = FaultCode | WarningCode> {
  readonly code: Code
  /** The field, from the scheme's root. */
  readonly path: readonly (string | number)[]
  /** What stands in its sentence, by name. */
  readonly values: Readonly<Record<string, string>>
}

type Path = Finding['path']
type Values = Readonly<Record<string, string | number>>

export function finding<Code extends string>(code: Code, path: Path, values: Values = {}): Finding<Code> {
  const texts = Object.entries(values).map(([name, value]) => [name, String(value)] as const)
  return { code, path, values: Object.fromEntries(texts) }
}
