/** Requests to the ledger over real sockets. Keep-alive; a deadline that always fires; never rejects. */
import { Agent, request as httpRequest } from 'node:http'
import { request as httpsRequest, Agent as SecureAgent } from 'node:https'
import type { LedgerTransport, TransportResult } from '../../sync/engine/ports.ts'
import type { HttpRequest } from '../../sync/protocol/http-signature.ts'

/** An answer larger than this is no answer of ours. */
const answerBytesMax = 16 * 1024 * 1024
/** Errors that say that nothing can have arrived. */
const notSentCodes = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']

/** @param answerWithinMs what every request is given at least, whatever its own deadline is. */
export function httpTransport(answerWithinMs = 0): { transport: LedgerTransport; close(): void } {
  const plain = new Agent({ keepAlive: true, maxSockets: 4 })
  const secure = new SecureAgent({ keepAlive: true, maxSockets: 4 })
  return {
    transport: (request, deadlineMs) => send(request, Math.max(deadlineMs, answerWithinMs), plain, secure),
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

function send(request: HttpRequest, deadlineMs: number, plain: Agent, secure: SecureAgent): Promise<TransportResult> {
  return new Promise((resolve) => {
    if (!URL.canParse(request.url)) return resolve({ kind: 'not_sent', detail: `no address: ${request.url}` })
    const url = new URL(request.url)
    const isSecure = url.protocol === 'https:'
    const body = Buffer.from(request.body)
    const options = {
      method: request.method,
      agent: isSecure ? secure : plain,
      headers: { ...request.headers, 'content-length': String(body.length) },
    }
    const outgoing = isSecure ? httpsRequest(url, options) : httpRequest(url, options)
    const timer = setTimeout(
      () => finish({ kind: 'no_answer', detail: `no answer within ${deadlineMs} ms` }),
      deadlineMs,
    )
    let connected = false
    const finish = (result: TransportResult): void => {
      clearTimeout(timer)
      outgoing.destroy()
      resolve(result)
    }
    outgoing.on('socket', (socket) => {
      connected = !socket.connecting
      if (!connected) socket.once('connect', () => (connected = true))
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const certainlyNotSent = !connected && notSentCodes.includes(error.code ?? '')
      finish({ kind: certainlyNotSent ? 'not_sent' : 'no_answer', detail: error.code ?? error.message })
    })
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > answerBytesMax) finish({ kind: 'no_answer', detail: 'answer too large' })
        chunks.push(chunk)
      })
      response.on('error', (error) => finish({ kind: 'no_answer', detail: error.message }))
      response.on('end', () => {
        clearTimeout(timer)
        if (!response.complete) return finish({ kind: 'no_answer', detail: 'answer cut off' })
        const headers = Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
        )
        resolve({
          kind: 'response',
          response: { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('utf8') },
        })
      })
    })
    outgoing.end(body)
  })
}
