import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Scheduler } from '../scheduler.ts'
import { refusalOf } from './line.ts'
import type { OpenedLine, PrinterLine, PrinterLineOpener } from './line.ts'

/** A printer on TCP; 9100 on most: raw bytes in both directions. */
export function tcpLineOpener(address: { readonly host: string; readonly port: number }): PrinterLineOpener {
  return { keepsOpen: false, open: (scheduler, timeoutMs) => openTcpLine(address, scheduler, timeoutMs) }
}

function openTcpLine(
  { host, port }: { readonly host: string; readonly port: number },
  scheduler: Scheduler,
  timeoutMs: number,
): Promise<OpenedLine> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true })
    const giveUp = (error: NodeJS.ErrnoException) => {
      scheduler.clearTimeout(timer)
      socket.destroy()
      resolve({ ...refusalOf(error), trouble: 'unreachable' })
    }
    const timer = scheduler.setTimeout(() => giveUp(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    socket.once('error', giveUp)
    socket.once('connect', () => {
      scheduler.clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve({ kind: 'open', line: new TcpLine(socket, scheduler) })
    })
  })
}

class TcpLine implements PrinterLine {
  readonly answers = true
  readonly #socket: Socket
  readonly #scheduler: Scheduler

  constructor(socket: Socket, scheduler: Scheduler) {
    this.#socket = socket
    this.#scheduler = scheduler
    // An error is followed by `close`.
    socket.on('error', () => undefined)
  }

  listen({ onBytes, onLost }: Parameters<PrinterLine['listen']>[0]): void {
    this.#socket.on('data', onBytes)
    for (const event of ['end', 'close'] as const) this.#socket.on(event, onLost)
  }

  write(bytes: Uint8Array, done: (outcome: 'taken' | 'lost') => void): void {
    this.#socket.write(bytes, (error) => done(error ? 'lost' : 'taken'))
  }

  /** Many printers take no second client before they have hung up too. */
  close(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#scheduler.clearTimeout(timer)
        this.#socket.destroy()
        resolve()
      }
      const timer = this.#scheduler.setTimeout(done, timeoutMs)
      if (this.#socket.closed) done()
      else this.#socket.once('close', done)
      this.#socket.end()
    })
  }

  /** Ends with RST. */
  discard(): void {
    this.#socket.resetAndDestroy()
  }
}
