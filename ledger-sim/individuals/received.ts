/** What a person received from people: of each payer what that payer chose to show, and nothing else. */
import { z } from 'zod'
import { pseudonymSchema } from '../../src/voucher/identifiers.ts'
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { accountPseudonym, payerPseudonym } from './pseudonyms.ts'

export const shownPayerSchema = z.discriminatedUnion('shows', [
  z.strictObject({ shows: z.literal('nothing') }),
  /** The same for each payment of one payer to this account; of another account’s payers it says nothing. */
  z.strictObject({ shows: z.literal('pseudonym'), pseudonym: pseudonymSchema }),
  z.strictObject({ shows: z.literal('name'), name: z.string() }),
])
export type ShownPayer = z.infer<typeof shownPayerSchema>

export interface Received {
  /** 1, 2, … of this account; a later page begins after it. */
  readonly cursor: string
  readonly transferId: string
  readonly amount: Tiyn
  readonly purpose: string
  readonly from: ShownPayer
  readonly at: number
}

export interface Page {
  /** Not this one and none before it. */
  readonly after: bigint
  readonly limit: number
}

/** Oldest first. */
export async function listReceived(
  work: Work,
  accountId: string,
  { after, limit }: Page,
): Promise<readonly Received[]> {
  const rows = await work.connection
    .selectFrom('individual_transfer')
    .innerJoin('account', 'account.account_id', 'payer')
    .select(['transfer_id', 'received_number', 'payer', 'amount', 'purpose', 'shows', 'at', 'name'])
    .where('payee', '=', accountId)
    .where('received_number', '>', after)
    .orderBy('received_number')
    .limit(limit)
    .execute()
  return rows.map(({ shows, payer, name, ...row }) => ({
    cursor: row.received_number.toString(),
    transferId: row.transfer_id,
    amount: tiyn(row.amount),
    purpose: row.purpose,
    from: shownPayer(work, accountId, { shows, payer, name }),
    at: Number(row.at),
  }))
}

/**
 * @param payee the account that was paid
 * @param transfer `name`: the payer's
 */
export function shownPayer(
  { keys }: Work,
  payee: string,
  { shows, payer, name }: { readonly shows: ShownPayer['shows']; readonly payer: string; readonly name: string },
): ShownPayer {
  switch (shows) {
    case 'nothing':
      return { shows }
    case 'pseudonym':
      return { shows, pseudonym: payerPseudonym(keys, payee, payer) }
    case 'name':
      return { shows, name }
    default:
      return shows satisfies never
  }
}

/** A payment between people as it is kept; who may see what of it is its reader's to judge. */
export async function findPersonTransfer({ connection }: Work, transferId: string) {
  const row = await connection
    .selectFrom('individual_transfer')
    .select(['payer', 'payee', 'made_by', 'amount', 'purpose', 'shows', 'at'])
    .where('transfer_id', '=', transferId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { made_by: madeBy, amount, at, ...told } = row
  return { ...told, madeBy, amount: tiyn(amount), at: Number(at) }
}

export interface WatchedTransfer {
  readonly cursor: string
  readonly transferId: string
  /** Pseudonyms. */
  readonly payer: string
  readonly payee: string
  readonly amount: Tiyn
  readonly at: number
}

/** For those who watch the platform, oldest first: no names or account ids, and no purpose, which may hold both. */
export async function listTransfersOfPeople(
  { connection, keys }: Work,
  { after, limit }: Page,
): Promise<readonly WatchedTransfer[]> {
  const rows = await connection
    .selectFrom('individual_transfer')
    .select(['transfer_id', 'number', 'payer', 'payee', 'amount', 'at'])
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    cursor: row.number.toString(),
    transferId: row.transfer_id,
    payer: accountPseudonym(keys, row.payer),
    payee: accountPseudonym(keys, row.payee),
    amount: tiyn(row.amount),
    at: Number(row.at),
  }))
}
