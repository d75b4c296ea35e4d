/** What the door itself can be asked: its limits, a role's keys, what it refused, many operations in one request. */
import { z } from 'zod'
import { instantSchema } from '../../src/voucher/identifiers.ts'
import { keyIdSchema } from '../../src/sync/protocol/keys.ts'
import { problemCodes } from '../../src/sync/protocol/problems.ts'
import { inTransaction } from '../context.ts'
import { batchOperation } from './batches.ts'
import { rollingBack } from './idempotent.ts'
import { limits, rateClasses } from './limits.ts'
import { cursorIn, pageSizeIn } from './query-numbers.ts'
import { arrivalOf, operation, problem, type Role } from './operation.ts'
import { listRefusals } from './refusal-log.ts'
import { changeRoleKey, listRoleKeys, roleKeyRequestSchema } from './role-keys.ts'

/** Terminals change their keys in their own way (terminals/key-rotation.ts). */
const withRoleKeys = [
  'central-bank',
  'bank',
  'legal-entity',
  'agency',
  'merchant',
  'individual',
  'auditor',
] as const satisfies readonly Role[]

const rateSchema = z.strictObject({ burst: z.number(), perSecond: z.number() })
const limitNames = Object.keys(limits) as (keyof typeof limits)[]

export const doorOperations = [
  operation({
    method: 'GET',
    path: '/v1/limits',
    tag: 'Scenarios',
    summary: 'The limits of the door: sizes, times, and how often a caller may ask',
    roles: 'anyone',
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      limits: z.record(z.enum(limitNames), z.int()),
      rates: z.record(z.enum(rateClasses), rateSchema),
    }),
    perform: async (asked) => ({ kind: 'answer', body: { limits, rates: asked.services.rates.rates } }),
  }),
  operation({
    method: 'POST',
    path: '/v1/role-keys',
    tag: 'Scenarios',
    summary: 'Registers the next key of a role; the present one is heard for a while longer',
    roles: withRoleKeys,
    requestSchema: roleKeyRequestSchema,
    answerSchema: z.strictObject({
      keyId: keyIdSchema,
      formerHeardUntil: instantSchema,
      arrival: z.enum(['created', 'exists']),
    }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const changed = await changeRoleKey(work, asked.caller, asked.request)
        switch (changed.kind) {
          case 'done': {
            const { keyId, formerHeardUntil, existed } = changed
            return { kind: 'answer', body: { keyId, formerHeardUntil, arrival: arrivalOf(existed) } }
          }
          case 'not_accepted':
            return problem('rule_violated', changed.detail)
          case 'exists_with_different_terms':
            return problem(changed.kind, 'the key follows another one, or after another time')
          default:
            return changed satisfies never
        }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/role-keys',
    tag: 'Scenarios',
    summary: 'The keys of the caller’s institution in its role, the oldest first',
    roles: withRoleKeys,
    requestSchema: z.strictObject({}),
    answerSchema: z.strictObject({
      keys: z.array(
        z.strictObject({
          keyId: keyIdSchema,
          state: z.enum(['present', 'ending', 'ended']),
          heardUntil: instantSchema.nullable(),
          registeredAt: instantSchema.nullable(),
        }),
      ),
    }),
    perform: async (asked) => {
      const keys = await inTransaction(asked.services, (work) => listRoleKeys(work, asked.caller))
      return { kind: 'answer', body: { keys: [...keys] } }
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/refusals',
    tag: 'Monitoring',
    summary: 'Requests that were refused, the oldest first: which code, which key, where, when',
    roles: ['auditor', 'central-bank'],
    requestSchema: z.strictObject({
      after: cursorIn.optional().describe('The `cursor` of the page before; without it, the oldest that is kept.'),
      limit: pageSizeIn(limits.refusalsPerPageMax, limits.refusalsPerPageMax),
    }),
    answerSchema: z.strictObject({
      refusals: z.array(
        z.strictObject({
          sequence: z.int(),
          code: z.enum(problemCodes),
          keyId: z.string().describe('The key that the request named; empty when it named none.'),
          proved: z.boolean().describe('Whether it was proved to come from the holder of that key.'),
          method: z.string(),
          path: z.string(),
          at: instantSchema,
          missed: z.int().describe('So many came after it, before the next one, and were not kept.'),
        }),
      ),
      cursor: z.int().describe('To go on with as `after`.'),
    }),
    perform: async (asked) => {
      const { after = 0, limit } = asked.request
      await asked.services.refusals.write()
      const refusals = await inTransaction(asked.services, (work) => listRefusals(work, after, limit))
      return { kind: 'answer', body: { refusals: [...refusals], cursor: refusals.at(-1)?.sequence ?? after } }
    },
  }),
  batchOperation,
]
