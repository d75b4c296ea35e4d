/**
 * What a payment by QR paid, line by line, as far as its capture proves it (docs/design/19-rules.md, "A payment by
 * QR"). A till may say anything here: what does not fit is no evidence, and the money moves all the same.
 */
import { saleHashOf } from '../../src/sync/protocol/canonical.ts'
import type { Capture } from '../../src/sync/protocol/messages.ts'
import type { SoldLine } from '../rules/share.ts'
import type { SaleSeen } from '../rules/shares.ts'
import type { Work } from '../context.ts'
import { findTender, type PaymentRequest, type Tender } from './tenders.ts'
import { voucherSaleOf } from './voucher-sale.ts'

/**
 * Without lines where the capture has none or they do not fit. The sale's time is when the till closed it: never before
 * its wallet had paid, by the ledger's own time, and never after now.
 *
 * @param tender held, since its `at`
 */
export async function qrSaleOf(
  work: Work,
  tender: Tender,
  request: PaymentRequest,
  sold: Capture['sold'],
): Promise<SaleSeen> {
  if (sold === undefined) return { at: work.now, lines: null }
  const lines =
    saleHashOf(sold.sale) === request.saleHash
      ? partsThatFit(sold, request.amount, await paidByOthers(work, tender, request.saleHash))
      : null
  return { at: Math.min(Math.max(sold.at, tender.at), work.now), lines }
}

/** What a tender paid of each line of its sale; null where nobody knows, of a receipt or an older till's QR. */
export async function paidLinesOf(work: Work, { tenderId, request }: Tender): Promise<readonly SoldLine[] | null> {
  return request === null ? (await voucherSaleOf(work, tenderId)).lines : request.paidLines
}

/** In bare numbers: prices that nobody can pay are no amount at all. */
function partsThatFit(
  { sale, paid }: NonNullable<Capture['sold']>,
  amount: bigint,
  others: ReadonlyMap<number, bigint>,
): readonly SoldLine[] | null {
  const lines = new Map(sale.lines.map((line) => [line.line, line]))
  const isEachOnce = lines.size === sale.lines.length && new Set(paid.map(({ line }) => line)).size === paid.length
  const total = paid.reduce((sum, part) => sum + part.amount, 0n)
  if (!isEachOnce || total !== amount) return null
  const parts: SoldLine[] = []
  for (const { line, amount: part } of paid) {
    const of = lines.get(line)
    if (of === undefined || part + (others.get(line) ?? 0n) > of.unitPrice * BigInt(of.quantity)) return null
    parts.push({ line, itemId: of.itemId, category: of.category, amount: part })
  }
  return parts
}

/** Of each line, by other tenders of the same sale that the ledger has paid, or will pay. */
async function paidByOthers(work: Work, tender: Tender, saleHash: string): Promise<ReadonlyMap<number, bigint>> {
  const others = await work.connection
    .selectFrom('tender')
    .select('tender_id')
    .where('sale_hash', '=', saleHash)
    .where('terminal_id', '=', tender.terminalId)
    .where('tender_id', '!=', tender.tenderId)
    .where('state', 'in', ['settled', 'awaiting_funds', 'in_review'])
    .execute()
  const sums = new Map<number, bigint>()
  for (const { tender_id: tenderId } of others) {
    const other = await findTender(work, tenderId)
    const lines = other === undefined ? null : await paidLinesOf(work, other)
    for (const { line, amount } of lines ?? []) sums.set(line, (sums.get(line) ?? 0n) + amount)
  }
  return sums
}
