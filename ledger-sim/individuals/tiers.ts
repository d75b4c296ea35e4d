/**
 * How well a person is known, and what follows from it: the one table of limits. The state report of 2023 asks for a
 * balance of privacy and traceability ("Maintaining a balance between privacy and traceability of CBDC") and names no
 * figures, so each figure here is decided by us, in multiples of the monthly calculation index (MRP) as Kazakh law
 * writes such limits. The order of size follows the limits of electronic money by identification in the law on payments
 * and payment systems of 26 July 2016, No. 11-VI; its own multiples were not at hand and are not claimed.
 */
import { z } from 'zod'
import { multiplyTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'

/** Each allows more than the one before it. */
export const tiers = ['anonymous', 'simplified', 'full'] as const
export const tierSchema = z.enum(tiers)
export type Tier = (typeof tiers)[number]

/** The one that allows most; of none it is the lowest. */
export function highestTier(some: readonly Tier[]): Tier {
  return tiers.findLast((tier) => some.includes(tier)) ?? tiers[0]
}

/** MRP of 2026, 4 325 tenge (law on the republican budget for 2026 to 2028; from memory: check it each January). */
const monthlyCalculationIndex = tiyn(432_500n)

export interface TierLimits {
  /** The most that an account may hold after money came in; what is set aside counts as held. */
  readonly balance: Tiyn
  /** The most that one payment may take. */
  readonly single: Tiyn
  /** The most that may go out in `dayMs`, what is set aside included. */
  readonly daily: Tiyn
  /** The most that may go out in `monthMs`, what is set aside included. */
  readonly monthly: Tiyn
  readonly cashOut: boolean
  /** To pay people and to be paid by people. */
  readonly personToPerson: boolean
}

/**
 * Windows that move with the clock, not days of a calendar: nobody spends twice a day's limit around midnight, and no
 * time zone decides (money-rules.md, "Time").
 */
export const dayMs = 24 * 3_600_000
export const monthMs = 30 * dayMs

/** That many MRP. */
export function monthlyIndexes(multiple: number): Tiyn {
  return multiplyTiyn(monthlyCalculationIndex, multiple)
}

export const limitsOf: Readonly<Record<Tier, TierLimits>> = {
  // Nobody knows who it is: a purse for shops, worth little to who would collect such accounts.
  anonymous: {
    balance: monthlyIndexes(50),
    single: monthlyIndexes(10),
    daily: monthlyIndexes(20),
    monthly: monthlyIndexes(100),
    cashOut: false,
    personToPerson: false,
  },
  // A document was seen from afar: the needs of a household.
  simplified: {
    balance: monthlyIndexes(300),
    single: monthlyIndexes(50),
    daily: monthlyIndexes(100),
    monthly: monthlyIndexes(500),
    cashOut: true,
    personToPerson: true,
  },
  // Known as a bank knows its client: also a car; beyond that a bank's own rules begin.
  full: {
    balance: monthlyIndexes(10_000),
    single: monthlyIndexes(1_000),
    daily: monthlyIndexes(2_000),
    monthly: monthlyIndexes(10_000),
    cashOut: true,
    personToPerson: true,
  },
}
