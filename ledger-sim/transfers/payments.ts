/** Payments of which a client names payer and payee: who may pay from what to whom (docs/design/18, "Moves"). */
import type { Tiyn } from '../../src/voucher/money.ts'
import { findAccount, type Account, type AccountKind } from '../accounts/accounts.ts'
import { actsForIndividual } from '../accounts/bank-clients.ts'
import { answerTransfer } from '../accounts/named-transfer.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { limitFault, limitProblem, payeeLimitProblem } from '../individuals/limits.ts'
import type { ClientTransferKind } from './client-transfers.ts'

export interface PaymentTerms {
  readonly transferId: string
  /** Accounts. */
  readonly payer: string
  readonly payee: string
  readonly amount: Tiyn
  readonly purpose: string
  readonly paymentReference?: string
}

/** From accounts of which kind to which: marked money and escrow are in none. */
export interface PaymentWay {
  readonly kind: ClientTransferKind
  readonly from: readonly AccountKind[]
  readonly to: readonly AccountKind[]
}

const legalEntities: readonly AccountKind[] = ['legal-entity', 'agency', 'merchant']

export const toLegalEntity: PaymentWay = { kind: 'payment', from: legalEntities, to: legalEntities }
export const toIndividual: PaymentWay = { kind: 'payment-to-individual', from: legalEntities, to: ['individual'] }
export const governmentToIndividual: PaymentWay = { ...toIndividual, from: ['agency'] }
export const toGovernment: PaymentWay = { kind: 'payment-to-government', from: ['individual'], to: ['agency'] }

export async function pay(
  work: Work,
  caller: Caller,
  way: PaymentWay,
  terms: PaymentTerms,
): Promise<{ readonly kind: 'answer'; readonly body: { readonly transferId: string } } | ProblemOutcome> {
  const { payer, payee, amount, transferId } = terms
  const from = await findAccount(work, payer)
  const to = await findAccount(work, payee)
  if (from === undefined || !way.from.includes(from.kind) || !paysFrom(caller, from))
    return problem('not_found', `${caller.owner} has no account ${payer} to pay from`)
  if (to === undefined || !way.to.includes(to.kind))
    return problem('not_found', `there is no account ${payee} to pay to`)
  if (payer === payee) return problem('rule_violated', 'payer and payee are the same account')
  const tooMuch = await limitFault(work, { accountId: payer, direction: 'outgoing', amount })
  if (tooMuch !== undefined) return limitProblem(tooMuch)
  if ((await limitFault(work, { accountId: payee, direction: 'incoming', amount })) !== undefined)
    return payeeLimitProblem()
  const posted = await post(work, [{ debit: payer, credit: payee, amount, kind: way.kind }], transferId)
  return answerTransfer(work, posted, { ...terms, kind: way.kind, madeBy: caller.owner })
}

function paysFrom(caller: Caller, account: Account): boolean {
  return account.kind === 'individual' ? actsForIndividual(caller, account) : account.owner === caller.owner
}
