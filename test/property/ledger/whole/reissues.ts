/** A holder gets a card in place of another one, which stays blocked (money-rules.md, "Offline": re-issue). */
import { openBridges } from './bridges.ts'
import { isBlockedAt, openSlots } from './households.ts'
import { meet, need, refused, type Asked, type Verdict, type Whole } from './state.ts'

interface Reissue extends Asked {
  readonly body: { readonly card: string; readonly uid: string }
}

/** @param close what is over is so before it is looked at which slots a till holds */
export function reissueCard(whole: Whole, { by, body }: Reissue, close: () => void): Verdict {
  const former = whole.cards.get(body.card)
  if (former === undefined || whole.agencyOf.get(former.holder) !== by) return refused('not_found')
  const { holder } = former
  const card = need(whole.cardNames, body.uid)
  const known = whole.cards.get(card)
  const other = refused('exists_with_different_terms')
  if (known !== undefined && known.holder !== holder) return other
  if (former.replacedBy !== null) return former.replacedBy === card ? { card, arrival: 'exists' } : other
  if (card === body.card || (known !== undefined && isBlockedAt(whole, card, whole.now))) return other
  if (known === undefined)
    whole.cards.set(card, { holder, replacedBy: null, states: [{ at: whole.now, blocked: false }] })
  if (!isBlockedAt(whole, body.card, whole.now)) former.states.push({ at: whole.now, blocked: true })
  former.replacedBy = card
  meet(whole, 'a card is issued in place of another')
  close()
  openBridges(whole, holder)
  for (const { scheme, beneficiary, holder: entitled, endedAt } of whole.entitled)
    if (entitled === holder && endedAt === null) openSlots(whole, scheme, beneficiary, card)
  return { card, arrival: 'created' }
}
