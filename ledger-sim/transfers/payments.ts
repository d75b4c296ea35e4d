/** Payments of which a client names payer and payee: who may pay from what to whom (docs/design/18, "Moves"). */
import type { Tiyn } from '../../src/voucher/money.ts'
import { findAccount, type AccountKind } from '../accounts/accounts.ts'
import { actsForIndividual } from '../accounts/bank-clients.ts'
import { tooLittleIn } from '../accounts/named-transfer.ts'
import { Books, type OpenAccount } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { problem, type Caller, type ProblemOutcome, type Signed } from '../http/operation.ts'
import { limitFault, limitFaultOf, limitProblem, payeeLimitProblem } from '../individuals/limits.ts'
import { findPerson } from '../individuals/people.ts'
import { keepClientTransfers, type ClientTransferKind, type NewClientTransfer } from './client-transfers.ts'

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
  /** Whom it pays, and how others are paid: said of every name that cannot be paid by it, so that it tells of none. */
  readonly pays: string
}

const legalEntities: readonly AccountKind[] = ['legal-entity', 'agency', 'merchant']

export const toLegalEntity: PaymentWay = {
  kind: 'payment',
  from: legalEntities,
  to: legalEntities,
  pays: 'legal entities, agencies and merchants; people are paid by POST /v1/payments/legal-entity-individual',
}
export const toIndividual: PaymentWay = {
  kind: 'payment-to-individual',
  from: legalEntities,
  to: ['individual'],
  pays: 'people; legal entities are paid by POST /v1/payments/legal-entity-legal-entity',
}
export const governmentToIndividual: PaymentWay = { ...toIndividual, from: ['agency'] }
export const toGovernment: PaymentWay = {
  kind: 'payment-to-government',
  from: ['individual'],
  to: ['agency'],
  pays: 'government agencies; people are paid by POST /v1/transfers/individual-individual',
}

export type Paid = { readonly kind: 'answer'; readonly body: { readonly transferId: string } } | ProblemOutcome

/** Who asks for which payment. */
export type AskedPayment = Pick<Signed<PaymentTerms>, 'caller' | 'request'>

export async function pay(work: Work, way: PaymentWay, asked: AskedPayment): Promise<Paid> {
  const [paid] = await payEach(work, way, [asked])
  if (paid === undefined) throw new Error('a payment without an outcome')
  return paid
}

/**
 * In the order given, each as if it came alone after those before it. What a person may spend is asked of the transfers
 * that are written, so people pay one at a time (`toGovernment`).
 */
export async function payEach(
  work: Work,
  way: PaymentWay,
  payments: readonly AskedPayment[],
): Promise<readonly Paid[]> {
  const books = await Books.open(
    work,
    payments.flatMap(({ request: { payer, payee } }) => [payer, payee]),
  )
  const paid: Paid[] = []
  const kept: NewClientTransfer[] = []
  for (const { caller, request: terms } of payments) {
    const refused = (await whyNot(work, caller, way, terms, books)) ?? bookedShort(books, way, terms)
    if (refused === undefined) kept.push({ ...terms, kind: way.kind, madeBy: caller.owner })
    paid.push(refused ?? { kind: 'answer', body: { transferId: terms.transferId } })
  }
  await books.write()
  await keepClientTransfers(work, kept)
  return paid
}

async function whyNot(
  work: Work,
  caller: Caller,
  way: PaymentWay,
  { payer, payee, amount }: PaymentTerms,
  books: Books,
): Promise<ProblemOutcome | undefined> {
  const [from, to] = [books.account(payer), books.account(payee)]
  if (from === undefined || !allows(way.from, from) || !(await paysFrom(work, caller, payer, from)))
    return problem('not_found', `${caller.owner} has no account ${payer} to pay from`)
  if (to === undefined || !allows(way.to, to))
    return problem('not_found', `there is no account ${payee} to pay to; this method pays ${way.pays}`)
  if (payer === payee) return problem('rule_violated', 'payer and payee are the same account')
  if (isShort(from, amount)) return tooLittleIn(payer)
  if (from.kind === 'individual') {
    const tooMuch = await limitFault(work, { accountId: payer, direction: 'outgoing', amount })
    if (tooMuch !== undefined) return limitProblem(tooMuch)
  }
  const person = to.kind === 'individual' ? await findPerson(work, payee) : undefined
  if (person === undefined) return undefined
  const wouldHaveTooMuch = await limitFaultOf(work, person, { direction: 'incoming', amount }, books)
  return wouldHaveTooMuch === undefined ? undefined : payeeLimitProblem()
}

/** Asked before any limit: who has not got the money would find out by trying what a person may still take. */
function isShort({ balance, held, floor }: OpenAccount, amount: Tiyn): boolean {
  return floor !== null && balance - held - amount < floor
}

function bookedShort(
  books: Books,
  { kind }: PaymentWay,
  { payer, payee, amount, transferId }: PaymentTerms,
): ProblemOutcome | undefined {
  const posted = books.book([{ debit: payer, credit: payee, amount, kind }], transferId)
  return posted.kind === 'short' ? tooLittleIn(posted.account) : undefined
}

function allows(kinds: readonly string[], { kind }: OpenAccount): boolean {
  return kinds.includes(kind)
}

async function paysFrom(work: Work, caller: Caller, accountId: string, { kind, owner }: OpenAccount): Promise<boolean> {
  if (kind !== 'individual') return owner === caller.owner
  const account = await findAccount(work, accountId)
  return account !== undefined && actsForIndividual(caller, account)
}
