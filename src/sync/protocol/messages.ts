/**
 * The messages between a terminal and the ledger. One schema serves both ends, the OpenAPI document and the tests.
 * Every request is signed by the terminal, every answer by the ledger (`http-signature.ts`).
 */
import { z } from 'zod'
import { decisionInputSchema, decisionSchema } from '../../voucher/decide.ts'
import { hotlistDeltaSchema } from '../../voucher/hotlist.ts'
import { hashSchema, instantSchema, nameSchema, pseudonymSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { refundReasons } from '../../voucher/refund.ts'
import { positiveTiynSchema, tiynSchema } from '../../voucher/money.ts'
import { coveredLineSchema, saleSchema } from '../../voucher/sale.ts'
import { identificationProfileSchema } from '../../voucher/card-rules.ts'
import { sealedSchema, terminalPackageSchema } from '../../voucher/package.ts'
import { refusalCodes } from '../../voucher/reasons.ts'
import { slotIdSchema, slotSchema } from '../../voucher/slot.ts'
import { cardProofSchema, sunSchema, tenderTermsSchema } from '../../voucher/tender.ts'
import { lossCodes } from './loss-codes.ts'
import { encryptionJwkSchema } from './sealed-box.ts'
import { keyIdSchema, publicJwkSchema } from './keys.ts'
import { recordSourcesSchema } from './record-sources.ts'

export const signatureSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{86}$/)
  .describe('A signature, 64 bytes, base64url.')

/** Where a row stands in the terminal's journal (money-rules.md, "Journal"). */
export const journalPositionSchema = z.strictObject({
  epoch: z.int().min(1).describe('Which life of the journal: it rises when a copy was put back.'),
  sequence: z.int().min(1).describe('Which row, counted from 1.'),
  hash: hashSchema.describe('Of that row, which has the hash of the one before it in it.'),
})
export type JournalPosition = z.infer<typeof journalPositionSchema>

/**
 * Why this payment was right, for replay. The schemes are those of the package, which the ledger issued and keeps, so
 * they are named and not repeated.
 */
export const decisionRecordSchema = z.strictObject({
  packageId: uuidSchema.describe('The package under which it was decided.'),
  packageHash: hashSchema.describe('Over `tolem/package/1` and that package.'),
  hotlistVersion: z.int().min(1).describe('Of the list of blocked cards that was asked.'),
  sources: recordSourcesSchema.optional().describe('Absent in records of terminals that did not name them yet.'),
  input: decisionInputSchema.omit({ schemes: true }).describe('What the rule function was given, but the schemes.'),
  decision: decisionSchema.describe('What it said: the ledger asks it again and must hear the same.'),
  part: z.int().min(0).describe("Which of the decision's parts this tender is."),
})
export type DecisionRecord = z.infer<typeof decisionRecordSchema>

export const evidenceSchema = z.strictObject({
  cardProof: cardProofSchema.describe('What the card said about this tender.'),
  record: decisionRecordSchema.describe('Why this payment was right, for replay.'),
  signature: signatureSchema.describe(
    "Terminal's signature: tag `tolem/decision-record/1`, over `{ record, cardProof, terms }`.",
  ),
})
export type Evidence = z.infer<typeof evidenceSchema>

/** An authorisation: goods not given yet; a refusal is final for its id (money-rules.md, "One payment"). */
export const authorisationSchema = z.strictObject({
  terms: tenderTermsSchema.describe('What is to be paid: this and nothing else is what its id names.'),
  evidence: evidenceSchema.describe('Why: no part of the identity.'),
})
export type Authorisation = z.infer<typeof authorisationSchema>

export const presentmentSchema = z.strictObject({
  kind: z.literal('presentment'),
  terms: tenderTermsSchema.describe('What is to be paid: this and nothing else is what its id names.'),
  leaseId: uuidSchema.optional().describe('Absent of a card that counts itself (docs/design/25-policy-card.md).'),
  decidedAt: instantSchema.describe('By the till’s trusted time, ms since 1970.'),
  position: journalPositionSchema.describe('Where its row stands in the till’s journal.'),
  evidence: evidenceSchema.describe('Why: no part of the identity.'),
})
export type Presentment = z.infer<typeof presentmentSchema>

