/** What an agency does with tills: lease slots to them, by hand or by a standing policy, and bring tills in. */
import { z } from 'zod'
import { madeIdSchema, ownSchemeSchema } from '../http/request-fields.ts'
import { instantSchema, nameSchema, pseudonymSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { arrivalOf, operation, problem } from '../http/operation.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { findScheme } from '../schemes/schemes.ts'
import { notOwnScheme } from '../schemes/ownership.ts'
import { doWhatIsDue } from '../schemes/returning.ts'
import { codeLifetimeMs, hasTooManyCodes, issueEnrolmentCode } from '../terminals/enrolment.ts'
import { actsForTerminal, findTerminal, registerTerminal } from '../terminals/terminals.ts'
import { grantLease } from './grant.ts'
import {
  beneficiariesOf,
  leasedToSchema,
  leasePolicySchema,
  misaddressed,
  setLeasePolicy,
  unfitOrder,
} from './policy.ts'
import { misaddressedProblem } from './misaddressed-problem.ts'

const tag = 'Leases'
const agency = ['agency'] as const

const grantRequest = z.strictObject({
  grantId: madeIdSchema,
  terminalId: nameSchema.describe('The till that may sell without network.'),
  schemeId: ownSchemeSchema,
  ...leasedToSchema.shape,
  periodIds: z.array(z.string().max(32)).min(1).max(31).describe('Periods of the scheme, by their ids.'),
  sellUntil: instantSchema.describe('Until then the till may sell, ms since 1970.'),
  presentUntil: instantSchema.describe(
    'Until then it may present what it sold, ms since 1970; the escrow is kept so long.',
  ),
})

export const leaseOperations = [
  operation({
    method: 'POST',
    path: '/v1/leases',
    tag,
    summary: 'Leases the slots of some beneficiaries, by name or by group, to one terminal: one transfer into escrow',
    roles: agency,
    requestSchema: grantRequest,
    answerSchema: z.strictObject({
      leaseId: uuidSchema,
      amount: tiynSchema,
      slots: z.int(),
      leftOut: z.array(z.strictObject({ beneficiary: pseudonymSchema, periodId: z.string(), reason: z.string() })),
      arrival: z.enum(['created', 'exists']),
    }),
    perform: (asked) =>
      once(asked, 'lease', asked.request.grantId, async (work) => {
        const foreign = await notOwnScheme(work, asked.caller, asked.request.schemeId)
        if (foreign !== undefined) return foreign
        const { beneficiaries, groups, everybody, ...request } = asked.request
        const to = { beneficiaries, groups, everybody }
        const wrong = await misaddressed(work, request.schemeId, to)
        if (wrong !== undefined) return misaddressedProblem(wrong)
        const all = await beneficiariesOf(work, request.schemeId, to)
        const granted = await grantLease(work, { ...request, beneficiaries: all })
        if (granted.kind === 'refused') return problem('rule_violated', granted.reason)
        if (granted.kind === 'nothing_to_lease') {
          return problem(
            'rule_violated',
            `nothing to lease: ${[...new Set(granted.leftOut.map((slot) => slot.reason))].join(', ')}`,
          )
        }
        const { leaseId, amount, slots, leftOut } = granted
        return { kind: 'answer', body: { leaseId, amount: amount.toString(), slots, leftOut: [...leftOut] } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/lease-policies',
    tag,
    summary:
      'Says which slots a terminal is to hold, or from what sum to sell to whom, whenever it asks for its package',
    roles: agency,
    requestSchema: leasePolicySchema,
    answerSchema: z.strictObject({ terminalId: nameSchema, schemeId: nameSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { terminalId, schemeId } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        if ((await findTerminal(work, terminalId)) === undefined)
          return problem('not_found', `no terminal ${terminalId}`)
        const wrong = await misaddressed(work, schemeId, asked.request)
        if (wrong !== undefined) return misaddressedProblem(wrong)
        const scheme = await findScheme(work, schemeId)
        const unfit = scheme === undefined ? undefined : unfitOrder(scheme, asked.request)
        if (unfit !== undefined) return problem('rule_violated', unfit)
        await setLeasePolicy(work, asked.request)
        return { kind: 'answer', body: { terminalId, schemeId } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/lease-closings',
    tag,
    summary: 'Closes every lease past its time; the rest of its escrow goes back, and what schemes return by now',
    roles: agency,
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({ closed: z.int() }),
    perform: async (asked) => ({
      kind: 'answer',
      body: { closed: await inTransaction(asked.services, doWhatIsDue) },
    }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminals',
    tag: 'Terminals',
    summary: 'Registers a terminal of a merchant: this agency gives it codes from then on, and may end it',
    roles: agency,
    requestSchema: z.strictObject({
      terminalId: nameSchema.describe('The new till: an id that you choose, one on the whole platform.'),
      merchantId: nameSchema.describe('Whose till it is: a merchant that its bank has registered.'),
    }),
    answerSchema: z.strictObject({ terminalId: nameSchema, arrival: z.enum(['created', 'exists']) }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { terminalId, merchantId } = asked.request
        if ((await findMerchant(work, merchantId)) === undefined)
          return problem('not_found', `no merchant ${merchantId}`)
        const registered = await registerTerminal(work, terminalId, merchantId, asked.caller.owner)
        if (registered === 'exists_with_different_terms')
          return problem(registered, `${terminalId} is another merchant’s, or another agency’s`)
        return { kind: 'answer', body: { terminalId, arrival: arrivalOf(registered === 'exists') } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/terminal-enrolment-codes',
    tag: 'Terminals',
    summary: 'A one-time code for a terminal: ten minutes, five tries',
    roles: ['agency', 'bank'],
    requestSchema: z.strictObject({
      terminalId: nameSchema.describe('A till that your agency registered, or of a merchant of your bank.'),
    }),
    answerSchema: z.strictObject({ terminalId: nameSchema, code: z.string(), expiresAt: instantSchema }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { terminalId } = asked.request
        const terminal = await findTerminal(work, terminalId)
        if (terminal === undefined || !(await actsForTerminal(work, asked.caller, terminalId)))
          return problem('not_found', `${asked.caller.owner} has no terminal ${terminalId}`)
        if (terminal.revokedFor !== null)
          return problem('rule_violated', `${terminalId} was ended (${terminal.revokedFor}): register a new terminal`)
        if (await hasTooManyCodes(work, terminalId)) {
          const refused = problem('rate_limited', 'so many codes are open that no further one is given before some end')
          return { ...refused, retryAfterSeconds: codeLifetimeMs / 1_000 }
        }
        return { kind: 'answer', body: await issueEnrolmentCode(work, terminalId) }
      }),
  }),
]
