/** A sale: the basket. Frozen when the first tender starts (money-rules.md, "One payment"). */
import { z } from 'zod'
import { gtinSchema, nameSchema, textsSchema, uuidSchema } from './identifiers.ts'
import { addTiyn, multiplyTiyn, tiynSchema, type Tiyn } from './money.ts'

export const saleLineSchema = z.strictObject({
  line: z.int().min(1).max(500).describe('1, 2, 3 … within the sale.'),
  itemId: nameSchema.describe('The article, by the merchant’s id.'),
  name: textsSchema,
  category: nameSchema.describe('By which schemes know what they pay for.'),
  gtin: gtinSchema.optional().describe('Where the merchant knows it.'),
  quantity: z.int().min(1).max(9_999).describe('Pieces.'),
  unitPrice: tiynSchema.describe('Of one piece, before any voucher.'),
})
export type SaleLine = z.infer<typeof saleLineSchema>

export const saleSchema = z.strictObject({
  saleId: uuidSchema,
  lines: z.array(saleLineSchema).min(1).max(500).describe('The whole basket, not only what this tender pays.'),
})
export type Sale = z.infer<typeof saleSchema>

/** What a tender already paid of a line, so that the next tender decides on the rest only. */
export const coveredLineSchema = z.strictObject({
  line: z.int().min(1).describe('Of the sale, by its number there.'),
  amount: tiynSchema,
})
export type CoveredLine = z.infer<typeof coveredLineSchema>

export function lineTotal(line: SaleLine): Tiyn {
  return multiplyTiyn(line.unitPrice, line.quantity)
}

export function saleTotal(sale: Sale): Tiyn {
  return addTiyn(...sale.lines.map(lineTotal))
}
