/**
 * HTTP Message Signatures (RFC 9421) in one fixed profile, so that there is exactly one way to sign and to check.
 *
 * Requests cover `"@method" "@target-uri" "content-digest" "content-type"`; parameters created, expires, nonce, keyid,
 * alg, tag, in that order. Answers cover `"@status" "content-digest" "content-type"` and the request's signature
 * (`"signature";req;key="tolem"`), so that an answer fits one request only (architecture.md, "Trust"). The answer to a
 * request with a token covers its `"authorization"` instead, under a tag of its own: the token is bound to one request,
 * so the answer is too (docs/design/18-platform-api.md, "Door").
 * `content-digest` is RFC 9530, sha-256.
 */
import { hash } from 'node:crypto'
import type { SigningKey, VerifyingKey } from './keys.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** Absolute. */
  readonly url: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface SignatureMoment {
  /** Seconds since 1970, the signer's idea of now. */
  readonly created: number
  /** Seconds since 1970. */
  readonly expires: number
  readonly nonce: string
}

export type SignatureFault =
  | 'signature_missing'
  | 'signature_malformed'
  | 'key_unknown'
  | 'content_digest_mismatch'
  | 'signature_wrong'

export type Verified =
  | { readonly kind: 'valid'; readonly keyId: string; readonly moment: SignatureMoment }
  | {
      readonly kind: 'fault'
      readonly code: SignatureFault
      /** Of a token: what in it does not fit. */
      readonly detail?: string
    }

const label = 'tolem'
const requestTag = 'tolem-request-1'
const requestComponents = '("@method" "@target-uri" "content-digest" "content-type")'
/** What an answer is bound to: the request's signature, or its token. */
const answerForms = {
  signature: {
    tag: 'tolem-answer-1',
    components: '("@status" "content-digest" "content-type" "signature";req;key="tolem")',
    name: '"signature";req;key="tolem"',
  },
  token: {
    tag: 'tolem-answer-to-token-1',
    components: '("@status" "content-digest" "content-type" "authorization";req)',
    name: '"authorization";req',
  },
} as const
/** What is signed as which message, for documents. */
export const signatureProfile = {
  label,
  request: { tag: requestTag, components: requestComponents },
  answers: answerForms,
} as const
const parameters = new RegExp(
  [
    /^(\([^)]*\))/,
    /created=(\d{1,12})/,
    /expires=(\d{1,12})/,
    /nonce="([A-Za-z0-9_-]{16,64})"/,
    /keyid="([A-Za-z0-9_-]{43})"/,
    /alg="([a-z0-9-]+)"/,
    /tag="([a-z0-9-]+)"$/,
  ]
    .map(({ source }) => source)
    .join(';'),
)

export function contentDigest(body: string): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

/** Adds content-type, content-digest, signature-input and signature. */
export function signRequest(
  request: Omit<HttpRequest, 'headers'>,
  key: SigningKey,
  moment: SignatureMoment,
): HttpRequest {
  const headers = { 'content-type': 'application/json', 'content-digest': contentDigest(request.body) }
  const unsigned = { ...request, headers }
  const input = signatureInput(requestComponents, moment, key, requestTag)
  return { ...request, headers: { ...headers, ...signatureHeaders(input, key.sign(requestBase(unsigned, input))) } }
}

export function verifyRequest(request: HttpRequest, keyOf: (keyId: string) => VerifyingKey | undefined): Verified {
  const read = readRequest(request, keyOf)
  return read.kind === 'fault' ? read : verified(read, read.key.verify(read.bytes, read.signature))
}

