/** A surrender: the till gives a slot back for good, in a signed row of its journal (money-rules.md, "Words"). */
import type { z } from 'zod'
import type { SignedItemResult, surrenderSchema } from '../../src/sync/protocol/messages.ts'
import { tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { settleWaiting } from '../payments/awaiting-funds.ts'
import { fileDiscrepancy } from '../payments/discrepancies.ts'
import { notYoursResult, signResult } from '../payments/results.ts'
import { passOnFreed } from '../schemes/carrying.ts'
import { schemeAccountOf } from '../schemes/schemes.ts'
import { amountLeftIn, chargeBridges, findSlot } from '../schemes/slots.ts'
import { recordPosition } from '../terminals/heads.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { closeDueLeases } from './close.ts'
import { findLease } from './leases.ts'

type Surrender = z.output<typeof surrenderSchema>

/** @param created the signer's time in seconds of the request that carried it */
export async function surrender(
  work: Work,
  terminal: Terminal,
  item: Surrender,
  created: number,
): Promise<SignedItemResult> {
  const { connection, now } = work
  await closeDueLeases(work)
  const inserted = await connection
    .insertInto('surrender')
    .values({
      surrender_id: item.surrenderId,
      terminal_id: terminal.terminalId,
      lease_id: item.leaseId,
      slot_id: item.slotId,
      state: 'done',
      amount: 0,
      at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('surrender_id')
    .executeTakeFirst()
  if (inserted === undefined) return surrenderAgain(work, terminal, item)

  if ((await recordPosition(work, terminal.terminalId, item.position, created)) === 'conflict') {
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: null,
      code: 'CHAIN_BROKEN',
      owner: 'merchant',
      amount: 0n,
      leaseId: item.leaseId,
      evidence: { position: item.position, surrenderId: item.surrenderId },
    })
  }
  const released = await release(work, terminal, item)
  const state = released === 'not_leased' ? 'refused' : 'done'
  const amount = released === 'not_leased' ? zeroTiyn : released
  await connection
    .updateTable('surrender')
    .set({ state, amount })
    .where('surrender_id', '=', item.surrenderId)
    .execute()
  return surrenderResult(work, item, 'created', state, amount, now)
}

async function surrenderAgain(work: Work, terminal: Terminal, item: Surrender): Promise<SignedItemResult> {
  const first = await work.connection
    .selectFrom('surrender')
    .selectAll()
    .where('surrender_id', '=', item.surrenderId)
    .executeTakeFirstOrThrow()
  if (first.terminal_id !== terminal.terminalId) return notYoursResult(work, item.surrenderId)
  const isSame = first.slot_id === item.slotId && first.lease_id === item.leaseId
  const arrival = isSame ? 'exists' : 'exists_with_different_payer_slot'
  const original = { ...item, slotId: first.slot_id }
  return surrenderResult(work, original, arrival, first.state, tiyn(first.amount), Number(first.at))
}

/**
 * Gives the slot's money back to the agency, from the lease of this terminal that holds it now: it may have moved on
 * from the one that the row names. A slot that was given back before, or is at another terminal, has none here.
 */
async function release(work: Work, terminal: Terminal, item: Surrender): Promise<Tiyn | 'not_leased'> {
  const { connection } = work
  const named = await findLease(work, item.leaseId)
  if (named === undefined || named.terminalId !== terminal.terminalId) return 'not_leased'
  const leased = await connection
    .selectFrom('lease_slot')
    .select('slot_id')
    .where('lease_id', '=', item.leaseId)
    .where('slot_id', '=', item.slotId)
    .executeTakeFirst()
  if (leased === undefined) return 'not_leased'
  const state = await findSlot(work, item.slotId)
  if (state === undefined) throw new Error(`leased slot ${item.slotId} vanished`)
  const lease = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  if (lease === undefined || lease.terminalId !== terminal.terminalId) return zeroTiyn
  const amount = amountLeftIn(state.slot)
  const leg = {
    debit: lease.escrowAccount,
    credit: schemeAccountOf(lease.schemeId),
    amount,
    kind: 'lease-return',
  } as const
  if ((await post(work, [leg], lease.leaseId)).kind === 'short')
    throw new Error(`escrow of ${lease.leaseId} does not cover its slots`)
  await connection.updateTable('slot').set({ lease_id: null }).where('slot_id', '=', item.slotId).execute()
  await connection
    .updateTable('lease_slot')
    .set({ state: 'surrendered', surrender_epoch: item.position.epoch, surrender_sequence: item.position.sequence })
    .where('lease_id', '=', lease.leaseId)
    .where('slot_id', '=', item.slotId)
    .execute()
  await settleWaiting(work, lease.schemeId)
  await chargeBridges(work, [item.slotId])
  await passOnFreed(work, lease.schemeId, [item.slotId])
  return amount
}

async function surrenderResult(
  work: Work,
  item: Pick<Surrender, 'surrenderId' | 'slotId'>,
  arrival: 'created' | 'exists' | 'exists_with_different_payer_slot',
  state: 'done' | 'refused',
  amount: Tiyn,
  at: number,
): Promise<SignedItemResult> {
  const slot = await findSlot(work, item.slotId)
  return signResult(work, {
    itemId: item.surrenderId,
    arrival,
    state,
    paidBy: null,
    amount,
    refusal: state === 'refused' ? 'CARD_NOT_IN_LEASE' : null,
    loss: null,
    slot: slot?.slot ?? null,
    at,
  })
}
