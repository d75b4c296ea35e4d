/**
 * Method: random calendars of some weeks, in zones whose clocks change in every way. The oracle walks through the range
 * by quarters of an hour, asks Intl what the clocks show at each, and reads the calendar for that date and time alone:
 * it never turns a local time into an instant. What is open, in which period, and which hours are a fault must agree.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileCalendar } from '../../../src/voucher/calendar-compile.ts'
import { weekdays, type Calendar, type ClockWindow, type Weekday } from '../../../src/voucher/calendar.ts'
import { isOpenAt, periodAt } from '../../../src/voucher/scheme.ts'
import { clocksOf } from '../../../tools/scheme/time-zone.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_127)

/** A zone and a day near to which its clocks change; those of the last two never do. */
const places = [
  ['Asia/Almaty', '2024-02-20'],
  ['Asia/Qyzylorda', '2018-12-10'],
  ['Asia/Almaty', '2026-12-25'],
  ['Europe/Berlin', '2026-03-20'],
  ['Europe/Berlin', '2026-10-16'],
  ['America/New_York', '2027-10-30'],
  ['Asia/Beirut', '2026-03-20'],
  ['Australia/Lord_Howe', '2026-03-30'],
  ['Africa/Casablanca', '2026-02-10'],
  ['Pacific/Apia', '2011-12-20'],
  ['Asia/Kathmandu', '2026-02-20'],
  ['UTC', '2028-02-20'],
] as const

const dayMs = 86_400_000
const quarterMs = 900_000
const later = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * dayMs).toISOString().slice(0, 10)
const time = (quarter: number): string =>
  `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`

const hours: fc.Arbitrary<ClockWindow[]> = fc
  .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 96 }), fc.constantFrom(0, 4, 8, 96)), {
    minLength: 2,
    maxLength: 6,
  })
  .map((edges) => edges.toSorted((a, b) => a - b))
  .map((edges) =>
    edges.flatMap((from, at) => {
      const to = edges[at + 1]
      return at % 2 === 0 && to !== undefined ? [{ from: time(from), to: time(to) }] : []
    }),
  )

const calendars: fc.Arbitrary<Calendar> = fc
  .record({
    place: fc.constantFrom(...places),
    offset: fc.integer({ min: 0, max: 8 }),
    length: fc.integer({ min: 3, max: 34 }),
    kind: fc.constantFrom('day', 'week', 'month', 'term', 'tap'),
    begins: fc.constantFrom(...weekdays),
    open: fc.uniqueArray(fc.tuple(fc.constantFrom(...weekdays), hours), { selector: ([one]) => one, minLength: 1 }),
    // Each day has one fate, so that nothing is said of it twice.
    fates: fc.array(fc.constantFrom('plain', 'plain', 'plain', 'holiday', 'other', 'moved', 'target'), {
      minLength: 35,
      maxLength: 35,
    }),
    breakDays: fc.integer({ min: 0, max: 9 }),
    own: hours,
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: 33 }), { maxLength: 3 }),
  })
  .map(({ place: [timeZone, around], offset, length, kind, begins, open, fates, breakDays, own, cuts }) => {
    const firstDay = later(around, offset)
    const days = Array.from({ length }, (_, index) => ({ day: later(firstDay, index), fate: fates[index] }))
    const week: Calendar['hours'] = Object.fromEntries(open)
    const isOpen = (day: string) => week[weekdayNamed(day)] !== undefined
    const having = (fate: string) => days.filter((one) => one.fate === fate).map(({ day }) => day)
    const movable = having('moved').filter(isOpen)
    const targets = having('target').filter((day) => !isOpen(day))
    const edges = [0, ...cuts.filter((cut) => cut < length).toSorted((a, b) => a - b), length]
    const terms = edges.slice(1).map((end, index) => ({
      termId: `term-${index}`,
      firstDay: later(firstDay, edges[index] ?? 0),
      lastDay: later(firstDay, end - 1),
    }))
    const plainTail = days.findLastIndex(({ fate }) => fate !== 'plain' && fate !== 'holiday') + 1
    const breakFrom = Math.max(plainTail, length - breakDays)
    return {
      timeZone,
      firstDay,
      lastDay: later(firstDay, length - 1),
      period:
        kind === 'week'
          ? { kind, begins }
          : kind === 'term'
            ? { kind, terms }
            : kind === 'tap'
              ? { kind, periodId: 'all' }
              : { kind },
      hours: week,
      holidays: [
        ...having('holiday').map((day) => ({ day, reason: 'a holiday' })),
        ...(breakFrom < length
          ? [{ day: later(firstDay, breakFrom), lastDay: later(firstDay, length - 1), reason: 'a break' }]
          : []),
      ],
      movedWorkingDays: movable
        .slice(0, targets.length)
        .map((day, at) => ({ day, to: targets[at] ?? day, reason: 'a decree' })),
      otherHours: having('other').map((day) => ({ day, hours: own, reason: 'a short day' })),
    }
  })

