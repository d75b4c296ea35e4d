/**
 * A holder gets a card in place of another one (money-rules.md, "Offline": re-issue). Slots belong to the beneficiary,
 * not to the card, so that the new card has at once what no till holds, at the till that holds a slot what is left of
 * it, and elsewhere the rest when that lease closes or the till surrenders it; until then what a bridge lends of it.
 * What the former card sold is paid as if nothing had happened.
 */
import { sealNewCard } from '../leases/seal-anew.ts'
import type { Work } from '../context.ts'
import { openBridges } from './bridges.ts'
import { findCard, registerCard, setCardStatus, type CardRegistration } from './cards.ts'

export type Reissued =
  | { readonly kind: 'done'; readonly card: string; readonly arrival: 'created' | 'exists' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'exists_with_different_terms'; readonly detail: string }

/**
 * One act: the former card is blocked for good, the new one registered for the same holder, its key sealed for every
 * till that holds the holder's slots.
 *
 * @param of the new card, which may be of another profile, and the agency whose the former card is
 */
export async function reissueCard(
  work: Work,
  formerCard: string,
  of: Omit<CardRegistration, 'holder'>,
): Promise<Reissued> {
  const former = await findCard(work, formerCard)
  if (former === undefined) return { kind: 'not_found' }
  const { outcome, card } = await registerCard(work, { ...of, holder: former.holder })
  const other = (detail: string): Reissued => ({ kind: 'exists_with_different_terms', detail })
  if (outcome === 'not_own_holder') return { kind: 'not_found' }
  if (outcome === 'exists_with_different_terms')
    return other('the new card belongs to another holder, or is registered as one of another kind')
  if (former.replacedBy !== null)
    return former.replacedBy === card
      ? { kind: 'done', card, arrival: 'exists' }
      : other(`the card was replaced by ${former.replacedBy} before`)
  if (card === formerCard) return other('a card cannot take its own place')
  if (outcome === 'exists' && (await findCard(work, card))?.status !== 'active')
    return other('the new card is blocked: it can take no place')
  await setCardStatus(work, formerCard, 'blocked')
  await work.connection.updateTable('card').set({ replaced_by: card }).where('card', '=', formerCard).execute()
  await openBridges(work, former.holder)
  await sealNewCard(work, card)
  return { kind: 'done', card, arrival: 'created' }
}
