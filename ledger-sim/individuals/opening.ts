/** A bank opens an account of an individual, at the tier to which it knows its client. */
import { z } from 'zod'
import {
  accountNameSchema,
  accountOwnerSchema,
  isPlatformName,
  newAccountIdSchema,
  openAccount,
} from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import { limits } from '../http/limits.ts'
import { arrivalOf, problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { findPerson } from './people.ts'
import { tierSchema } from './tiers.ts'

export const openIndividualRequest = z.strictObject({
  accountId: newAccountIdSchema,
  owner: accountOwnerSchema,
  name: accountNameSchema,
  tier: tierSchema
    .default('full')
    .describe('How well the bank knows its client, and so the limits: fully, when nothing is said.'),
})

/** The same opening again is `exists`, also after a change of tier; another bank’s or tier’s is another account. */
export async function openIndividual(
  work: Work,
  caller: Caller,
  { accountId, owner, name, tier }: z.output<typeof openIndividualRequest>,
): Promise<{ kind: 'answer'; body: { accountId: string; arrival: 'created' | 'exists' } } | ProblemOutcome> {
  if (isPlatformName(accountId)) return problem('rule_violated', `${accountId} is a name that the platform gives`)
  const account = { accountId, owner, name, kind: 'individual', currency: 'DT', bank: caller.owner, tier } as const
  const opened = await openAccount(work, account)
  const person = await findPerson(work, accountId)
  if (opened === 'exists_with_different_terms' || person?.openedAs !== tier)
    return problem('exists_with_different_terms', `${accountId} is another account`)
  if (opened === 'opened' && (await accountsAt(work, caller.owner, owner)) > limits.accountsPerPersonAndBankMax)
    return problem('rule_violated', `${owner} has ${limits.accountsPerPersonAndBankMax} accounts at ${caller.owner}`)
  return { kind: 'answer', body: { accountId, arrival: arrivalOf(opened === 'exists') } }
}

async function accountsAt({ connection }: Work, bank: string, owner: string): Promise<number> {
  const rows = await connection
    .selectFrom('account')
    .select('account_id')
    .where('owner', '=', owner)
    .where('kind', '=', 'individual')
    .where('bank', '=', bank)
    .execute()
  return rows.length
}
