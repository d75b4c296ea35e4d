/** The report's payments of legal entities, and the scenarios between government and customers made of them. */
import { z } from 'zod'
import { madeIdSchema, personAccountSchema } from '../http/request-fields.ts'
import { nameSchema, saidText, uuidSchema } from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema } from '../../src/voucher/money.ts'
import { problemCodes } from '../../src/sync/protocol/problems.ts'
import { transferAnswer } from '../accounts/named-transfer.ts'
import { once, onceEach } from '../http/idempotent.ts'
import { operation, type Asked, type Services, type Signed } from '../http/operation.ts'
import { inSteps } from '../in-steps.ts'
import {
  governmentToIndividual,
  pay,
  payEach,
  toGovernment,
  toIndividual,
  toLegalEntity,
  type PaymentTerms,
  type PaymentWay,
} from './payments.ts'

const purposeSchema = saidText(140).describe('For the payee to read; it stands in both statements, and may be empty.')
const paymentRequest = z.strictObject({
  transferId: madeIdSchema,
  payer: nameSchema.describe('The account that pays: one of your own.'),
  payee: nameSchema.describe('The account that is paid, at whichever bank.'),
  amount: positiveTiynSchema,
  purpose: purposeSchema,
})
const payoutsMax = 1_000
/** Everybody else waits while a step is made up. */
const payoutsPerStep = 250
const payoutSchema = z.discriminatedUnion('state', [
  z.strictObject({ transferId: uuidSchema, state: z.literal('done'), arrival: z.enum(['created', 'exists']) }),
  z.strictObject({
    transferId: uuidSchema,
    state: z.literal('refused'),
    code: z.enum(problemCodes),
    detail: z.string(),
  }),
])

export const paymentOperations = [
  operation({
    method: 'POST',
    path: '/v1/payments/legal-entity-legal-entity',
    tag: 'Legal entity-to-legal entity payment',
    summary: 'Pays from one legal entity to another',
    description:
      'Between accounts of legal entities, agencies and merchants, at whichever banks; money that is marked for ' +
      'a scheme is in none of them. It is done when it is answered. No answer: send the same again.',
    roles: ['legal-entity', 'agency', 'merchant'],
    requestSchema: paymentRequest,
    answerSchema: transferAnswer,
    perform: (asked) => once(asked, 'payment', asked.request.transferId, (work) => pay(work, toLegalEntity, asked)),
    performEach: (services, all) => payTogether(services, all, 'payment', toLegalEntity),
  }),
  operation({
    method: 'POST',
    path: '/v1/payments/legal-entity-individual',
    tag: 'Legal entity-to-individual payment',
    summary: 'Pays from a legal entity to an individual',
    description:
      'The person may not hold more than the limits allow; of them a payer hears only that the account cannot ' +
      'take this amount.',
    roles: ['legal-entity', 'agency', 'merchant'],
    requestSchema: paymentRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'payment-to-individual', asked.request.transferId, (work) => pay(work, toIndividual, asked)),
    performEach: (services, all) => payTogether(services, all, 'payment-to-individual', toIndividual),
  }),
  operation({
    method: 'POST',
    path: '/v1/scenarios/government-to-customer',
    tag: 'Scenarios',
    summary: 'An agency pays many individuals, each under an id of its own and apart from the others',
    roles: ['agency'],
    requestSchema: z.strictObject({
      payer: nameSchema.describe('The agency’s account that pays them all.'),
      purpose: purposeSchema,
      payments: z
        .array(paymentRequest.pick({ transferId: true, payee: true, amount: true }))
        .min(1)
        .max(payoutsMax)
        .describe('Each under an id of its own, and done or refused by itself.'),
    }),
    answerSchema: z.strictObject({
      results: z.array(payoutSchema).describe('In the order of the request.'),
    }),
    perform: async (asked) => {
      const { payer, purpose, payments } = asked.request
      const all = payments.map((payment) => ({ ...payment, payer, purpose }))
      const results = await inSteps<PaymentTerms, z.output<typeof payoutSchema>>(asked.services, all, {
        itemsPerStep: payoutsPerStep,
        apply: (services, some) => payOut({ ...asked, services }, some),
      })
      return { kind: 'answer', body: { results } }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/scenarios/customer-to-government',
    tag: 'Scenarios',
    summary: 'An individual, or its bank for it, pays a tax, a fine or a fee to a government body',
    roles: ['individual', 'bank'],
    requestSchema: paymentRequest.extend({
      payer: personAccountSchema,
      payee: nameSchema.describe('The account of the agency that is paid.'),
      purpose: z.enum(['tax', 'fine', 'fee']).describe('What is paid.'),
      paymentReference: saidText(35, 1).describe(
        'What the body finds the payment by: the number of a tax notice, of a fine.',
      ),
    }),
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'payment-to-government', asked.request.transferId, (work) => pay(work, toGovernment, asked)),
  }),
]

function payTogether(services: Services, all: readonly Signed<PaymentTerms>[], kind: string, way: PaymentWay) {
  return onceEach(
    services,
    all,
    kind,
    ({ transferId }) => transferId,
    (work, payments) => payEach(work, way, payments),
  )
}

/** Each a payment of its own, in whatever list it comes: as by `/v1/payments/legal-entity-individual`. */
async function payOut({ services, caller, created }: Asked<unknown>, payments: readonly PaymentTerms[]) {
  const all = payments.map((request) => ({ caller, request, created }))
  const outcomes = await payTogether(services, all, 'payment-to-individual', governmentToIndividual)
  return outcomes.map((outcome, index) => {
    const transferId = payments[index]?.transferId ?? ''
    return outcome.kind === 'problem'
      ? ({ transferId, state: 'refused', code: outcome.code, detail: outcome.detail } as const)
      : ({ transferId, state: 'done', arrival: outcome.body.arrival } as const)
  })
}
