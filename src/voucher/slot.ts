/**
 * A slot is one allowance of (scheme, beneficiary, period). It belongs to the beneficiary, not to the card
 * (money-rules.md, "Words"), and is consumed by tender ids, online and offline alike.
 */
import { z } from 'zod'
import { nameSchema, pseudonymSchema, uuidSchema } from './identifiers.ts'
import { multiplyTiyn, tiynSchema, zeroTiyn, type Tiyn } from './money.ts'
import type { AnyScheme } from './scheme.ts'

export const slotIdSchema = z.string().max(160).describe('One allowance: `<scheme>/<beneficiary>/<period>`.')

export const slotSchema = z.strictObject({
  slotId: slotIdSchema,
  schemeId: nameSchema,
  beneficiary: pseudonymSchema.describe('Per-scheme pseudonym: the same child has another one in another scheme.'),
  periodId: z.string(),
  countAllowed: z.int().min(0).describe('How often it may pay.'),
  amountAllowed: tiynSchema.describe('How much in all.'),
  countSpent: z.int().min(0).describe('What the ledger had booked against this slot when it said so.'),
  amountSpent: tiynSchema,
  booked: z
    .array(uuidSchema)
    .describe('The tenders in those two figures, so that a till knows exactly which of its own are not in them yet.'),
})
export type Slot = z.infer<typeof slotSchema>

/** A use of a slot that the ledger's figures in `Slot` do not contain yet. */
export const localSpendSchema = z.strictObject({ slotId: slotIdSchema, tenderId: uuidSchema, amount: tiynSchema })
export type LocalSpend = z.infer<typeof localSpendSchema>

/** The id follows from what the slot is, so that no two parties can make two slots of one allowance. */
export function slotIdOf(schemeId: string, beneficiary: string, periodId: string): string {
  return `${schemeId}/${beneficiary}/${periodId}`
}

/** What a slot of this scheme allows in one period. */
export function allowanceOf({ benefit, caps }: AnyScheme): { readonly count: number; readonly amount: Tiyn } {
  return benefit.kind === 'count'
    ? { count: benefit.perPeriod, amount: multiplyTiyn(benefit.maximumPerTap, benefit.perPeriod) }
    : { count: caps.countPerBeneficiary, amount: benefit.perPeriod }
}

/** A slot of which nothing is used yet. */
export function fullSlot(scheme: AnyScheme, beneficiary: string, periodId: string): Slot {
  const allowance = allowanceOf(scheme)
  return {
    slotId: slotIdOf(scheme.schemeId, beneficiary, periodId),
    schemeId: scheme.schemeId,
    beneficiary,
    periodId,
    countAllowed: allowance.count,
    amountAllowed: allowance.amount,
    countSpent: 0,
    amountSpent: zeroTiyn,
    booked: [],
  }
}
