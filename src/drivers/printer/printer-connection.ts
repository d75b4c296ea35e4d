import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { PrinterStatus } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import { drainedQuestion, isDrainedReply, isStatusReply, readStatus, statusQuestion } from './status-reply.ts'

export type Opened =
  | { readonly kind: 'open'; readonly connection: PrinterConnection }
  | { readonly kind: 'unreachable'; readonly detail: string }

/** - `silent`: nothing came back in time; `lost`: the connection ended. */
export type Asked =
  | { readonly kind: 'status'; readonly status: PrinterStatus }
  | { readonly kind: 'silent' }
  | { readonly kind: 'lost' }

/** So much is handed to the socket at once; a printer that stops reading is noticed after at most that. */
const chunkLength = 4096

/** Opens a TCP connection to a printer. */
export function openConnection(
  { host, port }: { readonly host: string; readonly port: number },
  scheduler: Scheduler,
  timeoutMs: number,
): Promise<Opened> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true })
    const giveUp = (detail: string) => {
      scheduler.clearTimeout(timer)
      socket.destroy()
      resolve({ kind: 'unreachable', detail })
    }
    const timer = scheduler.setTimeout(() => giveUp(`no connection within ${timeoutMs} ms`), timeoutMs)
    socket.once('error', (error: NodeJS.ErrnoException) => giveUp(error.code ?? error.message))
    socket.once('connect', () => {
      scheduler.clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve({ kind: 'open', connection: new PrinterConnection(socket, scheduler) })
    })
  })
}

/** One connection: bytes out, status questions and their replies. Nothing here throws. */
export class PrinterConnection {
  readonly #socket: Socket
  readonly #scheduler: Scheduler
  #lost = false
  #drained = false
  #onReply: ((reply: number) => void) | null = null
  readonly #onLost = new Set<() => void>()

  constructor(socket: Socket, scheduler: Scheduler) {
    this.#socket = socket
    this.#scheduler = scheduler
    socket.on('data', (data) => this.#received(data))
    // An error is followed by `close`.
    socket.on('error', () => undefined)
    for (const event of ['end', 'close'] as const) socket.on(event, () => this.#lose())
  }

  /** The printer has said that everything before the last `askWhenDrained` is printed. */
  get drained(): boolean {
    return this.#drained
  }

  askWhenDrained(): void {
    this.#drained = false
    if (!this.#lost) this.#socket.write(drainedQuestion)
  }

  /** `DLE EOT` 1, 2 and 4, one after the other; only between commands. `timeoutMs` is for each of them. */
  async askStatus(timeoutMs: number): Promise<Asked> {
    const replies: number[] = []
    for (const n of [1, 2, 4] as const) {
      const reply = await this.#ask(statusQuestion(n), timeoutMs)
      if (typeof reply === 'string') return { kind: reply }
      replies.push(reply)
    }
    const [printer = 0, offline = 0, paper = 0] = replies
    return { kind: 'status', status: readStatus({ printer, offline, paper }) }
  }

  /** Writes all bytes; `stalled` when none were taken for `stallMs`. `written` counts those handed over. */
  async write(bytes: Uint8Array, stallMs: number): Promise<{ kind: 'written' | 'stalled' | 'lost'; written: number }> {
    for (let start = 0; start < bytes.length; start += chunkLength) {
      const outcome = await this.#writeChunk(bytes.subarray(start, start + chunkLength), stallMs)
      if (outcome !== 'written') return { kind: outcome, written: start }
    }
    return { kind: 'written', written: bytes.length }
  }

  /** Hangs up, and waits until the printer has too: many take no second client before that. */
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

  /** Ends with RST: bytes that the printer has not taken yet are discarded, not printed once there is paper again. */
  discard(): void {
    this.#socket.resetAndDestroy()
  }

  #received(data: Buffer): void {
    for (const byte of data) {
      if (isStatusReply(byte)) this.#onReply?.(byte)
      else if (isDrainedReply(byte)) this.#drained = true
    }
  }

  #lose(): void {
    if (this.#lost) return
    this.#lost = true
    for (const tell of [...this.#onLost]) tell()
  }

  #ask(question: Uint8Array, timeoutMs: number): Promise<number | 'silent' | 'lost'> {
    return this.#wait<number | 'silent' | 'lost'>(timeoutMs, 'silent', 'lost', (done) => {
      this.#onReply = done
      this.#socket.write(question)
    }).finally(() => {
      this.#onReply = null
    })
  }

  #writeChunk(chunk: Uint8Array, stallMs: number): Promise<'written' | 'stalled' | 'lost'> {
    return this.#wait<'written' | 'stalled' | 'lost'>(stallMs, 'stalled', 'lost', (done) => {
      this.#socket.write(chunk, (error) => done(error ? 'lost' : 'written'))
    })
  }

  /** The first of: what `begin` reports, the time-out, the end of the connection. */
  #wait<T>(timeoutMs: number, late: T, lost: T, begin: (done: (result: T) => void) => void): Promise<T> {
    if (this.#lost) return Promise.resolve(lost)
    return new Promise((resolve) => {
      const done = (result: T) => {
        this.#scheduler.clearTimeout(timer)
        this.#onLost.delete(tellLost)
        resolve(result)
      }
      const tellLost = () => done(lost)
      const timer = this.#scheduler.setTimeout(() => done(late), timeoutMs)
      this.#onLost.add(tellLost)
      begin(done)
    })
  }
}