/** One for all dates: to make one takes a hundred times as long as to use it. */
const weekdayFormat = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long' })

function weekdayNamed(date: string): Weekday {
  const name = weekdayFormat.format(Date.parse(date))
  return weekdays.find((one) => one === name.toLowerCase()) ?? 'monday'
}

/** What the calendar says of a date, read for this date alone. */
function hoursOf(calendar: Calendar, date: string): readonly ClockWindow[] {
  if (date < calendar.firstDay || date > calendar.lastDay) return []
  const own = calendar.otherHours.find(({ day }) => day === date)
  if (own !== undefined) return own.hours
  if (calendar.holidays.some(({ day, lastDay }) => day <= date && date <= (lastDay ?? day))) return []
  if (calendar.movedWorkingDays.some(({ day }) => day === date)) return []
  const source = calendar.movedWorkingDays.find(({ to }) => to === date)?.day ?? date
  return calendar.hours[weekdayNamed(source)] ?? []
}

function periodIdOf({ period }: Calendar, date: string): string | undefined {
  switch (period.kind) {
    case 'day':
      return date
    case 'month':
      return date.slice(0, 7)
    case 'tap':
      return period.periodId
    case 'term':
      return period.terms.find(({ firstDay, lastDay }) => firstDay <= date && date <= lastDay)?.termId
    case 'week': {
      let first = date
      while (weekdayNamed(first) !== period.begins) first = later(first, -1)
      return `${first}--${later(first, 6)}`
    }
    default:
      return period satisfies never
  }
}

interface Shown {
  readonly instant: number
  readonly date: string
  readonly time: string
}

/** What the clocks show at each quarter of an hour of a UTC day. Each zone is asked once: asking is what takes time. */
const shownOnDay = new Map<string, readonly Shown[]>()

function shownOn(timeZone: string, day: number): readonly Shown[] {
  const key = `${timeZone} ${day}`
  const known = shownOnDay.get(key)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  const shown = Array.from({ length: dayMs / quarterMs }, (_, index) => {
    const instant = day + index * quarterMs
    const [date = '', clock = ''] = format.format(instant).split(' ')
    return { instant, date, time: clock }
  })
  shownOnDay.set(key, shown)
  return shown
}

/** What the clocks show at each quarter of an hour from the day before to the day after. */
function shownIn({ timeZone, firstDay, lastDay }: Calendar): readonly Shown[] {
  const begin = Date.parse(firstDay) - dayMs
  const days = (Date.parse(lastDay) + 2 * dayMs - begin) / dayMs
  return Array.from({ length: days }, (_, index) => shownOn(timeZone, begin + index * dayMs)).flat()
}

