/** The panel's web server on 127.0.0.1: the page, the JSON API, the slips, and a stream that says "look again". */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import type { EventLog, LogEntry } from '../event-log.ts'
import { partOf, type Part } from '../parts.ts'
import { guardHeaders, refusalOf } from './browser-guard.ts'
import { isPanelPath, obey } from './panel-commands.ts'
import type { PanelDevices } from './panel-commands.ts'
import type { BoxedCard } from './card-box.ts'
import type { ReaderState } from './reader-desk.ts'
import type { HidState } from '../hid/virtual-hid.ts'
import type { NetworkState } from '../network/network-proxy.ts'
import type { SlipRecord } from '../printer/slip-store.ts'
import type { PrinterState } from '../printer/virtual-printer.ts'
import type { WalletState } from '../wallet/wallet-desk.ts'

export interface PanelServerOptions extends PanelDevices {
  /** The reader's log, kept by the desk. */
  readonly readerLog: EventLog
  /** 0: any free port. */
  readonly port: number
  /** What is handled here; all unless given. */
  readonly started?: ReadonlySet<Part>
}

export type SlipSummary = Omit<SlipRecord, 'elements' | 'byteCount'>

/** What `GET /api/state` answers, and every POST that was obeyed as its `state`. */
export interface PanelState {
  readonly cards: readonly BoxedCard[]
  readonly reader: ReaderState
  readonly network: NetworkState & { readonly port: number }
  readonly printer: PrinterState & { readonly port: number }
  readonly hid: HidState
  /** `null`: no customer has a wallet here. */
  readonly wallet: WalletState | null
  /** The newest slips, oldest first. */
  readonly slips: readonly SlipSummary[]
  readonly slipCount: number
}

const largestBody = 256 * 1024
/** At most one hint to look again in this time; a busy reader must not flood the page. */
const hintMs = 100
const shownSlips = 12
const shownLogLines = 60

const inPage = (name: string): URL => new URL(`./page/${name}`, import.meta.url)
/** A module of the package `qr`, from which the page reads a QR in a picture. */
const inQrPackage = (name: string): URL => new URL(import.meta.resolve(name))

const page: ReadonlyMap<string, { readonly file: URL; readonly type: string }> = new Map(
  (
    [
      ['/', inPage('page.html'), 'text/html; charset=utf-8'],
      ['/page.css', inPage('page.css'), 'text/css; charset=utf-8'],
      ['/page.js', inPage('page.js'), 'text/javascript; charset=utf-8'],
      ['/elements.js', inPage('elements.js'), 'text/javascript; charset=utf-8'],
      ['/hid.js', inPage('hid.js'), 'text/javascript; charset=utf-8'],
      ['/log-words.js', inPage('log-words.js'), 'text/javascript; charset=utf-8'],
      ['/slips.js', inPage('slips.js'), 'text/javascript; charset=utf-8'],
      ['/wallet.css', inPage('wallet.css'), 'text/css; charset=utf-8'],
      ['/wallet.js', inPage('wallet.js'), 'text/javascript; charset=utf-8'],
      ['/qr/decode.js', inQrPackage('qr/decode.js'), 'text/javascript; charset=utf-8'],
      ['/qr/index.js', inQrPackage('qr'), 'text/javascript; charset=utf-8'],
      ['/favicon.ico', inPage('icon.svg'), 'image/svg+xml'],
    ] as const
  ).map(([path, file, type]) => [path, { file, type }]),
)

export class PanelServer {
  readonly #options: PanelServerOptions
  readonly #server: Server
  readonly #watchers = new Set<ServerResponse>()
  readonly #summaries = new Map<number, SlipSummary>()
  readonly #subscriptions: { dispose(): void }[]
  #hint: NodeJS.Timeout | null = null

