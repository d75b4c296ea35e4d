import { expect, it } from 'vitest'
import { halves, steps, walkHalf } from './every-walk.ts'

it(`every walk of ${steps} steps with a real till, the second half`, async () => {
  expect(await walkHalf(1)).toEqual(halves[1])
}, 300_000)
