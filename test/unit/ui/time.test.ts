/** Dates and times as they stand on the screen, in Almaty, whatever the host believes. */
import { expect, test } from 'vitest'
import {
  formatDate,
  formatDateTime,
  formatPeriod,
  formatSince,
  isoDay,
  waitingFor,
} from '../../../src/terminal/ui/texts/time.ts'

const noon = Date.UTC(2026, 10, 23, 7, 4)

test('day first, then the clock, at UTC+5', () => {
  expect(formatDateTime(noon)).toBe('23.11.2026 12:04')
  expect(formatDate(Date.UTC(2026, 11, 31, 18, 59))).toBe('31.12.2026')
  expect(formatDate(Date.UTC(2026, 11, 31, 19, 0))).toBe('01.01.2027')
  expect(isoDay(Date.UTC(2026, 10, 22, 19, 0))).toBe('2026-11-23')
})

test('since: the clock today, the date too before', () => {
  expect(formatSince(noon - 60_000, noon)).toBe('12:03')
  expect(formatSince(noon - 13 * 3_600_000, noon)).toBe('22.11.2026 23:04')
})

test('periods as people write them', () => {
  expect(formatPeriod('2026-11-23')).toBe('23.11.2026')
  expect(formatPeriod('2026-11')).toBe('11.2026')
  expect(formatPeriod('2026-11-23--2026-11-29')).toBe('23.11.2026–29.11.2026')
  expect(formatPeriod('2026-W48')).toBe('2026-W48')
})

test('waiting in the largest whole unit, never negative', () => {
  const minute = 60_000
  const after = (minutes: number) => waitingFor(noon, noon + minutes * minute)
  expect(after(-5)).toEqual({ unit: 'queue.minutes', count: 0 })
  expect(after(59)).toEqual({ unit: 'queue.minutes', count: 59 })
  expect(after(60)).toEqual({ unit: 'queue.hours', count: 1 })
  expect(after(48 * 60 - 1)).toEqual({ unit: 'queue.hours', count: 47 })
  expect(after(48 * 60)).toEqual({ unit: 'queue.days', count: 2 })
})
