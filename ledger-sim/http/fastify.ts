/**
 * The door to the network: a thin layer that hands raw requests to the ledger and writes its answers, and the OpenAPI
 * document made of the same schemas.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import swagger from '@fastify/swagger'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { createJsonSchemaTransform } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import type { HttpRequest, HttpResponse } from '../../src/sync/protocol/http-signature.ts'
import { problemSchema, type Problem, type ProblemCode } from '../../src/sync/protocol/problems.ts'
import { amountPattern } from '../../src/voucher/money.ts'
import type { Ledger } from '../ledger.ts'
import { LedgerMetrics } from '../monitoring/metrics.ts'
import type { OperatorAccess } from '../monitoring/operator/access.ts'
import { offerOperatorPage } from '../monitoring/operator/routes.ts'
import { OperatorView } from '../monitoring/operator/state.ts'
import { offerMonitoring } from '../monitoring/routes.ts'
import { EventStreams, type StreamTimes } from './event-stream.ts'
import { readExamples } from './examples.ts'
import { limits } from './limits.ts'
import { fullDocument } from './openapi.ts'
import { cursorIn } from './query-numbers.ts'
import type { EventStream, Operation, ProblemOutcome } from './operation.ts'
import { problemOf, problemOfOutcome } from './problems.ts'
import { refusedAtTheDoor } from './read-request.ts'

export interface HttpOptions {
  readonly ledger: Ledger
  /** 0 for any free port. */
  readonly port: number
  /** Before each request: the demonstration asks its injected clock here. */
  readonly beforeRequest?: () => Promise<void>
  /** The ledger failed on a request; the client was answered `internal`. */
  readonly onDidFail?: (error: unknown) => void
  /** The ledger's `watch`; without it streams hear of news with their heartbeat only. */
  readonly metrics?: LedgerMetrics
  /** Without it there is no operator's page. */
  readonly operator?: OperatorAccess
  readonly streamTimes?: StreamTimes
}

export interface RunningHttp {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  /** How many event streams are open. */
  eventStreams(): number
  close(): Promise<void>
}

/** On every answer: no page of another origin frames, embeds or opens what the ledger says. */
const forBrowsers: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
}

