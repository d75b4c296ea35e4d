/**
 * What a card is given with its next script: for the present period and the next one of each scheme, what its
 * beneficiary may still receive and no card holds (docs/design/25, "Loads"). The money moves from the scheme's account
 * into the card's escrow with it; what the scheme has not got, the card does not get.
 */
import { fromHex } from '../../src/voucher/cards/bytes.ts'
import { countsOnCard } from '../../src/voucher/card-rules.ts'
import { largestAmount } from '../../src/voucher/cards/tolem-applet/layout.ts'
import { schemeRef, slotRef } from '../../src/voucher/cards/tolem-applet/names.ts'
import type { AppletSlot } from '../../src/voucher/cards/tolem-applet/slots.ts'
import {
  addTiyn,
  multiplyTiyn,
  remainderTiyn,
  smallestTiyn,
  subtractTiyn,
  tiyn,
  zeroTiyn,
} from '../../src/voucher/money.ts'
import { periodAfter, periodAt, type AnyScheme, type SchemePeriod } from '../../src/voucher/scheme.ts'
import type { Slot } from '../../src/voucher/slot.ts'
import { availableIn } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { entitlementsOf } from '../schemes/beneficiaries.ts'
import type { Card } from '../schemes/cards.ts'
import { findScheme, schemeAccountOf } from '../schemes/schemes.ts'
import { makeSlot, type Allowance } from '../schemes/slots.ts'
import {
  coverOf,
  escrowOf,
  findHolding,
  giveBackFree,
  holdingsOfSlot,
  leftOn,
  moveFunds,
  type Holding,
} from './holdings.ts'

/** How long after its period a sale may still come in, as with leases (money-rules.md, "Offline"). */
export const presentForMs = 14 * 86_400_000

export interface SlotLoad {
  readonly scheme: AnyScheme
  readonly slotId: string
  readonly given: Allowance
  readonly dueAt: number
  /** As the card is told. */
  readonly slot: AppletSlot
}

/** In the order of schemes and periods. What other cards gave up of these slots is free by then. */
export async function loadsFor(work: Work, card: Card): Promise<readonly SlotLoad[]> {
  const loads: SlotLoad[] = []
  for (const { schemeId, beneficiary } of await entitlementsOf(work, card.holder)) {
    const scheme = await findScheme(work, schemeId)
    if (scheme === undefined || !countsOnCard(scheme) || scheme.status !== 'active') continue
    let promised = zeroTiyn
    for (const period of periodsToLoad(scheme, work.now)) {
      const state = await makeSlot(work, scheme, beneficiary, period.periodId)
      if (state === undefined) throw new Error(`${schemeId} has lost its period ${period.periodId}`)
      const holdings = await holdingsOfSlot(work, state.slot.slotId)
      for (const other of holdings) if (other.card !== card.card) await giveBackFree(work, other)
      const own = holdings.find((holding) => holding.card === card.card)
      const free = remainderTiyn(tiyn((await availableIn(work, schemeAccountOf(schemeId))) ?? 0n), promised)
      const inEscrow = own === undefined ? zeroTiyn : subtractTiyn(own.funds, coverOf(own))
      const given = affordable(scheme, stillToGive(scheme, state.slot, holdings), addTiyn(free, inEscrow))
      const slot = slotFor(scheme, state.slot, period, given)
      const dueAt = Math.max(own?.dueAt ?? 0, period.to + presentForMs)
      if (!hasNews(own, given, slot, dueAt)) continue
      promised = addTiyn(promised, remainderTiyn(given.amount, inEscrow))
      loads.push({ scheme, slotId: state.slot.slotId, given, dueAt, slot })
    }
  }
  return loads
}

/** The present one, or else the one that begins next, and the one after it. */
function periodsToLoad(scheme: AnyScheme, now: number): readonly SchemePeriod[] {
  const first = periodAt(scheme, now) ?? periodAfter(scheme, { periodId: '', from: now, to: now, openings: [] })
  const next = first === undefined ? undefined : periodAfter(scheme, first)
  return [first, next].filter((period) => period !== undefined)
}

