import { problem, type ProblemOutcome } from '../http/operation.ts'
import type { Misaddressed } from './policy.ts'

/** What the door answers to a lease, an order or a change of a group that would be for nobody, or for too many. */
export function misaddressedProblem(wrong: Misaddressed): ProblemOutcome {
  switch (wrong.kind) {
    case 'names_nobody':
      return problem('rule_violated', 'it names neither beneficiaries nor groups, nor everybody')
    case 'no_such_group':
      return problem('not_found', `no group ${wrong.groups.slice(0, 5).join(', ')} in this scheme`)
    case 'too_many':
      return problem('rule_violated', `a till holds the slots of at most ${wrong.most} beneficiaries of a scheme`)
    default:
      return wrong satisfies never
  }
}
