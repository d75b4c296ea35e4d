/**
 * From a programme's calendar to the periods and openings of a scheme, as UTC instants (ADR 28). Pure: what the clocks
 * of the place show comes in through a port, and the compiled scheme names the offsets that were used.
 */
import { calendarFaultsOf, tapFaultsOf, type CalendarFault } from './calendar-faults.ts'
import {
  dateOf,
  dayMs,
  dayOf,
  instantsOf,
  minuteOf,
  offsetsBetween,
  startOf,
  weekdayOf,
  type UtcOffset,
  type UtcOffsetAt,
} from './calendar-time.ts'
import { weekdays, type Calendar, type ClockWindow, type Programme } from './calendar.ts'
import type { Instant } from './identifiers.ts'
import { finding } from './scheme-findings.ts'
import { periodsMost, type Scheme, type SchemePeriod } from './scheme.ts'

type Window = SchemePeriod['openings'][number]

export type CompiledCalendar =
  | { readonly faults: readonly []; readonly periods: SchemePeriod[]; readonly offsets: readonly UtcOffset[] }
  | { readonly faults: readonly CalendarFault[] }

/**
 * The scheme of a programme: its periods from the calendar, everything else as it stands.
 *
 * @param offsetAt the clocks of `calendar.timeZone`; undefined where the host does not know the zone
 * @returns the scheme, or what is wrong with the calendar. What else is wrong with the scheme says `faultsOf`.
 */
export function compileProgramme(
  programme: Programme,
  offsetAt: UtcOffsetAt | undefined,
): { readonly scheme: Scheme } | { readonly faults: readonly CalendarFault[] } {
  const { calendar, ...terms } = programme
  const { timeZone } = calendar
  if (offsetAt === undefined) return { faults: [finding('TIME_ZONE_UNKNOWN', ['calendar', 'timeZone'], { timeZone })] }
  const compiled = compileCalendar(calendar, offsetAt)
  const faults = [...tapFaultsOf(programme), ...compiled.faults]
  if (faults.length > 0 || !('periods' in compiled)) return { faults }
  const { periods, offsets } = compiled
  return { scheme: { ...terms, periods, localTime: { timeZone, offsets: [...offsets] } } }
}

/** The periods of a calendar in the order of time, and the offsets that hold in them. */
export function compileCalendar(calendar: Calendar, offsetAt: UtcOffsetAt): CompiledCalendar {
  const faults = calendarFaultsOf(calendar)
  if (faults.length > 0) return { faults }
  const [first, last] = [dayOf(calendar.firstDay), dayOf(calendar.lastDay)]
  // No clock is further than a day from UTC.
  const clocks = offsetsBetween(offsetAt, (first - 1) * dayMs, (last + 2) * dayMs)
  const days = openDays(calendar, clocks)
  const dayFaults = days.flatMap((day) => day.faults)
  const periods = periodsOf(days, clocks)
  const setFaults = [...closedTermFaults(calendar, periods), ...countFaults(calendar, periods)]
  if (dayFaults.length + setFaults.length > 0) return { faults: [...firstOfEach(dayFaults), ...setFaults] }
  return { faults: [], periods, offsets: offsetsWithin(clocks, startOf(first, clocks), startOf(last + 1, clocks)) }
}

/** The same hours of a weekday meet a change of the clocks every year: told once for each field. */
function firstOfEach(faults: readonly CalendarFault[]): readonly CalendarFault[] {
  return [...new Map(faults.toReversed().map((fault) => [fault.path.join('.'), fault])).values()].toReversed()
}

function offsetsWithin(clocks: readonly UtcOffset[], from: Instant, to: Instant): readonly UtcOffset[] {
  const held = clocks.filter((offset, index) => offset.from < to && from < (clocks[index + 1]?.from ?? Infinity))
  return held.map((offset) => ({ ...offset, from: Math.max(offset.from, from) }))
}

/** The days of one period; the first and the last may lie outside of the calendar, and are then not open. */
interface Span {
  readonly periodId: string
  readonly first: number
  readonly last: number
}

interface OpenDay {
  readonly span: Span
  readonly openings: readonly Window[]
  readonly faults: readonly CalendarFault[]
}

function openDays(calendar: Calendar, clocks: readonly UtcOffset[]): readonly OpenDay[] {
  const hoursOn = hoursByDay(calendar)
  const [first, last] = [dayOf(calendar.firstDay), dayOf(calendar.lastDay)]
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap((day) => {
    const span = spanOf(calendar, day)
    const hours = hoursOn(day)
    if (span === undefined || hours === undefined) return []
    const clipped = { ...span, first: Math.max(span.first, first), last: Math.min(span.last, last) }
    const found = hours.windows.map((window, at) => openingOf(day, window, [...hours.path, at], clocks))
    const openings = found.flatMap((one) => ('opening' in one ? [one.opening] : []))
    return [
      {
        span: clipped,
        openings: openings.toSorted((a, b) => a.from - b.from),
        faults: found.flatMap((one) => ('fault' in one ? [one.fault] : [])),
      },
    ]
  })
}

interface DayHours {
  readonly windows: readonly ClockWindow[]
  readonly path: CalendarFault['path']
}

