/**
 * What a bank does with the cards of its clients' accounts (docs/design/29-cbdc-card.md, "At the ledger"). A client who
 * gets another card gets it bound, and the former one blocked: nothing lies on a card, so nothing has to move.
 */
import { z } from 'zod'
import { cardPseudonymSchema, clientAccountSchema, madeIdSchema, uidOfCard } from '../http/request-fields.ts'
import { instantSchema, pseudonymSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema, tiynSchema } from '../../src/voucher/money.ts'
import { inTransaction } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { operation, problem, type Caller } from '../http/operation.ts'
import { setCardStatus } from '../schemes/cards.ts'
import { bindCard, isCardOfClient, listCards, uidBytes, withoutUid } from './account-cards.ts'
import { personOfCaller } from './people.ts'

const tag = 'Opening an account of an individual on the DT platform'
const roles = ['bank'] as const
const cardsPerPageMax = 100

export const accountCardOperations = [
  operation({
    method: 'POST',
    path: '/v1/account-cards',
    tag,
    summary:
      'A bank binds an NTAG 424 DNA to the account of its client: at a till it pays what a QR asks for. The UID is ' +
      'turned into a pseudonym and not stored',
    roles,
    requestSchema: z.strictObject({
      bindingId: madeIdSchema,
      uid: z
        .string()
        .regex(/^[0-9A-Fa-f]{14}$/)
        .describe(uidOfCard),
      accountId: clientAccountSchema,
      tapMax: positiveTiynSchema.describe(
        'The most that one tap may take, without a PIN: no more than the account may pay at once.',
      ),
    }),
    answerSchema: z.strictObject({
      bindingId: uuidSchema,
      card: pseudonymSchema,
      arrival: z.enum(['created', 'exists']),
    }),
    perform: (asked) => {
      const { caller, request, services } = asked
      const { bindingId, uid, accountId, tapMax } = request
      const terms = { ...asked, request: withoutUid(services.keys, request) }
      return once(terms, 'account-card', bindingId, async (work) => {
        const bound = await bindCard(work, caller, { uid: uidBytes(uid), accountId, tapMax })
        switch (bound.kind) {
          case 'bound':
            return { kind: 'answer', body: { bindingId, card: bound.card } }
          case 'not_found':
            return noClient(caller, accountId)
          case 'above_single':
            return problem('limit_exceeded', `limit single of tier ${bound.tier}: at most ${bound.max} tiyn`)
          case 'taken':
            return problem('rule_violated', 'the card is registered for another use, or with another limit')
          default:
            return bound satisfies never
        }
      })
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/account-cards',
    tag,
    summary: 'The cards that pay from an account; their UIDs the ledger does not know',
    roles,
    requestSchema: z.strictObject({
      accountId: clientAccountSchema,
      after: pseudonymSchema.optional().describe('The last card that you have read; a page has at most 100.'),
    }),
    answerSchema: z.strictObject({
      /** In the order of their pseudonyms; `after` the last of them goes on. */
      cards: z.array(
        z.strictObject({
          card: pseudonymSchema,
          tapMax: tiynSchema,
          status: z.enum(['active', 'blocked']),
          at: instantSchema,
        }),
      ),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { accountId, after = '' } = asked.request
        if ((await personOfCaller(work, asked.caller, accountId)) === undefined)
          return noClient(asked.caller, accountId)
        return { kind: 'answer', body: { cards: [...(await listCards(work, accountId, after, cardsPerPageMax))] } }
      }),
  }),
  ...(['blocked', 'active'] as const).map((status) =>
    operation({
      method: 'POST',
      path: status === 'blocked' ? '/v1/account-card-blocks' : '/v1/account-card-unblocks',
      tag,
      summary:
        status === 'blocked'
          ? 'Blocks the card of an account: the hotlist rises by one version'
          : 'Unblocks the card of an account',
      roles,
      requestSchema: z.strictObject({ card: cardPseudonymSchema }),
      answerSchema: z.strictObject({ card: pseudonymSchema, status: z.enum(['active', 'blocked']) }),
      perform: (asked) =>
        rollingBack(asked, async (work) => {
          const { card } = asked.request
          if (!(await isCardOfClient(work, asked.caller, card)))
            return problem('not_found', `${asked.caller.owner} has no card ${card} of a client`)
          const changed = await setCardStatus(work, card, status)
          if (changed !== 'changed' && changed !== 'unchanged') throw new Error(`the card ${card} is ${changed}`)
          return { kind: 'answer', body: { card, status } }
        }),
    }),
  ),
]

function noClient(caller: Caller, accountId: string) {
  return problem('not_found', `${caller.owner} has no client with the account ${accountId}`)
}
