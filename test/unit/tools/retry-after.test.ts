/** How long `npm run till -- import` waits for a ledger that was started again, by a header that nobody signed. */
import { expect, test } from 'vitest'
import { retryAfterSeconds } from '../../../tools/till/retry-after.ts'

test.each([
  ['1', 1],
  ['121', 121],
  ['241', 241],
  ['242', 241],
  ['999999', 241],
  // The ledger never says it, and the same second would be refused again.
  ['0', 1],
  [undefined, 1],
  ['', 1],
  ['-5', 1],
  ['1.5', 1],
  ['1e3', 1],
  ['Infinity', 1],
  ['0x10', 1],
  ['9999999', 1],
  [' 9 ', 1],
  ['Mon, 30 Nov 2026 07:28:00 GMT', 1],
])('Retry-After: %s is a wait of %i s', (header, seconds) => {
  expect(retryAfterSeconds(header)).toBe(seconds)
})
