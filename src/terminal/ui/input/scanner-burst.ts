/**
 * A scanner types like a keyboard, only faster: at least six characters, each less than 30 ms after the one before,
 * ended by Enter (ui.md, "Till"). Such a burst is a barcode, never an amount and never a payment.
 */

/** Two characters this far apart or further were not typed by a scanner. */
export const burstGapMs = 30
export const burstLengthMin = 6
/** A scanner whose Enter comes late still does not pay: an Enter this soon after a burst means nothing. */
export const lateEnterMs = 500

/** Times are milliseconds of the events' own clock (`event.timeStamp`). */
export interface Burst {
  readonly characters: string
  readonly lastAt: number
}

export const noBurst: Burst = { characters: '', lastAt: Number.NEGATIVE_INFINITY }

/** The burst after one more character: longer when it came fast enough, else a new one. */
export function extendBurst(burst: Burst, character: string, at: number): Burst {
  const fast = isWithinBurst(burst, at)
  return { characters: fast ? burst.characters + character : character, lastAt: at }
}

/** What comes now comes as fast as a scanner's next character. */
export function isWithinBurst(burst: Burst, at: number): boolean {
  return at - burst.lastAt < burstGapMs
}

/** So many characters so fast that no hand typed them: they are no amount, even before Enter. */
export function isScanner(burst: Burst): boolean {
  return burst.characters.length >= burstLengthMin
}

/** What an Enter means by the burst before it: the end of a barcode, nothing (a scanner's late one), or a keypress. */
export function readEnter(
  burst: Burst,
  at: number,
): { readonly kind: 'barcode'; readonly barcode: string } | { readonly kind: 'nothing' } | { readonly kind: 'key' } {
  if (!isScanner(burst)) return { kind: 'key' }
  if (isWithinBurst(burst, at)) return { kind: 'barcode', barcode: burst.characters }
  return at - burst.lastAt < lateEnterMs ? { kind: 'nothing' } : { kind: 'key' }
}
