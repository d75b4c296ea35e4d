/** Whose holders are, and who acts upon their cards (docs/adr/0043-whose-a-holder-is.md). */
import { isBlockedAt, name, openSlots } from './households.ts'
import { meet, need, refused, type Asked, type Verdict, type Whole } from './state.ts'

interface CardMaking extends Asked {
  readonly body: { readonly uid: string; readonly holder: string }
}

export function registerCard(whole: Whole, { by, body }: CardMaking): Verdict {
  const { uid, holder } = body
  const owner = whole.agencyOf.get(holder)
  if (owner !== undefined && owner !== by) {
    meet(whole, 'an agency makes a card for another’s holder')
    return refused('not_found')
  }
  const card = need(whole.cardNames, uid)
  const known = whole.cards.get(card)
  if (known !== undefined && known.holder !== holder) return refused('exists_with_different_terms')
  if (owner === undefined) meet(whole, 'a card names a holder')
  name(whole, holder, by)
  if (known !== undefined) return { card, arrival: 'exists' }
  whole.cards.set(card, { holder, replacedBy: null, states: [{ at: whole.now, blocked: false }] })
  for (const { scheme, beneficiary, holder: entitled, endedAt } of whole.entitled)
    if (entitled === holder && endedAt === null) openSlots(whole, scheme, beneficiary, card)
  return { card, arrival: 'created' }
}

interface CardChange extends Asked {
  readonly body: { readonly card: string }
}

export function changeCard(whole: Whole, { by, body }: CardChange, blocked: boolean): Verdict {
  const card = whole.cards.get(body.card)
  if (card === undefined || whole.agencyOf.get(card.holder) !== by) {
    meet(whole, 'an agency blocks or unblocks a card of another’s holder')
    return refused('not_found')
  }
  if (isBlockedAt(whole, body.card, whole.now) !== blocked) {
    if (card.replacedBy !== null) {
      meet(whole, 'a card that was replaced stays blocked')
      return refused('rule_violated')
    }
    card.states.push({ at: whole.now, blocked })
  }
  return { status: blocked ? 'blocked' : 'active' }
}

/** The last that was issued in place of the holder's first. */
export function newestCard({ cards }: Whole, holder: string): string {
  const [first = ''] = [...cards].find(([, own]) => own.holder === holder) ?? []
  const after = (card: string): string => {
    const next = cards.get(card)?.replacedBy ?? null
    return next === null ? card : after(next)
  }
  return after(first)
}
