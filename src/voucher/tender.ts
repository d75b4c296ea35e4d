/**
 * A tender's identity: one UUIDv7 made before anything else, naming financial terms. Evidence and mode are attachments,
 * so a tender tried online and then accepted offline keeps its id (money-rules.md, "Identity").
 */
import { z } from 'zod'
import { hashSchema, nameSchema, pseudonymSchema, uuidSchema, type Texts } from './identifiers.ts'
import { slotIdSchema } from './slot.ts'
import { tiynSchema } from './money.ts'

/**
 * Stands where screens, reports and slips name the scheme that paid: the customer's own Digital Tenge, by QR. No scheme
 * may have this id.
 */
export const dtByQr = 'dt-by-qr'
export const dtByQrName: Texts = { kk: 'Цифрлық теңге (QR)', ru: 'Цифровой тенге (QR)', en: 'Digital Tenge (QR)' }

export const tenderTermsSchema = z.strictObject({
  tenderId: uuidSchema.describe('This way of paying a part of a sale: a UUIDv7 that the till makes before all else.'),
  payerSlot: slotIdSchema.describe('Which allowance pays: `<scheme>/<beneficiary>/<period>`.'),
  payeeAccount: nameSchema.describe('The account of the till’s merchant.'),
  amount: tiynSchema,
  schemeId: nameSchema.describe('The scheme of that allowance.'),
  saleHash: hashSchema.describe(
    'Of the sale: SHA-256 over `tolem/sale/1`, a zero byte and its canonical JSON, in hex.',
  ),
})
export type TenderTerms = z.infer<typeof tenderTermsSchema>

/** The fields in which a second use of an id can differ, in the order in which the first difference is reported. */
export const termFields = [
  'payerSlot',
  'payeeAccount',
  'amount',
  'schemeId',
  'saleHash',
] as const satisfies readonly (keyof TenderTerms)[]
export type TermField = (typeof termFields)[number]

/** The first field in which two uses of one id differ, or undefined when they are the same tender. */
export function differingTerm(first: TenderTerms, second: TenderTerms): TermField | undefined {
  return termFields.find((field) => first[field] !== second[field])
}

/** The sale-bound SUN message of an NTAG 424 DNA, upper-case hex (docs/design/02-sale-bound-sun.md). */
export const sunSchema = z.strictObject({
  e: z
    .string()
    .regex(/^[0-9A-F]{32}$/)
    .describe('Encrypted UID and counter, as the card gave them.'),
  b: z
    .string()
    .regex(/^[0-9A-F]{64}$/)
    .describe('What the till wrote: the hash of the terms.'),
  m: z
    .string()
    .regex(/^[0-9A-F]{16}$/)
    .describe('The card’s MAC over both, shortened.'),
})
export type Sun = z.infer<typeof sunSchema>

/** The issuer's signature on an NTAG21x (docs/design/24-card-profiles.md, "The issuer's record"), base64url. */
export const issuerRecordSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{86}$/)
  .describe('The issuer’s signature on the card, 64 bytes, base64url.')

/** Text of so many bytes. */
const base64url = (bytes: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`))

/**
 * The record of the debit with the card's signature, 348 bytes. Or, of a payment that was torn and whose card did not
 * come back, the 284 bytes that the card would have signed: the card's next record shows whether it did.
 */
export const appletProofSchema = z.strictObject({
  profile: z.literal('tolem-applet'),
  record: z.union([base64url(348), base64url(284)]).describe('The card’s record of the debit, base64url.'),
  cardCertificate: base64url(187).describe('By which the record is checked, base64url.'),
  issuerCertificate: base64url(185).describe('By which the card’s certificate is checked, base64url.'),
})

/**
 * What the card said about this tender, or, of a card that only says who it is, which card the terminal says lay there:
 * the terminal's word and no more (docs/design/24-card-profiles.md, "What is evidence"). Of an applet card its own
 * record, in base64url, and what shows whose signature it is (docs/design/22-tolem-applet.md).
 */
export const cardProofSchema = z.discriminatedUnion('profile', [
  z.strictObject({ profile: z.literal('ntag424'), sun: sunSchema.describe('The card’s message over this sale.') }),
  z.strictObject({ profile: z.literal('uid'), card: pseudonymSchema }),
  z.strictObject({ profile: z.literal('ntag21x'), card: pseudonymSchema, record: issuerRecordSchema }),
  appletProofSchema,
])
export type CardProof = z.infer<typeof cardProofSchema>

/** Of a card that only says who it is. */
export type IdentificationProof = Extract<CardProof, { profile: 'uid' | 'ntag21x' }>
/** Of a card that counts itself. */
export type AppletProof = z.infer<typeof appletProofSchema>
