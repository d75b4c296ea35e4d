/**
 * Days and clocks of one place. A day is counted from 1970-01-01, whatever the place; where a day and a time of it lie
 * on the line of instants is known by the place's offsets from UTC and by nothing else.
 */
import type { Instant } from './identifiers.ts'

/** How far local clocks are ahead of UTC from an instant on, until the next offset holds. */
export interface UtcOffset {
  readonly from: Instant
  readonly utcOffsetMinutes: number
}

/** Minutes that a place's clocks are ahead of UTC at an instant: the port to the zone data of a host. */
export type UtcOffsetAt = (instant: Instant) => number

export const minuteMs = 60_000
export const dayMs = 86_400_000

/** Whether a date in the form `2026-09-01` exists. */
export function isDay(date: string): boolean {
  const day = dayOf(date)
  return Number.isFinite(day) && dateOf(day) === date
}

/** @param date of the form `2026-09-01` */
export function dayOf(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number)
  return Date.UTC(year, month - 1, day) / dayMs
}

export function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

/** 0 is Monday, 6 is Sunday; 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return (day + 3) % 7
}

/** @param time of the form `08:00`, up to `24:00` */
export function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

/**
 * The offsets of a place from one instant to another, the first one from `from` on. A change is found to the minute,
 * as long as no two of them lie within one day and undo each other.
 */
export function offsetsBetween(offsetAt: UtcOffsetAt, from: Instant, to: Instant): readonly UtcOffset[] {
  const offsets: UtcOffset[] = [{ from, utcOffsetMinutes: offsetAt(from) }]
  for (let earlier = from; earlier < to; earlier += dayMs) {
    if (offsetAt(earlier) === offsetAt(earlier + dayMs)) continue
    let [before, after] = [earlier, earlier + dayMs]
    while (after - before > minuteMs) {
      const middle = before + Math.floor((after - before) / minuteMs / 2) * minuteMs
      if (offsetAt(middle) === offsetAt(before)) before = middle
      else after = middle
    }
    offsets.push({ from: after, utcOffsetMinutes: offsetAt(after) })
  }
  return offsets
}

/** The offset that holds at an instant; before the first one, the first one. */
export function utcOffsetMinutesAt(offsets: readonly UtcOffset[], instant: Instant): number {
  const holding = offsets.findLast(({ from }) => from <= instant) ?? offsets[0]
  if (holding === undefined) throw new Error('a place has an offset')
  return holding.utcOffsetMinutes
}

/** When the clocks show a minute of a day: once, or not at all or twice where they are put forward or back. */
export function instantsOf(day: number, minute: number, offsets: readonly UtcOffset[]): readonly Instant[] {
  return offsets.flatMap(({ from, utcOffsetMinutes }, index) => {
    const instant = day * dayMs + (minute - utcOffsetMinutes) * minuteMs
    const to = offsets[index + 1]?.from ?? Infinity
    return from <= instant && instant < to ? [instant] : []
  })
}

/** The first instant of a day, whether or not its clocks show midnight then. */
export function startOf(day: number, offsets: readonly UtcOffset[]): Instant {
  const [midnight] = instantsOf(day, 0, offsets)
  if (midnight !== undefined) return midnight
  const forward = offsets.find(({ from, utcOffsetMinutes }) => from + utcOffsetMinutes * minuteMs >= day * dayMs)
  if (forward === undefined) throw new Error(`the offsets do not reach ${dateOf(day)}`)
  return forward.from
}
