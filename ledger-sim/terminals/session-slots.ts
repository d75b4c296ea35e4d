/** What a card may receive at a till that opens a session for it, and what another till holds of that. */
import { acceptsCard } from '../../src/voucher/card-rules.ts'
import { periodAt } from '../../src/voucher/scheme.ts'
import type { Slot } from '../../src/voucher/slot.ts'
import { isMerchantIn } from '../../src/voucher/where.ts'
import type { Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { findLease } from '../leases/leases.ts'
import { activationStanding } from '../schemes/activations.ts'
import { entitlementsOf } from '../schemes/beneficiaries.ts'
import type { Card } from '../schemes/cards.ts'
import { bridgeOver } from '../schemes/bridges.ts'
import { needSlot } from '../schemes/carrying.ts'
import { placeOfMerchant } from '../schemes/merchants.ts'
import { findScheme } from '../schemes/schemes.ts'
import { amountLeftIn } from '../schemes/slots.ts'
import type { Terminal } from './terminals.ts'

/**
 * The card's slots of the present periods at this merchant, and those that another till holds; and why it has none
 * where it has none.
 */
export async function slotsFor(
  work: Work,
  terminal: Terminal,
  card: Card,
): Promise<{
  /** With a bridge in the place of one that another till holds, where there is one. */
  readonly slots: Slot[]
  readonly heldElsewhere: Slot[]
  readonly without: WithoutSlots
}> {
  await closeDueLeases(work)
  const slots: Slot[] = []
  const heldElsewhere: Slot[] = []
  let without: WithoutSlots = 'NO_ENTITLEMENT'
  const { merchantId } = terminal
  const place = await placeOfMerchant(work, merchantId)
  for (const entitlement of await entitlementsOf(work, card.holder)) {
    const scheme = await findScheme(work, entitlement.schemeId)
    const period = scheme === undefined ? undefined : periodAt(scheme, work.now)
    if (scheme === undefined || period === undefined || !isMerchantIn(scheme, merchantId, place)) continue
    if (!acceptsCard(scheme, card.profile)) {
      without = 'CARD_KIND_NOT_ACCEPTED'
      continue
    }
    if ((await activationStanding(work, scheme, entitlement.beneficiary)) === 'lapsed') {
      without = 'ACTIVATION_LAPSED'
      continue
    }
    const state = await needSlot(work, scheme, entitlement.beneficiary, period.periodId)
    if (state === undefined) continue
    const lease = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
    const isElsewhere = lease !== undefined && lease.terminalId !== terminal.terminalId
    // One in which nothing is left is no use here either, and says so itself.
    if (!isElsewhere || isUsedUp(state.slot)) {
      slots.push(state.slot)
      continue
    }
    heldElsewhere.push(state.slot)
    const bridge = await bridgeOver(work, state)
    if (bridge !== undefined && !isUsedUp(bridge.slot)) slots.push(bridge.slot)
  }
  return { slots, heldElsewhere, without }
}

type WithoutSlots = 'CARD_KIND_NOT_ACCEPTED' | 'NO_ENTITLEMENT' | 'ACTIVATION_LAPSED'

/** A till that does not say what its basket needs gets another one's slot where the card has nothing else. */
export function wantedOf(
  schemes: readonly string[] | undefined,
  slots: readonly Slot[],
  heldElsewhere: readonly Slot[],
): readonly string[] {
  const isWanted = ({ schemeId }: Slot): boolean =>
    schemes === undefined ? slots.length === 0 : schemes.includes(schemeId)
  return heldElsewhere.filter(isWanted).map(({ slotId }) => slotId)
}

function isUsedUp(slot: Slot): boolean {
  return slot.countSpent >= slot.countAllowed || amountLeftIn(slot) === 0n
}
