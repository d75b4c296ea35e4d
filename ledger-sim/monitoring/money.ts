/**
 * Sums of money that cost a few looks by key, for whoever asks every few seconds. What people, merchants and banks hold
 * by kind, and what tills may still sell, walk through all accounts and slots: they are in `GET /v1/monitoring` alone.
 */
import type { Work } from '../context.ts'
import { issuedByCentralBank } from './wallets.ts'

export const moneyPlaces = [
  /** Issued by the central bank and not taken back. */
  'issued',
  /** Marked for schemes, neither spent nor lent to tills. */
  'marked_free',
  /** In escrow for leases that are not closed. */
  'lease_escrow',
  /** Of sales that tills gave and that wait for their agency's money: nobody has it yet. */
  'awaiting_funds',
] as const
export type MoneyNow = Readonly<Record<(typeof moneyPlaces)[number], bigint>>

export async function moneyNow(work: Work): Promise<MoneyNow> {
  return {
    issued: await issuedByCentralBank(work),
    marked_free: await markedFree(work),
    lease_escrow: await leaseEscrow(work),
    awaiting_funds: await awaitingFunds(work),
  }
}

type Sum = { readonly sum: bigint | number | string | null } | undefined

function amountOf(row: Sum): bigint {
  return BigInt(row?.sum ?? 0)
}

async function markedFree({ connection }: Work): Promise<bigint> {
  const row = await connection
    .selectFrom('scheme')
    .innerJoin('account', 'account.account_id', 'scheme.account_id')
    .select((expression) => expression.fn.sum<bigint | number | string | null>('account.balance').as('sum'))
    .executeTakeFirst()
  return amountOf(row)
}

async function leaseEscrow({ connection }: Work): Promise<bigint> {
  const row = await connection
    .selectFrom('lease')
    .innerJoin('account', 'account.account_id', 'lease.escrow_account')
    .select((expression) => expression.fn.sum<bigint | number | string | null>('account.balance').as('sum'))
    .where('lease.state', '=', 'live')
    .executeTakeFirst()
  return amountOf(row)
}

async function awaitingFunds({ connection }: Work): Promise<bigint> {
  const row = await connection
    .selectFrom('tender')
    .select((expression) => expression.fn.sum<bigint | number | string | null>('amount').as('sum'))
    // The index is of scheme and state.
    .where('scheme_id', 'in', connection.selectFrom('scheme').select('scheme_id'))
    .where('state', '=', 'awaiting_funds')
    .executeTakeFirst()
  return amountOf(row)
}
