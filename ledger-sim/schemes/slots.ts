/** Slots: one row for each (scheme, beneficiary, period), made when something first needs it, used by tender ids. */
import { addTiyn, remainderTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { allowanceOf, slotIdOf, type Slot } from '../../src/voucher/slot.ts'
import type { Work } from '../context.ts'

export interface SlotState {
  /** With the ledger's own figures. */
  readonly slot: Slot
  /** The lease that holds it now. */
  readonly leaseId: string | null
}

/**
 * Makes the slot when it is not there yet. A later version of the scheme does not change it.
 *
 * @returns undefined when the scheme has no such period
 */
export async function makeSlot(
  work: Work,
  scheme: AnyScheme,
  beneficiary: string,
  periodId: string,
): Promise<SlotState | undefined> {
  if (!scheme.periods.some((period) => period.periodId === periodId)) return undefined
  const allowed = allowanceOf(scheme)
  const slotId = slotIdOf(scheme.schemeId, beneficiary, periodId)
  await work.connection
    .insertInto('slot')
    .values({
      slot_id: slotId,
      scheme_id: scheme.schemeId,
      beneficiary,
      period_id: periodId,
      count_allowed: allowed.count,
      amount_allowed: allowed.amount,
      lease_id: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return findSlot(work, slotId)
}

export async function findSlot(work: Work, slotId: string): Promise<SlotState | undefined> {
  return (await findSlots(work, [slotId])).get(slotId)
}

/** By slot id; ids without a slot are left out. */
export async function findSlots(
  { connection }: Work,
  slotIds: readonly string[],
): Promise<ReadonlyMap<string, SlotState>> {
  if (slotIds.length === 0) return new Map()
  const rows = await connection.selectFrom('slot').selectAll().where('slot_id', 'in', slotIds).execute()
  const uses = await connection
    .selectFrom('slot_use')
    .select(['slot_id', 'tender_id', 'amount'])
    .where('slot_id', 'in', slotIds)
    .orderBy('tender_id')
    .execute()
  const amounts = Map.groupBy(uses, (use) => use.slot_id)
  return new Map(rows.map((row) => [row.slot_id, slotStateOf(row, amounts.get(row.slot_id) ?? [])]))
}

function slotStateOf(
  row: {
    readonly slot_id: string
    readonly scheme_id: string
    readonly beneficiary: string
    readonly period_id: string
    readonly count_allowed: bigint
    readonly amount_allowed: bigint
    readonly lease_id: string | null
  },
  uses: readonly { readonly tender_id: string; readonly amount: bigint }[],
): SlotState {
  return {
    leaseId: row.lease_id,
    slot: {
      slotId: row.slot_id,
      schemeId: row.scheme_id,
      beneficiary: row.beneficiary,
      periodId: row.period_id,
      countAllowed: Number(row.count_allowed),
      amountAllowed: tiyn(row.amount_allowed),
      countSpent: uses.length,
      amountSpent: addTiyn(...uses.map((use) => tiyn(use.amount))),
      booked: uses.map((use) => use.tender_id),
    },
  }
}

/** What the slot still allows. */
export function amountLeftIn(slot: Slot): Tiyn {
  return remainderTiyn(slot.amountAllowed, slot.amountSpent)
}

/** Whether one more use of this amount fits: neither count nor amount oversold. */
export function fitsIn(slot: Slot, amount: Tiyn): boolean {
  return slot.countSpent < slot.countAllowed && slot.amountSpent + amount <= slot.amountAllowed
}

/** What one more use of this amount would take beyond what the slot allows: all of it where no use is left. */
export function beyondSlot(slot: Slot, amount: Tiyn): Tiyn {
  return slot.countSpent < slot.countAllowed ? remainderTiyn(amount, amountLeftIn(slot)) : amount
}

/** @param pool the lease that pays it, where the slot need not have room */
export async function useSlot(
  { connection }: Work,
  slotId: string,
  tenderId: string,
  amount: Tiyn,
  pool: string | null = null,
): Promise<void> {
  await connection.insertInto('slot_use').values({ slot_id: slotId, tender_id: tenderId, amount, pool }).execute()
}

/** What a slot allows, or does not allow any more. */
export interface Allowance {
  readonly count: number
  readonly amount: Tiyn
}

/** One slot allows less, another one of the same beneficiary as much more. */
export async function moveAllowance(
  { connection }: Work,
  { from, to }: { readonly from: string; readonly to: string },
  { count, amount }: Allowance,
): Promise<void> {
  for (const [slotId, sign] of [
    [from, '-'],
    [to, '+'],
  ] as const)
    await connection
      .updateTable('slot')
      .set((expression) => ({
        count_allowed: expression('count_allowed', sign, BigInt(count)),
        amount_allowed: expression('amount_allowed', sign, amount),
      }))
      .where('slot_id', '=', slotId)
      .execute()
}

/** Gives a use back; harmless when there was none. */
export async function freeSlot({ connection }: Work, tenderId: string): Promise<void> {
  await connection.deleteFrom('slot_use').where('tender_id', '=', tenderId).execute()
}

/** A part of what a tender used is there again; that it was used stays. */
export async function reduceSlotUse({ connection }: Work, tenderId: string, amount: Tiyn): Promise<void> {
  await connection
    .updateTable('slot_use')
    .set((expression) => ({ amount: expression('amount', '-', amount) }))
    .where('tender_id', '=', tenderId)
    .execute()
}
