/** Whether what the ledger said lies in what was sent to it, or in something that passes. */
import type { ProblemCode } from '../protocol/problems.ts'
import type { LedgerReply } from './ledger-client.ts'

/**
 * Problems that lie in what was sent, so that another cut of the batch may cure them. All others are about the terminal
 * or the way to the ledger (a wrong path, a body changed on its way): they pass, and must not cost an item its place.
 */
export function isAboutTheItems(code: ProblemCode): boolean {
  return ['body_too_large', 'schema_mismatch', 'exists_with_different_terms', 'rule_violated'].includes(code)
}

/** What lies in this one question: asked again it is answered alike, and other questions are not. */
export function isAboutThis(reply: LedgerReply<unknown>): boolean {
  return reply.kind === 'problem' ? isAboutTheItems(reply.code) : reply.kind === 'no_answer' && reply.signed
}
