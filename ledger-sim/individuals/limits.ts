/**
 * The limits of people, asked in one place by every way in which a person pays or is paid: those of the account's tier,
 * and for all accounts of the person together those of the highest tier among them, so that a second account, at this
 * bank or another, is no second limit. Money that comes back (a refund, a reversal, a freed hold) is never asked about:
 * it was theirs. What has gone out is read from the transfers themselves, so that a new way of paying counts without
 * saying so; a refund does not lower it, else a loop of purchases and refunds would have no limit.
 */
import { tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { givesBack, type Books } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { problem, type ProblemOutcome } from '../http/operation.ts'
import { findPerson, idsOfAccountsOf, listAccountsOfPerson, type AccountOfPerson, type Person } from './people.ts'
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
  const own: Bound = { tier, of: 'account', accounts: accounts.filter((account) => account.accountId === accountId) }
  const together: Bound = { tier: highestTier(accounts.map((account) => account.tier)), of: 'person', accounts }
  if (direction === 'incoming') {
    const fault = aboveBalance(own, amount, books)
    return fault ?? (isOwnMoney ? undefined : aboveBalance(together, amount, books))
  }
  const gone = await outgoing(work, owner)
  return aboveTurnover(work, own, amount, gone) ?? aboveTurnover(work, together, amount, gone)
}

/** Accounts that share the limits of a tier. */
interface Bound {
  readonly tier: Tier
  readonly of: LimitFault['of']
  readonly accounts: readonly AccountOfPerson[]
}

function aboveBalance(bound: Bound, amount: Tiyn, books?: Pick<Books, 'account'>): LimitFault | undefined {
  const held = bound.accounts.map(({ accountId, balance }) => books?.account(accountId)?.balance ?? balance)
  return above(bound, 'balance', sumOf(held), amount)
}

function aboveTurnover({ now }: Work, bound: Bound, amount: Tiyn, gone: Outgoing): LimitFault | undefined {
  const isBound = (debit: string): boolean => bound.accounts.some(({ accountId }) => accountId === debit)
  const aside = gone.held.filter(({ debit }) => isBound(debit))
  const since = (moment: number): bigint =>
    sumOf(
      [...aside, ...gone.sent.filter(({ debit, at }) => isBound(debit) && at > BigInt(moment))].map(
        (one) => one.amount,
      ),
    )
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

function sumOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}

/** What a person gives back they did not spend: else who pays and takes back at will would block their account. */
const spending = Object.entries(givesBack).flatMap(([kind, isReturn]) => (isReturn ? [] : [kind]))

interface Outgoing {
  readonly sent: readonly { readonly debit: string; readonly amount: bigint; readonly at: bigint }[]
  readonly held: readonly { readonly debit: string; readonly amount: bigint }[]
}

/** What went out of a person's accounts in the last month, and what is set aside to go out. */
async function outgoing({ connection, now }: Work, owner: string): Promise<Outgoing> {
  const accounts = idsOfAccountsOf({ connection }, owner)
  const sent = await connection
    .selectFrom('transfer')
    .select(['debit', 'amount', 'at'])
    .where('debit', 'in', accounts)
    .where('at', '>', BigInt(now - monthMs))
    .where('kind', 'in', spending)
    .execute()
  const held = await connection
    .selectFrom('hold')
    .select(['debit', 'amount'])
    .where('debit', 'in', accounts)
    .where('state', '=', 'pending')
    .where('expires_at', '>', BigInt(now))
    .execute()
  return { sent, held }
}

/**
 * To who may know about the account. For the other side of a payment: `payeeLimitProblem`. What other accounts of the
 * person leave is not said: the bank of this one need not know how much there is elsewhere.
 */
export function limitProblem({ tier, limit, of, max, left }: LimitFault): ProblemOutcome {
  return problem(
    'limit_exceeded',
    of === 'account'
      ? `limit ${limit} of tier ${tier}: at most ${max} tiyn, ${left} tiyn left`
      : `limit ${limit} of tier ${tier}, for all accounts of the person together: at most ${max} tiyn`,
  )
}

/** Says nothing of what the payee holds. */
export function payeeLimitProblem(): ProblemOutcome {
  return problem('limit_exceeded', 'the payee’s account cannot take this amount')
}
