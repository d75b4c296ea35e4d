/** What all methods that move money under a client's id have in common: their amounts, and their answer. */
import { z } from 'zod'
import { uuidSchema } from '../../src/voucher/identifiers.ts'
import type { Work } from '../context.ts'
import { problem, type ProblemOutcome } from '../http/operation.ts'
import { keepClientTransfers, type NewClientTransfer } from '../transfers/client-transfers.ts'
import type { Posted } from './transfers.ts'

export const transferAnswer = z.strictObject({ transferId: uuidSchema, arrival: z.enum(['created', 'exists']) })

export function tooLittleIn(accountId: string): ProblemOutcome {
  return problem('insufficient_funds', `${accountId} has too little`)
}

/** Keeps the transfer whose legs were booked in this transaction, or says that money was short. */
export async function answerTransfer(
  work: Work,
  posted: Posted,
  transfer: NewClientTransfer,
): Promise<{ readonly kind: 'answer'; readonly body: { readonly transferId: string } } | ProblemOutcome> {
  if (posted.kind === 'short') return tooLittleIn(posted.account)
  await keepClientTransfers(work, [transfer])
  return { kind: 'answer', body: { transferId: transfer.transferId } }
}
