/**
 * What the status feed tells: one closed union. An event names what moved or changed by ids that its reader
 * already has or can ask for; it carries no name, no counterparty and no balance, since feeds end up in logs.
 */
import { z } from 'zod'
import { appealStates } from '../../src/sync/protocol/messages.ts'
import { instantSchema, nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { revocationReasons } from '../terminals/revocation-reasons.ts'

/**
 * Rises when a reader of the former version would misread; new kinds alone do not raise it. In version 1 `entryId` was
 * called `transferId`, as what clients name is.
 */
export const feedVersion = 2

const accountIdSchema = z.string().min(1).max(200)

/** Money of one of the reader's accounts. */
const movement = {
  /** The ledger's own number of this entry, the same for who sent and who received. No operation takes it. */
  entryId: uuidSchema,
  /** What the money moves for, as whoever asked for it named it: a transfer's id, a tender's, a lease's. */
  reference: z.string(),
  /** The reader's own account. */
  accountId: accountIdSchema,
  amount: tiynSchema,
}

const ofDiscrepancy = {
  discrepancyId: uuidSchema,
  terminalId: nameSchema,
  tenderId: uuidSchema.nullable(),
  code: z.string(),
  amount: tiynSchema,
}

const ofTender = { tenderId: uuidSchema, terminalId: nameSchema, schemeId: nameSchema, amount: tiynSchema }
const ofLease = { leaseId: uuidSchema, schemeId: nameSchema, terminalId: nameSchema, amount: tiynSchema }
const ofTerminal = { terminalId: nameSchema, merchantId: nameSchema }

/** `movement`. A client meets words that are not here yet when the ledger gets new methods. */
const movementKind = z
  .string()
  .min(1)
  .max(60)
  .describe('Why it moved: docs/integrator.md, "Why money moved". New methods bring new words.')

export const newsSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('payment_received'), movement: movementKind, ...movement }),
  z.strictObject({ kind: z.literal('payment_sent'), movement: movementKind, ...movement }),
  /** Between non-cash (or cash) and Digital Tenge, told to both sides. */
  z.strictObject({
    kind: z.literal('conversion_done'),
    direction: z.enum(['into_dt', 'out_of_dt']),
    movement: movementKind,
    ...movement,
  }),
  /** Non-cash tenge came to the account from outside of the platform, or left it. */
  z.strictObject({ kind: z.literal('settlement'), direction: z.enum(['received', 'sent']), ...movement }),
  z.strictObject({ kind: z.literal('scheme_funded'), schemeId: nameSchema, ...movement }),
  z.strictObject({ kind: z.literal('lease_granted'), ...ofLease, slots: z.int().min(0), sellUntil: instantSchema }),
  /** `amount`: what went back to the scheme. */
  z.strictObject({ kind: z.literal('lease_closed'), ...ofLease }),
  z.strictObject({ kind: z.literal('presentment_awaiting_funds'), ...ofTender }),
  z.strictObject({ kind: z.literal('presentment_paid'), ...ofTender }),
  z.strictObject({ kind: z.literal('discrepancy_filed'), ...ofDiscrepancy, owner: z.enum(['merchant', 'agency']) }),
  /** Closed without an appeal: paid, or disowned, by other means. */
  z.strictObject({ kind: z.literal('discrepancy_decided'), ...ofDiscrepancy }),
  z.strictObject({ kind: z.literal('appeal_opened'), ...ofDiscrepancy }),
  z.strictObject({
    kind: z.literal('appeal_decided'),
    ...ofDiscrepancy,
    verdict: z.enum(appealStates).exclude(['open']),
  }),
  z.strictObject({ kind: z.literal('terminal_suspended'), ...ofTerminal }),
  z.strictObject({ kind: z.literal('terminal_revoked'), ...ofTerminal, reason: z.enum(revocationReasons) }),
  /** Somebody should look: `subject` is the id that `code` is about. */
  z.strictObject({ kind: z.literal('alert'), code: z.string().min(1).max(60), subject: z.string().max(200) }),
])
/** One thing to tell. */
export type News = z.output<typeof newsSchema>

export const feedEventSchema = z.strictObject({
  version: z.literal(feedVersion),
  /** Stays the same however often the event is delivered, also by another way. */
  eventId: uuidSchema,
  /** Its place in the reader's feed: 1, 2, 3, … without a hole. */
  cursor: z.int().min(1),
  /** When it was committed; several events may have the same moment. */
  at: instantSchema,
  event: newsSchema,
})
export type FeedEvent = z.output<typeof feedEventSchema>
/** As it is stored and sent: amounts are text. */
export type FeedEventOnWire = z.input<typeof feedEventSchema>
