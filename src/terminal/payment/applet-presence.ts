/** A card that counts itself, from the reader to an open channel in which it has said who it is (docs/design/22). */
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import { cardPseudonym } from '../../sync/protocol/card-pseudonym.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'
import { cardKind, readTerminalCertificate } from '../../voucher/cards/tolem-applet/certificates.ts'
import type { AppletFailure, AppletRefusalCode } from '../../voucher/cards/tolem-applet/failure.ts'
import { openPresence, type AppletPresence } from '../../voucher/cards/tolem-applet/presence.ts'
import type { AppletCard } from '../../voucher/cards/tolem-applet/recognition.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'

export interface AppletPresenceParts {
  readonly engine: Pick<SyncEngine, 'syncNow'>
  readonly keys: Pick<KeyRing, 'signing'>
  readonly time: TrustedTime
  readonly randomness: Pick<Randomness, 'bytes'>
}

export type NoPresence = { readonly kind: 'card_left' } | { readonly kind: 'refused'; readonly code: RefusalCode }

export interface OpenedCard {
  readonly kind: 'opened'
  readonly presence: AppletPresence
  /** The keyed hash of its id: what till and ledger call it. */
  readonly card: string
}

/**
 * The till proves itself with the certificate of its package, then the card. A card that does not take the certificate
 * makes the till ask for a newer package at once.
 *
 * @param recognised a moment ago, in this presence
 */
export async function openCard(
  { engine, keys, time, randomness }: AppletPresenceParts,
  channel: CardChannel,
  { cards, cardReferenceKey }: TerminalPackage,
  recognised: AppletCard,
): Promise<OpenedCard | NoPresence> {
  // A CBDC card is a bank's, and no voucher.
  if (cards === undefined || recognised.cardKind !== cardKind.voucher) return { kind: 'refused', code: 'CARD_UNKNOWN' }
  const certificate = bytesOf(cards.terminalCertificate ?? '')
  const own = readTerminalCertificate(certificate)
  const trustedTime = time.now()
  if (own === null || own.notAfter < trustedTime) {
    void engine.syncNow()
    return { kind: 'refused', code: 'TERMINAL_NOT_ACCEPTED' }
  }
  const identity = { certificate, sign: (bytes: Uint8Array) => keys.signing.sign(bytes) }
  const trust = { rootKeys: cards.rootKeys.map(bytesOf), trustedTime }
  const presence = await openPresence(channel, identity, trust, (length) => randomness.bytes(length), recognised)
  if (presence.kind !== 'present') {
    if (presence.kind === 'refused' && presence.code === 'TERMINAL_NOT_ACCEPTED') void engine.syncNow()
    return noPresence(presence)
  }
  return { kind: 'opened', presence, card: cardPseudonym(cardReferenceKey, presence.card.cardId) }
}

/** Of a step that moves nothing: the card is held again, or the cashier is told why not. */
export function noPresence(failure: AppletFailure): NoPresence {
  return failure.kind === 'torn' ? { kind: 'card_left' } : { kind: 'refused', code: cashierCodes[failure.code] }
}

/** What the cashier is told for the card's own word. */
export const cashierCodes: Readonly<Record<AppletRefusalCode, RefusalCode>> = {
  CARD_UNKNOWN: 'CARD_UNKNOWN',
  CARD_ANSWER_MALFORMED: 'CARD_ANSWER_MALFORMED',
  TERMINAL_NOT_ACCEPTED: 'TERMINAL_NOT_ACCEPTED',
  CARD_NOT_AUTHENTIC: 'CARD_PROOF_FORGED',
  CARD_CERTIFICATE_ENDED: 'CARD_CERTIFICATE_ENDED',
  CARD_OTHER: 'CARD_OTHER',
  CARD_BLOCKED: 'CARD_BLOCKED',
  CARD_PIN_NEEDED: 'CARD_PIN_NEEDED',
  CARD_PIN_WRONG: 'CARD_PIN_WRONG',
  CARD_PIN_BLOCKED: 'CARD_PIN_BLOCKED',
  CARD_PIN_NOT_SET: 'CARD_PIN_NOT_SET',
  CARD_TIME_REFUSED: 'CARD_TIME_REFUSED',
  CARD_SLOT_UNKNOWN: 'ALLOWANCE_NOT_ON_CARD',
  CARD_SLOT_NOT_VALID: 'OUTSIDE_PERIOD',
  CARD_ONLINE_ONLY: 'OFFLINE_NOT_ALLOWED',
  CARD_CAP_EXCEEDED: 'CAP_PER_SALE',
  CARD_ALLOWANCE_USED: 'ALLOWANCE_USED',
  // The rest is a fault of this till or of the card: "tap again".
  CARD_ALREADY_DEBITED: 'CARD_ANSWER_MALFORMED',
  CARD_SCRIPT_REFUSED: 'CARD_ANSWER_MALFORMED',
  CARD_NOT_BLANK: 'CARD_ANSWER_MALFORMED',
  CARD_NOT_CERTIFIED: 'CARD_ANSWER_MALFORMED',
  CARD_COMMAND_REFUSED: 'CARD_ANSWER_MALFORMED',
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'))
