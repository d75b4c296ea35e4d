/** What lies sealed for a terminal under its live leases, when its encryption key changes or a card or its keys do. */
import { seal, tillKeyContext, type EncryptionJwk } from '../../src/sync/protocol/sealed-box.ts'
import { acceptsCardOffline } from '../../src/voucher/card-rules.ts'
import type { Work } from '../context.ts'
import { findCard, type Card } from '../schemes/cards.ts'
import { findScheme } from '../schemes/schemes.ts'
import { announcePackage } from '../terminals/events.ts'
import { findTerminal } from '../terminals/terminals.ts'

/** The card's key as a lease carries it; empty of a card that has none. */
export function sealedTillKeyOf(
  { card, secrets }: Card,
  to: EncryptionJwk,
  leaseId: string,
  random: Work['random'],
): string {
  return secrets === null ? '' : seal(secrets.tillKey, to, tillKeyContext(leaseId, card), random(32))
}

/**
 * The terminal's next package carries the new boxes under the next version, and it is told of it. Those of a pool that
 * is past `sellUntil` too: it may be lengthened yet.
 */
export async function sealCardKeysAnew(work: Work, terminalId: string, to: EncryptionJwk): Promise<void> {
  const held = await sealedIn(work).where('lease.terminal_id', '=', terminalId).orderBy('lease_card.card').execute()
  for (const { lease_id: leaseId, card: cardId } of held) {
    const card = await findCard(work, cardId)
    if (card === undefined) throw new Error(`leased card ${cardId} vanished`)
    await sealAgain(work, card, leaseId, to)
  }
  if (held.length > 0) await announcePackage(work, terminalId)
}

/** Under which leases which cards' keys lie sealed for slots that tills may sell from, or once a pool is lengthened. */
function sealedIn({ connection, now }: Work) {
  return connection
    .selectFrom('lease_card')
    .innerJoin('lease', 'lease.lease_id', 'lease_card.lease_id')
    .innerJoin('lease_slot', (join) =>
      join
        .onRef('lease_slot.lease_id', '=', 'lease_card.lease_id')
        .onRef('lease_slot.slot_id', '=', 'lease_card.slot_id'),
    )
    .select(['lease_card.lease_id', 'lease_card.card', 'lease.terminal_id'])
    .distinct()
    .where('lease.state', '=', 'live')
    .where((row) => row.or([row('lease.sell_until', '>', BigInt(now)), row('lease.kind', '=', 'pool')]))
    .where((row) => row.or([row('lease_slot.state', '=', 'live'), row('lease.kind', '=', 'pool')]))
    .orderBy('lease_card.lease_id')
}

async function sealAgain({ connection, random }: Work, card: Card, leaseId: string, to: EncryptionJwk): Promise<void> {
  await connection
    .updateTable('lease_card')
    .set({ sealed_till_key: sealedTillKeyOf(card, to, leaseId, random), epoch: card.epoch })
    .where('lease_id', '=', leaseId)
    .where('card', '=', card.card)
    .execute()
}

/** The tills whose next packages open a slot with the card's key, or do so no more, are told of them. */
export async function announceToTillsWithKeyOf(work: Work, cardId: string): Promise<void> {
  const held = await sealedIn(work).where('lease_card.card', '=', cardId).execute()
  for (const terminalId of new Set(held.map((row) => row.terminal_id))) await announcePackage(work, terminalId)
}

/**
 * A re-keyed card opens off line with its new key what the tills hold of its holder's slots. A till that is gone gets
 * no key of it: what lies there sealed is of no use any more.
 */
export async function sealRekeyedCard(work: Work, cardId: string): Promise<void> {
  const card = await findCard(work, cardId)
  if (card === undefined) throw new Error(`card ${cardId} vanished`)
  for (const held of await sealedIn(work).where('lease_card.card', '=', cardId).execute()) {
    const terminal = await findTerminal(work, held.terminal_id)
    if (terminal === undefined || terminal.status === 'revoked' || terminal.encryptionKey === null) continue
    await sealAgain(work, card, held.lease_id, terminal.encryptionKey)
  }
  if (card.status === 'active') await sealNewCard(work, cardId)
  await announceToTillsWithKeyOf(work, cardId)
}

/** A new card of a holder opens off line what the tills hold of that holder's slots; each till is told of it. */
export async function sealNewCard(work: Work, cardId: string): Promise<void> {
  const { connection, random } = work
  const card = await findCard(work, cardId)
  if (card === undefined) throw new Error(`card ${cardId} vanished`)
  const held = await connection
    .selectFrom('lease_slot')
    .innerJoin('lease', 'lease.lease_id', 'lease_slot.lease_id')
    .innerJoin('slot', 'slot.slot_id', 'lease_slot.slot_id')
    .innerJoin('entitlement', (join) =>
      join
        .onRef('entitlement.scheme_id', '=', 'slot.scheme_id')
        .onRef('entitlement.beneficiary', '=', 'slot.beneficiary'),
    )
    .select(['lease.lease_id', 'lease.scheme_id', 'lease.terminal_id', 'lease_slot.slot_id'])
    .where('entitlement.holder', '=', card.holder)
    .where('lease_slot.state', '=', 'live')
    .where('lease.state', '=', 'live')
    .where('lease.sell_until', '>', BigInt(work.now))
    .orderBy('lease.lease_id')
    .orderBy('lease_slot.slot_id')
    .execute()
  for (const { lease_id: leaseId, scheme_id: schemeId, terminal_id: terminalId, slot_id: slotId } of held) {
    const scheme = await findScheme(work, schemeId)
    if (scheme === undefined || !acceptsCardOffline(scheme, card.profile)) continue
    const terminal = await findTerminal(work, terminalId)
    if (terminal === undefined || terminal.status === 'revoked' || terminal.encryptionKey === null) continue
    const sealed = sealedTillKeyOf(card, terminal.encryptionKey, leaseId, random)
    await connection
      .insertInto('lease_card')
      .values({ lease_id: leaseId, slot_id: slotId, card: cardId, sealed_till_key: sealed, epoch: card.epoch })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await announcePackage(work, terminalId)
  }
}
