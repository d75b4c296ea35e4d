/** What the cashier has chosen to take back of a sale: pieces of its lines, and why. Pure. */
import { tiyn, type Command, type RefundView, type Tiyn } from '../../contract/index.ts'

/** A wrong price is an amount, not a piece: it is put right by taking the piece back and selling it again. */
export const refundReasons = ['goods_returned', 'not_as_sold'] as const

export interface RefundChoice {
  /** The line that the keys act on, by its number as text; null before one is chosen. */
  readonly chosen: string | null
  /** Pieces to take back, by line. */
  readonly quantities: Readonly<Record<number, number>>
  readonly reason: (typeof refundReasons)[number]
}

export const nothingChosen: RefundChoice = { chosen: null, quantities: {}, reason: 'goods_returned' }

type Line = RefundView['lines'][number]

/** Pieces that can still come back; the last of them may be worth less than the others. */
export function piecesLeft({ voucherLeft, cashLeft, unitPrice }: Line): number {
  return unitPrice === 0n ? 0 : Number((voucherLeft + cashLeft + unitPrice - 1n) / unitPrice)
}

export function amountOf({ voucherLeft, cashLeft, unitPrice }: Line, quantity: number): Tiyn {
  const amount = unitPrice * BigInt(quantity)
  const left = voucherLeft + cashLeft
  return tiyn(amount < left ? amount : left)
}

/** One piece more or less of the chosen line. */
export function changedBy(refund: RefundView, choice: RefundChoice, by: 1 | -1): RefundChoice {
  const line = refund.lines.find((candidate) => String(candidate.line) === choice.chosen)
  if (line === undefined) return choice
  const quantity = Math.max(0, Math.min(piecesLeft(line), (choice.quantities[line.line] ?? 0) + by))
  return { ...choice, quantities: { ...choice.quantities, [line.line]: quantity } }
}

export interface WantedBack {
  readonly lines: readonly { readonly line: number; readonly amount: Tiyn }[]
  readonly toVouchers: Tiyn
  readonly inCash: Tiyn
}

/** Of each line the voucher's share first, as the core splits it (`src/voucher/refund.ts`). */
export function wantedOf(refund: RefundView, { quantities }: RefundChoice): WantedBack {
  const wanted = refund.lines.flatMap((line) => {
    const amount = amountOf(line, Math.min(quantities[line.line] ?? 0, piecesLeft(line)))
    return amount === 0n ? [] : [{ line, amount }]
  })
  const toVouchers = wanted.reduce((sum, { line, amount }) => sum + least(amount, line.voucherLeft), 0n)
  const all = wanted.reduce((sum, { amount }) => sum + amount, 0n)
  return {
    lines: wanted.map(({ line: { line }, amount }) => ({ line, amount })),
    toVouchers: tiyn(toVouchers),
    inCash: tiyn(all - toVouchers),
  }
}

/** Null while nothing is chosen, or it needs what is not there. */
export function refundCommand(refund: RefundView, choice: RefundChoice): Command | null {
  const { lines, toVouchers } = wantedOf(refund, choice)
  if (lines.length === 0 || (refund.obstacles.includes('no_ledger') && toVouchers > 0n)) return null
  return { command: 'refund_sale', saleId: refund.saleId, lines: [...lines], reason: choice.reason }
}

function least(first: bigint, second: bigint): bigint {
  return first < second ? first : second
}
