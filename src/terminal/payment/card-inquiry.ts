/**
 * Asks the ledger what a card may receive that only says who it is. Nothing is authenticated: the ledger has the
 * terminal's signed word that the card lies here.
 */
import type { AskedForSlots, LedgerSlots } from './asked-for-slots.ts'
import { onlineDeadlineMs, type CardRelayParts } from './card-relay.ts'
import type { ReadCard } from './read-card.ts'
import type { IdentificationProfile } from '../../voucher/card-rules.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'

export type CardInquiry = LedgerSlots | { readonly kind: 'refused'; readonly code: RefusalCode }

export async function askForSlots(
  { ledger, engine, randomness }: CardRelayParts,
  { card }: Pick<ReadCard, 'card'>,
  profile: IdentificationProfile,
  { schemes, hasPool }: AskedForSlots,
): Promise<CardInquiry> {
  const asked = { schemes: [...schemes], ...(hasPool ? { hasPool } : {}) }
  const request = { cardSessionId: randomness.uuid(), card, profile, ...asked }
  const reply = await ledger.call('/v1/terminal/card-sessions', request, onlineDeadlineMs)
  engine.tapAsked(reply)
  if (reply.kind !== 'answer') return { kind: 'refused', code: 'LEDGER_UNREACHABLE' }
  if (reply.answer.kind === 'refused') return { kind: 'refused', code: reply.answer.code }
  if (reply.answer.kind === 'open') return { kind: 'refused', code: 'LEDGER_ANSWER_MALFORMED' }
  const { slots, leasedElsewhere, besidePools = [] } = reply.answer
  const isElsewhere = leasedElsewhere.some((schemeId) => schemes.includes(schemeId))
  if (slots.length > 0) return { kind: 'slots', slots, isElsewhere, besidePools }
  if (isElsewhere) return { kind: 'refused', code: 'LEASED_ELSEWHERE' }
  return { kind: 'refused', code: leasedElsewhere.length > 0 ? 'NOTHING_ELIGIBLE' : 'NO_ENTITLEMENT' }
}
