/** What became of a transfer, for whoever is party to it (docs/design/18-platform-api.md, "Moves"). */
import type { Tiyn } from '../../src/voucher/money.ts'
import { findAccount } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { watchedNames } from '../individuals/pseudonyms.ts'
import { findClientTransfer, type ClientTransferKind } from './client-transfers.ts'
import { seesAll } from './who-sees.ts'

export const transferStates = ['done', 'partly_refunded', 'refunded', 'reversed'] as const

export interface TransferStatus {
  readonly transferId: string
  readonly kind: ClientTransferKind
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
  const transfer = await findClientTransfer(work, transferId)
  if (transfer === undefined) return undefined
  const { madeBy, state, refunded, ...told } = transfer
  const payer = await findAccount(work, transfer.payer)
  const payee = await findAccount(work, transfer.payee)
  if (payer === undefined || payee === undefined) throw new Error(`a party of ${transferId} vanished`)
  const paid = seesAll(caller) || madeBy === caller.owner || payer.owner === caller.owner
  if (!paid && payee.owner !== caller.owner) return undefined
  const shown = paid || payer.kind !== 'individual'
  const names = seesAll(caller) ? await watchedNames(work, [payer, payee]) : undefined
  const named = (accountId: string) => names?.get(accountId) ?? accountId
  const parties = { payer: shown ? named(told.payer) : null, payee: named(told.payee) }
  return { ...told, ...parties, refunded, state: stateOf(state, transfer.amount, refunded) }
}

function stateOf(state: 'done' | 'reversed', amount: Tiyn, refunded: Tiyn): TransferStatus['state'] {
  if (state === 'reversed') return state
  if (refunded === 0n) return 'done'
  return refunded === amount ? 'refunded' : 'partly_refunded'
}
