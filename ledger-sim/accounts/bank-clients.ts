/**
 * Two tiers: a bank serves by its own accounts and its own clients, and nobody else's (issue "Exact truth", Methods).
 * Another bank's client is answered like one that is not there.
 */
import type { Work } from '../context.ts'
import { problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { findAccount, type Account, type AccountKind } from './accounts.ts'
import { redeemable, reserveAccountOf } from './conversions.ts'

/** @returns a problem unless the caller is that bank, and it is one */
export async function notOwnBank(work: Work, caller: Caller, bank: string): Promise<ProblemOutcome | undefined> {
  if (caller.owner !== bank) return problem('role_not_allowed', `${caller.owner} does not act for ${bank}`)
  const reserve = await findAccount(work, reserveAccountOf(bank))
  return reserve === undefined ? problem('not_found', `no bank ${bank}`) : undefined
}

export interface WantedClient {
  readonly bank: string
  readonly accountId: string
  /** Whose accounts the method is for. */
  readonly kinds: readonly AccountKind[]
  /** Whether DT leave the platform by it: marked money never does (money-rules.md, "Marked money"). */
  readonly leaves: boolean
}

/** The account, when the caller is the bank that serves it. */
export async function clientOf(work: Work, caller: Caller, wanted: WantedClient): Promise<Account | ProblemOutcome> {
  const { bank, accountId, kinds, leaves } = wanted
  const foreign = await notOwnBank(work, caller, bank)
  if (foreign !== undefined) return foreign
  const client = await findAccount(work, accountId)
  if (client === undefined || !(await serves(work, bank, client)))
    return problem('not_found', `${bank} has no client account ${accountId}`)
  if (leaves && !redeemable.includes(client.kind)) return problem('rule_violated', whyNotOut(client))
  if (!kinds.includes(client.kind))
    return problem('rule_violated', `${accountId} is the account of ${client.kind}: another method is for those`)
  return client
}

/** Public money leaves the platform as the money of whom it was paid to, marked or not. */
function whyNotOut({ accountId, kind }: Account): string {
  return kind === 'agency'
    ? `${accountId} is an agency’s: its DT become non-cash or cash of the legal entity or person to whom they were paid`
    : 'marked money becomes non-cash or cash only after it reached a merchant'
}

/** Whether the caller moves an individual's money: the individual itself, or the bank that serves the account. */
export function actsForIndividual({ role, owner }: Caller, account: Account): boolean {
  return account.kind === 'individual' && (role === 'bank' ? account.bank : account.owner) === owner
}

/** What an agency has marked or lent to tills is at the bank that serves the agency. */
async function serves({ connection }: Work, bank: string, client: Account): Promise<boolean> {
  if (client.currency !== 'DT') return false
  if (client.kind !== 'scheme' && client.kind !== 'escrow') return client.bank === bank
  const agency = await connection
    .selectFrom('account')
    .select('account_id')
    .where('owner', '=', client.owner)
    .where('kind', '=', 'agency')
    .where('bank', '=', bank)
    .limit(1)
    .executeTakeFirst()
  return agency !== undefined
}
