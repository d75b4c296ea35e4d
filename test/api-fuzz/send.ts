/** Sends a generated request to the real server, and hears its answer or that there was none. */
import { request as httpRequest, type Agent } from 'node:http'
import { connect } from 'node:net'
import type { FuzzRequest } from './requests.ts'

export interface Heard {
  /** 0 when the server closed without a word. */
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export type Sent =
  | { readonly kind: 'heard'; readonly heard: Heard }
  | { readonly kind: 'hung' | 'failed'; readonly why: string }

const patienceMs = 20_000
/** An answer of this kind has no end: its first words are all that is heard of it. */
export const endless = 'text/event-stream'

export function send(request: FuzzRequest, address: URL, agent: Agent): Promise<Sent> {
  return request.raw === undefined ? sendHttp(request, address, agent) : sendRaw(request.raw, address)
}

function sendHttp({ method, path, headers, body }: FuzzRequest, address: URL, agent: Agent): Promise<Sent> {
  return new Promise((done) => {
    const { hostname, port, host } = address
    const withLength =
      body === '' && method !== 'POST' ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    const asked = httpRequest({
      agent,
      hostname,
      port,
      method,
      path,
      headers: { host, ...(withLength as Record<string, string>) },
      timeout: patienceMs,
    })
    asked.on('timeout', () => {
      asked.destroy()
      done({ kind: 'hung', why: `no answer in ${patienceMs} ms` })
    })
    // The server may close while a body that is too large is still on its way.
    asked.on('error', (error) => done({ kind: 'failed', why: error.message }))
    asked.on('response', (response) => {
      const said: Buffer[] = []
      const contentType = response.headers['content-type'] ?? ''
      const end = (): void =>
        done({
          kind: 'heard',
          heard: { status: response.statusCode ?? 0, contentType, body: Buffer.concat(said).toString() },
        })
      response.on('data', (bytes: Buffer) => {
        said.push(bytes)
        if (contentType !== endless) return
        end()
        asked.destroy()
      })
      response.on('error', (error) => done({ kind: 'failed', why: error.message }))
      response.on('end', end)
    })
    asked.end(body)
  })
}

function sendRaw(raw: string, address: URL): Promise<Sent> {
  return new Promise((done) => {
    const said: Buffer[] = []
    const socket = connect(Number(address.port), address.hostname, () => socket.write(Buffer.from(raw, 'latin1')))
    const end = (): void => {
      const text = Buffer.concat(said).toString()
      const [head = '', body = ''] = text.split('\r\n\r\n')
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
      const contentType = /^content-type: (.*)$/im.exec(head)?.[1] ?? ''
      done({ kind: 'heard', heard: { status, contentType, body } })
    }
    socket.setTimeout(patienceMs, () => {
      socket.destroy()
      done({ kind: 'hung', why: `no end in ${patienceMs} ms` })
    })
    socket.on('data', (bytes) => said.push(bytes))
    socket.on('error', end)
    socket.on('close', end)
  })
}
