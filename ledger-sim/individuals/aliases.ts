/**
 * Numbers that stand for an account: of a phone or a card, kept as a keyed hash. A number belongs to one account at a
 * time, and whoever has it lets it go before another takes it. That a number is really somebody's is what a bank finds
 * out (it calls, or made the card): so what a person asks for leads nowhere until their bank says the same.
 */
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { numberHash, type AccountNumber } from './numbers.ts'
import { personOfCaller } from './people.ts'

/** Of one account, asked for or registered. */
export const aliasesPerAccountMax = 10

export interface WantedAlias {
  readonly aliasId: string
  readonly accountId: string
  readonly number: AccountNumber
}

export type Registered = 'active' | 'waits_for_bank' | 'not_found' | 'too_many' | 'taken'

/** `taken` is said to banks only: a person must not learn whose numbers the platform knows. */
export async function registerAlias(work: Work, caller: Caller, wanted: WantedAlias): Promise<Registered> {
  const { aliasId, accountId, number } = wanted
  const { connection, now, keys } = work
  if ((await personOfCaller(work, caller, accountId)) === undefined) return 'not_found'
  const hash = numberHash(keys, number)
  if ((await holderOf(work, hash)) === accountId) return 'active'
  const own = await listAliases(work, accountId)
  if (own.length >= aliasesPerAccountMax) return 'too_many'
  const alias = { number_hash: hash, account_id: accountId, alias_id: aliasId, kind: number.kind, at: now }
  if (caller.role === 'individual') {
    await connection
      .insertInto('alias_request')
      .values(alias)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return 'waits_for_bank'
  }
  const inserted = await connection
    .insertInto('alias')
    .values({ ...alias, made_by: caller.owner })
    .onConflict((conflict) => conflict.doNothing())
    .returning('alias_id')
    .executeTakeFirst()
  if (inserted === undefined) return 'taken'
  await forgetRequest(work, hash, accountId)
  return 'active'
}

/** @returns whether the account had the number, or had asked for it */
export async function releaseAlias(
  work: Work,
  caller: Caller,
  accountId: string,
  number: AccountNumber,
): Promise<boolean> {
  const { connection, keys } = work
  if ((await personOfCaller(work, caller, accountId)) === undefined) return false
  const hash = numberHash(keys, number)
  const released = await connection
    .deleteFrom('alias')
    .where('number_hash', '=', hash)
    .where('account_id', '=', accountId)
    .returning('alias_id')
    .executeTakeFirst()
  const withdrawn = await forgetRequest(work, hash, accountId)
  return released !== undefined || withdrawn
}

export interface ListedAlias {
  readonly aliasId: string
  readonly kind: 'phone' | 'card'
  readonly state: 'active' | 'waits_for_bank'
  readonly at: number
}

/** Without the numbers, which the ledger does not know. */
export async function listAliases({ connection }: Work, accountId: string): Promise<readonly ListedAlias[]> {
  const columns = ['alias_id', 'kind', 'at'] as const
  const active = await connection.selectFrom('alias').select(columns).where('account_id', '=', accountId).execute()
  const asked = await connection
    .selectFrom('alias_request')
    .select(columns)
    .where('account_id', '=', accountId)
    .execute()
  const listed = (state: ListedAlias['state']) => (row: (typeof active)[number]) => ({
    aliasId: row.alias_id,
    kind: row.kind,
    state,
    at: Number(row.at),
  })
  return [...active.map(listed('active')), ...asked.map(listed('waits_for_bank'))]
}

async function holderOf({ connection }: Work, hash: string): Promise<string | undefined> {
  const row = await connection
    .selectFrom('alias')
    .select('account_id')
    .where('number_hash', '=', hash)
    .executeTakeFirst()
  return row?.account_id
}

async function forgetRequest({ connection }: Work, hash: string, accountId: string): Promise<boolean> {
  const forgotten = await connection
    .deleteFrom('alias_request')
    .where('number_hash', '=', hash)
    .where('account_id', '=', accountId)
    .returning('alias_id')
    .executeTakeFirst()
  return forgotten !== undefined
}
