import { it } from 'vitest'
import { steps, walkHalf } from './every-walk.ts'

it(`every walk of ${steps} steps with a real till, the second half`, () => walkHalf(1), 300_000)
