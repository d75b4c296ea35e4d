/** The names of things. Ids are opaque text; only the types say which thing they name. */
import { z } from 'zod'

/** UUIDv7 (RFC 9562 §5.7), in lower case: ids are compared as text, so a retry in other letters were another id. */
export const uuidSchema = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'a UUIDv7 in lower case')
  .meta({ format: 'uuid', description: 'A UUIDv7 (RFC 9562), in lower case.' })
/** Lower-case hex of 32 bytes: a SHA-256 hash. */
export const hashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('SHA-256, in lower-case hex.')
/**
 * Lower-case hex of 16 bytes: a keyed hash that stands for a card or a beneficiary (architecture.md, "Trust", Privacy).
 */
export const pseudonymSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('A pseudonym, 16 bytes in lower-case hex: it stands for a card or a person and says nothing of them.')
/** Short readable ids given by people: schemes, agencies, merchants, terminals, accounts. */
export const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,62}$/)
  .describe('A short id that people gave: 2 to 63 of a-z, 0-9, "." and "-".')
/**
 * A Global Trade Item Number, always as 14 digits: shorter ones with zeros before them (GS1 General Specifications,
 * "GTIN-14"), so that one article has one name. The last digit is the check digit.
 */
export const gtinSchema = z
  .string()
  .regex(/^\d{14}$/)
  .refine(hasGtinCheckDigit, 'the check digit fits')
  .describe('A GTIN as 14 digits: a shorter one with zeros before it. The last digit is the check digit.')
/** Milliseconds since 1970-01-01T00:00:00Z. */
export const instantSchema = z
  .int()
  .min(0)
  .max(8_640_000_000_000_000)
  .describe('A moment: milliseconds since 1970-01-01T00:00:00Z.')

export type Uuid = z.infer<typeof uuidSchema>
export type Hash = z.infer<typeof hashSchema>
export type Pseudonym = z.infer<typeof pseudonymSchema>
export type Name = z.infer<typeof nameSchema>
export type Instant = z.infer<typeof instantSchema>

/**
 * What a person writes for others to read. It goes into statements, files and screens of others, so it has no control
 * character (C0, DEL): of those a line of a file, or what follows on a screen, could be made. Lengths are in
 * characters, as a document's `maxLength` counts them.
 */
const plain = /^[^\u0000-\u001f\u007f]*$/
export const plainDetail = 'no control characters'

export function isPlain(text: string): boolean {
  return plain.test(text)
}

/**
 * In a request that is done once under an id. The ledger asks for plain text where the id is new: what was done under
 * it before this was asked is still answered.
 */
export function saidText(lengthMax: number, lengthMin = 0) {
  return z
    .string()
    .refine((text) => isAsLong(text, lengthMin, lengthMax), `${lengthMin} to ${lengthMax} characters`)
    .meta({ minLength: lengthMin, maxLength: lengthMax, pattern: plain.source })
}

function isAsLong(text: string, least: number, most: number): boolean {
  // Without counting all of what is far too long.
  if (text.length > 2 * most) return false
  const { length } = [...text]
  return length >= least && length <= most
}

/** One pass over the text, however long: it comes from strangers. */
const saysSomething = z
  .string()
  .min(1)
  .regex(
    /^[^\S\u0000-\u001f]*[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$/,
    'more than blanks, no control characters',
  )

/** A name, or a reason that is not kept under an id: blanks alone do not do. What was kept before is read as it is. */
export function writtenName(lengthMax: number, lengthMin = 1) {
  return saysSomething
    .refine((text) => isAsLong(text, lengthMin, lengthMax), `${lengthMin} to ${lengthMax} characters`)
    .meta({ minLength: lengthMin, maxLength: lengthMax })
}

const inThreeLanguages = 'One text in Kazakh, Russian and English.'
/** One text in the three languages of the product, equals (ui.md, "Words"). */
export const textsSchema = z
  .strictObject({ kk: z.string().min(1), ru: z.string().min(1), en: z.string().min(1) })
  .describe(inThreeLanguages)
export type Texts = z.infer<typeof textsSchema>
/** The same where it comes in. */
export const writtenTextsSchema = z
  .strictObject({ kk: saysSomething, ru: saysSomething, en: saysSomething })
  .describe(inThreeLanguages)
export type Language = keyof Texts
export const languages = ['kk', 'ru', 'en'] as const satisfies readonly Language[]

/** Weights 3 and 1 in turn from the left over 13 digits; the check digit fills the sum up to a multiple of ten. */
function hasGtinCheckDigit(gtin: string): boolean {
  const sum = [...gtin].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0)
  return sum % 10 === 0
}
