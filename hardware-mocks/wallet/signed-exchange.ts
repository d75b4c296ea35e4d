/**
 * The ledger's signatures as a wallet makes and checks them, written from docs/integrator.md and RFC 9421 and not from
 * the till's code: requests by the wallet's P-256 key, answers by the ledger's Ed25519 key, each answer bound to the
 * signature of its request (§2.4). Digests are RFC 9530, key ids RFC 7638.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'
import { z } from 'zod'

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

export const walletJwk = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
})
export const ledgerJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate })

export interface WalletKey {
  readonly keyId: string
  readonly key: KeyObject
}
export interface LedgerKey {
  readonly keyId: string
  readonly key: KeyObject
}

export interface Exchange {
  readonly method: 'GET' | 'POST'
  /** Absolute, as it is sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ReceivedAnswer {
  readonly status: number
  /** By lower-case name; `null` when it is not there. */
  readonly header: (name: string) => string | null
  readonly body: Uint8Array
}

/** `created`: the ledger's time, seconds since 1970. */
export type CheckedAnswer =
  | { readonly kind: 'believed'; readonly created: number }
  | { readonly kind: 'not-believed'; readonly why: string }

const requestParts = '("@method" "@target-uri" "content-digest" "content-type")'
const answerParts = '("@status" "content-digest" "content-type" "signature";req;key="tolem")'
/** Longer than any deadline here; the ledger takes at most 300. */
const lifetimeSeconds = 60

export function walletKeyOf(jwk: z.infer<typeof walletJwk>): WalletKey {
  const { crv, kty, x, y } = jwk
  return { keyId: thumbprint({ crv, kty, x, y }), key: createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' }) }
}

export function ledgerKeyOf(jwk: z.infer<typeof ledgerJwk>): LedgerKey {
  const { crv, kty, x } = jwk
  return { keyId: thumbprint({ crv, kty, x }), key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }) }
}

/** The request with its four headers. @param created seconds since 1970 by the ledger's clock, as far as it is known */
export function signedRequest(
  { method, url, body }: Omit<Exchange, 'headers'>,
  { keyId, key }: WalletKey,
  created: number,
  nonce: string,
): Exchange {
  const digest = digestOf(Buffer.from(body, 'utf8'))
  const parameters =
    `${requestParts};created=${created};expires=${created + lifetimeSeconds};nonce="${nonce}"` +
    `;keyid="${keyId}";alg="ecdsa-p256-sha256";tag="tolem-request-1"`
  const base = [
    `"@method": ${method}`,
    `"@target-uri": ${url}`,
    `"content-digest": ${digest}`,
    `"content-type": application/json`,
    `"@signature-params": ${parameters}`,
  ].join('\n')
  const signature = sign('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' })
  return {
    method,
    url,
    body,
    headers: {
      'content-type': 'application/json',
      'content-digest': digest,
      'signature-input': `tolem=${parameters}`,
      signature: `tolem=:${signature.toString('base64')}:`,
    },
  }
}

/** Whether this is the ledger's word, and on this very request. */
export function checkAnswer(answer: ReceivedAnswer, request: Exchange, ledger: LedgerKey): CheckedAnswer {
  const doubt = (why: string): CheckedAnswer => ({ kind: 'not-believed', why })
  const parameters = /^tolem=(.+)$/.exec(answer.header('signature-input') ?? '')?.[1]
  const signature = /^tolem=:([A-Za-z0-9+/]{86}==):$/.exec(answer.header('signature') ?? '')?.[1]
  if (parameters === undefined || signature === undefined) return doubt('it is not signed')
  const created = /^;created=(\d{1,12});/.exec(parameters.slice(answerParts.length))?.[1]
  const ending = `;keyid="${ledger.keyId}";alg="ed25519";tag="tolem-answer-1"`
  if (!parameters.startsWith(answerParts) || created === undefined || !parameters.endsWith(ending))
    return doubt('it is signed in another form, or by another key')
  const digest = digestOf(answer.body)
  if (answer.header('content-digest') !== digest) return doubt('its content is not the one that was signed')
  const base = [
    `"@status": ${answer.status}`,
    `"content-digest": ${digest}`,
    `"content-type": ${answer.header('content-type') ?? ''}`,
    `"signature";req;key="tolem": ${(request.headers['signature'] ?? '').replace('tolem=', '')}`,
    `"@signature-params": ${parameters}`,
  ].join('\n')
  if (!verify(null, Buffer.from(base), ledger.key, Buffer.from(signature, 'base64')))
    return doubt('its signature is wrong, or of another request')
  return { kind: 'believed', created: Number(created) }
}

function digestOf(bytes: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`
}

/** @param members the required ones, in the order of their names */
function thumbprint(members: Readonly<Record<string, string>>): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}
