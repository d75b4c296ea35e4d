/**
 * A slot is one allowance of (scheme, beneficiary, period). It belongs to the beneficiary, not to the card
 * (money-rules.md, "Words"), and is consumed by tender ids, online and offline alike.
 */
import { z } from 'zod'
import { nameSchema, pseudonymSchema, uuidSchema } from './identifiers.ts'
import { tiynSchema } from './money.ts'

export const slotIdSchema = z.string().max(160)

export const slotSchema = z.strictObject({
  slotId: slotIdSchema,
  schemeId: nameSchema,
  /** Per-scheme pseudonym: the same child has another one in another scheme. */
  beneficiary: pseudonymSchema,
  periodId: z.string(),
  countAllowed: z.int().min(0),
  amountAllowed: tiynSchema,
  /** What the ledger had booked against this slot when it said so. */
  countSpent: z.int().min(0),
  amountSpent: tiynSchema,
  /** The tenders in those two figures, so that a till knows exactly which of its own are not in them yet. */
  booked: z.array(uuidSchema),
})
export type Slot = z.infer<typeof slotSchema>

/** A use of a slot that the ledger's figures in `Slot` do not contain yet. */
export const localSpendSchema = z.strictObject({ slotId: slotIdSchema, tenderId: uuidSchema, amount: tiynSchema })
export type LocalSpend = z.infer<typeof localSpendSchema>

/** The id follows from what the slot is, so that no two parties can make two slots of one allowance. */
export function slotIdOf(schemeId: string, beneficiary: string, periodId: string): string {
  return `${schemeId}/${beneficiary}/${periodId}`
}
