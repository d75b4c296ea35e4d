/** A payment whose card left too early, as the list of the till shows it, from the tear to its end. */
import { z } from 'zod'
import { instantSchema, textsSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { tiynSchema } from '../../voucher/money.ts'
import { tenderStateSchema } from './tender-state.ts'

export const tornRecordSchema = z.strictObject({
  tenderId: uuidSchema,
  /** The end of the sale's id, as it stands on a receipt. */
  saleNumber: z.string(),
  /** When the card left; the last time where it did so again. */
  at: instantSchema,
  amount: tiynSchema,
  schemeName: textsSchema,
  /** Of the card's pseudonym, as its receipts have them: nothing more of a card is shown. */
  cardLastFour: z.string(),
  /** Open while `torn` or `maybe_debited`; `advised` when it was given up while the card may have paid. */
  state: tenderStateSchema,
})
export type TornRecord = z.infer<typeof tornRecordSchema>
