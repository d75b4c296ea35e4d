/** What rules pay for goods, in examples worked out by hand; the oracle of test/property/voucher takes any. */
import { describe, expect, it } from 'vitest'
import { eligibleLines, goodsRuleOf, goodsRuleSchema, type GoodsRule, type Pays } from '../../../src/voucher/goods.ts'
import { gtinSchema } from '../../../src/voucher/identifiers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { lineTotal, type SaleLine } from '../../../src/voucher/sale.ts'
import { anySchemeSchema, goodsOf } from '../../../src/voucher/scheme.ts'

const name = { kk: 'Нан', ru: 'Хлеб', en: 'Bread' }
const loaf = '04870000000012'

const line = (number: number, unitPrice: bigint, over: Partial<SaleLine> = {}): SaleLine => {
  const goods = { itemId: `item-${number}`, name, category: 'bread' }
  return { line: number, ...goods, quantity: 1, unitPrice: tiyn(unitPrice), ...over }
}
const rule = (pays: Pays, over: Partial<GoodsRule> = {}): GoodsRule => {
  return { goods: { by: 'category', categories: ['bread'] }, unitsPerPiece: 1, pays, ...over }
}
const due = (lines: readonly SaleLine[]) => lines.map((one) => ({ line: one, due: lineTotal(one) }))
const paid = (rules: readonly GoodsRule[], ...lines: readonly SaleLine[]) =>
  Object.fromEntries(eligibleLines(rules, due(lines)).map((one) => [one.line.line, one.eligible]))

describe('what a rule pays', () => {
  it('of a price limit is so much for each unit, and never more than the price', () => {
    const upTo = rule({ kind: 'up_to', perUnit: tiyn(15_000n) })
    expect(paid([upTo], line(1, 18_000n, { quantity: 2 }), line(2, 9_000n))).toEqual({ 1: 30_000n, 2: 9_000n })
    // A pack of six loaves is six units.
    expect(paid([{ ...upTo, unitsPerPiece: 6 }], line(1, 100_000n))).toEqual({ 1: 90_000n })
  })

  it('of a capped price is what the merchant takes above it', () => {
    const above = rule({ kind: 'above', perUnit: tiyn(15_000n) })
    expect(paid([above], line(1, 18_000n, { quantity: 2 }), line(2, 15_000n))).toEqual({ 1: 6_000n, 2: 0n })
    // 180 ₸ for six units of at most 150 ₸ each is below the cap.
    expect(paid([{ ...above, unitsPerPiece: 6 }], line(1, 18_000n))).toEqual({ 1: 0n })
  })

  it('of a capped price is the same whatever the customer has paid already', () => {
    const above = rule({ kind: 'above', perUnit: tiyn(15_000n) })
    const half = { line: line(1, 18_000n), due: tiyn(9_000n) }
    expect(eligibleLines([above], [half])[0]?.eligible).toBe(3_000n)
    expect(eligibleLines([above], [{ ...half, due: tiyn(2_000n) }])[0]?.eligible).toBe(2_000n)
  })

  it('of a part is rounded once for all lines, the odd tiyn to the largest remainder', () => {
    const third = rule({ kind: 'percent', percent: 33, roundedTo: 'tiyn' })
    // 33 % of 101 and 50 is 33.33 and 16.5: 49.83 in all, so 50; what is rounded down lacks .44 and .56.
    expect(paid([third], line(1, 101n), line(2, 50n))).toEqual({ 1: 33n, 2: 17n })
    expect(paid([rule({ kind: 'percent', percent: 50, roundedTo: 'tiyn' })], line(1, 1n))).toEqual({ 1: 1n })
  })

  it('of a part in whole tenge is rounded half up, and never above the price', () => {
    const tenth = rule({ kind: 'percent', percent: 10, roundedTo: 'tenge' })
    expect(paid([tenth], line(1, 18_500n))).toEqual({ 1: 1_900n })
    expect(paid([tenth], line(1, 18_499n))).toEqual({ 1: 1_800n })
    expect(paid([rule({ kind: 'percent', percent: 99, roundedTo: 'tenge' })], line(1, 60n))).toEqual({ 1: 60n })
  })

  it('of the largest amounts is exact, and no multiplication leaves them', () => {
    const most = line(1, 1_000_000_000_000_000n)
    expect(paid([rule({ kind: 'percent', percent: 99, roundedTo: 'tiyn' })], most)).toEqual({ 1: 990_000_000_000_000n })
    const upTo = rule({ kind: 'up_to', perUnit: most.unitPrice }, { unitsPerPiece: 1_000 })
    expect(paid([upTo], line(1, 5n, { quantity: 9_999 }))).toEqual({ 1: 49_995n })
  })
})

