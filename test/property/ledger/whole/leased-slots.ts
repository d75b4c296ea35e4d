/**
 * What a till's package says of the slots that it holds, for by that it sells: what they allow, what is used of them,
 * until when they are sold and presented (docs/design/04, "Leases").
 */
import type { TerminalPackage } from '../../../../src/voucher/package.ts'
import { openingCards } from './households.ts'
import { allowedIn, usedOf } from './slots.ts'
import { need, type Whole } from './state.ts'

type Spent = readonly [count: number, amount: bigint, tenders: readonly string[]]
const nobodyLooks: Spent = [0, 0n, []]

/** Of a pool it says within five minutes what others have used (docs/design/23): only a new package has to say it. */
const saysSpent = (isPool: boolean, issuedAt: number, now: number): boolean => !isPool || issuedAt === now

export function slotsIn({ leases, issuedAt }: TerminalPackage, now: number): readonly string[] {
  const texts = leases.flatMap(({ pool, sellUntil, presentUntil, slots }) =>
    slots.map(({ slot: { slotId, countAllowed, amountAllowed, countSpent, amountSpent, booked } }) => {
      const isSaid = saysSpent(pool !== undefined, issuedAt, now)
      const spent: Spent = isSaid ? [countSpent, amountSpent, booked] : nobodyLooks
      return textOf(slotId, [countAllowed, amountAllowed], spent, { sellUntil, presentUntil })
    }),
  )
  return texts.toSorted()
}

/** As the till's next package has to have them. */
export function slotsOf(whole: Whole, tillId: string, { issuedAt }: TerminalPackage): readonly string[] {
  const texts: string[] = []
  for (const { till, isPool, isClosed, scheme, slots, ...until } of whole.leases.values()) {
    if (till !== tillId || isClosed || until.sellUntil <= whole.now) continue
    for (const [slotId, leased] of slots) {
      if (openingCards(whole, scheme, slotId, leased).length === 0) continue
      const slot = need(whole.slots, slotId)
      const { count, amount } = allowedIn(whole, slot)
      const used = usedOf(slot)
      const isSaid = saysSpent(isPool, issuedAt, whole.now)
      const spent: Spent = isSaid ? [used.count, used.amount, [...slot.uses.keys()]] : nobodyLooks
      texts.push(textOf(slotId, [count, amount], spent, until))
    }
  }
  return texts.toSorted()
}

function textOf(
  slotId: string,
  [count, amount]: readonly [count: number, amount: bigint],
  [countSpent, amountSpent, tenders]: Spent,
  { sellUntil, presentUntil }: { readonly sellUntil: number; readonly presentUntil: number },
): string {
  const used = `${countSpent} and ${amountSpent} used by ${tenders.toSorted().join(' ')}`
  return `${slotId}: ${count} and ${amount}, ${used}; until ${sellUntil} and ${presentUntil}`
}
