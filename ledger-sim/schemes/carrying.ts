/**
 * Carrying over (docs/design/21-unused-allowances.md): what is left of a slot passes on to the slot of the next period,
 * by moving allowance from the one to the other. What all slots of a beneficiary allow together never changes by it, so
 * that nothing can be spent in both. It is looked at whenever the next slot is needed or the former one becomes free,
 * and each time comes out the same, however often.
 */
import { addTiyn, smallestTiyn, subtractTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { periodAfter, periodBefore, unusedOf, type AnyScheme, type SchemePeriod } from '../../src/voucher/scheme.ts'
import { slotIdOf } from '../../src/voucher/slot.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { askForSurrender } from '../leases/ask-for-surrender.ts'
import { findLease, type LeaseRow } from '../leases/leases.ts'
import { announcePackage } from '../terminals/events.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { wasEntitledBefore } from './beneficiaries.ts'
import { findScheme, schemeAccountOf, schemeAt } from './schemes.ts'
import { chargeBridges, findSlot, fitsIn, makeSlot, moveAllowance, type Allowance, type SlotState } from './slots.ts'

/**
 * The slot, made when it is not there yet, with what the period before leaves to it.
 *
 * @returns undefined when the scheme has no such period
 */
export async function needSlot(
  work: Work,
  scheme: AnyScheme,
  beneficiary: string,
  periodId: string,
): Promise<SlotState | undefined> {
  const state = await makeSlot(work, scheme, beneficiary, periodId)
  const to = scheme.periods.find((period) => period.periodId === periodId)
  if (state === undefined || to === undefined || unusedOf(scheme).kind !== 'carries_over') return state
  const from = periodBefore(scheme, to)
  if (from === undefined) return state
  const hasChanged = await passOn(work, scheme, { beneficiary, from, to })
  return hasChanged ? findSlot(work, state.slot.slotId) : state
}

/** No till holds these slots any more: what is left of them reaches the tills that hold the next ones already. */
export async function passOnFreed(work: Work, schemeId: string, slotIds: readonly string[]): Promise<void> {
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined || unusedOf(scheme).kind !== 'carries_over') return
  for (const slotId of slotIds) {
    const slot = (await findSlot(work, slotId))?.slot
    const from = scheme.periods.find(({ periodId }) => periodId === slot?.periodId)
    const to = from === undefined ? undefined : periodAfter(scheme, from)
    if (slot === undefined || from === undefined || to === undefined) continue
    const next = await findSlot(work, slotIdOf(schemeId, slot.beneficiary, to.periodId))
    if (next === undefined || next.leaseId === null) continue
    await passOn(work, scheme, { beneficiary: slot.beneficiary, from, to })
  }
}

/**
 * A proved sale of a period that is over finds no room, since the rest was carried: that comes back, where the next
 * slot still has it and no other till holds it. Nor may the till of the sale itself have sold it already: a sale by its
 * package and its live slot is paid whatever comes (money-rules.md, "Who pays"), one that is late is not.
 *
 * @param terminalId the till that made the sale
 * @param isLate it came after its lease was for presentments
 * @returns the slot as it is then
 */
export async function takeBackFor(
  work: Work,
  terminalId: string,
  state: SlotState,
  { amount, isLate }: { readonly amount: Tiyn; readonly isLate: boolean },
): Promise<SlotState> {
  const { slot } = state
  if (fitsIn(slot, amount)) return state
  const carried = await carriedFrom(work, slot.slotId)
  if (carried === undefined) return state
  const next = await findSlot(work, carried.to)
  const rule = await ruleOf(work, slot.schemeId, slot.periodId)
  if (next === undefined || rule === undefined) return state
  const lease = next.leaseId === null ? undefined : await findLease(work, next.leaseId)
  if (lease !== undefined && lease.terminalId !== terminalId) return state
  if (lease !== undefined && isLate && (await hasPackageSince(work, terminalId, carried.since))) return state
  const sold = { ...slot, countSpent: slot.countSpent + 1, amountSpent: tiyn(slot.amountSpent + amount) }
  const still = restOf(rule, sold, await carriedInto(work, slot.slotId), carried)
  const rest = { count: Math.min(still.count, carried.count), amount: smallestTiyn(still.amount, carried.amount) }
  const back = { count: carried.count - rest.count, amount: subtractTiyn(carried.amount, rest.amount) }
  const hasIt =
    next.slot.countSpent + back.count <= next.slot.countAllowed &&
    next.slot.amountSpent + back.amount <= next.slot.amountAllowed
  const isEnough =
    sold.countSpent <= slot.countAllowed + back.count && sold.amountSpent <= slot.amountAllowed + back.amount
  if (!hasIt || !isEnough) return state
  if (lease !== undefined) await returnFromTill(work, lease, back.amount)
  await moveAllowance(work, { from: carried.to, to: slot.slotId }, back)
  await keep(work, slot.slotId, carried.to, rest)
  return (await findSlot(work, slot.slotId)) ?? state
}

