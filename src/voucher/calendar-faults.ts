/**
 * What is wrong with a calendar that has the right shape, before any clock is asked: whatever could be read in two ways
 * is a fault, since the windows that come of it decide what is paid. The sentences are in `calendar-texts.ts`.
 */
import type { Programme, Calendar, ClockWindow } from './calendar.ts'
import { weekdays } from './calendar.ts'
import { dayOf, minuteOf, weekdayOf } from './calendar-time.ts'
import { finding, type Finding } from './scheme-findings.ts'

export const calendarFaultCodes = [
  /** The host that compiles has no data of it. */
  'TIME_ZONE_UNKNOWN',
  'LAST_DAY_BEFORE_FIRST',
  'DAY_OUTSIDE_CALENDAR',
  'TERM_NAMED_TWICE',
  'TERMS_OVERLAP',
  'TERM_NEVER_OPEN',
  'TAP_NEEDS_COUNT',
  'HOURS_EMPTY',
  'HOURS_OVER_MIDNIGHT',
  'HOURS_OVERLAP',
  /** Clocks are put forward over that time, or back so that they show it twice. */
  'HOURS_DO_NOT_EXIST',
  'HOURS_COME_TWICE',
  'DAY_NAMED_TWICE',
  'DAY_IN_NO_TERM',
  'MOVED_DAY_NOT_OPEN',
  'MOVED_ONTO_OPEN_DAY',
  'NO_DAY_OPEN',
  'TOO_MANY_PERIODS',
] as const
export type CalendarFaultCode = (typeof calendarFaultCodes)[number]
export type CalendarFault = Finding<CalendarFaultCode>

type Path = CalendarFault['path']

/** Each place, in the order of the calendar's fields; paths from the programme's root. */
export function calendarFaultsOf(calendar: Calendar): readonly CalendarFault[] {
  const reversed = orderFaults(calendar.firstDay, calendar.lastDay, ['calendar'])
  if (reversed.length > 0) return reversed
  return [
    ...termFaults(calendar),
    ...weekdays.flatMap((weekday) => hoursFaults(calendar.hours[weekday] ?? [], ['calendar', 'hours', weekday])),
    ...calendar.otherHours.flatMap(({ hours }, at) => hoursFaults(hours, ['calendar', 'otherHours', at, 'hours'])),
    ...dayFaults(calendar),
    ...movedFaults(calendar),
  ]
}

function orderFaults(first: string, last: string, path: Path): readonly CalendarFault[] {
  return last < first ? [finding('LAST_DAY_BEFORE_FIRST', [...path, 'lastDay'], { first, last })] : []
}

/** Where each tap is its own, what one leaves must not be the next one's: payments are counted, not their sum. */
export function tapFaultsOf({ calendar, benefit }: Pick<Programme, 'calendar' | 'benefit'>): readonly CalendarFault[] {
  if (calendar.period.kind !== 'tap' || benefit.kind === 'count') return []
  return [finding('TAP_NEEDS_COUNT', ['calendar', 'period'], { benefit: benefit.kind })]
}

function termFaults(calendar: Calendar): readonly CalendarFault[] {
  if (calendar.period.kind !== 'term') return []
  const { terms } = calendar.period
  return terms.flatMap(({ termId, firstDay, lastDay }, at) => {
    const place = ['calendar', 'period', 'terms', at]
    const earlier = terms.slice(0, at).find((other) => other.firstDay <= lastDay && firstDay <= other.lastDay)
    return [
      ...(terms.findIndex((other) => other.termId === termId) < at
        ? [finding('TERM_NAMED_TWICE', [...place, 'termId'], { term: termId })]
        : []),
      ...orderFaults(firstDay, lastDay, place),
      ...outsideFaults(calendar, firstDay, [...place, 'firstDay']),
      ...outsideFaults(calendar, lastDay, [...place, 'lastDay']),
      ...(earlier === undefined ? [] : [finding('TERMS_OVERLAP', place, { term: termId, earlier: earlier.termId })]),
    ]
  })
}

