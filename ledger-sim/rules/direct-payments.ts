/**
 * "Payment at merchant" from a person's own account without a till: a web shop, a kiosk (the report's method). The
 * rules of the merchant are applied in the same set of legs; the merchant gives back, whole or in part.
 */
import { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { nameSchema } from '../../src/voucher/identifiers.ts'
import { addTiyn, tiyn, tiynSchema, type Tiyn } from '../../src/voucher/money.ts'
import { spreadByLargestRemainder } from '../../src/voucher/proportion.ts'
import { availableIn, post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { limitFault, type LimitFault } from '../individuals/limits.ts'
import { personOfCaller } from '../individuals/people.ts'
import { netDebts } from '../payments/settlement.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { takingBack, type Progress } from './returns.ts'
import { sharesOf } from './shares.ts'

/** A line is known by its place: the first is 1. */
export const boughtLineSchema = z.strictObject({
  itemId: nameSchema.describe('The article, by the merchant’s id.'),
  category: nameSchema.describe('By which a rule finds the tax class.'),
  quantity: z.int().min(1).max(9_999).describe('Pieces.'),
  unitPrice: tiynSchema.describe('Of one piece, tax included.'),
})
export type BoughtLine = z.infer<typeof boughtLineSchema>

export interface WantedDirectPayment {
  readonly paymentId: string
  readonly payer: string
  readonly merchantId: string
  readonly amount: Tiyn
  readonly lines: readonly BoughtLine[]
}

export type DirectlyPaid =
  | { readonly kind: 'paid' }
  | { readonly kind: 'not_found'; readonly what: 'payer' | 'merchant' }
  /** The lines do not add up to the amount. */
  | { readonly kind: 'other_sum' }
  | { readonly kind: 'short' }
  | { readonly kind: 'limited'; readonly fault: LimitFault }

/** @param caller the owner of the payer's account, or the bank whose client that is */
export async function payDirectly(work: Work, caller: Caller, wanted: WantedDirectPayment): Promise<DirectlyPaid> {
  const { paymentId, payer, merchantId, amount, lines } = wanted
  if ((await personOfCaller(work, caller, payer)) === undefined) return { kind: 'not_found', what: 'payer' }
  const payeeAccount = (await findMerchant(work, merchantId))?.merchant.accountId
  if (payeeAccount === undefined) return { kind: 'not_found', what: 'merchant' }
  // In bare numbers: prices that nobody can pay are no amount at all.
  const totals = lines.map(({ quantity, unitPrice }) => unitPrice * BigInt(quantity))
  if (totals.reduce((sum, total) => sum + total, 0n) !== amount) return { kind: 'other_sum' }
  const sold = lines.map(({ itemId, category }, index) => {
    return { line: index + 1, itemId, category, amount: tiyn(totals[index] ?? 0n) }
  })
  const sale = () => Promise.resolve({ at: work.now, lines: sold })
  const available = await availableIn(work, payer)
  if (available !== null && available < amount) return { kind: 'short' }
  const fault = await limitFault(work, { accountId: payer, direction: 'outgoing', amount })
  if (fault !== undefined) return { kind: 'limited', fault }
  const shares = await sharesOf(work, { paidAs: 'direct', paymentId, payeeAccount, payer, amount, sale })
  const leg = { debit: payer, credit: payeeAccount, amount, kind: 'merchant-payment' } as const
  if ((await post(work, [leg, ...shares.legs], paymentId)).kind === 'short') return { kind: 'short' }
  await work.connection
    .insertInto('direct_payment')
    .values({
      payment_id: paymentId,
      payer,
      made_by: caller.owner,
      merchant_id: merchantId,
      payee_account: payeeAccount,
      amount,
      lines: toJson(lines),
      at: work.now,
    })
    .execute()
  await shares.keep()
  await netDebts(work, payeeAccount, shares.merchantKeeps)
  return { kind: 'paid' }
}

export interface RefundedLine {
  readonly line: number
  readonly amount: Tiyn
}

export interface WantedDirectRefund {
  readonly refundId: string
  readonly paymentId: string
  readonly amount: Tiyn
  /** Absent: the sum is spread over what is left of each line. */
  readonly lines?: readonly RefundedLine[] | undefined
}

export type DirectlyRefunded =
  | { readonly kind: 'refunded'; readonly lines: readonly RefundedLine[] }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'other_sum' }
  /** More than is left of the payment, or of one of its lines. */
  | { readonly kind: 'above_original' }
  /** The merchant has not got it. */
  | { readonly kind: 'short' }

/** @param merchantId who gives back: the merchant that was paid, to others there is no such payment */
export async function refundDirectly(
  work: Work,
  merchantId: string,
  wanted: WantedDirectRefund,
): Promise<DirectlyRefunded> {
  const { refundId, paymentId, amount } = wanted
  const payment = await storedPayment(work, paymentId)
  if (payment?.merchantId !== merchantId) return { kind: 'not_found' }
  if (wanted.lines !== undefined && sumOf(wanted.lines) !== amount) return { kind: 'other_sum' }
  const left = await leftOf(work, payment)
  if (amount > sumOf(left)) return { kind: 'above_original' }
  const lines = wanted.lines ?? spreadOver(amount, left)
  const progress = progressOf(payment, left, lines)
  if (progress === undefined) return { kind: 'above_original' }
  const { payer, payeeAccount, amount: paid } = payment
  const ids = { paidAs: 'direct', paymentId, returnedAs: 'refund', returnId: refundId } as const
  const taking = await takingBack(work, { ...ids, payeeAccount, paid, progress })
  const leg = { debit: payeeAccount, credit: payer, amount, kind: 'merchant-refund' } as const
  if ((await taking.post([leg])).kind === 'short') return { kind: 'short' }
  await work.connection
    .insertInto('direct_refund')
    .values({ refund_id: refundId, payment_id: paymentId, amount, lines: toJson(lines), at: work.now })
    .execute()
  return { kind: 'refunded', lines }
}

export interface StoredPayment {
  readonly paymentId: string
  readonly payer: string
  readonly madeBy: string
  readonly merchantId: string
  readonly payeeAccount: string
  readonly amount: Tiyn
  readonly lines: readonly BoughtLine[]
  readonly at: number
}

export async function storedPayment({ connection }: Work, paymentId: string): Promise<StoredPayment | undefined> {
  const row = await connection
    .selectFrom('direct_payment')
    .selectAll()
    .where('payment_id', '=', paymentId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    paymentId,
    payer: row.payer,
    madeBy: row.made_by,
    merchantId: row.merchant_id,
    payeeAccount: row.payee_account,
    amount: tiyn(row.amount),
    lines: z.array(boughtLineSchema).parse(JSON.parse(row.lines)),
    at: Number(row.at),
  }
}

const refundedLinesSchema = z.array(z.strictObject({ line: z.int(), amount: tiynSchema }))

/** What has not been refunded of each line. */
export async function leftOf({ connection }: Work, payment: StoredPayment): Promise<readonly RefundedLine[]> {
  const rows = await connection
    .selectFrom('direct_refund')
    .select('lines')
    .where('payment_id', '=', payment.paymentId)
    .execute()
  const before = sumsByLine(rows.flatMap((row) => refundedLinesSchema.parse(JSON.parse(row.lines))))
  return payment.lines.map((line, index) => {
    return { line: index + 1, amount: tiyn(totalOf(line) - (before.get(index + 1) ?? 0n)) }
  })
}

function spreadOver(amount: Tiyn, left: readonly RefundedLine[]): readonly RefundedLine[] {
  const parts = spreadByLargestRemainder(
    amount,
    left.map((line) => line.amount),
  )
  return left.map(({ line }, index) => ({ line, amount: tiyn(parts[index] ?? 0n) })).filter((line) => line.amount > 0n)
}

/** @returns undefined when a line would give back more than is left of it; of one that is named twice its sum counts */
function progressOf(
  payment: StoredPayment,
  left: readonly RefundedLine[],
  lines: readonly RefundedLine[],
): Progress | undefined {
  const wanted = sumsByLine(lines)
  const room = sumsByLine(left)
  if ([...wanted].some(([line, sum]) => sum > (room.get(line) ?? 0n))) return undefined
  const byLine = new Map<number, bigint>()
  for (const [index, bought] of payment.lines.entries()) {
    const line = index + 1
    byLine.set(line, totalOf(bought) - (room.get(line) ?? 0n) + (wanted.get(line) ?? 0n))
  }
  return { byLine, amount: [...byLine.values()].reduce((sum, part) => sum + part, 0n) }
}

function totalOf({ quantity, unitPrice }: BoughtLine): bigint {
  return unitPrice * BigInt(quantity)
}

function sumOf(lines: readonly RefundedLine[]): Tiyn {
  return addTiyn(...lines.map(({ amount }) => amount))
}

function sumsByLine(lines: readonly RefundedLine[]): ReadonlyMap<number, bigint> {
  const sums = new Map<number, bigint>()
  for (const { line, amount } of lines) sums.set(line, (sums.get(line) ?? 0n) + amount)
  return sums
}