/**
 * What a payment by QR is asked for: the financial terms that its id names, and until when anybody may pay it
 * (docs/design/17-qr-payment.md).
 */
export const paymentRequestTermsSchema = z.strictObject({
  tenderId: uuidSchema.describe('The request, and the tender that it becomes: a UUIDv7 that the till makes.'),
  payeeAccount: nameSchema.describe('The account of the till’s merchant.'),
  amount: positiveTiynSchema,
  saleHash: hashSchema.describe(
    'Of the sale: SHA-256 over `tolem/sale/1`, a zero byte and its canonical JSON, in hex.',
  ),
  expiresAt: instantSchema.describe('From then on nobody can pay it; an hour from now at most.'),
})
export type PaymentRequestTerms = z.infer<typeof paymentRequestTermsSchema>

/** More than nothing of a line. */
const linePartSchema = coveredLineSchema.extend({ amount: positiveTiynSchema })

/** What a payment by QR was for. The sale is the one whose hash its terms name; the parts add up to its amount. */
export const soldByQrSchema = z.strictObject({ sale: saleSchema, paid: z.array(linePartSchema).min(1).max(500) })

/**
 * The sale is closed: what was held for its tender by QR becomes the merchant's. `sold` shows the ledger the lines that
 * rules at the point of sale are applied to (docs/design/19-rules.md); `at` is when the sale was closed. Terminals of
 * before 2026-11-27 do not send it. Evidence is no part of the tender's identity.
 */
export const captureSchema = z.strictObject({
  kind: z.literal('capture'),
  tenderId: uuidSchema,
  sold: soldByQrSchema.extend({ at: instantSchema }).optional(),
  position: journalPositionSchema.describe('Where its row stands in the till’s journal.'),
})
export type Capture = z.infer<typeof captureSchema>

/** The terminal disowns an attempt that it never completed, in whatever state the ledger has it. */
export const reversalSchema = z.strictObject({
  kind: z.literal('reversal'),
  tenderId: uuidSchema,
  reason: z.enum(['customer_left', 'cashier_cancelled', 'interrupted', 'void']),
  position: journalPositionSchema.describe('Where its row stands in the till’s journal.'),
})
export type Reversal = z.infer<typeof reversalSchema>

/** The till gives a slot back for good; only then may the ledger free it before `presentUntil`. */
export const surrenderSchema = z.strictObject({
  kind: z.literal('surrender'),
  surrenderId: uuidSchema,
  leaseId: uuidSchema,
  slotId: slotIdSchema,
  position: journalPositionSchema.describe('Where its row stands in the till’s journal.'),
})

/** A new payment back, against a completed sale of the same merchant (money-rules.md, "Words"). Needs the ledger. */
export const refundSchema = z.strictObject({
  kind: z.literal('refund'),
  refundId: uuidSchema,
  tenderId: uuidSchema.describe('The tender that paid.'),
  amount: positiveTiynSchema,
  /** Of which lines of the sale, each at most what the tender paid of it. They add up to the amount. */
  lines: z.array(linePartSchema).min(1).max(1_000),
  reason: z.enum(refundReasons),
  position: journalPositionSchema.describe('Where its row stands in the till’s journal.'),
})
export type Refund = z.infer<typeof refundSchema>

/** What waits at a till for the ledger, and what an export carries. */
export const syncItemSchema = z.discriminatedUnion('kind', [
  presentmentSchema,
  reversalSchema,
  surrenderSchema,
  refundSchema,
  captureSchema,
])
export type SyncItem = z.infer<typeof syncItemSchema>

export function syncItemIdOf(item: SyncItem): string {
  switch (item.kind) {
    case 'presentment':
      return item.terms.tenderId
    case 'reversal':
    case 'capture':
      return `${item.kind}:${item.tenderId}`
    case 'surrender':
      return item.surrenderId
    case 'refund':
      return item.refundId
    default:
      return item satisfies never
  }
}

