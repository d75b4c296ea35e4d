/**
 * A station between till and ledger that spoils answers: what a captive portal, a half-dead server or an attacker on
 * the
 * line would send back. Requests reach the ledger unchanged.
 */
import { createServer, request as httpRequest, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What becomes of an answer. `half`: the connection ends in the middle of the body. */
export type Tampering = (answer: Answer) => Answer | { readonly half: Answer }

export interface TamperingProxy {
  readonly port: number
  /** Answers to requests whose path begins so are spoilt from now on. */
  spoil(pathPrefix: string, tampering: Tampering): void
  honest(): void
  close(): void
}

export async function startTamperingProxy(ledgerPort: number): Promise<TamperingProxy> {
  let spoilt: { readonly pathPrefix: string; readonly tampering: Tampering } | null = null
  const server = createServer((incoming, outgoing) => {
    const { method, url = '', headers } = incoming
    const forward = httpRequest({ host: '127.0.0.1', port: ledgerPort, method, path: url, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const answer = {
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        }
        const tampering = spoilt !== null && url.startsWith(spoilt.pathPrefix) ? spoilt.tampering : null
        if (tampering === null) return send(outgoing, answer)
        const given = tampering(answer)
        if ('half' in given) sendHalf(outgoing, given.half)
        else send(outgoing, given)
      })
    })
    forward.on('error', () => outgoing.destroy())
    incoming.pipe(forward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    spoil: (pathPrefix, tampering) => (spoilt = { pathPrefix, tampering }),
    honest: () => (spoilt = null),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  const { 'transfer-encoding': _chunked, ...kept } = headers
  outgoing.writeHead(status, { ...kept, ...length }).end(body)
}

function sendHalf(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, headers)
  outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy())
}
