/**
 * What an agency advances to who gets a card in place of another one while a till holds the allowance: a slot beside
 * that one (docs/adr/0029-bridge-on-reissue.md).
 */
import { allowedIn, less, lowest, nothing, plus, usedOf } from './slots.ts'
import { meet, need, sum, type Allowance, type Slot, type Whole } from './state.ts'

export const bridgeIdOf = (slotId: string): string => `${slotId}/bridge`

/** Of a bridge the slot beside which it is. */
export const besideIdOf = (slotId: string): string => slotId.split('/').slice(0, 3).join('/')

export const isBridge = (slotId: string): boolean => slotId !== besideIdOf(slotId)

const ownUses = ({ uses }: Slot): Allowance => ({ count: uses.size, amount: sum(uses.values()) })

/** One for each allowance of the holder that a till holds now and that is not over. */
export function openBridges(whole: Whole, holder: string): void {
  for (const [slotId, { scheme: schemeId, beneficiary, periodTo, lease }] of whole.slots) {
    const scheme = need(whole.schemes, schemeId)
    const isHolders = whole.entitled.some(
      (one) =>
        one.scheme === schemeId && one.beneficiary === beneficiary && one.holder === holder && one.endedAt === null,
    )
    if (scheme.bridge === null || lease === null || periodTo <= whole.now || !isHolders) continue
    if (whole.slots.has(bridgeIdOf(slotId))) {
      meet(whole, 'a bridge is there already')
      continue
    }
    meet(whole, 'a bridge is opened')
    const bridge = { scheme: schemeId, beneficiary, periodTo, lease: null, uses: new Map(), ...nothingMoved() }
    whole.slots.set(bridgeIdOf(slotId), { ...bridge, isBridge: true })
  }
}
const nothingMoved = () => {
  return { received: nothing, passed: nothing, passedAt: null, passedLastAt: 0, bridged: nothing }
}

/** Never more than the slot itself has left by what is known. */
export function toLend(whole: Whole, slotId: string): Allowance {
  const [slot, bridge] = [need(whole.slots, besideIdOf(slotId)), need(whole.slots, bridgeIdOf(besideIdOf(slotId)))]
  const lent = ownUses(bridge)
  const left = less(allowedIn(whole, slot), plus(ownUses(slot), lent))
  return lowest(less(allowedIn(whole, bridge), lent), left)
}

/** As a till is told of it: of a bridge with what is used of its slot. */
export function usedAsSeen(whole: Whole, slotId: string): Allowance {
  const slot = need(whole.slots, slotId)
  return isBridge(slotId) ? plus(ownUses(slot), ownUses(need(whole.slots, besideIdOf(slotId)))) : usedOf(slot)
}

/** What was lent counts as used in the slot, as soon as no till holds that and as far as it has room. */
export function charge(whole: Whole, slotId: string): void {
  const [slot, bridge] = [need(whole.slots, besideIdOf(slotId)), whole.slots.get(bridgeIdOf(besideIdOf(slotId)))]
  if (bridge === undefined || slot.lease !== null) return
  const before = slot.bridged
  slot.bridged = lowest(ownUses(bridge), less(allowedIn(whole, slot), ownUses(slot)))
  if (slot.bridged.amount > before.amount) meet(whole, 'what a bridge lent comes off its slot')
  if (slot.bridged.amount < ownUses(bridge).amount) meet(whole, 'not all that a bridge lent comes off its slot')
}

/** One more use of a slot is given back. */
export function free(whole: Whole, slotId: string, tender: string): void {
  if (!need(whole.slots, slotId).uses.delete(tender)) return
  if (isBridge(slotId)) meet(whole, 'a payment from a bridge comes back')
  charge(whole, slotId)
  whole.freed.add(slotId)
}

/** A part of a use is. */
export function reduce(whole: Whole, slotId: string, tender: string, amount: bigint): void {
  const { uses } = need(whole.slots, slotId)
  uses.set(tender, (uses.get(tender) ?? 0n) - amount)
  charge(whole, slotId)
  whole.freed.add(slotId)
}
