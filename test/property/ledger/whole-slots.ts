/** Slots: what they allow, what is used of them, at which till they are (docs/design/04; money-rules.md, "Words"). */
import {
  most,
  need,
  sum,
  type Allowance,
  type Lease,
  type LeasedSlot,
  type Scheme,
  type Slot,
  type Whole,
} from './whole-state.ts'

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
  const slot: Slot = { scheme: schemeId, beneficiary, periodTo, lease: null, uses: new Map(), ...nothingCarried() }
  whole.slots.set(slotId, slot)
  return slot
}

/** Whose keys were sealed for it stay known there. */
export function leaves({ slots }: Lease, slotId: string, state: LeasedSlot['state'], sequence?: number): void {
  const { cards } = slots.get(slotId) ?? {}
  slots.set(slotId, { state, ...(cards !== undefined && { cards }), ...(sequence !== undefined && { sequence }) })
}

export const nothing: Allowance = { count: 0, amount: 0n }
const nothingCarried = () => ({ received: nothing, passed: nothing, passedAt: null })

/** The scheme's own, with what came from the period before and without what went to the next one. */
export function allowedIn({ schemes }: Whole, { scheme, received, passed }: Slot): Allowance {
  const { countAllowed, amountAllowed } = need(schemes, scheme)
  return {
    count: countAllowed + received.count - passed.count,
    amount: amountAllowed + received.amount - passed.amount,
  }
}

export function usedOf({ uses }: Slot): Allowance {
  return { count: uses.size, amount: sum(uses.values()) }
}

export function amountLeft(whole: Whole, slot: Slot): bigint {
  return most(allowedIn(whole, slot).amount - usedOf(slot).amount, 0n)
}

export function hasUseLeft(whole: Whole, slot: Slot): boolean {
  return slot.uses.size < allowedIn(whole, slot).count
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
