/**
 * What looks like money being laundered: rules as data, each a pure function of what one person did of late, by
 * whichever accounts. A rule finds evidence and accuses nobody; an auditor decides. A rule that changes gets a new
 * version, so that an alert always names what found it (version 1 looked at one account at a time). The figures are
 * decided by us; the patterns are those that guidance on suspicious transactions describes everywhere (structuring,
 * collecting, pass-through, circular payments).
 */
import { monthlyIndexes } from './tiers.ts'

export interface Movement {
  /** The id of what moved the money. */
  readonly id: string
  readonly direction: 'in' | 'out'
  /** Who owns the account on the other side. */
  readonly counterpart: string
  /** Tiyn. */
  readonly amount: bigint
  /** The most that the person's account on this side may pay at once, by its tier now. */
  readonly single: bigint
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface AlertRule {
  readonly rule: 'just_under_limit' | 'many_payers' | 'pass_through' | 'reversal_loop'
  readonly version: number
  /** Who is looked at when a person pays a person. */
  readonly watches: 'payer' | 'payee'
  /** How far back it looks. */
  readonly windowMs: number
  /**
   * @param movements of one person within the window, oldest first, without what this rule has named before
   * @returns ids of the evidence; undefined when there is nothing to tell
   */
  readonly find: (movements: readonly Movement[]) => readonly string[] | undefined
}

const hourMs = 3_600_000

/** At least this often, each at least this part of the limit of one payment. */
const justUnder = { times: 3, percent: 90n }

/** Structuring: a large sum in pieces that each stay just under what its account may pay at once. */
const justUnderLimit: AlertRule = {
  rule: 'just_under_limit',
  version: 2,
  watches: 'payer',
  // A week: within a day the day's own limit would not let so many through.
  windowMs: 7 * 24 * hourMs,
  find: (movements) => {
    const near = movements.filter(
      ({ direction, amount, single }) =>
        direction === 'out' && amount * 100n >= single * justUnder.percent && amount <= single,
    )
    return near.length < justUnder.times ? undefined : idsOf(near)
  },
}

const payersWithinAnHour = 10

/** Collecting: many people pay one. */
const manyPayers: AlertRule = {
  rule: 'many_payers',
  version: 2,
  watches: 'payee',
  windowMs: hourMs,
  find: (movements) => {
    const received = movements.filter(({ direction }) => direction === 'in')
    const payers = new Set(received.map(({ counterpart }) => counterpart))
    return payers.size < payersWithinAnHour ? undefined : idsOf(received)
  },
}

/** From that much on, this part of it goes on within the window. */
const passed = { least: monthlyIndexes(50), percent: 90n }

/** Pass-through: what comes in goes out again at once. Only what left after something came is counted. */
const passThrough: AlertRule = {
  rule: 'pass_through',
  version: 2,
  watches: 'payer',
  windowMs: hourMs,
  find: (movements) => {
    const first = movements.findIndex(({ direction }) => direction === 'in')
    const since = first === -1 ? [] : movements.slice(first)
    const sum = (wanted: Movement['direction']) =>
      since.reduce((total, { direction, amount }) => (direction === wanted ? total + amount : total), 0n)
    const [came, left] = [sum('in'), sum('out')]
    if (came < passed.least || left * 100n < came * passed.percent) return undefined
    return idsOf(since)
  },
}

/** That many payments to and fro between the same two, each this much like the last one. */
const loop = { legs: 4, percentApart: 5n }

/** Reversal loop: the same sum goes to and fro between two people. */
const reversalLoop: AlertRule = {
  rule: 'reversal_loop',
  version: 2,
  watches: 'payer',
  windowMs: 24 * hourMs,
  find: (movements) => {
    const last = movements.at(-1)
    if (last === undefined) return undefined
    const between = movements.filter(({ counterpart }) => counterpart === last.counterpart)
    const legs: Movement[] = [last]
    for (const earlier of between.slice(0, -1).toReversed()) {
      const isBack = earlier.direction !== legs.at(-1)?.direction
      const apart = earlier.amount > last.amount ? earlier.amount - last.amount : last.amount - earlier.amount
      if (!isBack || apart * 100n > last.amount * loop.percentApart) break
      legs.push(earlier)
    }
    return legs.length < loop.legs ? undefined : idsOf(legs.toReversed())
  },
}

function idsOf(movements: readonly Movement[]): readonly string[] {
  return movements.map(({ id }) => id)
}

export const alertRules: readonly AlertRule[] = [justUnderLimit, manyPayers, passThrough, reversalLoop]
