/** Problems of the HTTP interface (RFC 9457), with the status and the sentence of each code. */
import type { Problem, ProblemCode } from '../../src/sync/protocol/problems.ts'
import type { ProblemOutcome } from './operation.ts'

const known: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  body_too_large: { status: 413, title: 'The body is larger than the ledger takes' },
  not_json: { status: 400, title: 'The body is not JSON' },
  signature_missing: { status: 401, title: 'The request is not signed' },
  signature_malformed: { status: 401, title: 'The signature is not in the form that the ledger takes' },
  key_unknown: { status: 401, title: 'The ledger does not know the key' },
  content_digest_mismatch: { status: 401, title: 'The body is not the one that was signed' },
  signature_wrong: { status: 401, title: 'The signature is wrong' },
  clock_skew: { status: 401, title: 'The signature was made at another time; this answer carries the ledger’s' },
  dated_before_restart: { status: 425, title: 'This was signed before the ledger was started; sign it anew' },
  nonce_replayed: { status: 401, title: 'This signature was used before' },
  role_not_allowed: { status: 403, title: 'Not allowed' },
  terminal_suspended: { status: 403, title: 'The terminal is suspended' },
  schema_mismatch: { status: 422, title: 'The request does not have the form that the ledger takes' },
  not_found: { status: 404, title: 'There is no such thing' },
  events_gone: { status: 410, title: 'The events after the cursor are kept no more' },
  exists_with_different_terms: { status: 409, title: 'The id is in use with other terms' },
  reversed_before_arrival: { status: 409, title: 'The id was disowned before it came' },
  rule_violated: { status: 409, title: 'A rule of the ledger forbids it' },
  limit_exceeded: { status: 409, title: 'A limit of an individual’s account forbids it' },
  insufficient_funds: { status: 409, title: 'The account has too little' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'The ledger failed' },
}

export function problemOf(code: ProblemCode, detail?: string, errors?: Problem['errors']): Problem {
  return {
    type: `urn:tolem:problem:${code}`,
    title: known[code].title,
    status: known[code].status,
    code,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  }
}

/** What an operation found, as it is answered. */
export function problemOfOutcome({ code, detail, errors, oldestCursor }: ProblemOutcome): Problem {
  return { ...problemOf(code, detail, errors), ...(oldestCursor === undefined ? {} : { oldestCursor }) }
}
