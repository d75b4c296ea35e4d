/** What is asked about discrepancies, by whoever bears them, and by who watches. */
import { z } from 'zod'
import { instantSchema, nameSchema, uuidSchema, writtenName } from '../../src/voucher/identifiers.ts'
import { appealStates, signatureSchema, wayOuts } from '../../src/sync/protocol/messages.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { rollingBack } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { decideAppeal } from './appeal-decisions.ts'
import { openAppeal } from './appeals.ts'
import { listDiscrepancies } from './discrepancy-list.ts'

const verdictSchema = z.enum(['accepted', 'refused'])
const ofListSchema = uuidSchema.describe('Of `GET /v1/discrepancies`.')
const reasonSchema = writtenName(500, 3).describe('In words, for the other side to read.')

export const discrepancyOperations = [
  operation({
    method: 'GET',
    path: '/v1/discrepancies',
    tag: 'Monitoring',
    summary: 'Where ledger and tills disagree, newest first: of the caller’s own schemes, tills or sales',
    roles: ['agency', 'merchant', 'terminal', 'central-bank', 'auditor'],
    requestSchema: z.strictObject({ terminalId: nameSchema.optional() }),
    answerSchema: z.strictObject({
      discrepancies: z.array(
        z.strictObject({
          discrepancyId: uuidSchema,
          terminalId: nameSchema,
          tenderId: uuidSchema.nullable(),
          code: z.string(),
          owner: z.enum(['merchant', 'agency']).describe('Who bears it, or has to explain it.'),
          amount: tiynSchema,
          evidence: z
            .record(z.string(), z.unknown())
            .describe('What the ledger saw: the place in the journal, the lease, the reason in words.'),
          at: instantSchema,
          wayOut: z.enum(wayOuts),
          appeal: z
            .strictObject({
              state: z.enum(appealStates),
              reason: z.string(),
              at: instantSchema,
              answer: z.string().nullable(),
              decidedAt: instantSchema.nullable(),
              paidFrom: z.enum(['slot', 'agency']).nullable(),
              signature: signatureSchema.nullable(),
            })
            .nullable(),
        }),
      ),
    }),
    perform: async (asked) => {
      const { terminalId } = asked.request
      const discrepancies = await inTransaction(asked.services, (work) =>
        listDiscrepancies(work, asked.caller, terminalId),
      )
      return { kind: 'answer', body: { discrepancies } }
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/appeals',
    tag: 'Payment at merchant',
    summary: 'Asks the agency to pay a sale that was given and not paid',
    roles: ['merchant', 'terminal'],
    requestSchema: z.strictObject({ discrepancyId: ofListSchema, reason: reasonSchema }),
    answerSchema: z.strictObject({ discrepancyId: uuidSchema, arrival: z.enum(['created', 'exists']) }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { discrepancyId, reason } = asked.request
        const opened = await openAppeal(work, asked.caller, discrepancyId, reason)
        if (opened.kind === 'not_found') return problem('not_found', `${asked.caller.owner} has no such discrepancy`)
        if (opened.kind === 'not_to_be_appealed')
          return problem('rule_violated', 'no sale stands unpaid for this reason: there is nothing to ask an agency')
        return { kind: 'answer', body: { discrepancyId, arrival: opened.arrival } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/appeal-decisions',
    tag: 'Payment at merchant',
    summary: 'The agency pays a sale after all, or lets the loss stand; either is final and signed',
    roles: ['agency'],
    requestSchema: z.strictObject({ discrepancyId: ofListSchema, verdict: verdictSchema, reason: reasonSchema }),
    answerSchema: z.strictObject({
      discrepancyId: uuidSchema,
      verdict: verdictSchema,
      amount: tiynSchema,
      paidFrom: z
        .enum(['slot', 'agency'])
        .nullable()
        .describe("The sale's slot, the agency's free account, or nothing."),
      at: instantSchema,
      signature: signatureSchema.describe(
        "The ledger's, over `{ agencyId }` and the fields above: tag `tolem/appeal-decision/1`.",
      ),
      arrival: z.enum(['created', 'exists']),
    }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { discrepancyId, verdict, reason } = asked.request
        const decided = await decideAppeal(work, asked.caller, discrepancyId, verdict, reason)
        switch (decided.kind) {
          case 'done': {
            const { amount, ...decision } = decided.decision
            return { kind: 'answer', body: { ...decision, amount: amount.toString(), arrival: decided.arrival } }
          }
          case 'not_found':
            return problem('not_found', `${asked.caller.owner} has no such appeal`)
          case 'exists_with_different_terms':
            return problem(decided.kind, 'it was decided otherwise, or the sale was paid or reversed meanwhile')
          case 'insufficient_funds':
            return problem(decided.kind, `${asked.caller.owner} has not that much in its account: nothing was decided`)
          default:
            return decided satisfies never
        }
      }),
  }),
]
