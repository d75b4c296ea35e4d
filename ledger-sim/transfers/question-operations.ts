/** What can be asked about transfers: their status, and the settlement messages (docs/design/18, "Moves"). */
import { z } from 'zod'
import { instantSchema, nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { lossCodes } from '../../src/sync/protocol/loss-codes.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { refusalCodes } from '../../src/voucher/reasons.ts'
import { inTransaction } from '../context.ts'
import { isDisowned } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { pageSizeIn } from '../http/query-numbers.ts'
import { shownPayerSchema } from '../individuals/received.ts'
import { restingStates } from '../payments/tenders.ts'
import { listSettlementMessages } from './settlement-messages.ts'
import { tenderStatus } from './tender-status.ts'
import { statusKinds, transferStates, transferStatus } from './transfer-status.ts'
import { seesAll } from './who-sees.ts'

const messagesMax = 500

export const questionOperations = [
  operation({
    method: 'GET',
    path: '/v1/transfers',
    tag: 'Scenarios',
    summary: 'What became of a transfer: for payer, payee, the bank that made it, the central bank and the auditor',
    roles: ['central-bank', 'bank', 'legal-entity', 'agency', 'merchant', 'individual', 'auditor'],
    requestSchema: z.strictObject({ transferId: uuidSchema }),
    answerSchema: z.strictObject({
      transferId: uuidSchema,
      kind: z.enum(statusKinds),
      state: z.enum(transferStates),
      amount: tiynSchema,
      refunded: tiynSchema.describe('By refunds, without what a reversal gave back.'),
      payer: z
        .string()
        .nullable()
        .describe(
          'Null where it is an individual’s and the asker only received; to who watches all, people are pseudonyms.',
        ),
      payee: z.string(),
      from: shownPayerSchema
        .nullable()
        .describe('What a person who paid a person chose to show, to the payee’s side; null for everything else.'),
      purpose: z.string().nullable(),
      paymentReference: z.string().nullable(),
      at: instantSchema,
    }),
    perform: (asked) => {
      const { transferId } = asked.request
      return inTransaction(asked.services, async (work) => {
        const body = await transferStatus(work, asked.caller, transferId)
        if (body !== undefined) return { kind: 'answer', body }
        return (await isDisowned(work, asked.caller.owner, transferId))
          ? problem('reversed_before_arrival', `${transferId} was reversed before it came`)
          : problem('not_found', `there is no transfer ${transferId}`)
      })
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/tenders',
    tag: 'Scenarios',
    summary:
      'What became of a payment at a till, by a voucher or by QR: for its merchant, the agency of the scheme, ' +
      'who paid by QR and their bank, the central bank and the auditor',
    roles: ['central-bank', 'bank', 'agency', 'merchant', 'individual', 'auditor'],
    requestSchema: z.strictObject({
      tenderId: uuidSchema.describe(
        'Of the tender (the `reference` of a statement), of its refund, or of the payment by which a wallet paid it.',
      ),
    }),
    answerSchema: z.strictObject({
      tenderId: uuidSchema,
      kind: z.enum(['voucher', 'qr']).describe('What a till disowned before it came is a voucher’s, of nothing.'),
      state: z.enum(restingStates),
      amount: tiynSchema,
      refunded: tiynSchema.describe('By refunds, without what a reversal gave back.'),
      paidBy: z.enum(['escrow', 'agency', 'individual']).nullable(),
      refusal: z.enum(refusalCodes).nullable().describe('Why it was refused.'),
      loss: z
        .enum(lossCodes)
        .nullable()
        .describe('Why its slot did not pay it: the merchant bears it, unless an appeal has paid.'),
      paidByAppeal: uuidSchema
        .nullable()
        .describe('The discrepancy whose appeal has paid it after all, from the agency’s own account.'),
      schemeId: nameSchema.nullable(),
      terminalId: nameSchema,
      at: instantSchema,
    }),
    perform: (asked) => {
      const { tenderId } = asked.request
      return inTransaction(asked.services, async (work) => {
        const status = await tenderStatus(work, asked.caller, tenderId)
        return status === undefined
          ? problem('not_found', `there is no payment ${tenderId} at a till`)
          : { kind: 'answer', body: status }
      })
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/settlement-messages',
    tag: 'Non-cash settlement',
    summary: 'What conversions at the central bank told the settlement system, in one order: a bank’s own, or all',
    roles: ['central-bank', 'bank', 'auditor'],
    requestSchema: z.strictObject({
      after: uuidSchema
        .optional()
        .describe('The transfer of the last message that you have seen: the `cursor` of its page.'),
      limit: pageSizeIn(messagesMax, messagesMax),
    }),
    answerSchema: z.strictObject({
      messages: z.array(
        z.strictObject({
          transferId: uuidSchema,
          bank: nameSchema,
          direction: z.enum(['issue', 'redemption']),
          amount: tiynSchema,
          at: instantSchema,
          document: z.string().describe('ISO 20022 XML, like a pacs.009.'),
        }),
      ),
      cursor: uuidSchema.nullable().describe('What to ask for after these; null where there are none yet.'),
    }),
    perform: async (asked) => {
      const { after, limit } = asked.request
      const bank = seesAll(asked.caller) ? undefined : asked.caller.owner
      const messages = await inTransaction(asked.services, (work) =>
        listSettlementMessages(work, { bank, after, limit }),
      )
      if (messages === undefined) return problem('not_found', `there is no settlement message of ${after ?? ''}`)
      const wire = messages.map((message) => ({ ...message, amount: message.amount.toString() }))
      return { kind: 'answer', body: { messages: wire, cursor: messages.at(-1)?.transferId ?? after ?? null } }
    },
  }),
]
