/** Reversals and refunds of what clients transferred (docs/design/18-platform-api.md, "Moves"). */
import { z } from 'zod'
import { madeIdSchema } from '../http/request-fields.ts'
import { uuidSchema, saidText } from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema, tiynSchema, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem, type ProblemOutcome } from '../http/operation.ts'
import { refundTransfer, reverseTransfer, type Returned } from './returns.ts'

const reasonSchema = saidText(140, 1).describe('Why, for the other side to read.')
const arrival = z.enum(['created', 'exists'])

export const returnOperations = [
  operation({
    method: 'POST',
    path: '/v1/reversals',
    tag: 'Scenarios',
    summary: 'Disowns a payment within 24 hours, or an id before anything came under it',
    description:
      'For whoever made the payment. What is left of it comes back whole, or `insufficient_funds` and nothing ' +
      'moves. An id that nobody used is disowned for good: what arrives under it later answers ' +
      '`reversed_before_arrival`.',
    roles: ['bank', 'legal-entity', 'agency', 'merchant', 'individual', 'central-bank'],
    requestSchema: z.strictObject({
      reversalId: madeIdSchema,
      transferId: uuidSchema.describe(
        'The payment that you made, by its own id; one that nobody has used is disowned for good.',
      ),
      reason: reasonSchema,
    }),
    answerSchema: z.strictObject({
      reversalId: uuidSchema,
      transferId: uuidSchema,
      state: z.enum(['reversed', 'reversed_before_arrival']),
      returned: tiynSchema.describe(
        'What this reversal gave back, tiyn: nothing when there was nothing left, or another one had.',
      ),
      arrival,
    }),
    perform: (asked) =>
      once(asked, 'reversal', asked.request.reversalId, async (work) => {
        const { reversalId, transferId, reason } = asked.request
        const returned = await reverseTransfer(work, asked.caller, { returnId: reversalId, transferId, reason })
        const done = (state: 'reversed' | 'reversed_before_arrival', amount: Tiyn) =>
          answer({ reversalId, transferId, state, returned: amount })
        if (returned.kind === 'returned') return done('reversed', returned.amount)
        if (returned.kind === 'reversed_before_arrival') return done(returned.kind, zeroTiyn)
        return problemOfReturn(returned, transferId)
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/refunds',
    tag: 'Scenarios',
    summary: 'The payee gives a payment back, wholly or in parts',
    description: 'For the payee, or its bank where the payee is a person; at any time, as often as something is left.',
    roles: ['bank', 'legal-entity', 'agency', 'merchant', 'individual'],
    requestSchema: z.strictObject({
      refundId: madeIdSchema,
      transferId: uuidSchema.describe('The payment that you got: the id under which its payer made it.'),
      amount: positiveTiynSchema.describe('Tiyn, not more than was paid less what was refunded.'),
      reason: reasonSchema,
    }),
    answerSchema: z.strictObject({ refundId: uuidSchema, transferId: uuidSchema, amount: tiynSchema, arrival }),
    perform: (asked) =>
      once(asked, 'refund', asked.request.refundId, async (work) => {
        const { refundId, transferId, amount, reason } = asked.request
        const returned = await refundTransfer(work, asked.caller, { returnId: refundId, transferId, amount, reason })
        if (returned.kind === 'returned') return answer({ refundId, transferId, amount: returned.amount })
        if (returned.kind === 'reversed_before_arrival') throw new Error('a refund disowned an id')
        return problemOfReturn(returned, transferId)
      }),
  }),
]

function answer<Body>(body: Body): { readonly kind: 'answer'; readonly body: Body } {
  return { kind: 'answer', body }
}

function problemOfReturn(
  returned: Exclude<Returned, { kind: 'returned' | 'reversed_before_arrival' }>,
  transferId: string,
): ProblemOutcome {
  switch (returned.kind) {
    case 'not_found':
      return problem('not_found', `there is no transfer ${transferId}`)
    case 'short':
      return problem('insufficient_funds', `${returned.account} has too little`)
    case 'refused':
      return problem('rule_violated', returned.why)
    default:
      return returned satisfies never
  }
}
