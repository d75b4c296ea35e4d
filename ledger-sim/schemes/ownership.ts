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
