/**
 * What became of a transfer, for whoever is party to it (docs/design/18-platform-api.md, "Moves"): of what
 * `client_transfer` keeps, and of payments from people to people and to merchants, which have tables of their own.
 */
import { subtractTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { findAccount, type Account } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { personOfCaller } from '../individuals/people.ts'
import { watchedNames } from '../individuals/pseudonyms.ts'
import { findPersonTransfer, shownPayer, type ShownPayer } from '../individuals/received.ts'
import { leftOf, storedPayment } from '../rules/direct-payments.ts'
import { clientTransferKinds, findClientTransfer } from './client-transfers.ts'
import { seesAll } from './who-sees.ts'

export const transferStates = ['done', 'partly_refunded', 'refunded', 'reversed'] as const

/** The last two: a person pays a person, a person pays a merchant without a till. */
export const statusKinds = [...clientTransferKinds, 'individual-transfer', 'merchant-payment'] as const

export interface TransferStatus {
  readonly transferId: string
  readonly kind: (typeof statusKinds)[number]
  readonly state: (typeof transferStates)[number]
  readonly amount: Tiyn
  /** By refunds, without what a reversal gave back. */
  readonly refunded: Tiyn
  /**
   * The account that paid; null where it is an individual's and the asker only received. To who watches all, accounts
   * of people are pseudonyms here and in `payee`.
   */
  readonly payer: string | null
  readonly payee: string
  /** What a person who paid a person chose to show, to the payee's side only; null for everything else. */
  readonly from: ShownPayer | null
  readonly purpose: string | null
  readonly paymentReference: string | null
  readonly at: number
}

/** @returns undefined to whoever is no party */
export async function transferStatus(
  work: Work,
  caller: Caller,
  transferId: string,
): Promise<TransferStatus | undefined> {
  return (
    (await statusOfClientTransfer(work, caller, transferId)) ??
    (await statusOfPersonTransfer(work, caller, transferId)) ??
    (await statusOfDirectPayment(work, caller, transferId))
  )
}

async function statusOfClientTransfer(work: Work, caller: Caller, transferId: string) {
  const transfer = await findClientTransfer(work, transferId)
  if (transfer === undefined) return undefined
  const { madeBy, state, refunded, ...told } = transfer
  const { payer, payee } = await partiesOf(work, transferId, transfer)
  const paid = seesAll(caller) || madeBy === caller.owner || payer.owner === caller.owner
  if (!paid && payee.owner !== caller.owner) return undefined
  const named = await namesFor(work, caller, [payer, payee])
  const parties = { payer: paid || payer.kind !== 'individual' ? named(payer) : null, payee: named(payee), from: null }
  return { ...told, ...parties, refunded, state: stateOf(state, transfer.amount, refunded) }
}

/** Nobody gives it back, so it is done. Who watches all sees no purpose, which may hold names (received.ts). */
async function statusOfPersonTransfer(
  work: Work,
  caller: Caller,
  transferId: string,
): Promise<TransferStatus | undefined> {
  const transfer = await findPersonTransfer(work, transferId)
  if (transfer === undefined) return undefined
  const { madeBy, amount, purpose, at } = transfer
  const { payer, payee } = await partiesOf(work, transferId, transfer)
  const paid = seesAll(caller) || paysAs(caller, madeBy, payer)
  if (!paid && (await personOfCaller(work, caller, payee.accountId)) === undefined) return undefined
  const named = await namesFor(work, caller, [payer, payee])
  return {
    transferId,
    kind: 'individual-transfer',
    state: 'done',
    amount,
    refunded: zeroTiyn,
    payer: paid ? named(payer) : null,
    payee: named(payee),
    from: paid ? null : shownPayer(work, payee.accountId, { ...transfer, name: payer.name }),
    purpose: seesAll(caller) ? null : purpose,
    paymentReference: null,
    at,
  }
}

async function statusOfDirectPayment(
  work: Work,
  caller: Caller,
  paymentId: string,
): Promise<TransferStatus | undefined> {
  const payment = await storedPayment(work, paymentId)
  if (payment === undefined) return undefined
  const { madeBy, merchantId, amount, at } = payment
  const { payer, payee } = await partiesOf(work, paymentId, { payer: payment.payer, payee: payment.payeeAccount })
  const paid = seesAll(caller) || paysAs(caller, madeBy, payer)
  if (!paid && !(caller.role === 'merchant' && merchantId === caller.owner)) return undefined
  const named = await namesFor(work, caller, [payer, payee])
  const left = tiyn((await leftOf(work, payment)).reduce((sum, line) => sum + line.amount, 0n))
  const refunded = subtractTiyn(amount, left)
  return {
    transferId: paymentId,
    kind: 'merchant-payment',
    state: stateOf('done', amount, refunded),
    amount,
    refunded,
    payer: paid ? named(payer) : null,
    payee: named(payee),
    from: null,
    purpose: null,
    paymentReference: null,
    at,
  }
}

/** The person, or the bank that paid for the person; a merchant of the same name is neither. */
function paysAs({ role, owner }: Caller, madeBy: string, payer: Account): boolean {
  return (role === 'individual' || role === 'bank') && (madeBy === owner || payer.owner === owner)
}

async function partiesOf(
  work: Work,
  transferId: string,
  accounts: { readonly payer: string; readonly payee: string },
): Promise<{ readonly payer: Account; readonly payee: Account }> {
  const payer = await findAccount(work, accounts.payer)
  const payee = await findAccount(work, accounts.payee)
  if (payer === undefined || payee === undefined) throw new Error(`a party of ${transferId} vanished`)
  return { payer, payee }
}

async function namesFor(work: Work, caller: Caller, accounts: readonly Account[]) {
  const names = seesAll(caller) ? await watchedNames(work, accounts) : undefined
  return ({ accountId }: Account) => names?.get(accountId) ?? accountId
}

function stateOf(state: 'done' | 'reversed', amount: Tiyn, refunded: Tiyn): TransferStatus['state'] {
  if (state === 'reversed') return state
  if (refunded === 0n) return 'done'
  return refunded === amount ? 'refunded' : 'partly_refunded'
}
