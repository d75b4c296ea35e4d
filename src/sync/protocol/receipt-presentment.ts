/**
 * The QR code of a receipt: a minimal presentment that the terminal signed. When a till is destroyed before it synced,
 * the escrow still pays each sale that such a code proves (money-rules.md, "Who pays for a presented sale").
 *
 * Text: `TOLEM1.` base64url(canonical JSON array) `.` base64url(signature), the signature over the array under the tag
 * `tolem/receipt-presentment/1`. The array, in this order: tender id, payer slot without its scheme, payee account,
 * amount, scheme, sale hash, lease id or null, decided at, SUN `e`, SUN `m`, terminal id, epoch, sequence. Ids and
 * hashes are base64url of their bytes. SUN `b` is left out: it is the hash of these very terms.
 *
 * `TOLEM2.` is the same of a card that only says who it is: in place of `e` and `m` stand the profile and the card's
 * keyed hash, and behind the sequence the issuer's record, or null. A reader of before answers `version_not_known`.
 *
 * The longest possible ids give under 800 characters, everyday ones about 450: a QR code of level M on 80 mm paper.
 */
import { z } from 'zod'
import { identificationProfileSchema } from '../../voucher/card-rules.ts'
import { instantSchema, nameSchema, uuidSchema, type Instant, type Name, type Uuid } from '../../voucher/identifiers.ts'
import {
  cardProofSchema,
  issuerRecordSchema,
  tenderTermsSchema,
  type CardProof,
  type TenderTerms,
} from '../../voucher/tender.ts'
import { canonicalBytes, termsHashOf } from './canonical.ts'
import { signTagged, verifyTagged, type SigningKey, type VerifyingKey } from './keys.ts'
import { isReceiptCode, receiptCodeBeginnings } from './receipt-code.ts'

export interface ReceiptPresentment {
  readonly terms: TenderTerms
  /** Null for a tender that the ledger authorised while the customer waited. */
  readonly leaseId: Uuid | null
  readonly decidedAt: Instant
  readonly cardProof: CardProof
  readonly terminalId: Name
  /**
   * Where the tender was accepted in the terminal's journal, as its presentment says it. On paper of before 2026-11-29
   * it is the place of its intent, which stands before that.
   */
  readonly position: { readonly epoch: number; readonly sequence: number }
}

/**
 * - `not_a_receipt_code`: some other text.
 * - `version_not_known`: made by a later terminal.
 * - `damaged`: ours by its beginning, unreadable or not in the one form that a terminal writes.
 * - `signature_wrong`: readable, but not signed by that terminal's key.
 */
export type ReceiptPresentmentFault = 'not_a_receipt_code' | 'version_not_known' | 'damaged' | 'signature_wrong'

export type ReadReceiptPresentment =
  | { readonly kind: 'presentment'; readonly presentment: ReceiptPresentment }
  | { readonly kind: 'fault'; readonly code: ReceiptPresentmentFault }

const tag = 'tolem/receipt-presentment/1'
const beginnings: readonly string[] = Object.values(receiptCodeBeginnings)
/** Behind the beginning. */
const form = /^([A-Za-z0-9_-]{1,1200})\.([A-Za-z0-9_-]{86})$/

const bytesText = (bytes: number) => z.string().length(Math.ceil((bytes * 4) / 3))
const beforeCard = [
  bytesText(16),
  z.string(),
  nameSchema,
  z.string(),
  nameSchema,
  bytesText(32),
  bytesText(16).nullable(),
  instantSchema,
] as const
const afterCard = [nameSchema, z.int().min(1), z.int().min(1)] as const
const provedSchema = z.tuple([...beforeCard, bytesText(16), bytesText(8), ...afterCard])
const identifiedSchema = z.tuple([
  ...beforeCard,
  identificationProfileSchema,
  bytesText(16),
  ...afterCard,
  issuerRecordSchema.nullable(),
])
type Wire = z.infer<typeof provedSchema> | z.infer<typeof identifiedSchema>

/**
 * @throws TypeError when the slot is not of the scheme or the card's proof is not bound to the terms: such a tender is
 * never approved, so either is a broken invariant. And of an applet card, whose record has no room on the paper.
 */
export function makeReceiptPresentment(presentment: ReceiptPresentment, key: SigningKey): string {
  const wire = wireOf(presentment)
  return `${beginningOf(wire)}${bodyOf(wire)}.${signTagged(key, tag, wire)}`
}

const isIdentified = (wire: Wire): wire is z.infer<typeof identifiedSchema> =>
  wire.length === identifiedSchema.def.items.length
const beginningOf = (wire: Wire): string =>
  isIdentified(wire) ? receiptCodeBeginnings.identified : receiptCodeBeginnings.proved
const bodyOf = (wire: Wire): string => Buffer.from(canonicalBytes(wire)).toString('base64url')

/** Reads without judging who signed. */
export function readReceiptPresentment(text: string): ReadReceiptPresentment {
  const parsed = parse(text)
  return parsed.kind === 'fault' ? parsed : { kind: 'presentment', presentment: parsed.presentment }
}

