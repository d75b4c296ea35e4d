/** The report's methods on accounts and money, by its own names. */
import { z } from 'zod'
import { nameSchema, uuidSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { inTransaction } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { openIndividual, openIndividualRequest } from '../individuals/opening.ts'
import { withoutPeople } from '../individuals/pseudonyms.ts'
import { arrivalOf, operation, problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { findAccount, listAccounts, openAccount, type Account, type AccountKind } from './accounts.ts'
import {
  buyFromClient,
  depositNonCash,
  issueToBank,
  needClientNonCash,
  reserveAccountOf,
  sellToClient,
} from './conversions.ts'
import { post, type Posted } from './transfers.ts'

const positiveTiyn = tiynSchema.refine((amount) => amount > 0n, 'more than nothing')
const ownNameSchema = z.string().min(1).max(120)
const accountAnswer = z.strictObject({ accountId: nameSchema, arrival: z.enum(['created', 'exists']) })
const transferAnswer = z.strictObject({ transferId: uuidSchema, arrival: z.enum(['created', 'exists']) })

const openRequest = z.strictObject({ accountId: nameSchema, owner: nameSchema, name: ownNameSchema })
const legalEntityRequest = openRequest.extend({ kind: z.enum(['legal-entity', 'agency', 'merchant']) })
const bankRequest = z.strictObject({ transferId: uuidSchema, bank: nameSchema, amount: positiveTiyn })
const clientRequest = z.strictObject({
  transferId: uuidSchema,
  bank: nameSchema,
  accountId: nameSchema,
  amount: positiveTiyn,
})
const depositRequest = z.strictObject({ transferId: uuidSchema, accountId: z.string().max(160), amount: positiveTiyn })
const paymentRequest = z.strictObject({
  transferId: uuidSchema,
  payer: nameSchema,
  payee: nameSchema,
  amount: positiveTiyn,
  purpose: z.string().max(140),
})

export const accountOperations = [
  operation({
    method: 'POST',
    path: '/v1/accounts/legal-entities',
    tag: 'Opening an account of a legal entity on the DT platform',
    summary: 'Opens a DT account of a legal entity, an agency or a merchant',
    roles: ['bank'],
    requestSchema: legalEntityRequest,
    answerSchema: accountAnswer,
    perform: (asked) => rollingBack(asked, (work) => open(work, asked.request, asked.request.kind)),
  }),
  operation({
    method: 'POST',
    path: '/v1/accounts/individuals',
    tag: 'Opening an account of an individual on the DT platform',
    summary: 'Opens a DT account of an individual',
    roles: ['bank'],
    requestSchema: openIndividualRequest,
    answerSchema: accountAnswer,
    perform: (asked) => rollingBack(asked, (work) => openIndividual(work, asked.caller, asked.request)),
  }),
  operation({
    method: 'POST',
    path: '/v1/non-cash-deposits',
    tag: 'Non-cash settlement',
    summary: 'Books non-cash tenge that came to a bank’s reserve or to a client’s account at a bank from outside',
    roles: ['central-bank'],
    requestSchema: depositRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'non-cash-deposit', asked.request.transferId, async (work) => {
        const { accountId, amount, transferId } = asked.request
        const account = await findAccount(work, accountId)
        if (account?.currency !== 'KZT') return problem('not_found', `no non-cash account ${accountId}`)
        if (account.kind !== 'bank-reserve' && account.kind !== 'bank-client') {
          return problem('rule_violated', 'non-cash comes to a bank’s reserve or to a client’s account')
        }
        return answered(transferId, await depositNonCash(work, accountId, amount, transferId))
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/conversions/non-cash-to-dt/bank-central-bank',
    tag: 'Conversion of non-cash KZT to the DT at the "bank - CB" level',
    summary: 'The bank buys DT from the central bank against its reserve',
    roles: ['bank'],
    requestSchema: bankRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'issue', asked.request.transferId, async (work) => {
        const { bank, amount, transferId } = asked.request
        const foreign = notOwn(asked.caller, bank)
        if (foreign !== undefined) return foreign
        if ((await findAccount(work, reserveAccountOf(bank))) === undefined)
          return problem('not_found', `no bank ${bank}`)
        return answered(transferId, await issueToBank(work, bank, amount, transferId))
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/conversions/non-cash-to-dt/legal-entity-bank',
    tag: 'Conversion of non-cash KZT to the DT at the "legal entity - bank" level',
    summary: 'A bank sells DT to its client against the client’s non-cash',
    roles: ['bank'],
    requestSchema: clientRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'sale-of-dt', asked.request.transferId, async (work) => {
        const { bank, accountId, amount, transferId } = asked.request
        const client = await clientOf(work, asked.caller, bank, accountId)
        if ('code' in client) return client
        return answered(transferId, await sellToClient(work, bank, client, amount, transferId))
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/conversions/dt-to-non-cash/legal-entity-bank',
    tag: 'Conversion of the DT to non-cash KZT to at the "legal entity - bank" level',
    summary: 'A bank buys DT from its client; marked money and escrow are refused',
    roles: ['bank'],
    requestSchema: clientRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'redemption-of-dt', asked.request.transferId, async (work) => {
        const { bank, accountId, amount, transferId } = asked.request
        const client = await clientOf(work, asked.caller, bank, accountId)
        if ('code' in client) return client
        const redeemed = await buyFromClient(work, bank, client, amount, transferId)
        if (redeemed.kind === 'marked')
          return problem('rule_violated', 'marked money becomes non-cash only after it reached a merchant')
        return answered(transferId, redeemed)
      }),
  }),
  operation({
    method: 'POST',
    path: '/v1/payments/legal-entity-legal-entity',
    tag: 'Legal entity-to-legal entity payment',
    summary: 'Pays from one legal entity to another',
    roles: ['legal-entity', 'agency', 'merchant'],
    requestSchema: paymentRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'payment', asked.request.transferId, async (work) => {
        const { payer, payee, amount, transferId } = asked.request
        const from = await findAccount(work, payer)
        const to = await findAccount(work, payee)
        if (from === undefined || from.owner !== asked.caller.owner || !payable.includes(from.kind)) {
          return problem('not_found', `${asked.caller.owner} has no account ${payer} to pay from`)
        }
        if (to === undefined || !payable.includes(to.kind))
          return problem('not_found', `no legal entity has the account ${payee}`)
        if (payer === payee) return problem('rule_violated', 'payer and payee are the same account')
        return answered(
          transferId,
          await post(work, [{ debit: payer, credit: payee, amount, kind: 'payment' }], transferId),
        )
      }),
  }),
  operation({
    method: 'GET',
    path: '/v1/balances',
    tag: 'Receiving balance-related data',
    summary: 'Balances: one’s own; everybody’s for the central bank and the auditor',
    roles: ['central-bank', 'bank', 'legal-entity', 'agency', 'merchant', 'individual', 'auditor'],
    requestSchema: z.strictObject({ owner: nameSchema.optional() }),
    answerSchema: z.strictObject({
      balances: z.array(
        z.strictObject({
          accountId: z.string(),
          owner: z.string(),
          kind: z.string(),
          currency: z.enum(['DT', 'KZT']),
          /** Tiyn; negative only for the accounts that money comes from. */
          balance: z.string().regex(/^-?\d+$/),
        }),
      ),
    }),
    perform: async (asked) => {
      const { caller, request } = asked
      const seesAll = caller.role === 'central-bank' || caller.role === 'auditor'
      const owner = request.owner ?? (seesAll ? undefined : caller.owner)
      if (!seesAll && owner !== caller.owner) return problem('role_not_allowed', 'a role sees its own balances')
      const held = await inTransaction(asked.services, (work) => listAccounts(work, owner))
      const accounts = seesAll ? withoutPeople(asked.services.keys, held, request.owner !== undefined) : held
      const balances = accounts.map(({ accountId, owner: whose, kind, currency, balance }) => {
        return { accountId, owner: whose, kind, currency, balance: balance.toString() }
      })
      return { kind: 'answer', body: { balances } }
    },
  }),
]

const payable: readonly AccountKind[] = ['legal-entity', 'agency', 'merchant']

async function open(
  work: Work,
  request: z.output<typeof openRequest>,
  kind: AccountKind,
): Promise<{ kind: 'answer'; body: z.output<typeof accountAnswer> } | ProblemOutcome> {
  const { accountId, owner, name } = request
  const opened = await openAccount(work, { accountId, owner, name, kind, currency: 'DT' })
  if (opened === 'exists_with_different_terms') return problem(opened, `${accountId} is another account`)
  return { kind: 'answer', body: { accountId, arrival: arrivalOf(opened === 'exists') } }
}

async function clientOf(
  work: Work,
  caller: Caller,
  bank: string,
  accountId: string,
): Promise<Account | ProblemOutcome> {
  const foreign = notOwn(caller, bank)
  if (foreign !== undefined) return foreign
  if ((await findAccount(work, reserveAccountOf(bank))) === undefined) return problem('not_found', `no bank ${bank}`)
  const client = await findAccount(work, accountId)
  if (client === undefined || client.currency !== 'DT' || client.kind === 'bank')
    return problem('not_found', `no client account ${accountId}`)
  await needClientNonCash(work, bank, client.owner)
  return client
}

/** A bank serves by its own accounts only. */
function notOwn(caller: Caller, bank: string): ProblemOutcome | undefined {
  return caller.owner === bank ? undefined : problem('role_not_allowed', `${caller.owner} does not act for ${bank}`)
}

function answered(
  transferId: string,
  posted: Posted,
): { kind: 'answer'; body: { transferId: string } } | ProblemOutcome {
  if (posted.kind === 'short') return problem('insufficient_funds', `${posted.account} has too little`)
  return { kind: 'answer', body: { transferId } }
}
