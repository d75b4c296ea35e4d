/** Method: every whole number around the bounds is asked of the pattern and compared with the bounds themselves. */
import { describe, expect, test } from 'vitest'
import { cursorIn, instantIn, pageSizeIn, wholeNumberIn } from '../../../ledger-sim/http/query-numbers.ts'

describe('a whole number in a query', () => {
  test.each([1, 9, 10, 19, 99, 100, 409, 500, 1_000, 1_999, 2_026])('up to %i', (most) => {
    const [fromNothing, fromOne] = [wholeNumberIn(0, most), wholeNumberIn(1, most)]
    for (let number = 0; number <= most * 11 + 20; number += 1) {
      expect([number, fromNothing.safeParse(String(number)).success]).toEqual([number, number <= most])
      expect([number, fromOne.safeParse(String(number)).success]).toEqual([number, number >= 1 && number <= most])
    }
  })

  test.each(['', '-1', '+1', '01', '1.0', '1e1', ' 1', '1\n', '١'])('is not %j', (text) => {
    expect(wholeNumberIn(0, 500).safeParse(text).error?.issues[0]?.message).toBe('a whole number from 0 to 500')
  })

  test('is a moment up to the last that a clock can show', () => {
    expect(instantIn.parse('8640000000000000')).toBe(8_640_000_000_000_000)
    expect(instantIn.safeParse('8640000000000001').success).toBe(false)
    expect(cursorIn.safeParse('999999999999999').success).toBe(true)
    expect(cursorIn.safeParse('1000000000000000').success).toBe(false)
  })

  test('of a page has a size when nothing is said', () => {
    expect(pageSizeIn(500, 100).parse(undefined)).toBe(100)
  })
})