/** @param terminalKey the key under which the ledger enrolled the terminal that the text names. */
export function verifyReceiptPresentment(text: string, terminalKey: VerifyingKey): ReadReceiptPresentment {
  const parsed = parse(text)
  if (parsed.kind === 'fault') return parsed
  if (!verifyTagged(terminalKey, tag, parsed.wire, parsed.signature)) return { kind: 'fault', code: 'signature_wrong' }
  return { kind: 'presentment', presentment: parsed.presentment }
}

type Parsed =
  | {
      readonly kind: 'parsed'
      readonly wire: Wire
      readonly presentment: ReceiptPresentment
      readonly signature: string
    }
  | { readonly kind: 'fault'; readonly code: ReceiptPresentmentFault }

function parse(text: string): Parsed {
  if (!isReceiptCode(text)) return { kind: 'fault', code: 'not_a_receipt_code' }
  const beginning = beginnings.find((known) => text.startsWith(known))
  if (beginning === undefined) return { kind: 'fault', code: 'version_not_known' }
  const [, body, signature] = form.exec(text.slice(beginning.length)) ?? []
  if (body === undefined || signature === undefined) return { kind: 'fault', code: 'damaged' }
  const wireSchema = beginning === receiptCodeBeginnings.proved ? provedSchema : identifiedSchema
  const wire = wireSchema.safeParse(jsonOrUndefined(Buffer.from(body, 'base64url').toString('utf8')))
  const presentment = wire.success ? presentmentOf(wire.data) : undefined
  // One presentment has one text: what does not come out the same again was not written by a terminal.
  if (!wire.success || presentment === undefined || !isWrittenAs(presentment, signature, text)) {
    return { kind: 'fault', code: 'damaged' }
  }
  return { kind: 'parsed', wire: wire.data, presentment, signature }
}

function isWrittenAs(presentment: ReceiptPresentment, signature: string, text: string): boolean {
  const wire = wireOf(presentment)
  return text === `${beginningOf(wire)}${bodyOf(wire)}.${Buffer.from(signature, 'base64url').toString('base64url')}`
}

function wireOf(presentment: ReceiptPresentment): Wire {
  const { terms, leaseId, decidedAt, cardProof, terminalId, position } = presentment
  if (!terms.payerSlot.startsWith(`${terms.schemeId}/`)) throw new TypeError('the slot is of another scheme')
  const before: BeforeCard = [
    packed(terms.tenderId),
    terms.payerSlot.slice(terms.schemeId.length + 1),
    terms.payeeAccount,
    terms.amount.toString(),
    terms.schemeId,
    packed(terms.saleHash),
    leaseId === null ? null : packed(leaseId),
    decidedAt,
  ]
  const after = [terminalId, position.epoch, position.sequence] as const
  if (cardProof.profile === 'tolem-applet') throw new TypeError('the record of a card that counts is on the card')
  if (cardProof.profile !== 'ntag424') {
    const record = cardProof.profile === 'ntag21x' ? cardProof.record : null
    return [...before, cardProof.profile, packed(cardProof.card), ...after, record]
  }
  const { e, b, m } = cardProof.sun
  if (b !== bindingOf(terms)) throw new TypeError('the card proof is bound to other terms')
  return [...before, packed(e), packed(m), ...after]
}

type BeforeCard = [string, string, string, string, string, string, string | null, number]

function presentmentOf(wire: Wire): ReceiptPresentment | undefined {
  const [
    tenderId,
    slot,
    payeeAccount,
    amount,
    schemeId,
    saleHash,
    leaseId,
    decidedAt,
    first,
    second,
    terminalId,
    epoch,
    sequence,
  ] = wire
  const terms = tenderTermsSchema.safeParse({
    tenderId: uuidOf(tenderId),
    payerSlot: `${schemeId}/${slot}`,
    payeeAccount,
    amount,
    schemeId,
    saleHash: hexOf(saleHash),
  })
  const lease = uuidSchema.nullable().safeParse(leaseId === null ? null : uuidOf(leaseId))
  if (!terms.success || !lease.success) return undefined
  const cardProof = cardProofSchema.safeParse(
    isIdentified(wire)
      ? { profile: first, card: hexOf(second), ...(wire[13] === null ? {} : { record: wire[13] }) }
      : {
          profile: 'ntag424',
          sun: { e: hexOf(first).toUpperCase(), b: bindingOf(terms.data), m: hexOf(second).toUpperCase() },
        },
  )
  if (!cardProof.success || cardProof.data.profile === 'tolem-applet') return undefined
  return {
    terms: terms.data,
    leaseId: lease.data,
    decidedAt,
    cardProof: cardProof.data,
    terminalId,
    position: { epoch, sequence },
  }
}

/** docs/design/02-sale-bound-sun.md, "The binding". */
const bindingOf = (terms: TenderTerms): string => termsHashOf(terms).toUpperCase()

const packed = (hexOrUuid: string): string => Buffer.from(hexOrUuid.replaceAll('-', ''), 'hex').toString('base64url')
const hexOf = (text: string): string => Buffer.from(text, 'base64url').toString('hex')
const uuidOf = (text: string): string => hexOf(text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