/** @throws the socket's error, EADDRINUSE among them */
export async function startHttp(options: HttpOptions): Promise<RunningHttp> {
  const latest = new WeakMap<Socket, ServerResponse>()
  const metrics = options.metrics ?? new LedgerMetrics()
  const server = fastify({
    bodyLimit: limits.bodyBytesMax,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // Node would answer without a word; here it is a problem (`withoutHost`).
    http: { requireHostHeader: false },
    clientErrorHandler: (error, socket) => {
      const problem = unreadable(error, socket, latest.get(socket))
      if (problem !== undefined) metrics.refused(problem.code)
    },
    frameworkErrors: (_error, request, reply) => {
      send(reply, options.ledger.refuse(refusable(request), problemOf('not_found', 'the address cannot be read')))
    },
  })
  const onDidFail = (error: unknown) => options.onDidFail?.(error)
  const streams = new EventStreams(metrics.bell, onDidFail, options.streamTimes)
  server.addHook('onRequest', (request, reply, done) => {
    latest.set(request.raw.socket, reply.raw)
    reply.headers(forBrowsers)
    const refused = withoutHost(request) ?? refusedAtTheDoor(fromOwnPage(refusable(request))) ?? whyNotRead(request)
    if (refused === undefined) done()
    else send(reply, options.ledger.refuse(refusable(request), refused))
  })
  // Digest and signature are over the bytes as they came.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  // The ledger itself checks and writes, in its documented order; the schemas here are for the document.
  server.setValidatorCompiler(() => (data) => ({ value: data }))
  server.setSerializerCompiler(() => (data) => String(data))

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    try {
      await options.beforeRequest?.()
      const response = await options.ledger.handle(asHttpRequest(request))
      if (response.stream !== undefined) await answerWithoutEnd(request, reply, response.stream)
      else send(reply, response)
    } catch (error) {
      onDidFail(error)
      send(reply, options.ledger.refuse(refusable(request), problemOf('internal')))
    }
  }
  const answerWithoutEnd = async (request: FastifyRequest, reply: FastifyReply, stream: EventStream): Promise<void> => {
    const after = resumedAfter(request) ?? stream.after
    const refuse = (code: ProblemCode, detail: string) => refuseFor({ kind: 'problem', code, detail })
    const refuseFor = (why: ProblemOutcome) =>
      send(reply, options.ledger.refuse(refusable(request), problemOfOutcome(why)))
    if (after === 'malformed') return refuseFor(noCursor)
    const whyNot = await stream.whyNotAfter(after)
    if (whyNot !== undefined) return refuseFor(whyNot)
    if (!streams.hasRoomFor(stream.reader)) return refuse('rate_limited', 'too many event streams are open')
    reply.hijack()
    const headers = { ...forBrowsers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
    streams.serve(reply.raw, headers, stream, after)
  }
  server.setNotFoundHandler((request, reply) =>
    request.method === 'GET' || request.method === 'POST'
      ? answer(request, reply)
      : send(
          reply,
          options.ledger.refuse(refusable(request), problemOf('not_found', `${request.method} is not offered`)),
        ),
  )
  server.setErrorHandler((error: { readonly code?: string }, request, reply) => {
    const code = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? 'body_too_large' : 'not_json'
    send(reply, options.ledger.refuse(refusable(request), problemOf(code)))
  })
  const countStreams = () => streams.count
  offerMonitoring(server, options.ledger.ports, metrics, countStreams)
  if (options.operator !== undefined) {
    const { operator } = options
    const view = new OperatorView(options.ledger.ports, countStreams, () => operator.now())
    offerOperatorPage(server, { access: operator, view, onDidFail })
  }
  await describe(server, options.ledger.operations, answer)
  const url = await server.listen({ host: '127.0.0.1', port: options.port })
  return {
    url,
    eventStreams: countStreams,
    close: async () => {
      await server.close()
      await streams.ended()
    },
  }
}

/** A header is no place of the body; it has the pointer of its name. */
const noCursor: ProblemOutcome = {
  kind: 'problem',
  code: 'schema_mismatch',
  detail: 'Last-Event-ID is no cursor',
  errors: [{ pointer: '/Last-Event-ID', detail: 'expected: the cursor of the last event that came, a whole number' }],
}

/** Where a reader of an event stream was cut off; its own header, which no signature covers: cursors have no holes. */
function resumedAfter(request: FastifyRequest): number | 'malformed' | undefined {
  const text = request.headers['last-event-id']
  if (text === undefined) return undefined
  return cursorIn.safeParse(text).data ?? 'malformed'
}

/** The operator's page may name its own origin for its own paths: the one page that the ledger serves. */
function fromOwnPage(request: HttpRequest): HttpRequest {
  const { origin, ...headers } = request.headers
  const url = URL.parse(request.url)
  const isOwn = url !== null && url.pathname.startsWith('/operator/') && origin === url.origin
  return isOwn ? { ...request, headers } : request
}

/**
 * What is no HTTP, or has headers or an address beyond 16 KiB, is answered here: nobody has seen who asks for what.
 *
 * @param latest the answer to what came before on the same socket; where its request goes on wrongly after it was
 * answered, everything is said
 * @returns what was answered
 */
function unreadable(
  error: { readonly code?: string },
  socket: Socket,
  latest: ServerResponse | undefined,
): Problem | undefined {
  const isAnswered = latest?.headersSent === true && !latest.req.complete
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswered) {
    socket.destroySoon()
    return undefined
  }
  const isLong = error.code === 'HPE_HEADER_OVERFLOW'
  const problem = isLong
    ? problemOf('body_too_large', 'address and headers are larger than the ledger takes')
    : problemOf('not_json', 'this is not HTTP/1.1')
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${isLong ? 'Content Too Large' : 'Bad Request'}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  return problem
}

