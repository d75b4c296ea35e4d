import { expect, it } from 'vitest'
import { notWalked, steps, walkHalf } from './every-walk.ts'

it(`every walk of ${steps} steps with a real till, the first half`, async () => {
  expect(await walkHalf(0)).toEqual(notWalked)
}, 300_000)