function outsideFaults({ firstDay, lastDay }: Calendar, day: string, path: Path): readonly CalendarFault[] {
  const isInside = firstDay <= day && day <= lastDay
  return isInside ? [] : [finding('DAY_OUTSIDE_CALENDAR', path, { day, first: firstDay, last: lastDay })]
}

function hoursFaults(hours: readonly ClockWindow[], path: Path): readonly CalendarFault[] {
  return hours.flatMap(({ from, to }, at): readonly CalendarFault[] => {
    const place = [...path, at]
    if (from === to) return [finding('HOURS_EMPTY', place, { from, to })]
    if (minuteOf(to) < minuteOf(from)) return [finding('HOURS_OVER_MIDNIGHT', place, { from, to })]
    const earlier = hours.slice(0, at).find((other) => other.from < to && from < other.to)
    const values = { hours: `${from}–${to}`, earlier: `${earlier?.from}–${earlier?.to}` }
    return earlier === undefined ? [] : [finding('HOURS_OVERLAP', place, values)]
  })
}

interface NamedDay {
  readonly day: string
  readonly lastDay: string
  /** The entry, from the calendar on: `holidays[0]`. */
  readonly entry: string
  readonly path: Path
  /** Such an entry makes the day an open one. */
  readonly opens: boolean
  readonly isHoliday: boolean
}

function namedDays({ holidays, movedWorkingDays, otherHours }: Calendar): readonly NamedDay[] {
  const named = (list: string, at: number, field: string, day: string, opens: boolean): NamedDay => ({
    day,
    lastDay: day,
    entry: `${list}[${at}]`,
    path: ['calendar', list, at, field],
    opens,
    isHoliday: false,
  })
  return [
    ...holidays.map(({ day, lastDay = day }, at) => ({
      ...named('holidays', at, 'day', day, false),
      lastDay,
      isHoliday: true,
    })),
    ...movedWorkingDays.flatMap(({ day, to }, at) => [
      named('movedWorkingDays', at, 'day', day, false),
      named('movedWorkingDays', at, 'to', to, true),
    ]),
    ...otherHours.map(({ day }, at) => named('otherHours', at, 'day', day, true)),
  ]
}

function dayFaults(calendar: Calendar): readonly CalendarFault[] {
  const named = namedDays(calendar)
  return named.flatMap(({ day, lastDay, path, opens, isHoliday }, at) => {
    // Two holidays on one day say the same; anything else of one day would have to be ranked.
    const earlier = named
      .slice(0, at)
      .find((other) => !(isHoliday && other.isHoliday) && other.day <= lastDay && day <= other.lastDay)
    const lastPath = [...path.slice(0, -1), 'lastDay']
    return [
      ...(isHoliday ? orderFaults(day, lastDay, path.slice(0, -1)) : []),
      ...outsideFaults(calendar, day, path),
      ...(lastDay === day ? [] : outsideFaults(calendar, lastDay, lastPath)),
      ...(earlier === undefined ? [] : [finding('DAY_NAMED_TWICE', path, { day, place: earlier.entry })]),
      ...(opens && !isInTerm(calendar, day) ? [finding('DAY_IN_NO_TERM', path, { day })] : []),
    ]
  })
}

function isInTerm({ period }: Calendar, day: string): boolean {
  return period.kind !== 'term' || period.terms.some(({ firstDay, lastDay }) => firstDay <= day && day <= lastDay)
}

/** A working day is moved from a day that is open by its weekday, onto one that is not. */
function movedFaults(calendar: Calendar): readonly CalendarFault[] {
  const isOpen = (day: string) => calendar.hours[weekdays[weekdayOf(dayOf(day))] ?? 'monday'] !== undefined
  return calendar.movedWorkingDays.flatMap(({ day, to }, at) => {
    const path = ['calendar', 'movedWorkingDays', at]
    return [
      ...(isOpen(day) ? [] : [finding('MOVED_DAY_NOT_OPEN', [...path, 'day'], { day })]),
      ...(isOpen(to) ? [finding('MOVED_ONTO_OPEN_DAY', [...path, 'to'], { day: to })] : []),
    ]
  })
}
