/**
 * The till that holds a slot is asked to give it up, since its card was proved at another till (money-rules.md,
 * "Offline": `LEASED_ELSEWHERE` unless the first, reachable, surrenders it). It hears of it through its status feed,
 * and decides itself: only its journal knows whether it has sold on that slot.
 */
import type { Work } from '../context.ts'
import { findSlot } from '../schemes/slots.ts'
import { appendEvent } from '../terminals/events.ts'
import { findLease } from './leases.ts'

/** Whoever taps again and again does not fill another till's feed. */
const askAgainAfterMs = 30_000

export async function askForSurrender(work: Work, slotId: string): Promise<void> {
  const { connection, now } = work
  const state = await findSlot(work, slotId)
  const lease = state === undefined || state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  if (lease === undefined) return
  const { leaseId, terminalId } = lease
  const asked = await connection
    .updateTable('lease_slot')
    .set({ wanted_at: now })
    .where('lease_id', '=', leaseId)
    .where('slot_id', '=', slotId)
    .where((row) => row.or([row('wanted_at', 'is', null), row('wanted_at', '<=', BigInt(now - askAgainAfterMs))]))
    .returning('slot_id')
    .executeTakeFirst()
  if (asked !== undefined) await appendEvent(work, terminalId, { kind: 'surrender_wanted', leaseId, slotId })
}
