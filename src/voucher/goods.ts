/**
 * What a scheme pays for which goods, as data: an ordered list of rules, of which the first that names a line's goods
 * holds for that line. So an exclusion is a rule that pays nothing and stands before the one it takes from, and goods
 * that no rule names are not the scheme's.
 */
import { z } from 'zod'
import { gtinSchema, nameSchema } from './identifiers.ts'
import {
  addTiyn,
  positiveTiynSchema,
  remainderTiyn,
  smallestTiyn,
  tiyn,
  tiynMax,
  zeroTiyn,
  type Tiyn,
} from './money.ts'
import { ascending, roundedPart, spreadByLargestRemainder } from './proportion.ts'
import { lineTotal, type SaleLine } from './sale.ts'

const tiynPerTenge = 100n

/** What the scheme pays of what is still due for a line. */
export const paysSchema = z.discriminatedUnion('kind', [
  /** These goods are excluded. */
  z.strictObject({ kind: z.literal('nothing') }),
  z.strictObject({ kind: z.literal('whole') }),
  /** At most so much for a unit; what is dearer stays for another tender. */
  z.strictObject({ kind: z.literal('up_to'), perUnit: positiveTiynSchema.describe('The most for a unit.') }),
  /** A discount; or, seen from the other side, a co-payment of the rest. Rounded half up, once for all its lines. */
  z.strictObject({
    kind: z.literal('percent'),
    percent: z.int().min(1).max(99).describe('Of what is still due.'),
    roundedTo: z.enum(['tiyn', 'tenge']).describe('Half up, once for all its lines.'),
  }),
  /** A capped price: the customer pays up to so much for a unit, the agency the difference to the merchant's price. */
  z.strictObject({
    kind: z.literal('above'),
    perUnit: positiveTiynSchema.describe('What the customer pays for a unit.'),
  }),
])
export type Pays = z.infer<typeof paysSchema>

export const goodsRuleSchema = z.strictObject({
  goods: z.discriminatedUnion('by', [
    z.strictObject({
      by: z.literal('category'),
      categories: z.array(nameSchema).min(1).max(200).describe('Any of these, by the merchants’ ids.'),
    }),
    z.strictObject({
      by: z.literal('gtin'),
      gtins: z.array(gtinSchema).min(1).max(10_000).describe('Any of these articles.'),
    }),
  ]),
  unitsPerPiece: z
    .int()
    .min(1)
    .max(1_000)
    .describe('How many units one piece of these goods is, for amounts per unit: 6 for a pack of six.'),
  pays: paysSchema.describe(
    'What of what is still due: `nothing`, the `whole`, `up_to` a price, a `percent`, what is `above` a price.',
  ),
})
export type GoodsRule = z.infer<typeof goodsRuleSchema>

/** What one line of the sale still needs, after earlier tenders and schemes. */
export interface DueLine {
  readonly line: SaleLine
  readonly due: Tiyn
}

/** What of it one scheme would pay if its allowance had no end. */
export interface EligibleLine extends DueLine {
  readonly eligible: Tiyn
}

/** The rule that holds for a line; undefined when the scheme does not name its goods. */
export function goodsRuleOf(rules: readonly GoodsRule[], { category, gtin }: SaleLine): GoodsRule | undefined {
  const { categories, gtins } = indexOf(rules)
  const byCategory = categories.get(category) ?? rules.length
  const byArticle = gtin === undefined ? rules.length : (gtins.get(gtin) ?? rules.length)
  return rules[Math.min(byCategory, byArticle)]
}

/** By what goods are named, the place of the first rule that names them. */
interface GoodsIndex {
  readonly categories: ReadonlyMap<string, number>
  readonly gtins: ReadonlyMap<string, number>
}

// A list of goods may be ten thousand long, and is asked about for each line of each basket.
const indexes = new WeakMap<readonly GoodsRule[], GoodsIndex>()

function indexOf(rules: readonly GoodsRule[]): GoodsIndex {
  const known = indexes.get(rules)
  if (known !== undefined) return known
  const [categories, gtins] = [new Map<string, number>(), new Map<string, number>()]
  for (const [place, { goods }] of rules.entries()) {
    const [names, index] = goods.by === 'category' ? [goods.categories, categories] : [goods.gtins, gtins]
    for (const name of names) if (!index.has(name)) index.set(name, place)
  }
  const index = { categories, gtins }
  indexes.set(rules, index)
  return index
}

/** What the scheme would pay of each line that it names. Neither order nor numbering of the lines changes a sum. */
export function eligibleLines(rules: readonly GoodsRule[], due: readonly DueLine[]): readonly EligibleLine[] {
  const named = due.flatMap((line) => {
    const rule = goodsRuleOf(rules, line.line)
    return rule === undefined ? [] : [{ rule, line }]
  })
  return [...Map.groupBy(named, ({ rule }) => rule)].flatMap(([rule, of]) =>
    eligibleUnder(
      rule,
      of.map(({ line }) => line),
    ),
  )
}

function eligibleUnder({ pays, unitsPerPiece }: GoodsRule, lines: readonly DueLine[]): readonly EligibleLine[] {
  const ofUnits = ({ line }: DueLine, perUnit: Tiyn): Tiyn => {
    const amount = perUnit * BigInt(line.quantity * unitsPerPiece)
    return tiyn(amount > tiynMax ? tiynMax : amount)
  }
  switch (pays.kind) {
    case 'nothing':
      return []
    case 'whole':
      return lines.map((line) => ({ ...line, eligible: line.due }))
    case 'up_to':
      return lines.map((line) => ({ ...line, eligible: smallestTiyn(line.due, ofUnits(line, pays.perUnit)) }))
    case 'above':
      return lines.map((line) => {
        const difference = remainderTiyn(lineTotal(line.line), ofUnits(line, pays.perUnit))
        return { ...line, eligible: smallestTiyn(line.due, difference) }
      })
    case 'percent': {
      const ordered = lines.toSorted(byGoods)
      const dues = ordered.map(({ due }) => due)
      const parts = spreadByLargestRemainder(percentOf(addTiyn(...dues), pays), dues)
      return ordered.map((line, index) => ({ ...line, eligible: parts[index] ?? zeroTiyn }))
    }
    default:
      return pays satisfies never
  }
}

function percentOf(sum: Tiyn, { percent, roundedTo }: Extract<Pays, { kind: 'percent' }>): Tiyn {
  if (roundedTo === 'tiyn') return roundedPart(sum, BigInt(percent), 100n)
  const tenge = roundedPart(sum, BigInt(percent), 100n * tiynPerTenge)
  return smallestTiyn(sum, tiyn(tenge * tiynPerTenge))
}

/**
 * By everything that a rule of a later scheme could ask about, and only then by number: of two lines that compare equal
 * but for their number, it is the same to everybody which comes first.
 */
export function byGoods(first: DueLine, second: DueLine): number {
  return (
    ascending(first.line.category, second.line.category) ||
    ascending(first.line.gtin ?? '', second.line.gtin ?? '') ||
    ascending(first.line.quantity, second.line.quantity) ||
    ascending(first.due, second.due) ||
    ascending(first.line.unitPrice, second.line.unitPrice) ||
    ascending(first.line.line, second.line.line)
  )
}
