/**
 * Problem codes of the HTTP interface (RFC 9457), in the order in which the ledger checks them: the first that applies
 * is answered. `type` is `urn:tolem:problem:<code>`.
 */
import { z } from 'zod'

export const problemCodes = [
  'body_too_large',
  'not_json',
  'signature_missing',
  'signature_malformed',
  'key_unknown',
  'content_digest_mismatch',
  'signature_wrong',
  'clock_skew',
  'nonce_replayed',
  'rate_limited',
  'role_not_allowed',
  'terminal_suspended',
  'schema_mismatch',
  'not_found',
  'exists_with_different_terms',
  'reversed_before_arrival',
  'rule_violated',
  'limit_exceeded',
  'insufficient_funds',
  'internal',
] as const
export type ProblemCode = (typeof problemCodes)[number]

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(problemCodes),
  detail: z.string().optional(),
  /** Where in the body: RFC 6901 pointers with what is wrong there. */
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
})
export type Problem = z.infer<typeof problemSchema>
