/** A fixed range of seeds as tests. Each failure names the command that replays it. */
import { describe, expect, test } from 'vitest'
import { runTown } from './town.ts'

const hours = 0.04
const seedsPerTest = 20

export function describeSeeds(first: number, last: number): void {
  const starts = Array.from(
    { length: Math.ceil((last - first + 1) / seedsPerTest) },
    (_, n) => first + n * seedsPerTest,
  )
  describe(`seeds ${first} to ${last}, ${hours} h each and the closing of the shift`, () => {
    test.each(starts)(`from seed %i, ${seedsPerTest} of them: nothing lost, doubled or forged`, async (start) => {
      for (let seed = start; seed < Math.min(start + seedsPerTest, last + 1); seed += 1) {
        const { violations } = await runTown(seed, hours)
        expect(violations, `replay: npm run sim -- --seed ${seed} --hours ${hours}`).toEqual([])
      }
    })
  })
}
