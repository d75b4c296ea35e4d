/** Cards: which pseudonym belongs to which holder, with its wrapped keys. No UID is stored. */
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import { acceptsCardOffline, type CardProfile, type UidProfile } from '../../src/voucher/card-rules.ts'
import { cardKeyNumber, firstKeyGeneration } from '../../src/voucher/cards/card-keys.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { isUnsafeForHolder } from '../applet/pairs.ts'
import type { Work } from '../context.ts'
import { cardKeyPurpose } from '../keys.ts'
import { statement } from '../store/statement.ts'
import { announcePackages } from '../terminals/events.ts'
import { nameHolder } from './holders.ts'
import { keepApart, publishChange } from './hotlist.ts'

export interface Card {
  readonly card: string
  readonly holder: string
  /** Blocked, too, while it is re-keyed: nobody knows which keys it has (docs/design/30-rekeying.md, "Begin"). */
  readonly status: 'active' | 'blocked'
  /** The generation of its keys: rises when the card is re-keyed; counters are unique within it. */
  readonly epoch: number
  readonly highestCounter: number
  readonly profile: CardProfile
  /** Null of a card that only says who it is. */
  readonly secrets: CardSecrets | null
  /** The card that was issued in its place: it stays blocked. */
  readonly replacedBy: string | null
}

export interface CardSecrets {
  readonly fileReadKey: Uint8Array
  readonly tillKey: Uint8Array
}

export interface CardRegistration {
  /** 7 bytes; of the profile `uid` also 4 or 10. */
  readonly uid: Uint8Array
  readonly holder: string
  /** Whose the holder is, or becomes; null of a card that pays from an account. */
  readonly agencyId: string | null
  /** Absent: `ntag424`. */
  readonly profile?: UidProfile
}

/**
 * Registers a card. The UID is used to name it and to derive its keys where it has any, and forgotten. One UID is one
 * card of one profile: what was registered as proving itself is never registered again as something less.
 *
 * @returns `not_own_holder` when the holder is another agency's; the caller rolls back what is no registration
 */
