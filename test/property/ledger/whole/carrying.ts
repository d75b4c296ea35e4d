/**
 * What is not used of a slot passes on to that of the next period, where its scheme says so
 * (docs/design/21-unused-allowances.md): what is carried into a period is used first in it, and is not carried again.
 */
import { charge } from './bridges.ts'
import {
  accountOfScheme,
  allowedIn,
  escrowOf,
  holding,
  less,
  lowest,
  makeSlot,
  nothing,
  periodFrom,
  periodId,
  plus,
  slotIdOf,
  usedOf,
} from './slots.ts'
import { least, meet, move, mustMove, need, type Allowance, type Scheme, type Slot, type Whole } from './state.ts'

/** With what the period before leaves to it. */
export function needSlot(whole: Whole, schemeId: string, beneficiary: string, period: string): Slot | undefined {
  const slot = makeSlot(whole, schemeId, beneficiary, period)
  const index = Number(period.slice(1))
  if (slot !== undefined && index > 0) passOn(whole, schemeId, beneficiary, index - 1)
  return slot
}

/** No till holds these any more: their rest goes to the tills that hold the next ones. */
export function passOnFreed(whole: Whole, schemeId: string, slotIds: readonly string[]): void {
  for (const slotId of slotIds) {
    const [, beneficiary = '', period = ''] = slotId.split('/')
    const index = Number(period.slice(1))
    if (holding(whole, slotIdOf(schemeId, beneficiary, periodId(index + 1))) !== undefined)
      passOn(whole, schemeId, beneficiary, index)
  }
}

const isNothing = ({ count, amount }: Allowance): boolean => count === 0 && amount === 0n

/** By the version that was in force when the period ended. */
function didCarry({ states }: Scheme, endedAt: number): boolean {
  return states.findLast(({ at }) => at <= endedAt)?.carries === true
}

/** What of a slot passes on in all, if so much of it is used. */
function restOf(
  { carriesAtMost, perTap, countAllowed, amountAllowed }: Scheme,
  slot: Slot,
  used: Allowance,
): Allowance {
  if (carriesAtMost === null) return nothing
  const whole = plus({ count: countAllowed, amount: amountAllowed }, slot.received)
  const left = less(whole, used)
  if (perTap === null) return { count: 0, amount: [carriesAtMost.amount, amountAllowed, left.amount].reduce(least) }
  const count = Math.min(carriesAtMost.count, countAllowed, left.count)
  return { count, amount: least(left.amount, perTap * BigInt(count)) }
}

/** Whatever of it is there to pass on and has not passed on yet. @param index of the period that is over */
function passOn(whole: Whole, schemeId: string, beneficiary: string, index: number): void {
  const scheme = need(whole.schemes, schemeId)
  const endedAt = periodFrom(scheme, index + 1)
  if (endedAt > whole.now || periodFrom(scheme, index + 2) <= whole.now) return
  if (scheme.carriesAtMost === null || scheme.states.at(-1)?.carries !== true) return
  if (!didCarry(scheme, endedAt)) return meet(whole, 'what had lapsed before its scheme carried over stays lapsed')
  const former = formerSlot(whole, schemeId, beneficiary, index, endedAt)
  const next = makeSlot(whole, schemeId, beneficiary, periodId(index + 1))
  if (former === undefined || next === undefined) return
  const rest = restOf(scheme, former, usedOf(former))
  const more = less(rest, former.passed)
  if (isNothing(more)) return
  if (former.lease !== null) return meet(whole, 'nothing passes on while a till holds the former slot')
  if (next.lease !== null && !isFunded(whole, next.lease, more.amount)) return
  if (next.lease !== null) meet(whole, 'an allowance passes on to a till')
  if (former.passedAt !== null) meet(whole, 'more of a slot passes on')
  if (!isNothing(former.received)) meet(whole, 'an allowance passes on from a slot to which one had passed on')
  if (rest.amount < amountLeftOf(whole, former)) meet(whole, 'a part of an allowance lapses')
  meet(whole, scheme.perTap === null ? 'an amount passes on' : 'payments pass on')
  former.passed = plus(former.passed, more)
  next.received = plus(next.received, more)
  charge(whole, slotIdOf(schemeId, beneficiary, periodId(index + 1)))
  former.passedAt ??= whole.now
  former.passedLastAt = whole.now
}

