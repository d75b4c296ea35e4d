/** A role sees and does only its own (architecture.md, "Ledger"). */
import type { Work } from '../context.ts'
import { problem, type Caller, type ProblemOutcome } from '../http/operation.ts'
import { findScheme } from './schemes.ts'

/** The same answer for a scheme that is not there and one that is another agency’s. */
export async function notOwnScheme(work: Work, caller: Caller, schemeId: string): Promise<ProblemOutcome | undefined> {
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined || scheme.agencyId !== caller.owner)
    return problem('not_found', `${caller.owner} has no scheme ${schemeId}`)
  return undefined
}

/**
 * A card is an agency's when its holder is in a scheme of that agency. The same answer for one that is not there, and
 * for one that pays from an account: whatever its holder is said to be, it is its bank's alone.
 */
export async function notOwnCard(work: Work, caller: Caller, card: string): Promise<ProblemOutcome | undefined> {
  const own = await work.connection
    .selectFrom('card')
    .innerJoin('entitlement', 'entitlement.holder', 'card.holder')
    .innerJoin('scheme', 'scheme.scheme_id', 'entitlement.scheme_id')
    .leftJoin('account_card', 'account_card.card', 'card.card')
    .select('card.card')
    .where('card.card', '=', card)
    .where('account_card.card', 'is', null)
    .where('scheme.agency_id', '=', caller.owner)
    .limit(1)
    .executeTakeFirst()
  return own === undefined ? problem('not_found', `${caller.owner} has no card ${card}`) : undefined
}
