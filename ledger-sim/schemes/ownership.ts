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

/** Of another agency's holder: who is to have the agency's cards is its own, or nobody's yet. */
export const noSuchHolder = problem('not_found', 'the agency has no such holder')

/**
 * A card is its holder's agency's, whoever entitles the holder beside that one (docs/adr/0043-whose-a-holder-is.md).
 * The same answer for one that is not there, and for one that pays from an account: whatever its holder is said to be,
 * it is its bank's alone.
 */
export async function notOwnCard(work: Work, caller: Caller, card: string): Promise<ProblemOutcome | undefined> {
  const own = await work.connection
    .selectFrom('card')
    .innerJoin('holder', 'holder.holder', 'card.holder')
    .leftJoin('account_card', 'account_card.card', 'card.card')
    .select('card.card')
    .where('card.card', '=', card)
    .where('account_card.card', 'is', null)
    .where('holder.agency_id', '=', caller.owner)
    .executeTakeFirst()
  return own === undefined ? problem('not_found', `${caller.owner} has no card ${card}`) : undefined
}