export async function registerCard(
  work: Work,
  { uid, holder, agencyId, profile = 'ntag424' }: CardRegistration,
): Promise<{
  readonly outcome: 'registered' | 'exists' | 'exists_with_different_terms' | 'not_own_holder'
  readonly card: string
}> {
  const { connection, keys, now } = work
  const card = cardPseudonym(keys.cardReferenceKey, uid)
  if (agencyId !== null && (await nameHolder(work, holder, agencyId)) === 'anothers')
    return { outcome: 'not_own_holder', card }
  const wrapped =
    profile === 'ntag424' ? wrappedKeysOf(work, uid, firstKeyGeneration) : { file_read_key: '', till_key: '' }
  const inserted = await connection
    .insertInto('card')
    .values({
      card,
      holder,
      status: 'active',
      epoch: firstKeyGeneration,
      highest_counter: 0,
      ...wrapped,
      exposed_at: null,
      replaced_by: null,
      profile: profile === 'ntag424' ? null : profile,
      registered_by: agencyId,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('card')
    .executeTakeFirst()
  if (inserted !== undefined) {
    await connection.insertInto('card_status').values({ card, change: 1, status: 'active', at: now }).execute()
    if (await keepApart(work, card)) await announcePackages(work)
    return { outcome: 'registered', card }
  }
  const existing = await findCard(work, card)
  const isSame = existing?.holder === holder && existing.profile === profile
  return { outcome: isSame ? 'exists' : 'exists_with_different_terms', card }
}

/** Keys 2 and 3 of one card in one generation, as they stand in the database. @param uid 7 bytes */
export function wrappedKeysOf({ keys, random }: Work, uid: Uint8Array, generation: number) {
  const card = cardPseudonym(keys.cardReferenceKey, uid)
  const wrapped = (keyNumber: 2 | 3): string => {
    const purpose = cardKeyPurpose(card, keyNumber, generation)
    return keys.wrap(keys.diversify(uid, keyNumber, generation), purpose, random)
  }
  return { file_read_key: wrapped(cardKeyNumber.fileRead), till_key: wrapped(cardKeyNumber.till) }
}

const cardNamed = statement((connection, { card }: { card: string }) =>
  connection.selectFrom('card').selectAll().where('card', '=', card),
)

export async function findCard({ connection, keys }: Work, card: string): Promise<Card | undefined> {
  const [row] = await cardNamed(connection, { card })
  if (row === undefined) return undefined
  const epoch = Number(row.epoch)
  return {
    card: row.card,
    holder: row.holder,
    status: row.rekeying_since === null ? row.status : 'blocked',
    epoch,
    highestCounter: Number(row.highest_counter),
    profile: row.profile ?? 'ntag424',
    secrets:
      row.profile === null
        ? {
            fileReadKey: keys.unwrap(row.file_read_key, cardKeyPurpose(card, cardKeyNumber.fileRead, epoch)),
            tillKey: keys.unwrap(row.till_key, cardKeyPurpose(card, cardKeyNumber.till, epoch)),
          }
        : null,
    replacedBy: row.replaced_by,
  }
}

const formerKeys = statement((connection, { card }: { card: string }) =>
  connection
    .selectFrom('former_card_key')
    .select(['epoch', 'file_read_key'])
    .where('card', '=', card)
    .orderBy('epoch', 'desc'),
)

/** What opens the messages that a card made before it was re-keyed, newest epoch first. */
export async function formerFileReadKeysOf(
  { connection, keys }: Work,
  card: string,
): Promise<readonly { readonly epoch: number; readonly fileReadKey: Uint8Array }[]> {
  const rows = await formerKeys(connection, { card })
  return rows.map(({ epoch, file_read_key: wrapped }) => {
    const purpose = cardKeyPurpose(card, cardKeyNumber.fileRead, Number(epoch))
    return { epoch: Number(epoch), fileReadKey: keys.unwrap(wrapped, purpose) }
  })
}

/**
 * The holder's cards that may open a slot of the scheme without network: not blocked, of a kind that the scheme takes
 * there, no lost till ever held their key, and they are not being re-keyed.
 */
export async function leasableCardsOf(work: Work, scheme: AnyScheme, holder: string): Promise<readonly Card[]> {
  const rows = await work.connection
    .selectFrom('card')
    .select('card')
    .where('holder', '=', holder)
    .where('status', '=', 'active')
    .where('exposed_at', 'is', null)
    .orderBy('card')
    .execute()
  const cards: Card[] = []
  for (const row of rows) {
    const card = await findCard(work, row.card)
    if (card !== undefined && acceptsCardOffline(scheme, card.profile)) cards.push(card)
  }
  return cards
}

/** Blocks or unblocks; a change raises the hotlist's version. A card that was issued anew stays blocked. */
export async function setCardStatus(
  work: Work,
  card: string,
  status: 'active' | 'blocked',
): Promise<'changed' | 'unchanged' | 'not_found' | 'replaced' | 'unsafe'> {
  const { connection, now } = work
  const row = await connection
    .selectFrom('card')
    .select(['holder', 'status', 'replaced_by'])
    .where('card', '=', card)
    .executeTakeFirst()
  if (row === undefined) return 'not_found'
  if (row.status === status) return 'unchanged'
  if (row.replaced_by !== null) return 'replaced'
  await connection.updateTable('card').set({ status }).where('card', '=', card).execute()
  if (status === 'active' && (await isUnsafeForHolder(work, row.holder))) return 'unsafe'
  const changes = await connection.selectFrom('card_status').select('change').where('card', '=', card).execute()
  await connection
    .insertInto('card_status')
    .values({ card, change: changes.length + 1, status, at: now })
    .execute()
  await publishChange(work, { card, isListed: status === 'blocked' })
  await announcePackages(work)
  return 'changed'
}

const statusAt = statement((connection, { card, at }: { card: string; at: bigint }) =>
  connection
    .selectFrom('card_status')
    .select('status')
    .where('card', '=', card)
    .where('at', '<=', at)
    .orderBy('change', 'desc')
    .limit(1),
)

export async function wasBlockedAt({ connection }: Work, card: string, at: number): Promise<boolean> {
  const [row] = await statusAt(connection, { card, at: BigInt(at) })
  return row?.status === 'blocked'
}
