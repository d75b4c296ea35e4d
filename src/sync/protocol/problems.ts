/**
 * Problem codes of the HTTP interface (RFC 9457), in the order in which the ledger's door checks them: the first that
 * applies is answered. What an operation finds by itself may come in another order: a known id with other terms is
 * told before an account that is not there. `type` is `urn:tolem:problem:<code>`.
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
  'dated_before_restart',
  'nonce_replayed',
  'rate_limited',
  'role_not_allowed',
  'terminal_suspended',
  'schema_mismatch',
  'not_found',
  'events_gone',
  'exists_with_different_terms',
  'reversed_before_arrival',
  'rule_violated',
  'limit_exceeded',
  'insufficient_funds',
  'internal',
] as const
export type ProblemCode = (typeof problemCodes)[number]

/** What a client does about a problem; a wait is over when `Retry-After` says so. */
export const clientActs = {
  retry: 'Retry with the same id',
  change: 'Change the request',
  wait: 'Wait for `Retry-After`, then retry with the same id',
  give_up: 'Give up',
} as const

interface ProblemMeaning {
  /** One sentence, for who reads the document. */
  readonly means: string
  readonly act: keyof typeof clientActs
  /** How to do it, or what then holds: a sentence too. */
  readonly how: string
}

/** For the OpenAPI document and docs/integrator.md. */
export const problemMeanings: Readonly<Record<ProblemCode, ProblemMeaning>> = {
  body_too_large: {
    means: 'The body, or the address with its headers, is longer than the ledger takes.',
    act: 'change',
    how: 'Send fewer items at once; `GET /v1/limits` says how long it may be.',
  },
  not_json: {
    means: 'The body is not JSON that can be signed, or a GET has one.',
    act: 'change',
    how: 'A POST has JSON in its body, a GET everything in its query; the detail says what came.',
  },
  signature_missing: {
    means: 'The request brings neither a signature nor a token.',
    act: 'change',
    how: 'Sign it, or bring a token.',
  },
  signature_malformed: {
    means: 'The signature or the token is not in its form, or both came.',
    act: 'change',
    how: 'The ledger takes one profile of signatures and one of tokens.',
  },
  key_unknown: {
    means: 'The ledger does not hear this key: it was never registered, or it has ended.',
    act: 'give_up',
    how: 'A key that is heard may send the same under the same id.',
  },
  content_digest_mismatch: {
    means: 'The body is not the one that was signed.',
    act: 'retry',
    how: 'Sign anew, over the very bytes that are sent.',
  },
  signature_wrong: {
    means: 'The signature is not one by this key over this request.',
    act: 'retry',
    how: 'Sign anew, over the method and the whole address as they are sent.',
  },
  clock_skew: {
    means: 'The signature or the token was made at another time than the ledger’s, or lives too long.',
    act: 'retry',
    how: 'Sign anew, by the time in this answer’s signature.',
  },
  dated_before_restart: {
    means: 'This was signed before the ledger was last started, which does not know whether it was used then.',
    act: 'wait',
    how: 'Sign anew, at a later second; if the first request was done, its id answers `exists`.',
  },
  nonce_replayed: {
    means: 'This very signature or token was used before.',
    act: 'retry',
    how: 'Sign anew; if the first request was done, its id answers `exists`.',
  },
  rate_limited: {
    means: 'Too much was asked in so short a time.',
    act: 'wait',
    how:
      'Without that header the detail says what was too much: open streams, tries of a code, or in a batch look-ups, ' +
      'and until when.',
  },
  role_not_allowed: {
    means: 'The caller’s role may not ask this, or the request came by another host name or from a web page.',
    act: 'give_up',
    how: 'No repetition helps; another role has to ask.',
  },
  terminal_suspended: {
    means: 'The terminal is suspended, and sells nothing new with the ledger’s help.',
    act: 'give_up',
    how: 'What it has sold is still taken; it sells again once its agency has it enrolled anew.',
  },
  schema_mismatch: {
    means: 'The request does not have the form of its operation; `errors` says where.',
    act: 'change',
    how: 'Correct the places that `errors` names.',
  },
  not_found: {
    means: 'There is no such operation or thing, or none that the caller may see.',
    act: 'change',
    how: 'Correct the name or the address.',
  },
  events_gone: {
    means: 'What comes after the cursor is older than `eventsKeptSeconds` of `GET /v1/limits`, and kept no more.',
    act: 'change',
    how: 'Read on after `oldestCursor`; balances, statements and lists show what was missed.',
  },
  exists_with_different_terms: {
    means: 'The id is in use: for other terms, for something else, or by somebody else.',
    act: 'give_up',
    how: 'What came first under the id stands; what is to be done beside it takes an id of its own.',
  },
  reversed_before_arrival: {
    means: 'The id was disowned before the request came, so nothing moves under it.',
    act: 'give_up',
    how: 'That is final for the id.',
  },
  rule_violated: {
    means: 'A rule of the ledger forbids it; the detail says which.',
    act: 'change',
    how: 'Correct what the detail names, or ask again when it holds no more.',
  },
  limit_exceeded: {
    means:
      'A limit of an individual forbids it, of the account or of all the person’s accounts together; the detail says ' +
      'which, and of the account’s own what it leaves.',
    act: 'change',
    how: 'Ask for a smaller amount, or for the same when the limit leaves enough.',
  },
  insufficient_funds: {
    means: 'The account has too little.',
    act: 'retry',
    how: 'It is done when there is enough in the account.',
  },
  internal: {
    means: 'The ledger failed, and does not say whether it was done.',
    act: 'retry',
    how: 'What was done answers `exists`.',
  },
}

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(problemCodes),
  detail: z.string().optional(),
  /** Where in the body, or by its name in the query: RFC 6901 pointers with what is wrong there. */
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  /** Of `events_gone`: the oldest cursor from which the feed can be read on. */
  oldestCursor: z.int().min(0).optional(),
})
export type Problem = z.infer<typeof problemSchema>
