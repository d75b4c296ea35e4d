/**
 * A virtual reader in a process of its own, used from another: it outlives the death of the device host, as a real
 * reader does. `serveVirtualReader` runs where the cards are; the default export is what the device host loads.
 */
import { randomUUID } from 'node:crypto'
import { createServer, connect, type Socket } from 'node:net'
import type {
  CardPresence,
  CardReaderPort,
  CardRemoval,
  Event,
  ReaderStatus,
  TransmitResult,
} from '../../src/drivers/ports.ts'
import { Emitter } from './emitter.ts'
import {
  clientMessage,
  fromHex,
  onLines,
  sendLine,
  serverMessage,
  toHex,
  type ServerMessage,
} from './remote-protocol.ts'
import { realScheduler, type Scheduler } from './scheduler.ts'
import type { VirtualReader } from './virtual-reader.ts'

const LOOPBACK = '127.0.0.1'
const RECONNECT_MS = 100

export interface ServedReader {
  /** The port that was free, when 0 was asked for. */
  readonly port: number
  /** Ends all connections; the reader itself stays. */
  dispose(): Promise<void>
}

/**
 * Serves the reader on the loopback interface. Each connection gets presence ids of its own, and when one that has used
 * the card ends, the card is reset, as pcscd does when a client dies.
 */
export function serveVirtualReader(reader: VirtualReader, of: { readonly port: number }): Promise<ServedReader> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const dispose = serveConnection(reader, socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      dispose()
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(of.port, LOOPBACK, () => {
      server.removeListener('error', reject)
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
      resolve({
        port: address.port,
        dispose: () =>
          new Promise((done) => {
            server.close(() => done())
            for (const socket of sockets) socket.destroy()
          }),
      })
    })
  })
}

function serveConnection(reader: VirtualReader, socket: Socket): () => void {
  const prefix = `${randomUUID()}:`
  let usedPresenceId: string | null = null
  const announce = (presence: CardPresence): void =>
    sendLine(socket, {
      type: 'insert',
      presence: {
        presenceId: prefix + presence.presenceId,
        readerName: presence.readerName,
        atr: toHex(presence.atr),
        ...(presence.wasThere !== undefined && { wasThere: 'unseen' }),
      },
    })
  socket.setNoDelay(true)
  sendLine(socket, { type: 'status', status: wireStatus(reader.status()) })
  // Who comes has not seen it laid down.
  if (reader.presence !== null) announce({ ...reader.presence, wasThere: 'unseen' })
  const subscriptions = [
    reader.onDidInsert(announce),
    reader.onDidRemove(({ presenceId, isUnseen }) =>
      sendLine(socket, { type: 'remove', presenceId: prefix + presenceId, ...(isUnseen && { isUnseen }) }),
    ),
    reader.onDidChangeStatus((status) => sendLine(socket, { type: 'status', status: wireStatus(status) })),
  ]
  onLines(socket, clientMessage, ({ id, presenceId, command, timeoutMs }) => {
    const ownId = presenceId.startsWith(prefix) ? presenceId.slice(prefix.length) : presenceId
    if (reader.presence?.presenceId === ownId) usedPresenceId = ownId
    void reader.transmit(ownId, fromHex(command), timeoutMs).then((result) => {
      const wire = result.kind === 'answered' ? { kind: result.kind, response: toHex(result.response) } : result
      sendLine(socket, { type: 'result', id, result: wire })
    })
  })
  return () => {
    for (const subscription of subscriptions) subscription.dispose()
    if (usedPresenceId !== null && reader.presence?.presenceId === usedPresenceId) reader.resetCard()
  }
}

const wireStatus = (status: ReaderStatus): { readers: string[]; trouble: ReaderStatus['trouble'] } => ({
  readers: [...status.readers],
  trouble: status.trouble,
})

export interface RemoteReaderOptions {
  /** Where {@link serveVirtualReader} listens on the loopback interface. */
  readonly port: number
  /** The process's own timers unless given. */
  readonly scheduler?: Scheduler
}

/** The reader behind that port as a driver port. Connects by itself, again and again, until disposed. */
export default function createReader(options: RemoteReaderOptions): CardReaderPort {
  return new RemoteReader(options)
}

