/** What banks and people ask about accounts of people: tiers, numbers, the QR by which one is paid. */
import { z } from 'zod'
import { clientAccountSchema, madeIdSchema, personAccountSchema } from '../http/request-fields.ts'
import { instantSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { once } from '../http/idempotent.ts'
import { operation, problem } from '../http/operation.ts'
import { aliasesPerAccountMax, listAliases, registerAlias, releaseAlias } from './aliases.ts'
import { countLookup } from './lookups.ts'
import { cardSchema, phoneSchema, withoutNumber, type AccountNumber } from './numbers.ts'
import { personOfCaller } from './people.ts'
import { newReceiveCode } from './receive-codes.ts'
import { changeTier } from './tier-changes.ts'
import { tierSchema } from './tiers.ts'

const transferTag = 'Individual-to-individual transfer'
const roles = ['individual', 'bank'] as const
const arrivalSchema = z.enum(['created', 'exists'])

const aliasRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    aliasId: madeIdSchema,
    accountId: personAccountSchema,
    kind: z.literal('phone'),
    number: phoneSchema,
  }),
  z.strictObject({
    aliasId: madeIdSchema,
    accountId: personAccountSchema,
    kind: z.literal('card'),
    number: cardSchema,
  }),
])
const releaseRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    releaseId: madeIdSchema,
    accountId: personAccountSchema,
    kind: z.literal('phone'),
    number: phoneSchema,
  }),
  z.strictObject({
    releaseId: madeIdSchema,
    accountId: personAccountSchema,
    kind: z.literal('card'),
    number: cardSchema,
  }),
])

function numberOf({ kind, number }: AccountNumber): AccountNumber {
  return { kind, number }
}

export const individualAccountOperations = [
  operation({
    method: 'POST',
    path: '/v1/individual-tiers',
    tag: 'Opening an account of an individual on the DT platform',
    summary: 'A bank says how well it knows its client now; below what is held only when it says that it knows',
    roles: ['bank'],
    requestSchema: z.strictObject({
      changeId: madeIdSchema,
      accountId: clientAccountSchema,
      tier: tierSchema.describe('How well the bank knows its client from now on.'),
      acknowledgesExcess: z
        .boolean()
        .default(false)
        .describe('That the account holds more than the new tier may, which stays its owner’s.'),
    }),
    answerSchema: z.strictObject({
      changeId: uuidSchema,
      former: tierSchema,
      tier: tierSchema,
      excess: tiynSchema.describe('What is held above the new tier’s limit.'),
      arrival: arrivalSchema,
    }),
    perform: (asked) =>
      once(asked, 'individual-tier', asked.request.changeId, async (work) => {
        const { changeId, accountId, tier } = asked.request
        const changed = await changeTier(work, asked.caller, asked.request)
        switch (changed.kind) {
          case 'changed':
            return { kind: 'answer', body: { changeId, former: changed.former, tier, excess: changed.excess } }
          case 'not_found':
            return problem('not_found', `${asked.caller.owner} has no client with the account ${accountId}`)
          case 'holds_more':
            return problem(
              'limit_exceeded',
              `${accountId} holds ${changed.excess} tiyn more than tier ${tier} may; say acknowledgesExcess`,
            )
          default:
            return changed satisfies never
        }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/aliases',
    tag: transferTag,
    summary: 'A phone or card number stands for an account, once the bank of the account says so',
    roles,
    requestSchema: aliasRequest,
    answerSchema: z.strictObject({
      aliasId: uuidSchema,
      state: z.enum(['active', 'waits_for_bank']),
      arrival: arrivalSchema,
    }),
    perform: async (asked) => {
      const { caller, request, services } = asked
      const { aliasId, accountId } = request
      const own = await inTransaction(services, (work) => personOfCaller(work, caller, accountId))
      // A bank hears that a number is taken: that could be tried out.
      const tooMany = own === undefined ? undefined : await countLookup(services, caller, accountId, aliasId)
      if (tooMany !== undefined) return tooMany
      return once({ ...asked, request: withoutNumber(services.keys, request) }, 'alias', aliasId, async (work) => {
        const registered = await registerAlias(work, caller, { aliasId, accountId, number: numberOf(request) })
        switch (registered) {
          case 'active':
          case 'waits_for_bank':
            return { kind: 'answer', body: { aliasId, state: registered } }
          case 'not_found':
            return problem('not_found', `${caller.owner} has no account ${accountId} of an individual`)
          case 'too_many':
            return problem('rule_violated', `an account has at most ${aliasesPerAccountMax} numbers`)
          case 'taken':
            return problem('rule_violated', 'the number is another account’s until that one releases it')
          default:
            return registered satisfies never
        }
      })
    },
  }),
  operation({
    method: 'POST',
    path: '/v1/alias-releases',
    tag: transferTag,
    summary: 'A number stands for its account no longer, and may stand for another',
    roles,
    requestSchema: releaseRequest,
    answerSchema: z.strictObject({ releaseId: uuidSchema, arrival: arrivalSchema }),
    perform: (asked) => {
      const { caller, request, services } = asked
      const { releaseId, accountId } = request
      return once(
        { ...asked, request: withoutNumber(services.keys, request) },
        'alias-release',
        releaseId,
        async (work) =>
          (await releaseAlias(work, caller, accountId, numberOf(request)))
            ? { kind: 'answer', body: { releaseId } }
            : problem('not_found', `${caller.owner} has no such number to release`),
      )
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/aliases',
    tag: transferTag,
    summary: 'Which kinds of numbers stand for an account; the numbers themselves the ledger does not know',
    roles,
    requestSchema: z.strictObject({ accountId: personAccountSchema }),
    answerSchema: z.strictObject({
      aliases: z.array(
        z.strictObject({
          aliasId: uuidSchema,
          kind: z.enum(['phone', 'card']),
          state: z.enum(['active', 'waits_for_bank']),
          at: instantSchema,
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { accountId } = asked.request
        if ((await personOfCaller(work, asked.caller, accountId)) === undefined)
          return problem('not_found', `${asked.caller.owner} has no account ${accountId} of an individual`)
        return { kind: 'answer', body: { aliases: [...(await listAliases(work, accountId))] } }
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/receive-codes',
    tag: transferTag,
    summary: 'A new QR by which a person is paid; the one before it is good no longer',
    roles,
    requestSchema: z.strictObject({ codeId: madeIdSchema, accountId: personAccountSchema }),
    answerSchema: z.strictObject({
      codeId: uuidSchema,
      text: z.string().describe('Text of the QR (EMV merchant-presented).'),
      arrival: arrivalSchema,
    }),
    perform: (asked) =>
      once(asked, 'receive-code', asked.request.codeId, async (work) => {
        const { codeId, accountId } = asked.request
        const text = await newReceiveCode(work, asked.caller, accountId, codeId)
        if (text === undefined)
          return problem('not_found', `${asked.caller.owner} has no account ${accountId} of an individual`)
        return { kind: 'answer', body: { codeId, text } }
      }),
  }),
]
