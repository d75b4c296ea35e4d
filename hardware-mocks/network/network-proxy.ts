/**
 * The network between a till and the ledger, as a TCP proxy on loopback with switches for what networks do:
 * - `up`: passes everything on;
 * - `cut`: existing connections are reset, new ones refused (the request certainly never arrived);
 * - `black-hole`: accepts and swallows; what was swallowed is gone, and its connections are reset on the way back up;
 * - `hold`: accepts and keeps; back `up` it delivers, even if the till has long given up: the late arrival;
 * - lost answers: the ledger gets the next n requests and answers, and the connection is reset before any byte of the
 *   answer comes back (the outcome that a till must treat as *unknown*);
 * - a delay, half of it on the way there and half on the way back.
 *
 * It counts HTTP/1.1 requests, keep-alive included; it reads no content and keeps none.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { EventLog } from '../event-log.ts'
import { cutOff, LoopbackListener } from '../loopback-listener.ts'
import { Gate } from './gate.ts'
import { RequestWatcher } from './request-watcher.ts'
import type { WatchedRequest } from './request-watcher.ts'

export type NetworkMode = 'up' | 'cut' | 'black-hole' | 'hold'

export interface NetworkProxyOptions {
  /** The ledger's port on loopback; 0: there is no ledger yet (`setLedgerPort`). */
  readonly ledgerPort: number
  /** 0 (default): any free port. */
  readonly port?: number
  readonly now: () => number
  readonly logFile?: string
}

export interface NetworkState {
  readonly mode: NetworkMode
  readonly delayMs: number
  /** How many answers are still to be lost, and of which requests (`null`: any). */
  readonly loseAnswers: { readonly count: number; readonly pathPrefix: string | null }
  readonly openConnections: number
  readonly requests: number
  readonly answersLost: number
  readonly ledgerPort: number
}

interface Connection {
  readonly number: number
  readonly client: Socket
  readonly forth: Gate
  readonly back: Gate
  readonly watcher: RequestWatcher
  ledger: Socket | null
  request: WatchedRequest | null
  losesAnswer: boolean
  /** Bytes were swallowed: nothing sensible can come of it any more. */
  isBroken: boolean
  clientIsGone: boolean
}

export class NetworkProxy {
  readonly log: EventLog
  readonly #listener: LoopbackListener
  readonly #connections = new Set<Connection>()
  #ledgerPort: number
  #mode: NetworkMode = 'up'
  #delayMs = 0
  #loseCount = 0
  #losePathPrefix: string | null = null
  #connectionNumber = 0
  #requests = 0
  #answersLost = 0

  constructor(options: NetworkProxyOptions) {
    this.#ledgerPort = options.ledgerPort
    this.log = new EventLog({ now: options.now, ...(options.logFile === undefined ? {} : { file: options.logFile }) })
    this.#listener = new LoopbackListener(options.port ?? 0, (client) => this.#accept(client))
  }

  get port(): number {
    return this.#listener.port
  }

  async open(): Promise<void> {
    await this.#listener.open()
  }

