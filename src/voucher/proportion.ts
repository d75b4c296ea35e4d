/** Parts of amounts in whole tiyn (money-rules.md, "Marked money, VAT": rounding, largest remainder). Exact: bigint. */
import { addTiyn, tiyn, zeroTiyn, type Tiyn } from './money.ts'

/**
 * `amount × numerator ÷ denominator`, half a tiyn up. It never falls as the numerator rises, and is the whole amount
 * when numerator and denominator are equal.
 */
export function roundedPart(amount: Tiyn, numerator: bigint, denominator: bigint): Tiyn {
  if (denominator <= 0n || numerator < 0n) throw new RangeError(`no part: ${numerator}/${denominator}`)
  return tiyn((2n * amount * numerator + denominator) / (2n * denominator))
}

/**
 * Spreads a total over weights so that the parts add up to it: each gets its whole tiyn, and those with the largest
 * remainders one more. No part is above its weight when the total is not above their sum. In the order given, which
 * decides among equal remainders.
 *
 * @throws RangeError when there is something to spread and no weight
 */
export function spreadByLargestRemainder(total: Tiyn, weights: readonly Tiyn[]): readonly Tiyn[] {
  const sum = addTiyn(...weights)
  if (sum === 0n) {
    if (total > 0n) throw new RangeError(`nothing to spread ${total} over`)
    return weights
  }
  const parts = weights.map((weight, index) => {
    const product = total * weight
    return { index, whole: product / sum, remainder: product % sum }
  })
  const missing = total - parts.reduce((found, { whole }) => found + whole, 0n)
  const raised = new Set(
    parts
      .toSorted((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
      .slice(0, Number(missing))
      .map(({ index }) => index),
  )
  return parts.map(({ index, whole }) => tiyn(raised.has(index) ? whole + 1n : whole))
}

/** A line as far as it matters to what it gets of a total. */
interface WeighedLine {
  readonly line: number
  readonly itemId: string
  readonly category: string
  /** Its weight. */
  readonly amount: Tiyn
}

/**
 * The same over lines, each weighing its amount. Among equal remainders the larger line comes first, then category and
 * item, so that the order of a basket decides nothing; the number counts only between lines that are alike.
 *
 * @throws RangeError when there is something to spread and no weight
 */
export function spreadOverLines<Line extends WeighedLine>(
  total: Tiyn,
  lines: readonly Line[],
): readonly { readonly of: Line; readonly part: Tiyn }[] {
  const ordered = lines.toSorted(byWhatIsSold)
  const parts = spreadByLargestRemainder(
    total,
    ordered.map(({ amount }) => amount),
  )
  return ordered.map((of, index) => ({ of, part: parts[index] ?? zeroTiyn }))
}

function byWhatIsSold(first: WeighedLine, second: WeighedLine): number {
  return (
    ascending(second.amount, first.amount) ||
    ascending(first.category, second.category) ||
    ascending(first.itemId, second.itemId) ||
    ascending(first.line, second.line)
  )
}

/** For sorting. */
export function ascending<Value extends bigint | number | string>(first: Value, second: Value): number {
  return first < second ? -1 : first > second ? 1 : 0
}
