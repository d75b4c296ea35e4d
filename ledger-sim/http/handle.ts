/**
 * The whole signed HTTP behaviour without sockets: a request in, a response out, the checks in the order of
 * `problemCodes`. Fastify and a simulator under virtual time call the same function.
 */
import type { z } from 'zod'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import {
  contentDigest,
  signAnswer,
  verifyRequest,
  type HttpRequest,
  type HttpResponse,
} from '../../src/sync/protocol/http-signature.ts'
import type { Problem, ProblemCode } from '../../src/sync/protocol/problems.ts'
import type { Selectable } from 'kysely'
import { inTransaction } from '../context.ts'
import type { PrincipalTable } from '../store/schema.ts'
import { endFormerKey } from '../terminals/key-rotation.ts'
import { findTerminal, verifyingKeyOf } from '../terminals/terminals.ts'
import { NonceWindow } from './nonce-window.ts'
import { findHeardKey } from './heard-keys.ts'
import type { Caller, EventStream, Operation, Role, Services } from './operation.ts'
import { problemOf } from './problems.ts'

/** Room for the largest batch: 500 sales with their evidence. */
export const bodyBytesMax = 16 * 1024 * 1024
const clockSkewSeconds = 120
const signatureLifeSecondsMax = 300
const answerLifeSeconds = 300

type Principal = Selectable<PrincipalTable>
/** With `stream` the body is empty, and the answer is what the stream gives. */
export type LedgerResponse = HttpResponse & { readonly stream?: EventStream }
type Refusal = { readonly kind: 'refusal'; readonly problem: Problem }
type Step<Result> = ({ readonly kind: 'go' } & Result) | Refusal

export class RequestHandler {
  readonly #services: Services
  readonly #operations: ReadonlyMap<string, Operation>
  readonly #nonces = new NonceWindow()

  constructor(services: Services, operations: readonly Operation[]) {
    this.#services = services
    this.#operations = new Map(operations.map((operation) => [`${operation.method} ${operation.path}`, operation]))
  }

  /** Answers everything that a client can send; rejects only when the ledger itself is broken. */
  async handle(request: HttpRequest): Promise<LedgerResponse> {
    const door = refusedAtTheDoor(request)
    if (door !== undefined) return this.refuse(request, door)
    const url = new URL(request.url)
    const operation = this.#operations.get(`${request.method} ${url.pathname}`)
    if (Buffer.byteLength(request.body) > bodyBytesMax) return this.refuse(request, problemOf('body_too_large'))
    const body = bodyOf(request, url)
    if (body.kind === 'refusal') return this.refuse(request, body.problem)
    const signed = operation?.roles === 'anyone' ? anyone : await this.#whoSigned(request)
    if (signed.kind === 'refusal') return this.refuse(request, signed.problem)
    if (operation === undefined) {
      return this.refuse(request, problemOf('not_found', `there is nothing at ${request.method} ${url.pathname}`))
    }
    const allowed = await this.#whetherAllowed(operation, signed.caller)
    if (allowed !== undefined) return this.refuse(request, allowed)
    const parsed = operation.requestSchema.safeParse(body.value)
    if (!parsed.success) return this.refuse(request, problemOf('schema_mismatch', undefined, errorsOf(parsed.error)))
    const outcome = await operation.perform({
      services: this.#services,
      caller: signed.caller,
      request: parsed.data,
      created: signed.created,
    })
    if (outcome.kind === 'problem') return this.refuse(request, problemOf(outcome.code, outcome.detail))
    if (outcome.kind === 'stream') return { status: 200, headers: {}, body: '', stream: outcome.stream }
    return this.#answer(request, 200, 'application/json', toJson(outcome.body), operation.roles === 'anyone')
  }

  /** A problem, signed whenever the request has a signature to bind it to. */
  refuse(request: HttpRequest, refused: Problem): HttpResponse {
    return this.#answer(request, refused.status, 'application/problem+json', JSON.stringify(refused), false)
  }

