/**
 * VAT that prices include (money-rules.md, "Marked money, VAT"): the base is the full price with the agency's part;
 * rounded once per tax class of a payment, then spread over its lines by largest remainder. A voucher's payment is of
 * one scheme, so that is once per scheme and tax class.
 */
import { addTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { roundedPart, spreadOverLines } from '../../src/voucher/proportion.ts'
import type { VatRule, VatTerms } from './rule.ts'
import type { SharePart, SoldLine } from './share.ts'

/** The whole of a rate in basis points. */
const whole = 10_000n

/** @throws Error when the terms name a tax class that the rule does not have: assignments are checked */
export function vatOf(
  rule: VatRule,
  terms: VatTerms,
  lines: readonly SoldLine[],
): { readonly amount: Tiyn; readonly parts: readonly SharePart[] } {
  const classes = new Map(terms.categories.map(({ category, taxClass }) => [category, taxClass]))
  const byClass = Map.groupBy(lines, ({ category }) => classes.get(category) ?? terms.otherwise)
  const parts = [...byClass].flatMap(([taxClass, own]) => partsOf(taxClass, rateOf(rule, taxClass), own))
  return {
    amount: addTiyn(...parts.map(({ share }) => share)),
    parts: parts.toSorted((a, b) => a.line - b.line),
  }
}

function rateOf(rule: VatRule, taxClass: string): bigint {
  const found = rule.classes.find((candidate) => candidate.taxClass === taxClass)
  if (found === undefined) throw new Error(`${rule.ruleId} ${rule.version} has no tax class ${taxClass}`)
  return found.treatment === 'taxable' ? BigInt(found.basisPoints) : 0n
}

function partsOf(
  taxClass: string,
  rate: bigint,
  lines: readonly SoldLine[],
): readonly (SharePart & { readonly line: number })[] {
  const total = roundedPart(addTiyn(...lines.map(({ amount }) => amount)), rate, whole + rate)
  return spreadOverLines(total, lines).map(({ of, part }) => {
    return { line: of.line, taxClass, base: of.amount, share: part }
  })
}
