/**
 * Slots: one row for each (scheme, beneficiary, period), made when something first needs it, used by tender ids; and
 * beside some of them a bridge (bridges.ts), which lends of the same allowance.
 */
import type { Kysely } from 'kysely'
import { addTiyn, remainderTiyn, smallestTiyn, subtractTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { allowanceOf, slotIdOf, type Slot } from '../../src/voucher/slot.ts'
import type { Work } from '../context.ts'
import type { Tables } from '../store/schema.ts'
import { inSlices } from '../store/in-rows.ts'
import { statement } from '../store/statement.ts'

export interface SlotState {
  /** With the ledger's own figures. */
  readonly slot: Slot
  /** The lease that holds it now. */
  readonly leaseId: string | null
  /** What of the spent figures its bridge has lent (bridges.ts). */
  readonly bridged: Allowance
  /** The slot against which this one lends, if it is a bridge. */
  readonly bridgeOf: string | null
}

/** What a slot allows, or does not allow any more. */
export interface Allowance {
  readonly count: number
  readonly amount: Tiyn
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

/** Each slot with its uses, one row for each; one row without a use where it has none. */
const withUses = (connection: Kysely<Tables>) =>
  connection
    .selectFrom('slot')
    .leftJoin('slot_use', 'slot_use.slot_id', 'slot.slot_id')
    .selectAll('slot')
    .select(['slot_use.tender_id', 'slot_use.amount'])
    .orderBy('slot_use.tender_id')

const slotWithUses = statement((connection, { slotId }: { slotId: string }) =>
  withUses(connection).where('slot.slot_id', '=', slotId),
)

export async function findSlot({ connection }: Work, slotId: string): Promise<SlotState | undefined> {
  const rows = await slotWithUses(connection, { slotId })
  const [slot] = rows
  return slot === undefined ? undefined : slotStateOf(slot, rows)
}

/** By slot id; ids without a slot are left out. */
export async function findSlots(
  { connection }: Work,
  slotIds: readonly string[],
): Promise<ReadonlyMap<string, SlotState>> {
  const rows = await inSlices(slotIds, (some) => withUses(connection).where('slot.slot_id', 'in', some).execute())
  const states = new Map<string, SlotState>()
  for (const [slotId, uses] of Map.groupBy(rows, (row) => row.slot_id)) {
    const [slot] = uses
    if (slot !== undefined) states.set(slotId, slotStateOf(slot, uses))
  }
  return states
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
    readonly bridge_of: string | null
    readonly bridged_count: bigint
    readonly bridged_amount: bigint
  },
  joined: readonly { readonly tender_id: string | null; readonly amount: bigint | null }[],
): SlotState {
  const bridged = { count: Number(row.bridged_count), amount: tiyn(row.bridged_amount) }
  const uses = joined.flatMap(({ tender_id: tenderId, amount }) =>
    tenderId === null || amount === null ? [] : [{ tenderId, amount }],
  )
  return {
    leaseId: row.lease_id,
    bridged,
    bridgeOf: row.bridge_of,
    slot: {
      slotId: row.slot_id,
      schemeId: row.scheme_id,
      beneficiary: row.beneficiary,
      periodId: row.bridge_of === null ? row.period_id : row.period_id.slice(0, -bridgeMark.length),
      countAllowed: Number(row.count_allowed),
      amountAllowed: tiyn(row.amount_allowed),
      countSpent: uses.length + bridged.count,
      amountSpent: addTiyn(bridged.amount, ...uses.map((use) => tiyn(use.amount))),
      booked: uses.map((use) => use.tenderId),
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

interface SlotUse {
  readonly slotId: string
  readonly tenderId: string
  readonly amount: Tiyn
  readonly pool: string | null
}

const slotUsed = statement((connection, { slotId, tenderId, amount, pool }: SlotUse) =>
  connection.insertInto('slot_use').values({ slot_id: slotId, tender_id: tenderId, amount, pool }),
)

/** @param pool the lease that pays it, where the slot need not have room */
export async function useSlot(
  { connection }: Work,
  slotId: string,
  tenderId: string,
  amount: Tiyn,
  pool: string | null = null,
): Promise<void> {
  await slotUsed(connection, { slotId, tenderId, amount, pool })
}

/** One slot allows less, another one of the same beneficiary as much more. */
export async function moveAllowance(
  work: Work,
  { from, to }: { readonly from: string; readonly to: string },
  { count, amount }: Allowance,
): Promise<void> {
  for (const [slotId, sign] of [
    [from, '-'],
    [to, '+'],
  ] as const)
    await work.connection
      .updateTable('slot')
      .set((expression) => ({
        count_allowed: expression('count_allowed', sign, BigInt(count)),
        amount_allowed: expression('amount_allowed', sign, amount),
      }))
      .where('slot_id', '=', slotId)
      .execute()
}

/** Gives a use back; harmless when there was none. */
export async function freeSlot(work: Work, tenderId: string): Promise<void> {
  const freed = await work.connection
    .deleteFrom('slot_use')
    .where('tender_id', '=', tenderId)
    .returning('slot_id')
    .executeTakeFirst()
  if (freed === undefined) return
  await chargeBridges(work, [await lentAgainst(work, freed.slot_id)])
  work.freed.add(freed.slot_id)
}

/** A part of what a tender used is there again; that it was used stays. */
export async function reduceSlotUse(work: Work, tenderId: string, amount: Tiyn): Promise<void> {
  const reduced = await work.connection
    .updateTable('slot_use')
    .set((expression) => ({ amount: expression('amount', '-', amount) }))
    .where('tender_id', '=', tenderId)
    .returning('slot_id')
    .executeTakeFirst()
  if (reduced === undefined) return
  await chargeBridges(work, [await lentAgainst(work, reduced.slot_id)])
  work.freed.add(reduced.slot_id)
}

/** In the id of a bridge and in its period's, so that it is a slot beside that of the same beneficiary and period. */
const bridgeMark = '/bridge'

export function bridgeSlotIdOf(slotId: string): string {
  return `${slotId}${bridgeMark}`
}

/** Makes the bridge of a slot when it is not there yet. */
export async function makeBridge({ connection }: Work, of: Slot, { count, amount }: Allowance): Promise<void> {
  await connection
    .insertInto('slot')
    .values({
      slot_id: bridgeSlotIdOf(of.slotId),
      scheme_id: of.schemeId,
      beneficiary: of.beneficiary,
      period_id: `${of.periodId}${bridgeMark}`,
      count_allowed: count,
      amount_allowed: amount,
      lease_id: null,
      bridge_of: of.slotId,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/**
 * What the bridges of these slots have lent, the slots do not allow any more: as far as there is room in them, and only
 * of those that no till holds. Comes out the same however often it is done, so it is done whenever a slot becomes free
 * and whenever its allowance or a use of it or of its bridge has changed.
 */
export async function chargeBridges(work: Work, slotIds: readonly string[]): Promise<void> {
  const bridges = await inSlices(slotIds, (some) =>
    work.connection
      .selectFrom('slot')
      .select('bridge_of')
      .where('bridge_of', 'in', some)
      .orderBy('bridge_of')
      .execute(),
  )
  for (const { bridge_of: slotId } of bridges) {
    if (slotId === null) continue
    const states = await findSlots(work, [slotId, bridgeSlotIdOf(slotId)])
    const state = states.get(slotId)
    const lent = states.get(bridgeSlotIdOf(slotId))?.slot
    if (state === undefined || lent === undefined) throw new Error(`the slot of bridge ${slotId} vanished`)
    if (state.leaseId !== null) continue
    const { slot, bridged } = state
    const room = {
      count: Math.max(0, slot.countAllowed - (slot.countSpent - bridged.count)),
      amount: remainderTiyn(slot.amountAllowed, subtractTiyn(slot.amountSpent, bridged.amount)),
    }
    await setBridged(work, slotId, {
      count: Math.min(lent.countSpent, room.count),
      amount: smallestTiyn(lent.amountSpent, room.amount),
    })
  }
}

export async function setBridged({ connection }: Work, slotId: string, { count, amount }: Allowance): Promise<void> {
  await connection
    .updateTable('slot')
    .set({ bridged_count: count, bridged_amount: amount })
    .where('slot_id', '=', slotId)
    .execute()
}

/** Of a bridge the slot against which it lends, else the slot itself. */
async function lentAgainst({ connection }: Work, slotId: string): Promise<string> {
  const row = await connection
    .selectFrom('slot')
    .select('bridge_of')
    .where('slot_id', '=', slotId)
    .executeTakeFirstOrThrow()
  return row.bridge_of ?? slotId
}
