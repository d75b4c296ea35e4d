/**
 * The network between one till and the ledger: real sockets on loopback, whole HTTP requests in, and then what the
 * weather says. What it passes on are the bytes that came, but for the faults that change them.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { SeededRandom } from '../simulation/random.ts'
import { itemsIn, type Deliveries } from './deliveries.ts'
import type { LedgerUnderFire } from './ledger-under-fire.ts'
import { changedBody, firstMessage, pathOf, withoutSignature, withStatus, type RawMessage } from './raw-http.ts'
import { killFaults, type Fate, type Fault, type Weather } from './weather.ts'

export interface ChaosProxyParts {
  readonly name: string
  readonly weather: Weather
  readonly ledger: LedgerUnderFire
  readonly deliveries: Deliveries
  readonly onDidFault: (fault: Fault) => void
  /** Each whole request of the till, before anything happens to it. */
  readonly onDidRequest: (request: RawMessage) => void
}

interface Way {
  /** How much of the bytes; all of them if not said. */
  readonly until?: number
  /** After that much: `reset`, or a clean `end`. */
  readonly afterwards?: 'reset' | 'end'
  /** In so many pieces, over so long. */
  readonly pieces?: number
  readonly overMs?: number
  readonly onFirstByte?: () => void
}

const answerWithinMs = 20_000
/** How long an answer is kept for being given to another request. */
const keptAnswers = 40

export class ChaosProxy {
  readonly #parts: ChaosProxyParts
  readonly #server: Server
  readonly #clients = new Set<Socket>()
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #answers = new Map<string, Buffer[]>()
  #requests = 0
  /** From now on everything passes. */
  isCalm = false

  constructor(parts: ChaosProxyParts) {
    this.#parts = parts
    this.#server = createServer((client) => this.#accept(client))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get requests(): number {
    return this.#requests
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  /** Resolves when nothing is on its way any more, the late and the slow among it. */
  async whenQuiet(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async close(): Promise<void> {
    await this.whenQuiet()
    for (const client of this.#clients) client.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Sends bytes to the ledger, as they are, on a connection of their own. */
  async deliver(request: RawMessage, bytes: Buffer = request.bytes, way: Way = {}): Promise<RawMessage | undefined> {
    const { ledger, deliveries } = this.#parts
    if (ledger.port === undefined) return undefined
    const isWhole = bytes === request.bytes && way.until === undefined
    const items = isWhole ? itemsIn(request).map(({ id }) => id) : []
    let hasArrived = false
    const answer = await exchange(ledger.port, bytes, way, () => {
      hasArrived = true
      deliveries.arrived(items)
    })
    if (hasArrived) deliveries.answered(items, answer)
    return answer
  }

  #accept(client: Socket): void {
    this.#clients.add(client)
    client.on('error', () => undefined)
    client.on('close', () => this.#clients.delete(client))
    let received: Buffer = Buffer.alloc(0)
    client.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      for (let request = firstMessage(received); request !== undefined; request = firstMessage(received)) {
        received = received.subarray(request.bytes.length)
        this.#track(this.#carry(client, request))
      }
    })
  }

  #track(work: Promise<unknown>): void {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }

  async #carry(client: Socket, request: RawMessage): Promise<void> {
    const { name, weather, ledger, onDidRequest } = this.#parts
    this.#requests += 1
    onDidRequest(request)
    if (this.isCalm) {
      await ledger.whenUp()
      return this.#giveBack(client, request, await this.deliver(request), { ...weather.fateOf(name, 0), back: 'pass' })
    }
    const drawn = weather.fateOf(name, this.#requests)
    // Who is dead cannot be killed.
    const fate: Fate =
      ledger.port === undefined && killFaults.some((kill) => kill === drawn.there) ? { ...drawn, there: 'pass' } : drawn
    if (fate.there !== 'pass') this.#parts.onDidFault(fate.there)
    const answer = await this.#carryThere(client, request, fate)
    if (answer !== 'ended') await this.#giveBack(client, request, answer, fate)
  }

  /** @returns `ended` when the till has already been answered for, with nothing */
  async #carryThere(client: Socket, request: RawMessage, fate: Fate): Promise<RawMessage | undefined | 'ended'> {
    const { ledger } = this.#parts
    const { random } = fate
    const { length } = request.bytes
    switch (fate.there) {
      case 'pass':
        return this.deliver(request)
      case 'drop':
        await this.#silence(client, random)
        return 'ended'
      case 'cut_request':
        await this.deliver(request, request.bytes, { until: random.between(1, length - 1), afterwards: 'reset' })
        client.resetAndDestroy()
        return 'ended'
      case 'truncate_request':
        return this.deliver(request, request.bytes, { until: random.between(1, length - 1), afterwards: 'end' })
      case 'change_request':
        return this.deliver(request, changedBody(request, random))
      case 'triple': {
        const answers = await Promise.all([this.deliver(request), this.deliver(request), this.deliver(request)])
        return answers[random.between(0, 2)]
      }
      case 'delay':
        await wait(random.between(5, 150))
        return this.deliver(request)
      case 'late':
        client.resetAndDestroy()
        await wait(random.between(20, 3_000))
        await this.deliver(request)
        return 'ended'
      case 'slow_request':
        return this.deliver(request, request.bytes, {
          pieces: random.between(3, 40),
          overMs: random.between(50, 600),
        })
      case 'kill_at_commit': {
        const delivered = this.deliver(request)
        await ledger.killAtNextCommit(delivered)
        return delivered
      }
      case 'kill_at_answer':
        await this.deliver(request, request.bytes, { onFirstByte: () => void ledger.kill() })
        client.resetAndDestroy()
        return 'ended'
      case 'kill_at_random': {
        const killed = ledger.killAfter(random.between(0, 60))
        const answer = await this.deliver(request)
        await killed
        return answer
      }
      default:
        return fate.there satisfies never
    }
  }

  async #giveBack(client: Socket, request: RawMessage, answer: RawMessage | undefined, fate: Fate): Promise<void> {
    if (answer === undefined) return void client.resetAndDestroy()
    const path = pathOf(request)
    const others = this.#answers.get(path) ?? []
    if (fate.back !== 'pass') this.#parts.onDidFault(fate.back)
    await this.#write(client, answer, fate, others)
    this.#answers.set(path, [...others.slice(1 - keptAnswers), answer.bytes])
  }

