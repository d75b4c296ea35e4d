/**
 * What people may hold and send: by the tier of each account, and over all that one person has, by the best of their
 * tiers.
 */
import {
  aside,
  dayMs,
  least,
  meet,
  monthMs,
  most,
  need,
  refused,
  sum,
  type Tier,
  type Verdict,
  type Whole,
} from './state.ts'

/** Docs/design/18, "Tiers and limits", in tiyn: 4,325 tenge times 10, 20, 50, … */
const index = 432_500n
export const limitsOf = {
  anonymous: { balance: 50n * index, single: 10n * index, daily: 20n * index, monthly: 100n * index, known: false },
  simplified: { balance: 300n * index, single: 50n * index, daily: 100n * index, monthly: 500n * index, known: true },
  full: {
    balance: 10_000n * index,
    single: 1_000n * index,
    daily: 2_000n * index,
    monthly: 10_000n * index,
    known: true,
  },
} as const

/** All that the owner of that account has, that one among them. */
function ofOnePerson(whole: Whole, account: string): readonly string[] {
  const { owner } = need(whole.accounts, account)
  return [...whole.people.keys()].filter((each) => need(whole.accounts, each).owner === owner)
}

/** As well as any of the banks knows the person. */
function bestTier(whole: Whole, accounts: readonly string[]): Tier {
  const found = accounts.map((account) => need(whole.people, account).tier)
  return found.includes('full') ? 'full' : found.includes('simplified') ? 'simplified' : 'anonymous'
}

/** What accounts may still send together by the limits of a day and of a month; negative after a lower tier. */
function roomOf(whole: Whole, accounts: readonly string[]): { readonly day: bigint; readonly month: bigint } {
  const spent = accounts.flatMap((account) => need(whole.people, account).spent)
  const set = sum(accounts.map((account) => aside(whole, account)))
  const since = (time: number): bigint =>
    sum(spent.filter(({ at }) => at > whole.now - time).map(({ amount }) => amount)) + set
  const { daily, monthly } = limitsOf[bestTier(whole, accounts)]
  return { day: daily - since(dayMs), month: monthly - since(monthMs) }
}

/** What an account may still send, by its own limits and by those of its owner. */
export function room(whole: Whole, account: string): { readonly day: bigint; readonly month: bigint } {
  const [own, all] = [roomOf(whole, [account]), roomOf(whole, ofOnePerson(whole, account))]
  return { day: least(own.day, all.day), month: least(own.month, all.month) }
}

/** What an account may still take, by its own limit and by that of its owner. */
export function roomToHold(whole: Whole, account: string): bigint {
  const left = (accounts: readonly string[]): bigint =>
    limitsOf[bestTier(whole, accounts)].balance - sum(accounts.map((each) => need(whole.accounts, each).balance))
  return least(left([account]), left(ofOnePerson(whole, account)))
}

/** Nothing more goes out today. */
export function isAtTurnoverLimit(whole: Whole, account: string): boolean {
  const { day, month } = room(whole, account)
  return day <= 0n || month <= 0n
}

function limit(tier: Tier, name: string, max: bigint, left: bigint): Verdict {
  return refused('limit_exceeded', `limit ${name} of tier ${tier}: at most ${max} tiyn, ${most(left, 0n)} tiyn left`)
}

/** Neither what is left elsewhere nor how well another bank knows the person is said. */
function limitTogether(whole: Whole, name: 'daily' | 'monthly' | 'balance'): Verdict {
  meet(whole, `a person’s ${name} limit over two accounts`)
  return refused('limit_exceeded', `limit ${name} of all accounts of the person together`)
}

/** Of an account that is no person's nothing is asked. */
export function whyNotOut(
  whole: Whole,
  account: string,
  amount: bigint,
  means?: 'person' | 'cash',
): Verdict | undefined {
  const person = whole.people.get(account)
  if (person === undefined) return undefined
  const { tier } = person
  const { single, daily, monthly, known } = limitsOf[tier]
  if (means !== undefined && !known) return limit(tier, means === 'person' ? 'person_to_person' : 'cash_out', 0n, 0n)
  if (amount > single) return limit(tier, 'single', single, single)
  const own = roomOf(whole, [account])
  if (amount > own.day) return limit(tier, 'daily', daily, own.day)
  if (amount > own.month) return limit(tier, 'monthly', monthly, own.month)
  const together = roomOf(whole, ofOnePerson(whole, account))
  if (amount > together.day) return limitTogether(whole, 'daily')
  return amount > together.month ? limitTogether(whole, 'monthly') : undefined
}

/** @param from whose money it is: from one's other account one gets no more than one had */
export function whyNotIn(whole: Whole, account: string, amount: bigint, from?: string): Verdict | undefined {
  const person = whole.people.get(account)
  if (person === undefined) return undefined
  const { balance, owner } = need(whole.accounts, account)
  const max = limitsOf[person.tier].balance
  if (balance + amount > max) return limit(person.tier, 'balance', max, max - balance)
  const accounts = ofOnePerson(whole, account)
  const all = sum(accounts.map((each) => need(whole.accounts, each).balance)) + amount
  if (all <= limitsOf[bestTier(whole, accounts)].balance) return undefined
  if (from === owner) {
    meet(whole, 'who may hold no more moves what they have')
    return undefined
  }
  return limitTogether(whole, 'balance')
}

/** What a payer hears of the payee's limit. */
export const cannotTake = refused('limit_exceeded', 'the payee’s account cannot take this amount')
