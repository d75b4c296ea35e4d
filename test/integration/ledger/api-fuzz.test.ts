/** A slice of `npm run api-fuzz` (test/api-fuzz/): as many generated requests as take a few seconds. */
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { fuzz } from '../../api-fuzz/run.ts'

test('generated requests are all answered, none by a failure', async () => {
  const seed = process.env['TOLEM_SEED'] ?? String(randomInt(1_000_000))
  console.log(`api-fuzz: TOLEM_SEED=${seed}`)
  const { failures, balanced, byKind, transfers } = await fuzz(300, seed, () => undefined)
  expect(failures).toEqual([])
  expect(balanced).toBe(true)
  // It did something, of every kind.
  expect(Object.values(byKind).every((count) => count > 0)).toBe(true)
  expect(Object.keys(byKind)).toHaveLength(6)
  expect(transfers).toBeGreaterThan(5)
})
