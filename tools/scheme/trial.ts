/**
 * A basket tried on schemes as if one card carried them all: the rule function decides, and for every line it is said
 * what each scheme pays of it, by which rule, and why something is left.
 */
import { acceptsCard, cardProfileSchema, profileForDecision, type CardProfile } from '../../src/voucher/card-rules.ts'
import { decide, engineVersion, type DecisionInput, type DecisionPart } from '../../src/voucher/decide.ts'
import { goodsRuleOf } from '../../src/voucher/goods.ts'
import type { Instant } from '../../src/voucher/identifiers.ts'
import { lineOutcomes, type LineReason } from '../../src/voucher/line-outcomes.ts'
import { addTiyn, remainderTiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import { lineTotal, saleTotal, type CoveredLine, type SaleLine } from '../../src/voucher/sale.ts'
import { periodAt, type Scheme } from '../../src/voucher/scheme.ts'
import { fullSlot } from '../../src/voucher/slot.ts'
import { isMerchantIn, placeForDecision, placeOf, type MerchantPlace } from '../../src/voucher/where.ts'

export interface PaidOfLine {
  readonly schemeId: string
  /** Counted from 1, as the explanation counts; null when no rule names the goods. */
  readonly rule: number | null
  readonly amount: Tiyn
}

export interface TriedLine {
  readonly line: SaleLine
  readonly total: Tiyn
  readonly schemes: readonly PaidOfLine[]
  readonly left: Tiyn
  /** Why something is left, as the till says it; null where nothing is, or where no scheme pays for anything. */
  readonly why: LineReason | null
}

export interface TriedScheme {
  readonly schemeId: string
  /** What it pays, from which period, and what it leaves; or why it refuses. */
  readonly verdict:
    | Pick<DecisionPart, 'amount' | 'periodId' | 'countLeft' | 'amountLeft' | 'reducedBy'>
    | { readonly refusal: RefusalCode }
}

/** Who sells, and what its bank says of where it is and what it deals in. */
export interface TriedMerchant {
  readonly merchantId: string
  readonly place: MerchantPlace
}

export interface Trial extends TriedMerchant {
  /** The kind of card with which most of the schemes pay. */
  readonly profile: CardProfile
  readonly at: Instant
  readonly total: Tiyn
  /** In the order in which they pay. */
  readonly schemes: readonly TriedScheme[]
  readonly lines: readonly TriedLine[]
  readonly left: Tiyn
}

const card = 'c0'.repeat(16)
const beneficiary = 'be'.repeat(16)
const saleId = '019aaf6e-0000-7000-8000-000000000000'

/** The middle of the first hours in which the first scheme is open. */
export function firstOpening([scheme]: readonly Scheme[]): Instant {
  const openings = scheme?.periods.flatMap((period) => period.openings) ?? []
  const [first] = openings.toSorted((a, b) => a.from - b.from)
  if (first === undefined) throw new Error('a scheme has a period, and a period an opening')
  return Math.floor((first.from + first.to) / 2)
}

/**
 * Where most of them pay; of several, the one that is named first. Beside the merchants by name there is one in each
 * region and of each kind.
 */
export function merchantOfMost(schemes: readonly Scheme[]): TriedMerchant {
  const named = schemes.flatMap(({ merchants }) => merchants.map((merchantId) => ({ merchantId, place: {} })))
  const unnamed = placesOf(schemes).map((place) => ({ merchantId: 'no-merchant', place }))
  const count = ({ merchantId, place }: TriedMerchant) =>
    schemes.filter((scheme) => isMerchantIn(scheme, merchantId, place)).length
  return [...named, ...unnamed].reduce((most, one) => (count(one) > count(most) ? one : most))
}

/** Of several, the one that proves more. */
function profileOfMost(schemes: readonly Scheme[]): CardProfile {
  const count = (profile: CardProfile) => schemes.filter((scheme) => acceptsCard(scheme, profile)).length
  return cardProfileSchema.options.reduce((most, one) => (count(one) >= count(most) ? one : most))
}

/** Every region with every kind, and neither. */
function placesOf(schemes: readonly Scheme[]): readonly MerchantPlace[] {
  const regions = [undefined, ...new Set(schemes.flatMap(({ where }) => where?.regions ?? []))]
  const kinds = [undefined, ...new Set(schemes.flatMap(({ where }) => where?.kinds ?? []))]
  return regions.flatMap((region) => kinds.map((kind) => placeOf({ region, kind })))
}

/** Online, at the merchant, for a beneficiary who has used nothing in the period of that instant. */
export function tryOut(
  schemes: readonly Scheme[],
  lines: readonly SaleLine[],
  { at, merchantId, place }: { readonly at: Instant } & TriedMerchant,
): Trial {
  const profile = profileOfMost(schemes)
  const sale = { saleId, lines: [...lines] }
  const input: Omit<DecisionInput, 'schemes' | 'slots' | 'covered'> = {
    engineVersion,
    mode: 'online',
    trustedTime: at,
    merchantId,
    ...placeForDecision(place),
    card: { card, blocked: false, ...profileForDecision(profile) },
    localSpends: [],
    leases: [],
    terminal: { clockTrusted: true, packageIssuedAt: at, lastSyncAt: at, exposure: [] },
    sale,
  }
  // Outside of all periods any slot will do: the rule function says so before it looks at the slot.
  const slotOf = (scheme: Scheme) =>
    fullSlot(scheme, beneficiary, (periodAt(scheme, at) ?? scheme.periods[0])?.periodId ?? '')
  const ofCard: DecisionInput = { ...input, schemes: [...schemes], slots: schemes.map(slotOf), covered: [] }
  const decision = decide(ofCard)
  const parts = decision.verdict === 'approve' ? decision.parts : []
  const outcomes = decision.verdict === 'approve' ? lineOutcomes(ofCard, decision) : []

  const ordered = schemes.toSorted((a, b) => a.order - b.order || (a.schemeId < b.schemeId ? -1 : 1))
  const covered: CoveredLine[] = []
  const verdicts = ordered.map((scheme): TriedScheme => {
    const { schemeId } = scheme
    const part = parts.find((one) => one.schemeId === schemeId)
    if (part !== undefined) {
      covered.push(...part.lines)
      return { schemeId, verdict: verdictOf(part) }
    }
    // Where others pay, the verdict does not say why this one does not: alone on what they leave, it is asked again.
    const alone = decide({ ...input, schemes: [scheme], slots: [slotOf(scheme)], covered: [...covered] })
    if (alone.verdict === 'approve') throw new Error(`${schemeId} pays alone, and not beside the others`)
    return { schemeId, verdict: { refusal: alone.code } }
  })
  return {
    at,
    merchantId,
    place,
    profile,
    total: saleTotal(sale),
    schemes: verdicts,
    lines: lines.map((line) => {
      const paid = ordered.map((scheme) => paidOf(scheme, parts, line))
      return {
        line,
        total: lineTotal(line),
        schemes: paid,
        left: remainderTiyn(lineTotal(line), addTiyn(...paid.map(({ amount }) => amount))),
        why: outcomes.find((one) => one.line === line.line)?.why ?? null,
      }
    }),
    left: decision.verdict === 'approve' ? decision.leftToPay : saleTotal(sale),
  }
}

function verdictOf({ amount, periodId, countLeft, amountLeft, reducedBy }: DecisionPart) {
  return { amount, periodId, countLeft, amountLeft, reducedBy }
}

function paidOf({ schemeId, goods }: Scheme, parts: readonly DecisionPart[], line: SaleLine): PaidOfLine {
  const rule = goodsRuleOf(goods, line)
  const part = parts.find((one) => one.schemeId === schemeId)
  const amount = part?.lines.find((one) => one.line === line.line)?.amount ?? zeroTiyn
  return { schemeId, rule: rule === undefined ? null : goods.indexOf(rule) + 1, amount }
}
