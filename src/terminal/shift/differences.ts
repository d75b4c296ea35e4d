/**
 * What has changed in the sales of a shift since it was closed: one entry for each sale and tender, with the row that
 * brought it. Pure. The figures at the closing and these entries give the figures of now.
 */
import type { ReturnRecord } from '../../sync/journal/returns.ts'
import type { ShiftSale } from '../../sync/journal/shifts.ts'
import type { ShiftDifference } from '../../voucher/shift-report.ts'

/**
 * Refunds that waited when the shift was closed, and have their answer.
 *
 * @param closedAt the row of the closing
 */
export function refundsAnswered(returns: readonly ReturnRecord[], closedAt: number): readonly ShiftDifference[] {
  return returns
    .flatMap(({ refunds }) => refunds)
    .flatMap(({ refundId, schemeId, state, code, amount, sequence: row, at }): ShiftDifference[] =>
      state === 'waiting' || row <= closedAt
        ? []
        : [{ kind: 'refund', refundId, schemeId, was: 'waiting', is: state, code, amount, row, at }],
    )
}

export function differencesOf(atClose: readonly ShiftSale[], now: readonly ShiftSale[]): readonly ShiftDifference[] {
  const saleThen = new Map(atClose.map((sale) => [sale.saleId, sale]))
  const tenderThen = new Map(atClose.flatMap(({ tenders }) => tenders).map((tender) => [tender.tenderId, tender]))
  const changes = now.flatMap((sale): ShiftDifference[] => {
    const { saleId, total, sequence, at } = sale
    const was = saleThen.get(saleId)?.state ?? 'open'
    const ofSale: ShiftDifference[] =
      was === sale.state ? [] : [{ kind: 'sale', saleId, was, is: sale.state, amount: total, row: sequence, at }]
    const ofTenders = sale.tenders.flatMap((tender): ShiftDifference[] => {
      const { tenderId, schemeId, state, code, amount } = tender
      const before = tenderThen.get(tenderId)
      if (before?.state === state && before.code === code) return []
      const { sequence: row, at: since } = tender
      const standing = { was: before?.state ?? null, is: state, code, amount, row, at: since }
      return [{ kind: 'tender', tenderId, saleId, schemeId, ...standing }]
    })
    return [...ofTenders, ...ofSale]
  })
  return changes.toSorted((first, second) => first.row - second.row)
}
