/** Room in a slot for a proved sale: what a bridge lent of it, and what passed on, come back where they may. */
import { takeBack } from './carrying.ts'
import { allowedIn, less, lowest, plus, usedOf } from './slots.ts'
import { meet, need, type Whole } from './state.ts'

interface ProvedSale {
  readonly till: string
  readonly amount: bigint
  readonly isLate: boolean
}

/** @returns what the agency bears a second time of it, for its bridge has lent it; undefined where there is no room */
export function makeRoom(whole: Whole, slotId: string, sale: ProvedSale): bigint | undefined {
  const slot = need(whole.slots, slotId)
  const { bridged } = slot
  const lacks = less(plus(usedOf(slot), { count: 1, amount: sale.amount }), allowedIn(whole, slot))
  const taken = lowest(bridged, lacks)
  slot.bridged = less(bridged, taken)
  if (!takeBack(whole, slotId, sale)) {
    slot.bridged = bridged
    return undefined
  }
  if (taken.count > 0 || taken.amount > 0n) meet(whole, 'what a bridge lent is its agency’s loss')
  return taken.amount
}
