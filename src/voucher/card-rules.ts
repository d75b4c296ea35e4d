/**
 * With which cards a scheme pays (architecture.md, "Cards"). A card that only says who it is can be copied: `ntag21x`
 * pays with network only, whatever a scheme says; `uid` without network only under the agency's written acceptance of
 * that risk, with caps of its own (docs/design/24-card-profiles.md, ADR 33).
 */
import { z } from 'zod'
import { capsSchema, type Caps } from './caps.ts'
import { instantSchema } from './identifiers.ts'
import type { AnyScheme } from './scheme.ts'

/** Each profile's terminal side is in `cards/`. */
export const cardProfileSchema = z.enum(['uid', 'ntag21x', 'ntag424', 'tolem-applet'])
export type CardProfile = z.infer<typeof cardProfileSchema>

/** A card of these says who it is and proves nothing: whoever copies what it says is that card to every reader. */
export const identificationProfileSchema = cardProfileSchema.extract(['uid', 'ntag21x'])
export type IdentificationProfile = z.infer<typeof identificationProfileSchema>

/** Known by the UID that a reader reads; an applet card says who it is inside its channel only. */
export const uidProfileSchema = cardProfileSchema.exclude(['tolem-applet'])
export type UidProfile = z.infer<typeof uidProfileSchema>

/** What a decision's input names. */
export const decisionProfileSchema = cardProfileSchema.exclude(['ntag424'])
export type DecisionProfile = z.infer<typeof decisionProfileSchema>

export const cardRulesSchema = z.strictObject({
  accepts: z
    .array(cardProfileSchema)
    .min(1)
    .max(cardProfileSchema.options.length)
    .describe('Kinds of cards, by what they prove.'),
  /** The agency bears what copied `uid` cards take without network; absent: they pay with network only. */
  uidOffline: z
    .strictObject({
      acceptance: z.strictObject({
        words: z.string().trim().min(20).max(500).describe('In the words of whoever signs for it.'),
        by: z.string().trim().min(3).max(120).describe('Who signs for it.'),
        at: instantSchema,
      }),
      caps: capsSchema.describe(
        "In place of the scheme's own for these cards without network; none may be above its counterpart there.",
      ),
    })
    .optional(),
})
export type CardRules = z.infer<typeof cardRulesSchema>

/** Schemes that say nothing of cards, and all schemes of before, pay with cards that prove each sale. */
const withProofOnly: CardRules = { accepts: ['ntag424'] }

export function cardRulesOf(scheme: AnyScheme): CardRules {
  return ('cards' in scheme ? scheme.cards : undefined) ?? withProofOnly
}

/** Whether its cards hold the allowance and count it down themselves (docs/design/25-policy-card.md). */
export function countsOnCard({ offline }: AnyScheme): boolean {
  return offline.policy === 'card'
}

/**
 * Why scheme and cards cannot be safe together (money-rules.md, "Offline"). Asked by whatever can come last:
 * publishing, an entitlement, a member of a household, a card that is registered, issued anew or unblocked.
 * - `other_kind`: a card that does not count itself where the card is to count, or one that does where a till counts.
 * - `several_cards`: each of two cards would hold the whole allowance of one beneficiary.
 *
 * @param cards of all holders of one beneficiary, those that are not blocked; none where only the scheme is looked at
 */
export function unsafePairOf(
  scheme: AnyScheme,
  cards: readonly CardProfile[] = [],
): 'other_kind' | 'several_cards' | undefined {
  const { accepts } = cardRulesOf(scheme)
  if (accepts.some((profile) => (profile === 'tolem-applet') !== countsOnCard(scheme))) return 'other_kind'
  const counting = cards.filter((profile) => profile === 'tolem-applet')
  return countsOnCard(scheme) && counting.length > 1 ? 'several_cards' : undefined
}

/** Whether the scheme pays with such a card at all. */
export function acceptsCard(scheme: AnyScheme, profile: CardProfile): boolean {
  return cardRulesOf(scheme).accepts.includes(profile) && (profile === 'tolem-applet') === countsOnCard(scheme)
}

/** Whether the scheme, where it sells without network at all, does so with such a card. */
export function acceptsCardOffline(scheme: AnyScheme, profile: CardProfile): boolean {
  if (!acceptsCard(scheme, profile)) return false
  if (profile === 'ntag424' || profile === 'tolem-applet') return true
  return profile === 'uid' && cardRulesOf(scheme).uidOffline !== undefined
}

/** The caps under which the scheme pays with such a card. */
export function capsFor(scheme: AnyScheme, profile: CardProfile, mode: 'online' | 'offline'): Caps {
  const own = profile === 'uid' && mode === 'offline' ? cardRulesOf(scheme).uidOffline?.caps : undefined
  return own ?? scheme.caps
}

/** The card of a decision's input. */
export function profileOf(card: { readonly profile?: DecisionProfile | undefined }): CardProfile {
  return card.profile ?? 'ntag424'
}

/** As a decision's input carries it: not at all of an NTAG 424 DNA, which was the only kind at first. */
export function profileForDecision(profile: CardProfile): { readonly profile?: DecisionProfile } {
  return profile === 'ntag424' ? {} : { profile }
}
