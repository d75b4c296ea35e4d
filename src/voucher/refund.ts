/**
 * What can go back of a completed sale, and to which tender (money-rules.md, "Marked money", "Offline"): value of a
 * voucher to its scheme, never to cash. Of a line that a voucher and cash paid together the voucher's share goes back
 * first, so that returning goods never turns an allowance into cash sooner than it must. Pure.
 */
import { addTiyn, remainderTiyn, smallestTiyn, zeroTiyn, type Tiyn } from './money.ts'
import { lineTotal, type CoveredLine, type Sale } from './sale.ts'

/** Why goods came back, or money for them. */
export const refundReasons = ['goods_returned', 'not_as_sold', 'price_wrong'] as const

/** What one voucher tender paid, line by line. */
export interface VoucherShare {
  readonly tenderId: string
  readonly lines: readonly CoveredLine[]
}

/** What has gone back of a sale, or is on its way. */
export interface WentBack {
  readonly vouchers: readonly VoucherShare[]
  readonly cash: readonly CoveredLine[]
}

export interface RefundableLine {
  readonly line: number
  /** By voucher tender, in the order in which they paid. */
  readonly vouchers: readonly { readonly tenderId: string; readonly left: Tiyn }[]
  readonly voucherLeft: Tiyn
  readonly cashLeft: Tiyn
}

export type RefundShares = WentBack

/** What is left of each line of a sale that is paid in full. */
export function refundableLines(
  sale: Sale,
  paid: readonly VoucherShare[],
  wentBack: WentBack,
): readonly RefundableLine[] {
  const backByTender = Map.groupBy(wentBack.vouchers, ({ tenderId }) => tenderId)
  return sale.lines.map((saleLine) => {
    const { line } = saleLine
    const vouchers = paid.map(({ tenderId, lines }) => {
      const back = (backByTender.get(tenderId) ?? []).flatMap((share) => share.lines)
      return { tenderId, left: remainderTiyn(onLine(lines, line), onLine(back, line)) }
    })
    const byVouchers = addTiyn(...paid.map(({ lines }) => onLine(lines, line)))
    const byCash = remainderTiyn(lineTotal(saleLine), byVouchers)
    return {
      line,
      vouchers,
      voucherLeft: addTiyn(...vouchers.map(({ left }) => left)),
      cashLeft: remainderTiyn(byCash, onLine(wentBack.cash, line)),
    }
  })
}

/**
 * Splits what is to go back of some lines between the tenders that paid them.
 *
 * @param wanted each line at most once
 * @returns undefined when more is wanted of a line than is left of it
 */
export function sharesOf(
  refundable: readonly RefundableLine[],
  wanted: readonly CoveredLine[],
): RefundShares | undefined {
  const vouchers = new Map<string, CoveredLine[]>()
  const cash: CoveredLine[] = []
  for (const { line, amount } of wanted) {
    const left = refundable.find((candidate) => candidate.line === line)
    if (left === undefined || amount > left.voucherLeft + left.cashLeft) return undefined
    let open = amount
    for (const { tenderId, left: ofTender } of left.vouchers) {
      const share = smallestTiyn(open, ofTender)
      if (share === zeroTiyn) continue
      vouchers.set(tenderId, [...(vouchers.get(tenderId) ?? []), { line, amount: share }])
      open = remainderTiyn(open, share)
    }
    if (open > 0n) cash.push({ line, amount: open })
  }
  return { vouchers: [...vouchers].map(([tenderId, lines]) => ({ tenderId, lines })), cash }
}

/** The sum of all lines. */
export function sumOf(lines: readonly CoveredLine[]): Tiyn {
  return addTiyn(...lines.map(({ amount }) => amount))
}

function onLine(lines: readonly CoveredLine[], line: number): Tiyn {
  return sumOf(lines.filter((covered) => covered.line === line))
}
