/** A TCP listener on loopback that can go away and come back on the same port, as a device that loses power does. */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const retryMs = 50
const retries = 40
/** Of a device that comes back: while it was away, any program may have had its port for a connection. */
const retriesOfOurs = 600

/**
 * Ends a connection with RST. One that is ending already cannot be reset any more: Node tries it all the same, reports
 * EINVAL and never `close` (Node 24; uv_tcp_close_reset), and whoever waits for the end waits for ever.
 */
export function cutOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

export class LoopbackListener {
  readonly #onConnection: (socket: Socket) => void
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #port: number
  #wasOpen = false

  constructor(port: number, onConnection: (socket: Socket) => void) {
    this.#port = port
    this.#onConnection = onConnection
  }

  /** The port in use; after `close` the one it will come back on. */
  get port(): number {
    return this.#port
  }

  get isOpen(): boolean {
    return this.#server !== null
  }

  /** Resolves when connections are accepted. Throws what `listen` says if the port stays taken. */
  async open(): Promise<void> {
    if (this.#server !== null) return
    const most = this.#wasOpen ? retriesOfOurs : retries
    for (let attempt = 0; ; attempt++) {
      try {
        this.#server = await this.#listen()
        this.#port = (this.#server.address() as AddressInfo).port
        this.#wasOpen = true
        return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || this.#port === 0 || attempt >= most) throw error
        await delay(retryMs)
      }
    }
  }

  /** Refuses new connections from now on and resets the existing ones. Resolves when all of them are gone. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    // A server may report its end before the last socket has told its listeners.
    const ends = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) cutOff(socket)
    if (server !== null) await new Promise<void>((resolve) => void server.close(() => resolve()))
    await Promise.all(ends)
  }

  #listen(): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true }, (socket) => {
        // A reset by the peer is an everyday event here; `close` follows and is handled where it matters.
        socket.on('error', () => undefined)
        this.#sockets.add(socket)
        this.#onConnection(socket)
        socket.on('close', () => this.#sockets.delete(socket))
      })
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: this.#port }, () => {
        server.off('error', reject)
        resolve(server)
      })
    })
  }
}
