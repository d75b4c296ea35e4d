/**
 * At which merchants a scheme pays: those it names, and those of its regions and kinds. One answer for till and ledger,
 * for packages, leases, decisions and the explanation.
 */
import { z } from 'zod'
import { nameSchema } from './identifiers.ts'

/**
 * A place in Kazakhstan's classifier of administrative-territorial objects (НК РК 11-2021, "КАТО"): nine digits, two
 * for the region or city of republican significance, two for the district or town, two for the rural district, three
 * for the settlement. Zeros from the right say that the code stands for the whole of what is above them.
 */
export const regionSchema = z
  .string()
  .regex(/^(?:0[1-9]|[1-9]\d)\d{7}$/)
  .describe(
    'A place in Kazakhstan by its KATO code, nine digits: zeros from the right stand for the whole of what is above.',
  )

/** What a merchant deals in: a merchant category code of ISO 18245, four digits (8211 schools, 5411 groceries). */
export const merchantKindSchema = z
  .string()
  .regex(/^\d{4}$/)
  .describe('What a merchant deals in: a merchant category code of ISO 18245, four digits.')

export const whereSchema = z.strictObject({
  regions: z.array(regionSchema).max(1_000).describe("The merchant's place is in one of them; empty for everywhere."),
  kinds: z.array(merchantKindSchema).max(1_000).describe('The merchant is of one of them; empty for all kinds.'),
  except: z.array(nameSchema).max(10_000).describe('Merchants that do not come in by region and kind.'),
})
export type Where = z.infer<typeof whereSchema>

/** What the merchant's bank has registered of it; nothing of a merchant from before, which only a name brings in. */
export const merchantPlaceSchema = z.strictObject({
  region: regionSchema.optional(),
  kind: merchantKindSchema.optional(),
})
export type MerchantPlace = z.infer<typeof merchantPlaceSchema>

/** What a merchant says of its place, and nothing else of it. */
export function placeOf({ region, kind }: MerchantPlace): MerchantPlace {
  return { ...(region === undefined ? {} : { region }), ...(kind === undefined ? {} : { kind }) }
}

/** As a decision's input carries it: not at all where there is nothing to say. */
export function placeForDecision(merchant: MerchantPlace): { readonly merchantPlace?: MerchantPlace } {
  const place = placeOf(merchant)
  return Object.keys(place).length === 0 ? {} : { merchantPlace: place }
}

export function isSamePlace(one: MerchantPlace, other: MerchantPlace): boolean {
  return one.region === other.region && one.kind === other.kind
}

/**
 * Whether a scheme pays at a merchant. A merchant that is named always is in. Another one is where the scheme says so
 * in general (`where`): in one of the regions, if any are given, and of one of the kinds, if any are given, and not
 * among the exceptions. A merchant of which region or kind is not known is in no region and of no kind.
 */
export function isMerchantIn(
  { merchants, where }: { readonly merchants: readonly string[]; readonly where?: Where | undefined },
  merchantId: string,
  { region, kind }: MerchantPlace,
): boolean {
  if (merchants.includes(merchantId)) return true
  if (where === undefined || where.except.includes(merchantId)) return false
  const { regions, kinds } = where
  const isInRegion = regions.length === 0 || (region !== undefined && regions.some((one) => contains(one, region)))
  return isInRegion && (kinds.length === 0 || (kind !== undefined && kinds.includes(kind)))
}

/** Whether a place of the classifier is another one, or a part of it. */
export function contains(region: string, place: string): boolean {
  return place.startsWith(region.replace(emptyLevels, ''))
}

/** Whole levels only: 111010000 is the town 11-10-10, and the last zero of 10 is its own. */
const emptyLevels = /(?:(?:00)?00)?000$/