/** How the id stood when the item arrived (money-rules.md, "Identity"). */
export const arrivalSchema = z.enum([
  'created',
  'exists',
  'exists_with_different_payer_slot',
  'exists_with_different_payee_account',
  'exists_with_different_amount',
  'exists_with_different_scheme_id',
  'exists_with_different_sale_hash',
  'exists_with_different_expiry',
  'reversed_before_arrival',
])
export type Arrival = z.infer<typeof arrivalSchema>

/**
 * The ledger's word on one item. For `exists…` it is the *original* result.
 * - `settled`: `paidBy` has paid the merchant.
 * - `held`: the payer of a QR has set the amount aside; it is the merchant's as soon as the till captures it.
 * - `awaiting_funds`: accepted and will be paid; changes come by the status feed.
 * - `refused`: an authorisation or a refund that moved nothing. Final for its id.
 * - `not_paid`: a presentment that nobody pays, or the merchant bears, with a loss code and an appeal row.
 * - `reversed`: nothing moved, or what had moved was moved back.
 * - `done`: a surrender, a refund.
 * - `awaiting_proof`: of a torn payment of a card that counts itself. Nobody knows yet whether it was debited; a later
 *   record of the card says so, and the change comes by the status feed.
 */
export const itemResultSchema = z.strictObject({
  itemId: z.string(),
  arrival: arrivalSchema,
  state: z.enum(['settled', 'held', 'awaiting_funds', 'refused', 'not_paid', 'reversed', 'done', 'awaiting_proof']),
  paidBy: z.enum(['escrow', 'agency', 'individual']).nullable(),
  amount: tiynSchema,
  refusal: z.enum(refusalCodes).nullable(),
  loss: z.enum(lossCodes).nullable(),
  slot: slotSchema.nullable().describe("The slot's figures after this item, for the screen and the till's own book."),
  at: instantSchema,
})
export type ItemResult = z.infer<typeof itemResultSchema>

/** Signed by the ledger one by one (tag `tolem/item-result/1`), so that a till can keep and show each. */
export const signedItemResultSchema = z.strictObject({ result: itemResultSchema, signature: signatureSchema })
export type SignedItemResult = z.infer<typeof signedItemResultSchema>

/** How much one request or answer holds. */
export const pageLimits = { batchItems: 500, events: 1_000 } as const

export const batchSchema = z.strictObject({ items: z.array(syncItemSchema).min(1).max(pageLimits.batchItems) })
/** One answer per item, in the order of the items. An item that could not be read is answered `parked`, alone. */
export const batchAnswerSchema = z.strictObject({ results: z.array(signedItemResultSchema) })

/** Opens a request for a payment by QR. The customer has not seen it yet. */
export const paymentRequestSchema = z.strictObject({ terms: paymentRequestTermsSchema })
export const paymentRequestAnswerSchema = z.discriminatedUnion('kind', [
  /** It stands open and waits for its payer. */
  z.strictObject({ kind: z.literal('open') }),
  /** It is the ledger's already, with this result: paid, disowned, or under other terms. */
  z.strictObject({ kind: z.literal('known'), item: signedItemResultSchema }),
])

/** A CBDC card pays an open request in the place of a wallet (docs/design/29-cbdc-card.md). */
export const requestCardPaymentSchema = z.strictObject({
  requestId: uuidSchema,
  /** Bound to the terms of the request. */
  proof: z.strictObject({ profile: z.literal('ntag424'), sun: sunSchema }),
})
export const requestCardPaymentAnswerSchema = z.discriminatedUnion('kind', [
  /** The card has paid: the item's result comes by the status feed or an inquiry, as when a wallet has paid. */
  z.strictObject({ kind: z.literal('held') }),
  /** Nobody can pay it any more, or another has: what became of it comes the same way. */
  z.strictObject({ kind: z.literal('over') }),
  /** Nothing was done; the request stands open. */
  z.strictObject({
    kind: z.literal('refused'),
    code: z.enum([
      'CARD_UNKNOWN',
      'CARD_BLOCKED',
      'CARD_PROOF_FORGED',
      'CARD_PROOF_REPLAYED',
      'CARD_COUNTER_WENT_BACK',
      'CARD_BINDING_MISMATCH',
      'CARD_ANSWER_MALFORMED',
      'CARD_OF_NO_ACCOUNT',
      'CARD_SUM_NOT_ALLOWED',
    ]),
  }),
])

