/**
 * The hours of a scheme as a week has them, and the days that differ, read back from its openings and nothing else:
 * what is explained is what holds.
 */
import { dayMs, minuteMs, utcOffsetMinutesAt, weekdayOf, type UtcOffset } from './calendar-time.ts'
import type { SchemePeriod } from './scheme.ts'

export interface WeekOfHours {
  /** Weekdays that are open in at least half of the weeks in which any day is, with the hours that they mostly have. */
  readonly usual: readonly { readonly weekday: number; readonly hours: string }[]
  /** In the order of time. */
  readonly other: readonly { readonly day: number; readonly hours: string }[]
  /** Days that would be open by their weekday; those that follow each other but for closed weekdays are together. */
  readonly closed: readonly { readonly first: number; readonly last: number; readonly count: number }[]
}

/** Ten years: beyond that a text has no use for single days. */
const daysMost = 3_660

/** @returns undefined where the openings reach over more days than are worth telling */
export function weekOfHours(periods: readonly SchemePeriod[], clocks: readonly UtcOffset[]): WeekOfHours | undefined {
  const hoursOn = hoursByDay(periods, clocks)
  if (hoursOn === undefined) return undefined
  const days = [...hoursOn.keys()].toSorted((a, b) => a - b)
  const [first = 0, last = 0] = [days[0], days.at(-1)]
  if (last - first >= daysMost) return undefined
  const weeks = new Set(days.map(weekOf)).size
  const usual = [0, 1, 2, 3, 4, 5, 6].flatMap((weekday) => {
    const open = days.filter((day) => weekdayOf(day) === weekday)
    const hours = mostOf(open.map((day) => hoursOn.get(day) ?? ''))
    return open.length * 2 >= weeks && hours !== undefined ? [{ weekday, hours }] : []
  })
  const usualOn = (day: number) => usual.find(({ weekday }) => weekday === weekdayOf(day))?.hours
  const closed: { first: number; last: number; count: number }[] = []
  let between: (typeof closed)[number] | undefined
  for (let day = first; day <= last; day += 1) {
    if (hoursOn.has(day)) between = undefined
    else if (usualOn(day) !== undefined) {
      if (between === undefined) closed.push((between = { first: day, last: day, count: 0 }))
      between.last = day
      between.count += 1
    }
  }
  const other = days.flatMap((day) => {
    const hours = hoursOn.get(day) ?? ''
    return hours === usualOn(day) ? [] : [{ day, hours }]
  })
  return { usual, other, closed }
}

/** Weeks from Monday on. */
function weekOf(day: number): number {
  return day - weekdayOf(day)
}

function mostOf(texts: readonly string[]): string | undefined {
  const counted = [...Map.groupBy(texts, (text) => text)]
  return counted.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0]
}

function hoursByDay(
  periods: readonly SchemePeriod[],
  clocks: readonly UtcOffset[],
): ReadonlyMap<number, string> | undefined {
  const hoursOn = new Map<number, string>()
  const openings = periods.flatMap((period) => period.openings).toSorted((a, b) => a.from - b.from)
  for (const { from, to } of openings) {
    const begins = localMs(from, clocks)
    // Of the end what the clocks show just before it: then midnight is the end of a day and not the next one's begin.
    const ends = localMs(to - 1, clocks) + 1
    const [first, last] = [Math.floor(begins / dayMs), Math.floor((ends - 1) / dayMs)]
    if (last - first >= daysMost) return undefined
    for (let day = first; day <= last; day += 1) {
      const hours = `${clockText(Math.max(begins - day * dayMs, 0))}–${clockText(Math.min(ends - day * dayMs, dayMs))}`
      const before = hoursOn.get(day)
      hoursOn.set(day, before === undefined ? hours : `${before}, ${hours}`)
    }
  }
  return hoursOn
}

/** ECMA-262, "Time Values": no Date reaches further. */
const latestDate = 8_640_000_000_000_000

/** What local clocks show, as if it were UTC. */
export function localMs(instant: number, clocks: readonly UtcOffset[]): number {
  return Math.min(instant + utcOffsetMinutesAt(clocks, instant) * minuteMs, latestDate)
}

const digits = (number: number, length = 2): string => String(number).padStart(length, '0')

/** A time of a day. Seconds only where there are some: an end at 23:59:59 is a slip that must be seen. */
export function clockText(msOfDay: number): string {
  const minutes = `${digits(Math.floor(msOfDay / 3_600_000))}:${digits(Math.floor(msOfDay / 60_000) % 60)}`
  if (msOfDay % 60_000 === 0) return minutes
  const seconds = `${minutes}:${digits(Math.floor(msOfDay / 1_000) % 60)}`
  return msOfDay % 1_000 === 0 ? seconds : `${seconds}.${digits(msOfDay % 1_000, 3)}`
}
