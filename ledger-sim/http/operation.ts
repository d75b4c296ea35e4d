/** One thing that a client can ask of the ledger: where, by whom, in which form, and what is then done. */
import type { z } from 'zod'
import type { Problem, ProblemCode } from '../../src/sync/protocol/problems.ts'
import type { LedgerPorts } from '../context.ts'
import type { Stream } from '../feed/streams.ts'
import type { CardSessions } from '../terminals/card-sessions.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { RefusalLog } from './refusal-log.ts'

export const roles = [
  'central-bank',
  'bank',
  'legal-entity',
  'agency',
  'merchant',
  'terminal',
  'individual',
  'auditor',
] as const
export type Role = (typeof roles)[number]

/** Who signed the request. */
export interface Caller {
  readonly keyId: string
  readonly role: Role
  /** The bank, agency, merchant or terminal that the key belongs to. */
  readonly owner: string
}

/** What operations share beyond the ports. */
export interface Services extends LedgerPorts {
  readonly cardSessions: CardSessions
  /** Everything that can be asked, by method and path: `POST /v1/accounts`. */
  readonly operations: ReadonlyMap<string, Operation>
  readonly rates: RateLimiter
  readonly refusals: RefusalLog
  /** When this process began to serve, ms. */
  readonly startedAt: number
}

export interface Signed<Request> {
  readonly caller: Caller
  readonly request: Request
  /** The signature's `created`, seconds. */
  readonly created: number
}

export interface Asked<Request> extends Signed<Request> {
  readonly services: Services
}

export interface ProblemOutcome {
  readonly kind: 'problem'
  readonly code: ProblemCode
  readonly detail: string
  /** Of `rate_limited`: when the same may be asked again. */
  readonly retryAfterSeconds?: number
  /** Of `schema_mismatch`: where, and what is wanted there. */
  readonly errors?: Problem['errors']
  /** Of `events_gone`: the oldest cursor from which the feed can be read on. */
  readonly oldestCursor?: number
}

/** An answer that is no JSON. */
export interface TextOutcome {
  readonly kind: 'text'
  readonly contentType: string
  readonly text: string
}

/** An answer without an end: the door writes what it reads from it until either side ends it (event-stream.ts). */
export interface EventStream {
  /** Who opened it: an owner in a role, with whichever of its keys. */
  readonly reader: string
  readonly stream: Stream
  /** The last cursor that its reader has. */
  readonly after: number
  /** Why it cannot be read on from there; undefined where it can. */
  whyNotAfter(cursor: number): Promise<ProblemOutcome | undefined>
  /**
   * The next page; empty when there is nothing new, `ended` when its reader is not heard any more, `gone` when what
   * comes next is kept no more.
   */
  next(after: number): Promise<readonly { readonly cursor: number; readonly data: string }[] | 'ended' | 'gone'>
}

export interface StreamOutcome {
  readonly kind: 'stream'
  readonly stream: EventStream
}

/** The answer as it is written to the wire: amounts may be bigint, they become decimal strings. */
export type Outcome = { readonly kind: 'answer'; readonly body: unknown } | TextOutcome | ProblemOutcome | StreamOutcome

export interface Operation {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** A method of the report, by its own name, or what the scenarios need beside them. */
  readonly tag: string
  readonly summary: string
  /** What a stranger has to know beyond that, before the first call. */
  readonly description?: string
  /** `anyone`: no signature is asked. */
  readonly roles: readonly Role[] | 'anyone'
  /** Of the body, or of the query of a GET. */
  readonly requestSchema: z.ZodType
  readonly answerSchema: z.ZodType
  /** The answer is a stream without an end, and `answerSchema` is of the `data` of each of its events. */
  readonly streams?: boolean
  /** Whether a suspended terminal may still do this: hand over what it sold, and ask. */
  readonly openToSuspended: boolean
  perform(asked: Asked<unknown>): Promise<Outcome>
  /**
   * Requests that came together, in one transaction: items of a batch that stand beside each other, or what many
   * clients sent meanwhile (`Gathering`). The results are those that `perform` would give one after the other.
   *
   * @param services within a transaction (`storeWithin`)
   */
  performEach?(services: Services, all: readonly Signed<unknown>[]): Promise<readonly Outcome[]>
}

export interface TypedOperation<Request extends z.ZodType, Answer extends z.ZodType> extends Omit<
  Operation,
  'perform' | 'performEach' | 'requestSchema' | 'answerSchema' | 'openToSuspended'
> {
  readonly requestSchema: Request
  readonly answerSchema: Answer
  readonly openToSuspended?: boolean
  perform(asked: Asked<z.output<Request>>): Promise<TypedOutcome<Answer>>
  performEach?(services: Services, all: readonly Signed<z.output<Request>>[]): Promise<readonly TypedOutcome<Answer>[]>
}

/** Amounts leave as bigint or as text; both are the same on the wire. */
export type TypedOutcome<Answer extends z.ZodType> =
  | { readonly kind: 'answer'; readonly body: z.input<Answer> | z.output<Answer> }
  | TextOutcome
  | ProblemOutcome
  | StreamOutcome

/** Ties the types of request and answer to the schemas once, where the operation is written. */
export function operation<Request extends z.ZodType, Answer extends z.ZodType>(
  typed: TypedOperation<Request, Answer>,
): Operation {
  const { performEach, ...rest } = typed
  return {
    ...rest,
    openToSuspended: typed.openToSuspended ?? true,
    // `request` comes out of `requestSchema`, so it has its type.
    perform: (asked) => typed.perform(asked as Asked<z.output<Request>>),
    ...(performEach === undefined
      ? {}
      : { performEach: (services, all) => performEach(services, all as readonly Signed<z.output<Request>>[]) }),
  }
}

export function problem(code: ProblemCode, detail: string): ProblemOutcome {
  return { kind: 'problem', code, detail }
}

export function arrivalOf(existed: boolean): 'created' | 'exists' {
  return existed ? 'exists' : 'created'
}
