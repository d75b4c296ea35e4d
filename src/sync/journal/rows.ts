/**
 * What the journal records: one closed list. A row is written once, in order, and never changed; the tables that the
 * till reads (`projection.ts`) follow from the rows alone (money-rules.md, "Journal").
 */
import { z } from 'zod'
import { decisionPartSchema } from '../../voucher/decide.ts'
import { hashSchema, instantSchema, pseudonymSchema, uuidSchema } from '../../voucher/identifiers.ts'
import { tiynSchema } from '../../voucher/money.ts'
import { refusalCodes } from '../../voucher/reasons.ts'
import { coveredLineSchema, saleSchema } from '../../voucher/sale.ts'
import { cashierNumberSchema, cashierSchema, shiftReportSchema } from '../../voucher/shift-report.ts'
import { appletProofSchema, tenderTermsSchema } from '../../voucher/tender.ts'
import { keyIdSchema } from '../protocol/keys.ts'
import {
  decisionRecordSchema,
  discrepancySchema,
  enrolmentSchema,
  evidenceSchema,
  journalPositionSchema,
  paymentRequestTermsSchema,
  refundSchema,
  reversalSchema,
  signatureSchema,
  signedItemResultSchema,
  soldByQrSchema,
} from '../protocol/messages.ts'

const row = <Kind extends string, Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) =>
  z.strictObject({ kind: z.literal(kind), ...shape })

/** A PIN as the journal keeps it: scrypt (RFC 7914) with its cost, so that a later till may raise it. */
export const pinHashSchema = z.strictObject({
  cost: z.int().min(2),
  blockSize: z.int().min(1),
  parallelization: z.int().min(1),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  hash: hashSchema,
})
export type StoredPin = z.infer<typeof pinHashSchema>

