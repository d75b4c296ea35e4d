/**
 * Server-sent events on real sockets (HTML Standard, "Server-sent events"): `id:` is the cursor, comments are the
 * heartbeat. Nothing is buffered without bound: the next page is read only when the socket has taken the last one, and
 * a reader that does not take it in time is let go; it comes back with `Last-Event-ID` and has lost nothing.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FeedBell } from '../feed/bell.ts'
import type { EventStream } from './operation.ts'

export interface StreamTimes {
  /** How often a silent stream says that it lives, and looks whether the bell was missed. */
  readonly heartbeatMs: number
  /** How long a reader may leave a page untaken. */
  readonly takenWithinMs: number
}

const usualTimes: StreamTimes = { heartbeatMs: 15_000, takenWithinMs: 10_000 }
/** A reader needs one; a second while the first is being noticed as dead, and some for its own test systems. */
const streamsPerReaderMax = 4
const streamsMax = 256

export class EventStreams {
  readonly #bell: FeedBell
  readonly #times: StreamTimes
  readonly #onDidFail: (error: unknown) => void
  readonly #byReader = new Map<string, number>()
  readonly #serving = new Set<Promise<void>>()

  constructor(bell: FeedBell, onDidFail: (error: unknown) => void, times: StreamTimes = usualTimes) {
    this.#bell = bell
    this.#times = times
    this.#onDidFail = onDidFail
  }

  get count(): number {
    return this.#serving.size
  }

  hasRoomFor(reader: string): boolean {
    return this.#serving.size < streamsMax && (this.#byReader.get(reader) ?? 0) < streamsPerReaderMax
  }

  /**
   * Writes the stream until either side ends it. The caller has asked `hasRoomFor`.
   *
   * @param after the last cursor that the reader has
   */
  serve(response: ServerResponse, headers: Readonly<Record<string, string>>, stream: EventStream, after: number): void {
    const { reader } = stream
    this.#byReader.set(reader, (this.#byReader.get(reader) ?? 0) + 1)
    response.writeHead(200, headers)
    const served = this.#write(response, stream, after)
      .catch((error: unknown) => {
        this.#onDidFail(error)
        response.destroy()
      })
      .finally(() => {
        this.#serving.delete(served)
        const rest = (this.#byReader.get(reader) ?? 1) - 1
        if (rest === 0) this.#byReader.delete(reader)
        else this.#byReader.set(reader, rest)
      })
    this.#serving.add(served)
  }

  /** Resolves when no stream reads from the ledger any more; their sockets have been closed before. */
  async ended(): Promise<void> {
    await Promise.all(this.#serving)
  }

  async #write(response: ServerResponse, stream: EventStream, after: number): Promise<void> {
    const waiting = new Waiting()
    const stopListening = this.#bell.listen(stream.stream, () => waiting.wake())
    response.on('close', () => waiting.wake())
    try {
      // The headers and this comment tell the reader that it is connected, before anything has happened.
      if (!(await this.#taken(response, ': connected\n\n'))) return
      let last = after
      while (!response.destroyed) {
        waiting.forget()
        const page = await stream.next(last)
        if (page === 'ended' || page === 'gone') {
          response.end(page === 'ended' ? ': the key is not heard any more\n\n' : ': events_gone\n\n')
          return
        }
        last = page.at(-1)?.cursor ?? last
        const text = page.map(({ cursor, data }) => `id: ${cursor}\ndata: ${data}\n\n`).join('')
        if (text !== '' && !(await this.#taken(response, text))) return
        if (text !== '') continue
        if (await waiting.wokenWithin(this.#times.heartbeatMs)) continue
        if (!(await this.#taken(response, ': alive\n\n'))) return
      }
    } finally {
      stopListening()
    }
  }

  /** @returns false when the reader is gone, or was let go because it took nothing */
  async #taken(response: ServerResponse, text: string): Promise<boolean> {
    if (response.destroyed) return false
    if (response.write(text)) return true
    const impatience = new AbortController()
    const timer = setTimeout(() => impatience.abort(), this.#times.takenWithinMs)
    const gone = () => impatience.abort()
    response.once('close', gone)
    try {
      await once(response, 'drain', { signal: impatience.signal })
      return true
    } catch {
      response.destroy()
      return false
    } finally {
      clearTimeout(timer)
      response.off('close', gone)
    }
  }
}

/** One waiter that is woken, also when that came before it began to wait. */
class Waiting {
  #isWoken = false
  #wake: (() => void) | undefined

  forget(): void {
    this.#isWoken = false
  }

  wake(): void {
    this.#isWoken = true
    this.#wake?.()
  }

  /** @returns false when nothing came within that time */
  wokenWithin(milliseconds: number): Promise<boolean> {
    if (this.#isWoken) return Promise.resolve(true)
    return new Promise((done) => {
      const finish = (isWoken: boolean) => {
        clearTimeout(timer)
        this.#wake = undefined
        done(isWoken)
      }
      const timer = setTimeout(() => finish(false), milliseconds)
      this.#wake = () => finish(true)
    })
  }
}
