/** Ids are compared as text, so each has one spelling. */
import { expect, test } from 'vitest'
import { uuidSchema } from '../../../src/voucher/identifiers.ts'

test.each([
  ['019aaf6e-1c00-7000-8000-00000000a11d', true],
  ['019AAF6E-1C00-7000-8000-00000000A11D', false],
  ['019aaf6e-1c00-7000-8000-00000000A11d', false],
  ['019aaf6e-1c00-4000-8000-00000000a11d', false],
  [' 019aaf6e-1c00-7000-8000-00000000a11d', false],
])('%j is an id: %s', (text, isOne) => expect(uuidSchema.safeParse(text).success).toBe(isOne))
