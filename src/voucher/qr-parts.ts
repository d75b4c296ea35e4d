/**
 * Which part of each line of a sale its payments by QR pay (docs/design/17-qr-payment.md, "Which lines it pays"). One
 * rule for the capture, from which the ledger knows the lines, and for goods that come back. Pure.
 */
import { remainderTiyn, smallestTiyn, subtractTiyn, type Tiyn } from './money.ts'
import { spreadOverLines } from './proportion.ts'
import { sumOf } from './refund.ts'
import { lineTotal, type CoveredLine, type Sale } from './sale.ts'

/**
 * Vouchers come first: a QR is spread over what they leave of each line, in proportion to it, by largest remainder. A
 * second one is spread over what the first leaves, and cash pays the rest.
 *
 * @param covered what vouchers paid
 * @param amounts of the payments by QR, in the order in which they were asked for
 * @returns of each of them the lines that it pays, by number. They add up to its amount, or to what was left if that is
 *   less.
 */
export function partsByQr(
  sale: Sale,
  covered: readonly CoveredLine[],
  amounts: readonly Tiyn[],
): readonly (readonly CoveredLine[])[] {
  let left = sale.lines.map((saleLine) => {
    const { line, itemId, category } = saleLine
    const byVouchers = sumOf(covered.filter((part) => part.line === line))
    return { line, itemId, category, amount: remainderTiyn(lineTotal(saleLine), byVouchers) }
  })
  return amounts.map((amount) => {
    const spread = spreadOverLines(smallestTiyn(amount, sumOf(left)), left)
    left = spread.map(({ of, part }) => ({ ...of, amount: subtractTiyn(of.amount, part) }))
    return spread
      .map(({ of, part }) => ({ line: of.line, amount: part }))
      .filter((part) => part.amount > 0n)
      .toSorted((a, b) => a.line - b.line)
  })
}
