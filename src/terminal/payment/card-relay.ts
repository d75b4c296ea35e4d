/**
 * The ledger as the holder of a card's key (docs/design/02, step 4): it answers the card's challenge, checks its reply,
 * and hands out the keys of this one session, never the card's. It also says what the card may receive.
 */
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import type { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import { cardSessionContext } from '../../sync/protocol/sealed-box.ts'
import { sessionFromKeys, type CardAuthenticator } from '../../voucher/cards/ntag424-authentication.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { Slot } from '../../voucher/slot.ts'
import type { AskedForSlots, BesidePool } from './asked-for-slots.ts'

/** Money-rules.md, "One payment": deadline of an online attempt. */
export const onlineDeadlineMs = 1_500

export interface CardRelayParts {
  readonly ledger: LedgerClient
  readonly engine: SyncEngine
  readonly randomness: Randomness
  readonly keys: KeyRing
}

export interface CardRelay {
  readonly authenticator: CardAuthenticator
  /** What the ledger said the card may receive; empty before it was asked. */
  readonly slots: () => readonly Slot[]
  /** Another till holds a slot that would pay for the basket. */
  readonly isElsewhere: () => boolean
  /** Of schemes that have lent this till a pool: what they can pay by themselves, where that is little. */
  readonly besidePools: () => readonly BesidePool[]
  /** Why the card can pay for nothing here, where it has no slot. */
  readonly refusal: () => RefusalCode | undefined
}

/** What the card is to pay. */
export type AskedOfCard =
  | AskedForSlots
  /** The open request of this id, from its holder's account (docs/design/29-cbdc-card.md). */
  | { readonly paymentRequest: string }

/** @param card the card's pseudonym */
export function cardRelay(
  { ledger, engine, randomness, keys }: CardRelayParts,
  card: string,
  asked: AskedOfCard,
): CardRelay {
  let slots: readonly Slot[] = []
  let isElsewhere = false
  let besidePools: readonly BesidePool[] = []
  let refusal: RefusalCode | undefined
  const authenticator: CardAuthenticator = {
    async answer(_uid, encRndB) {
      const cardSessionId = randomness.uuid()
      const reply = await ledger.call(
        '/v1/terminal/card-sessions',
        { cardSessionId, card, encryptedRndB: upperHex(encRndB), ...forMessage(asked) },
        onlineDeadlineMs,
      )
      engine.tapAsked(reply)
      if (reply.kind !== 'answer') return { kind: 'unavailable', reason: reply.detail }
      if (reply.answer.kind === 'refused') {
        refusal = reply.answer.code
        return { kind: 'refused', reason: reply.answer.code }
      }
      if (reply.answer.kind === 'identified') return { kind: 'unavailable', reason: 'no challenge was answered' }
      if ('schemes' in asked) {
        const { leasedElsewhere } = reply.answer
        slots = reply.answer.slots
        besidePools = reply.answer.besidePools ?? []
        // The card is authenticated all the same: the ledger asks another till for its slot only if it is really here.
        isElsewhere = leasedElsewhere.some((schemeId) => asked.schemes.includes(schemeId))
        if (slots.length === 0) {
          const without = leasedElsewhere.length > 0 ? 'NOTHING_ELIGIBLE' : 'NO_ENTITLEMENT'
          refusal = isElsewhere ? 'LEASED_ELSEWHERE' : without
        }
      }
      return {
        kind: 'part2',
        part2: Buffer.from(reply.answer.authenticationPart2, 'hex'),
        complete: async (part3) => {
          const completed = await ledger.call(
            '/v1/terminal/card-session-keys',
            { cardSessionId, authenticationPart3: upperHex(part3) },
            onlineDeadlineMs,
          )
          engine.tapAsked(completed)
          if (completed.kind !== 'answer') return { kind: 'unavailable', reason: completed.detail }
          if (completed.answer.kind === 'refused') return { kind: 'not-authentic' }
          const bytes = keys.open(completed.answer.sealedSession, cardSessionContext(cardSessionId))
          const session =
            bytes === undefined
              ? null
              : sessionFromKeys({
                  ti: bytes.subarray(0, 4),
                  encKey: bytes.subarray(4, 20),
                  macKey: bytes.subarray(20, 36),
                })
          return session === null
            ? { kind: 'unavailable', reason: 'sealed session not readable' }
            : { kind: 'session', session }
        },
      }
    },
  }
  return {
    authenticator,
    slots: () => slots,
    isElsewhere: () => isElsewhere,
    besidePools: () => besidePools,
    refusal: () => refusal,
  }
}

function forMessage(asked: AskedOfCard): { schemes: string[]; hasPool?: true } | { paymentRequest: string } {
  if (!('schemes' in asked)) return asked
  return { schemes: [...asked.schemes], ...(asked.hasPool ? { hasPool: true } : {}) }
}

/** The form in which cards' bytes travel in messages. */
export function upperHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

/** What the cashier is told for a card profile's own code. */
export function refusalCodeOf(code: string): RefusalCode {
  switch (code) {
    case 'CARD_UNKNOWN':
    case 'CARD_AUTHENTICATION_FAILED':
    case 'CARD_BINDING_MISMATCH':
    case 'CARD_ANSWER_MALFORMED':
      return code
    case 'CARD_AUTHENTICATION_UNAVAILABLE':
      return 'LEDGER_UNREACHABLE'
    case 'CARD_AUTHENTICATION_REFUSED':
    case 'CARD_AUTHENTICATION_DELAYED':
      return 'CARD_AUTHENTICATION_FAILED'
    default:
      return 'CARD_ANSWER_MALFORMED'
  }
}
