/** Whole numbers in a query, which carries text only. */
import { z } from 'zod'

export function wholeNumberText(minimum: number, maximum: number) {
  return z.codec(z.string().regex(/^\d{1,16}$/), z.int().min(minimum).max(maximum), {
    decode: Number,
    encode: String,
  })
}
