/**
 * What a terminal knows about the world, as one immutable, signed, versioned package (architecture.md, "Trust"). A tap
 * uses exactly one package, named in its intent.
 */
import { z } from 'zod'
import { cardsNotActivatedSchema } from './activation.ts'
import { hotlistSchema } from './hotlist.ts'
import {
  gtinSchema,
  hashSchema,
  instantSchema,
  nameSchema,
  pseudonymSchema,
  textsSchema,
  uuidSchema,
} from './identifiers.ts'
import { tiynSchema } from './money.ts'
import { anySchemeSchema } from './scheme.ts'
import { slotSchema } from './slot.ts'
import { merchantPlaceSchema } from './where.ts'

/** A key sealed to the terminal's encryption key (`src/sync/protocol/sealed-box.ts`), base64url. */
export const sealedSchema = z.string().regex(/^[A-Za-z0-9_-]{40,}$/)

/** One beneficiary's slot given to one till, with what that till needs to hear the card's proof without the ledger. */
export const leasedSlotSchema = z.strictObject({
  slot: slotSchema,
  cards: z
    .array(z.strictObject({ card: pseudonymSchema, sealedTillKey: sealedSchema.optional() }))
    .min(1)
    .describe('Without a key: a card of the profile `uid`, which has none.'),
})
export type LeasedSlot = z.infer<typeof leasedSlotSchema>

/** An escrow account with slots, for selling offline (money-rules.md, "Offline"). */
export const leaseSchema = z.strictObject({
  leaseId: uuidSchema,
  schemeId: nameSchema,
  amount: tiynSchema.describe(
    'What was put into the escrow for this lease: the most that presentments under it can take.',
  ),
  pool: z
    .strictObject({ left: tiynSchema })
    .optional()
    .describe(
      'Of a pool (docs/design/23-pools.md): what lies in its escrow for sales that the ledger has not seen yet. ' +
        'The slots say whom the till knows, and are not held for it. Absent: the escrow is there for the slots.',
    ),
  sellUntil: instantSchema,
  presentUntil: instantSchema,
  slots: z.array(leasedSlotSchema),
})
export type Lease = z.infer<typeof leaseSchema>

export const merchantSchema = z.strictObject({
  merchantId: nameSchema.describe('The merchant, by an id that its bank gives it: one on the whole platform.'),
  accountId: nameSchema.describe(
    'The account that its tills are paid to, at the bank that registers it. It never changes.',
  ),
  name: textsSchema,
  address: textsSchema,
  /** What its bank says of where it is and what it deals in. */
  ...merchantPlaceSchema.shape,
})
export type Merchant = z.infer<typeof merchantSchema>

/** A tile of the till. */
export const catalogueItemSchema = z.strictObject({
  itemId: nameSchema.describe('The article, by the merchant’s id.'),
  name: textsSchema,
  category: nameSchema.describe('By which schemes and rules know what it is.'),
  gtin: gtinSchema.optional(),
  unitPrice: tiynSchema.describe('Of one piece, tax included.'),
})
export type CatalogueItem = z.infer<typeof catalogueItemSchema>

/**
 * What a till needs for cards that count themselves (docs/design/22-tolem-applet.md, "Keys and certificates"), in
 * base64url.
 */
export const appletTrustSchema = z.strictObject({
  rootKeys: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{86}$/))
    .min(1)
    .describe("Public keys, 64 bytes each: what issuers' certificates are checked with."),
  /** This till's certificate for the key that it signs with now, 201 bytes; null where it has none or is not active. */
  terminalCertificate: z
    .string()
    .regex(/^[A-Za-z0-9_-]{268}$/)
    .nullable(),
})
export type AppletTrust = z.infer<typeof appletTrustSchema>

export const terminalPackageSchema = z.strictObject({
  packageId: uuidSchema,
  version: z
    .int()
    .min(1)
    .describe('Rises by one with each package of this terminal; a lower one is refused (rollback).'),
  terminalId: nameSchema,
  engineVersion: z.int().min(1).describe('The rule function that decides under this package.'),
  issuedAt: instantSchema,
  merchant: merchantSchema,
  cardReferenceKey: hashSchema.describe("Key of the keyed hash that stands for a card's UID, 32 bytes of hex."),
  schemes: z.array(anySchemeSchema),
  leases: z.array(leaseSchema),
  notActivated: z
    .array(cardsNotActivatedSchema)
    .optional()
    .describe('Of schemes that are leased to this terminal. Absent where no card waits for activation.'),
  cards: appletTrustSchema
    .optional()
    .describe(
      'Absent where no scheme of this package leaves the counting to the card: a till of before reads that one.',
    ),
  hotlist: hotlistSchema,
  catalogue: z.array(catalogueItemSchema),
  categories: z
    .array(z.strictObject({ category: nameSchema, name: textsSchema }))
    .describe('Names of the categories in which a bare amount may be rung up.'),
})
export type TerminalPackage = z.infer<typeof terminalPackageSchema>
