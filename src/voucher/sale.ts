/** A sale: the basket. Frozen when the first tender starts (money-rules.md, "One payment"). */
import { z } from 'zod'
import { gtinSchema, nameSchema, textsSchema, uuidSchema } from './identifiers.ts'
import { addTiyn, multiplyTiyn, tiynSchema, type Tiyn } from './money.ts'

export const saleLineSchema = z.strictObject({
  /** 1, 2, 3 … within the sale. */
  line: z.int().min(1).max(500),
  itemId: nameSchema,
  name: textsSchema,
  category: nameSchema,
  /** Where the merchant knows it. */
  gtin: gtinSchema.optional(),
  quantity: z.int().min(1).max(9_999),
  unitPrice: tiynSchema,
})
export type SaleLine = z.infer<typeof saleLineSchema>

export const saleSchema = z.strictObject({ saleId: uuidSchema, lines: z.array(saleLineSchema).min(1).max(500) })
export type Sale = z.infer<typeof saleSchema>

/** What a tender already paid of a line, so that the next tender decides on the rest only. */
export const coveredLineSchema = z.strictObject({ line: z.int().min(1), amount: tiynSchema })
export type CoveredLine = z.infer<typeof coveredLineSchema>

export function lineTotal(line: SaleLine): Tiyn {
  return multiplyTiyn(line.unitPrice, line.quantity)
}

export function saleTotal(sale: Sale): Tiyn {
  return addTiyn(...sale.lines.map(lineTotal))
}
