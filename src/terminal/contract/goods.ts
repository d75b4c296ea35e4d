/** A sale that was paid while nobody saw it at the till: its customer may have left with the goods, or without. */
import { z } from 'zod'
import { instantSchema, textsSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { tiynSchema } from '../../voucher/money.ts'

/** money-rules.md, "Journal": after RECOVER "the cashier answers whether the goods were given". */
export const goodsQuestionSchema = z.strictObject({
  saleId: uuidSchema,
  /** The end of the sale's id, as it stands on its receipt. */
  saleNumber: z.string(),
  /** When it was paid. */
  at: instantSchema,
  total: tiynSchema,
  /** The names of its lines: by them and the sum a cashier knows it. */
  goods: z.array(textsSchema),
  /** How what was paid goes back, where they were not: in its own shift, later, or there is nothing that could. */
  back: z.enum(['void', 'refund', 'nothing']),
})
export type GoodsQuestion = z.infer<typeof goodsQuestionSchema>

export const goodsCommands = [
  z.strictObject({ command: z.literal('goods_given'), saleId: uuidSchema }),
  /** Where nothing can go back. Otherwise what was paid does: `void_sale`, `refund_sale`. */
  z.strictObject({ command: z.literal('goods_not_given'), saleId: uuidSchema }),
] as const
