/**
 * A card of ours gets the keys of its next generation (docs/design/30-rekeying.md): a desk begins, gives the card its
 * keys, and says that it is done. In between the ledger cannot know which keys the card has, so that it pays nothing
 * with network and is leased to no till. A re-keying is named by the card and the generation: asked again, either act
 * is the same act.
 */
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import type { Work } from '../context.ts'
import { announceToTillsWithKeyOf, sealRekeyedCard } from '../leases/seal-anew.ts'
import { wrappedKeysOf } from './cards.ts'

export type Rekeyed =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'rule_violated'; readonly detail: string }

/** @param generation whose keys the card is to get: the next one of those it has */
export async function beginRekeying(work: Work, card: string, generation: number): Promise<Rekeyed> {
  const standing = await standingOf(work, card, generation)
  if (standing.kind !== 'next') return standing
  if (standing.isBegun) return { kind: 'done', arrival: 'exists' }
  if (standing.isBlocked) return refused('the card is blocked')
  const { now } = work
  await work.connection
    .updateTable('card')
    .set({ rekeying_since: now, exposed_at: standing.exposedAt ?? now })
    .where('card', '=', card)
    .execute()
  await announceToTillsWithKeyOf(work, card)
  return { kind: 'done', arrival: 'created' }
}

/**
 * The card certainly has the new keys. A card that was blocked meanwhile stays blocked.
 *
 * @param uid 7 bytes
 */
export async function finishRekeying(work: Work, uid: Uint8Array, generation: number): Promise<Rekeyed> {
  const card = cardPseudonym(work.keys.cardReferenceKey, uid)
  const standing = await standingOf(work, card, generation)
  if (standing.kind !== 'next') return standing
  if (!standing.isBegun) return refused('this re-keying was not begun')
  const former = { card, epoch: standing.epoch, file_read_key: standing.fileReadKey, ended_at: work.now }
  await work.connection.insertInto('former_card_key').values(former).execute()
  await work.connection
    .updateTable('card')
    .set({
      ...wrappedKeysOf(work, uid, generation),
      epoch: generation,
      highest_counter: 0,
      exposed_at: null,
      rekeying_since: null,
    })
    .where('card', '=', card)
    .execute()
  await sealRekeyedCard(work, card)
  return { kind: 'done', arrival: 'created' }
}

type Standing =
  | {
      readonly kind: 'next'
      readonly epoch: bigint
      readonly fileReadKey: string
      readonly exposedAt: bigint | null
      readonly isBegun: boolean
      readonly isBlocked: boolean
    }
  | Rekeyed

async function standingOf({ connection }: Work, card: string, generation: number): Promise<Standing> {
  const row = await connection.selectFrom('card').selectAll().where('card', '=', card).executeTakeFirst()
  if (row === undefined) return { kind: 'not_found' }
  if (row.profile !== null) return refused('a card of this kind is not re-keyed')
  const { epoch } = row
  if (epoch >= generation) return { kind: 'done', arrival: 'exists' }
  if (epoch + 1n < generation) return refused(`the card has the keys of generation ${epoch}`)
  return {
    kind: 'next',
    epoch,
    fileReadKey: row.file_read_key,
    exposedAt: row.exposed_at,
    isBegun: row.rekeying_since !== null,
    isBlocked: row.status === 'blocked',
  }
}

function refused(detail: string): Rekeyed {
  return { kind: 'rule_violated', detail }
}
