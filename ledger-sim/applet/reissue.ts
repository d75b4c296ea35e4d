/**
 * A holder gets a card that counts itself in place of one (docs/design/25, "A lost card"). What the former card still
 * holds may still be spent where its block has not been heard of, so it stays in that card's escrow; the new one is
 * given what no card holds.
 */
import type { Work } from '../context.ts'
import { findCard, setCardStatus } from '../schemes/cards.ts'
import { appletPseudonym, registerApplet, type AppletRegistered, type AppletRegistration } from './cards.ts'

/** One act: the former card is blocked for good, the new one certified for the same holder. */
export async function reissueApplet(
  work: Work,
  formerCard: string,
  of: Omit<AppletRegistration, 'holder'>,
): Promise<AppletRegistered | { readonly kind: 'not_found' }> {
  const former = await findCard(work, formerCard)
  if (former === undefined) return { kind: 'not_found' }
  const card = appletPseudonym(work, of.cardId)
  const isOther = former.replacedBy === null ? card === formerCard : former.replacedBy !== card
  if (isOther) return { kind: 'exists_with_different_terms' }
  await setCardStatus(work, formerCard, 'blocked')
  const registered = await registerApplet(work, { ...of, holder: former.holder })
  if (registered.kind !== 'registered' && registered.kind !== 'exists') return registered
  // A card that is blocked itself can take no place.
  if ((await findCard(work, card))?.status !== 'active' && former.replacedBy === null)
    return { kind: 'exists_with_different_terms' }
  await work.connection.updateTable('card').set({ replaced_by: card }).where('card', '=', formerCard).execute()
  return registered
}