interface Passage {
  readonly beneficiary: string
  readonly from: SchemePeriod
  readonly to: SchemePeriod
}

/**
 * Moves to the next slot what is left of the former one and is not there yet: when that period is over, no till holds
 * its slot, and the next one is not over. A till that holds the former slot is asked for it. A till that holds the next
 * one gets the money for it into that slot's escrow, and is told of the package that says so.
 *
 * @returns whether anything moved
 */
async function passOn(work: Work, scheme: AnyScheme, { beneficiary, from, to }: Passage): Promise<boolean> {
  if (from.to > work.now || to.to <= work.now) return false
  const rule = await ruleOf(work, scheme.schemeId, from.periodId, from.to)
  if (rule === undefined) return false
  const former = await formerSlot(work, rule, beneficiary, from)
  const next = await makeSlot(work, scheme, beneficiary, to.periodId)
  if (former === undefined || next === undefined) return false
  const { slotId } = former.slot
  const carried = (await carriedFrom(work, slotId)) ?? { count: 0, amount: zeroTiyn, to: next.slot.slotId, since: 0n }
  if (carried.to !== next.slot.slotId) return false
  const rest = restOf(rule, former.slot, await carriedInto(work, slotId), carried)
  const more = { count: Math.max(0, rest.count - carried.count), amount: tiyn(maximum(rest.amount - carried.amount)) }
  if (more.count === 0 && more.amount === 0n) return false
  if (former.leaseId !== null) {
    await askForSurrender(work, slotId)
    return false
  }
  if (next.leaseId !== null && !(await fundAtTill(work, next.leaseId, more.amount))) return false
  await moveAllowance(work, { from: slotId, to: next.slot.slotId }, more)
  await chargeBridges(work, [next.slot.slotId])
  await keep(work, slotId, next.slot.slotId, {
    count: carried.count + more.count,
    amount: tiyn(carried.amount + more.amount),
  })
  return true
}

const maximum = (amount: bigint): bigint => (amount > 0n ? amount : 0n)

/**
 * The version of the scheme that was in force when the period ended, if it carried over: what had lapsed before an
 * agency chose to carry over stays lapsed.
 */
async function ruleOf(
  work: Work,
  schemeId: string,
  periodId: string,
  endedAt?: number,
): Promise<AnyScheme | undefined> {
  const end = endedAt ?? (await findScheme(work, schemeId))?.periods.find((each) => each.periodId === periodId)?.to
  const rule = end === undefined ? undefined : await schemeAt(work, schemeId, end)
  return rule !== undefined && unusedOf(rule).kind === 'carries_over' ? rule : undefined
}

/** One that was never needed is whole, if its beneficiary was there by then. */
async function formerSlot(
  work: Work,
  rule: AnyScheme,
  beneficiary: string,
  from: SchemePeriod,
): Promise<SlotState | undefined> {
  const known = await findSlot(work, slotIdOf(rule.schemeId, beneficiary, from.periodId))
  if (known !== undefined) return known
  const wasThere = await wasEntitledBefore(work, rule.schemeId, beneficiary, from.to)
  return wasThere ? makeSlot(work, rule, beneficiary, from.periodId) : undefined
}

