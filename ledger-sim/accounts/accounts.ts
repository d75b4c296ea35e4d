/** Accounts: who may hold Digital Tenge (DT), and the non-cash tenge (KZT) at banks and at the central bank. */
import { nameSchema, writtenName } from '../../src/voucher/identifiers.ts'
import type { Work } from '../context.ts'
import { registerIndividual } from '../individuals/people.ts'
import type { Tier } from '../individuals/tiers.ts'

/**
 * DT: `central-bank-issue` (negative by what is in circulation), `bank`, `legal-entity`, `agency`, `scheme` (money an
 * agency has marked), `merchant`, `individual`, `escrow`.
 * KZT: `bank-reserve` (a bank's account at the central bank), `central-bank-non-cash`, `bank-client` (a client's
 * account at a bank), `bank-non-cash` (a bank's own), `non-cash-outside` (where the world's non-cash comes from),
 * `bank-cash` (notes and coins in a bank's vault), `cash-outside` (those in people's hands).
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
  | 'bank-cash'
  | 'cash-outside'

export type Currency = 'DT' | 'KZT'

export interface NewAccount {
  readonly accountId: string
  readonly currency: Currency
  readonly kind: AccountKind
  readonly owner: string
  readonly name: string
  /** The bank that serves its owner here: that one alone converts for it and pays from it for its client. */
  readonly bank?: string
  /** Of an individual: how well that bank knows it; fully when nothing is said. */
  readonly tier?: Tier
}

export interface Account extends Omit<NewAccount, 'bank'> {
  /** Null where no bank serves it: accounts of banks and of the central bank, of schemes and escrow. */
  readonly bank: string | null
  readonly balance: bigint
}

/** Money appears here and nowhere else. */
const withoutFloor: readonly AccountKind[] = ['central-bank-issue', 'non-cash-outside', 'cash-outside']

const platformNames = /^(scheme|escrow|review|central-bank|non-cash|cash)\.|\.(reserve|non-cash|cash)$|\.client\./

/** The platform gives such names itself, to accounts that it opens when they are first needed. */
export function isPlatformName(accountId: string): boolean {
  return platformNames.test(accountId)
}

/** Of a new account. */
export const newAccountIdSchema = nameSchema.describe(
  'The new account: an id that you choose, one on the whole platform, for good. Names that the platform gives ' +
    '(`scheme.…`, `….cash`, `….client.…`) are refused.',
)
export const accountOwnerSchema = nameSchema.describe(
  'Whose account it is: a name is one party on the whole platform, and what stands under it is that party’s.',
)
export const accountNameSchema = writtenName(120).describe('What people call the owner.')

export type Opened = 'opened' | 'exists' | 'exists_with_different_terms'

/**
 * The same account again is `exists`.
 *
 * @param underAnyName whatever name it was opened with
 */
export async function openAccount(
  { connection, now }: Work,
  account: NewAccount,
  { underAnyName = false }: { readonly underAnyName?: boolean } = {},
): Promise<Opened> {
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
      bank: account.bank ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('account_id')
    .executeTakeFirst()
  if (inserted !== undefined && account.kind === 'individual') {
    await registerIndividual({ connection, now }, account.accountId, account.tier)
  }
  if (inserted !== undefined) return 'opened'
  const existing = await connection
    .selectFrom('account')
    .select(['currency', 'kind', 'owner', 'name', 'bank'])
    .where('account_id', '=', account.accountId)
    .executeTakeFirstOrThrow()
  const same =
    existing.currency === account.currency &&
    existing.kind === account.kind &&
    existing.owner === account.owner &&
    (underAnyName || existing.name === account.name) &&
    existing.bank === (account.bank ?? null)
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
  bank: string | null
  balance: bigint
}): Account {
  return {
    accountId: row.account_id,
    currency: row.currency,
    kind: row.kind as AccountKind,
    owner: row.owner,
    name: row.name,
    bank: row.bank,
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
