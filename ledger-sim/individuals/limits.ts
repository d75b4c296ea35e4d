/**
 * The limits of people, asked in one place by every way in which a person pays or is paid: those of the account's tier,
 * and for all accounts of the person together those of the highest tier among them, so that a second account, at this
 * bank or another, is no second limit. Money that comes back (a refund, a reversal, a freed hold) is never asked about:
 * it was theirs. Callers ask for the money first: else who has none finds out by trying what a person has and
 * spends. What has gone out is read from the transfers themselves, so that a new way of paying counts without
 * saying so; a refund does not lower it, else a loop of purchases and refunds would have no limit.
 */
import { tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { givesBack, type Books } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { problem, type ProblemOutcome } from '../http/operation.ts'
import { findPerson, idsOfAccountsOf, listAccountsOfPerson, type Person } from './people.ts'
import { dayMs, highestTier, limitsOf, monthMs, type Tier } from './tiers.ts'

export interface WantedMovement {
  /** Any account: those of others than individuals have no such limits. */
  readonly accountId: string
  readonly direction: 'outgoing' | 'incoming'
  readonly amount: Tiyn
  /** What not every tier may do; else only the amount is asked about. Cash-out is into cash and into non-cash. */
  readonly means?: 'person-to-person' | 'cash-out'
  /** From another account of the same person, who then holds as much as before. */
  readonly isOwnMoney?: boolean
}

export interface LimitFault {
  readonly tier: Tier
  readonly limit: 'person_to_person' | 'cash_out' | 'single' | 'daily' | 'monthly' | 'balance'
  /** `person`: all accounts of the account's owner together. */
  readonly of: 'account' | 'person'
  readonly max: Tiyn
  /** What the limit still allows now. */
  readonly left: Tiyn
}

/**
 * Which limit forbids it, in the order in which they stand in `LimitFault`, the account's before the person's: the
 * first that applies. Ask it in the transaction that moves the money, before it moves.
 *
 * @returns undefined when no limit does
 */
export async function limitFault(work: Work, wanted: WantedMovement): Promise<LimitFault | undefined> {
  const person = await findPerson(work, wanted.accountId)
  return person === undefined ? undefined : limitFaultOf(work, person, wanted)
}

/**
 * The same for a person who was found already.
 *
 * @param books in which payments stand that are not written yet
 */
export async function limitFaultOf(
  work: Work,
  { accountId, owner, tier }: Person,
  { direction, amount, means, isOwnMoney = false }: Omit<WantedMovement, 'accountId'>,
  books?: Pick<Books, 'account'>,
): Promise<LimitFault | undefined> {
  const limits = limitsOf[tier]
  const never = { tier, of: 'account', max: zeroTiyn, left: zeroTiyn } as const
  if (means === 'person-to-person' && !limits.personToPerson) return { ...never, limit: 'person_to_person' }
  if (means === 'cash-out' && !limits.cashOut) return { ...never, limit: 'cash_out' }
  if (direction === 'outgoing' && amount > limits.single)
    return { tier, limit: 'single', of: 'account', max: limits.single, left: limits.single }
  const accounts = await listAccountsOfPerson(work, owner)
  const isOwn = (one: { readonly accountId: string }): boolean => one.accountId === accountId
  const own: Bound = { tier, of: 'account' }
  const together: Bound = { tier: highestTier(accounts.map((account) => account.tier)), of: 'person' }
  if (direction === 'incoming') {
    const held = accounts.map((one) => ({ ...one, amount: books?.account(one.accountId)?.balance ?? one.balance }))
    const fault = above(own, 'balance', sumOf(held.filter(isOwn)), amount)
    return fault ?? (isOwnMoney ? undefined : above(together, 'balance', sumOf(held), amount))
  }
  const gone = await outgoing(work, owner)
  return aboveTurnover(own, gone.filter(isOwn), amount, work.now) ?? aboveTurnover(together, gone, amount, work.now)
}

/** Whose limits are asked: an account's, or a person's over all accounts. */
interface Bound {
  readonly tier: Tier
  readonly of: LimitFault['of']
}

function aboveTurnover(bound: Bound, gone: readonly Gone[], amount: Tiyn, now: number): LimitFault | undefined {
  const since = (moment: number): bigint => sumOf(gone.filter(({ at }) => at === null || at > BigInt(moment)))
  return above(bound, 'daily', since(now - dayMs), amount) ?? above(bound, 'monthly', since(now - monthMs), amount)
}

function above(
  { tier, of }: Bound,
  limit: 'daily' | 'monthly' | 'balance',
  soFar: bigint,
  amount: Tiyn,
): LimitFault | undefined {
  const max = limitsOf[tier][limit]
  if (soFar + amount <= max) return undefined
  return { tier, limit, of, max, left: tiyn(max > soFar ? max - soFar : 0n) }
}

function sumOf(some: readonly { readonly amount: bigint }[]): bigint {
  return some.reduce((sum, { amount }) => sum + amount, 0n)
}

/** What a person gives back they did not spend: else who pays and takes back at will would block their account. */
const spending = Object.entries(givesBack).flatMap(([kind, isReturn]) => (isReturn ? [] : [kind]))

interface Gone {
  readonly accountId: string
  readonly amount: bigint
  /** Null: set aside, and gone as long as it is. */
  readonly at: bigint | null
}

/** What went out of a person's accounts in the last month, and what is set aside to go out. */
async function outgoing({ connection, now }: Work, owner: string): Promise<readonly Gone[]> {
  const accounts = idsOfAccountsOf({ connection }, owner)
  const sent = await connection
    .selectFrom('transfer')
    .select(['debit as accountId', 'amount', 'at'])
    .where('debit', 'in', accounts)
    .where('at', '>', BigInt(now - monthMs))
    .where('kind', 'in', spending)
    .execute()
  const held = await connection
    .selectFrom('hold')
    .select(['debit as accountId', 'amount'])
    .where('debit', 'in', accounts)
    .where('state', '=', 'pending')
    .where('expires_at', '>', BigInt(now))
    .execute()
  return [...sent, ...held.map((one) => ({ ...one, at: null }))]
}

/**
 * To who may know about the account. For the other side of a payment: `payeeLimitProblem`. What other accounts of the
 * person leave is not said, nor how well another bank knows the person: the bank of this one need not know.
 */
export function limitProblem({ tier, limit, of, max, left }: LimitFault): ProblemOutcome {
  return problem(
    'limit_exceeded',
    of === 'account'
      ? `limit ${limit} of tier ${tier}: at most ${max} tiyn, ${left} tiyn left`
      : `limit ${limit} of all accounts of the person together`,
  )
}

/** Says nothing of what the payee holds. */
export function payeeLimitProblem(): ProblemOutcome {
  return problem('limit_exceeded', 'the payee’s account cannot take this amount')
}
