/** The card on the reader as one of a profile, by the name under which till and ledger know it. */
import { cardPseudonym } from '../../sync/protocol/card-pseudonym.ts'
import { verifyIssuerRecord } from '../../sync/protocol/issuer-record.ts'
import type { VerifyingKey } from '../../sync/protocol/keys.ts'
import { acceptsCard, type CardProfile } from '../../voucher/card-rules.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'
import { readNtag21x } from '../../voucher/cards/ntag21x.ts'
import { recogniseAnyCard } from '../../voucher/cards/recognition.ts'
import type { AppletCard } from '../../voucher/cards/tolem-applet/recognition.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { CardProof, IdentificationProof, Sun } from '../../voucher/tender.ts'

export interface ReadCard {
  readonly kind: 'card'
  readonly uid: Uint8Array
  /** The keyed hash of the UID. */
  readonly card: string
  readonly profile: CardProfile
  /** It may be a card of another profile, which this reader does not show. */
  readonly isHidden?: true
  /** What a card that only says who it is has to say: the same for each sale. Null of one that proves each sale. */
  readonly identification: IdentificationProof | null
}

/** A card that counts itself. Who it is, it says when the till has proved itself (`applet-presence.ts`). */
export interface ReadApplet {
  readonly kind: 'applet'
  readonly applet: AppletCard
}

export type CardRead =
  | ReadCard
  | ReadApplet
  | { readonly kind: 'card_left' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

/** Changes nothing on the card. A kind of card with which no scheme of the package pays is no card of ours. */
export async function readCard(
  channel: CardChannel,
  active: TerminalPackage,
  ledgerKey: VerifyingKey,
): Promise<CardRead> {
  const found = await recogniseAnyCard(channel)
  switch (found.kind) {
    case 'torn':
    case 'card-gone':
      return { kind: 'card_left' }
    case 'unsupported':
      return { kind: 'refused', code: 'CARD_UNKNOWN' }
    case 'unreadable':
      return { kind: 'refused', code: 'CARD_ANSWER_MALFORMED' }
    case 'random-uid':
      return { kind: 'refused', code: 'CARD_RANDOM_UID' }
    case 'tolem-applet':
      return active.cards === undefined
        ? { kind: 'refused', code: 'CARD_UNKNOWN' }
        : { kind: 'applet', applet: found.applet }
    case 'uid':
    case 'ntag21x':
    case 'ntag424':
  }
  const { kind: profile, uid } = found
  const card = cardPseudonym(active.cardReferenceKey, uid)
  if (profile === 'ntag424') return { kind: 'card', uid, card, profile, identification: null }
  const isTaken = (of: CardProfile): boolean => active.schemes.some((scheme) => acceptsCard(scheme, of))
  const isHidden = found.kind === 'uid' && found.isHidden === true && isTaken('ntag21x')
  if (!isTaken(profile)) return { kind: 'refused', code: isHidden ? 'READER_HIDES_CARD' : 'CARD_UNKNOWN' }
  if (found.kind !== 'ntag21x') {
    const read = { kind: 'card', uid, card, profile, identification: { profile: 'uid', card } } as const
    return isHidden ? { ...read, isHidden } : read
  }
  const read = await readNtag21x(channel, found)
  if (read.kind === 'torn') return { kind: 'card_left' }
  if (read.kind === 'refused') return { kind: 'refused', code: read.code }
  const record = Buffer.from(read.issuerSignature).toString('base64url')
  if (!verifyIssuerRecord(ledgerKey, card, record)) return { kind: 'refused', code: 'CARD_NOT_ORIGINAL' }
  return { kind: 'card', uid, card, profile, identification: { profile: 'ntag21x', card, record } }
}

export type TakenProof =
  | { readonly kind: 'proof'; readonly proof: CardProof }
  | { readonly kind: 'torn'; readonly step: string }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

export const saleBound = (sun: Sun): CardProof => ({ profile: 'ntag424', sun })
