/** Accounts: who may hold Digital Tenge (DT), and the non-cash tenge (KZT) at banks and at the central bank. */
import type { Work } from '../context.ts'
import { registerIndividual } from '../individuals/people.ts'
import type { Tier } from '../individuals/tiers.ts'

/**
 * DT: `central-bank-issue` (negative by what is in circulation), `bank`, `legal-entity`, `agency`, `scheme` (money an
 * agency has marked), `merchant`, `individual`, `escrow`.
 * KZT: `bank-reserve` (a bank's account at the central bank), `central-bank-non-cash`, `bank-client` (a client's
 * account at a bank), `bank-non-cash` (a bank's own), `non-cash-outside` (where the world's non-cash comes from).
 */
export type AccountKind =
  | 'central-bank-issue'
  | 'bank'
  | 'legal-entity'
  | 'agency'
  | 'scheme'
  | 'merchant'
  | 'individual'
  | 'escrow'
  | 'bank-reserve'
  | 'central-bank-non-cash'
  | 'bank-client'
  | 'bank-non-cash'
  | 'non-cash-outside'

export type Currency = 'DT' | 'KZT'

export interface NewAccount {
  readonly accountId: string
  readonly currency: Currency
  readonly kind: AccountKind
  readonly owner: string
  readonly name: string
  /** Of an individual: the bank whose client it is, and how well that bank knows it; fully when nothing is said. */
  readonly individual?: { readonly bank: string; readonly tier: Tier }
}

export interface Account extends NewAccount {
  readonly balance: bigint
}

/** Money appears here and nowhere else. */
const withoutFloor: readonly AccountKind[] = ['central-bank-issue', 'non-cash-outside']

export type Opened = 'opened' | 'exists' | 'exists_with_different_terms'

/** The same account again is `exists`. */
export async function openAccount({ connection, now }: Work, account: NewAccount): Promise<Opened> {
  const inserted = await connection
    .insertInto('account')
    .values({
      account_id: account.accountId,
      currency: account.currency,
      kind: account.kind,
      owner: account.owner,
      name: account.name,
      balance: 0,
      floor: withoutFloor.includes(account.kind) ? null : 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('account_id')
    .executeTakeFirst()
  if (inserted !== undefined && account.kind === 'individual') {
    await registerIndividual({ connection, now }, account.accountId, account.individual)
  }
  if (inserted !== undefined) return 'opened'
  const existing = await connection
    .selectFrom('account')
    .select(['currency', 'kind', 'owner', 'name'])
    .where('account_id', '=', account.accountId)
    .executeTakeFirstOrThrow()
  const same =
    existing.currency === account.currency &&
    existing.kind === account.kind &&
    existing.owner === account.owner &&
    existing.name === account.name
  return same ? 'exists' : 'exists_with_different_terms'
}

export async function findAccount({ connection }: Work, accountId: string): Promise<Account | undefined> {
  const row = await connection.selectFrom('account').selectAll().where('account_id', '=', accountId).executeTakeFirst()
  return row === undefined ? undefined : accountOf(row)
}

/** By account id, one owner's or everybody's. */
export async function listAccounts({ connection }: Work, owner: string | undefined): Promise<readonly Account[]> {
  const all = connection.selectFrom('account').selectAll().orderBy('account_id')
  const rows = await (owner === undefined ? all : all.where('owner', '=', owner)).execute()
  return rows.map(accountOf)
}

function accountOf(row: {
  account_id: string
  currency: Currency
  kind: string
  owner: string
  name: string
  balance: bigint
}): Account {
  return {
    accountId: row.account_id,
    currency: row.currency,
    kind: row.kind as AccountKind,
    owner: row.owner,
    name: row.name,
    balance: row.balance,
  }
}

/** The first account of this kind that an owner has. */
export async function accountOfOwner(
  { connection }: Work,
  owner: string,
  kind: AccountKind,
): Promise<string | undefined> {
  const row = await connection
    .selectFrom('account')
    .select('account_id')
    .where('owner', '=', owner)
    .where('kind', '=', kind)
    .orderBy('account_id')
    .executeTakeFirst()
  return row?.account_id
}
