/** Method: periods of days made by hand on the clocks of UTC+5; what a week is and what differs is told of them. */
import { describe, expect, test } from 'vitest'
import { dateOf, dayMs, dayOf } from '../../../src/voucher/calendar-time.ts'
import { weekOfHours } from '../../../src/voucher/scheme-hours.ts'
import type { SchemePeriod } from '../../../src/voucher/scheme.ts'

const clocks = [{ from: 0, utcOffsetMinutes: 300 }]
const hour = 3_600_000
const first = dayOf('2026-09-07')

/** Open from eight to twelve, or as given, on days counted from a Monday. */
function open(days: readonly number[], from = 8, to = 12): SchemePeriod[] {
  return days.map((day) => {
    const begin = (first + day) * dayMs - 5 * hour
    const openings = [{ from: begin + from * hour, to: begin + to * hour }]
    return { periodId: dateOf(first + day), from: begin, to: begin + dayMs, openings }
  })
}

const mondays = (weeks: readonly number[]) => weeks.map((week) => week * 7)
const told = (periods: readonly SchemePeriod[]) => {
  const week = weekOfHours(periods, clocks)
  return {
    usual: week?.usual.map(({ weekday, hours }) => `${weekday} ${hours}`),
    other: week?.other.map(({ day, hours }) => `${day - first} ${hours}`),
    closed: week?.closed.map((range) => [range.first - first, range.last - first, range.count]),
  }
}

describe('the week of a scheme', () => {
  test('is what most of its open weeks have, and a long break does not change it', () => {
    const wednesdays = mondays([0, 1, 9, 10]).map((day) => day + 2)
    expect(told([...open(mondays([0, 1, 9, 10])), ...open(wednesdays, 10, 24)])).toEqual({
      usual: ['0 08:00–12:00', '2 10:00–24:00'],
      other: [],
      // Seven Mondays and seven Wednesdays in one break.
      closed: [[14, 58, 14]],
    })
  })

  test('leaves a weekday out that is seldom open, and names that day', () => {
    expect(told([...open(mondays([0, 1, 2])), ...open([12], 9, 11)])).toEqual({
      usual: ['0 08:00–12:00'],
      other: ['12 09:00–11:00'],
      closed: [],
    })
  })

  test('tells of a day that has other hours, and of one that is closed', () => {
    expect(told([...open(mondays([0, 2, 4])), ...open([7], 8, 10)])).toEqual({
      usual: ['0 08:00–12:00'],
      other: ['7 08:00–10:00'],
      closed: [[21, 21, 1]],
    })
  })

  test('divides an opening over midnight between its days', () => {
    expect(told(open([0], 20, 50)).usual).toEqual(['0 20:00–24:00', '1 00:00–24:00', '2 00:00–02:00'])
  })

  test('is not told of more days than anybody reads', () => {
    expect(weekOfHours(open([0], 0, 24 * 3_661), clocks)).toBeUndefined()
    expect(weekOfHours(open([0, 3_661]), clocks)).toBeUndefined()
    expect(weekOfHours(open([0, 3_650]), clocks)).toBeDefined()
  })
})
