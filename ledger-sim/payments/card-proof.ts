/** What the card said about a tender, opened with keys that no till holds (docs/design/02-sale-bound-sun.md). */
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import { equalInConstantTime } from '../../src/voucher/cards/aes.ts'
import { fromHex } from '../../src/voucher/cards/bytes.ts'
import { decryptPiccData, openSun } from '../../src/voucher/cards/sun.ts'
import type { Hash } from '../../src/voucher/identifiers.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { CardProof } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { findCard, type Card } from '../schemes/cards.ts'
import { statement } from '../store/statement.ts'

export interface Proven {
  readonly kind: 'proven'
  readonly card: Card
  readonly counter: number
  readonly mac: string
  /** The binding that the card signed is this tender's. */
  readonly isBound: boolean
}

export type CardProofChecked =
  | Proven
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly card: Card | null }

/** Opens the proof; whether its counter is fresh is another question. */
export async function checkCardProof(work: Work, proof: CardProof, termsHash: Hash): Promise<CardProofChecked> {
  const { sun } = proof
  const piccData = decryptPiccData(work.keys.metaReadKey, fromHex(sun.e))
  if (piccData === null) return { kind: 'refused', code: 'CARD_PROOF_FORGED', card: null }
  const card = await findCard(work, cardPseudonym(work.keys.cardReferenceKey, piccData.uid))
  if (card === undefined) return { kind: 'refused', code: 'CARD_UNKNOWN', card: null }
  const opened = openSun(sun, { metaReadKey: work.keys.metaReadKey, fileReadKeyOf: () => card.fileReadKey })
  if (opened.kind === 'refused') {
    return {
      kind: 'refused',
      code: opened.code === 'SUN_MALFORMED' ? 'CARD_ANSWER_MALFORMED' : 'CARD_PROOF_FORGED',
      card,
    }
  }
  return {
    kind: 'proven',
    card,
    counter: opened.counter,
    mac: sun.m,
    isBound: equalInConstantTime(opened.termsHash, fromHex(termsHash)),
  }
}

export type CounterStanding =
  | 'fresh'
  /** This very tender showed it before. */
  | 'own'
  /** Another tender used the same message. */
  | 'replayed'
  /** Another tender used this counter, or a later one. */
  | 'behind'

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
  const { card, epoch } = proof.card
  const [used] = await useOf(connection, { card, epoch: BigInt(epoch), counter: BigInt(proof.counter) })
  if (used?.tender_id === tenderId) return 'own'
  if (used !== undefined) return 'replayed'
  return proof.counter > proof.card.highestCounter ? 'fresh' : 'behind'
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

/** Binds the counter to the tender for ever. */
export async function useCounter({ connection }: Work, proof: Proven, tenderId: string): Promise<void> {
  const { mac } = proof
  const { card, epoch, highestCounter } = proof.card
  const counter = BigInt(proof.counter)
  await used(connection, { card, epoch: BigInt(epoch), counter, tenderId, mac })
  if (counter > highestCounter) await counted(connection, { card, counter })
}