class RemoteReader implements CardReaderPort {
  readonly #port: number
  readonly #scheduler: Scheduler
  readonly #didInsert = new Emitter<CardPresence>()
  readonly #didRemove = new Emitter<CardRemoval>()
  readonly #didChangeStatus = new Emitter<ReaderStatus>()
  readonly #outstanding = new Map<number, (result: TransmitResult) => void>()
  #status: ReaderStatus
  #isUnreachable = true
  #presence: CardPresence | null = null
  /** Connected, or on the way. */
  #socket: Socket | null = null
  #retry: unknown = null
  #lastId = 0
  #isDisposed = false

  constructor(options: RemoteReaderOptions) {
    this.#port = options.port
    this.#scheduler = options.scheduler ?? realScheduler
    this.#status = this.#unreachable()
    this.#connect()
  }

  get onDidInsert(): Event<CardPresence> {
    return this.#didInsert.event
  }

  get onDidRemove(): Event<CardRemoval> {
    return this.#didRemove.event
  }

  get onDidChangeStatus(): Event<ReaderStatus> {
    return this.#didChangeStatus.event
  }

  status(): ReaderStatus {
    return this.#status
  }

  transmit(presenceId: string, command: Uint8Array, timeoutMs: number): Promise<TransmitResult> {
    const socket = this.#socket
    if (socket === null || this.#isUnreachable) {
      return Promise.resolve({
        kind: 'notSent',
        reason: 'reader-gone',
        detail: 'the virtual hardware is not reachable',
      })
    }
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve) => {
      const settle = (result: TransmitResult): void => {
        this.#scheduler.clearTimeout(timer)
        this.#outstanding.delete(id)
        resolve(result)
      }
      const timer = this.#scheduler.setTimeout(
        () => settle({ kind: 'unknown', reason: 'timed-out', detail: `no answer after ${timeoutMs} ms` }),
        timeoutMs,
      )
      this.#outstanding.set(id, settle)
      sendLine(socket, { type: 'transmit', id, presenceId, command: toHex(command), timeoutMs })
    })
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#scheduler.clearTimeout(this.#retry)
    const socket = this.#socket
    this.#lose()
    socket?.destroy()
    this.#didInsert.dispose()
    this.#didRemove.dispose()
    this.#didChangeStatus.dispose()
  }

  #unreachable(): ReaderStatus {
    return {
      readers: [],
      trouble: { code: 'no-service', detail: `no virtual hardware on ${LOOPBACK}:${this.#port}` },
    }
  }

  #connect(): void {
    const socket = connect({ host: LOOPBACK, port: this.#port })
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    onLines(socket, serverMessage, (message) => this.#receive(message))
    socket.on('close', () => {
      if (this.#isDisposed) return
      this.#lose()
      this.#retry = this.#scheduler.setTimeout(() => this.#connect(), RECONNECT_MS)
    })
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'status':
        this.#isUnreachable = false
        this.#changeStatus(message.status)
        return
      case 'insert':
        this.#presence = { ...message.presence, atr: fromHex(message.presence.atr) }
        this.#didInsert.fire(this.#presence)
        return
      case 'remove':
        this.#presence = null
        this.#didRemove.fire({ presenceId: message.presenceId, ...(message.isUnseen && { isUnseen: true }) })
        return
      case 'result': {
        const { result } = message
        const answer = result.kind === 'answered' ? { kind: result.kind, response: fromHex(result.response) } : result
        this.#outstanding.get(message.id)?.(answer)
      }
    }
  }

  #lose(): void {
    this.#socket = null
    for (const settle of [...this.#outstanding.values()]) {
      settle({ kind: 'unknown', reason: 'host-died', detail: 'the connection to the virtual hardware broke' })
    }
    const presence = this.#presence
    this.#presence = null
    if (presence !== null) this.#didRemove.fire({ presenceId: presence.presenceId, isUnseen: true })
    if (this.#isUnreachable) return
    this.#isUnreachable = true
    this.#changeStatus(this.#unreachable())
  }

  #changeStatus(status: ReaderStatus): void {
    this.#status = status
    this.#didChangeStatus.fire(status)
  }
}
