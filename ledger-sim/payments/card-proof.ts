/** What the card said about a tender, opened with keys that no till holds (docs/design/02-sale-bound-sun.md). */
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import { verifyIssuerRecord } from '../../src/sync/protocol/issuer-record.ts'
import { equalInConstantTime } from '../../src/voucher/cards/aes.ts'
import { fromHex } from '../../src/voucher/cards/bytes.ts'
import { decryptPiccData, openSun } from '../../src/voucher/cards/sun.ts'
import type { Hash } from '../../src/voucher/identifiers.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { CardProof, IdentificationProof, Sun } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { findCard, formerFileReadKeysOf, type Card } from '../schemes/cards.ts'
import { statement } from '../store/statement.ts'

export interface Proven {
  readonly kind: 'proven'
  readonly card: Card
  /** Null where the card only said who it is: then nothing but the terminal's word says that it was there. */
  readonly message: SaleMessage | null
}

interface SaleMessage {
  /** Of the card when it made the message; in an authorisation that is the present one. */
  readonly epoch: number
  readonly counter: number
  readonly mac: string
  /** The binding that the card signed is this tender's. */
  readonly isBound: boolean
}

export type CardProofChecked =
  | Proven
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly card: Card | null }

/** What is wrong with the message of a card, whatever it says. */
export type MessageFault = 'CARD_PROOF_FORGED' | 'CARD_UNKNOWN' | 'CARD_ANSWER_MALFORMED'
export type MessageChecked =
  | Proven
  | { readonly kind: 'refused'; readonly code: MessageFault; readonly card: Card | null }

/**
 * - `present`: the goods are not given, the card is there and speaks with the keys that it has.
 * - `any`: the goods are given; the card may have been re-keyed since (docs/design/30-rekeying.md, "What was sold
 *   before").
 */
export type EpochsTaken = 'present' | 'any'

/** Opens the proof; whether its counter is fresh is another question. */
export async function checkCardProof(
  work: Work,
  proof: CardProof,
  termsHash: Hash,
  epochs: EpochsTaken,
): Promise<CardProofChecked> {
  switch (proof.profile) {
    case 'ntag424':
      return openMessage(work, proof.sun, termsHash, epochs)
    case 'tolem-applet':
      // Its word is a debit that was made: it is presented, and never asked about before (applet/present.ts).
      return { kind: 'refused', code: 'CARD_KIND_NOT_ACCEPTED', card: null }
    default:
      return identify(work, proof)
  }
}

/** @param boundTo hash of the terms that the card is to have signed */
export async function openMessage(work: Work, sun: Sun, boundTo: Hash, epochs: EpochsTaken): Promise<MessageChecked> {
  const piccData = decryptPiccData(work.keys.metaReadKey, fromHex(sun.e))
  if (piccData === null) return { kind: 'refused', code: 'CARD_PROOF_FORGED', card: null }
  const card = await findCard(work, cardPseudonym(work.keys.cardReferenceKey, piccData.uid))
  if (card === undefined) return { kind: 'refused', code: 'CARD_UNKNOWN', card: null }
  const { secrets } = card
  if (secrets === null) return { kind: 'refused', code: 'CARD_PROOF_FORGED', card }
  const { metaReadKey } = work.keys
  const openedBy = (fileReadKey: Uint8Array) => openSun(sun, { metaReadKey, fileReadKeyOf: () => fileReadKey })
  let { epoch } = card
  let opened = openedBy(secrets.fileReadKey)
  const isOfOtherKey = opened.kind === 'refused' && opened.code === 'SUN_MAC_WRONG'
  for (const former of isOfOtherKey && epochs === 'any' ? await formerFileReadKeysOf(work, card.card) : []) {
    const openedBefore = openedBy(former.fileReadKey)
    if (openedBefore.kind === 'refused') continue
    opened = openedBefore
    epoch = former.epoch
    break
  }
  if (opened.kind === 'refused') {
    return {
      kind: 'refused',
      code: opened.code === 'SUN_MALFORMED' ? 'CARD_ANSWER_MALFORMED' : 'CARD_PROOF_FORGED',
      card,
    }
  }
  const isBound = equalInConstantTime(opened.termsHash, fromHex(boundTo))
  return { kind: 'proven', card, message: { epoch, counter: opened.counter, mac: sun.m, isBound } }
}

/** A card that can prove itself is never taken at somebody's word, nor one kind for another. */
async function identify(work: Work, proof: IdentificationProof): Promise<CardProofChecked> {
  const card = await findCard(work, proof.card)
  if (card?.profile !== proof.profile) return { kind: 'refused', code: 'CARD_UNKNOWN', card: null }
  if (proof.profile === 'ntag21x' && !verifyIssuerRecord(work.keys.signing, card.card, proof.record))
    return { kind: 'refused', code: 'CARD_NOT_ORIGINAL', card }
  return { kind: 'proven', card, message: null }
}

/** Whether the card said this for other terms. */
export function isOfOtherTerms({ message }: Proven): boolean {
  return message?.isBound === false
}

export type CounterStanding =
  | 'fresh'
  /** This very tender showed it before. */
  | 'own'
  /** Another tender used the same message. */
  | 'replayed'
  /** Another tender used this counter, or a later one. */
  | 'behind'
  /** It has none: it only said who it is. */
  | 'none'

interface CounterUsed {
  readonly card: string
  readonly epoch: bigint
  readonly counter: bigint
}

const useOf = statement((connection, { card, epoch, counter }: CounterUsed) =>
  connection
    .selectFrom('card_counter')
    .select(['tender_id', 'mac'])
    .where('card', '=', card)
    .where('epoch', '=', epoch)
    .where('counter', '=', counter),
)

/** Counters only rise, but tills present in any order: `behind` matters to authorisations, `replayed` to both. */
export async function counterStanding({ connection }: Work, proof: Proven, tenderId: string): Promise<CounterStanding> {
  const { card, message } = proof
  if (message === null) return 'none'
  const [used] = await useOf(connection, {
    card: card.card,
    epoch: BigInt(message.epoch),
    counter: BigInt(message.counter),
  })
  if (used?.tender_id === tenderId) return 'own'
  if (used !== undefined) return 'replayed'
  return message.counter > card.highestCounter ? 'fresh' : 'behind'
}

const used = statement(
  (connection, { card, epoch, counter, tenderId, mac }: CounterUsed & { tenderId: string; mac: string }) =>
    connection
      .insertInto('card_counter')
      .values({ card, epoch, counter, tender_id: tenderId, mac })
      .onConflict((conflict) => conflict.doNothing()),
)
const counted = statement((connection, { card, counter }: { card: string; counter: bigint }) =>
  connection.updateTable('card').set({ highest_counter: counter }).where('card', '=', card),
)

/** Binds the counter to the tender for ever, where the card has one. A former epoch's says nothing of later ones. */
export async function useCounter({ connection }: Work, proof: Proven, tenderId: string): Promise<void> {
  const { message } = proof
  if (message === null) return
  const { card, epoch, highestCounter } = proof.card
  const counter = BigInt(message.counter)
  await used(connection, { card, epoch: BigInt(message.epoch), counter, tenderId, mac: message.mac })
  if (message.epoch === epoch && counter > highestCounter) await counted(connection, { card, counter })
}
