/**
 * The sale at the till: first a draft that may change, from its first tender on the frozen sale of the journal. Says
 * what is paid, what is covered line by line, and what is left.
 */
import type { Journal, TenderRecord } from '../../sync/journal/journal.ts'
import { isPaid, undecidedStates } from '../../sync/journal/projection.ts'
import { addTiyn, remainderTiyn, type Tiyn } from '../../voucher/money.ts'
import type { CatalogueItem } from '../../voucher/package.ts'
import { saleTotal, type CoveredLine, type Sale, type SaleLine } from '../../voucher/sale.ts'

export interface SaleStanding {
  readonly sale: Sale
  readonly frozen: boolean
  readonly total: Tiyn
  readonly paid: Tiyn
  readonly left: Tiyn
  readonly covered: readonly CoveredLine[]
  readonly paidSlots: readonly string[]
  readonly tenders: readonly TenderRecord[]
  readonly undecided: boolean
}

/** How a sale stands, by the journal where it is frozen. */
export function standingOf(journal: Journal, sale: Sale): SaleStanding {
  const frozen = journal.sale(sale.saleId) !== undefined
  const tenders = frozen ? journal.tendersOfSale(sale.saleId) : []
  const paying = tenders.filter(isPaid)
  const parts = paying
    .filter(({ kind }) => kind === 'voucher')
    .map(({ tenderId }) => journal.intentOf(tenderId).row.part)
  const total = saleTotal(sale)
  const paid = addTiyn(...paying.map((tender) => tender.amount))
  return {
    sale,
    frozen,
    total,
    paid,
    left: remainderTiyn(total, paid),
    covered: parts.flatMap(({ lines }) => lines),
    paidSlots: parts.map(({ slotId }) => slotId),
    tenders,
    undecided: tenders.some((tender) => undecidedStates.includes(tender.state)),
  }
}

/** Rings up one more of an item: on its line where it has one at the same price. */
export function withItem(sale: Sale, item: CatalogueItem): Sale {
  const same = sale.lines.find((line) => line.itemId === item.itemId && line.unitPrice === item.unitPrice)
  if (same !== undefined) return withQuantity(sale, same.line, same.quantity + 1)
  const line: SaleLine = {
    line: Math.max(0, ...sale.lines.map((existing) => existing.line)) + 1,
    itemId: item.itemId,
    name: item.name,
    category: item.category,
    ...(item.gtin === undefined ? {} : { gtin: item.gtin }),
    quantity: 1,
    unitPrice: item.unitPrice,
  }
  return { ...sale, lines: [...sale.lines, line] }
}

/** @param quantity 0 takes the line out. */
export function withQuantity(sale: Sale, line: number, quantity: number): Sale {
  const lines = sale.lines
    .map((existing) => (existing.line === line ? { ...existing, quantity } : existing))
    .filter((existing) => existing.quantity > 0)
  return { ...sale, lines }
}

/** The ledger has not said yet how a tender of this sale ended. */
export function isWaiting({ undecided, tenders }: SaleStanding): boolean {
  return undecided || tenders.some((tender) => tender.state === 'reversing')
}
