/** A terminal has another encryption key: what lies sealed for it under its live leases is sealed to that one. */
import { seal, tillKeyContext, type EncryptionJwk } from '../../src/sync/protocol/sealed-box.ts'
import type { Work } from '../context.ts'
import { findCard } from '../schemes/cards.ts'
import { announcePackage } from '../terminals/events.ts'

/** The terminal's next package carries the new boxes under the next version, and it is told of it. */
export async function sealCardKeysAnew(work: Work, terminalId: string, to: EncryptionJwk): Promise<void> {
  const { connection, random } = work
  const held = await connection
    .selectFrom('lease_card')
    .innerJoin('lease', 'lease.lease_id', 'lease_card.lease_id')
    .select(['lease_card.lease_id', 'lease_card.card'])
    .distinct()
    .where('lease.terminal_id', '=', terminalId)
    .where('lease.state', '=', 'live')
    .where('lease.sell_until', '>', BigInt(work.now))
    .orderBy('lease_card.lease_id')
    .orderBy('lease_card.card')
    .execute()
  for (const { lease_id: leaseId, card: cardId } of held) {
    const card = await findCard(work, cardId)
    if (card === undefined) throw new Error(`leased card ${cardId} vanished`)
    await connection
      .updateTable('lease_card')
      .set({ sealed_till_key: seal(card.tillKey, to, tillKeyContext(leaseId, cardId), random(32)) })
      .where('lease_id', '=', leaseId)
      .where('card', '=', cardId)
      .execute()
  }
  if (held.length > 0) await announcePackage(work, terminalId)
}
