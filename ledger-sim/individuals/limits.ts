/**
 * The limits of a person's account, asked in one place by every way in which a person pays or is paid. Money that comes
 * back (a refund, a reversal, a freed hold) is never asked about: it was theirs. What has gone out is read from the
 * transfers themselves, so that a new way of paying counts without saying so; a refund does not lower it, else a loop
 * of purchases and refunds would have no limit.
 */
import { tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { givesBack } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { problem, type ProblemOutcome } from '../http/operation.ts'
import { findPerson, type Person } from './people.ts'
import { dayMs, limitsOf, monthMs, type Tier } from './tiers.ts'

export interface WantedMovement {
  /** Any account: those of others than individuals have no such limits. */
  readonly accountId: string
  readonly direction: 'outgoing' | 'incoming'
  readonly amount: Tiyn
  /** What not every tier may do; else only the amount is asked about. Cash-out is into cash and into non-cash. */
  readonly means?: 'person-to-person' | 'cash-out'
}

export interface LimitFault {
  readonly tier: Tier
  readonly limit: 'person_to_person' | 'cash_out' | 'single' | 'daily' | 'monthly' | 'balance'
  readonly max: Tiyn
  /** What the limit still allows now. */
  readonly left: Tiyn
}

/**
 * Which limit forbids it, in the order in which they stand in `LimitFault`: the first that applies. Ask it in the
 * transaction that moves the money, before it moves.
 *
 * @returns undefined when no limit does
 */
export async function limitFault(work: Work, wanted: WantedMovement): Promise<LimitFault | undefined> {
  const person = await findPerson(work, wanted.accountId)
  return person === undefined ? undefined : limitFaultOf(work, person, wanted)
}

/** The same for a person who was found already. */
export async function limitFaultOf(
  work: Work,
  person: Person,
  { direction, amount, means }: Omit<WantedMovement, 'accountId'>,
): Promise<LimitFault | undefined> {
  const { tier } = person
  const limits = limitsOf[tier]
  if (means === 'person-to-person' && !limits.personToPerson)
    return { tier, limit: 'person_to_person', max: zeroTiyn, left: zeroTiyn }
  if (means === 'cash-out' && !limits.cashOut) return { tier, limit: 'cash_out', max: zeroTiyn, left: zeroTiyn }
  if (direction === 'incoming') return above(tier, 'balance', limits.balance, person.balance, amount)
  if (amount > limits.single) return { tier, limit: 'single', max: limits.single, left: limits.single }
  const { day, month } = await outgoing(work, person.accountId)
  return above(tier, 'daily', limits.daily, day, amount) ?? above(tier, 'monthly', limits.monthly, month, amount)
}

function above(tier: Tier, limit: LimitFault['limit'], max: Tiyn, soFar: bigint, amount: Tiyn): LimitFault | undefined {
  if (soFar + amount <= max) return undefined
  return { tier, limit, max, left: tiyn(max > soFar ? max - soFar : 0n) }
}

/** What a person gives back they did not spend: else who pays and takes back at will would block their account. */
const spending = Object.entries(givesBack).flatMap(([kind, isReturn]) => (isReturn ? [] : [kind]))

/** What went out in the last day and month, and what is set aside to go out. */
async function outgoing(
  { connection, now }: Work,
  accountId: string,
): Promise<{ readonly day: bigint; readonly month: bigint }> {
  const gone = await connection
    .selectFrom('transfer')
    .select(['amount', 'at'])
    .where('debit', '=', accountId)
    .where('at', '>', BigInt(now - monthMs))
    .where('kind', 'in', spending)
    .execute()
  const held = await connection
    .selectFrom('hold')
    .select('amount')
    .where('debit', '=', accountId)
    .where('state', '=', 'pending')
    .where('expires_at', '>', BigInt(now))
    .execute()
  const aside = held.reduce((sum, { amount }) => sum + amount, 0n)
  const since = (moment: number) =>
    gone.reduce((sum, { amount, at }) => (at > BigInt(moment) ? sum + amount : sum), aside)
  return { day: since(now - dayMs), month: since(now - monthMs) }
}

/** To who may know about the account. For the other side of a payment: `payeeLimitProblem`. */
export function limitProblem({ tier, limit, max, left }: LimitFault): ProblemOutcome {
  return problem('limit_exceeded', `limit ${limit} of tier ${tier}: at most ${max} tiyn, ${left} tiyn left`)
}

/** Says nothing of what the payee holds. */
export function payeeLimitProblem(): ProblemOutcome {
  return problem('limit_exceeded', 'the payee’s account cannot take this amount')
}
