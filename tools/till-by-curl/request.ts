/** A signed request of a till (RFC 9421), and how curl is told to send it. */
import { randomBytes } from 'node:crypto'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { signRequest, type HttpRequest } from '../../src/sync/protocol/http-signature.ts'
import type { SigningKey } from '../../src/sync/protocol/keys.ts'

const lifeSeconds = 120

export function signedBy(key: SigningKey, url: string, body: unknown): HttpRequest {
  const created = Math.floor(Date.now() / 1_000)
  const moment = { created, expires: created + lifeSeconds, nonce: randomBytes(16).toString('base64url') }
  return signRequest({ method: 'POST', url, body: toJson(body) }, key, moment)
}

/** For `curl -K`: one option a line, values quoted as curl's manual says. */
export function curlConfigOf({ url, method, headers, body }: HttpRequest): string {
  const lines = [
    ['url', url],
    ['request', method],
    ...Object.entries(headers).map(([name, value]) => ['header', `${name}: ${value}`] as const),
    ['data-raw', body],
  ]
  return lines.map(([option = '', value = '']) => `${option} = "${quoted(value)}"\n`).join('')
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
