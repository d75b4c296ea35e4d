/**
 * Giving back what a client transferred. A reversal: its maker disowns it, within a day, in whatever state it is; an id
 * that never came is disowned too, and one of something else (other-ids.ts) never is. A refund: the payee gives back,
 * in parts if it wants, never more than was paid. Conversions and deposits are neither (docs/design/18-platform-api.md,
 * "Moves").
 */
import { addTiyn, subtractTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { findAccount, type Account } from '../accounts/accounts.ts'
import { actsForIndividual } from '../accounts/bank-clients.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { disown } from '../http/idempotent.ts'
import type { Caller } from '../http/operation.ts'
import { findClientTransfer, returnable, type ClientTransfer } from './client-transfers.ts'
import { whoseOtherId } from './other-ids.ts'
import { transferStatus } from './transfer-status.ts'
import { seesAll } from './who-sees.ts'

const reversibleForMs = 24 * 3_600_000

export interface WantedReturn {
  readonly returnId: string
  readonly transferId: string
  readonly reason: string
}

export type Returned =
  /** @property amount what went back by this: nothing when it was reversed before */
  | { readonly kind: 'returned'; readonly amount: Tiyn }
  | { readonly kind: 'reversed_before_arrival' }
  | { readonly kind: 'not_found' }
  /** The payee has less than that. */
  | { readonly kind: 'short'; readonly account: string }
  | { readonly kind: 'refused'; readonly why: string }

/** @param caller who made the transfer: to a stranger there is none, and another party hears who may reverse it */
export async function reverseTransfer(work: Work, caller: Caller, wanted: WantedReturn): Promise<Returned> {
  const { transferId, returnId } = wanted
  if (transferId === returnId) return refused('a reversal has an id of its own')
  const transfer = await findClientTransfer(work, transferId)
  if (transfer === undefined) return disownUnknown(work, caller, transferId)
  if (transfer.madeBy !== caller.owner) return notFor(work, caller, transfer)
  if (!returnable.includes(transfer.kind)) return standsForGood(transfer)
  if (transfer.state === 'reversed') return { kind: 'returned', amount: zeroTiyn }
  if (work.now - transfer.at > reversibleForMs) return refused('a transfer is reversed within 24 hours')
  const amount = subtractTiyn(transfer.amount, transfer.refunded)
  const back = await giveBack(work, transfer, amount, 'reversal', wanted)
  if (back.kind === 'returned') await changed(work, transferId, { state: 'reversed' })
  return back
}

async function disownUnknown(work: Work, caller: Caller, transferId: string): Promise<Returned> {
  const whose = await whoseOtherId(work, caller, transferId)
  if (whose === 'own')
    return refused(`${transferId} is here and is not reversed this way: ${await wayBack(work, caller, transferId)}`)
  if (whose === 'others') return { kind: 'not_found' }
  const outcome = await disown(work, caller.owner, transferId)
  switch (outcome) {
    case 'disowned':
      return { kind: 'reversed_before_arrival' }
    case 'foreign':
      return { kind: 'not_found' }
    case 'other':
      return refused(`${transferId} is here and is not reversed this way`)
    default:
      return outcome satisfies never
  }
}

/** @param caller the payee, or the bank that serves an individual who is; others as with a reversal */
export async function refundTransfer(
  work: Work,
  caller: Caller,
  wanted: WantedReturn & { readonly amount: Tiyn },
): Promise<Returned> {
  const { transferId, amount } = wanted
  const transfer = await findClientTransfer(work, transferId)
  if (transfer === undefined) return refundOther(work, caller, transferId)
  const payee = await findAccount(work, transfer.payee)
  if (payee === undefined || !givesBack(caller, payee)) return notFor(work, caller, transfer)
  if (!returnable.includes(transfer.kind)) return standsForGood(transfer)
  if (transfer.state === 'reversed') return refused('it was reversed')
  const refunded = addTiyn(transfer.refunded, amount)
  if (refunded > transfer.amount) return refused('more than was paid less what was refunded before')
  const back = await giveBack(work, transfer, amount, 'refund', wanted)
  if (back.kind === 'returned') await changed(work, transferId, { refunded })
  return back
}

/** What is no transfer of `client_transfer` is not refunded here; its parties hear where. */
async function refundOther(work: Work, caller: Caller, id: string): Promise<Returned> {
  if ((await whoseOtherId(work, caller, id)) !== 'own') return { kind: 'not_found' }
  return refused(`${id} is here and is not refunded this way: ${await wayBack(work, caller, id)}`)
}

/** Who sees the transfer by its id, and may not do this, hears who may; to anybody else there is none. */
async function notFor(work: Work, caller: Caller, transfer: ClientTransfer): Promise<Returned> {
  const isParty = !seesAll(caller) && (await transferStatus(work, caller, transfer.transferId)) !== undefined
  if (!isParty) return { kind: 'not_found' }
  if (!returnable.includes(transfer.kind)) return standsForGood(transfer)
  return refused('whoever made a payment reverses it, within 24 hours; its payee refunds it, or the bank of who is one')
}

async function wayBack(work: Work, caller: Caller, id: string): Promise<string> {
  switch ((await transferStatus(work, caller, id))?.kind) {
    case 'individual-transfer':
      return 'a person who was paid by a person pays back'
    case 'merchant-payment':
      return 'the merchant refunds it by POST /v1/payments/individual-merchant/refunds'
    default:
      return 'what was sold at a till is given back at a till, and what came too late went back at once'
  }
}

function givesBack(caller: Caller, payee: Account): boolean {
  return payee.kind === 'individual' ? actsForIndividual(caller, payee) : payee.owner === caller.owner
}

async function giveBack(
  work: Work,
  { payer, payee }: ClientTransfer,
  amount: Tiyn,
  kind: 'reversal' | 'refund',
  { returnId, transferId, reason }: WantedReturn,
): Promise<Returned> {
  const leg = { debit: payee, credit: payer, amount, kind: `transfer-${kind}` } as const
  const posted = await post(work, [leg], returnId)
  if (posted.kind === 'short') return posted
  await work.connection
    .insertInto('client_return')
    .values({ return_id: returnId, transfer_id: transferId, kind, amount, reason, at: work.now })
    .execute()
  return { kind: 'returned', amount: tiyn(amount) }
}

async function changed(
  { connection }: Work,
  transferId: string,
  to: { readonly state: 'reversed' } | { readonly refunded: Tiyn },
): Promise<void> {
  await connection.updateTable('client_transfer').set(to).where('transfer_id', '=', transferId).execute()
}

function standsForGood({ kind }: ClientTransfer): Returned {
  return refused(`${kind} is neither reversed nor refunded: what is wrong in it is put right by the opposite one`)
}

function refused(why: string): Returned {
  return { kind: 'refused', why }
}
