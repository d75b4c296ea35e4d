/** Whole numbers in the query of a GET, where everything is text. */
import { z } from 'zod'

/** A place in a feed; 0 is before its first event. */
export const cursorIn = z
  .string()
  .regex(/^(0|[1-9]\d{0,14})$/)
  .transform(Number)

/** How many at most. */
export function countIn(max: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,5}$/)
    .transform(Number)
    .refine((count) => count <= max, `at most ${max}`)
}
