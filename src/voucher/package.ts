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
  /** Without a key: a card of the profile `uid`, which has none. */
  cards: z.array(z.strictObject({ card: pseudonymSchema, sealedTillKey: sealedSchema.optional() })).min(1),
})
export type LeasedSlot = z.infer<typeof leasedSlotSchema>

/** An escrow account with slots, for selling offline (money-rules.md, "Offline"). */
export const leaseSchema = z.strictObject({
  leaseId: uuidSchema,
  schemeId: nameSchema,
  /** What was put into the escrow for this lease: the most that presentments under it can take. */
  amount: tiynSchema,
  /**
   * Of a pool (docs/design/23-pools.md): what lies in its escrow for sales that the ledger has not seen yet. The slots
   * say whom the till knows, and are not held for it. Absent: the escrow is there for the slots.
   */
  pool: z.strictObject({ left: tiynSchema }).optional(),
  sellUntil: instantSchema,
  presentUntil: instantSchema,
  slots: z.array(leasedSlotSchema),
})
export type Lease = z.infer<typeof leaseSchema>

export const merchantSchema = z.strictObject({
  merchantId: nameSchema,
  accountId: nameSchema,
  name: textsSchema,
  address: textsSchema,
  /** What its bank says of where it is and what it deals in. */
  ...merchantPlaceSchema.shape,
})
export type Merchant = z.infer<typeof merchantSchema>

/** A tile of the till. */
export const catalogueItemSchema = z.strictObject({
  itemId: nameSchema,
  name: textsSchema,
  category: nameSchema,
  gtin: gtinSchema.optional(),
  unitPrice: tiynSchema,
})
export type CatalogueItem = z.infer<typeof catalogueItemSchema>

/**
 * What a till needs for cards that count themselves (docs/design/22-tolem-applet.md, "Keys and certificates"), in
 * base64url.
 */
export const appletTrustSchema = z.strictObject({
  /** Public keys, 64 bytes each: what issuers' certificates are checked with. */
  rootKeys: z.array(z.string().regex(/^[A-Za-z0-9_-]{86}$/)).min(1),
  /** This till's certificate for the key that it signs with now, 201 bytes; null where it has none or is not active. */
  terminalCertificate: z
    .string()
    .regex(/^[A-Za-z0-9_-]{268}$/)
    .nullable(),
})
export type AppletTrust = z.infer<typeof appletTrustSchema>

export const terminalPackageSchema = z.strictObject({
  packageId: uuidSchema,
  /** Rises by one with each package of this terminal; a lower one is refused (rollback). */
  version: z.int().min(1),
  terminalId: nameSchema,
  /** The rule function that decides under this package. */
  engineVersion: z.int().min(1),
  issuedAt: instantSchema,
  merchant: merchantSchema,
  /** Key of the keyed hash that stands for a card's UID, 32 bytes of hex. */
  cardReferenceKey: hashSchema,
  schemes: z.array(anySchemeSchema),
  leases: z.array(leaseSchema),
  /** Of schemes that are leased to this terminal. Absent where no card waits for activation. */
  notActivated: z.array(cardsNotActivatedSchema).optional(),
  /** Absent where no scheme of this package leaves the counting to the card: a till of before reads that one. */
  cards: appletTrustSchema.optional(),
  hotlist: hotlistSchema,
  catalogue: z.array(catalogueItemSchema),
  /** Names of the categories in which a bare amount may be rung up. */
  categories: z.array(z.strictObject({ category: nameSchema, name: textsSchema })),
})
export type TerminalPackage = z.infer<typeof terminalPackageSchema>