  state(): NetworkState {
    return {
      mode: this.#mode,
      delayMs: this.#delayMs,
      loseAnswers: { count: this.#loseCount, pathPrefix: this.#losePathPrefix },
      openConnections: this.#connections.size,
      requests: this.#requests,
      answersLost: this.#answersLost,
      ledgerPort: this.#ledgerPort,
    }
  }

  /** Resolves when the network behaves so. */
  async setMode(mode: NetworkMode): Promise<void> {
    if (mode === this.#mode) return
    this.#mode = mode
    this.log.write('mode', { mode })
    if (mode === 'cut') {
      for (const connection of this.#connections) this.#end(connection, 'network cut')
      await this.#listener.close()
      return
    }
    await this.#listener.open()
    for (const connection of this.#connections) {
      if (mode === 'black-hole' && !(connection.forth.isEmpty && connection.back.isEmpty)) {
        connection.forth.drop()
        connection.back.drop()
        connection.isBroken = true
      }
      if (mode !== 'black-hole' && connection.isBroken) this.#end(connection, 'network back, bytes missing')
      else this.#pump(connection)
    }
  }

  /** @param delayMs there and back together, for every message from now on */
  setDelay(delayMs: number): void {
    this.#delayMs = delayMs
    this.log.write('delay', { delayMs })
  }

  /**
   * The ledger gets the next `count` requests; their answers never arrive. 0 disarms.
   * @param pathPrefix only requests whose target begins so
   */
  loseNextAnswers(count: number, pathPrefix: string | null = null): void {
    this.#loseCount = count
    this.#losePathPrefix = pathPrefix
    this.log.write('lose-armed', { count, pathPrefix })
  }

  /** The ledger moved: connections made from now on go there. */
  setLedgerPort(port: number): void {
    this.#ledgerPort = port
    this.log.write('ledger-port', { port })
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) this.#end(connection, 'proxy closed')
    await this.#listener.close()
  }

  #accept(client: Socket): void {
    const rules = {
      now: () => performance.now(),
      delayMs: () => this.#delayMs / 2,
      isHeld: () => this.#mode === 'hold',
    }
    const connection: Connection = {
      number: ++this.#connectionNumber,
      client,
      forth: new Gate(rules, (chunk) => this.#toLedger(connection).write(chunk)),
      back: new Gate(rules, (chunk) => void client.write(chunk)),
      watcher: new RequestWatcher((request) => this.#requestBegan(connection, request)),
      ledger: null,
      request: null,
      losesAnswer: false,
      isBroken: false,
      clientIsGone: false,
    }
    this.#connections.add(connection)
    this.log.write('connection-opened', { connection: connection.number, mode: this.#mode })
    client.on('data', (chunk) => {
      if (this.#swallows(connection, 'request', chunk)) return
      connection.watcher.push(chunk)
      connection.forth.push(chunk)
    })
    client.on('close', () => {
      connection.clientIsGone = true
      this.#closeIfDone(connection)
    })
  }

  #swallows(connection: Connection, what: string, chunk: Buffer): boolean {
    if (this.#mode !== 'black-hole') return false
    connection.isBroken = true
    this.log.write('swallowed', { connection: connection.number, what, bytes: chunk.length })
    return true
  }

  #requestBegan(connection: Connection, request: WatchedRequest): void {
    this.#requests++
    connection.request = request
    connection.losesAnswer =
      this.#loseCount > 0 && (this.#losePathPrefix === null || request.path.startsWith(this.#losePathPrefix))
    if (connection.losesAnswer) this.#loseCount--
    this.log.write('request', { connection: connection.number, ...request })
  }

  /** The connection to the ledger is made when there is something to deliver. */
  #toLedger(connection: Connection): Socket {
    if (connection.ledger !== null) return connection.ledger
    const ledger = connect({ host: '127.0.0.1', port: this.#ledgerPort, noDelay: true })
    connection.ledger = ledger
    ledger.on(
      'error',
      (error) => void this.log.write('ledger-trouble', { connection: connection.number, detail: error.message }),
    )
    ledger.on('data', (chunk) => this.#answered(connection, chunk))
    ledger.on('close', () => {
      // What the ledger said before it closed still has to travel.
      const finish = (): void => {
        if (!this.#connections.has(connection)) return
        if (!connection.back.isEmpty) return void setTimeout(finish, 10)
        this.#end(connection, 'ledger closed')
      }
      finish()
    })
    return ledger
  }

  #answered(connection: Connection, chunk: Buffer): void {
    if (!this.#connections.has(connection)) return
    if (this.#swallows(connection, 'answer', chunk)) return
    // An interim answer (RFC 9110 §15.2) is not the answer.
    const isInterim = chunk.subarray(0, 10).toString('latin1').startsWith('HTTP/1.1 1')
    if (connection.losesAnswer && !isInterim) {
      this.#answersLost++
      this.log.write('answer-lost', { connection: connection.number, ...connection.request })
      return this.#end(connection, 'answer lost')
    }
    connection.back.push(chunk)
  }

  #pump(connection: Connection): void {
    connection.forth.pump()
    connection.back.pump()
    this.#closeIfDone(connection)
  }

  /** A till that hung up does not take back what it has sent. */
  #closeIfDone(connection: Connection): void {
    if (!connection.clientIsGone || !this.#connections.has(connection)) return
    if (connection.forth.isEmpty) {
      connection.back.drop()
      connection.ledger?.end()
      // A reset would take a request back that still lies in the ledger's receive buffer.
      connection.ledger?.resume()
      this.#forget(connection, 'client closed')
    } else if (this.#mode !== 'hold') {
      setTimeout(() => this.#closeIfDone(connection), 10)
    }
  }

  #end(connection: Connection, reason: string): void {
    connection.forth.drop()
    connection.back.drop()
    connection.ledger?.destroy()
    if (reason === 'ledger closed') connection.client.end()
    else cutOff(connection.client)
    this.#forget(connection, reason)
  }

  #forget(connection: Connection, reason: string): void {
    if (!this.#connections.delete(connection)) return
    this.log.write('connection-closed', { connection: connection.number, reason })
  }
}
