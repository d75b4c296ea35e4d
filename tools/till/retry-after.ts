/** How long a ledger that was started again has its client wait (docs/adr/0044). */

/** As long as an honest one says: another of this key's machines had signed with a clock that was ahead. */
const waitSecondsMax = 241

/**
 * Whole seconds, from 1 to `waitSecondsMax`. No signature covers the header: what the ledger would not write (a date, a
 * fraction, nothing at all) has nobody wait for longer than it takes to sign anew.
 *
 * @param header `Retry-After` (RFC 9110, section 10.2.3) as it came
 */
export function retryAfterSeconds(header: string | undefined): number {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return 1
  return Math.max(1, Math.min(Number(header), waitSecondsMax))
}