  async #whoSigned(request: HttpRequest): Promise<Step<{ readonly caller: Caller; readonly created: number }>> {
    const keyId = /;keyid="([A-Za-z0-9_-]{43})"/.exec(request.headers['signature-input'] ?? '')?.[1]
    const principal = keyId === undefined ? undefined : await this.#principal(keyId)
    const verified = verifyRequest(request, (id) =>
      id === keyId && principal !== undefined ? verifyingKeyOf(principal.jwk) : undefined,
    )
    if (verified.kind === 'fault') return refusal(verified.code)
    if (principal === undefined) return refusal('key_unknown')
    const now = this.#services.clock()
    const seconds = Math.floor(now / 1000)
    const { created, expires, nonce } = verified.moment
    if (Math.abs(created - seconds) > clockSkewSeconds || expires < seconds) {
      return refusal('clock_skew', `created ${created}, expires ${expires}; the ledger’s time is ${seconds}`)
    }
    if (expires < created || expires - created > signatureLifeSecondsMax) {
      return refusal('clock_skew', `a signature is valid for at most ${signatureLifeSecondsMax} s`)
    }
    const freshness = this.#nonces.use(verified.keyId, nonce, now)
    if (freshness === 'replayed') return refusal('nonce_replayed')
    if (freshness === 'full') return refusal('rate_limited')
    const { follows } = principal
    if (follows !== null) await inTransaction(this.#services, (work) => endFormerKey(work, verified.keyId, follows))
    return {
      kind: 'go',
      caller: { keyId: verified.keyId, role: principal.role as Role, owner: principal.owner },
      created,
    }
  }

  #principal(keyId: string): Promise<Pick<Principal, 'jwk' | 'role' | 'owner' | 'follows'> | undefined> {
    return inTransaction(this.#services, (work) => findHeardKey(work, keyId))
  }

  async #whetherAllowed(operation: Operation, caller: Caller): Promise<Problem | undefined> {
    if (operation.roles === 'anyone') return undefined
    if (!operation.roles.includes(caller.role)) return problemOf('role_not_allowed', `${caller.role} may not do this`)
    if (caller.role !== 'terminal' || operation.openToSuspended) return undefined
    const terminal = await inTransaction(this.#services, (work) => findTerminal(work, caller.owner))
    return terminal?.status === 'active' ? undefined : problemOf('terminal_suspended')
  }

  #answer(request: HttpRequest, status: number, contentType: string, body: string, always: boolean): HttpResponse {
    const canBind = /^tolem=:[A-Za-z0-9+/]{86}==:$/.test(request.headers['signature'] ?? '')
    if (!canBind && !always) {
      return { status, headers: { 'content-type': contentType, 'content-digest': contentDigest(body) }, body }
    }
    const created = Math.floor(this.#services.clock() / 1000)
    const nonce = Buffer.from(this.#services.random(16)).toString('base64url')
    const moment = { created, expires: created + answerLifeSeconds, nonce }
    return signAnswer({ status, contentType, body }, request, this.#services.keys.signing, moment)
  }
}

const anyone = { kind: 'go', caller: { keyId: '', role: 'individual', owner: '' }, created: 0 } as const

function refusal(code: ProblemCode, detail?: string): Refusal {
  return { kind: 'refusal', problem: problemOf(code, detail) }
}

const loopback = ['127.0.0.1', 'localhost', '[::1]']

/**
 * The simulator serves programs on its own machine: no other host name (DNS rebinding), no web page. A page cannot hide
 * its Origin where it can change something, nor, in any browser of today, the fetch metadata where it can only embed
 * (W3C Fetch Metadata §2.4). A person who types an address is `none`.
 */
export function refusedAtTheDoor(request: HttpRequest): Problem | undefined {
  const url = URL.parse(request.url)
  if (url === null) return problemOf('not_found', 'the address cannot be read')
  const host = request.headers['host']
  if (!loopback.includes(url.hostname) || (host !== undefined && host !== url.host)) {
    return problemOf('role_not_allowed', 'the ledger simulator answers on the loopback address only')
  }
  const site = request.headers['sec-fetch-site']
  if (request.headers['origin'] !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin'))
    return problemOf('role_not_allowed', 'the ledger simulator does not serve web pages')
  return undefined
}

function bodyOf(request: HttpRequest, url: URL): Step<{ readonly value: unknown }> {
  if (request.method === 'GET') return { kind: 'go', value: Object.fromEntries(url.searchParams) }
  try {
    const value = JSON.parse(request.body) as unknown
    // JSON can spell half of a surrogate pair, which no canonical form has (RFC 8785 §3.2.2.2).
    if (/\\u[dD][89a-fA-F]/.test(request.body)) JSON.stringify(value, wellFormed)
    return { kind: 'go', value }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return refusal('not_json')
    throw error
  }
}

function wellFormed(key: string, value: unknown): unknown {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
    throw new SyntaxError('half a character')
  return value
}

function errorsOf(error: z.ZodError): NonNullable<Problem['errors']> {
  return error.issues.slice(0, 50).map((issue) => ({
    pointer: issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    detail: issue.message,
  }))
}
