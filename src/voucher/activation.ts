/**
 * An entitlement that pays nothing until its beneficiary has activated it. The act is the first payment with network:
 * the ledger hears the card's own proof of that sale, made with a key that no till holds (architecture.md, "Cards"), so
 * nobody can do it without the card.
 */
import { z } from 'zod'
import { instantSchema, nameSchema, pseudonymSchema, type Instant } from './identifiers.ts'
import type { AnyScheme } from './scheme.ts'

export const activationSchema = z.strictObject({
  by: z.literal('beneficiary'),
  until: instantSchema
    .optional()
    .describe('Who has not activated it before this moment gets nothing any more; absent for no end.'),
})
export type Activation = z.infer<typeof activationSchema>

/** Of one scheme the cards that wait for activation, so that a till without network can say why they do not pay. */
export const cardsNotActivatedSchema = z.strictObject({ schemeId: nameSchema, cards: z.array(pseudonymSchema).min(1) })
export type CardsNotActivated = z.infer<typeof cardsNotActivatedSchema>

/** What a scheme asks for, if anything. */
export function activationOf(scheme: AnyScheme): Activation | undefined {
  return 'activation' in scheme ? scheme.activation : undefined
}

/** Whether it is too late to activate an entitlement of this scheme. */
export function hasLapsed(scheme: AnyScheme, at: Instant): boolean {
  const until = activationOf(scheme)?.until
  return until !== undefined && until <= at
}

/** The schemes in which a card waits for activation, as a decision's input carries them: not at all where none does. */
export function notActivatedIn(
  { notActivated }: { readonly notActivated?: readonly CardsNotActivated[] | undefined },
  card: string,
): { readonly notActivated?: string[] } {
  const waiting = (notActivated ?? []).filter(({ cards }) => cards.includes(card)).map(({ schemeId }) => schemeId)
  return waiting.length === 0 ? {} : { notActivated: waiting }
}
