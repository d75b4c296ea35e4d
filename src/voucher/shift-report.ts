/**
 * What an X- or Z-report says of a shift: figures only, made by `src/terminal/shift/`, kept in the journal's row of the
 * closing, shown on the screen and printed. A shift is one cashier's, so that its voids are that cashier's.
 */
import { z } from 'zod'
import { hashSchema, instantSchema, nameSchema, uuidSchema } from './identifiers.ts'
import { tiynSchema } from './money.ts'

/** 1 is the merchant, who makes the others. */
export const cashierNumberSchema = z.int().min(1).max(99)
/** What the merchant typed: short, for the status row and the paper. */
export const cashierNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(16)
  // No control characters: it goes to a printer.
  .regex(/^[^\p{C}]+$/u)
export const cashierSchema = z.strictObject({ number: cashierNumberSchema, name: cashierNameSchema })
export type Cashier = z.infer<typeof cashierSchema>

/** How a tender of a closed sale stands. */
const paidStateSchema = z.enum(['settled', 'held', 'pending', 'awaiting_funds', 'not_paid'])
const tenderStateSchema = z.enum([
  ...paidStateSchema.options,
  'in_progress',
  'unknown',
  'torn',
  'maybe_debited',
  'advised',
  'reversing',
  'refused',
  'reversed',
  'voided',
])
const countedSchema = z.strictObject({ count: z.int().min(0), amount: tiynSchema })

export const shiftReportSchema = z.strictObject({
  shiftId: uuidSchema,
  number: z.int().min(1).describe('The first shift of the journal is 1.'),
  cashier: cashierSchema,
  openedAt: instantSchema,
  until: instantSchema.describe('The figures are those of this moment.'),
  rows: z
    .strictObject({ epoch: z.int().min(1), first: z.int().min(1), last: z.int().min(1), hash: hashSchema })
    .describe(
      "The rows that the figures follow from; the hash is the chain's at the last one, and covers all before it.",
    ),
  sales: countedSchema.describe('Completed and not voided.'),
  voids: countedSchema.describe('Completed, then taken back.'),
  cancelled: countedSchema.describe('Given up before they were completed.'),
  reversing: countedSchema.describe(
    "Of the voided and cancelled: what the ledger has yet to confirm. A void is the merchant's act and counts " +
      "whole; until the answer these tenders stand in `unfinished`, and the answer's row is a difference of the " +
      'closed shift.',
  ),
  refunds: countedSchema.describe(
    'Goods that came back in this shift, of whichever sale: what is with its scheme again, and the cash for them.',
  ),
  refundsWaiting: countedSchema.describe(
    'Asked of the ledger and not answered: each stands as a difference of the closed shift when it is.',
  ),
  open: countedSchema.describe('Begun and not ended: they wait for the answer to a tender.'),
  /** What paid the completed sales. Cash has no scheme. The sum of the lines and `uncovered` is that of the sales. */
  tenders: z.array(
    z.strictObject({
      schemeId: nameSchema.nullable(),
      state: paidStateSchema,
      code: z.string().nullable().describe('Why it is not paid.'),
      count: z.int().min(1),
      amount: tiynSchema,
    }),
  ),
  uncovered: tiynSchema.describe(
    'Of completed sales, and paid by no tender any more: the ledger took back what the till had been promised.',
  ),
  /** Tenders without a final answer that no completed sale counts: each by its id. */
  unfinished: z.array(
    z.strictObject({
      tenderId: uuidSchema,
      saleId: uuidSchema,
      schemeId: nameSchema.nullable(),
      state: tenderStateSchema,
      amount: tiynSchema,
    }),
  ),
  drawer: z.strictObject({
    openingFloat: tiynSchema,
    taken: tiynSchema,
    takenForEarlierSales: tiynSchema.describe('Of `taken`, for sales that were begun in an earlier shift.'),
    returned: tiynSchema,
    refunded: tiynSchema.describe('For goods that came back.'),
    expected: tiynSchema,
    beyond: tiynSchema.describe('Given out beyond all that is known to have been in it.'),
    counted: tiynSchema.nullable().describe('Null until the shift is closed.'),
  }),
  receiptsWaiting: z.int().min(0).describe('Receipts, slips and reports that are still to be printed.'),
})
export type ShiftReport = z.infer<typeof shiftReportSchema>

/** One change since the shift was closed, with the row that brought it. */
export const shiftDifferenceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tender'),
    tenderId: uuidSchema,
    saleId: uuidSchema,
    schemeId: nameSchema.nullable(),
    was: tenderStateSchema.nullable().describe('Null: the tender is younger than the closing.'),
    is: tenderStateSchema,
    code: z.string().nullable(),
    amount: tiynSchema,
    row: z.int().min(1),
    at: instantSchema,
  }),
  z.strictObject({
    kind: z.literal('refund'),
    refundId: uuidSchema,
    schemeId: nameSchema,
    was: z.literal('waiting'),
    is: z.enum(['done', 'refused']),
    code: z.string().nullable(),
    amount: tiynSchema,
    row: z.int().min(1),
    at: instantSchema,
  }),
  z.strictObject({
    kind: z.literal('sale'),
    saleId: uuidSchema,
    was: z.enum(['open', 'closed', 'cancelled']),
    is: z.enum(['open', 'closed', 'cancelled']),
    amount: tiynSchema,
    row: z.int().min(1),
    at: instantSchema,
  }),
])
export type ShiftDifference = z.infer<typeof shiftDifferenceSchema>
