/**
 * "Individual-to-individual transfer": moves the money and keeps what the payer wants shown. The payer's own side is
 * judged before the payee is looked for, so that a poor or limited payer finds out nothing about numbers.
 */
import type { Tiyn } from '../../src/voucher/money.ts'
import { availableIn, post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { raiseAlerts } from './alerts.ts'
import { limitFaultOf, limitProblem, payeeLimitProblem } from './limits.ts'
import { findPayee, noPayee, type WantedPayee } from './payees.ts'
import { personOfCaller } from './people.ts'

export const shownToPayee = ['nothing', 'pseudonym', 'name'] as const
export type ShownToPayee = (typeof shownToPayee)[number]

export interface WantedTransfer {
  readonly transferId: string
  /** The account that pays. */
  readonly payer: string
  readonly to: WantedPayee
  readonly amount: Tiyn
  readonly purpose: string
  readonly shows: ShownToPayee
}

/** Runs in the transaction of its id. */
export async function transferToPerson(
  work: Work,
  caller: Caller,
  wanted: WantedTransfer,
): Promise<{ readonly kind: 'answer'; readonly body: { readonly transferId: string } } | ProblemOutcome> {
  const { transferId, amount, to } = wanted
  const payer = await personOfCaller(work, caller, wanted.payer)
  if (payer === undefined) return noPayer(caller, wanted.payer)
  const available = await availableIn(work, payer.accountId)
  if (available === null || available < amount)
    return problem('insufficient_funds', `${payer.accountId} has too little`)
  const outgoing = await limitFaultOf(work, payer, { direction: 'outgoing', amount, means: 'person-to-person' })
  if (outgoing !== undefined) return limitProblem(outgoing)
  const payee = await findPayee(work, to)
  if (payee === undefined) return noPayee()
  if (payee.accountId === payer.accountId) return problem('rule_violated', 'payer and payee are the same account')
  const coming = { direction: 'incoming', amount, means: 'person-to-person' } as const
  const incoming = await limitFaultOf(work, payee, { ...coming, isOwnMoney: payee.owner === payer.owner })
  if (incoming !== undefined) return payeeLimitProblem()
  const leg = { debit: payer.accountId, credit: payee.accountId, amount, kind: 'individual-transfer' } as const
  if ((await post(work, [leg], transferId)).kind === 'short') throw new Error(`${payer.accountId} had less than it had`)
  await keep(work, caller, wanted, payee.accountId)
  await raiseAlerts(work, payer, 'payer')
  await raiseAlerts(work, payee, 'payee')
  return { kind: 'answer', body: { transferId } }
}

export function noPayer(caller: Caller, accountId: string): ProblemOutcome {
  return problem('not_found', `${caller.owner} has no account ${accountId} to pay from`)
}

async function keep(work: Work, caller: Caller, wanted: WantedTransfer, payee: string): Promise<void> {
  const { connection, now } = work
  const { transferId, payer, amount, purpose, shows, to } = wanted
  const { newest } = await connection
    .selectFrom('individual_transfer')
    .select((row) => row.fn.max('number').as('newest'))
    .executeTakeFirstOrThrow()
  const { newestReceived } = await connection
    .selectFrom('individual_transfer')
    .select((row) => row.fn.max('received_number').as('newestReceived'))
    .where('payee', '=', payee)
    .executeTakeFirstOrThrow()
  await connection
    .insertInto('individual_transfer')
    .values({
      transfer_id: transferId,
      number: BigInt(newest ?? 0) + 1n,
      payer,
      payee,
      received_number: BigInt(newestReceived ?? 0) + 1n,
      amount,
      purpose,
      shows,
      reached_by: to.kind,
      made_by: caller.owner,
      at: now,
    })
    .execute()
}
