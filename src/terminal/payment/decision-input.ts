/** The facts that a till decides on, put together for the rule function (money-rules.md, "The rule function"). */
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { notActivatedIn } from '../../voucher/activation.ts'
import { profileForDecision } from '../../voucher/card-rules.ts'
import { engineVersion, type DecisionInput } from '../../voucher/decide.ts'
import { isListed } from '../../voucher/hotlist.ts'
import type { Tiyn } from '../../voucher/money.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { CoveredLine, Sale } from '../../voucher/sale.ts'
import type { Slot } from '../../voucher/slot.ts'
import { placeForDecision } from '../../voucher/where.ts'
import { leasesForDecision, localSpends, type Leased } from './leased-slots.ts'
import type { ReadCard } from './read-card.ts'

/** The basket as it is now, and what earlier tenders cover of it. */
export interface CurrentSale {
  readonly sale: Sale
  readonly covered: readonly CoveredLine[]
  /** Of its total, by whatever pays. What a QR has paid stands on no line before the sale is closed. */
  readonly left: Tiyn
  /** Slots that have paid their part of it. */
  readonly paidSlots: readonly string[]
  readonly frozen: boolean
}

export interface DecisionParts {
  readonly journal: Journal
  readonly engine: Pick<SyncEngine, 'lastSyncAt'>
  readonly time: TrustedTime
  readonly currentSale: () => CurrentSale
}

export interface DecisionOf {
  readonly active: TerminalPackage
  readonly card: Pick<ReadCard, 'card' | 'profile'>
  readonly slots: readonly Slot[]
  /** The leases that hold the slots, if this till's do. */
  readonly leased: readonly Leased[]
  readonly mode: 'online' | 'offline'
  /** A tender that is not to be counted as spent: the one that is being decided again. */
  readonly without: string | null
  /** Of a card that counts itself, which has counted this till's tenders too. */
  readonly spendCaps?: readonly { readonly slotId: string; readonly amount: Tiyn }[]
}

/** With the facts of this moment: trusted time, the basket, and what this till has sold. */
export function decisionInput(
  { journal, engine, time, currentSale }: DecisionParts,
  { active, card: { card, profile }, slots: asked, leased, mode, without, spendCaps }: DecisionOf,
): DecisionInput {
  const { sale, covered, paidSlots } = currentSale()
  // "In one sale at most" and a co-payment hold for the sale, not for each tap of it.
  const slots = asked.filter(({ slotId }) => !paidSlots.includes(slotId))
  return {
    engineVersion,
    mode,
    trustedTime: time.now(),
    merchantId: active.merchant.merchantId,
    ...placeForDecision(active.merchant),
    card: {
      card,
      blocked: isListed(active.hotlist, card),
      ...profileForDecision(profile),
      ...(spendCaps === undefined ? {} : { spendCaps: [...spendCaps] }),
      ...notActivatedIn(active, card),
    },
    schemes: active.schemes,
    slots: [...slots],
    localSpends:
      spendCaps !== undefined ? [] : slots.flatMap((slot) => localSpends(journal, slot, { mode, leased, without })),
    leases: leasesForDecision(journal, active, leased, without),
    terminal: {
      clockTrusted: time.trusted,
      packageIssuedAt: active.issuedAt,
      lastSyncAt: engine.lastSyncAt,
      exposure: [...journal.exposure()],
    },
    sale,
    covered: [...covered],
  }
}

/**
 * @param asked the slots of the card, with those that have paid already
 * @returns what the cashier is told of a decision that pays nothing
 */
export function refusalOf(input: DecisionInput, asked: readonly Slot[], code: RefusalCode): RefusalCode {
  return input.slots.length === 0 && asked.length > 0 ? 'CARD_PAID_ITS_PART' : code
}
