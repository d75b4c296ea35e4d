import { expect, it } from 'vitest'
import { halves, notWalked, steps, walkHalf } from './every-walk.ts'

it(`every walk of ${steps} steps with a real till, the first half`, async () => {
  expect(await walkHalf(0)).toEqual(halves[0])
}, 300_000)

it('what both halves leave out is what only a restart or nothing brings about', () => {
  const [first, second] = halves.map(({ notWalked: rows }) => new Set<string>(rows))
  expect([...(first ?? [])].filter((row) => second?.has(row))).toEqual(notWalked)
})
