/**
 * VAT and cashback as pure functions (money-rules.md, "Marked money, VAT"; docs/design/19-rules.md).
 *
 * Method: random baskets, tax classes and refunds against exact rational arithmetic of the test's own: what is rounded
 * is held against the two halves that it lies between, never against another rounding. `TOLEM_SEED` repeats a run.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { roundedPart, spreadByLargestRemainder } from '../../../src/voucher/proportion.ts'
import { returnedBy } from '../../../ledger-sim/rules/returns.ts'
import type { VatRule, VatTerms } from '../../../ledger-sim/rules/rule.ts'
import type { SharePart, SoldLine } from '../../../ledger-sim/rules/share.ts'
import { split } from '../../../ledger-sim/rules/split.ts'
import { tiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import { cashbackRule, vatRule } from '../../integration/ledger/rules-world.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? Date.now() % 2 ** 31)
const holds = <Values extends [unknown, ...unknown[]]>(property: fc.IProperty<Values>): void =>
  fc.assert(property, { seed, numRuns: 200 })

const classNames = ['high', 'low', 'zero', 'free'] as const
const rates = fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 3_000 }))
const ruleOf = ([high, low]: readonly [number, number]): VatRule =>
  vatRule(1, {
    classes: [
      { taxClass: 'high', treatment: 'taxable', basisPoints: high },
      { taxClass: 'low', treatment: 'taxable', basisPoints: low },
      { taxClass: 'zero', treatment: 'zero-rated' },
      { taxClass: 'free', treatment: 'exempt' },
    ],
  })
/** Categories are named as their classes; `unlisted` is in the high one. */
const terms: VatTerms = {
  kind: 'vat',
  categories: classNames.map((name) => ({ category: name, taxClass: name })),
  otherwise: 'high',
}
const amounts = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 10n ** 12n }))
const basket = fc
  .array(
    fc.record({
      category: fc.constantFrom(...classNames, 'unlisted'),
      itemId: fc.constantFrom('apple', 'pear'),
      amount: amounts,
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((lines): SoldLine[] => lines.map((line, index) => ({ ...line, amount: tiyn(line.amount), line: index + 1 })))

function vat(rule: VatRule, lines: readonly SoldLine[]) {
  const amount = tiyn(lines.reduce((sum, line) => sum + line.amount, 0n))
  const share = split({ rule, terms, lines, amount, at: rule.from, givenBefore: zeroTiyn })
  if (share.outcome !== 'split') throw new Error(share.outcome)
  return share
}

/** `value` is the whole number next to `numerator ÷ denominator`; the upper one where both are. */
function expectNearest(value: bigint, numerator: bigint, denominator: bigint): void {
  expect((2n * value - 1n) * denominator <= 2n * numerator).toBe(true)
  expect(2n * numerator < (2n * value + 1n) * denominator).toBe(true)
}

const sumOf = (parts: readonly SharePart[], of: 'share' | 'base'): bigint =>
  parts.reduce((sum, part) => sum + part[of], 0n)

describe('the tax of a payment', () => {
  test('is the sum over its classes, each the whole tiyn next to base × rate ÷ (1 + rate)', () => {
    holds(
      fc.property(rates, basket, (of, lines) => {
        const rule = ruleOf(of)
        const { amount, parts } = vat(rule, lines)
        const rateBy: Record<string, bigint> = { high: BigInt(of[0]), low: BigInt(of[1]), zero: 0n, free: 0n }
        let total = 0n
        for (const [taxClass, own] of Map.groupBy(parts, (part) => part.taxClass ?? '')) {
          const rate = rateBy[taxClass] ?? -1n
          expectNearest(sumOf(own, 'share'), sumOf(own, 'base') * rate, 10_000n + rate)
          total += sumOf(own, 'share')
        }
        expect(total).toBe(amount)
        expect(sumOf(parts, 'base')).toBe(lines.reduce((sum, line) => sum + line.amount, 0n))
      }),
    )
  })

  test('is never negative, never above its line, and spread by the largest remainder', () => {
    holds(
      fc.property(rates, basket, (of, lines) => {
        const { parts } = vat(ruleOf(of), lines)
        expect(parts.map(({ line }) => line)).toEqual(lines.map(({ line }) => line))
        for (const own of Map.groupBy(parts, ({ taxClass }) => taxClass).values()) {
          const [tax, base] = [sumOf(own, 'share'), sumOf(own, 'base')]
          for (const { share, base: paid } of own) {
            expect(share >= 0n && share <= paid).toBe(true)
            // Less than one tiyn from its exact part.
            const difference = share * base - tax * paid
            expect(base === 0n || (difference < base && -difference < base)).toBe(true)
          }
          const remainder = ({ base: paid }: SharePart): bigint => (base === 0n ? 0n : (tax * paid) % base)
          const isRaised = ({ share, base: paid }: SharePart): boolean => base > 0n && share > (tax * paid) / base
          const raised = own.filter(isRaised).map(remainder)
          const rest = own.filter((part) => !isRaised(part)).map(remainder)
          for (const one of raised) for (const other of rest) expect(one >= other).toBe(true)
        }
      }),
    )
  })

  test('does not depend on the order or the numbers of the lines', () => {
    const shuffled = basket.chain((lines) =>
      fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines, { minLength: lines.length, maxLength: lines.length })),
    )
    holds(
      fc.property(rates, shuffled, (of, [lines, others]) => {
        const rule = ruleOf(of)
        const renumbered = others.map((line, index) => ({ ...line, line: index + 1 }))
        const told = (from: readonly SoldLine[]) =>
          vat(rule, from)
            .parts.map(({ line, share }) => {
              const { category, itemId, amount } = from[(line ?? 0) - 1] as SoldLine
              return `${category} ${itemId} ${amount}: ${share}`
            })
            .toSorted()
        expect(told(renumbered)).toEqual(told(lines))
        expect(vat(rule, others)).toEqual(vat(rule, lines))
      }),
    )
  })
})

test('of two lines with the same remainder the larger has the tiyn, wherever it stands', () => {
  // 12 × 20/120 = 2; of it 9 × 2/12 and 3 × 2/12 both leave half a tiyn.
  const rule = ruleOf([2_000, 1])
  const line = (number: number, amount: bigint): SoldLine => {
    return { line: number, itemId: 'apple', category: 'high', amount: tiyn(amount) }
  }
  const sharesOf = (...lines: readonly SoldLine[]) => vat(rule, lines).parts.map(({ share }) => share)
  expect(sharesOf(line(1, 9n), line(2, 3n))).toEqual([2n, 0n])
  expect(sharesOf(line(1, 3n), line(2, 9n))).toEqual([0n, 2n])
})

describe('refunds', () => {
  const refunds = basket.chain((lines) =>
    fc.tuple(
      fc.constant(lines),
      fc.array(fc.record({ of: fc.nat(lines.length - 1), thousandth: fc.bigInt({ min: 0n, max: 1_000n }) }), {
        maxLength: 15,
      }),
    ),
  )
  test('in any parts give back of each line the tax next to its part so far, and together the whole', () => {
    holds(
      fc.property(rates, refunds, (of, [lines, parts]) => {
        const { amount, parts: shares } = vat(ruleOf(of), lines)
        const byLine = new Map<number, bigint>()
        let before = 0n
        const check = (): void => {
          const refunded = [...byLine.values()].reduce((sum, part) => sum + part, 0n)
          const back = returnedBy(shares, { byLine, amount: refunded })
          expect(back >= before && back <= amount).toBe(true)
          before = back
          for (const share of shares) {
            const part = byLine.get(share.line ?? 0) ?? 0n
            const own = returnedBy([share], { byLine, amount: refunded })
            if (share.base > 0n) expectNearest(own, share.share * part, share.base)
          }
        }
        for (const { of: index, thousandth } of parts) {
          const { line, amount: paid } = lines[index] as SoldLine
          const left = paid - (byLine.get(line) ?? 0n)
          byLine.set(line, (byLine.get(line) ?? 0n) + (left * thousandth) / 1_000n)
          check()
        }
        for (const { line, amount: paid } of lines) byLine.set(line, paid)
        check()
        expect(before).toBe(amount)
      }),
    )
  })

  test('a sum that is spread over lines takes no more of one than it has', () => {
    const spread = fc
      .array(amounts, { minLength: 1, maxLength: 10 })
      .chain((weights) => fc.tuple(fc.constant(weights), fc.bigInt({ min: 0n, max: weights.reduce((a, b) => a + b) })))
    holds(
      fc.property(spread, ([weights, total]) => {
        const parts = spreadByLargestRemainder(tiyn(total), weights.map(tiyn))
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(total)
        parts.forEach((part, index) => expect(part <= (weights[index] ?? 0n)).toBe(true))
      }),
    )
  })

  test('a part is rounded half up', () => {
    holds(
      fc.property(amounts, amounts, amounts, (amount, first, second) => {
        const denominator = (first > second ? first : second) + 1n
        const numerator = first > second ? second : first
        expectNearest(roundedPart(tiyn(amount), numerator, denominator), amount * numerator, denominator)
      }),
    )
    expect(roundedPart(tiyn(1n), 1n, 2n)).toBe(1n)
    expect(() => roundedPart(tiyn(1n), 1n, 0n)).toThrow(RangeError)
  })
})

test('a cashback is never above its rate, its caps and what is left of its period', () => {
  const rule = cashbackRule()
  const from = rule.periods[0]?.from ?? 0
  holds(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.bigInt({ min: 0n, max: 200_000n }), (amount, before) => {
      const given = { rule, terms: { kind: 'cashback' as const }, lines: null, amount: tiyn(amount) }
      const share = split({ ...given, at: from, givenBefore: tiyn(before) })
      const most = [(amount * 3n) / 100n, 30_000n, before > 100_000n ? 0n : 100_000n - before]
      const least = most.reduce((a, b) => (a < b ? a : b))
      expect(share.outcome === 'split' ? share.amount : 0n).toBe(least)
      expect(split({ ...given, at: from - 1, givenBefore: zeroTiyn }).outcome).toBe('nothing')
    }),
  )
})