/**
 * What of a slot passes on in all. What was carried into it is used first and never carried again, so it is what is
 * left, at most the slot's own allowance, at most the cap.
 */
function restOf(rule: AnyScheme, slot: SlotState['slot'], received: Allowance, passed: Allowance): Allowance {
  const unused = unusedOf(rule)
  if (unused.kind !== 'carries_over') return { count: 0, amount: zeroTiyn }
  const { atMost } = unused
  const whole = tiyn(slot.amountAllowed + passed.amount)
  const left = tiyn(maximum(whole - slot.amountSpent))
  const own = subtractTiyn(whole, received.amount)
  if (atMost.kind === 'amount') return { count: 0, amount: smallestTiyn(atMost.amount, own, left) }
  const wholeCount = slot.countAllowed + passed.count
  const count = Math.max(0, Math.min(atMost.count, wholeCount - received.count, wholeCount - slot.countSpent))
  const perTap = rule.benefit.kind === 'count' ? rule.benefit.maximumPerTap : zeroTiyn
  return { count, amount: smallestTiyn(left, tiyn(perTap * BigInt(count))) }
}

/** @returns false where the till is not there to sell it, or there is no money: then it waits until the slot is free */
async function fundAtTill(work: Work, leaseId: string, amount: Tiyn): Promise<boolean> {
  const lease = await findLease(work, leaseId)
  const terminal = lease === undefined ? undefined : await findTerminal(work, lease.terminalId)
  if (lease === undefined || terminal?.status !== 'active') return false
  const { escrowAccount, schemeId, terminalId } = lease
  const leg = { debit: schemeAccountOf(schemeId), credit: escrowAccount, amount, kind: 'lease-funding' } as const
  if ((await post(work, [leg], leaseId)).kind === 'short') return false
  await announcePackage(work, terminalId)
  return true
}

/** The escrow of the next slot covers what that slot allows, and it allows as much less. */
async function returnFromTill(work: Work, lease: LeaseRow, amount: Tiyn): Promise<void> {
  const { leaseId, escrowAccount, schemeId, terminalId } = lease
  const leg = { debit: escrowAccount, credit: schemeAccountOf(schemeId), amount, kind: 'lease-return' } as const
  if ((await post(work, [leg], leaseId)).kind === 'short')
    throw new Error(`escrow of ${leaseId} does not cover its slots`)
  await announcePackage(work, terminalId)
}

/** A package that says what was carried first: the till may sell that, and the ledger not know. */
async function hasPackageSince({ connection }: Work, terminalId: string, moment: bigint): Promise<boolean> {
  const newest = await connection
    .selectFrom('package')
    .select('issued_at')
    .where('terminal_id', '=', terminalId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return newest !== undefined && newest.issued_at >= moment
}

interface Carried extends Allowance {
  readonly to: string
  /** When anything of it first was: what has come back or was added after that takes back no word to a till. */
  readonly since: bigint
}

async function carriedFrom({ connection }: Work, slotId: string): Promise<Carried | undefined> {
  const row = await connection.selectFrom('carried').selectAll().where('from_slot', '=', slotId).executeTakeFirst()
  if (row === undefined) return undefined
  return { count: Number(row.count), amount: tiyn(row.amount), to: row.to_slot, since: row.at }
}

/** From more than one slot only where a later version of the scheme has put a period between. */
async function carriedInto({ connection }: Work, slotId: string): Promise<Allowance> {
  const rows = await connection
    .selectFrom('carried')
    .select(['count', 'amount'])
    .where('to_slot', '=', slotId)
    .execute()
  return {
    count: rows.reduce((sum, row) => sum + Number(row.count), 0),
    amount: addTiyn(...rows.map((row) => tiyn(row.amount))),
  }
}

async function keep({ connection, now }: Work, from: string, to: string, { count, amount }: Allowance): Promise<void> {
  await connection
    .insertInto('carried')
    .values({ from_slot: from, to_slot: to, count, amount, at: now })
    .onConflict((conflict) => conflict.column('from_slot').doUpdateSet({ count, amount }))
    .execute()
}
