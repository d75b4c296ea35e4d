/** A sale that was paid while the cashier saw another: its customer may have left with the goods, or without. */
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
  /** Of the open shift: what was paid can be taken back here. Otherwise it is refunded. */
  voidable: z.boolean(),
})
export type GoodsQuestion = z.infer<typeof goodsQuestionSchema>

export const goodsCommands = [
  /** The customer has them. Who has not is given the money back: `void_sale`, `refund_sale`. */
  z.strictObject({ command: z.literal('goods_given'), saleId: uuidSchema }),
] as const
