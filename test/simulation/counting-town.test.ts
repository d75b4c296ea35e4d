/**
 * The town of `town.ts` with cards that count themselves: a fixed slice of seeds, and each bug that is planted into
 * their handling at the seed that shows it, and the same seed without it. Method: `town.test.ts`; what the cards
 * themselves say that they debited is held against the ledger's rows. Replay a failure with the command that it prints.
 */
import { describe, expect, test } from 'vitest'
import { replayedCardBugs, showsOfCards } from './card-bugs-found.ts'
import { hoursOfCardBugs, plantedCardBugs } from './planted-card-bugs.ts'
import type { TownReport } from './town-report.ts'
import { runTown } from './town.ts'

const played = new Map<number, TownReport>()

async function without(seed: number): Promise<TownReport> {
  const report = played.get(seed) ?? (await runTown(seed, hoursOfCardBugs, { hasCountingCards: true }))
  played.set(seed, report)
  return report
}

const replay = (seed: number): string =>
  `replay: npm run sim -- --counting-cards --seed ${seed} --hours ${hoursOfCardBugs}`

describe('a town in which some cards count themselves', () => {
  const seeds = [1, 3]

  test.each(seeds)('seed %i: each debit is paid, given back or advised, once', async (seed) => {
    const { violations } = await without(seed)
    expect(violations, replay(seed)).toEqual([])
  })

  test('among them are debits that were paid, and some that went back', async () => {
    const debits = await Promise.all(seeds.map(async (seed) => (await without(seed)).debits))
    const sum = (outcome: 'settled' | 'given_back'): number =>
      debits.reduce((total, of) => total + (of?.[outcome] ?? 0), 0)
    expect(sum('settled')).toBeGreaterThan(10)
    expect(sum('given_back')).toBeGreaterThan(0)
  })

  test('the same seed gives the same history', async () => {
    const [first = 1] = seeds
    const again = await runTown(first, hoursOfCardBugs, { hasCountingCards: true })
    expect(again.traceHash).toBe((await without(first)).traceHash)
    expect(again.debits).toEqual((await without(first)).debits)
  })

  test.each(replayedCardBugs)('finds %s, and only when it is planted', async (name) => {
    const seed = showsOfCards[name]
    const options = { plantedBug: plantedCardBugs[name], hasCountingCards: true }
    expect((await runTown(seed, hoursOfCardBugs, options)).violations, `not at seed ${seed}`).not.toEqual([])
    expect((await without(seed)).violations, replay(seed)).toEqual([])
  })
})
