/**
 * Instants as a cashier reads them. Own formatting: Chromium claims Kazakh and formats it wrongly, and time zones of
 * hosts disagree about Almaty.
 */

/**
 * All of Kazakhstan has one offset, UTC+5, since 1 March 2024. A till shows nothing older, and a host with older zone
 * data would still say +6.
 */
const offsetMs = 5 * 3_600_000

/** "23.11.2026 12:04" */
export function formatDateTime(instant: number): string {
  return `${formatDate(instant)} ${formatTime(instant)}`
}

/** "23.11.2026" */
export function formatDate(instant: number): string {
  const [year, month, day] = isoDay(instant).split('-')
  return `${day}.${month}.${year}`
}

/** "12:04" */
export function formatTime(instant: number): string {
  return new Date(instant + offsetMs).toISOString().slice(11, 16)
}

/** The time alone on the same day, else with its date. */
export function formatSince(instant: number, now: number): string {
  return isoDay(instant) === isoDay(now) ? formatTime(instant) : formatDateTime(instant)
}

/** "2026-11-23", as scheme periods of one day are named. */
export function isoDay(instant: number): string {
  return new Date(instant + offsetMs).toISOString().slice(0, 10)
}

/** A scheme's period as people write it: a day, a month, a week from day to day, or the name the scheme gave. */
export function formatPeriod(periodId: string): string {
  const week = /^(\d{4}-\d{2}-\d{2})--(\d{4}-\d{2}-\d{2})$/.exec(periodId)
  if (week !== null) return `${formatPeriod(week[1] ?? '')}–${formatPeriod(week[2] ?? '')}`
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(periodId)
  if (day !== null) return `${day[3]}.${day[2]}.${day[1]}`
  const month = /^(\d{4})-(\d{2})$/.exec(periodId)
  return month === null ? periodId : `${month[2]}.${month[1]}`
}

/** How long something waits, in the largest whole unit: minutes, hours, days. */
export function waitingFor(
  since: number,
  now: number,
): { readonly unit: 'queue.minutes' | 'queue.hours' | 'queue.days'; readonly count: number } {
  const minutes = Math.max(0, Math.floor((now - since) / 60_000))
  if (minutes < 60) return { unit: 'queue.minutes', count: minutes }
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? { unit: 'queue.hours', count: hours } : { unit: 'queue.days', count: Math.floor(hours / 24) }
}