const amountLeftOf = (whole: Whole, slot: Slot): bigint =>
  allowedIn(whole, slot).amount + slot.passed.amount - usedOf(slot).amount

/** Nobody may have needed it: it is whole, of who was there by then. */
function formerSlot(whole: Whole, schemeId: string, beneficiary: string, index: number, endedAt: number) {
  const known = whole.slots.get(slotIdOf(schemeId, beneficiary, periodId(index)))
  if (known !== undefined) return known
  const wasThere = whole.entitled.some(
    (one) => one.scheme === schemeId && one.beneficiary === beneficiary && one.since < endedAt,
  )
  if (!wasThere) return undefined
  meet(whole, 'a slot passes on whole')
  return makeSlot(whole, schemeId, beneficiary, periodId(index))
}

/** Allowance and money come together to the till that holds the slot. */
function isFunded(whole: Whole, leaseId: string, amount: bigint): boolean {
  const { till, scheme } = need(whole.leases, leaseId)
  const isThere = !need(whole.tills, till).isSuspended
  const isPaid = isThere && move(whole, [accountOfScheme(scheme), escrowOf(leaseId), amount]) === undefined
  if (!isPaid) meet(whole, 'nothing passes on to a till for want of money')
  return isPaid
}

/**
 * A proved sale of a period that is over finds too little in its slot, for the rest has passed on: what the sale needs
 * comes back, if the next slot still has it and no other till may have sold it, nor this one if the sale is late.
 *
 * @returns whether it fits now
 */
export function takeBack(
  whole: Whole,
  slotId: string,
  { till, amount, isLate }: { readonly till: string; readonly amount: bigint; readonly isLate: boolean },
): boolean {
  const slot = need(whole.slots, slotId)
  const used = plus(usedOf(slot), { count: 1, amount })
  const isWithin = (allowed: Allowance): boolean => used.count <= allowed.count && used.amount <= allowed.amount
  const allowed = allowedIn(whole, slot)
  if (isWithin(allowed)) {
    if (slot.passedAt !== null) meet(whole, 'what lapsed of a slot pays a sale that comes later')
    return true
  }
  if (slot.passedAt === null) return false
  const scheme = need(whole.schemes, slot.scheme)
  const [, beneficiary = '', period = ''] = slotId.split('/')
  const next = need(whole.slots, slotIdOf(slot.scheme, beneficiary, periodId(Number(period.slice(1)) + 1)))
  const lease = next.lease === null ? undefined : need(whole.leases, next.lease)
  if (lease !== undefined && lease.till !== till) {
    meet(whole, 'nothing comes back from another till')
    return false
  }
  if (lease !== undefined && isLate && need(whole.tills, till).fetchedAt >= slot.passedAt) {
    meet(whole, 'nothing comes back from its till for a late sale')
    if (need(whole.tills, till).fetchedAt < slot.passedLastAt)
      meet(whole, 'nothing comes back of what its till was told, though more has passed on since')
    return false
  }
  const still = restOf(scheme, slot, used)
  const stays = lowest(still, slot.passed)
  const back = less(slot.passed, stays)
  const [nextUsed, nextAllowed] = [usedOf(next), allowedIn(whole, next)]
  const hasIt = nextUsed.count + back.count <= nextAllowed.count && nextUsed.amount + back.amount <= nextAllowed.amount
  if (!isWithin(plus(allowed, back))) return false
  if (!hasIt) {
    meet(whole, 'what had passed on is spent')
    return false
  }
  if (next.lease !== null) {
    meet(whole, 'what had passed on comes back from a till')
    mustMove(whole, [escrowOf(next.lease), accountOfScheme(slot.scheme), back.amount])
  }
  meet(whole, 'what had passed on comes back')
  slot.passed = stays
  slot.passedLastAt = whole.now
  next.received = less(next.received, back)
  return true
}

/** Of the slot whose rest passed on to this one, its id. */
export function passedOnTo({ slots }: Whole, slotId: string): string | undefined {
  const [scheme = '', beneficiary = '', period = ''] = slotId.split('/')
  const former = slotIdOf(scheme, beneficiary, periodId(Number(period.slice(1)) - 1))
  return (slots.get(former)?.passedAt ?? null) === null ? undefined : former
}
