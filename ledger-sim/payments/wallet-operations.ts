/** What a wallet asks: an individual's own, or a bank's for its client (docs/design/17-qr-payment.md, "Messages"). */
import { z } from 'zod'
import { madeIdSchema, personAccountSchema } from '../http/request-fields.ts'
import { instantSchema, nameSchema, textsSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { limitProblem } from '../individuals/limits.ts'
import { findPayment, lateReasons, payRequest, showRequest } from './request-payments.ts'

const tag = 'Payment at merchant'
const roles = ['individual', 'bank'] as const
const paymentRequest = z.strictObject({
  paymentId: madeIdSchema,
  requestId: uuidSchema.describe('The request’s id, as the QR has it.'),
  payer: personAccountSchema,
})

export const walletOperations = [
  operation({
    method: 'GET',
    path: '/v1/payment-requests',
    tag,
    summary: 'What a QR asks for, before its payer agrees',
    roles,
    requestSchema: z.strictObject({ requestId: uuidSchema.describe('The request’s id, as the QR has it.') }),
    answerSchema: z.strictObject({
      requestId: uuidSchema,
      merchantId: nameSchema,
      merchantName: textsSchema,
      amount: tiynSchema,
      expiresAt: instantSchema.describe('From then on nobody can pay it.'),
      state: z.enum(['open', 'paid', 'released', 'expired']),
    }),
    perform: async (asked) => {
      const { requestId } = asked.request
      const shown = await inTransaction(asked.services, (work) => showRequest(work, requestId))
      if (shown === undefined) return problem('not_found', `no payment request ${requestId}`)
      return { kind: 'answer', body: { requestId, ...shown } }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/payment-requests/payments',
    tag,
    summary: 'Pays a QR: the amount is set aside until the sale is closed, or comes back at once',
    description:
      '`held` is set aside until the till closes the sale, 14 days at most; `paid_back` is final for this id. No ' +
      'answer: send the same again.',
    roles,
    requestSchema: paymentRequest,
    answerSchema: z.strictObject({
      paymentId: uuidSchema,
      state: z.enum(['held', 'paid_back']),
      reason: z.enum(lateReasons).nullable().describe('Why it came back.'),
      arrival: z.enum(['created', 'exists']),
    }),
    perform: (asked) =>
      once(asked, 'request-payment', asked.request.paymentId, async (work) => {
        const { paymentId, requestId, payer } = asked.request
        const paid = await payRequest(work, asked.caller, asked.request)
        switch (paid.kind) {
          case 'held':
          case 'paid_back':
            return { kind: 'answer', body: { paymentId, state: paid.kind, reason: paid.reason } }
          case 'not_found':
            return paid.what === 'payer'
              ? problem('not_found', `${asked.caller.owner} has no account ${payer} to pay from`)
              : problem('not_found', `no payment request ${requestId}`)
          case 'short':
            return problem('insufficient_funds', `${payer} has too little`)
          case 'limited':
            return limitProblem(paid.fault)
          default:
            return paid satisfies never
        }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/payment-requests/payments',
    tag,
    summary: 'What became of a payment to a QR',
    roles,
    requestSchema: z.strictObject({ paymentId: uuidSchema.describe('The id under which you paid.') }),
    answerSchema: z.strictObject({
      ...paymentRequest.shape,
      amount: tiynSchema,
      state: z.enum(['held', 'settled', 'paid_back']),
      reason: z
        .enum([...lateReasons, 'reversed'])
        .nullable()
        .describe(
          'Why it came back: at once, because its hold was freed, or because the sale was reversed after it was paid.',
        ),
      owed: tiynSchema.describe('What the merchant still owes of it: it is paid from what the merchant takes next.'),
    }),
    perform: async (asked) => {
      const { paymentId } = asked.request
      const body = await inTransaction(asked.services, (work) => findPayment(work, asked.caller, paymentId))
      if (body === undefined) return problem('not_found', `no payment ${paymentId}`)
      return { kind: 'answer', body }
    },
  }),
]
