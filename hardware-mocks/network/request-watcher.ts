/**
 * Follows the requests of one HTTP/1.1 connection (RFC 9112) as they pass, without touching a byte: which request is
 * under way is all that the proxy has to know. What is not HTTP passes unwatched.
 */

export interface WatchedRequest {
  readonly method: string
  readonly path: string
}

type Stage = 'head' | 'body' | 'chunk-size' | 'chunk-data' | 'trailer' | 'unwatched'

const longestHead = 65_536
const requestLine = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/

export class RequestWatcher {
  readonly #onRequest: (request: WatchedRequest) => void
  #stage: Stage = 'head'
  #text = ''
  #left = 0

  /** `onRequest` is called when a request's head is complete. */
  constructor(onRequest: (request: WatchedRequest) => void) {
    this.#onRequest = onRequest
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && this.#stage !== 'unwatched') {
      if (this.#stage === 'body' || this.#stage === 'chunk-data') {
        const taken = Math.min(this.#left, chunk.length - at)
        at += taken
        this.#left -= taken
        if (this.#left === 0) this.#stage = this.#stage === 'body' ? 'head' : 'chunk-size'
      } else {
        const end = chunk.indexOf(0x0a, at)
        const stop = end < 0 ? chunk.length : end + 1
        this.#text += Buffer.from(chunk.buffer, chunk.byteOffset + at, stop - at).toString('latin1')
        at = stop
        if (this.#text.length > longestHead) this.#stage = 'unwatched'
        else if (end >= 0) this.#lineEnded()
      }
    }
  }

  #lineEnded(): void {
    const lines = this.#text.split('\r\n')
    if (this.#stage === 'chunk-size') {
      this.#text = ''
      if (lines[0] === '') return // the line end behind a chunk's data
      const size = Number.parseInt(lines[0] ?? '', 16)
      if (Number.isNaN(size)) this.#stage = 'unwatched'
      else if (size === 0) this.#stage = 'trailer'
      else {
        this.#stage = 'chunk-data'
        this.#left = size
      }
    } else if (this.#stage === 'trailer') {
      if (this.#text === '\r\n') this.#stage = 'head'
      this.#text = ''
    } else if (this.#text === '\r\n') {
      this.#text = '' // RFC 9112 §2.2: an empty line before a request line is ignored
    } else if (this.#text.endsWith('\r\n\r\n')) {
      this.#headEnded(lines)
    }
  }

  #headEnded(lines: readonly string[]): void {
    this.#text = ''
    const match = requestLine.exec(lines[0] ?? '')
    if (match === null) {
      this.#stage = 'unwatched'
      return
    }
    const header = (name: string): string | undefined =>
      lines
        .slice(1)
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim()
    if (/\bchunked$/i.test(header('transfer-encoding') ?? '')) this.#stage = 'chunk-size'
    else {
      this.#left = Number(header('content-length') ?? 0)
      this.#stage = this.#left > 0 ? 'body' : 'head'
    }
    this.#onRequest({ method: match[1] ?? '', path: match[2] ?? '' })
  }
}
