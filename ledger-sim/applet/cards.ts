/** Applet cards: who they are, and their certificates (docs/design/25, "Issuing"). */
import { cardPseudonym } from '../../src/sync/protocol/card-pseudonym.ts'
import { toHex, fromHex } from '../../src/voucher/cards/bytes.ts'
import { p256PublicKey } from '../../src/voucher/cards/tolem-applet/p256.ts'
import type { Work } from '../context.ts'
import { findCard } from '../schemes/cards.ts'
import { nameHolder } from '../schemes/holders.ts'
import { keepApart } from '../schemes/hotlist.ts'
import { announcePackages } from '../terminals/events.ts'
import { base64url, certifyCard, fromBase64url, serialBytes } from './certificates.ts'
import { isUnsafeForHolder } from './pairs.ts'

export interface AppletCard {
  readonly cardId: Uint8Array
  readonly agencyId: string
  /** Of its certificate. */
  readonly serial: Uint8Array
  readonly keyEpoch: number
  readonly publicKey: Uint8Array
  readonly certificate: string
  /** As in `applet_card.pin_order`. */
  readonly pinOrder: string | null
}

export async function findApplet({ connection }: Work, card: string): Promise<AppletCard | undefined> {
  const row = await connection.selectFrom('applet_card').selectAll().where('card', '=', card).executeTakeFirst()
  if (row === undefined) return undefined
  return {
    cardId: fromHex(row.card_id.toUpperCase()),
    agencyId: row.agency_id,
    serial: serialBytes(row.serial),
    keyEpoch: Number(row.key_epoch),
    publicKey: fromBase64url(row.public_key),
    certificate: row.certificate,
    pinOrder: row.pin_order,
  }
}

/** How till and ledger name it. */
export function appletPseudonym({ keys }: Work, cardId: Uint8Array): string {
  return cardPseudonym(keys.cardReferenceKey, cardId)
}

export interface AppletRegistration {
  readonly agencyId: string
  readonly cardId: Uint8Array
  /** 64 bytes: made inside the card. */
  readonly publicKey: Uint8Array
  readonly holder: string
}

export type AppletRegistered =
  | { readonly kind: 'registered' | 'exists'; readonly card: string; readonly certificate: string }
  /** The bytes are no point of the curve. */
  | { readonly kind: 'no_key' }
  /** The holder is another agency's. */
  | { readonly kind: 'not_own_holder' }
  | { readonly kind: 'exists_with_different_terms' }
  /** The holder's beneficiary would have two cards that hold its allowance. */
  | { readonly kind: 'unsafe' }

const firstEpoch = 1

/**
 * Registers a card and signs its certificate. Personalisation may be torn and begun anew, with another key of the same
 * card: until the card was given its first script, the last one counts.
 */
export async function registerApplet(work: Work, of: AppletRegistration): Promise<AppletRegistered> {
  const { agencyId, cardId, publicKey, holder } = of
  if (p256PublicKey(publicKey) === null) return { kind: 'no_key' }
  if ((await nameHolder(work, holder, agencyId)) === 'anothers') return { kind: 'not_own_holder' }
  const { connection, now } = work
  const card = appletPseudonym(work, cardId)
  const known = await findCard(work, card)
  const applet = known === undefined ? undefined : await findApplet(work, card)
  if (known !== undefined) {
    const isSame = applet?.agencyId === agencyId && known.holder === holder
    if (!isSame || applet === undefined) return { kind: 'exists_with_different_terms' }
    if (Buffer.compare(applet.publicKey, publicKey) === 0)
      return { kind: 'exists', card, certificate: applet.certificate }
    if (known.status !== 'active' || (await hasScript(work, card))) return { kind: 'exists_with_different_terms' }
  }
  const { serial, certificate } = await certifyCard(work, { agencyId, cardId, keyEpoch: firstEpoch, publicKey })
  const certified = { serial, key_epoch: firstEpoch, public_key: base64url(publicKey), certificate }
  if (known !== undefined) {
    await connection.updateTable('applet_card').set(certified).where('card', '=', card).execute()
    return { kind: 'registered', card, certificate }
  }
  await connection
    .insertInto('card')
    .values({
      ...{ card, holder, status: 'active', epoch: firstEpoch, highest_counter: 0, profile: 'tolem-applet' },
      ...{ file_read_key: '', till_key: '', exposed_at: null, replaced_by: null, registered_by: agencyId },
    })
    .execute()
  await connection
    .insertInto('applet_card')
    .values({ card, card_id: toHex(cardId).toLowerCase(), agency_id: agencyId, ...certified, pin_order: null })
    .execute()
  await connection.insertInto('card_status').values({ card, change: 1, status: 'active', at: now }).execute()
  if (await isUnsafeForHolder(work, holder)) return { kind: 'unsafe' }
  if (await keepApart(work, card)) await announcePackages(work)
  return { kind: 'registered', card, certificate }
}

async function hasScript({ connection }: Work, card: string): Promise<boolean> {
  const row = await connection
    .selectFrom('card_script')
    .select('counter')
    .where('card', '=', card)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** What the card's next script says of its PIN. @param order as in `applet_card.pin_order` */
export async function orderPin({ connection }: Work, card: string, order: string): Promise<void> {
  await connection.updateTable('applet_card').set({ pin_order: order }).where('card', '=', card).execute()
}
