/**
 * The whole signed HTTP behaviour without sockets: a request in, a response out, the checks in the order of
 * `problemCodes`. Fastify and a simulator under virtual time call the same function.
 */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import {
  contentDigest,
  signAnswer,
  type HttpRequest,
  type HttpResponse,
} from '../../src/sync/protocol/http-signature.ts'
import type { Problem } from '../../src/sync/protocol/problems.ts'
import { issuerOf, tokenOf } from '../../src/sync/protocol/request-token.ts'
import { Gathering } from './gathering.ts'
import type { RateClass } from './limits.ts'
import type { Caller, EventStream, Operation, Services } from './operation.ts'
import { perform } from './perform.ts'
import { problemOf } from './problems.ts'
import { readRequest, refusedAtTheDoor, type ReadRequest } from './read-request.ts'
import { Authentication, type WhoAsks } from './who-asks.ts'

const answerLifeSeconds = 300
const errorsMax = 50

/** With `stream` the body is empty, and the answer is what the stream gives. */
export type LedgerResponse = HttpResponse & { readonly stream?: EventStream }

interface Refused {
  readonly problem: Problem
  /** When it is known who asks. */
  readonly caller?: Caller
  readonly retryAfterSeconds?: number | undefined
}

type Done = { readonly response: LedgerResponse } | Refused
type Read = Extract<ReadRequest, { kind: 'read' }>
type Known = Extract<WhoAsks, { kind: 'known' }>

export class RequestHandler {
  readonly #services: Services
  readonly #authentication: Authentication
  readonly #gathering: Gathering

  constructor(services: Services) {
    this.#services = services
    this.#authentication = new Authentication(services)
    this.#gathering = new Gathering(services)
  }

  /** Answers everything that a client can send; rejects only when the ledger itself is broken. */
  async handle(request: HttpRequest): Promise<LedgerResponse> {
    const done = await this.#do(request)
    if ('response' in done) return done.response
    const response = this.#refuse(request, done)
    await this.#services.refusals.writeAtPace()
    return response
  }

  /** A problem, signed whenever the request has a signature or a token to bind it to. */
  refuse(request: HttpRequest, problem: Problem): HttpResponse {
    return this.#refuse(request, { problem })
  }

  async #do(request: HttpRequest): Promise<Done> {
    const door = refusedAtTheDoor(request)
    if (door !== undefined) return { problem: door }
    const read = readRequest(request)
    if (read.kind === 'refusal') return read
    const operation = this.#services.operations.get(`${request.method} ${read.path}`)
    const signed = operation?.roles === 'anyone' ? anyone : await this.#authentication.whoAsks(request)
    if (signed.kind === 'refusal') return signed
    if (signed.caller.keyId === '') return this.#doFor(request, signed, read, operation)
    const kept = this.#authentication.keep(signed.caller, signed.created)
    // Both go on together, so that they share a commit; the answer leaves after both.
    const [done] = await Promise.all([this.#doFor(request, signed, read, operation), kept])
    return done
  }

  async #doFor(
    request: HttpRequest,
    { caller, created }: Known,
    { path, value, repeated }: Read,
    operation: Operation | undefined,
  ): Promise<Done> {
    const tooMany = caller.keyId === '' ? undefined : this.#tooMany(caller, operation)
    if (tooMany !== undefined) return { ...tooMany, caller }
    if (operation === undefined)
      return { problem: problemOf('not_found', `there is nothing at ${request.method} ${path}`), caller }
    const services = this.#services
    const performed = await perform({ services, caller, created, operation, value, repeated, errorsMax }, (asked) =>
      this.#gathering.perform(operation, asked),
    )
    if (performed.kind === 'refusal') return { ...performed, caller }
    const always = operation.roles === 'anyone'
    if (performed.kind === 'stream')
      return { response: { status: 200, headers: {}, body: '', stream: performed.stream } }
    if (performed.kind === 'text')
      return { response: this.#answer(request, 200, performed.contentType, performed.text, always) }
    return { response: this.#answer(request, 200, 'application/json', toJson(performed.body), always) }
  }

  #tooMany(caller: Caller, operation: Operation | undefined): Refused | undefined {
    const rateClass: RateClass =
      caller.role === 'terminal' ? 'terminal' : operation?.method === 'POST' ? 'write' : 'read'
    const taken = this.#services.rates.take(caller, rateClass, 1, this.#services.clock())
    if (taken.kind === 'taken') return undefined
    return { problem: problemOf('rate_limited'), retryAfterSeconds: taken.retryAfterSeconds }
  }

  #refuse(request: HttpRequest, { problem, caller, retryAfterSeconds }: Refused): HttpResponse {
    this.#services.refusals.note({
      code: problem.code,
      keyId: caller?.keyId ?? namedKey(request),
      proved: caller !== undefined && caller.keyId !== '',
      method: request.method,
      path: URL.parse(request.url)?.pathname ?? '',
    })
    const response = this.#answer(request, problem.status, 'application/problem+json', JSON.stringify(problem), false)
    if (retryAfterSeconds === undefined) return response
    return { ...response, headers: { ...response.headers, 'retry-after': String(retryAfterSeconds) } }
  }

  #answer(request: HttpRequest, status: number, contentType: string, body: string, always: boolean): HttpResponse {
    if (!canBind(request) && !always) {
      return { status, headers: { 'content-type': contentType, 'content-digest': contentDigest(body) }, body }
    }
    const created = Math.floor(this.#services.clock() / 1000)
    const nonce = Buffer.from(this.#services.random(16)).toString('base64url')
    const moment = { created, expires: created + answerLifeSeconds, nonce }
    return signAnswer({ status, contentType, body }, request, this.#services.keys.signing, moment)
  }
}

const anyone: Known = { kind: 'known', caller: { keyId: '', role: 'individual', owner: '' }, created: 0 }

function canBind({ headers }: HttpRequest): boolean {
  const { signature } = headers
  if (signature === undefined) return tokenOf(headers) !== undefined
  return /^tolem=:[A-Za-z0-9+/]{86}==:$/.test(signature)
}

/** Which key the request says it is of; nothing is proved by it. */
function namedKey({ headers }: HttpRequest): string {
  const token = tokenOf(headers)
  if (token !== undefined) return issuerOf(token) ?? ''
  return /;keyid="([A-Za-z0-9_-]{43})"/.exec(headers['signature-input'] ?? '')?.[1] ?? ''
}
