/** The zone data of this Node, asked where a programme is compiled and nowhere else. */
import { minuteMs, type UtcOffsetAt } from '../../src/voucher/calendar-time.ts'

/**
 * What the clocks of a zone show.
 *
 * @returns undefined where this Node does not know the zone
 */
export function clocksOf(timeZone: string): UtcOffsetAt | undefined {
  let format: Intl.DateTimeFormat
  try {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
    format = new Intl.DateTimeFormat('en-US', { timeZone, calendar: 'iso8601', hourCycle: 'h23', ...fields })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
  return (instant) => {
    const parts = format.formatToParts(instant)
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = (
      ['year', 'month', 'day', 'hour', 'minute'] as const
    ).map((type) => Number(parts.find((part) => part.type === type)?.value))
    return Date.UTC(year, month - 1, day, hour, minute) / minuteMs - Math.floor(instant / minuteMs)
  }
}
