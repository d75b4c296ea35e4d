/**
 * Who holds a card's key, as a till may use it: each authentication is counted on the disk before the card hears of it,
 * and none is sent to a card that was asked often enough (docs/design/02, "Failed authentications").
 */
import { createHmac } from 'node:crypto'
import type { JournalCardAttempts } from '../../sync/journal/card-attempts.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type {
  AuthenticatorAnswer,
  CardAuthenticator,
  SessionAnswer,
} from '../../voucher/cards/ntag424-authentication.ts'

/** The card a till asks, by the till's own name of it, and the name of the till's key of it, where the till has one. */
export interface AskedCard {
  readonly card: string
  readonly key: string | null
}

/**
 * What the card is sent last, and can count, is part 2; so whatever ends before it (the card left, the ledger did not
 * answer) is no attempt.
 */
export function counted(
  attempts: JournalCardAttempts,
  { card, key }: AskedCard,
  authenticator: CardAuthenticator,
): CardAuthenticator {
  return {
    async answer(uid, encRndB, random): Promise<AuthenticatorAnswer> {
      const answer = await authenticator.answer(uid, encRndB, random)
      if (answer.kind !== 'part2') return answer
      try {
        if (!attempts.begin(card, key)) return { kind: 'refused', reason: 'asked-often-enough' }
      } catch (error) {
        // What can not be counted is not sent.
        if (isStorageFault(error)) return { kind: 'refused', reason: uncountable }
        throw error
      }
      return {
        ...answer,
        async complete(part3): Promise<SessionAnswer> {
          const completion = await answer.complete(part3)
          if (completion.kind === 'session') attempts.succeeded(card)
          else if (completion.kind !== 'not-authentic') attempts.tookNoPlace(card)
          return completion
        },
      }
    },
  }
}

/** The reason of a refusal: the count can not be written. */
export const uncountable = 'not-countable'

/**
 * A name for a card's key by which it is known again, and not found: 64 bits of a MAC with the key itself, of 128.
 */
export function nameOfKey(key: Uint8Array): string {
  return createHmac('sha256', key).update('tolem/till-key-name/1').digest('hex').slice(0, 16)
}
