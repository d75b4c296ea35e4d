/**
 * What can go back of a completed sale, and to which tender (money-rules.md, "Marked money", "Offline"): value of a
 * voucher to its scheme, never to cash. Of a line that a voucher and cash paid together the voucher's share goes back
 * first, so that returning goods never turns an allowance into cash sooner than it must; and of all lines together no
 * more cash than was taken for them. Pure.
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

/**
 * How the ledger stands to what a voucher paid when the sale was closed. `undecided`: no last word yet. `not_paid`: the
 * merchant bears it, or it was reversed since: nothing was taken from the allowance, so nothing goes back to it.
 */
export type VoucherStanding = 'settled' | 'undecided' | 'not_paid'

/** What the sale was paid with when it was closed. */
export interface SalePaid {
  readonly vouchers: readonly (VoucherShare & { readonly standing: VoucherStanding })[]
  readonly cash: Tiyn
}

/** What has gone back of a sale, or is on its way. */
export interface WentBack {
  readonly vouchers: readonly VoucherShare[]
  readonly cash: readonly CoveredLine[]
}

export interface RefundableLine {
  readonly line: number
  /** By settled voucher tender, in the order in which they paid. */
  readonly vouchers: readonly { readonly tenderId: string; readonly left: Tiyn }[]
  readonly voucherLeft: Tiyn
  readonly cashLeft: Tiyn
  /** Why a part of the line cannot go back now. */
  readonly held: Exclude<VoucherStanding, 'settled'> | null
}

export type RefundShares = WentBack

/** What is left of each line of a sale that is paid in full. */
export function refundableLines(sale: Sale, paid: SalePaid, wentBack: WentBack): readonly RefundableLine[] {
  const backByTender = Map.groupBy(wentBack.vouchers, ({ tenderId }) => tenderId)
  let cashOpen = remainderTiyn(paid.cash, sumOf(wentBack.cash))
  return sale.lines.map((saleLine) => {
    const { line } = saleLine
    const ofLine = paid.vouchers.filter(({ lines }) => onLine(lines, line) > 0n)
    const vouchers = ofLine
      .filter(({ standing }) => standing === 'settled')
      .map(({ tenderId, lines }) => {
        const back = (backByTender.get(tenderId) ?? []).flatMap((share) => share.lines)
        return { tenderId, left: remainderTiyn(onLine(lines, line), onLine(back, line)) }
      })
    const held = (['undecided', 'not_paid'] as const).find((wanted) =>
      ofLine.some(({ standing }) => standing === wanted),
    )
    const byVouchers = addTiyn(...ofLine.map(({ lines }) => onLine(lines, line)))
    const byCash = remainderTiyn(remainderTiyn(lineTotal(saleLine), byVouchers), onLine(wentBack.cash, line))
    const cash = smallestTiyn(byCash, cashOpen)
    cashOpen = remainderTiyn(cashOpen, cash)
    return {
      line,
      vouchers,
      voucherLeft: addTiyn(...vouchers.map(({ left }) => left)),
      // The voucher's share goes back first, and of that nothing is known yet.
      cashLeft: held === 'undecided' ? zeroTiyn : cash,
      held: held ?? null,
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
