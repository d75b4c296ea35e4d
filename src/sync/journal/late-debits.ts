/** Debits of which this till hears after it has gone on without them. */
import { addTiyn } from '../../voucher/money.ts'
import { lineTotal, saleTotal } from '../../voucher/sale.ts'
import type { Journal, TenderRecord } from './journal.ts'
import { isPaid, undecidedStates } from './projection.ts'

/**
 * Whether a sale still has room for what a card has paid of it: it is open, and neither what is paid nor what may be
 * (a QR that is being asked about, another torn card) stands in its place, neither of the sale nor of any of its lines:
 * a benefit pays for what it was decided on, once. What has no room goes back to the card (money-rules.md, "One
 * payment": a sale's tenders add up to its total; "The rule function": never more than a line costs).
 */
export function isWanted(journal: Journal, late: TenderRecord): boolean {
  const sale = journal.sale(late.saleId)
  if (sale?.state !== 'open') return false
  const others = journal
    .tendersOfSale(late.saleId)
    .filter((other) => other.tenderId !== late.tenderId && (isPaid(other) || undecidedStates.includes(other.state)))
  const all = [late, ...others]
  if (addTiyn(...all.map(({ amount }) => amount)) > saleTotal(sale.sale)) return false
  const covered = all
    .filter(({ kind }) => kind === 'voucher')
    .flatMap(({ tenderId }) => journal.intentOf(tenderId).row.part.lines)
  return sale.sale.lines.every((line) => {
    const paid = covered.filter((part) => part.line === line.line).map(({ amount }) => amount)
    return addTiyn(...paid) <= lineTotal(line)
  })
}