/**
 * Asks what became of an id. `not_seen` is not an outcome: the request may still be on its way. Nor is `open`: nobody
 * has paid the QR yet.
 */
export const inquirySchema = z.strictObject({ tenderId: uuidSchema })
export const inquiryAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('known'), item: signedItemResultSchema }),
  z.strictObject({ kind: z.literal('not_seen') }),
  z.strictObject({ kind: z.literal('open') }),
])

/**
 * Opens the ledger's side of a presence for a card that is not leased to this till. One of `encryptedRndB` and
 * `profile`: of a card that proves itself, or of one that only says who it is.
 */
export const cardSessionRequestSchema = z
  .strictObject({
    cardSessionId: uuidSchema,
    card: pseudonymSchema,
    /** The card's answer to AuthenticateEV2First part 1, hex. */
    encryptedRndB: z
      .string()
      .regex(/^[0-9A-F]{32}$/)
      .optional(),
    profile: identificationProfileSchema.optional(),
    schemes: z
      .array(nameSchema)
      .max(100)
      .optional()
      .describe('Schemes that would pay for something of the basket: another till is asked for a slot of these only.'),
    /** The till has a pool that may pay for this card: it reads `besidePools`. */
    hasPool: z.literal(true).optional(),
    paymentRequest: uuidSchema
      .optional()
      .describe("The open request that the card is to pay from its holder's account, in place of schemes."),
  })
  .refine(
    ({ encryptedRndB, profile }) => (encryptedRndB === undefined) !== (profile === undefined),
    'encryptedRndB or profile, and not both',
  )
  .refine(
    ({ paymentRequest, profile, schemes }) =>
      paymentRequest === undefined || (profile === undefined && schemes === undefined),
    'a payment request is paid by a card that proves itself, and by no scheme',
  )
/**
 * To a till that asked for it, of the slots' schemes that have lent it a pool: what each can still pay by itself, where
 * that is less than the slot has left. An authorisation for more is refused.
 */
const besidePoolsSchema = z.array(z.strictObject({ schemeId: nameSchema, canPay: tiynSchema })).optional()
export const cardSessionAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('open'),
    blocked: z.boolean(),
    slots: z.array(slotSchema),
    besidePools: besidePoolsSchema,
    /**
     * Schemes of this card whose slot another till holds. The card is authenticated all the same: proved to be here,
     * it is a reason to ask that till for the slot.
     */
    leasedElsewhere: z.array(nameSchema),
    /** Data of AuthenticateEV2First part 2 to send to the card, hex (32 bytes). */
    authenticationPart2: z.string().regex(/^[0-9A-F]{64}$/),
  }),
  /** As `open`, of a card with which nothing is authenticated. */
  z.strictObject({
    kind: z.literal('identified'),
    slots: z.array(slotSchema),
    besidePools: besidePoolsSchema,
    leasedElsewhere: z.array(nameSchema),
  }),
  z.strictObject({
    kind: z.literal('refused'),
    code: z.enum([
      'CARD_UNKNOWN',
      'CARD_BLOCKED',
      'CARD_KIND_NOT_ACCEPTED',
      'CARD_OF_ACCOUNT',
      'CARD_OF_NO_ACCOUNT',
      'NO_ENTITLEMENT',
      'ACTIVATION_LAPSED',
      'QR_NOT_OPENED',
    ]),
  }),
])
export const cardSessionKeysRequestSchema = z.strictObject({
  cardSessionId: uuidSchema,
  /** The card's answer to part 2, hex (32 bytes). */
  authenticationPart3: z.string().regex(/^[0-9A-F]{64}$/),
})
export const cardSessionKeysAnswerSchema = z.discriminatedUnion('kind', [
  /** 36 bytes sealed to the terminal: TI (4), KSesAuthENC (16), KSesAuthMAC (16). Never the card's own key. */
  z.strictObject({ kind: z.literal('session'), sealedSession: sealedSchema }),
  z.strictObject({ kind: z.literal('refused'), code: z.enum(['CARD_AUTHENTICATION_FAILED']) }),
])

