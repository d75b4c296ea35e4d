/** Slots: what they allow, what is used of them, at which till they are (docs/design/04; money-rules.md, "Words"). */
import {
  least,
  most,
  need,
  sum,
  type Allowance,
  type Lease,
  type LeasedSlot,
  type Scheme,
  type Slot,
  type Whole,
} from './state.ts'

export const escrowOf = (leaseId: string): string => `escrow.${leaseId}`
export const accountOfScheme = (schemeId: string): string => `scheme.${schemeId}`
export const periodId = (index: number): string => `p${String(index).padStart(2, '0')}`
export const periodsOfScheme = 60

export const slotIdOf = (scheme: string, beneficiary: string, period: string): string =>
  `${scheme}/${beneficiary}/${period}`

export const periodFrom = ({ firstFrom, periodMs }: Scheme, index: number): number => firstFrom + index * periodMs

/** Made when something first needs it. */
export function makeSlot(whole: Whole, schemeId: string, beneficiary: string, period: string): Slot | undefined {
  const scheme = need(whole.schemes, schemeId)
  const index = Number(period.slice(1))
  if (!/^p\d\d$/.test(period) || index >= periodsOfScheme) return undefined
  const slotId = slotIdOf(schemeId, beneficiary, period)
  const known = whole.slots.get(slotId)
  if (known !== undefined) return known
  const periodTo = periodFrom(scheme, index + 1)
  const slot: Slot = { scheme: schemeId, beneficiary, periodTo, lease: null, uses: new Map(), ...nothingMoved() }
  whole.slots.set(slotId, slot)
  return slot
}

/** Whose keys were sealed for it stay known there. */
export function leaves({ slots }: Lease, slotId: string, state: LeasedSlot['state'], sequence?: number): void {
  const { cards } = slots.get(slotId) ?? {}
  slots.set(slotId, { state, ...(cards !== undefined && { cards }), ...(sequence !== undefined && { sequence }) })
}

export const nothing: Allowance = { count: 0, amount: 0n }
const nothingMoved = () => {
  return { received: nothing, passed: nothing, passedAt: null, passedLastAt: 0, bridged: nothing, isBridge: false }
}

/** Nothing where it would be less. */
export const less = (one: Allowance, other: Allowance): Allowance => {
  return { count: Math.max(0, one.count - other.count), amount: most(one.amount - other.amount, 0n) }
}
export const plus = (one: Allowance, other: Allowance): Allowance => {
  return { count: one.count + other.count, amount: one.amount + other.amount }
}
export const lowest = (one: Allowance, other: Allowance): Allowance => {
  return { count: Math.min(one.count, other.count), amount: least(one.amount, other.amount) }
}

/** The scheme's own, with what came from the period before and without what went to the next one. */
export function allowedIn({ schemes }: Whole, { scheme, received, passed, isBridge }: Slot): Allowance {
  const { countAllowed, amountAllowed, bridge } = need(schemes, scheme)
  if (isBridge) return bridge ?? nothing
  return {
    count: countAllowed + received.count - passed.count,
    amount: amountAllowed + received.amount - passed.amount,
  }
}

/** With what its bridge has lent of it. */
export function usedOf({ uses, bridged }: Slot): Allowance {
  return plus({ count: uses.size, amount: sum(uses.values()) }, bridged)
}

export function amountLeft(whole: Whole, slot: Slot): bigint {
  return most(allowedIn(whole, slot).amount - usedOf(slot).amount, 0n)
}

export function hasUseLeft(whole: Whole, slot: Slot): boolean {
  return usedOf(slot).count < allowedIn(whole, slot).count
}

export function fits(whole: Whole, slot: Slot, amount: bigint): boolean {
  return hasUseLeft(whole, slot) && usedOf(slot).amount + amount <= allowedIn(whole, slot).amount
}

/** Where the slot is now, at whatever till. */
export function holding(whole: Whole, slotId: string): Lease | undefined {
  const lease = whole.slots.get(slotId)?.lease
  return lease === undefined || lease === null ? undefined : need(whole.leases, lease)
}

export function isSuspendedAt({ states }: Scheme, at: number): boolean {
  return states.findLast((state) => state.at <= at)?.status === 'suspended'
}
