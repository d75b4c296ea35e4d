import { it } from 'vitest'
import { steps, walkHalf } from './every-walk.ts'

it(`every walk of ${steps} steps with a real till, the first half`, () => walkHalf(0), 300_000)
