/** What the clients of the ledger's bench send, signed ahead, and how they send it. */
import { randomBytes } from 'node:crypto'
import { request, type Agent } from 'node:http'
import { v7 } from 'uuid'
import { signRequest, type HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import type { Payer } from './bench-payers.ts'

const path = '/v1/payments/legal-entity-legal-entity'

/**
 * Signed ahead, so that the clients do little while it is measured; by each payer in turn. Dated over two seconds, as
 * those of clients that do not stop: each second of a key is one more write (docs/adr/0044).
 */
export function signedPayments(url: string, payers: readonly Payer[], count: number): readonly HttpRequest[] {
  const now = Date.now()
  return Array.from({ length: count }, (_, index) => {
    const created = Math.floor(now / 1_000) - (index < count / 2 ? 1 : 0)
    const payer = payers[index % payers.length] as Payer
    const payee = payers[(index * 7 + 1) % payers.length] as Payer
    const other = payee === payer ? (payers[(index + 1) % payers.length] as Payer) : payee
    const body = JSON.stringify({
      transferId: v7({ msecs: now }),
      payer: payer.accountId,
      payee: other.accountId,
      amount: String(100 + (index % 900)),
      purpose: 'goods',
    })
    const moment = { created, expires: created + 240, nonce: randomBytes(16).toString('base64url') }
    return signRequest({ method: 'POST', url: `${url}${path}`, body }, payer.key, moment)
  })
}

/** One payment to each, in one batch. @param payees accounts */
export function paymentBatch(url: string, payer: Payer, payees: readonly string[]): HttpRequest {
  const now = Date.now()
  const items = payees.map((payee, index) => {
    const amount = String(100 + (index % 900))
    const body = { transferId: v7({ msecs: now }), payer: payer.accountId, payee, amount, purpose: 'goods' }
    return { method: 'POST', path, body }
  })
  const created = Math.floor(now / 1_000)
  const moment = { created, expires: created + 240, nonce: randomBytes(16).toString('base64url') }
  return signRequest({ method: 'POST', url: `${url}/v1/batches`, body: JSON.stringify({ items }) }, payer.key, moment)
}

export function send(agent: Agent, { url, method, headers, body }: HttpRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body))
    const sent = request(url, { agent, method, headers: { ...headers, 'content-length': length } }, (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (answer += chunk))
      response.on('end', () =>
        response.statusCode === 200 ? resolve(answer) : reject(new Error(`${String(response.statusCode)} ${answer}`)),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
