/** What the ledger is asked about a card for which this till has no slot of its own, and what it says. */
import type { Tiyn } from '../../voucher/money.ts'
import type { Slot } from '../../voucher/slot.ts'

export interface BesidePool {
  readonly schemeId: string
  /** An authorisation for more is refused. */
  readonly canPay: Tiyn
}

/** What the ledger is asked for about a card. */
export interface AskedForSlots {
  /** Those that would pay for something of the basket. */
  readonly schemes: readonly string[]
  /** This till has a pool that knows the card. */
  readonly hasPool: boolean
}

/** What the ledger says of a card that it knows. */
export interface LedgerSlots {
  readonly kind: 'slots'
  readonly slots: readonly Slot[]
  /** Another till holds a slot that would pay for the basket. */
  readonly isElsewhere: boolean
  /** Of schemes that have lent this till a pool: what they can pay by themselves, where that is little. */
  readonly besidePools: readonly BesidePool[]
}