const base64urlOf = (from: number, to = from) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((from * 4) / 3)},${Math.ceil((to * 4) / 3)}}$`))

/** A card that counts itself lies here: what does its issuer say to it (docs/design/25-policy-card.md, "Scripts")? */
export const cardScriptRequestSchema = z.strictObject({
  card: pseudonymSchema,
  scriptCounter: z.int().min(0).max(0xffff_ffff).describe('As READ SLOTS said.'),
})
export const cardScriptAnswerSchema = z.discriminatedUnion('kind', [
  /** To be carried to the card as it is, base64url. The same again for as long as its counter is the card's next. */
  z.strictObject({ kind: z.literal('script'), script: base64urlOf(102, 1024) }),
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('refused'), code: z.enum(['CARD_UNKNOWN']) }),
])
/** What the card answered to a script: 244 bytes, base64url. */
export const cardReceiptRequestSchema = z.strictObject({ card: pseudonymSchema, receipt: base64urlOf(244) })
export const cardReceiptAnswerSchema = z.strictObject({ arrival: z.enum(['created', 'exists']) })

/** Asks for a newer package than the one named. */
export const packageRequestSchema = z.strictObject({
  haveVersion: z.int().min(0).describe('Of the package that is here; 0 for none.'),
  haveHotlist: z
    .int()
    .min(1)
    .optional()
    .describe('Version of the hotlist that is here, in prefixes: the next one may come as what makes it of this one.'),
})
export const signedPackageSchema = z.strictObject({ package: terminalPackageSchema, signature: signatureSchema })
export type SignedPackage = z.infer<typeof signedPackageSchema>
export const packageAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('current') }),
  z.strictObject({ kind: z.literal('newer'), signed: signedPackageSchema }),
  /** The signature is over the package with its whole hotlist. */
  z.strictObject({
    kind: z.literal('newer_by_delta'),
    signed: z.strictObject({
      package: terminalPackageSchema.extend({ hotlist: hotlistDeltaSchema }),
      signature: signatureSchema,
    }),
  }),
])

/** Shows the ledger where the journal stands; the ledger remembers and countersigns. */
export const headRequestSchema = z.strictObject({
  head: journalPositionSchema,
  unsynced: z.int().min(0).describe('How many items wait to be handed over.'),
  /**
   * The row of this journal at the place where the ledger saw it last; its hash is null when there is none. Shows that
   * the head continues what was seen. Terminals of before 2026-11-26 do not send it, and are not asked for it.
   */
  before: journalPositionSchema.extend({ hash: hashSchema.nullable() }).optional(),
})
export const headAnswerSchema = z.discriminatedUnion('kind', [
  /** Tag `tolem/journal-head/1` over `{ terminalId, head }`. */
  z.strictObject({ kind: z.literal('countersigned'), signature: signatureSchema }),
  /** The ledger has seen a later head, or another row at that place: a restored or cloned journal. */
  z.strictObject({ kind: z.literal('rollback_detected'), seen: journalPositionSchema }),
  /** The ledger saw the journal at another place last than `before` names: the head is to be shown with this row. */
  z.strictObject({ kind: z.literal('show_row'), at: journalPositionSchema.omit({ hash: true }) }),
])

export const wayOuts = ['appeal_to_agency', 'look_into_till', 'none'] as const
export const appealStates = ['open', 'accepted', 'refused', 'withdrawn', 'given_back'] as const

/** Where ledger and till disagree, as its terminal is told (money-rules.md, "Words"). */
export const discrepancySchema = z.strictObject({
  discrepancyId: uuidSchema,
  tenderId: uuidSchema.nullable(),
  code: z.string().max(100),
  owner: z.enum(['merchant', 'agency']).describe('Who bears it, or has to explain it.'),
  amount: tiynSchema,
  at: instantSchema.describe('When it was filed.'),
  wayOut: z.enum(wayOuts),
  appeal: z.enum(appealStates).nullable().describe('Of the appeal; null while nobody has appealed.'),
})
export type Discrepancy = z.infer<typeof discrepancySchema>

/** What happened at the ledger since the cursor; at least once, in order, stable ids. */
export const eventsRequestSchema = z.strictObject({
  after: z.int().min(0).describe('The cursor of the last event that was dealt with; 0 for the first.'),
  limit: z.int().min(1).max(pageLimits.events).describe('How many at most.'),
})
export const statusEventSchema = z.strictObject({
  cursor: z.int().min(1),
  at: instantSchema,
  event: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('item'), item: signedItemResultSchema }),
    z.strictObject({ kind: z.literal('package_available'), version: z.int() }),
    /** Filed, or what became of its appeal. */
    z.strictObject({ kind: z.literal('discrepancy'), discrepancy: discrepancySchema }),
    /** The card of this slot is at another till: give the slot up, unless something was sold on it. */
    z.strictObject({ kind: z.literal('surrender_wanted'), leaseId: uuidSchema, slotId: slotIdSchema }),
  ]),
})
export type StatusEvent = z.infer<typeof statusEventSchema>
export const eventsAnswerSchema = z.strictObject({ events: z.array(statusEventSchema), cursor: z.int().min(0) })

/** What a till is born with. Later a one-time code fetches it (issue "Exact truth"); the form stays. */
export const enrolmentSchema = z.strictObject({
  terminalId: nameSchema,
  merchantId: nameSchema,
  ledgerKey: publicJwkSchema,
  terminalKey: publicJwkSchema,
  encryptionKey: encryptionJwkSchema,
})
export type Enrolment = z.infer<typeof enrolmentSchema>
export const enrolmentRequestSchema = z.strictObject({
  code: z.string().min(6).max(64).describe('The one-time code, with the beginning of the ledger’s key in it.'),
  terminalKey: publicJwkSchema.describe('The till’s public key, P-256: it signs with it from now on.'),
  encryptionKey: encryptionJwkSchema.describe('The till’s public key, X25519: card keys are sealed to it.'),
})

/**
 * The terminal changes its keys (docs/design/14-trust.md, "Change of keys"). The request is signed by the key that
 * goes, or, where that one is heard no more, by the one that comes; `proof` always by the one that comes: tag
 * `tolem/key-rotation/1` over `{ terminalId, formerKey, terminalKey, encryptionKey }`.
 */
export const keyRotationRequestSchema = z.strictObject({
  formerKey: keyIdSchema.describe('RFC 7638 thumbprint.'),
  terminalKey: publicJwkSchema,
  encryptionKey: encryptionJwkSchema,
  proof: signatureSchema,
})
export const keyRotationAnswerSchema = z.strictObject({
  arrival: z.enum(['created', 'exists']),
  keyId: keyIdSchema.describe('The key that the terminal signs with from now on.'),
})

/** Terminal endpoints: path → request and answer. All POST, all JSON, all signed. */
export const terminalEndpoints = {
  '/v1/terminal/card-sessions': { request: cardSessionRequestSchema, answer: cardSessionAnswerSchema },
  '/v1/terminal/card-session-keys': { request: cardSessionKeysRequestSchema, answer: cardSessionKeysAnswerSchema },
  '/v1/terminal/card-scripts': { request: cardScriptRequestSchema, answer: cardScriptAnswerSchema },
  '/v1/terminal/card-receipts': { request: cardReceiptRequestSchema, answer: cardReceiptAnswerSchema },
  '/v1/terminal/authorisations': { request: authorisationSchema, answer: signedItemResultSchema },
  '/v1/terminal/payment-requests': { request: paymentRequestSchema, answer: paymentRequestAnswerSchema },
  '/v1/terminal/payment-requests/card-payments': {
    request: requestCardPaymentSchema,
    answer: requestCardPaymentAnswerSchema,
  },
  '/v1/terminal/batches': { request: batchSchema, answer: batchAnswerSchema },
  '/v1/terminal/inquiries': { request: inquirySchema, answer: inquiryAnswerSchema },
  '/v1/terminal/packages': { request: packageRequestSchema, answer: packageAnswerSchema },
  '/v1/terminal/heads': { request: headRequestSchema, answer: headAnswerSchema },
  '/v1/terminal/events': { request: eventsRequestSchema, answer: eventsAnswerSchema },
  '/v1/terminal/key-rotations': { request: keyRotationRequestSchema, answer: keyRotationAnswerSchema },
} as const
export type TerminalPath = keyof typeof terminalEndpoints
