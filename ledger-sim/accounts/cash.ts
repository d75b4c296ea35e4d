/**
 * Cash at a bank's desk: Digital Tenge against notes and coins. A vault holds what its bank has of them; what is in
 * people's hands is an account too, so that tenge are conserved wherever they are (docs/design/18-platform-api.md).
 */
import type { Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { findAccount, openAccount, type Account } from './accounts.ts'
import { issueAccount, redeemable } from './conversions.ts'
import { post, type Posted } from './transfers.ts'

export const outsideCash = 'cash.outside'

export function vaultOf(bank: string): string {
  return `${bank}.cash`
}

/** Opened with the first cash of a bank: ledgers from before cash have none. */
async function needVault(work: Work, bank: string): Promise<string> {
  const vault = vaultOf(bank)
  if ((await findAccount(work, vault)) !== undefined) return vault
  const issue = await findAccount(work, issueAccount)
  if (issue === undefined) throw new Error('no central bank')
  const outside = { accountId: outsideCash, kind: 'cash-outside', owner: issue.owner, name: 'Cash outside' } as const
  await openAccount(work, { ...outside, currency: 'KZT' })
  await openAccount(work, {
    accountId: vault,
    kind: 'bank-cash',
    owner: bank,
    name: `Vault of ${bank}`,
    currency: 'KZT',
  })
  return vault
}

/** Cash that a bank had delivered to its vault from outside of the platform. */
export async function supplyCash(work: Work, bank: string, amount: Tiyn, reference: string): Promise<Posted> {
  const vault = await needVault(work, bank)
  return post(work, [{ debit: outsideCash, credit: vault, amount, kind: 'cash-supply' }], reference)
}

/** The client's DT → bank, the vault's cash → the client's hands. @param client one of `redeemable` kind */
export async function withdrawCash(
  work: Work,
  bank: string,
  client: Account,
  amount: Tiyn,
  reference: string,
): Promise<Posted> {
  if (!redeemable.includes(client.kind)) throw new Error(`${client.accountId} holds money that stays DT`)
  const vault = await needVault(work, bank)
  return post(
    work,
    [
      { debit: client.accountId, credit: bank, amount, kind: 'cash-withdrawal' },
      { debit: vault, credit: outsideCash, amount, kind: 'cash-withdrawal-cash' },
    ],
    reference,
  )
}

/** Cash out of the client's hands → vault, the bank's DT → client. */
export async function depositCash(
  work: Work,
  bank: string,
  client: Account,
  amount: Tiyn,
  reference: string,
): Promise<Posted> {
  const vault = await needVault(work, bank)
  return post(
    work,
    [
      { debit: outsideCash, credit: vault, amount, kind: 'cash-deposit-cash' },
      { debit: bank, credit: client.accountId, amount, kind: 'cash-deposit' },
    ],
    reference,
  )
}
