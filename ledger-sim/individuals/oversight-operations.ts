/** What the auditor does about people's payments: looks at alerts, decides them, asks by law who somebody is. */
import { z } from 'zod'
import { madeIdSchema } from '../http/request-fields.ts'
import { instantSchema, nameSchema, uuidSchema, saidText } from '../../src/voucher/identifiers.ts'
import { inTransaction } from '../context.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { decideAlert, listAlerts } from './alerts.ts'
import { disclose, listDisclosures } from './disclosures.ts'
import { legalBasisSchema } from './legal-bases.ts'
import { cursorSchema, pageLimitSchema, pageOf, pageRequest } from './pages.ts'

const tag = 'Monitoring'
const reasonSchema = saidText(500, 3).describe('In words; it stays for good.')
const arrivalSchema = z.enum(['created', 'exists'])
const decisionSchema = z.enum(['cleared', 'escalated'])

export const oversightOperations = [
  operation({
    method: 'GET',
    path: '/v1/alerts',
    tag,
    summary: 'What the rules found in payments between people, oldest first; accounts are pseudonyms',
    roles: ['auditor'],
    requestSchema: z.strictObject(pageRequest),
    answerSchema: z.strictObject({
      alerts: z.array(
        z.strictObject({
          cursor: cursorSchema,
          alertId: uuidSchema,
          rule: z.string(),
          version: z.int(),
          account: z.string(),
          evidence: z.array(z.string()).describe('Ids of what moved the money.'),
          at: instantSchema,
          state: z.enum(['open', 'cleared', 'escalated']),
          reason: z.string().nullable(),
          decidedAt: instantSchema.nullable(),
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const alerts = await listAlerts(work, pageOf(asked.request))
        return {
          kind: 'answer',
          body: { alerts: alerts.map((alert) => ({ ...alert, evidence: [...alert.evidence] })) },
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/alert-decisions',
    tag,
    summary: 'The auditor clears an alert or escalates it, once, and says why',
    roles: ['auditor'],
    requestSchema: z.strictObject({
      decisionId: madeIdSchema,
      alertId: uuidSchema.describe('Of `GET /v1/alerts`.'),
      decision: decisionSchema.describe('Once for each alert.'),
      reason: reasonSchema,
    }),
    answerSchema: z.strictObject({ decisionId: uuidSchema, state: decisionSchema, arrival: arrivalSchema }),
    perform: (asked) =>
      once(asked, 'alert-decision', asked.request.decisionId, async (work) => {
        const { decisionId, alertId, decision, reason } = asked.request
        const decided = await decideAlert(work, asked.caller, alertId, decision, reason)
        switch (decided) {
          case 'decided':
            return { kind: 'answer', body: { decisionId, state: decision } }
          case 'not_found':
            return problem('not_found', `no alert ${alertId}`)
          case 'decided_before':
            return problem('rule_violated', `alert ${alertId} was decided before`)
          default:
            return decided satisfies never
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/disclosures',
    tag,
    summary: 'The auditor asks by law who is behind a pseudonym or paid a transfer; that they asked stays for good',
    roles: ['auditor'],
    requestSchema: z.strictObject({
      disclosureId: madeIdSchema,
      subject: z.discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('account'),
          account: z.string().max(200).describe('The pseudonym under which you see it.'),
        }),
        z.strictObject({
          kind: z.literal('transfer'),
          transferId: uuidSchema.describe('Who paid it is asked.'),
        }),
      ]),
      legalBasis: legalBasisSchema,
      reason: reasonSchema.describe('With the number of the document.'),
    }),
    answerSchema: z.strictObject({
      disclosureId: uuidSchema,
      identity: z.strictObject({
        accountId: nameSchema,
        owner: nameSchema,
        name: z.string(),
        bank: nameSchema.nullable(),
      }),
      arrival: arrivalSchema,
    }),
    perform: (asked) =>
      once(asked, 'disclosure', asked.request.disclosureId, async (work) => {
        const { disclosureId } = asked.request
        const person = await disclose(work, asked.caller, asked.request)
        if (person === undefined) return problem('not_found', 'no individual is meant')
        const { accountId, owner, name, bank } = person
        return { kind: 'answer', body: { disclosureId, identity: { accountId, owner, name, bank } } }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/disclosures',
    tag,
    summary: 'Who was disclosed on what ground: all for auditor and central bank, of its clients for a bank, later',
    roles: ['auditor', 'central-bank', 'bank'],
    requestSchema: z.strictObject({
      after: uuidSchema.optional().describe('The last disclosure that you have read.'),
      limit: pageLimitSchema,
    }),
    answerSchema: z.strictObject({
      disclosures: z.array(
        z.strictObject({
          disclosureId: uuidSchema.describe('Its own cursor.'),
          account: z.string().describe('The client’s account for its bank, else a pseudonym.'),
          transferId: uuidSchema.nullable(),
          legalBasis: legalBasisSchema,
          reason: z.string().nullable().describe('Not told to a bank.'),
          by: nameSchema,
          at: instantSchema,
          tellAt: instantSchema.describe('From then on the client’s bank sees it.'),
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { after, limit } = asked.request
        const disclosures = await listDisclosures(work, asked.caller, after, limit)
        if (disclosures === undefined) return problem('not_found', `no disclosure ${after} to begin after`)
        return { kind: 'answer', body: { disclosures: [...disclosures] } }
      }),
  }),
]
