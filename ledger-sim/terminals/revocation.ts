/**
 * A till that is gone for good (money-rules.md, "Who pays"; architecture.md, "Trust"). Nothing is heard from its keys
 * any more. What it sold and had not handed over is claimed for it: with its export, or with the codes on its receipts.
 */
import { takeBackUnsigned } from '../applet/ended-till.ts'
import type { Work } from '../context.ts'
import { tellOfRevocation } from '../feed/till-news.ts'
import { announcePackage } from './events.ts'
import { isInOtherHands, type RevocationReason } from './revocation-reasons.ts'
import { findTerminal } from './terminals.ts'

export type Revoked =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists'; readonly exposedCards: number }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'exists_with_different_terms' }

/**
 * Ends the terminal. Its leases stay until `presentUntil`: what it sold under them can still be claimed, so the ledger
 * frees none of their slots before (money-rules.md, "Offline").
 *
 * A till that was thought destroyed can be reported stolen later, never the other way round.
 */
export async function revokeTerminal(work: Work, terminalId: string, reason: RevocationReason): Promise<Revoked> {
  const terminal = await findTerminal(work, terminalId)
  if (terminal === undefined) return { kind: 'not_found' }
  const { revokedFor } = terminal
  if (revokedFor === reason)
    return { kind: 'done', arrival: 'exists', exposedCards: await countExposed(work, terminalId) }
  if (revokedFor !== null && (isInOtherHands(revokedFor) || !isInOtherHands(reason)))
    return { kind: 'exists_with_different_terms' }
  const { connection, now } = work
  await connection
    .updateTable('terminal')
    .set({ status: 'revoked', revoked_for: reason, revoked_at: now })
    .where('terminal_id', '=', terminalId)
    .execute()
  await connection
    .updateTable('principal')
    .set({ status: 'revoked' })
    .where('owner', '=', terminalId)
    .where('role', '=', 'terminal')
    .execute()
  await connection.deleteFrom('enrolment_code').where('terminal_id', '=', terminalId).execute()
  await takeBackUnsigned(work, terminal)
  await tellOfRevocation(work, terminalId, terminal.merchantId, reason)
  if (!isInOtherHands(reason)) return { kind: 'done', arrival: 'created', exposedCards: 0 }
  return { kind: 'done', arrival: 'created', exposedCards: await exposeCards(work, terminalId) }
}

/** Their keys leave every other till with its next package; until they are re-keyed they pay on line only. */
async function exposeCards(work: Work, terminalId: string): Promise<number> {
  const { connection, now } = work
  const exposed = await connection
    .updateTable('card')
    .set({ exposed_at: now })
    .where('exposed_at', 'is', null)
    // A card without a key has none to lose.
    .where('profile', 'is', null)
    .where('card', 'in', cardsHeldBy(work, terminalId))
    .returning('card')
    .execute()
  const others = await connection
    .selectFrom('lease')
    .innerJoin('lease_card', 'lease_card.lease_id', 'lease.lease_id')
    .select('lease.terminal_id')
    .distinct()
    .where('lease.state', '=', 'live')
    .where('lease.terminal_id', '<>', terminalId)
    .where('lease_card.card', 'in', cardsHeldBy(work, terminalId))
    .orderBy('lease.terminal_id')
    .execute()
  for (const { terminal_id: other } of others) await announcePackage(work, other)
  return exposed.length
}

/** Whose present till key it ever held: one of before the card was re-keyed is of no use to anybody. */
function cardsHeldBy({ connection }: Work, terminalId: string) {
  return connection
    .selectFrom('lease_card')
    .innerJoin('lease', 'lease.lease_id', 'lease_card.lease_id')
    .innerJoin('card as own', (join) =>
      join.onRef('own.card', '=', 'lease_card.card').onRef('own.epoch', '=', 'lease_card.epoch'),
    )
    .select('lease_card.card')
    .where('lease.terminal_id', '=', terminalId)
}

async function countExposed(work: Work, terminalId: string): Promise<number> {
  const rows = await work.connection
    .selectFrom('card')
    .select('card')
    .where('exposed_at', 'is not', null)
    .where('card', 'in', cardsHeldBy(work, terminalId))
    .execute()
  return rows.length
}
