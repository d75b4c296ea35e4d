/** The report's "Payment at merchant" from an individual's account, without a till, and its way back. */
import { z } from 'zod'
import { madeIdSchema, personAccountSchema } from '../http/request-fields.ts'
import { instantSchema, nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema, subtractTiyn, tiyn, tiynSchema, zeroTiyn } from '../../src/voucher/money.ts'
import { findAccount } from '../accounts/accounts.ts'
import { inTransaction, type Work } from '../context.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem, type Caller } from '../http/operation.ts'
import { limitProblem } from '../individuals/limits.ts'
import { boughtLineSchema, leftOf, payDirectly, refundDirectly, storedPayment } from './direct-payments.ts'
import { sharesOfPayment } from './share-list.ts'

const tag = 'Payment at merchant'
const arrivalSchema = z.enum(['created', 'exists'])
const paymentSchema = z.strictObject({
  paymentId: madeIdSchema,
  payer: personAccountSchema,
  merchantId: nameSchema.describe('The merchant, not its account.'),
  amount: positiveTiynSchema.describe('What the lines add up to.'),
  lines: z.array(boughtLineSchema).min(1).max(500).describe('What was bought: rules split the payment by it.'),
})
const refundedLinesSchema = z
  .array(
    z.strictObject({
      line: z.int().min(1).describe('1 for the first line of the payment.'),
      amount: positiveTiynSchema,
    }),
  )
  .min(1)
  .max(500)
const refundSchema = z.strictObject({
  refundId: madeIdSchema,
  paymentId: uuidSchema.describe('The payment that the merchant got, by its payer’s id.'),
  amount: positiveTiynSchema.describe('Tiyn, not more than is left of the payment.'),
  lines: refundedLinesSchema
    .optional()
    .describe('They add up to the amount. Absent: it is spread over what is left of each line.'),
})

export const directPaymentOperations = [
  operation({
    method: 'POST',
    path: '/v1/payments/individual-merchant',
    tag,
    summary: 'Pays a merchant from an individual’s account; tax and cashback move in the same set of legs',
    roles: ['individual', 'bank'],
    requestSchema: paymentSchema,
    answerSchema: z.strictObject({ paymentId: uuidSchema, arrival: arrivalSchema }),
    perform: (asked) =>
      once(asked, 'individual-merchant-payment', asked.request.paymentId, async (work) => {
        const { paymentId, payer, merchantId } = asked.request
        const paid = await payDirectly(work, asked.caller, asked.request)
        switch (paid.kind) {
          case 'paid':
            return { kind: 'answer', body: { paymentId } }
          case 'not_found':
            return paid.what === 'payer'
              ? problem('not_found', `${asked.caller.owner} has no account ${payer} to pay from`)
              : problem('not_found', `no merchant ${merchantId}`)
          case 'other_sum':
            return problem('rule_violated', 'the lines do not add up to the amount')
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
    path: '/v1/payments/individual-merchant',
    tag,
    summary:
      'A payment at a merchant: for its payer, the bank that made it, and the merchant, who does not see the payer',
    roles: ['individual', 'bank', 'merchant'],
    requestSchema: z.strictObject({ paymentId: uuidSchema }),
    answerSchema: paymentSchema.extend({
      payer: nameSchema.nullable().describe('Null for the merchant.'),
      refunded: tiynSchema,
      tax: z
        .array(z.strictObject({ taxClass: nameSchema, base: tiynSchema, tax: tiynSchema }))
        .describe('Of which tax, by class, when it was paid.'),
      taxReturned: tiynSchema,
      cashback: tiynSchema
        .nullable()
        .describe('What a bank gave of its own, less what was taken back; null for the merchant.'),
      at: instantSchema,
    }),
    perform: async (asked) => {
      const { paymentId } = asked.request
      const body = await inTransaction(asked.services, (work) => paymentSeenBy(work, asked.caller, paymentId))
      return body === undefined ? problem('not_found', `no payment ${paymentId}`) : { kind: 'answer', body }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/payments/individual-merchant/refunds',
    tag,
    summary: 'A merchant gives a payment back, whole or in part; tax and cashback go back in proportion',
    roles: ['merchant'],
    requestSchema: refundSchema,
    answerSchema: z.strictObject({
      refundId: uuidSchema,
      lines: refundedLinesSchema.describe('What went back of each line.'),
      arrival: arrivalSchema,
    }),
    perform: (asked) =>
      once(asked, 'individual-merchant-refund', asked.request.refundId, async (work) => {
        const { refundId, paymentId } = asked.request
        const refunded = await refundDirectly(work, asked.caller.owner, asked.request)
        switch (refunded.kind) {
          case 'refunded':
            return { kind: 'answer', body: { refundId, lines: [...refunded.lines] } }
          case 'not_found':
            return problem('not_found', `no payment ${paymentId}`)
          case 'other_sum':
            return problem('rule_violated', 'the lines do not add up to the amount')
          case 'above_original':
            return problem('rule_violated', 'more than is left of the payment, or of one of its lines')
          case 'short':
            return problem('insufficient_funds', 'the merchant has too little')
          default:
            return refunded satisfies never
        }
      }),
  }),
]

async function paymentSeenBy(work: Work, { role, owner }: Caller, paymentId: string) {
  const payment = await storedPayment(work, paymentId)
  if (payment === undefined) return undefined
  const { payer, madeBy, merchantId, amount, lines, at } = payment
  const isMerchants = role === 'merchant' && merchantId === owner
  const isPayers = role !== 'merchant' && (madeBy === owner || (await findAccount(work, payer))?.owner === owner)
  if (!isMerchants && !isPayers) return undefined
  const shares = await sharesOfPayment(work, 'direct', paymentId)
  const gifts = shares.filter(({ receiver }) => receiver === payer)
  const taken = shares.filter(({ receiver }) => receiver !== payer)
  const left = tiyn((await leftOf(work, payment)).reduce((sum, line) => sum + line.amount, 0n))
  return {
    paymentId,
    payer: isMerchants ? null : payer,
    merchantId,
    amount,
    lines: [...lines],
    refunded: subtractTiyn(amount, left),
    tax: taken.flatMap(({ classes }) =>
      classes.flatMap(({ taxClass, base, share }) => (taxClass === null ? [] : [{ taxClass, base, tax: share }])),
    ),
    taxReturned: taken.reduce((sum, { returned }) => tiyn(sum + returned), zeroTiyn),
    cashback: isMerchants
      ? null
      : gifts.reduce((sum, { amount: given, returned }) => tiyn(sum + given - returned), zeroTiyn),
    at,
  }
}
