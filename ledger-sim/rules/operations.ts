/** Programmable rules at the point of sale: who may write one, for which merchants it is, and what it moved. */
import { z } from 'zod'
import { madeIdSchema } from '../http/request-fields.ts'
import { hashSchema, instantSchema, nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction, type Work } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { operation, problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { pageSizeIn } from '../http/query-numbers.ts'
import { assignRule, endAssignment, storedAssignments, type Assigned } from './assignments.ts'
import { directPaymentOperations } from './direct-payment-operations.ts'
import { assignmentTermsSchema, newRuleSchema, ruleSchema } from './rule.ts'
import { registerRule, ruleOf, storedVersions } from './rule-book.ts'
import { listShares } from './share-list.ts'

const tag = 'Scenarios'
const writers = ['central-bank', 'bank', 'legal-entity', 'agency'] as const
const readers = [...writers, 'merchant', 'auditor'] as const
const arrivalSchema = z.enum(['created', 'exists'])
const assignmentSchema = z.strictObject({
  assignmentId: madeIdSchema,
  ruleId: nameSchema.describe('A rule of your own.'),
  merchantId: nameSchema.describe('At whose sales it is in force.'),
  terms: assignmentTermsSchema,
  from: instantSchema.describe('For sales from this moment on; after now.'),
  until: instantSchema.nullable(),
})

export const ruleOperations = [
  operation({
    method: 'POST',
    path: '/v1/rules',
    tag,
    summary: 'Registers a rule at the point of sale, or its next version; it applies to no merchant by itself',
    roles: writers,
    requestSchema: newRuleSchema,
    answerSchema: z.strictObject({
      ruleId: nameSchema,
      version: z.int(),
      hash: hashSchema.describe('Over tag `tolem/rule/1` and the canonical rule.'),
      arrival: arrivalSchema,
    }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { ruleId, version, kind } = asked.request
        const registered = await registerRule(work, asked.caller, asked.request)
        switch (registered.kind) {
          case 'done':
            return {
              kind: 'answer',
              body: { ruleId, version, hash: registered.hash, arrival: registered.arrival },
            }
          case 'not_for_caller':
            return problem('role_not_allowed', `a rule of ${kind} is not ${asked.caller.owner}’s to write`)
          case 'no_such_account':
            return problem('not_found', `no account ${registered.account} that the rule may name`)
          case 'contradiction':
            return problem('rule_violated', registered.detail)
          case 'exists_with_different_terms':
            return problem(registered.kind, registered.detail)
          default:
            return registered satisfies never
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/rule-assignments',
    tag,
    summary: 'Puts a rule in force for a merchant, from a moment after now on',
    roles: writers,
    requestSchema: assignmentSchema,
    answerSchema: z.strictObject({ assignmentId: uuidSchema, arrival: arrivalSchema }),
    perform: (asked) =>
      once(asked, 'rule-assignment', asked.request.assignmentId, async (work) => {
        const { assignmentId } = asked.request
        const assigned = await assignRule(work, asked.caller.owner, asked.request)
        return problemOf(assigned) ?? { kind: 'answer', body: { assignmentId } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/rule-assignment-endings',
    tag,
    summary: 'Ends an assignment at a moment after now; what was sold until then keeps its rule',
    roles: writers,
    requestSchema: z.strictObject({
      endingId: madeIdSchema,
      assignmentId: uuidSchema.describe('An assignment of your own.'),
      until: instantSchema.describe('The first moment at which it is in force no more, ms since 1970; after now.'),
    }),
    answerSchema: z.strictObject({ assignmentId: uuidSchema, until: instantSchema, arrival: arrivalSchema }),
    perform: (asked) =>
      once(asked, 'rule-assignment-ending', asked.request.endingId, async (work) => {
        const { assignmentId, until } = asked.request
        const ended = await endAssignment(work, asked.caller.owner, assignmentId, until)
        return problemOf(ended) ?? { kind: 'answer', body: { assignmentId, until } }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/rules',
    tag,
    summary: 'Rules and their assignments: one’s own, those at one’s tills, all for central bank and auditor',
    roles: readers,
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      rules: z.array(z.strictObject({ owner: nameSchema, hash: hashSchema, rule: ruleSchema })),
      assignments: z.array(assignmentSchema),
    }),
    perform: async (asked) => ({
      kind: 'answer',
      body: await inTransaction(asked.services, (work) => rulesSeenBy(work, asked.caller)),
    }),
  }),
  operation({
    method: 'GET',
    path: '/v1/rule-shares',
    tag,
    summary:
      'What rules took and gave, payment by payment, without who paid; what they could not split for want of lines',
    roles: readers,
    requestSchema: z.strictObject({
      after: uuidSchema.optional().describe('The last share that you have read.'),
      limit: pageSizeIn(500, 100),
    }),
    answerSchema: z.strictObject({
      shares: z.array(
        z.strictObject({
          shareId: uuidSchema,
          paidAs: z
            .enum(['tender', 'direct', 'appeal'])
            .describe('What the id is of: a tender’s, a direct payment’s or a discrepancy’s may be the same.'),
          paymentId: uuidSchema,
          ruleId: nameSchema,
          ruleVersion: z.int(),
          merchantId: nameSchema,
          amount: tiynSchema,
          returned: tiynSchema,
          outcome: z.enum(['split', 'no_lines']),
          classes: z.array(z.strictObject({ taxClass: nameSchema.nullable(), base: tiynSchema, share: tiynSchema })),
          saleAt: instantSchema,
          at: instantSchema,
        }),
      ),
    }),
    perform: async (asked) => {
      const { after, limit } = asked.request
      const shares = await inTransaction(asked.services, (work) => listShares(work, asked.caller, after, limit))
      return {
        kind: 'answer',
        body: { shares: [...shares].map((share) => ({ ...share, classes: [...share.classes] })) },
      }
    },
  }),
  ...directPaymentOperations,
]

function problemOf(assigned: Assigned): ProblemOutcome | undefined {
  switch (assigned.kind) {
    case 'done':
      return undefined
    case 'not_found':
      return problem('not_found', `no such ${assigned.what}`)
    case 'rule_violated':
      return problem('rule_violated', assigned.detail)
    default:
      return assigned satisfies never
  }
}

async function rulesSeenBy(work: Work, { role, owner }: Caller) {
  const isMerchant = role === 'merchant'
  const seesAll = role === 'central-bank' || role === 'auditor'
  const stored = await storedVersions(work)
  const all = await storedAssignments(work, isMerchant ? owner : undefined)
  const owners = new Map(stored.map((version) => [version.rule_id, version.owner]))
  const assignments = all.filter(({ ruleId }) => isMerchant || seesAll || owners.get(ruleId) === owner)
  const assigned = new Set(assignments.map(({ ruleId }) => ruleId))
  return {
    rules: stored
      .filter((version) => seesAll || (isMerchant ? assigned.has(version.rule_id) : version.owner === owner))
      .map((version) => ({ owner: version.owner, hash: version.hash, rule: ruleOf(version) })),
    assignments: [...assignments],
  }
}
