/** After `presentUntil` a lease is closed: its slots are free, the rest of its escrow goes back to the agency. */
import { tiyn } from '../../src/voucher/money.ts'
import { availableIn, post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { tellOfLeaseClosed } from '../feed/till-news.ts'
import { settleWaiting } from '../payments/awaiting-funds.ts'
import { passOnFreed } from '../schemes/carrying.ts'
import { schemeAccountOf } from '../schemes/schemes.ts'
import { chargeBridges } from '../schemes/slots.ts'
import { statement } from '../store/statement.ts'
import type { LeaseRow } from './leases.ts'
import { findLease } from './leases.ts'

const dueAt = statement((connection, { now }: { now: bigint }) =>
  connection
    .selectFrom('lease')
    .select('lease_id')
    .where('state', '=', 'live')
    .where('present_until', '<', now)
    .orderBy('lease_id'),
)

/** Closes what is past its time. Cheap when there is nothing to do, so it is asked before slots are looked at. */
export async function closeDueLeases(work: Work): Promise<number> {
  const due = await dueAt(work.connection, { now: BigInt(work.now) })
  for (const row of due) {
    const lease = await findLease(work, row.lease_id)
    if (lease !== undefined) await closeLease(work, lease)
  }
  return due.length
}

async function closeLease(work: Work, lease: LeaseRow): Promise<void> {
  const { connection } = work
  const { leaseId, escrowAccount, schemeId } = lease
  const freed = await connection
    .updateTable('slot')
    .set({ lease_id: null })
    .where('lease_id', '=', leaseId)
    .returning('slot_id')
    .execute()
  await connection
    .updateTable('lease_slot')
    .set({ state: 'closed' })
    .where('lease_id', '=', leaseId)
    .where('state', '=', 'live')
    .execute()
  await connection.updateTable('lease').set({ state: 'closed' }).where('lease_id', '=', leaseId).execute()
  const rest = tiyn((await availableIn(work, escrowAccount)) ?? 0n)
  const posted = await post(
    work,
    [{ debit: escrowAccount, credit: schemeAccountOf(schemeId), amount: rest, kind: 'lease-return' }],
    leaseId,
  )
  if (posted.kind === 'short') throw new Error(`escrow of ${leaseId} gave less than it had`)
  await tellOfLeaseClosed(work, { leaseId, schemeId, terminalId: lease.terminalId, amount: rest })
  await settleWaiting(work, schemeId)
  const slotIds = freed.map((row) => row.slot_id).toSorted()
  await chargeBridges(work, slotIds)
  await passOnFreed(work, schemeId, slotIds)
}