/** The hours of a day, undefined where it is closed: what is said of the day itself comes before its weekday. */
function hoursByDay({ hours, holidays, movedWorkingDays, otherHours }: Calendar) {
  const ofWeekday = (day: number): DayHours | undefined => {
    const weekday = weekdays[weekdayOf(day)] ?? 'monday'
    const windows = hours[weekday]
    return windows === undefined ? undefined : { windows, path: ['calendar', 'hours', weekday] }
  }
  const ofDay = new Map<number, DayHours | undefined>()
  for (const { day, lastDay = day } of holidays)
    for (let closed = dayOf(day); closed <= dayOf(lastDay); closed += 1) ofDay.set(closed, undefined)
  for (const { day, to } of movedWorkingDays) {
    ofDay.set(dayOf(day), undefined)
    ofDay.set(dayOf(to), ofWeekday(dayOf(day)))
  }
  for (const [at, { day, hours: windows }] of otherHours.entries())
    ofDay.set(dayOf(day), { windows, path: ['calendar', 'otherHours', at, 'hours'] })
  return (day: number): DayHours | undefined => (ofDay.has(day) ? ofDay.get(day) : ofWeekday(day))
}

/** The period that a day belongs to; undefined between terms. Its id does not depend on where the calendar ends. */
function spanOf({ period, firstDay, lastDay }: Calendar, day: number): Span | undefined {
  const date = dateOf(day)
  switch (period.kind) {
    case 'day':
      return { periodId: date, first: day, last: day }
    case 'week': {
      const first = day - ((weekdayOf(day) - weekdays.indexOf(period.begins) + 7) % 7)
      return { periodId: `${dateOf(first)}--${dateOf(first + 6)}`, first, last: first + 6 }
    }
    case 'month': {
      const [year = 0, month = 0] = date.split('-').map(Number)
      const [first, next] = [Date.UTC(year, month - 1, 1) / dayMs, Date.UTC(year, month, 1) / dayMs]
      return { periodId: date.slice(0, 7), first, last: next - 1 }
    }
    case 'term': {
      const term = period.terms.find((one) => one.firstDay <= date && date <= one.lastDay)
      if (term === undefined) return undefined
      return { periodId: term.termId, first: dayOf(term.firstDay), last: dayOf(term.lastDay) }
    }
    case 'tap':
      return { periodId: period.periodId, first: dayOf(firstDay), last: dayOf(lastDay) }
    default:
      return period satisfies never
  }
}

/** `00:00` and `24:00` are where the day begins and ends, whatever its clocks show then. */
function openingOf(
  day: number,
  { from, to }: ClockWindow,
  path: CalendarFault['path'],
  clocks: readonly UtcOffset[],
): { readonly opening: Window } | { readonly fault: CalendarFault } {
  const begins = edgeOf(day, from, [...path, 'from'], clocks)
  if (typeof begins !== 'number') return begins
  const ends = edgeOf(day, to, [...path, 'to'], clocks)
  if (typeof ends !== 'number') return ends
  // Where a place changes to another day, a whole day is left out.
  if (begins >= ends) return { fault: finding('HOURS_DO_NOT_EXIST', path, { time: from, day: dateOf(day) }) }
  return { opening: { from: begins, to: ends } }
}

function edgeOf(
  day: number,
  time: string,
  path: CalendarFault['path'],
  clocks: readonly UtcOffset[],
): Instant | { readonly fault: CalendarFault } {
  const minute = minuteOf(time)
  if (minute === 0) return startOf(day, clocks)
  if (minute === 24 * 60) return startOf(day + 1, clocks)
  const [instant, again] = instantsOf(day, minute, clocks)
  const values = { time, day: dateOf(day) }
  if (instant === undefined) return { fault: finding('HOURS_DO_NOT_EXIST', path, values) }
  return again === undefined ? instant : { fault: finding('HOURS_COME_TWICE', path, values) }
}

function periodsOf(days: readonly OpenDay[], clocks: readonly UtcOffset[]): SchemePeriod[] {
  const ofPeriod = Map.groupBy(days, ({ span }) => span.periodId)
  return [...ofPeriod.values()].flatMap((open) => {
    const [one] = open
    if (one === undefined) return []
    const { periodId, first, last } = one.span
    const openings = joined(open.flatMap((day) => day.openings))
    return [{ periodId, from: startOf(first, clocks), to: startOf(last + 1, clocks), openings }]
  })
}

/** Hours that follow without a gap are one opening: a month at any hour has one, not thirty. */
function joined(openings: readonly Window[]): Window[] {
  const result: Window[] = []
  for (const { from, to } of openings) {
    const before = result.at(-1)
    if (before?.to === from) result[result.length - 1] = { from: before.from, to }
    else result.push({ from, to })
  }
  return result
}

function closedTermFaults({ period }: Calendar, periods: readonly SchemePeriod[]): readonly CalendarFault[] {
  if (period.kind !== 'term') return []
  return period.terms.flatMap(({ termId }, at) =>
    periods.some(({ periodId }) => periodId === termId)
      ? []
      : [finding('TERM_NEVER_OPEN', ['calendar', 'period', 'terms', at], { term: termId })],
  )
}

function countFaults({ period }: Calendar, periods: readonly SchemePeriod[]): readonly CalendarFault[] {
  if (periods.length > periodsMost)
    return [finding('TOO_MANY_PERIODS', ['calendar', 'period'], { count: periods.length, most: periodsMost })]
  // Of terms it is said term by term.
  return periods.length === 0 && period.kind !== 'term' ? [finding('NO_DAY_OPEN', ['calendar', 'hours'])] : []
}