test(`a compiled calendar is what its clocks show, quarter by quarter; TOLEM_SEED=${seed}`, () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(calendars, (calendar) => {
      const shown = shownIn(calendar)
      const onDate = Map.groupBy(shown, ({ date }) => date)
      const dates = Array.from(
        { length: (Date.parse(calendar.lastDay) - Date.parse(calendar.firstDay)) / dayMs + 1 },
        (_, index) => later(calendar.firstDay, index),
      )
      const hoursOn = new Map([...onDate.keys(), ...dates].map((date) => [date, hoursOf(calendar, date)]))
      const open = dates.filter((date) => hoursOn.get(date)?.length)
      const edges = open.flatMap((date) =>
        (hoursOn.get(date) ?? []).flatMap(({ from, to }) =>
          [from, to].filter((one) => one !== '00:00' && one !== '24:00').map((one) => [date, one] as const),
        ),
      )
      const times = edges.map(([date, one]) => onDate.get(date)?.filter((quarter) => quarter.time === one).length ?? 0)
      const isShown = (date: string, { from, to }: ClockWindow) =>
        onDate.get(date)?.some(({ time: clock }) => from <= clock && clock < to)
      const noTime =
        times.includes(0) || open.some((date) => hoursOn.get(date)?.some((window) => !isShown(date, window)))
      const twice = times.some((count) => count > 1)
      const closedTerm =
        calendar.period.kind === 'term' &&
        calendar.period.terms.some(({ termId }) => !open.some((date) => periodIdOf(calendar, date) === termId))
      const expected = [
        ...(noTime ? ['HOURS_DO_NOT_EXIST'] : []),
        ...(twice ? ['HOURS_COME_TWICE'] : []),
        ...(closedTerm ? ['TERM_NEVER_OPEN'] : []),
        ...(open.length === 0 && calendar.period.kind !== 'term' ? ['NO_DAY_OPEN'] : []),
      ]
      const offsetAt = clocksOf(calendar.timeZone)
      if (offsetAt === undefined) throw new Error(`this Node knows no ${calendar.timeZone}`)
      const compiled = compileCalendar(calendar, offsetAt)
      for (const code of expected.length === 0 ? [calendar.period.kind, calendar.timeZone] : expected) seen.add(code)
      if (!('periods' in compiled)) {
        const codes = new Set<string>(compiled.faults.map(({ code }) => code))
        // One field may be both, on two days: the first of them is told.
        expect([...codes].filter((code) => !expected.includes(code))).toEqual([])
        expect(codes.size).toBeGreaterThan(0)
        return
      }
      expect(expected).toEqual([])

      const { periods, offsets } = compiled
      const wrong = shown.filter(({ instant, date, time: clock }) => {
        const isOpen = hoursOn.get(date)?.some(({ from, to }) => from <= clock && clock < to) ?? false
        const period = periodAt({ periods }, instant)
        if (isOpen !== (period !== undefined && isOpenAt(period, instant))) return true
        if (!isOpen) return false
        const offset = offsets.findLast(({ from }) => from <= instant)?.utcOffsetMinutes ?? Number.NaN
        const local = new Date(instant + offset * 60_000).toISOString().slice(0, 16)
        return period?.periodId !== periodIdOf(calendar, date) || local !== `${date}T${clock}`
      })
      expect([calendar.timeZone, wrong]).toEqual([calendar.timeZone, []])
      for (const [index, { from, to, openings }] of periods.entries()) {
        expect(from).toBeGreaterThanOrEqual(periods[index - 1]?.to ?? 0)
        expect(to).toBeGreaterThan(from)
        for (const [at, opening] of openings.entries()) {
          expect(opening.from).toBeGreaterThanOrEqual(at === 0 ? from : (openings[at - 1]?.to ?? 0) + 1)
          expect(opening.to).toBeGreaterThan(opening.from)
          expect(opening.to).toBeLessThanOrEqual(to)
        }
      }
      expect(new Set(periods.map(({ periodId }) => periodId)).size).toBe(periods.length)
    }),
    { seed, numRuns: 400 },
  )
  const wanted = ['day', 'week', 'month', 'term', 'tap', 'HOURS_DO_NOT_EXIST', 'HOURS_COME_TWICE', 'TERM_NEVER_OPEN']
  expect([...wanted, ...new Set(places.map(([zone]) => zone))].filter((one) => !seen.has(one))).toEqual([])
}, 120_000)
