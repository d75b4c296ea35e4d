/** What an agency does with groups of beneficiaries: it makes them, fills them, looks at them. */
import { z } from 'zod'
import { ownSchemeSchema } from '../http/request-fields.ts'
import {
  instantSchema,
  nameSchema,
  pseudonymSchema,
  textsSchema,
  writtenTextsSchema,
} from '../../src/voucher/identifiers.ts'
import { inTransaction } from '../context.ts'
import { rollingBack } from '../http/idempotent.ts'
import { limits } from '../http/limits.ts'
import { operation, problem } from '../http/operation.ts'
import { changeMembers, listGroups, listMembers, membersOf, putGroup, unknownGroups } from '../schemes/groups.ts'
import { notOwnScheme } from '../schemes/ownership.ts'
import { announcePackage } from '../terminals/events.ts'
import { misaddressedProblem } from './misaddressed-problem.ts'
import { misaddressed, policiesNaming } from './policy.ts'

const tag = 'Voucher schemes'
const agency = ['agency'] as const
const groupShape = {
  schemeId: ownSchemeSchema,
  groupId: nameSchema.describe('The group, by an id that your agency gives it: one within the scheme.'),
}
const pseudonymsSchema = z.array(pseudonymSchema).max(limits.groupMembersMax)

export const groupOperations = [
  operation({
    method: 'POST',
    path: '/v1/groups',
    tag,
    summary: 'Makes a group of a scheme’s beneficiaries, or gives it another name',
    roles: agency,
    requestSchema: z.strictObject({ ...groupShape, name: writtenTextsSchema }),
    answerSchema: z.strictObject({ groupId: nameSchema, arrival: z.enum(['created', 'exists']) }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { schemeId, groupId, name } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        return { kind: 'answer', body: { groupId, arrival: await putGroup(work, schemeId, groupId, name) } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/group-changes',
    tag,
    summary: 'Beneficiaries join and leave a group; tills whose orders name it hear of it with their next package',
    roles: agency,
    requestSchema: z.strictObject({
      ...groupShape,
      joining: pseudonymsSchema.describe('Beneficiaries of the scheme.'),
      leaving: pseudonymsSchema.describe('Others.'),
    }),
    answerSchema: z.strictObject({ groupId: nameSchema, members: z.int() }),
    perform: (asked) =>
      rollingBack(asked, async (work) => {
        const { schemeId, groupId, joining, leaving } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        if ((await unknownGroups(work, schemeId, [groupId])).length > 0)
          return misaddressedProblem({ kind: 'no_such_group', groups: [groupId] })
        const thoseLeaving = new Set(leaving)
        const both = joining.filter((beneficiary) => thoseLeaving.has(beneficiary))
        if (both.length > 0) return problem('rule_violated', `joins and leaves at once: ${fewOf(both)}`)
        const strangers = await changeMembers(work, asked.request)
        if (strangers.length > 0)
          return problem('rule_violated', `no beneficiaries of this scheme: ${fewOf(strangers)}`)
        const members = (await membersOf(work, schemeId, [groupId])).length
        if (members > limits.groupMembersMax)
          return problem('rule_violated', `a group has at most ${limits.groupMembersMax} members`)
        for (const policy of await policiesNaming(work, schemeId, groupId)) {
          const wrong = await misaddressed(work, schemeId, policy)
          if (wrong !== undefined) return misaddressedProblem(wrong)
          await announcePackage(work, policy.terminalId)
        }
        return { kind: 'answer', body: { groupId, members } }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/groups',
    tag,
    summary: 'The groups of a scheme, with how many are in each',
    roles: agency,
    requestSchema: z.strictObject({
      schemeId: ownSchemeSchema,
      after: nameSchema
        .optional()
        .describe(`The last group that you have read; a page has at most ${limits.groupsPerPageMax}.`),
    }),
    answerSchema: z.strictObject({
      groups: z
        .array(z.strictObject({ groupId: nameSchema, name: textsSchema, members: z.int() }))
        .describe('By id; `after` the last of them goes on.'),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { schemeId, after = '' } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        return {
          kind: 'answer',
          body: { groups: [...(await listGroups(work, schemeId, after, limits.groupsPerPageMax))] },
        }
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/group-members',
    tag,
    summary: 'Who is in a group, since when',
    roles: agency,
    requestSchema: z.strictObject({
      ...groupShape,
      after: pseudonymSchema
        .optional()
        .describe(`The last member that you have read; a page has at most ${limits.groupMembersPerPageMax}.`),
    }),
    answerSchema: z.strictObject({
      members: z
        .array(z.strictObject({ beneficiary: pseudonymSchema, since: instantSchema }))
        .describe('By pseudonym; `after` the last of them goes on.'),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { schemeId, groupId, after = '' } = asked.request
        const foreign = await notOwnScheme(work, asked.caller, schemeId)
        if (foreign !== undefined) return foreign
        if ((await unknownGroups(work, schemeId, [groupId])).length > 0)
          return misaddressedProblem({ kind: 'no_such_group', groups: [groupId] })
        const members = await listMembers(work, schemeId, groupId, after, limits.groupMembersPerPageMax)
        return { kind: 'answer', body: { members: [...members] } }
      }),
  }),
]

/** An officer looks for the slip in a list of thousands: the first few help. */
function fewOf(pseudonyms: readonly string[]): string {
  const few = pseudonyms.slice(0, 5).join(', ')
  return pseudonyms.length > 5 ? `${few} and ${pseudonyms.length - 5} more` : few
}