export const journalRowSchema = z.discriminatedUnion('kind', [
  row('epoch_started', { reason: z.enum(['first', 'rollback_detected']) }),
  row('enrolled', { enrolment: enrolmentSchema }),
  row('package_activated', { packageId: uuidSchema, version: z.int(), packageHash: hashSchema }),
  /** `sellUntil` of these leases has passed. */
  row('card_keys_erased', {
    packageId: uuidSchema,
    version: z.int(),
    /** All of this package, erased before or now, with their hashes as they were signed (tag `tolem/lease/1`). */
    leases: z.array(z.strictObject({ leaseId: uuidSchema, hash: hashSchema })).min(1),
    /** Of the package's text as it is stored since: tag `tolem/package-without-keys/1`. */
    textHash: hashSchema,
  }),
  /** The basket stops changing: its first tender starts. */
  row('sale_frozen', { sale: saleSchema, total: tiynSchema }),
  /** Before anything irreversible: the tender's id, its terms, the package and the decision it stands on. */
  row('tender_intent', {
    terms: tenderTermsSchema,
    saleId: uuidSchema,
    mode: z.enum(['online', 'offline']),
    card: pseudonymSchema,
    leaseId: uuidSchema.nullable(),
    part: decisionPartSchema,
    record: decisionRecordSchema,
    /** Of a card that counts itself: the bytes that it is to sign, and whose signature that would be. */
    debit: appletProofSchema.optional(),
  }),
  /** The ledger authorised while the customer waited. */
  row('approved_online', { tenderId: uuidSchema, evidence: evidenceSchema, item: signedItemResultSchema }),
  /** Accepted under the till's own lease; presented to the ledger later. */
  row('approved_offline', {
    tenderId: uuidSchema,
    evidence: evidenceSchema,
    leaseId: uuidSchema,
    decidedAt: instantSchema,
  }),
  /** The card has paid: its own record is in the evidence. Presented to the ledger, which is not asked before. */
  row('approved_by_card', { tenderId: uuidSchema, evidence: evidenceSchema, decidedAt: instantSchema }),
  /** Nothing moved and nothing will: final. */
  row('tender_refused', { tenderId: uuidSchema, code: z.enum(refusalCodes), item: signedItemResultSchema.nullable() }),
  /** Sent, no answer. Counts as spent until resolved. Evidence is missing only when a crash came between. */
  row('tender_unknown', { tenderId: uuidSchema, evidence: evidenceSchema.nullable() }),
  /**
   * The card left in the middle; nothing was sent to the ledger. Counts as spent until the card returns or it
   * is voided. `mayBeDebited`: of a card that counts itself, which may have paid. Such a tender is voided by the card's
   * own word alone.
   */
  row('tender_torn', { tenderId: uuidSchema, step: z.string(), mayBeDebited: z.literal(true).optional() }),
  /** The torn card is back, and its signed statement (178 bytes, base64url) proves that it has not paid: final. */
  row('tender_not_debited', { tenderId: uuidSchema, statement: z.string().regex(/^[A-Za-z0-9_-]{238}$/) }),
  /**
   * A torn card that may have paid does not come back. What it would have signed goes to the ledger, and counts as
   * spent until a later record of the card tells; the sale goes on without it.
   */
  row('debit_advised', { tenderId: uuidSchema, evidence: evidenceSchema, decidedAt: instantSchema }),
  /** The torn card is back. From here on the ledger may be asked again, so a stop can no longer be called harmless. */
  row('tender_resumed', { tenderId: uuidSchema }),
  /** Ended before anything left this till. */
  row('tender_voided', { tenderId: uuidSchema, reason: z.enum(['cancelled', 'interrupted', 'card_not_returned']) }),
  row('reversal_requested', { tenderId: uuidSchema, reason: reversalSchema.shape.reason }),
  /** The rest of a sale is to be paid by QR. Nobody has seen it: the ledger is asked first. */
  row('payment_requested', { terms: paymentRequestTermsSchema, saleId: uuidSchema }),
  /** The QR is on the screen: from here on it may be paid at any time, and is unknown until the ledger says. */
  row('payment_request_open', { tenderId: uuidSchema }),
  /**
   * Of the sale that was closed just before it, in the same commit: what its payer holds is to be the merchant's. Rows
   * of before 2026-11-27 do not say what was sold.
   */
  row('capture_requested', { tenderId: uuidSchema, sold: soldByQrSchema.optional() }),
  /** The ledger's signed word on one item, from a batch, an inquiry, a repeated authorisation or the status feed. */
  row('item_answered', {
    item: signedItemResultSchema,
    by: z.enum(['batch', 'inquiry', 'authorisation', 'status_feed']),
  }),
  /** This item cannot be sent as it is: shown to people, never dropped, and the queue goes on. */
  row('item_parked', { itemId: z.string(), why: z.string() }),
  /** A person asked for another try: what was parked waits again. */
  row('parked_tried_again', {}),
  /** Where the ledger disagrees with this till, and what becomes of it: the newest one under its id counts. */
  row('discrepancy_told', { discrepancy: discrepancySchema }),
  row('slot_surrendered', { surrenderId: uuidSchema, leaseId: uuidSchema, slotId: z.string() }),
  row('cash_taken', { tenderId: uuidSchema, saleId: uuidSchema, amount: tiynSchema }),
  row('cash_returned', { tenderId: uuidSchema }),
  row('sale_closed', { saleId: uuidSchema }),
  row('sale_cancelled', { saleId: uuidSchema }),
  /** Of the sale that was closed in the same commit, while nobody saw it at the till: were its goods given? */
  row('goods_asked', { saleId: uuidSchema }),
  /** By the cashier. Where they were not and something was paid, the sale is taken back or refunded instead. */
  row('goods_answered', { saleId: uuidSchema, given: z.boolean() }),
  /** Goods came back of a completed sale; this much cash was given. What vouchers paid of them follows in own rows. */
  row('goods_returned', {
    returnId: uuidSchema,
    saleId: uuidSchema,
    reason: refundSchema.shape.reason,
    cash: z.array(coveredLineSchema),
  }),
  /** Of the return just before it, in the same commit: what one voucher tender paid goes back to its scheme. */
  row('refund_requested', {
    refundId: uuidSchema,
    tenderId: uuidSchema,
    amount: refundSchema.shape.amount,
    lines: refundSchema.shape.lines,
    reason: refundSchema.shape.reason,
  }),
  /** A slip that says what went back, once the ledger has answered; its later rows are those of a receipt. */
  row('refund_slip_requested', {
    jobId: uuidSchema,
    returnId: uuidSchema,
    copy: z.boolean(),
    language: z.enum(['kk', 'ru', 'en']),
  }),
  row('receipt_requested', {
    jobId: uuidSchema,
    saleId: uuidSchema,
    copy: z.boolean(),
    language: z.enum(['kk', 'ru', 'en']),
  }),
  /** Bytes may be on their way to paper: whatever follows without the row below, what is printed next is a copy. */
  row('receipt_started', { jobId: uuidSchema }),
  /** No byte of it had left: as if never started (docs/design/07-printing.md). */
  row('receipt_untouched', { jobId: uuidSchema }),
  row('receipt_printed', { jobId: uuidSchema }),
  /** A cashier is made, or has another name or PIN from now on. */
  row('cashier_set', { cashier: cashierSchema, pin: pinHashSchema }),
  /** Kept as a row, so that a restart gives nobody new tries. */
  row('pin_refused', { cashier: cashierNumberSchema }),
  /** What follows, until the shift is closed, is done by this cashier. */
  row('shift_opened', { shiftId: uuidSchema, cashier: cashierNumberSchema, openingFloat: tiynSchema }),
  row('shift_closed', { shiftId: uuidSchema, report: shiftReportSchema }),
  /** A report as a print job; its later rows are those of a receipt. `x` holds the figures of its moment. */
  row('shift_report_requested', {
    jobId: uuidSchema,
    shiftId: uuidSchema,
    x: shiftReportSchema.nullable(),
    copy: z.boolean(),
    language: z.enum(['kk', 'ru', 'en']),
  }),
  /** The ledger takes the new keys and, from their first use on, no longer the former one: thumbprints only. */
  row('key_rotated', { formerKey: keyIdSchema, terminalKey: keyIdSchema, encryptionKey: keyIdSchema }),
  /**
   * A manager says that the wall clock is right (docs/adr/0022). `was`: the till's own time until then, never before
   * its newest row. This row's `at` is of the new time.
   */
  row('time_confirmed', {
    cashier: cashierNumberSchema,
    wall: instantSchema,
    was: instantSchema,
    ledgerAt: instantSchema.nullable(),
  }),
  /** The ledger's next word was another time than the till's, which stood on a confirmation (`Contradiction`). */
  row('time_contradicted', {
    confirmed: instantSchema,
    believed: instantSchema,
    ledger: instantSchema,
    clockHeld: z.boolean(),
  }),
  /** The ledger has suspended this terminal, or takes it back: while suspended it sells nothing, offline neither. */
  row('suspension', { suspended: z.boolean() }),
  row('connectivity', { ledger: z.enum(['reached', 'not_reached']) }),
  row('head_countersigned', { head: journalPositionSchema, signature: signatureSchema }),
  row('rollback_detected', { by: z.enum(['anchor', 'ledger']), seen: journalPositionSchema.nullable() }),
  row('events_read', { cursor: z.int().min(0) }),
  row('language_set', { language: z.enum(['kk', 'ru', 'en']) }),
])
export type JournalRow = z.infer<typeof journalRowSchema>
export type JournalRowKind = JournalRow['kind']
export type RowOf<Kind extends JournalRowKind> = Extract<JournalRow, { kind: Kind }>

/** A row with its place in the chain. */
export const chainedRowSchema = z.strictObject({
  epoch: z.int().min(1),
  sequence: z.int().min(1),
  /** Trusted time at the commit; never decides an order. */
  at: instantSchema,
  previous: hashSchema,
  payloadHash: hashSchema,
  hash: hashSchema,
})
export type ChainedRow = z.infer<typeof chainedRowSchema> & { readonly row: JournalRow }
