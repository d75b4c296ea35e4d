/**
 * Whole numbers in the query of a GET, where everything is text. Their bounds stand in the pattern, so that what the
 * document says and what the ledger takes are one thing.
 */
import { z } from 'zod'

/** Where fifteen digits end; a feed or an account never gets there. */
const cursorMax = 999_999_999_999_999

export function wholeNumberIn(least: 0 | 1, most: number) {
  return wholeNumberText(least, most).transform(Number)
}

function wholeNumberText(least: 0 | 1, most: number) {
  return z
    .string()
    .regex(new RegExp(`^(${wholeNumbers(least, most).join('|')})$`), `a whole number from ${least} to ${most}`)
}

/** A place in a list that grows; 0 is before its first. */
export const cursorIn = wholeNumberIn(0, cursorMax)
export const cursorPattern = `^(${wholeNumbers(0, cursorMax).join('|')})$`

/** Milliseconds since 1970. */
export const instantIn = wholeNumberIn(0, 8_640_000_000_000_000)

/** How many at most; what is taken without it is the document's `default`. */
export function pageSizeIn(most: number, usual: number) {
  return wholeNumberIn(1, most)
    .prefault(String(usual))
    .meta({ description: `How many at most: 1 to ${most}; ${usual} when nothing is said.`, 'x-maximum': most })
}

/**
 * Where what is taken without it depends on something else that was asked for, beside what is usual: as text, since a
 * document has no `default` of what is changed as it is read.
 */
export function pageSizeTextIn(most: number, usual: number, otherwise: string) {
  return wholeNumberText(1, most)
    .meta({
      description: `How many at most: 1 to ${most}; ${usual} when nothing is said, ${otherwise}.`,
      default: String(usual),
      'x-maximum': most,
    })
    .optional()
}

/** Regular expressions that together match the whole numbers in decimal, without leading zeros. */
function wholeNumbers(least: 0 | 1, most: number): readonly string[] {
  const digits = String(most)
  const rest = digits.length - 1
  const nothing = least === 0 ? ['0'] : []
  if (/^9+$/.test(digits)) return [...nothing, `[1-9]\\d{0,${rest}}`]
  const shorter = rest === 0 ? [] : [`[1-9]\\d{0,${rest - 1}}`]
  // Of the same length: as `most` up to a place, there less, and then anything.
  const less = [...digits].flatMap((digit, place) => {
    const [from, to] = [place === 0 ? 1 : 0, Number(digit) - 1]
    if (to < from) return []
    const free = rest - place
    return [`${digits.slice(0, place)}[${from}-${to}]${free === 0 ? '' : `\\d{${free}}`}`]
  })
  return [...nothing, ...shorter, ...less, digits]
}
