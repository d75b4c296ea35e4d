/**
 * A voucher scheme as data: who pays what, where, when, and what a till may do offline. Published by an agency, carried
 * to the till inside a signed package (money-rules.md, "Offline" and "Time").
 */
import { z } from 'zod'
import { activationSchema } from './activation.ts'
import { capsSchema } from './caps.ts'
import { cardRulesSchema } from './card-rules.ts'
import { goodsRuleSchema, type GoodsRule } from './goods.ts'
import { instantSchema, nameSchema, textsSchema } from './identifiers.ts'
import { tiynSchema } from './money.ts'
import { whereSchema } from './where.ts'

/** A period in which an allowance may be used, with the hours in which the scheme is open, as UTC instants. */
export const schemePeriodSchema = z.strictObject({
  periodId: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,32}$/)
    .describe('Readable, unique within the scheme: `2026-11-23` for a day, `2026-11` for a month.'),
  from: instantSchema.describe('The first moment that is in it, ms since 1970.'),
  to: instantSchema.describe('The first moment that is not, ms since 1970.'),
  openings: z
    .array(z.strictObject({ from: instantSchema, to: instantSchema }))
    .min(1)
    .describe('When it pays within the period; `to` is the first moment at which it does not.'),
})
export type SchemePeriod = z.infer<typeof schemePeriodSchema>

export const benefitSchema = z.discriminatedUnion('kind', [
  /** So many taps in a period, each up to an amount: "one lunch per school day, up to 1 200 ₸". */
  z.strictObject({
    kind: z.literal('count'),
    perPeriod: z.int().min(1).max(100).describe('How many taps.'),
    maximumPerTap: tiynSchema,
  }),
  /** An amount per period, in as many taps as wanted. */
  z.strictObject({ kind: z.literal('amount'), perPeriod: tiynSchema }),
])
export type Benefit = z.infer<typeof benefitSchema>

/** A part of an allowance, counted as the benefit counts. */
const partOfAllowanceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('count'), count: z.int().min(0).max(100) }),
  z.strictObject({ kind: z.literal('amount'), amount: tiynSchema }),
])
export type PartOfAllowance = z.infer<typeof partOfAllowanceSchema>

/** What becomes of an allowance, or of the money for it, that is not used (docs/design/21-unused-allowances.md). */
export const unusedSchema = z.discriminatedUnion('kind', [
  /** It is lost with the end of its period; the money stays marked for the scheme. */
  z.strictObject({ kind: z.literal('lapses') }),
  /** It passes on to the next period, up to a cap of the benefit's own kind; what was carried is not carried again. */
  z.strictObject({ kind: z.literal('carries_over'), atMost: partOfAllowanceSchema }),
  /** What of the scheme's money is neither spent nor promised by then goes back to the agency's free account. */
  z.strictObject({ kind: z.literal('returns'), by: instantSchema }),
])
export type Unused = z.infer<typeof unusedSchema>

/** How many periods a scheme may have. */
export const periodsMost = 400

const offlineTerms = {
  allowedPolicyAgeMs: z.int().min(0).describe(`How old the till's package may be before the merchant bears the loss.`),
  lossBearer: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('agency'),
        upTo: tiynSchema.describe('In all; above it, the merchant bears it.'),
      }),
      z.strictObject({ kind: z.literal('merchant') }),
    ])
    .describe('Who bears a sale without network that nothing covers.'),
}

const terms = {
  schemeId: nameSchema.describe('The scheme, by an id that its agency gives it: one on the whole platform.'),
  version: z.int().min(1).describe('The first is 1, each later one rises by one.'),
  agencyId: nameSchema.describe('Whose money it pays: the name of the agency.'),
  name: textsSchema,
  status: z.enum(['active', 'suspended', 'ended']).describe('It pays while it is `active`.'),
  benefit: benefitSchema.describe('What a beneficiary may receive in each period.'),
  periods: z.array(schemePeriodSchema).min(1).max(periodsMost).describe('When an allowance may be used.'),
  merchants: z.array(nameSchema).describe('Where it pays, by name.'),
  caps: capsSchema.describe('The most, whatever the benefit says.'),
  offline: z.discriminatedUnion('policy', [
    z.strictObject({ policy: z.enum(['deny', 'lease-listed', 'lease-pool']), ...offlineTerms }),
    /** The card holds the allowance and counts it down, with network too (docs/design/25-policy-card.md). */
    z.strictObject({
      policy: z.literal('card'),
      pinAbove: tiynSchema.nullable().describe("A payment above it needs the holder's PIN; null: none ever does."),
      ...offlineTerms,
    }),
  ]),
  order: z.int().describe('Lower pays first when one card carries several schemes.'),
}