/** Whether the signature over these bytes is the key's. */
export type SignatureCheck = (key: VerifyingKey, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean>

/** The same where the key's own work, which takes longest, is done elsewhere. */
export async function verifyRequestBy(
  check: SignatureCheck,
  request: HttpRequest,
  keyOf: (keyId: string) => VerifyingKey | undefined,
): Promise<Verified> {
  const read = readRequest(request, keyOf)
  return read.kind === 'fault' ? read : verified(read, await check(read.key, read.bytes, read.signature))
}

function readRequest(request: HttpRequest, keyOf: (keyId: string) => VerifyingKey | undefined): Read | Fault {
  return readSigned(request, requestComponents, requestTag, keyOf, (input) => requestBase(request, input))
}

/** Signs an answer to one request. The request's own signature, or its token, is covered. */
export function signAnswer(
  answer: { readonly status: number; readonly contentType: string; readonly body: string },
  request: HttpRequest,
  key: SigningKey,
  moment: SignatureMoment,
): HttpResponse {
  const headers = { 'content-type': answer.contentType, 'content-digest': contentDigest(answer.body) }
  const unsigned: HttpResponse = { status: answer.status, headers, body: answer.body }
  const { components, tag } = answerForms[formOf(request)]
  const input = signatureInput(components, moment, key, tag)
  return {
    ...unsigned,
    headers: { ...headers, ...signatureHeaders(input, key.sign(answerBase(unsigned, request, input))) },
  }
}

/** The signature's `created` is the ledger's signed time (money-rules.md, "Time"). */
export function verifyAnswer(answer: HttpResponse, request: HttpRequest, key: VerifyingKey): Verified {
  const keyOf = (keyId: string) => (keyId === key.keyId ? key : undefined)
  const { components, tag } = answerForms[formOf(request)]
  const read = readSigned(answer, components, tag, keyOf, (input) => answerBase(answer, request, input))
  return read.kind === 'fault' ? read : verified(read, read.key.verify(read.bytes, read.signature))
}

/** A request that brings both is refused, in an answer to its signature. */
function formOf({ headers }: HttpRequest): keyof typeof answerForms {
  return headers['signature'] === undefined && headers['authorization'] !== undefined ? 'token' : 'signature'
}

/** RFC 9421 §2.5: the lines of the covered components, then the parameters. */
export function signatureBase(components: readonly (readonly [string, string])[], signatureParameters: string): string {
  const lines = components.map(([name, value]) => `${name}: ${value}`)
  return [...lines, `"@signature-params": ${signatureParameters}`].join('\n')
}

function requestBase(request: HttpRequest, input: string): Uint8Array {
  return Buffer.from(
    signatureBase(
      [
        ['"@method"', request.method],
        ['"@target-uri"', request.url],
        ['"content-digest"', request.headers['content-digest'] ?? ''],
        ['"content-type"', request.headers['content-type'] ?? ''],
      ],
      input,
    ),
  )
}

function answerBase(answer: HttpResponse, request: HttpRequest, input: string): Uint8Array {
  const form = formOf(request)
  return Buffer.from(
    signatureBase(
      [
        ['"@status"', String(answer.status)],
        ['"content-digest"', answer.headers['content-digest'] ?? ''],
        ['"content-type"', answer.headers['content-type'] ?? ''],
        form === 'token'
          ? [answerForms.token.name, request.headers['authorization'] ?? '']
          : [answerForms.signature.name, signatureValue(request.headers['signature']) ?? ''],
      ],
      input,
    ),
  )
}

function signatureInput(components: string, moment: SignatureMoment, key: SigningKey, tag: string): string {
  const { created, expires, nonce } = moment
  return [
    components,
    `created=${created}`,
    `expires=${expires}`,
    `nonce="${nonce}"`,
    `keyid="${key.keyId}"`,
    `alg="${key.algorithm}"`,
    `tag="${tag}"`,
  ].join(';')
}

function signatureHeaders(input: string, signature: Uint8Array): Record<string, string> {
  return {
    'signature-input': `${label}=${input}`,
    signature: `${label}=:${Buffer.from(signature).toString('base64')}:`,
  }
}

function signatureValue(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^tolem=(:[A-Za-z0-9+/]{86}==:)$/.exec(header)?.[1]
}

type Fault = Extract<Verified, { readonly kind: 'fault' }>

interface Read {
  readonly kind: 'read'
  readonly key: VerifyingKey
  /** What the signature is over. */
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly moment: SignatureMoment
}

function verified({ key, moment }: Read, isRight: boolean): Verified {
  return isRight ? { kind: 'valid', keyId: key.keyId, moment } : { kind: 'fault', code: 'signature_wrong' }
}

/** Everything but the key's own work. */
function readSigned(
  message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  components: string,
  tag: string,
  keyOf: (keyId: string) => VerifyingKey | undefined,
  base: (input: string) => Uint8Array,
): Read | Fault {
  const { 'signature-input': inputHeader, signature: signatureHeader } = message.headers
  if (inputHeader === undefined || signatureHeader === undefined) return { kind: 'fault', code: 'signature_missing' }
  const input = inputHeader.startsWith(`${label}=`) ? inputHeader.slice(label.length + 1) : ''
  const fields = parameters.exec(input)
  const value = signatureValue(signatureHeader)
  if (fields === null || value === undefined) return { kind: 'fault', code: 'signature_malformed' }
  const [, covered = '', created = '', expires = '', nonce = '', keyId = '', algorithm = '', givenTag = ''] = fields
  if (covered !== components || givenTag !== tag) return { kind: 'fault', code: 'signature_malformed' }
  const key = keyOf(keyId)
  if (key === undefined) return { kind: 'fault', code: 'key_unknown' }
  // The key says which algorithm it is for; the message may not choose (RFC 9421 §7.3.6).
  if (algorithm !== key.algorithm) return { kind: 'fault', code: 'signature_malformed' }
  if (message.headers['content-digest'] !== contentDigest(message.body))
    return { kind: 'fault', code: 'content_digest_mismatch' }
  const moment = { created: Number(created), expires: Number(expires), nonce }
  return { kind: 'read', key, bytes: base(input), signature: Buffer.from(value.slice(1, -1), 'base64'), moment }
}
