/**
 * Cards that a bank binds to accounts of its clients: such a card pays what a till's QR asks for, in the place of a
 * wallet (docs/design/29-cbdc-card.md, "At the ledger"). It is a card like any other, so that its keys, its counter and
 * the hotlist are those of all cards; whose account it is stands here, and is told to its bank alone.
 */
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import type { LedgerKeys } from '../keys.ts'
import { registerCard } from '../schemes/cards.ts'
import { findPerson, personOfCaller } from './people.ts'
import { limitsOf, type Tier } from './tiers.ts'

export interface WantedCard {
  /** 7 bytes. */
  readonly uid: Uint8Array
  readonly accountId: string
  /** The most that one tap may take: there is no PIN. */
  readonly tapMax: Tiyn
}

export type CardBound =
  | { readonly kind: 'bound'; readonly card: string }
  | { readonly kind: 'not_found' }
  /** One tap would take more than the account may pay at once. */
  | { readonly kind: 'above_single'; readonly tier: Tier; readonly max: Tiyn }
  /** A card of a scheme, of another account, or of this one with another limit. */
  | { readonly kind: 'taken' }

/** The same card for the same account and limit again is bound as it was, and as blocked as it is. */
export async function bindCard(work: Work, caller: Caller, { uid, accountId, tapMax }: WantedCard): Promise<CardBound> {
  const person = await personOfCaller(work, caller, accountId)
  if (person === undefined) return { kind: 'not_found' }
  const max = limitsOf[person.tier].single
  if (tapMax > max) return { kind: 'above_single', tier: person.tier, max }
  const { outcome, card } = await registerCard(work, { uid, holder: holderOf(work.keys, accountId), agencyId: null })
  if (outcome === 'exists_with_different_terms') return { kind: 'taken' }
  if (outcome === 'exists') {
    const known = await findAccountCard(work, card)
    return known?.accountId === accountId && known.tapMax === tapMax ? { kind: 'bound', card } : { kind: 'taken' }
  }
  await work.connection
    .insertInto('account_card')
    .values({ card, account_id: accountId, tap_max: tapMax, bound_by: caller.owner, at: work.now })
    .execute()
  return { kind: 'bound', card }
}

/** In no scheme, and of this purpose only: nobody can tell by it that a beneficiary has an account. */
function holderOf(keys: LedgerKeys, accountId: string): string {
  return keys.keyedHash('account-card-holder', accountId).slice(0, 32)
}

/**
 * A request with what stands for the card in the place of its UID. The terms of an id are kept as a plain hash, and the
 * UIDs of one batch of cards are few enough to be tried out against it.
 */
export function withoutUid<Named extends { readonly uid: string }>(
  keys: LedgerKeys,
  named: Named,
): Omit<Named, 'uid'> & { readonly card: string } {
  const { uid, ...rest } = named
  return { ...rest, card: cardPseudonym(keys.cardReferenceKey, uidBytes(uid)) }
}

/** @param uid hex */
export function uidBytes(uid: string): Uint8Array {
  return new Uint8Array(Buffer.from(uid, 'hex'))
}

export interface AccountCard {
  readonly card: string
  readonly accountId: string
  readonly tapMax: Tiyn
}

/** @returns undefined for every card that pays from no account */
export async function findAccountCard({ connection }: Work, card: string): Promise<AccountCard | undefined> {
  const row = await connection.selectFrom('account_card').selectAll().where('card', '=', card).executeTakeFirst()
  return row === undefined ? undefined : { card, accountId: row.account_id, tapMax: tiyn(row.tap_max) }
}

/** The bank of a card's account: it pays for its client. */
export async function bankOfCard(work: Work, { accountId }: AccountCard): Promise<string> {
  const bank = (await findPerson(work, accountId))?.bank
  if (bank === undefined || bank === null) throw new Error(`a card is bound to ${accountId}, which no bank serves`)
  return bank
}

/** Whether the card pays from an account of this bank's client. */
export async function isCardOfClient(work: Work, caller: Caller, card: string): Promise<boolean> {
  const found = await findAccountCard(work, card)
  return found !== undefined && (await personOfCaller(work, caller, found.accountId)) !== undefined
}

export interface ListedCard {
  readonly card: string
  readonly tapMax: Tiyn
  readonly status: 'active' | 'blocked'
  readonly at: number
}

/** By pseudonym. @param after the last one that was read; nothing for the first page */
export async function listCards(
  { connection }: Work,
  accountId: string,
  after: string,
  most: number,
): Promise<readonly ListedCard[]> {
  const rows = await connection
    .selectFrom('account_card')
    .innerJoin('card', 'card.card', 'account_card.card')
    .select(['account_card.card', 'tap_max', 'status', 'at'])
    .where('account_id', '=', accountId)
    .where('account_card.card', '>', after)
    .orderBy('account_card.card')
    .limit(most)
    .execute()
  return rows.map(({ card, tap_max: tapMax, status, at }) => ({ card, tapMax: tiyn(tapMax), status, at: Number(at) }))
}
