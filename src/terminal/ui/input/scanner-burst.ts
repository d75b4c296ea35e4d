/**
 * A scanner types like a keyboard, only faster: at least six characters, each less than 30 ms after the one before,
 * ended by Enter (ui.md, "Till") or by Tab, with which many are delivered. Such a burst is a barcode, never an amount
 * and never a payment. One that is not ended is no barcode either: a part of a code may be another article's.
 */

/** Two characters this far apart or further were not typed by a scanner. */
export const burstGapMs = 30
export const burstLengthMin = 6
/**
 * What follows a burst so soon is the scanner's: an Enter that comes late pays nothing, and what is typed is the rest
 * of a code that paused.
 */
export const burstTailMs = 500

/** Times are milliseconds of the events' own clock (`event.timeStamp`). */
export interface Burst {
  readonly characters: string
  readonly lastAt: number
  /** Until then what comes is the rest of a code that paused. */
  readonly restUntil: number
}

export const noBurst: Burst = {
  characters: '',
  lastAt: Number.NEGATIVE_INFINITY,
  restUntil: Number.NEGATIVE_INFINITY,
}

/** Behind the key that has ended a code. */
export const endedBurst = (at: number): Burst => ({ ...noBurst, lastAt: at })

/**
 * The burst after one more character: longer when it came fast enough, else a new one.
 *
 * @param character as the scanner means it (`scanned-character.ts`)
 */
export function extendBurst(burst: Burst, character: string, at: number): Burst {
  if (isWithinBurst(burst, at)) {
    const restUntil = at < burst.restUntil ? at + burstTailMs : burst.restUntil
    return { characters: burst.characters + character, lastAt: at, restUntil }
  }
  const restUntil = isLong(burst) ? burst.lastAt + burstTailMs : burst.restUntil
  return { characters: character, lastAt: at, restUntil }
}

/** What comes now comes as fast as a scanner's next character. */
export function isWithinBurst(burst: Burst, at: number): boolean {
  return at - burst.lastAt < burstGapMs
}

const isLong = (burst: Burst): boolean => burst.characters.length >= burstLengthMin

/**
 * So many characters so fast that no hand typed them, or the rest of such a code: they are no amount, even before it is
 * ended.
 */
export function isScanner(burst: Burst): boolean {
  return isLong(burst) || burst.lastAt < burst.restUntil
}

/**
 * - `barcode`: the key ends it.
 * - `nothing`: one more key behind a code that another one has ended.
 * - `broken`: a code that paused before its end or in the middle.
 * - `key`: pressed by a hand.
 */
export type EndReading =
  | { readonly kind: 'barcode'; readonly barcode: string }
  | { readonly kind: 'nothing' | 'broken' | 'key' }

/** What an Enter or a Tab means by the burst before it. */
export function readEnd(burst: Burst, at: number): EndReading {
  if (at < burst.restUntil) return { kind: 'broken' }
  const isNext = isWithinBurst(burst, at)
  if (burst.characters === '') return { kind: isNext ? 'nothing' : 'key' }
  if (!isLong(burst)) return { kind: 'key' }
  if (isNext) return { kind: 'barcode', barcode: burst.characters }
  return { kind: at - burst.lastAt < burstTailMs ? 'broken' : 'key' }
}