async function describe(
  server: FastifyInstance,
  operations: readonly Operation[],
  answer: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tölem ledger simulator',
        version: '0.1.0',
        description:
          'The Digital Tenge platform as a simulator. Requests are signed by RFC 9421 (ecdsa-p256-sha256) or bring a ' +
          'signed JWT for this one request; answers are signed by the ledger (ed25519); amounts are decimal strings ' +
          'of tiyn. Problems are RFC 9457, of several that apply the first in the list `x-problem-codes`.',
      },
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig: { unrepresentable: 'any', override: amountsAreText } }),
  })
  // Plugins first, so that the document sees every route.
  await server.after()
  for (const { method, path, tag, summary, description, requestSchema, answerSchema, streams } of operations) {
    server.route({
      method,
      url: path,
      schema: {
        tags: [tag],
        summary,
        ...(description === undefined ? {} : { description }),
        ...(method === 'GET' ? { querystring: requestSchema } : { body: requestSchema }),
        response: {
          200: streams === true ? { content: { 'text/event-stream': { schema: answerSchema } } } : answerSchema,
          default: { content: { 'application/problem+json': { schema: problemSchema } } },
        },
      },
      handler: answer,
    })
  }
  let document = ''
  server.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    document ||= JSON.stringify(fullDocument(server.swagger(), operations, readExamples()))
    reply.header('content-type', 'application/json').send(document)
  })
  server.get('/health', { schema: { hide: true } }, (_request, reply) => {
    reply.header('content-type', 'application/json').send('{"status":"up"}')
  })
}

/** An amount's output side is a bigint, which JSON Schema cannot say: on the wire it is the text of its input side. */
function amountsAreText({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes
  jsonSchema: z.core.JSONSchema.BaseSchema
}): void {
  if (zodSchema._zod.def.type !== 'custom') return
  jsonSchema.type = 'string'
  jsonSchema.pattern = amountPattern.source
}

function asHttpRequest(request: FastifyRequest): HttpRequest {
  const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : ''
  return { ...refusable(request), body }
}

/** What names no host is no request of HTTP/1.1 (RFC 9112 §3.2), and of none is known what its address is. */
function withoutHost({ headers }: FastifyRequest): Problem | undefined {
  const isNamed = headers.host !== undefined && headers.host !== ''
  return isNamed ? undefined : problemOf('not_json', 'this is not HTTP/1.1: the request names no Host')
}

/** Fastify leaves the body of a GET unread, and a signature over it would not be checked. */
function whyNotRead({ method, headers }: FastifyRequest): Problem | undefined {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
  return method === 'GET' && hasBody ? problemOf('not_json', 'a GET has no body') : undefined
}

/** A name that nobody has (RFC 6761 §6.4). */
const noHost = 'no-host.invalid'

/** What is known of a request whose body was never read. */
function refusable(request: FastifyRequest): HttpRequest {
  const headers: Record<string, string> = {}
  // Of some that come twice Node keeps the first and hides the other; here both stand, and neither is in its form.
  for (const [name, values] of Object.entries(request.raw.headersDistinct)) {
    if (values !== undefined) headers[name] = values.join(', ')
  }
  const method = request.method === 'POST' ? 'POST' : 'GET'
  return { method, url: `http://${headers['host'] || noHost}${request.raw.url ?? ''}`, headers, body: '' }
}

function send(reply: FastifyReply, response: HttpResponse): void {
  // As bytes: to text Fastify would add a charset, and content-type is under the signature.
  reply
    .code(response.status)
    .headers({ ...response.headers, 'cache-control': 'no-store' })
    .send(Buffer.from(response.body))
}
