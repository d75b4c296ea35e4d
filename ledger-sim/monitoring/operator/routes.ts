/**
 * The operator's page over HTTP: its files, the exchange of a token for a cookie, the figures. It is the one web page
 * that the ledger serves; the door lets its own origin ask for these paths and for nothing else (`http/fastify.ts`).
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { problemOf } from '../../http/problems.ts'
import type { OperatorAccess } from './access.ts'
import type { OperatorView } from './state.ts'

export interface OperatorRoutes {
  readonly access: OperatorAccess
  readonly view: OperatorView
  readonly onDidFail: (error: unknown) => void
}

const contentSecurityPolicy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `font-src 'self'`,
  `connect-src 'self'`,
  `frame-ancestors 'none'`,
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ')

const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/operator': ['page/page.html', 'text/html; charset=utf-8'],
  '/operator/page.css': ['page/page.css', 'text/css; charset=utf-8'],
  '/operator/page.js': ['page/page.js', 'text/javascript; charset=utf-8'],
  '/operator/charts.js': ['page/charts.js', 'text/javascript; charset=utf-8'],
  '/operator/format.js': ['page/format.js', 'text/javascript; charset=utf-8'],
  '/operator/texts.js': ['page/texts.js', 'text/javascript; charset=utf-8'],
}
const fonts: Readonly<Record<string, string>> = {
  '/operator/noto-sans-400.ttf': '400Regular/NotoSans_400Regular.ttf',
  '/operator/noto-sans-600.ttf': '600SemiBold/NotoSans_600SemiBold.ttf',
}
const sessionSchema = z.strictObject({ token: z.string().min(1).max(100) })
const sessionBytesMax = 1_024

export function offerOperatorPage(server: FastifyInstance, { access, view, onDidFail }: OperatorRoutes): void {
  for (const [path, [file, type]] of Object.entries(files)) {
    const content = readFileSync(new URL(file, import.meta.url))
    server.get(path, { schema: { hide: true } }, (_request, reply) => sendFile(reply, content, type))
  }
  for (const [path, file] of Object.entries(fonts)) {
    const content = readFileSync(fileURLToPath(import.meta.resolve(`@expo-google-fonts/noto-sans/${file}`)))
    server.get(path, { schema: { hide: true } }, (_request, reply) => sendFile(reply, content, 'font/ttf'))
  }
  server.post('/operator/session', { schema: { hide: true }, bodyLimit: sessionBytesMax }, (request, reply) => {
    const parsed = sessionSchema.safeParse(parseJson(request.body))
    const session = parsed.success ? access.exchange(parsed.data.token) : null
    if (session === null) return refuse(reply, 'the link was used or is over: open a new one')
    reply
      .code(204)
      .header('set-cookie', `${cookieOf(request)}=${session}; Path=/operator; HttpOnly; SameSite=Strict`)
      .header('cache-control', 'no-store')
      .send()
  })
  server.get('/operator/state', { schema: { hide: true } }, async (request, reply) => {
    if (!cookiesOf(request).some((session) => access.hasSession(session)))
      return refuse(reply, 'open the link that the ledger gives')
    try {
      const state = toJson(await view.state())
      return reply.header('content-type', 'application/json').header('cache-control', 'no-store').send(state)
    } catch (error) {
      onDidFail(error)
      return reply
        .code(500)
        .header('content-type', 'application/problem+json')
        .send(JSON.stringify(problemOf('internal')))
    }
  })
}

function sendFile(reply: FastifyReply, content: Buffer, type: string): void {
  reply
    .header('content-security-policy', contentSecurityPolicy)
    .header('content-type', type)
    .header('cache-control', 'no-store')
    .send(content)
}

function refuse(reply: FastifyReply, detail: string): FastifyReply {
  const problem = { ...problemOf('role_not_allowed', detail), status: 401 }
  return reply.code(401).header('content-type', 'application/problem+json').send(JSON.stringify(problem))
}

function parseJson(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '') as unknown
  } catch {
    return undefined
  }
}

/** Cookies do not know ports: each ledger of the machine has a name of its own. */
function cookieOf(request: FastifyRequest): string {
  return `tolem-operator-${request.socket.localPort}`
}

/** Every value under our name: another server of this machine can lay one of the same name beside it. */
function cookiesOf(request: FastifyRequest): readonly string[] {
  return (request.headers.cookie ?? '').split(';').flatMap((pair) => {
    const [name, value] = pair.trim().split('=', 2)
    return name === cookieOf(request) && value !== undefined ? [value] : []
  })
}