describe('which rule holds', () => {
  const article: Pick<GoodsRule, 'goods' | 'unitsPerPiece'> = { goods: { by: 'gtin', gtins: [loaf] }, unitsPerPiece: 1 }
  const whole = rule({ kind: 'whole' })

  it('is the first that names the goods: an exclusion stands before what it takes from', () => {
    const exclusion: GoodsRule = { ...article, pays: { kind: 'nothing' } }
    const [excluded, other] = [line(1, 100n, { gtin: loaf }), line(2, 200n)]
    expect(paid([exclusion, whole], excluded, other)).toEqual({ 2: 200n })
    expect(paid([whole, exclusion], excluded, other)).toEqual({ 1: 100n, 2: 200n })
  })

  it('is none for goods that are not named, by category or by article', () => {
    const byArticle: GoodsRule = { ...article, pays: { kind: 'whole' } }
    expect(goodsRuleOf([whole], line(1, 1n, { category: 'soap' }))).toBeUndefined()
    expect(goodsRuleOf([byArticle], line(1, 1n))).toBeUndefined()
    expect(goodsRuleOf([byArticle], line(1, 1n, { gtin: '00000096385074' }))).toBeUndefined()
    expect(goodsRuleOf([byArticle], line(1, 1n, { gtin: loaf }))).toBe(byArticle)
  })

  it('reads what schemes of before said by categories and price caps', () => {
    const window = { from: 0, to: 1 }
    const former = anySchemeSchema.parse({
      schemeId: 'food-a',
      version: 1,
      agencyId: 'agency-1',
      name,
      status: 'active',
      benefit: { kind: 'amount', perPeriod: '100000' },
      periods: [{ periodId: 'p', ...window, openings: [window] }],
      merchants: ['shop-1'],
      categories: ['bread', 'milk'],
      priceCaps: [{ category: 'milk', maximumPerUnit: '60000' }],
      caps: {
        perSale: '1',
        perBeneficiaryAndPeriod: '1',
        countPerBeneficiary: 1,
        terminalExposure: '1',
        ageSinceSyncMs: 0,
      },
      offline: { policy: 'deny', allowedPolicyAgeMs: 0, lossBearer: { kind: 'merchant' } },
      order: 0,
    })
    const rules = goodsOf(former)
    expect(goodsOf(former)).toBe(rules)
    const milk = line(2, 70_000n, { category: 'milk', quantity: 2 })
    expect(paid(rules, line(1, 80_000n), milk, line(3, 5n, { category: 'soap' }))).toEqual({ 1: 80_000n, 2: 120_000n })
  })
})

describe('an article number', () => {
  it.each(['04870000000012', '00000096385074', '04870000000029'])('is fourteen digits with their check: %s', (gtin) => {
    expect(gtinSchema.safeParse(gtin).success).toBe(true)
  })

  it.each(['4870000000012', '04870000000013', '04870000000021', '0487000000001x', ''])('is not "%s"', (gtin) => {
    expect(gtinSchema.safeParse(gtin).success).toBe(false)
  })

  it('stands in a rule that has at least one', () => {
    expect(
      goodsRuleSchema.safeParse({ goods: { by: 'gtin', gtins: [] }, unitsPerPiece: 1, pays: { kind: 'whole' } }),
    ).toMatchObject({ success: false })
  })
})
