/** Debits of which this till hears after it has gone on without them. */
import { addTiyn, type Tiyn } from '../../voucher/money.ts'
import { saleTotal } from '../../voucher/sale.ts'
import type { Journal, TenderRecord } from './journal.ts'
import { isPaid, undecidedStates } from './projection.ts'

/**
 * Whether a sale still has room for what a card has paid of it: it is open, and neither what is paid nor what may be
 * (a QR that is being asked about, another torn card) stands in its place. What has no room goes back to the card
 * (money-rules.md, "One payment": a sale's tenders add up to its total).
 */
export function isWanted(journal: Journal, { tenderId, saleId, amount }: TenderRecord): boolean {
  const sale = journal.sale(saleId)
  if (sale?.state !== 'open') return false
  const others = journal
    .tendersOfSale(saleId)
    .filter((other) => other.tenderId !== tenderId && (isPaid(other) || undecidedStates.includes(other.state)))
  const taken: Tiyn = addTiyn(amount, ...others.map((other) => other.amount))
  return taken <= saleTotal(sale.sale)
}