  constructor(options: PanelServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#handle(request, response))
    const changed = (): void => this.#hintChange()
    this.#subscriptions = [
      options.readerLog.onDidWrite(changed),
      options.printer.log.onDidWrite(changed),
      options.printer.onDidPrint(changed),
      options.network.log.onDidWrite(changed),
      options.hid.log.onDidWrite(changed),
      ...(options.wallet === null ? [] : [options.wallet.log.onDidWrite(changed)]),
    ]
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: '127.0.0.1', port: this.#options.port }, () => resolve())
    })
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.dispose()
    if (this.#hint !== null) clearTimeout(this.#hint)
    for (const watcher of this.#watchers) watcher.end()
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  /** Everything the page shows. */
  state(): PanelState {
    const { box, desk, printer, network, hid, wallet } = this.#options
    return {
      cards: box.list(),
      reader: desk.state(),
      network: { ...network.state(), port: network.port },
      printer: { ...printer.state(), port: printer.port },
      hid: hid.state(),
      wallet: wallet?.state() ?? null,
      slips: printer
        .slipNumbers()
        .slice(-shownSlips)
        .flatMap((number) => this.#summary(number)),
      slipCount: printer.slipNumbers().length,
    }
  }

  /** Records never change and may be large: each is read once. */
  #summary(number: number): SlipSummary[] {
    const known = this.#summaries.get(number)
    if (known !== undefined) return [known]
    const record = this.#options.printer.slip(number)
    if (record === null) return []
    const { ended, text, qrPayloads, faults, interruptions, startedAt, endedAt, widthDots } = record
    const summary = { number, ended, text, qrPayloads, faults, interruptions, startedAt, endedAt, widthDots }
    this.#summaries.set(number, summary)
    this.#summaries.delete(number - shownSlips)
    return [summary]
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(guardHeaders)) response.setHeader(name, value)
    // A connection kept for later would be closed here just as a client that was busy for a while sends on it.
    response.setHeader('connection', 'close')
    const method = request.method ?? 'GET'
    const refusal = refusalOf(method, request.headers, this.port)
    if (refusal !== null) return problem(response, refusal === 'not-json' ? 415 : 403, refusal)
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1')
    if (url === null) return problem(response, 400, 'bad-target')
    try {
      if (method === 'POST') await this.#post(url.pathname, request, response)
      else if (method === 'GET') this.#get(url, response)
      else problem(response, 405, 'method-not-allowed')
    } catch (error) {
      problem(response, 500, 'internal', error instanceof Error ? error.message : String(error))
    }
  }

  async #post(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isPanelPath(path)) return problem(response, 404, 'no-such-path')
    const part = partOf(path)
    if (part !== null && this.#options.started?.has(part) === false)
      return problem(response, 409, 'not-started', `--only left the ${part} out`)
    const body = await readJson(request)
    if (body.kind === 'refused') return problem(response, body.status, body.code)
    const answer = await obey(this.#options, path, body.value)
    if (answer.kind === 'refused') {
      return problem(response, answer.code === 'invalid-body' ? 400 : 409, answer.code, answer.detail)
    }
    this.#hintChange()
    sendJson(response, 200, { ...answer.details, state: this.state() })
  }

  #get(url: URL, response: ServerResponse): void {
    const file = page.get(url.pathname)
    if (file !== undefined) return send(response, 200, file.type, readFileSync(file.file))
    if (url.pathname === '/api/state') return sendJson(response, 200, this.state())
    if (url.pathname === '/api/events') return this.#watch(response)
    if (url.pathname === '/api/slips') return sendJson(response, 200, this.#options.printer.slipNumbers())
    if (url.pathname === '/api/log') return sendJson(response, 200, this.#logs())
    const slip = /^\/api\/slips\/(\d{1,9})\.(png|txt|json)$/.exec(url.pathname)
    if (slip !== null) return this.#slip(Number(slip[1]), slip[2] ?? '', response)
    const card = /^\/api\/cards\/([^/]+)\/log$/.exec(url.pathname)
    if (card !== null) {
      const last = Math.min(Number(url.searchParams.get('last') ?? shownLogLines) || shownLogLines, 10_000)
      const lines = this.#options.box.log(decoded(card[1] ?? ''), last)
      return lines === null ? problem(response, 404, 'no-such-card') : sendJson(response, 200, lines)
    }
    problem(response, 404, 'no-such-path')
  }

  #logs(): Readonly<Record<string, readonly LogEntry[]>> {
    const { readerLog, network, printer, hid, wallet } = this.#options
    const newest = (log: EventLog): readonly LogEntry[] => log.entries().slice(-shownLogLines)
    return {
      reader: newest(readerLog),
      network: newest(network.log),
      printer: newest(printer.log),
      hid: newest(hid.log),
      wallet: wallet === null ? [] : newest(wallet.log),
    }
  }

  #slip(number: number, form: string, response: ServerResponse): void {
    const record = this.#options.printer.slip(number)
    if (record === null) return problem(response, 404, 'no-such-slip')
    if (form === 'json') return sendJson(response, 200, record)
    if (form === 'txt') return send(response, 200, 'text/plain; charset=utf-8', Buffer.from(record.text, 'utf8'))
    const picture = this.#options.printer.slipPicture(number)
    if (picture === null) return problem(response, 503, 'still-being-drawn')
    send(response, 200, 'image/png', picture)
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('retry: 500\ndata: look\n\n')
    this.#watchers.add(response)
    response.on('close', () => this.#watchers.delete(response))
  }

  #hintChange(): void {
    if (this.#hint !== null) return
    this.#hint = setTimeout(() => {
      this.#hint = null
      for (const watcher of this.#watchers) watcher.write('data: look\n\n')
    }, hintMs)
  }
}

type ReadBody =
  | { readonly kind: 'read'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }

async function readJson(request: IncomingMessage): Promise<ReadBody> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) return { kind: 'refused', status: 413, code: 'body-too-large' }
    chunks.push(chunk)
  }
  try {
    return { kind: 'read', value: size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8')) }
  } catch {
    return { kind: 'refused', status: 400, code: 'not-json' }
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body)
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value), 'utf8'))
}

/** RFC 9457, with a code of the panel's own. */
function problem(
  response: ServerResponse,
  status: number,
  code: string,
  detail: string = code.replaceAll('-', ' '),
): void {
  const body = Buffer.from(
    JSON.stringify({ type: 'about:blank', status, code, title: code.replaceAll('-', ' '), detail }),
  )
  response.writeHead(status, { 'content-type': 'application/problem+json', 'content-length': body.length }).end(body)
}
