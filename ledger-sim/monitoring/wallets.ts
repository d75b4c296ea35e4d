/** Wallets by kind, and what is in circulation. */
import { findAccount } from '../accounts/accounts.ts'
import { issueAccount } from '../accounts/conversions.ts'
import type { Work } from '../context.ts'

export interface WalletsOfKind {
  readonly kind: string
  readonly count: number
  /** Of all of them, tiyn. */
  readonly balance: bigint
}

/** Accounts in Digital Tenge, by kind; without the account that it is issued from. */
export async function walletsByKind({ connection }: Work): Promise<readonly WalletsOfKind[]> {
  const rows = await connection
    .selectFrom('account')
    .select('kind')
    .select((expression) => [
      expression.fn.countAll<bigint | number | string>().as('count'),
      expression.fn.sum<bigint | number | string>('balance').as('balance'),
    ])
    .where('currency', '=', 'DT')
    .where('kind', '<>', 'central-bank-issue')
    .groupBy('kind')
    .orderBy('kind')
    .execute()
  return rows.map(({ kind, count, balance }) => ({ kind, count: Number(count), balance: BigInt(balance) }))
}

/** Tiyn that the central bank has issued and not taken back. */
export async function issuedByCentralBank(work: Work): Promise<bigint> {
  return -((await findAccount(work, issueAccount))?.balance ?? 0n)
}

/** How many owners of each kind this bank serves. What is in their wallets is not the bank's. */
export async function clientsOfBank(
  { connection }: Work,
  bank: string,
): Promise<readonly { readonly kind: string; readonly count: number }[]> {
  const rows = await connection
    .selectFrom('account')
    .select('kind')
    .select((expression) => expression.fn.count<bigint | number | string>('owner').distinct().as('count'))
    .where('bank', '=', bank)
    .where('kind', 'in', ['legal-entity', 'agency', 'merchant', 'individual'])
    .groupBy('kind')
    .orderBy('kind')
    .execute()
  return rows.map(({ kind, count }) => ({ kind, count: Number(count) }))
}
