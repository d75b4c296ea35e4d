/**
 * The till over loopback: static files, the exchange of a token for a cookie, and the WebSocket `/bridge`. Any program
 * and any web page of this machine can reach the port, so each request proves where it comes from: Host against DNS
 * rebinding, Origin against other pages (a cookie does not tell ports apart, so SameSite alone would let the page of
 * another local server in), the cookie against everybody else.
 */
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { z } from 'zod'
import { contentSecurityPolicy, securityHeaders } from '../shell/content-security-policy.ts'
import type { UiFiles } from '../shell/ui-files.ts'
import type { AttachedWindow, WindowPort } from '../shell/windows.ts'
import type { Access } from './access.ts'

export interface TillServerOptions {
  /** 0: any free port. */
  readonly port: number
  readonly uiFiles: UiFiles
  readonly access: Access
  readonly attachWindow: (window: WindowPort) => AttachedWindow
}

export interface TillServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  close(): Promise<void>
}

const hostAddress = '127.0.0.1'
/** The largest command is far below this. */
const upFrameBytesMax = 16_384
const sessionRequestBytesMax = 1_024
/** A window that reads nothing any more is let go; it gets everything again when it comes back. */
const unsentBytesMax = 8_000_000

const sessionRequestSchema = z.strictObject({ token: z.string().min(1).max(256) })

/** Listens on 127.0.0.1 only. Rejects with the error of `listen`, EADDRINUSE among them. */
export async function startTillServer(options: TillServerOptions): Promise<TillServer> {
  const { access, uiFiles, attachWindow } = options
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 })
  const port = await listen(server, options.port)
  const host = `${hostAddress}:${port}`
  const origin = `http://${host}`
  const cookieName = `tolem-till-${port}`
  const headers = securityHeaders(contentSecurityPolicy([`ws://${host}`]))
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: upFrameBytesMax,
    perMessageDeflate: false,
    clientTracking: true,
  })

  const refuse = (response: ServerResponse, status: number, code: string, more: Record<string, string> = {}): void => {
    response.writeHead(status, { ...headers, ...more, 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, code }))
  }

  const isKnown = (request: IncomingMessage): boolean =>
    cookiesOf(request, cookieName).some((session) => access.hasSession(session))

  /** GET asks whether the cookie is good (a browser does not say why a WebSocket failed); POST takes a token. */
  const serveSession = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'GET') {
      if (!isKnown(request)) return refuse(response, 401, 'session_unknown')
      response.writeHead(204, headers).end()
      return
    }
    if (request.method !== 'POST') return refuse(response, 405, 'method_not_allowed', { allow: 'GET, POST' })
    if (request.headers.origin !== origin) return refuse(response, 403, 'foreign_origin')
    if (mediaType(request) !== 'application/json') return refuse(response, 415, 'not_json')
    const body = await readBody(request, sessionRequestBytesMax)
    if (body === null) return refuse(response, 413, 'too_large', { connection: 'close' })
    const parsed = sessionRequestSchema.safeParse(parseJson(body))
    if (!parsed.success) return refuse(response, 400, 'malformed')
    const session = access.exchange(parsed.data.token)
    if (session === null) return refuse(response, 401, 'token_invalid')
    const cookie = `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`
    response.writeHead(204, { ...headers, 'set-cookie': cookie })
    response.end()
  }

  const serveFile = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, 'method_not_allowed', { allow: 'GET, HEAD' })
    const file = uiFiles.find(path)
    if (file === null) return refuse(response, 404, 'not_found')
    response.writeHead(200, { ...headers, 'content-type': file.type, 'content-length': file.content.byteLength })
    response.end(request.method === 'HEAD' ? undefined : file.content)
  }

  server.on('request', (request, response) => {
    if (request.headers.host !== host) return refuse(response, 421, 'foreign_host')
    const path = (request.url ?? '').split('?', 1)[0] as string
    if (path !== '/session') return serveFile(request, response, path)
    serveSession(request, response).catch(() => response.destroy())
  })

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (request.headers.host !== host) return refuseUpgrade(socket, 421)
    if (request.headers.origin !== origin) return refuseUpgrade(socket, 403)
    if (request.url !== '/bridge') return refuseUpgrade(socket, 404)
    if (!isKnown(request)) return refuseUpgrade(socket, 401)
    sockets.handleUpgrade(request, socket, head, (webSocket) => connect(webSocket, attachWindow))
  })

  return {
    origin,
    close: async () => {
      for (const webSocket of sockets.clients) webSocket.close(1001, 'the till stops')
      const closed = new Promise((resolve) => server.close(resolve))
      // A page that does not answer the closing handshake does not hold the till up.
      const impatience = setTimeout(() => {
        for (const webSocket of sockets.clients) webSocket.terminate()
        server.closeAllConnections()
      }, 500)
      server.closeIdleConnections()
      await closed
      clearTimeout(impatience)
    },
  }
}

/** Makes a window of a WebSocket. */
function connect(webSocket: WebSocket, attachWindow: TillServerOptions['attachWindow']): void {
  const window = attachWindow({
    post: (frame) => {
      if (webSocket.readyState !== webSocket.OPEN) return
      if (webSocket.bufferedAmount > unsentBytesMax) return webSocket.terminate()
      webSocket.send(JSON.stringify(frame))
    },
  })
  // Binary data is no frame: null is answered `malformed` like any other nonsense.
  webSocket.on('message', (data, isBinary) => window.receive(isBinary ? null : parseJson(data.toString())))
  webSocket.on('error', () => webSocket.terminate())
  webSocket.on('close', () => window.detach())
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: hostAddress, port, exclusive: true }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** The body as text, or null when it is longer than `bytesMax`. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<string | null> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.byteLength
    if (bytes > bytesMax) return null
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** The value, or undefined for text that is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/**
 * Every value under this name. Cookies do not know ports: another server of this machine can put one of the same name
 * beside ours, under a path that comes first, and must not lock the till's page out with it.
 */
function cookiesOf(request: IncomingMessage, name: string): readonly string[] {
  return (request.headers.cookie ?? '').split(';').flatMap((pair) => {
    const [found, value] = pair.trim().split('=', 2)
    return found === name && value !== undefined ? [value] : []
  })
}