/** What the scheme gives, within its caps, less what was used and what cards may still be debited for. */
function stillToGive({ caps }: AnyScheme, slot: Slot, holdings: readonly Holding[]): Allowance {
  const held = holdings.filter(({ state }) => state === 'open').map(leftOn)
  return {
    count: Math.max(
      0,
      Math.min(slot.countAllowed, caps.countPerBeneficiary) -
        slot.countSpent -
        held.reduce((sum, { count }) => sum + count, 0),
    ),
    amount: remainderTiyn(
      smallestTiyn(slot.amountAllowed, caps.perBeneficiaryAndPeriod),
      addTiyn(slot.amountSpent, ...held.map(({ amount }) => amount)),
    ),
  }
}

/** Of a benefit that is counted, as many uses as there is money for whole ones. */
function affordable({ benefit }: AnyScheme, wanted: Allowance, funds: Slot['amountAllowed']): Allowance {
  if (benefit.kind === 'amount') return { count: wanted.count, amount: smallestTiyn(wanted.amount, funds) }
  if (wanted.amount <= funds || benefit.maximumPerTap === 0n) return wanted
  const count = Math.min(wanted.count, Number(funds / benefit.maximumPerTap))
  return { count, amount: smallestTiyn(wanted.amount, multiplyTiyn(benefit.maximumPerTap, count)) }
}

function slotFor(scheme: AnyScheme, slot: Slot, period: SchemePeriod, given: Allowance): AppletSlot {
  const { benefit, caps, offline } = scheme
  const perTap = benefit.kind === 'count' ? benefit.maximumPerTap : caps.perSale
  const pinAbove = offline.policy === 'card' ? offline.pinAbove : null
  return {
    schemeRef: schemeRef(scheme.schemeId),
    slotRef: slotRef(slot.slotId),
    validFrom: period.from,
    validUntil: period.to,
    countLeft: given.count,
    amountLeft: given.amount,
    maxPerSpend: smallestTiyn(perTap, caps.perSale),
    pinAbove: pinAbove ?? largestAmount,
    flags: 0,
    beneficiary: fromHex(slot.beneficiary),
  }
}

/** More to spend, or other bounds for what is there. Uses alone are news only where money is there for them. */
function hasNews(
  own: Holding | undefined,
  given: Allowance,
  { maxPerSpend, pinAbove }: AppletSlot,
  dueAt: number,
): boolean {
  if (given.amount > 0n) return true
  if (own === undefined || own.isTakenAway || leftOn(own).amount === 0n) return false
  const isAsTold =
    own.maxPerSpend === maxPerSpend && (own.pinAbove ?? largestAmount) === pinAbove && own.dueAt === dueAt
  return given.count > 0 || !isAsTold
}

/** Books the load and moves its money. @throws where the scheme has less than it had */
export async function load(work: Work, card: Card, counter: number, of: SlotLoad): Promise<void> {
  const { connection } = work
  const { scheme, slotId, given, dueAt, slot } = of
  const { schemeId, agencyId } = scheme
  await escrowOf(work, card.card, schemeId, agencyId)
  const told = {
    max_per_spend: slot.maxPerSpend,
    pin_above: slot.pinAbove === largestAmount ? null : slot.pinAbove,
    removed_by: null,
    due_at: dueAt,
  }
  await connection
    .insertInto('card_slot')
    .values({
      ...{ card: card.card, slot_id: slotId, scheme_id: schemeId, ...told, state: 'open', funds: 0 },
      ...{ removed_count: 0, removed_amount: 0, debited_count: 0, debited_amount: 0 },
      ...{ loaded_count: given.count, loaded_amount: given.amount },
    })
    .onConflict((conflict) =>
      conflict.columns(['card', 'slot_id']).doUpdateSet((expression) => ({
        ...told,
        loaded_count: expression('card_slot.loaded_count', '+', BigInt(given.count)),
        loaded_amount: expression('card_slot.loaded_amount', '+', given.amount),
      })),
    )
    .execute()
  await connection
    .insertInto('card_load')
    .values({ card: card.card, counter, slot_id: slotId, count: given.count, amount: given.amount })
    .execute()
  const holding = await findHolding(work, card.card, slotId)
  if (holding === undefined) throw new Error(`the load of ${slotId} vanished`)
  const needed = remainderTiyn(coverOf(holding), holding.funds)
  if (needed > 0n && !(await moveFunds(work, holding, needed, 'card-funding')))
    throw new Error(`${schemeId} no longer covers the load of ${slotId}`)
}
