/**
 * A bank's cashback: a percentage of what its client paid, in whole tiyn downwards, at most so much of one payment and
 * so much in one period.
 */
import { remainderTiyn, smallestTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { CashbackRule } from './rule.ts'

/** @param givenBefore to this client in the period, less what was taken back */
export function cashbackOf(rule: CashbackRule, amount: Tiyn, at: number, givenBefore: Tiyn): Tiyn {
  if (cashbackPeriodAt(rule, at) === undefined) return zeroTiyn
  const rate = tiyn((amount * BigInt(rule.basisPoints)) / 10_000n)
  return smallestTiyn(rate, rule.mostPerPayment, remainderTiyn(rule.mostPerPeriod, givenBefore))
}

export function cashbackPeriodAt(rule: CashbackRule, at: number): CashbackRule['periods'][number] | undefined {
  return rule.periods.find(({ from, to }) => from <= at && at < to)
}
