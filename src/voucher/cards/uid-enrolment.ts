/**
 * The issuing desk takes a card into use that its holder carries already: it reads the UID for the ledger, which keeps
 * its keyed hash (docs/design/24-card-profiles.md, "uid"). Nothing is written to the card.
 */
import type { CardChannel } from './card-channel.ts'
import type { Torn } from './exchange.ts'
import { recogniseAnyCard, type AnyRecognitionStep } from './recognition.ts'

export type UidEnrolment =
  | { readonly kind: 'card'; readonly uid: Uint8Array; /** How people call it. */ readonly name: string }
  | {
      readonly kind: 'refused'
      readonly code:
        | 'CARD_RANDOM_UID'
        | 'CARD_UNKNOWN'
        | 'CARD_ANSWER_MALFORMED'
        /** Whether it proves more than its UID, only another reader can say: there a till would not take it by that. */
        | 'READER_HIDES_CARD'
        /** It is one that proves more than its UID: it is personalised, not enrolled by it. */
        | 'CARD_PROVES_MORE'
      readonly detail: string
    }
  | Torn<AnyRecognitionStep>

export async function readCardToEnrol(channel: CardChannel): Promise<UidEnrolment> {
  const card = await recogniseAnyCard(channel)
  switch (card.kind) {
    case 'torn':
      return { kind: 'torn', step: card.step, executed: 'unknown', reason: card.reason }
    case 'card-gone':
      return { kind: 'torn', step: card.step, executed: 'no', reason: card.reason }
    case 'random-uid':
      return { kind: 'refused', code: 'CARD_RANDOM_UID', detail: card.name }
    case 'unreadable':
      return { kind: 'refused', code: 'CARD_ANSWER_MALFORMED', detail: card.name }
    case 'unsupported':
      return { kind: 'refused', code: 'CARD_UNKNOWN', detail: card.name }
    case 'ntag424':
    case 'ntag21x':
    case 'tolem-applet':
      return { kind: 'refused', code: 'CARD_PROVES_MORE', detail: card.name }
    case 'uid':
      return card.isHidden === true
        ? { kind: 'refused', code: 'READER_HIDES_CARD', detail: card.name }
        : { kind: 'card', uid: card.uid, name: card.name }
  }
}
