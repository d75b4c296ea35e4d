/** What the screen shows of goods that come back, and what the cashier asks for about them. */
import { z } from 'zod'
import { instantSchema, textsSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { tiynSchema } from '../../voucher/money.ts'
import { refundReasons } from '../../voucher/refund.ts'
import { coveredLineSchema } from '../../voucher/sale.ts'

export const refundCommands = [
  /** Shows what can go back of a sale of this till. */
  z.strictObject({ command: z.literal('show_refund'), saleId: uuidSchema }),
  /** The same by its receipt: the number that stands on it, or the text of its code. */
  z.strictObject({ command: z.literal('find_receipt'), receipt: z.string().min(1).max(4_000) }),
  z.strictObject({ command: z.literal('put_refund_away') }),
  /** The goods are back: what vouchers paid of these lines goes to their schemes, the rest is given in cash. */
  z.strictObject({
    command: z.literal('refund_sale'),
    saleId: uuidSchema,
    lines: z.array(coveredLineSchema).min(1).max(500),
    reason: z.enum(refundReasons),
  }),
  /** The slip of a return: again, marked COPY, when it is on paper. */
  z.strictObject({ command: z.literal('print_refund'), returnId: uuidSchema }),
] as const

export const refundViewSchema = z.strictObject({
  saleId: uuidSchema,
  /** As it stands on the receipt. */
  number: z.string(),
  at: instantSchema,
  total: tiynSchema,
  /** Why not all of it can go back now. */
  obstacles: z.array(z.enum(['refund_not_settled', 'refund_not_paid', 'no_ledger'])),
  lines: z.array(
    z.strictObject({
      line: z.int(),
      name: textsSchema,
      quantity: z.int(),
      unitPrice: tiynSchema,
      total: tiynSchema,
      /** What can still go back: first to vouchers, then in cash. */
      voucherLeft: tiynSchema,
      cashLeft: tiynSchema,
    }),
  ),
  /** Oldest first. */
  returns: z.array(
    z.strictObject({
      returnId: uuidSchema,
      at: instantSchema,
      cash: tiynSchema,
      refunds: z.array(
        z.strictObject({
          refundId: uuidSchema,
          schemeName: textsSchema,
          amount: tiynSchema,
          state: z.enum(['waiting', 'parked', 'done', 'refused']),
          /** Why it was refused or set aside. */
          code: z.string().nullable(),
        }),
      ),
      printed: z.enum(['none', 'waiting', 'printed']),
    }),
  ),
})
export type RefundView = z.infer<typeof refundViewSchema>
