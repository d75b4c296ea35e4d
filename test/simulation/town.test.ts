/**
 * The town of `town.ts`, a fixed slice of seeds. Method: the product's own core and ledger under virtual time with a
 * hostile network, accidents and careless cashiers; an auditor that reads only the ledger's rows, the cards' logs and
 * the cashiers' notebooks. Replay a failure with the command that it prints.
 */
import { describe, expect, test } from 'vitest'
import { plantedBugs, type PlantedBugName } from './planted-bugs.ts'
import { runTown } from './town.ts'

const seeds = 200
const hours = 0.05
const slices = 4

describe(`seeds 1 to ${seeds}, ${hours} h each and the closing of the shift`, () => {
  test.each(Array.from({ length: slices }, (_, slice) => slice))(
    'slice %i of 4: nothing lost, doubled or forged',
    async (slice) => {
      for (let seed = slice + 1; seed <= seeds; seed += slices) {
        const { violations } = await runTown(seed, hours)
        expect(violations, `replay: npm run sim -- --seed ${seed} --hours ${hours}`).toEqual([])
      }
    },
  )
})

test('the same seed gives the same history, another seed another', async () => {
  const [first, again, other] = [await runTown(7, 0.1), await runTown(7, 0.1), await runTown(8, 0.1)]
  expect(again.traceHash).toBe(first.traceHash)
  expect(other.traceHash).not.toBe(first.traceHash)
})

/** A seed at which each bug shows, found by `npm run sim -- --seeds 40 --hours 0.25 --bug NAME`. */
const shows: Readonly<Record<PlantedBugName, { readonly seed: number; readonly hours: number }>> = {
  'no-tombstone': { seed: 13, hours: 0.25 },
  'slot-twice': { seed: 1, hours: 0.25 },
  'unknown-is-refused': { seed: 3, hours: 0.25 },
}

test.each(Object.keys(plantedBugs) as PlantedBugName[])(
  'finds the planted bug %s, and only when it is planted',
  async (name) => {
    const { seed, hours: long } = shows[name]
    expect((await runTown(seed, long)).violations).toEqual([])
    expect((await runTown(seed, long, plantedBugs[name])).violations).not.toEqual([])
  },
)
