/** What `npm run scheme` reads: files written by hand, so every slip is told by the field that it stands in. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { programmeSchema, type Programme } from '../../src/voucher/calendar.ts'
import { gtinSchema, nameSchema } from '../../src/voucher/identifiers.ts'
import { tiynMax, tiynSchema } from '../../src/voucher/money.ts'
import { saleLineSchema, type SaleLine } from '../../src/voucher/sale.ts'
import { schemeSchema, type Scheme } from '../../src/voucher/scheme.ts'

/** One sentence for each slip, with the path of its field. */
export class FileFault extends Error {}

const basketSchema = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        name: z.string().min(1).optional(),
        category: nameSchema,
        gtin: gtinSchema.optional(),
        quantity: saleLineSchema.shape.quantity,
        unitPrice: tiynSchema,
      }),
    )
    .min(1)
    .max(500)
    .refine(
      (lines) => lines.reduce((sum, { quantity, unitPrice }) => sum + unitPrice * BigInt(quantity), 0n) <= tiynMax,
      'adds up to more than an amount can be',
    ),
})

/**
 * The schemes of a file, which holds one or a list of them, in its order.
 *
 * @throws FileFault
 */
export function schemesIn(file: string): readonly Scheme[] {
  const json = jsonIn(file)
  if (valueAt(json, ['calendar']) !== undefined)
    throw new FileFault(
      `${file} is a programme with a calendar: compile it first, then give the scheme that comes of it.`,
    )
  const schemes = Array.isArray(json)
    ? parsed(file, z.array(schemeSchema).min(1), json)
    : [parsed(file, schemeSchema, json)]
  const ids = schemes.map(({ schemeId }) => schemeId)
  const twice = ids.findIndex((schemeId, index) => ids.indexOf(schemeId) < index)
  if (twice >= 0) throw new FileFault(`${file}: [${twice}].schemeId: ${ids[twice]} stands there before.`)
  return schemes
}

/**
 * The programme of a file.
 *
 * @throws FileFault
 */
export function programmeIn(file: string): Programme {
  const json = jsonIn(file)
  if (valueAt(json, ['periods']) !== undefined)
    throw new FileFault(`${file} is a scheme with its periods: there is nothing to compile.`)
  return parsed(file, programmeSchema, json)
}

/**
 * The lines of a basket as a till would ring them up.
 *
 * @throws FileFault
 */
export function basketIn(file: string): readonly SaleLine[] {
  const { lines } = parsed(file, basketSchema, jsonIn(file))
  return lines.map(({ name, category, gtin, quantity, unitPrice }, index) => {
    const shown = name ?? category
    return {
      line: index + 1,
      itemId: `item-${index + 1}`,
      name: { kk: shown, ru: shown, en: shown },
      category,
      ...(gtin === undefined ? {} : { gtin }),
      quantity,
      unitPrice,
    }
  })
}

function jsonIn(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new FileFault(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
  }
  try {
    // Editors of Windows put a byte order mark in front, and JSON.parse minds it.
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new FileFault(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

const shownFaults = 20

function parsed<Schema extends z.ZodType>(file: string, schema: Schema, json: unknown): z.output<Schema> {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const sentences = result.error.issues.map((issue) => `${file}: ${placed(issue)}${whatIsWrong(issue, json)}.`)
  const more = sentences.length - shownFaults
  throw new FileFault([...sentences.slice(0, shownFaults), ...(more > 0 ? [`… and ${more} more.`] : [])].join('\n'))
}

type Issue = z.core.$ZodIssue

/** "goods[2].pays.perUnit: " */
function placed({ path }: Issue): string {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return place === '' ? '' : `${place.replace(/^\./, '')}: `
}

/** By the pattern of a text, what it has to be. */
const formats: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^\((0\||\[1-9\]\\d\{0,14\}\|)/, 'is an amount: whole tiyn in quotes, "120000" for 1 200,00 ₸'],
  [/^\[a-z0-9\]\[/, 'is a name: 2 to 63 of a–z, 0–9, dot and hyphen, with a letter or digit first'],
  [/^20\\d\\d-/, 'is a day in quotes, "2026-09-01", from 2000 to 2099'],
  [/^\(\[01\]\\d\|/, 'is a time of a day in quotes, "08:00", "24:00" at the latest'],
  [/^\[A-Z\]\[A-Za-z_\]/, 'is a time zone in the spelling of the zone database, "Asia/Almaty"'],
  [/^\[0-9A-Za-z-\]\{1,32\}/, 'is the name of a period: 1 to 32 letters a–z, A–Z, digits and hyphens'],
  [/^\\d\{14\}/, 'is a GTIN: 14 digits in quotes, a shorter one with zeros before it'],
]

function whatIsWrong(issue: Issue, json: unknown): string {
  const given = valueAt(json, issue.path)
  if (given === undefined && issue.path.length > 0) return 'is missing'
  if (issue.code === 'unrecognized_keys') return `has no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`
  const rule = rules[issue.message]
  if (rule !== undefined) return `${rule}: ${JSON.stringify(given)}`
  if (issue.code === 'invalid_format') {
    const pattern = 'pattern' in issue ? String(issue.pattern).replace(/^\/\^?/, '') : ''
    const format = formats.find(([begins]) => begins.test(pattern))
    if (format !== undefined) return `${format[1]}, not ${JSON.stringify(given)}`
  }
  if (issue.code === 'invalid_type' && issue.expected === 'string' && typeof given === 'number')
    return `stands in quotes: "${given}"`
  return issue.message.replace(/^Invalid input: /, '')
}

/** A rule of one value says what holds of a right one; what does not hold here is said with the value. */
const rules: Readonly<Record<string, string>> = {
  'the check digit fits': 'is no GTIN, its last digit does not fit the others',
  'a day of the calendar': 'is a day that no calendar has',
  'more than nothing': 'is nothing, and must be more',
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    json,
  )
}
