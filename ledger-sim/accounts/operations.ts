/** The report's methods on accounts and money, by its own names. */
import { z } from 'zod'
import { madeIdSchema } from '../http/request-fields.ts'
import { positiveTiynSchema } from '../../src/voucher/money.ts'
import { nameSchema } from '../../src/voucher/identifiers.ts'
import type { Work } from '../context.ts'
import { once, rollingBack } from '../http/idempotent.ts'
import { openIndividual, openIndividualRequest } from '../individuals/opening.ts'
import { arrivalOf, operation, problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import {
  accountNameSchema,
  accountOwnerSchema,
  isPlatformName,
  newAccountIdSchema,
  openAccount,
  type AccountKind,
} from './accounts.ts'
import { balanceOperations } from './balance-operations.ts'
import { cashOperations } from './cash-operations.ts'
import { clientKeyOperation } from './client-keys.ts'
import { conversionOperations } from './conversion-operations.ts'
import { depositNonCash, nonCashForDeposit, outsideNonCash } from './conversions.ts'
import { answerTransfer, transferAnswer } from './named-transfer.ts'

const accountAnswer = z.strictObject({ accountId: nameSchema, arrival: z.enum(['created', 'exists']) })

const openRequest = z.strictObject({
  accountId: newAccountIdSchema,
  owner: accountOwnerSchema,
  name: accountNameSchema,
})
const legalEntityRequest = openRequest.extend({
  kind: z
    .enum(['legal-entity', 'agency', 'merchant'])
    .describe('In which role its owner speaks; an agency has accounts at one bank only.'),
})
const depositRequest = z.strictObject({
  transferId: madeIdSchema,
  accountId: z
    .string()
    .max(160)
    .describe(
      'A bank’s reserve (`<bank>.reserve`), or a client’s account at a bank (`<bank>.client.<owner>`), opened by ' +
        'the first money.',
    ),
  amount: positiveTiynSchema,
})

export const accountOperations = [
  operation({
    method: 'POST',
    path: '/v1/accounts/legal-entities',
    tag: 'Opening an account of a legal entity on the DT platform',
    summary: 'Opens a DT account of a legal entity, an agency or a merchant',
    description:
      'Your bank serves the account from then on: of all banks it alone converts for it and sees its statement. ' +
      'The same request again answers `exists`. The client speaks once you have given it a key ' +
      '(`POST /v1/client-keys`); an agency’s key the operator registers.',
    roles: ['bank'],
    requestSchema: legalEntityRequest,
    answerSchema: accountAnswer,
    perform: (asked) => rollingBack(asked, (work) => open(work, asked.caller, asked.request, asked.request.kind)),
  }),
  operation({
    method: 'POST',
    path: '/v1/accounts/individuals',
    tag: 'Opening an account of an individual on the DT platform',
    summary: 'Opens a DT account of an individual',
    description:
      'The tier says what the account may hold and spend. All accounts of one owner share that person’s limits, ' +
      'at whichever bank. Without a key the person acts by the bank; with one (`POST /v1/client-keys`), alone ' +
      'too.',
    roles: ['bank'],
    requestSchema: openIndividualRequest,
    answerSchema: accountAnswer,
    perform: (asked) => rollingBack(asked, (work) => openIndividual(work, asked.caller, asked.request)),
  }),
  clientKeyOperation,
  operation({
    method: 'POST',
    path: '/v1/non-cash-deposits',
    tag: 'Non-cash settlement',
    summary: 'Books non-cash tenge that came to a bank’s reserve or to a client’s account at a bank from outside',
    description:
      'This is where money comes into the simulator: a bank needs a reserve to have DT issued against, a client ' +
      'needs non-cash at its bank to buy DT with.',
    roles: ['central-bank'],
    requestSchema: depositRequest,
    answerSchema: transferAnswer,
    perform: (asked) =>
      once(asked, 'non-cash-deposit', asked.request.transferId, async (work) => {
        const { accountId, amount, transferId } = asked.request
        const account = await nonCashForDeposit(work, accountId)
        if (account === undefined) return problem('not_found', `no non-cash account ${accountId}`)
        if (account.kind !== 'bank-reserve' && account.kind !== 'bank-client') {
          return problem('rule_violated', 'non-cash comes to a bank’s reserve or to a client’s account')
        }
        const posted = await depositNonCash(work, accountId, amount, transferId)
        const parties = { madeBy: asked.caller.owner, payer: outsideNonCash, payee: accountId }
        return answerTransfer(work, posted, { transferId, kind: 'non-cash-deposit', ...parties, amount })
      }),
  }),
  ...conversionOperations,
  ...cashOperations,
  ...balanceOperations,
]

/** The bank that opens an account serves it. */
async function hasAccountElsewhere({ connection }: Work, agency: string, bank: string): Promise<boolean> {
  const elsewhere = await connection
    .selectFrom('account')
    .select('account_id')
    .where('owner', '=', agency)
    .where('kind', '=', 'agency')
    .where((row) => row.or([row('bank', 'is', null), row('bank', '<>', bank)]))
    .executeTakeFirst()
  return elsewhere !== undefined
}

async function open(
  work: Work,
  caller: Caller,
  request: z.output<typeof openRequest>,
  kind: AccountKind,
): Promise<{ kind: 'answer'; body: z.output<typeof accountAnswer> } | ProblemOutcome> {
  const { accountId, owner, name } = request
  if (isPlatformName(accountId)) return problem('rule_violated', `${accountId} is a name that the platform gives`)
  // What comes back to an agency goes to the account that it has, so no second bank opens one under its name.
  if (kind === 'agency' && (await hasAccountElsewhere(work, owner, caller.owner)))
    return problem('rule_violated', `${owner} has its account at another bank`)
  const opened = await openAccount(work, { accountId, owner, name, kind, currency: 'DT', bank: caller.owner })
  if (opened === 'exists_with_different_terms') return problem(opened, `${accountId} is another account`)
  return { kind: 'answer', body: { accountId, arrival: arrivalOf(opened === 'exists') } }
}
