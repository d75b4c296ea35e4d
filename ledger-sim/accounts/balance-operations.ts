/** "Receiving balance-related data": what accounts hold and how much of it is set aside, by role. */
import { z } from 'zod'
import { nameSchema } from '../../src/voucher/identifiers.ts'
import { inTransaction, type Work } from '../context.ts'
import { operation, problem } from '../http/operation.ts'
import { withoutPeople } from '../individuals/pseudonyms.ts'
import { tierSchema } from '../individuals/tiers.ts'
import { pageSizeIn } from '../http/query-numbers.ts'
import { listAccounts, type Account } from './accounts.ts'
import { heldIn } from './holds.ts'

const tag = 'Receiving balance-related data'
const clientsPageMax = 500

const holding = {
  accountId: z.string(),
  owner: z.string(),
  kind: z.string(),
  currency: z.enum(['DT', 'KZT']),
  balance: z
    .string()
    .regex(/^-?\d+$/)
    .describe('Tiyn; negative only for the accounts that money comes from.'),
  held: z
    .string()
    .regex(/^\d+$/)
    .describe(
      'Tiyn of the balance that are set aside for payments by QR which are not completed: the rest may be paid.',
    ),
}

export const balanceOperations = [
  operation({
    method: 'GET',
    path: '/v1/balances',
    tag,
    summary:
      'Balances, and what is set aside of them: one’s own; of one of its clients for a bank; everybody’s for the ' +
      'central bank and the auditor',
    roles: ['central-bank', 'bank', 'legal-entity', 'agency', 'merchant', 'individual', 'auditor'],
    requestSchema: z.strictObject({
      owner: nameSchema
        .optional()
        .describe('Whose; without it one’s own, for central bank and auditor everybody’s. A bank names its client.'),
    }),
    answerSchema: z.strictObject({ balances: z.array(z.strictObject(holding)) }),
    perform: async (asked) => {
      const { caller, request, services } = asked
      const seesAll = caller.role === 'central-bank' || caller.role === 'auditor'
      const owner = request.owner ?? (seesAll ? undefined : caller.owner)
      const holdings = await inTransaction(services, async (work) => {
        const found = await listAccounts(work, owner)
        const isOwn = seesAll || owner === caller.owner
        // Of its clients a bank sees what they have with it.
        const served = caller.role === 'bank' ? found.filter(({ bank }) => bank === caller.owner) : []
        if (!isOwn && served.length === 0) return undefined
        const accounts = isOwn ? found : served
        return withHeld(accounts, await heldIn(work, owner === undefined ? undefined : accounts))
      })
      if (holdings === undefined)
        return problem('role_not_allowed', 'a role sees its own balances, a bank those of its clients too')
      // After the transaction, which everybody waits for: each pseudonym is an encryption.
      const shown = seesAll ? withoutPeople(services.keys, holdings, request.owner !== undefined) : holdings
      return { kind: 'answer', body: { balances: shown.map(asAnswered) } }
    },
  }),
  operation({
    method: 'GET',
    path: '/v1/accounts',
    tag,
    summary: 'The accounts that a bank serves, by their ids, with balances and how well each person is known',
    roles: ['bank'],
    requestSchema: z.strictObject({
      after: z
        .string()
        .min(1)
        .max(160)
        .optional()
        .describe('The last account that you have seen: the `cursor` of its page.'),
      limit: pageSizeIn(clientsPageMax, clientsPageMax),
    }),
    answerSchema: z.strictObject({
      accounts: z.array(
        z.strictObject({
          ...holding,
          name: z.string(),
          tier: tierSchema.nullable().describe('Of an individual: how well the bank knows it.'),
        }),
      ),
      cursor: z.string().nullable().describe('What to ask for after these; null where there are no more.'),
    }),
    perform: (asked) =>
      inTransaction(asked.services, async (work) => {
        const { after = '', limit } = asked.request
        const rows = await servedBy(work, asked.caller.owner, after, limit + 1)
        const accounts = rows.slice(0, limit)
        return {
          kind: 'answer',
          body: {
            accounts: withHeld(accounts, await heldIn(work, accounts)).map((account) => {
              return { ...asAnswered(account), name: account.name, tier: account.knownAs }
            }),
            cursor: rows.length > limit ? (accounts.at(-1)?.accountId ?? null) : null,
          },
        }
      }),
  }),
]

type Held = Account & { readonly held: bigint }

function withHeld<One extends Account>(accounts: readonly One[], held: ReadonlyMap<string, bigint>) {
  return accounts.map((account) => ({ ...account, held: held.get(account.accountId) ?? 0n }))
}

function asAnswered({ accountId, owner, kind, currency, balance, held: aside }: Held) {
  return { accountId, owner, kind, currency, balance: balance.toString(), held: aside.toString() }
}

async function servedBy({ connection }: Work, bank: string, after: string, limit: number) {
  const rows = await connection
    .selectFrom('account')
    .leftJoin('individual', 'individual.account_id', 'account.account_id')
    .select([
      'account.account_id as accountId',
      'currency',
      'kind',
      'owner',
      'name',
      'bank',
      'balance',
      'tier as knownAs',
    ])
    .where('bank', '=', bank)
    .where('account.account_id', '>', after)
    .orderBy('account.account_id')
    .limit(limit)
    .execute()
  return rows.map(({ kind, ...row }) => ({ ...row, kind: kind as Account['kind'] }))
}
