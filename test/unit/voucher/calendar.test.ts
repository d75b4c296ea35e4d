/**
 * Method: the calendar of docs/examples/, and one change of it for each thing that a calendar says. Instants are worked
 * out by hand. Clocks are those of this Node's zone data, but where a test makes up its own.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { calendarFaultCodes, type CalendarFaultCode } from '../../../src/voucher/calendar-faults.ts'
import { compileCalendar, compileProgramme } from '../../../src/voucher/calendar-compile.ts'
import { calendarFaultTexts } from '../../../src/voucher/calendar-texts.ts'
import { offsetsBetween } from '../../../src/voucher/calendar-time.ts'
import { programmeSchema, weekdays, type Calendar, type Programme } from '../../../src/voucher/calendar.ts'
import { languages } from '../../../src/voucher/identifiers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { sentenceOf } from '../../../src/voucher/scheme-lint-texts.ts'
import { faultsOf, warningsOf } from '../../../src/voucher/scheme-lint.ts'
import { schemeSchema, type SchemePeriod } from '../../../src/voucher/scheme.ts'
import { clocksOf } from '../../../tools/scheme/time-zone.ts'
import { programmePath } from '../../fixtures/example-scheme.ts'

const programme = programmeSchema.parse(JSON.parse(readFileSync(programmePath, 'utf8')))
const year = programme.calendar

function clocks(timeZone: string) {
  const offsetAt = clocksOf(timeZone)
  if (offsetAt === undefined) throw new Error(`this Node knows no ${timeZone}`)
  return offsetAt
}

const window = (from: string, to: string) => ({ from, to })
const everyDay = (...hours: readonly { from: string; to: string }[]): Calendar['hours'] =>
  Object.fromEntries(weekdays.map((weekday) => [weekday, hours]))
const plain = (change: Partial<Calendar>): Calendar => ({
  ...year,
  hours: everyDay(window('08:00', '16:00')),
  holidays: [],
  movedWorkingDays: [],
  otherHours: [],
  ...change,
})

function periods(calendar: Calendar): readonly SchemePeriod[] {
  const compiled = compileCalendar(calendar, clocks(calendar.timeZone))
  if (!('periods' in compiled)) throw new Error(JSON.stringify(compiled.faults))
  return compiled.periods
}

const ids = (calendar: Calendar): readonly string[] => periods(calendar).map(({ periodId }) => periodId)
const utc = (text: string): number => Date.parse(`${text}Z`)

function faults(change: Partial<Calendar>, of: Partial<Programme> = {}) {
  const given = { ...programme, ...of, calendar: { ...year, ...change } }
  expect(programmeSchema.safeParse(programmeSchema.encode(given)).error?.issues).toBeUndefined()
  const compiled = compileProgramme(given, clocksOf(given.calendar.timeZone))
  return 'faults' in compiled ? compiled.faults : []
}

describe('the school year of the documents', () => {
  const compiled = compileProgramme(programme, clocks(year.timeZone))
  const scheme = 'scheme' in compiled ? compiled.scheme : undefined
  if (scheme === undefined) throw new Error(JSON.stringify(compiled))

  test('is a scheme without faults that names its clocks', () => {
    expect(schemeSchema.safeParse(schemeSchema.encode(scheme)).error?.issues).toBeUndefined()
    expect(faultsOf(scheme)).toEqual([])
    expect(warningsOf(scheme, 0).map(({ code }) => code)).toEqual(['GAPS_BETWEEN_PERIODS'])
    expect(scheme.localTime).toEqual({
      timeZone: 'Asia/Almaty',
      offsets: [{ from: utc('2026-08-31T19:00'), utcOffsetMinutes: 300 }],
    })
  })

  test('has hours by the weekday, by the date, and those of the day that was moved', () => {
    const on = (date: string) => scheme.periods.find(({ periodId }) => periodId === date)?.openings
    expect(on('2026-09-01')).toEqual([{ from: utc('2026-09-01T06:00'), to: utc('2026-09-01T09:00') }])
    expect(on('2026-09-03')).toEqual([{ from: utc('2026-09-03T03:00'), to: utc('2026-09-03T10:00') }])
    expect(on('2026-09-04')).toEqual([{ from: utc('2026-09-04T03:00'), to: utc('2026-09-04T08:00') }])
    // Saturday, with the hours of the Thursday that was moved onto it.
    expect(on('2026-12-12')).toEqual([{ from: utc('2026-12-12T03:00'), to: utc('2026-12-12T10:00') }])
    for (const closed of ['2026-09-05', '2026-10-26', '2026-11-01', '2026-12-17', '2027-01-10', '2027-05-10'])
      expect([closed, on(closed)]).toEqual([closed, undefined])
    expect([on('2026-10-23'), on('2026-11-02'), on('2027-01-11')]).not.toContain(undefined)
  })
})

describe('periods', () => {
  const range = { firstDay: '2026-12-30', lastDay: '2027-01-12' }

  test('by the day are the open days', () => {
    const holidays = [{ day: '2026-12-31', lastDay: '2027-01-10', reason: 'a break' }]
    expect(ids(plain({ ...range, holidays }))).toEqual(['2026-12-30', '2027-01-11', '2027-01-12'])
  })

  test('by the week begin on its day, are named by the whole week and end with the calendar', () => {
    const weeks = periods(plain({ ...range, period: { kind: 'week', begins: 'monday' } }))
    expect(weeks.map(({ periodId }) => periodId)).toEqual([
      '2026-12-28--2027-01-03',
      '2027-01-04--2027-01-10',
      '2027-01-11--2027-01-17',
    ])
    expect(weeks.map(({ from, to }) => [from, to])).toEqual([
      [utc('2026-12-29T19:00'), utc('2027-01-03T19:00')],
      [utc('2027-01-03T19:00'), utc('2027-01-10T19:00')],
      [utc('2027-01-10T19:00'), utc('2027-01-12T19:00')],
    ])
    expect(ids(plain({ ...range, period: { kind: 'week', begins: 'wednesday' } }))).toEqual([
      '2026-12-30--2027-01-05',
      '2027-01-06--2027-01-12',
    ])
  })

  test('by the month go over the year, and a month without an open day has none', () => {
    const months = plain({ firstDay: '2026-11-15', lastDay: '2027-02-10', period: { kind: 'month' } })
    expect(ids(months)).toEqual(['2026-11', '2026-12', '2027-01', '2027-02'])
    const holidays = [{ day: '2026-11-30', lastDay: '2027-01-01', reason: 'a break' }]
    expect(ids({ ...months, holidays })).toEqual(['2026-11', '2027-01', '2027-02'])
  })

  test('keep their names when a later version of the programme lasts longer', () => {
    for (const period of [{ kind: 'week', begins: 'sunday' }, { kind: 'month' }] as const) {
      const shorter = ids(plain({ ...range, period }))
      expect(ids(plain({ ...range, lastDay: '2027-02-20', period })).slice(0, shorter.length)).toEqual(shorter)
    }
  })

  test('by the term are closed between terms', () => {
    const terms = [
      { termId: 'second', firstDay: '2027-01-11', lastDay: '2027-01-12' },
      { termId: 'first', firstDay: '2026-12-30', lastDay: '2026-12-31' },
    ]
    const [first, second, ...others] = periods(plain({ ...range, period: { kind: 'term', terms } }))
    expect([first?.periodId, first?.to, second?.periodId, second?.from, others]).toEqual([
      'first',
      utc('2026-12-31T19:00'),
      'second',
      utc('2027-01-10T19:00'),
      [],
    ])
    expect(first?.openings).toHaveLength(2)
  })

  test('by the tap are one, in which payments are counted', () => {
    const [all, ...others] = periods(plain({ ...range, period: { kind: 'tap', periodId: 'year-1' } }))
    expect([all?.periodId, all?.from, all?.to, all?.openings.length, others]).toEqual([
      'year-1',
      utc('2026-12-29T19:00'),
      utc('2027-01-12T19:00'),
      14,
      [],
    ])
  })

  test('at any hour have one opening, and hours that touch are one', () => {
    const period = { kind: 'month' } as const
    const hours = everyDay(window('00:00', '24:00'))
    for (const { from, to, openings } of periods(plain({ ...range, period, hours })))
      expect(openings).toEqual([{ from, to }])
    const split = everyDay(window('20:00', '24:00'), window('00:00', '02:00'), window('02:00', '03:00'))
    expect(periods(plain({ ...range, lastDay: '2026-12-31', period, hours: split }))[0]?.openings).toEqual([
      { from: utc('2026-12-29T19:00'), to: utc('2026-12-29T22:00') },
      { from: utc('2026-12-30T15:00'), to: utc('2026-12-30T22:00') },
      { from: utc('2026-12-31T15:00'), to: utc('2026-12-31T19:00') },
    ])
  })

  test('are 400 at the most', () => {
    const days = (lastDay: string) => faults({ ...plain({}), firstDay: '2026-01-01', lastDay })
    expect(days('2027-02-04')).toEqual([])
    expect(days('2027-02-05')).toMatchObject([{ code: 'TOO_MANY_PERIODS', values: { count: '401', most: '400' } }])
  })
})

describe('where the clocks change', () => {
  const almaty = plain({ firstDay: '2024-02-28', lastDay: '2024-03-02' })

  test('Almaty went from UTC+6 to UTC+5 at the end of 29 February 2024, a day of 25 hours', () => {
    const compiled = compileCalendar(almaty, clocks('Asia/Almaty'))
    if (!('periods' in compiled)) throw new Error('compiled')
    expect(compiled.periods.map(({ from, to }) => (to - from) / 3_600_000)).toEqual([24, 25, 24, 24])
    expect(compiled.periods.map(({ openings }) => openings[0]?.from)).toEqual([
      utc('2024-02-28T02:00'),
      utc('2024-02-29T02:00'),
      utc('2024-03-01T03:00'),
      utc('2024-03-02T03:00'),
    ])
    expect(compiled.offsets).toEqual([
      { from: utc('2024-02-27T18:00'), utcOffsetMinutes: 360 },
      { from: utc('2024-02-29T18:00'), utcOffsetMinutes: 300 },
    ])
  })

  test('a time that comes twice is a fault, midnight is not, and a fault is told once for its field', () => {
    const late = { ...almaty, hours: everyDay(window('08:00', '23:30')) }
    expect(faults(late)).toMatchObject([
      { code: 'HOURS_COME_TWICE', path: ['calendar', 'hours', 'thursday', 0, 'to'], values: { day: '2024-02-29' } },
    ])
    const whole = periods({ ...almaty, hours: everyDay(window('08:00', '24:00')) })
    expect(whole[1]?.openings).toEqual([{ from: utc('2024-02-29T02:00'), to: utc('2024-02-29T19:00') }])
    const years = { firstDay: '2024-10-01', lastDay: '2030-11-30', timeZone: 'Europe/Berlin' }
    const night = plain({ ...years, period: { kind: 'month' }, hours: { sunday: [window('02:30', '12:00')] } })
    // In spring there is no 02:30, in autumn it comes twice; the first of them is told.
    expect(faults(night)).toMatchObject([{ code: 'HOURS_COME_TWICE', values: { time: '02:30', day: '2024-10-27' } }])
  })

  test('a day that begins without a midnight begins with the change', () => {
    // Beirut puts its clocks forward at midnight: Sunday 29 March 2026 begins at 01:00.
    const beirut = plain({ timeZone: 'Asia/Beirut', firstDay: '2026-03-28', lastDay: '2026-03-29' })
    const [saturday, sunday] = periods({ ...beirut, hours: everyDay(window('00:00', '06:00')) })
    expect([saturday?.to, sunday?.from, sunday?.openings]).toEqual([
      utc('2026-03-28T22:00'),
      utc('2026-03-28T22:00'),
      [{ from: utc('2026-03-28T22:00'), to: utc('2026-03-29T03:00') }],
    ])
    expect(faults({ ...beirut, hours: everyDay(window('00:30', '06:00')) })).toMatchObject([
      { code: 'HOURS_DO_NOT_EXIST', values: { time: '00:30', day: '2026-03-29' } },
    ])
  })

  test('a day that a place left out cannot be open', () => {
    // Samoa went from 29 to 31 December 2011.
    const apia = plain({ timeZone: 'Pacific/Apia', firstDay: '2011-12-29', lastDay: '2011-12-31' })
    expect(faults({ ...apia, hours: everyDay(window('00:00', '24:00')) })).toMatchObject([
      { code: 'HOURS_DO_NOT_EXIST', path: ['calendar', 'hours', 'friday', 0], values: { day: '2011-12-30' } },
    ])
    const holidays = [{ day: '2011-12-30', reason: 'there is none' }]
    const [before, after] = periods({ ...apia, hours: everyDay(window('00:00', '24:00')), holidays })
    expect(before?.to).toBe(after?.from)
  })

  test('a change is found to the minute, and only what holds in the calendar is named', () => {
    const change = utc('2026-05-17T03:47')
    const offsetAt = (instant: number) => (instant < change ? -210 : 45)
    expect(offsetsBetween(offsetAt, utc('2026-05-01T00:00'), utc('2026-06-01T00:00'))).toEqual([
      { from: utc('2026-05-01T00:00'), utcOffsetMinutes: -210 },
      { from: change, utcOffsetMinutes: 45 },
    ])
    const offsets = (firstDay: string) => {
      const compiled = compileCalendar(plain({ firstDay, lastDay: '2026-05-20' }), offsetAt)
      return 'offsets' in compiled ? compiled.offsets.map((one) => one.utcOffsetMinutes) : compiled.faults
    }
    expect([offsets('2026-05-10'), offsets('2026-05-18')]).toEqual([[-210, 45], [45]])
  })
})

const break1 = { day: '2026-10-26', lastDay: '2026-11-01', reason: 'a break' }
const terms = (...given: readonly (readonly [string, string, string])[]): Partial<Calendar> => ({
  ...plain({}),
  firstDay: '2026-09-01',
  lastDay: '2027-05-25',
  period: {
    kind: 'term',
    terms: given.map(([termId, firstDay, lastDay]) => ({ termId, firstDay, lastDay })),
  },
})
const monday = (...hours: readonly { from: string; to: string }[]): Partial<Calendar> => ({
  hours: { ...year.hours, monday: [...hours] },
})
const other = (day: string, ...hours: readonly { from: string; to: string }[]) => ({
  day,
  hours: hours.length === 0 ? [window('08:00', '11:00')] : [...hours],
  reason: 'a short day',
})
const only = (change: Partial<Calendar>): Partial<Calendar> => ({
  holidays: [],
  movedWorkingDays: [],
  otherHours: [],
  ...change,
})
const moved = (day: string, to: string) => ({ day, to, reason: 'a decree' })

const faulty: readonly (readonly [CalendarFaultCode, string, Partial<Calendar>, path: string])[] = [
  ['TIME_ZONE_UNKNOWN', 'a place that no zone has', { timeZone: 'Asia/Almatty' }, 'timeZone'],
  ['LAST_DAY_BEFORE_FIRST', 'a year that ends before it begins', { lastDay: '2026-08-31' }, 'lastDay'],
  [
    'LAST_DAY_BEFORE_FIRST',
    'a break that ends before it begins',
    { holidays: [{ ...break1, lastDay: '2026-10-25' }] },
    'holidays.0.lastDay',
  ],
  [
    'DAY_OUTSIDE_CALENDAR',
    'a holiday before the year',
    { holidays: [{ day: '2026-08-30', reason: 'Constitution Day' }] },
    'holidays.0.day',
  ],
  [
    'DAY_OUTSIDE_CALENDAR',
    'a break that goes on after the year',
    { holidays: [{ day: '2027-05-20', lastDay: '2027-05-26', reason: 'a break' }] },
    'holidays.0.lastDay',
  ],
  [
    'DAY_OUTSIDE_CALENDAR',
    'a short day after the year',
    only({ otherHours: [other('2027-05-26')] }),
    'otherHours.0.day',
  ],
  [
    'DAY_OUTSIDE_CALENDAR',
    'a working day moved out of the year',
    only({ movedWorkingDays: [moved('2027-05-25', '2027-05-29')] }),
    'movedWorkingDays.0.to',
  ],
  [
    'DAY_OUTSIDE_CALENDAR',
    'a term that begins too early',
    terms(['first', '2026-08-31', '2026-10-25']),
    'period.terms.0.firstDay',
  ],
  [
    'TERM_NAMED_TWICE',
    'two terms of one name',
    terms(['first', '2026-09-01', '2026-10-25'], ['first', '2026-11-02', '2026-12-30']),
    'period.terms.1.termId',
  ],
  [
    'TERMS_OVERLAP',
    'two terms with one day in common',
    terms(['first', '2026-09-01', '2026-10-25'], ['second', '2026-10-25', '2026-12-30']),
    'period.terms.1',
  ],
  [
    'TERM_NEVER_OPEN',
    'a term of holidays',
    { ...terms(['break', '2026-10-26', '2026-11-01'], ['first', '2026-09-01', '2026-10-25']), holidays: [break1] },
    'period.terms.0',
  ],
  ['HOURS_EMPTY', 'hours without a minute', monday(window('08:00', '08:00')), 'hours.monday.0'],
  ['HOURS_OVER_MIDNIGHT', 'a night', monday(window('20:00', '02:00')), 'hours.monday.0'],
  [
    'HOURS_OVER_MIDNIGHT',
    'a day’s end written as its beginning',
    only({ otherHours: [other('2026-12-30', window('20:00', '00:00'))] }),
    'otherHours.0.hours.0',
  ],
  [
    'HOURS_OVERLAP',
    'hours with a minute in common',
    monday(window('12:00', '15:00'), window('08:00', '12:01')),
    'hours.monday.1',
  ],
  [
    'DAY_NAMED_TWICE',
    'a short day in a break',
    only({ holidays: [break1], otherHours: [other('2026-10-30')] }),
    'otherHours.0.day',
  ],
  [
    'DAY_NAMED_TWICE',
    'a working day moved into a break',
    only({ holidays: [break1], movedWorkingDays: [moved('2026-10-22', '2026-10-31')] }),
    'movedWorkingDays.0.to',
  ],
  [
    'DAY_NAMED_TWICE',
    'two short days on one date',
    only({ otherHours: [other('2026-10-23'), other('2026-10-23')] }),
    'otherHours.1.day',
  ],
  [
    'DAY_IN_NO_TERM',
    'a short day between terms',
    {
      ...terms(['first', '2026-09-01', '2026-10-25'], ['second', '2026-11-02', '2026-12-30']),
      otherHours: [other('2026-10-30')],
    },
    'otherHours.0.day',
  ],
  [
    'MOVED_DAY_NOT_OPEN',
    'a Sunday that is moved',
    only({ movedWorkingDays: [moved('2026-10-18', '2026-10-17')] }),
    'movedWorkingDays.0.day',
  ],
  [
    'MOVED_ONTO_OPEN_DAY',
    'a Friday moved onto a Monday',
    only({ movedWorkingDays: [moved('2026-10-16', '2026-10-19')] }),
    'movedWorkingDays.0.to',
  ],
  ['NO_DAY_OPEN', 'no hours at all', only({ hours: {} }), 'hours'],
  [
    'NO_DAY_OPEN',
    'a year of holidays',
    only({ holidays: [{ day: year.firstDay, lastDay: year.lastDay, reason: 'a break' }] }),
    'hours',
  ],
  ['TOO_MANY_PERIODS', 'two years of days', { lastDay: '2028-05-25' }, 'period'],
  [
    'HOURS_DO_NOT_EXIST',
    'a night in which the clocks are put forward',
    {
      ...plain({ timeZone: 'Europe/Berlin', hours: { sunday: [window('02:00', '12:00')] } }),
      firstDay: '2027-01-01',
      lastDay: '2027-03-28',
    },
    'hours.sunday.0.from',
  ],
  [
    'HOURS_COME_TWICE',
    'a night in which the clocks are put back',
    only({ timeZone: 'Europe/Berlin', otherHours: [other('2026-10-25', window('00:00', '02:00'))] }),
    'otherHours.0.hours.0.to',
  ],
]

describe('faults', () => {
  test.each(faulty)('%s: %s', (code, _what, change, path) => {
    const found = faults(change)
    expect(found.map((one) => [one.code, one.path.join('.')])).toContainEqual([code, `calendar.${path}`])
    // A last day that was mistyped leaves days outside; everything else is one slip, and one fault.
    const allowed = change.lastDay === undefined && code !== 'LAST_DAY_BEFORE_FIRST' ? 1 : Infinity
    expect(found.length).toBeLessThanOrEqual(allowed)
    for (const language of languages)
      for (const one of found) expect(sentenceOf(one, language)).toMatch(/^[^{}]*(?:\.|: Asia\/Almaty\.)$/u)
  })

  test('TAP_NEEDS_COUNT: an amount where each tap is its own', () => {
    const period = { kind: 'tap', periodId: 'year-1' } as const
    const benefit = { kind: 'amount', perPeriod: tiyn(120_000) } as const
    expect(faults({ period }, { benefit })).toMatchObject([{ code: 'TAP_NEEDS_COUNT', path: ['calendar', 'period'] }])
    expect(faults({ period })).toEqual([])
    expect(faults({ period: { kind: 'month' } }, { benefit })).toEqual([])
  })

  test('are tried above, each code', () => {
    const codes = new Set<string>([...faulty.map(([code]) => code), 'TAP_NEEDS_COUNT'])
    expect([...codes].toSorted()).toEqual([...calendarFaultCodes].toSorted())
  })

  test('have the same places in each language, and differ from language to language', () => {
    const places = (text: string) => [...new Set([...text.matchAll(/\{\w+\}/g)].map(String))].toSorted()
    for (const { kk, ru, en } of Object.values(calendarFaultTexts)) {
      expect([places(kk), places(ru)]).toEqual([places(en), places(en)])
      expect(new Set([kk, ru, en]).size).toBe(3)
    }
  })

  test('are not: holidays that overlap, hours that touch, a holiday on a Sunday', () => {
    const holidays = [break1, { day: '2026-10-25', lastDay: '2026-10-26', reason: 'Republic Day' }]
    expect(faults(only({ holidays }))).toEqual([])
    expect(faults(monday(window('08:00', '12:00'), window('12:00', '15:00')))).toEqual([])
  })
})
