/** The numbers that stand for an account: checked here, hashed at once, kept nowhere. */
import { z } from 'zod'
import type { LedgerKeys } from '../keys.ts'

/** E.164 (ITU-T, §6): plus, a country code that does not begin with 0, 15 digits at most. */
export const phoneSchema = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/)
  .describe('E.164: plus, country code, number, digits alone. The ledger keeps a keyed hash of it.')

/** ISO/IEC 7812-1: 16 to 19 digits here, the last one a check digit by Luhn's rule. */
export const cardSchema = z
  .string()
  .regex(/^\d{16,19}$/)
  .refine(hasCheckDigit, 'the check digit is wrong')
  .describe('ISO/IEC 7812: 16 to 19 digits, the last by Luhn’s rule. The ledger keeps a keyed hash of it.')

export const numberSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('phone'), number: phoneSchema }),
  z.strictObject({ kind: z.literal('card'), number: cardSchema }),
])
export type AccountNumber = z.output<typeof numberSchema>

/** Every second digit from the right doubled, its digits added; the sum ends in 0 (ISO/IEC 7812-1, annex B). */
export function hasCheckDigit(digits: string): boolean {
  const values = [...digits].map(Number).toReversed()
  const sum = values.reduce((total, value, index) => {
    const weighted = index % 2 === 0 ? value : value * 2
    return total + (weighted > 9 ? weighted - 9 : weighted)
  }, 0)
  return sum % 10 === 0
}

/** What the ledger keeps in place of a number. */
export function numberHash(keys: LedgerKeys, { kind, number }: AccountNumber): string {
  return keys.keyedHash('alias', `${kind}/${number}`)
}

/**
 * The same request without its number. The terms of an id are kept as a plain hash (`once`), and the few digits of a
 * number could be tried out against it.
 */
export function withoutNumber<Numbered extends AccountNumber>(
  keys: LedgerKeys,
  numbered: Numbered,
): Omit<Numbered, 'number'> & { readonly numberHash: string } {
  const { number: _number, ...rest } = numbered
  return { ...rest, numberHash: numberHash(keys, numbered) }
}
