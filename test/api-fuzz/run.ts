/**
 * Generated requests against the real server (docs/design/18-platform-api.md, "Door"): never a 500, never no answer,
 * each refusal a problem with a code that its operation has in the document, accounts that balance, memory that stays.
 */
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { auditFile } from '../../ledger-sim/audit.ts'
import { startHttp } from '../../ledger-sim/http/fastify.ts'
import type { Operation } from '../../ledger-sim/http/operation.ts'
import { problemSchema } from '../../src/sync/protocol/problems.ts'
import { temporaryFolder } from '../integration/ledger/demo-ledger.ts'
import { Chance } from './chance.ts'
import { Prover } from './provers.ts'
import { Requests, type Document, type FuzzRequest } from './requests.ts'
import { endless, send, type Heard } from './send.ts'
import { fuzzWorld } from './world.ts'

export interface FuzzReport {
  readonly requests: number
  readonly seed: string
  readonly byKind: Readonly<Record<string, number>>
  readonly byStatus: Readonly<Record<string, number>>
  readonly byCode: Readonly<Record<string, number>>
  /** How many the ledger has: a later ledger with more is another one than this run knows. */
  readonly operations: number
  /** Operations that answered 200 at least once, of all. */
  readonly answered: string
  readonly unanswered: readonly string[]
  readonly transfers: number
  readonly balanced: boolean
  readonly slowestMs: number
  /** How much more memory was in use at the end than after a quarter of the requests. */
  readonly grownMiB: number
  readonly failures: readonly string[]
}

const inFlight = 4
/** As fast as ten requests a second come: nonces, tokens and rates live on the ledger's clock. */
const msPerRequest = 100
const grownMiBMax = 64

/** @param say hears how far it is */
export async function fuzz(count: number, seed: string, say: (line: string) => void): Promise<FuzzReport> {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  const demo = await fuzzWorld(path)
  const broken: string[] = []
  const http = await startHttp({ ledger: demo.ledger, port: 0, onDidFail: (error) => broken.push(String(error)) })
  const address = new URL(http.url)
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  const tally = new Tally(demo.ledger.operations)
  try {
    const document = (await (await fetch(`${http.url}/openapi.json`)).json()) as Document
    const requests = new Requests(document, new Prover(demo, 'demo', ['till-1', 'till-1', 'till-1', 'till-2']))
    let [next, early] = [0, 0]
    const lane = async (): Promise<void> => {
      while (next < count) {
        const index = (next += 1)
        demo.clock.now += msPerRequest
        const request = await requests.make(new Chance(`${seed}/${index}`), address.host)
        const startedAt = performance.now()
        const sent = await send(request, address, agent)
        tally.count(index, request, sent, performance.now() - startedAt)
        if (index === Math.ceil(count / 4)) early = memoryInUse()
        if (index % 2_000 === 0) say(`${index} requests, ${tally.failures.length} failures`)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, lane))
    const grownMiB = Math.round((memoryInUse() - early) / 2 ** 20)
    if (grownMiB > grownMiBMax) tally.failures.push(`memory grew by ${grownMiB} MiB`)
    for (const error of [...broken, ...demo.recovered.map(String)]) tally.failures.push(`the ledger broke: ${error}`)
    const audit = auditFile(path)
    if (audit?.balanced !== true) tally.failures.push(`the audit: ${audit?.text}`)
    const transfers = (await demo.rows('transfer')).length
    return {
      requests: count,
      seed,
      byKind: tally.byKind,
      byStatus: tally.byStatus,
      byCode: tally.byCode,
      operations: demo.ledger.operations.length,
      answered: `${tally.answered.size} of ${demo.ledger.operations.length}`,
      unanswered: demo.ledger.operations
        .map((operation) => `${operation.method} ${operation.path}`)
        .filter((operation) => !tally.answered.has(operation)),
      transfers,
      balanced: audit?.balanced === true,
      slowestMs: Math.round(tally.slowestMs),
      grownMiB,
      failures: tally.failures,
    }
  } finally {
    agent.destroy()
    await http.close()
    await demo.close()
    folder.remove()
  }
}

class Tally {
  readonly byKind: Record<string, number> = {}
  readonly byStatus: Record<string, number> = {}
  readonly byCode: Record<string, number> = {}
  readonly answered = new Set<string>()
  readonly failures: string[] = []
  slowestMs = 0
  readonly #operations: readonly Operation[]

  constructor(operations: readonly Operation[]) {
    this.#operations = operations
  }

  count(index: number, request: FuzzRequest, sent: Awaited<ReturnType<typeof send>>, ms: number): void {
    this.slowestMs = Math.max(this.slowestMs, ms)
    add(this.byKind, request.kind)
    const fault = sent.kind === 'heard' ? this.#judge(request, sent.heard) : faultOf(request, sent)
    if (fault === undefined) return
    const said = sent.kind === 'heard' ? sent.heard.body.slice(0, 300) : ''
    this.failures.push(
      `request ${index}, ${request.kind}: ${request.method} ${request.path.slice(0, 120)}: ${fault}; ` +
        `asked ${(request.raw ?? request.body).slice(0, 300)}; heard ${said}`,
    )
  }

  #judge(request: FuzzRequest, { status, contentType, body }: Heard): string | undefined {
    add(this.byStatus, String(status))
    if (status === 200) return this.#judgeAnswer(request, contentType, body)
    // The answer to a HEAD has no body, and what is no HTTP may be answered by nothing but the end.
    if (request.method === 'HEAD' && request.raw === undefined) return status === 404 ? undefined : `status ${status}`
    if (status === 0 && request.raw !== undefined) return undefined
    if (contentType !== 'application/problem+json') return `status ${status}, ${contentType}`
    const problem = isJson(body) ? problemSchema.safeParse(JSON.parse(body)) : undefined
    if (problem?.success !== true) return 'a refusal that is no problem'
    const { code, status: said } = problem.data
    add(this.byCode, code)
    if (said !== status) return `status ${status} says ${said}`
    if (status >= 500) return 'the ledger failed'
    return request.codes === undefined || request.codes.includes(code) ? undefined : `${code} is not in the document`
  }

  #judgeAnswer({ method, path }: FuzzRequest, contentType: string, body: string): string | undefined {
    const [asked, query] = path.split('?')
    this.answered.add(`${method} ${asked}`)
    const operation = this.#operations.find((one) => one.method === method && one.path === asked)
    if (operation?.streams === true) return contentType === endless ? undefined : 'no stream'
    const isCsv = new URLSearchParams(query).get('format') === 'csv'
    if (isCsv) return contentType === 'text/csv; charset=utf-8' && body.endsWith('\r\n') ? undefined : 'no CSV'
    if (contentType !== 'application/json' || !isJson(body)) return 'an answer that is not JSON'
    const parsed = operation?.answerSchema.safeParse(JSON.parse(body))
    return parsed?.success === false ? `not the answer of the document: ${parsed.error.message}` : undefined
  }
}

function faultOf(
  request: FuzzRequest,
  sent: { readonly kind: 'hung' | 'failed'; readonly why: string },
): string | undefined {
  const isTooLarge = sent.kind === 'failed' && request.body.length > 16 * 1024 * 1024
  return isTooLarge ? undefined : `${sent.kind}: ${sent.why}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

/** Bytes of the heap after everything that nobody holds was let go. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