  async #write(client: Socket, answer: RawMessage, { back, random }: Fate, others: readonly Buffer[]): Promise<void> {
    const { bytes } = answer
    switch (back) {
      case 'pass':
        return writePieces(client, bytes, 1, 0)
      case 'drop_answer':
        return this.#silence(client, random)
      case 'cut_answer':
        await writePieces(client, bytes.subarray(0, random.between(1, bytes.length - 1)), 1, 0)
        return void client.resetAndDestroy()
      case 'truncate_answer':
        client.end(bytes.subarray(0, random.between(1, bytes.length - 1)))
        return
      case 'slow_answer':
        return writePieces(client, bytes, random.between(3, 40), random.between(50, 2_500))
      case 'delay_answer':
        await wait(random.between(5, 150))
        return writePieces(client, bytes, 1, 0)
      case 'other_answer':
        return writePieces(client, others.length === 0 ? bytes : random.pick(others), 1, 0)
      case 'changed_answer':
        return writePieces(client, changedBody(answer, random), 1, 0)
      case 'changed_answer_new_digest':
        return writePieces(client, changedBody(answer, random, true), 1, 0)
      case 'other_status':
        return writePieces(client, withStatus(answer, random.pick([200, 302, 400, 401, 404, 409, 422, 500, 503])), 1, 0)
      case 'garbage':
        client.end(Buffer.from(random.bytes(random.between(1, 400))))
        return
      case 'unsigned':
        return writePieces(client, withoutSignature(answer), 1, 0)
      default:
        return back satisfies never
    }
  }

  /** Mostly a reset after a while; at times nothing at all, until the till gives up. */
  async #silence(client: Socket, random: SeededRandom): Promise<void> {
    if (random.chance(0.1)) return
    await wait(random.between(10, 400))
    client.resetAndDestroy()
  }
}

/** One connection, one request, one answer; undefined when no whole answer came. Never rejects. */
function exchange(
  port: number,
  bytes: Buffer,
  { until = bytes.length, afterwards, pieces = 1, overMs = 0, onFirstByte }: Way,
  onDidArrive: () => void,
): Promise<RawMessage | undefined> {
  return new Promise((resolve) => {
    const ledger = connect({ host: '127.0.0.1', port, noDelay: true })
    let received: Buffer = Buffer.alloc(0)
    const finish = (answer: RawMessage | undefined): void => {
      clearTimeout(timer)
      ledger.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => finish(undefined), answerWithinMs)
    ledger.on('error', () => finish(undefined))
    ledger.on('close', () => finish(undefined))
    ledger.on('data', (chunk) => {
      if (received.length === 0) onFirstByte?.()
      received = Buffer.concat([received, chunk])
      const answer = firstMessage(received)
      if (answer !== undefined) finish(answer)
    })
    ledger.on('connect', () => {
      void writePieces(ledger, bytes.subarray(0, until), pieces, overMs).then(() => {
        if (afterwards === 'reset') ledger.resetAndDestroy()
        else if (afterwards === 'end') ledger.end()
        if (until === bytes.length && !ledger.destroyed) onDidArrive()
      })
    })
  })
}

/** Resolves when the last piece is with the system, or the other end has gone. */
async function writePieces(socket: Socket, bytes: Buffer, pieces: number, overMs: number): Promise<void> {
  const size = Math.ceil(bytes.length / pieces)
  for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
    if (at > 0) await wait(overMs / pieces)
    await new Promise<void>((resolve) => {
      if (socket.destroyed) return resolve()
      socket.write(bytes.subarray(at, at + size), () => resolve())
    })
  }
}
