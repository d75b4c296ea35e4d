/** The slots that this till holds for a card, or has it listed for in a pool, and what it has used of them. */
import type { Journal, TenderRecord } from '../../sync/journal/journal.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import type { CardProfile } from '../../voucher/card-rules.ts'
import type { DecisionInput } from '../../voucher/decide.ts'
import type { Lease, TerminalPackage } from '../../voucher/package.ts'
import { periodAt } from '../../voucher/scheme.ts'
import type { LocalSpend, Slot } from '../../voucher/slot.ts'

/** One live slot of this till for the card, with the key that hears the card's proof. */
export interface Leased {
  readonly lease: Lease
  readonly slot: Slot
  /** Undefined of a card of the profile `uid`, which has none. */
  readonly sealedTillKey: string | undefined
}

/**
 * The card's slots under live leases of this till, without surrendered ones (money-rules.md, "Offline"). What a card
 * opens that proves itself is not opened by one that only says the same UID.
 */
export function leasedSlots(
  { journal, time }: { readonly journal: Journal; readonly time: TrustedTime },
  active: TerminalPackage,
  { card, profile }: { readonly card: string; readonly profile: CardProfile },
): readonly Leased[] {
  return active.leases
    .filter((lease) => time.now() <= lease.sellUntil)
    .flatMap((lease) =>
      lease.slots.flatMap(({ slot, cards }) => {
        const own = cards.find((entry) => entry.card === card)
        if (own === undefined || journal.isSurrendered(slot.slotId)) return []
        if (profile !== (own.sealedTillKey === undefined ? 'uid' : 'ntag424')) return []
        return [{ lease, slot, sealedTillKey: own.sealedTillKey }]
      }),
    )
}

/**
 * The leases of these slots, as the rule function hears of them: a pool with its sum as the package says it, and what
 * this till has sold from it since.
 *
 * @param without a tender that is not to be counted: the one that is being decided again
 */
export function leasesForDecision(
  journal: Journal,
  { packageId }: TerminalPackage,
  leased: readonly Leased[],
  without: string | null,
): DecisionInput['leases'] {
  return leased.map(({ lease: { leaseId, schemeId, sellUntil, pool } }) => ({
    schemeId,
    sellUntil,
    ...(pool === undefined ? {} : { pool: { left: pool.left, sold: journal.soldUnder(leaseId, packageId, without) } }),
  }))
}

/** Whether the slot is of the period in which the moment lies. */
export function isCurrentSlot(active: TerminalPackage, slot: Slot, now: number): boolean {
  const scheme = active.schemes.find((candidate) => candidate.schemeId === slot.schemeId)
  return scheme !== undefined && periodAt(scheme, now)?.periodId === slot.periodId
}

/** How the tender is decided that wants to know what the slot still has. */
export interface SpendsOf {
  readonly mode: DecisionInput['mode']
  /** The leases of this till under which it may be sold. */
  readonly leased: readonly Leased[]
  /** A tender that is not to be counted: the one that is being decided again. */
  readonly without: string | null
}

/**
 * This till's own uses of a slot that the ledger's figures do not contain. Without network a void frees its own slot
 * (money-rules.md, "Offline"); with it the ledger hears of the void first.
 */
export function localSpends(journal: Journal, slot: Slot, { mode, leased, without }: SpendsOf): readonly LocalSpend[] {
  return journal
    .spentOnSlot(slot.slotId)
    .filter((tender) => tender.tenderId !== without && !slot.booked.includes(tender.tenderId))
    .filter((tender) => mode === 'online' || !isFreedByVoid(journal, tender, leased))
    .map((tender) => ({ slotId: slot.slotId, tenderId: tender.tenderId, amount: tender.amount }))
}

/**
 * Taken back while this till alone has the original: decided without network, under its own lease of slots, and not
 * answered. The ledger hears of it, of its reversal and of what is sold then in that order; where an answer was lost it
 * is the same, and in any other order who is paid is judged again (docs/design/01, "A void without network"). What was
 * asked for on line, or was answered, the ledger may have paid: it counts until the reversal is answered. So does what
 * was sold from a pool, whose slots other tills sell too.
 */
function isFreedByVoid(
  journal: Journal,
  { tenderId, state, leaseId }: TenderRecord,
  leased: readonly Leased[],
): boolean {
  if (state !== 'reversing' || !journal.isPresentmentWaiting(tenderId)) return false
  const isOfOwnSlots = leased.some(({ lease }) => lease.leaseId === leaseId && lease.pool === undefined)
  return isOfOwnSlots && journal.intentOf(tenderId).row.mode === 'offline'
}
