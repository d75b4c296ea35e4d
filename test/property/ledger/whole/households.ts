/** Who is entitled to what, as times that begin and end (docs/adr/0027-households.md). */
import { isGone } from './gone-state.ts'
import { meet, need, refused, type Asked, type LeasedSlot, type Verdict, type Whole } from './state.ts'

export interface Entitled {
  readonly scheme: string
  readonly beneficiary: string
  readonly holder: string
  readonly since: number
  endedAt: number | null
}

const holdersMax = 16

export function isBlockedAt(whole: Whole, card: string, at: number): boolean {
  return need(whole.cards, card).states.findLast((state) => state.at <= at)?.blocked === true
}

/** Not blocked, and no till in other hands ever had its key. */
export const isLeasable = (whole: Whole, card: string): boolean =>
  !isBlockedAt(whole, card, whole.now) && !whole.gone.exposed.has(card)

export function beneficiaryNow({ entitled }: Whole, scheme: string, holder: string): string | undefined {
  return entitled.find((one) => one.scheme === scheme && one.holder === holder && one.endedAt === null)?.beneficiary
}

export function holdersNow({ entitled }: Whole, scheme: string, beneficiary: string): readonly string[] {
  return entitled
    .filter((one) => one.scheme === scheme && one.beneficiary === beneficiary && one.endedAt === null)
    .map(({ holder }) => holder)
}

/** Whether it had ended by then, and had not begun again. */
export function hadEnded(whole: Whole, scheme: string, beneficiary: string, holder: string, at: number): boolean {
  const own = timesOf(whole, { schemeId: scheme, beneficiary, holder })
  const last = own.findLast(({ since }) => since <= at)
  return last !== undefined && last.endedAt !== null && last.endedAt <= at
}

interface Entitling extends Asked {
  readonly body: { readonly schemeId: string; readonly beneficiary: string; readonly holder: string } & Verdict
}

const timesOf = ({ entitled }: Whole, { schemeId, beneficiary, holder }: Entitling['body']) =>
  entitled.filter((one) => one.scheme === schemeId && one.beneficiary === beneficiary && one.holder === holder)

const isOwnScheme = (whole: Whole, { by, body }: Entitling): boolean => whole.schemes.get(body.schemeId)?.agency === by

/** The first agency that names a holder keeps it. */
export function name({ agencyOf }: Whole, holder: string, agency: string): void {
  if (!agencyOf.has(holder)) agencyOf.set(holder, agency)
}

/** Whoever the holder is of may be entitled; who is nobody's is that agency's now. */
function begin(whole: Whole, { by, body: { schemeId, beneficiary, holder } }: Entitling): void {
  const owner = whole.agencyOf.get(holder)
  if (owner === undefined) meet(whole, 'an entitlement names a holder')
  else if (owner !== by) meet(whole, 'an agency entitles another’s holder')
  name(whole, holder, by)
  whole.entitled.push({ scheme: schemeId, beneficiary, holder, since: whole.now, endedAt: null })
}

export function entitle(whole: Whole, asked: Entitling): Verdict {
  if (!isOwnScheme(whole, asked)) return refused('not_found')
  const { schemeId, beneficiary, holder } = asked.body
  const present = beneficiaryNow(whole, schemeId, holder)
  if (present === beneficiary) return { beneficiary, arrival: 'exists' }
  const isAnothers = whole.entitled.some(
    (one) => one.scheme === schemeId && one.beneficiary === beneficiary && one.holder !== holder,
  )
  if (present !== undefined || isAnothers) return refused('exists_with_different_terms')
  begin(whole, asked)
  return { beneficiary, arrival: 'created' }
}

interface Joining extends Entitling {
  readonly body: Entitling['body'] & { readonly member: string }
}

export function join(whole: Whole, asked: Joining): Verdict {
  if (!isOwnScheme(whole, asked)) return refused('not_found')
  const { schemeId, beneficiary, holder, member } = asked.body
  const present = beneficiaryNow(whole, schemeId, holder)
  const holders = holdersNow(whole, schemeId, beneficiary)
  if (present !== undefined)
    return present === beneficiary
      ? { beneficiary, arrival: 'exists', holders: holders.length }
      : refused('exists_with_different_terms')
  if (!holders.includes(member) || holders.length >= holdersMax) return refused('rule_violated')
  begin(whole, asked)
  meet(whole, 'a holder joins a household')
  for (const [card, own] of whole.cards)
    if (own.holder === holder && isLeasable(whole, card)) openSlots(whole, schemeId, beneficiary, card)
  return { beneficiary, arrival: 'created', holders: holders.length + 1 }
}

/** The key goes to each till that holds the beneficiary's slots and may still sell. */
export function openSlots(whole: Whole, schemeId: string, beneficiary: string, card: string): void {
  for (const { isClosed, sellUntil, slots, till } of whole.leases.values()) {
    if (isClosed || sellUntil <= whole.now || isGone(whole, till)) continue
    for (const [slotId, leased] of slots)
      if (leased.state === 'live' && slotId.startsWith(`${schemeId}/${beneficiary}/`)) leased.cards?.add(card)
  }
}

export function end(whole: Whole, asked: Entitling): Verdict {
  if (!isOwnScheme(whole, asked)) return refused('not_found')
  const { schemeId, beneficiary } = asked.body
  const last = timesOf(whole, asked.body).at(-1)
  if (last === undefined) return refused('not_found')
  const isNow = last.endedAt === null
  if (isNow) last.endedAt = whole.now
  const holders = holdersNow(whole, schemeId, beneficiary).length
  if (isNow) meet(whole, holders === 0 ? 'the last holder leaves' : 'a member leaves a household')
  return { beneficiary, arrival: isNow ? 'created' : 'exists', holders }
}

/** The cards that open a leased slot in the till's next package: of those whose holders share it now. */
export function openingCards(whole: Whole, scheme: string, slotId: string, { state, cards }: LeasedSlot): string[] {
  const isOpening = (card: string): boolean =>
    beneficiaryNow(whole, scheme, whole.cards.get(card)?.holder ?? '') === slotId.split('/')[1] &&
    !whole.gone.exposed.has(card)
  return state === 'live' ? [...(cards ?? [])].filter(isOpening) : []
}

/** Which cards open which slot in the till's next package. */
export function openingIn(whole: Whole, tillId: string): readonly string[] {
  const live = [...whole.leases.values()].filter(
    ({ till, isClosed, sellUntil }) => till === tillId && !isClosed && sellUntil > whole.now,
  )
  return live
    .flatMap(({ scheme, slots }) =>
      [...slots].map(([slotId, leased]) => {
        const own = openingCards(whole, scheme, slotId, leased)
        return own.length > 0 ? [`${slotId}: ${own.toSorted().join(' ')}`] : []
      }),
    )
    .flat()
    .toSorted()
}