/** A name of the IANA time zone database, in its own spelling. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .regex(/^[A-Z][A-Za-z_]+(\/[A-Za-z0-9_+-]+)*$/)
  .describe('Of the IANA time zone database: `Asia/Almaty`.')

export const schemeSchema = z.strictObject({
  ...terms,
  /**
   * What the clocks showed where the periods were computed from a calendar: for people who read or check them.
   * `decide()` knows instants only. Absent where nobody said it, and from all schemes of before.
   */
  localTime: z
    .strictObject({
      timeZone: timeZoneSchema,
      /** In the order of time; the first one holds before it too. */
      offsets: z
        .array(
          z.strictObject({
            from: instantSchema,
            utcOffsetMinutes: z.int().min(-1_440).max(1_440).describe('East of Greenwich.'),
          }),
        )
        .min(1)
        .max(1_000),
    })
    .optional(),
  goods: z
    .array(goodsRuleSchema)
    .min(1)
    .max(100)
    .describe("What it pays for which goods; the first rule that names a line's goods holds."),
  unused: unusedSchema.optional().describe('Absent: it lapses, as in schemes of before.'),
  where: whereSchema.optional().describe('Where it pays beside the merchants that it names.'),
  activation: activationSchema.optional().describe('What a beneficiary has to do before it pays; absent for nothing.'),
  bridge: partOfAllowanceSchema
    .optional()
    .describe(
      'The most that the agency advances, of one allowance, to who got a card in place of another one while a ' +
        'till held that allowance (docs/adr/0029-bridge-on-reissue.md). Absent for nothing.',
    ),
  cards: cardRulesSchema.optional().describe('With which cards; absent: with `ntag424`.'),
})
export type Scheme = z.infer<typeof schemeSchema>

/** As schemes were before they had rules for goods: packages, records and ledgers of then still carry them. */
const formerSchemeSchema = z.strictObject({
  ...terms,
  categories: z.array(nameSchema).min(1),
  priceCaps: z
    .array(z.strictObject({ category: nameSchema, maximumPerUnit: tiynSchema }))
    .describe('The most that the scheme pays for one unit of a category.'),
})

/** A scheme in every form that was ever published. */
export const anySchemeSchema = z.union([schemeSchema, formerSchemeSchema])
export type AnyScheme = z.infer<typeof anySchemeSchema>

/** What a scheme pays for which goods, in whatever form it says so. */
export function goodsOf(scheme: AnyScheme): readonly GoodsRule[] {
  if ('goods' in scheme) return scheme.goods
  const known = formerGoods.get(scheme)
  if (known !== undefined) return known
  const rules = scheme.categories.map((category): GoodsRule => {
    const cap = scheme.priceCaps.find((candidate) => candidate.category === category)
    const pays =
      cap === undefined ? { kind: 'whole' as const } : { kind: 'up_to' as const, perUnit: cap.maximumPerUnit }
    return { goods: { by: 'category', categories: [category] }, unitsPerPiece: 1, pays }
  })
  formerGoods.set(scheme, rules)
  return rules
}

// One list for one scheme, since lists of rules are indexed by what they are (goods.ts).
const formerGoods = new WeakMap<AnyScheme, readonly GoodsRule[]>()

export function unusedOf(scheme: AnyScheme): Unused {
  return ('unused' in scheme ? scheme.unused : undefined) ?? { kind: 'lapses' }
}

export function bridgeOf(scheme: AnyScheme): PartOfAllowance | undefined {
  return 'bridge' in scheme ? scheme.bridge : undefined
}

/** The period that begins next when this one is over; undefined of the last one. */
export function periodAfter({ periods }: Pick<Scheme, 'periods'>, { to }: SchemePeriod): SchemePeriod | undefined {
  return periods
    .filter(({ from }) => from >= to)
    .reduce<SchemePeriod | undefined>(
      (first, each) => (first === undefined || each.from < first.from ? each : first),
      undefined,
    )
}

/** The period that was over last when this one began; undefined of the first one. */
export function periodBefore({ periods }: Pick<Scheme, 'periods'>, { from }: SchemePeriod): SchemePeriod | undefined {
  return periods
    .filter(({ to }) => to <= from)
    .reduce<SchemePeriod | undefined>(
      (last, each) => (last === undefined || each.to > last.to ? each : last),
      undefined,
    )
}

/** The period that contains an instant, whether or not the scheme is open at that moment. */
export function periodAt(scheme: Pick<Scheme, 'periods'>, instant: number): SchemePeriod | undefined {
  return scheme.periods.find((period) => period.from <= instant && instant < period.to)
}

export function isOpenAt(period: SchemePeriod, instant: number): boolean {
  return period.openings.some((opening) => opening.from <= instant && instant < opening.to)
}
