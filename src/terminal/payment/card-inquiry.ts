/**
 * Asks the ledger what a card may receive that only says who it is. Nothing is authenticated: the ledger has the
 * terminal's signed word that the card lies here.
 */
import { onlineDeadlineMs, type CardRelayParts } from './card-relay.ts'
import type { ReadCard } from './read-card.ts'
import type { IdentificationProfile } from '../../voucher/card-rules.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { Slot } from '../../voucher/slot.ts'

/** What the ledger says of a card that it knows. */
export interface LedgerSlots {
  readonly kind: 'slots'
  readonly slots: readonly Slot[]
  /** Another till holds a slot that would pay for the basket. */
  readonly isElsewhere: boolean
  /** Schemes that would refuse what this till's pool can pay. */
  readonly dryBesidePool: readonly string[]
}

export type CardInquiry = LedgerSlots | { readonly kind: 'refused'; readonly code: RefusalCode }

/** @param schemes those that would pay for something of the basket */
export async function askForSlots(
  { ledger, engine, randomness }: CardRelayParts,
  { card }: Pick<ReadCard, 'card'>,
  profile: IdentificationProfile,
  schemes: readonly string[],
): Promise<CardInquiry> {
  const request = { cardSessionId: randomness.uuid(), card, profile, schemes: [...schemes] }
  const reply = await ledger.call('/v1/terminal/card-sessions', request, onlineDeadlineMs)
  engine.tapAsked(reply)
  if (reply.kind !== 'answer') return { kind: 'refused', code: 'LEDGER_UNREACHABLE' }
  if (reply.answer.kind === 'refused') return { kind: 'refused', code: reply.answer.code }
  if (reply.answer.kind === 'open') return { kind: 'refused', code: 'LEDGER_ANSWER_MALFORMED' }
  const { slots, leasedElsewhere, dryBesidePool = [] } = reply.answer
  const isElsewhere = leasedElsewhere.some((schemeId) => schemes.includes(schemeId))
  if (slots.length > 0) return { kind: 'slots', slots, isElsewhere, dryBesidePool }
  if (isElsewhere) return { kind: 'refused', code: 'LEASED_ELSEWHERE' }
  return { kind: 'refused', code: leasedElsewhere.length > 0 ? 'NOTHING_ELIGIBLE' : 'NO_ENTITLEMENT' }
}
