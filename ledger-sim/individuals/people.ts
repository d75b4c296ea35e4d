/** Accounts of people: whose they are, which bank knows their owner and how well. */
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import type { Tier } from './tiers.ts'

export interface Person {
  readonly accountId: string
  readonly owner: string
  /** As the bank wrote it; only `masking.ts`, `received.ts` and `disclosures.ts` let it out. */
  readonly name: string
  /** Tiyn, what is set aside included. */
  readonly balance: bigint
  /** The bank whose client this is; null when none is known. */
  readonly bank: string | null
  readonly openedAs: Tier
  readonly tier: Tier
}

/** Of every account of an individual there is one row, made with the account. */
export async function registerIndividual(
  { connection, now }: Pick<Work, 'connection' | 'now'>,
  accountId: string,
  tier: Tier = 'full',
): Promise<void> {
  await connection.insertInto('individual').values({ account_id: accountId, opened_as: tier, tier, at: now }).execute()
}

/** @returns undefined when the account is nobody's or not an individual's */
export async function findPerson({ connection }: Work, accountId: string): Promise<Person | undefined> {
  const row = await connection
    .selectFrom('individual')
    .innerJoin('account', 'account.account_id', 'individual.account_id')
    .select(['account.account_id', 'owner', 'name', 'balance', 'bank', 'opened_as', 'tier'])
    .where('individual.account_id', '=', accountId)
    .executeTakeFirst()
  return row === undefined ? undefined : personOf(row)
}

/** Ids of the accounts that a person has, at whichever bank, as a part of a statement. */
export function idsOfAccountsOf({ connection }: Pick<Work, 'connection'>, owner: string) {
  return connection
    .selectFrom('account')
    .select('account_id')
    .where('owner', '=', owner)
    .where('kind', '=', 'individual')
}

/** One of the accounts that a person has, at whichever bank. */
export type AccountOfPerson = Pick<Person, 'accountId' | 'balance' | 'tier'>

export async function listAccountsOfPerson({ connection }: Work, owner: string): Promise<readonly AccountOfPerson[]> {
  return connection
    .selectFrom('account')
    .innerJoin('individual', 'individual.account_id', 'account.account_id')
    .select(['account.account_id as accountId', 'balance', 'tier'])
    .where('owner', '=', owner)
    .where('kind', '=', 'individual')
    .execute()
}

export function personOf(row: {
  readonly account_id: string
  readonly owner: string
  readonly name: string
  readonly balance: bigint
  readonly bank: string | null
  readonly opened_as: Tier
  readonly tier: Tier
}): Person {
  const { account_id: accountId, owner, name, balance, bank, opened_as: openedAs, tier } = row
  return { accountId, owner, name, balance, bank, openedAs, tier }
}

/** The account of a person, when the caller is that person or the bank whose client this is; else undefined. */
export async function personOfCaller(work: Work, caller: Caller, accountId: string): Promise<Person | undefined> {
  const person = await findPerson(work, accountId)
  if (person === undefined) return undefined
  const isOwn = caller.role === 'individual' && person.owner === caller.owner
  const isClient = caller.role === 'bank' && person.bank === caller.owner
  return isOwn || isClient ? person : undefined
}
