/** The two clocks of the window: the only place where the screen's input reads them. */

/** The clock that the window's events are stamped with, in milliseconds (`event.timeStamp`). */
export const eventClockNow = (): number => new Event('now').timeStamp

/**
 * When something that the device host dated was pressed, on the clock of the window's events.
 *
 * @param at milliseconds since 1970 by this machine's clock
 */
export function onEventClock(at: number): number {
  // A wall clock that was set back meanwhile makes nothing younger than now.
  return eventClockNow() - Math.max(0, Date.now() - at)
}
