/**
 * The bridge of a re-issued card (money-rules.md, "Offline": re-issue; docs/adr/0029-bridge-on-reissue.md). While a
 * till holds a slot, nobody knows what it has sold of it, and its holder's new card gets nothing of it elsewhere. The
 * agency advances up to what the scheme says: on line, from the scheme's own money, as uses of a slot beside that one.
 * When no till holds the slot any more, it allows so much less.
 */
import {
  addTiyn,
  multiplyTiyn,
  smallestTiyn,
  subtractTiyn,
  tiyn,
  zeroTiyn,
  type Tiyn,
} from '../../src/voucher/money.ts'
import { bridgeOf, type AnyScheme } from '../../src/voucher/scheme.ts'
import type { Slot } from '../../src/voucher/slot.ts'
import type { Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { findScheme } from './schemes.ts'
import {
  amountLeftIn,
  bridgeSlotIdOf,
  findSlot,
  makeBridge,
  setBridged,
  type Allowance,
  type SlotState,
} from './slots.ts'

/**
 * A bridge for each allowance of the holder that a till holds now and that is not over. Of one allowance there is one,
 * however often a card is issued anew.
 */
export async function openBridges(work: Work, holder: string): Promise<void> {
  await closeDueLeases(work)
  const held = await work.connection
    .selectFrom('slot')
    .innerJoin('entitlement', (join) =>
      join
        .onRef('entitlement.scheme_id', '=', 'slot.scheme_id')
        .onRef('entitlement.beneficiary', '=', 'slot.beneficiary'),
    )
    .select(['slot.slot_id', 'slot.scheme_id'])
    .where('entitlement.holder', '=', holder)
    .where('slot.lease_id', 'is not', null)
    .orderBy('slot.slot_id')
    .execute()
  for (const { slot_id: slotId, scheme_id: schemeId } of held) {
    const scheme = await findScheme(work, schemeId)
    const most = scheme === undefined ? undefined : mostLent(scheme)
    const slot = (await findSlot(work, slotId))?.slot
    const period = scheme?.periods.find(({ periodId }) => periodId === slot?.periodId)
    if (most === undefined || slot === undefined || period === undefined || period.to <= work.now) continue
    await makeBridge(work, slot, most)
  }
}

function mostLent(scheme: AnyScheme): Allowance | undefined {
  const bridge = bridgeOf(scheme)
  const { benefit, caps } = scheme
  if (bridge?.kind === 'count' && benefit.kind === 'count')
    return { count: bridge.count, amount: multiplyTiyn(benefit.maximumPerTap, bridge.count) }
  if (bridge?.kind === 'amount' && benefit.kind === 'amount')
    return { count: caps.countPerBeneficiary, amount: bridge.amount }
  return undefined
}

/**
 * What can be had by the bridge of a slot, if it has one: with the slot's figures and the bridge's together, so that
 * the caps of a period count both. Never more than the slot has by what the ledger knows.
 *
 * @returns with the bridge's id, as a slot that no till holds
 */
export async function bridgeOver(work: Work, state: SlotState): Promise<SlotState | undefined> {
  const bridge = await findSlot(work, bridgeSlotIdOf(state.slot.slotId))
  if (bridge === undefined) return undefined
  const { slot, bridged } = state
  const lent = bridge.slot
  const countSpent = slot.countSpent - bridged.count + lent.countSpent
  const amountSpent = addTiyn(subtractTiyn(slot.amountSpent, bridged.amount), lent.amountSpent)
  const toLend = {
    count: Math.max(0, Math.min(lent.countAllowed - lent.countSpent, slot.countAllowed - countSpent)),
    amount: smallestTiyn(amountLeftIn(lent), atLeastNothing(slot.amountAllowed - amountSpent)),
  }
  return {
    ...bridge,
    slot: {
      ...lent,
      countSpent,
      amountSpent,
      countAllowed: countSpent + toLend.count,
      amountAllowed: addTiyn(amountSpent, toLend.amount),
      booked: [...slot.booked, ...lent.booked],
    },
  }
}

/** The slot as a till is told of it: of a bridge what can be had by it. */
export async function slotAsSeen(work: Work, slotId: string): Promise<Slot | undefined> {
  const state = await findSlot(work, slotId)
  const of = state === undefined || state.bridgeOf === null ? undefined : await findSlot(work, state.bridgeOf)
  return of === undefined ? state?.slot : (await bridgeOver(work, of))?.slot
}

/**
 * A proved sale of the slot itself finds no room, since the slot allows less by what its bridge has lent: so much of
 * that as the sale needs is the agency's loss.
 *
 * @returns the slot as it is then, and what was taken back
 */
export async function takeBackLent(
  work: Work,
  state: SlotState,
  amount: Tiyn,
): Promise<{ readonly state: SlotState; readonly taken: Allowance }> {
  const { slot, bridged } = state
  const taken = {
    count: Math.max(0, Math.min(bridged.count, slot.countSpent + 1 - slot.countAllowed)),
    amount: smallestTiyn(bridged.amount, atLeastNothing(slot.amountSpent + amount - slot.amountAllowed)),
  }
  if (taken.count === 0 && taken.amount === 0n) return { state, taken }
  const rest = { count: bridged.count - taken.count, amount: subtractTiyn(bridged.amount, taken.amount) }
  await setBridged(work, slot.slotId, rest)
  return { state: (await findSlot(work, slot.slotId)) ?? state, taken }
}

const atLeastNothing = (amount: bigint): Tiyn => (amount > 0n ? tiyn(amount) : zeroTiyn)
