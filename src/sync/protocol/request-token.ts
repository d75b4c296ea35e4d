/**
 * A signed JWT that stands for one request, so that whoever has a role's key can use plain curl
 * (docs/design/18-platform-api.md, "Door"). The model is DPoP (RFC 9449): a token that its bearer could use for another
 * request would be as good as the key for its life, so it names the method (`htm`), the whole address with its query
 * (`htu`), and the bytes of the body (`bd`, SHA-256, base64url), and is used once (`jti`).
 */
import { hash } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, SignJWT, type CryptoKey, type JWK } from 'jose'
import { z } from 'zod'
import type { HttpRequest, SignatureMoment, Verified } from './http-signature.ts'
import { keyIdSchema, signingKey, type VerifyingKey } from './keys.ts'

/** The `aud` of every token: what is made for another service is none for the ledger. */
export const tokenAudience = 'urn:tolem:ledger'
const tokenType = 'tolem-request+jwt'
const authorization = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i
const tokenLengthMax = 4_096

const claimsSchema = z.object({
  iss: keyIdSchema,
  aud: z.string(),
  /** Seconds since 1970. */
  iat: z.int().min(0),
  exp: z.int().min(0),
  nbf: z.int().min(0).optional(),
  jti: z.string().regex(/^[\w-]{16,64}$/),
  htm: z.string(),
  htu: z.string(),
  bd: z.string(),
})
type Claims = z.infer<typeof claimsSchema>

/** SHA-256 of the body as it is sent, base64url without padding. */
function bodyDigest(body: string): string {
  return hash('sha256', body, 'base64url')
}

/**
 * Makes the token of one request.
 *
 * @param privateJwk a role's registered P-256 key
 * @param moment its nonce is the `jti`
 */
export async function makeRequestToken(
  request: Omit<HttpRequest, 'headers'>,
  privateJwk: JWK,
  { created, expires, nonce }: SignatureMoment,
): Promise<string> {
  const { keyId, algorithm } = signingKey({ ...privateJwk })
  if (algorithm !== 'ecdsa-p256-sha256') throw new TypeError('a request token is signed with a P-256 key')
  return new SignJWT({ htm: request.method, htu: request.url, bd: bodyDigest(request.body) })
    .setProtectedHeader({ alg: 'ES256', typ: tokenType })
    .setIssuer(keyId)
    .setAudience(tokenAudience)
    .setIssuedAt(created)
    .setExpirationTime(expires)
    .setJti(nonce)
    .sign(await importJWK(privateJwk, 'ES256'))
}

/** The token that a request brings, if what it brings has the form of one. */
export function tokenOf(headers: HttpRequest['headers']): string | undefined {
  const token = authorization.exec(headers['authorization'] ?? '')?.[1]
  return token === undefined || token.length > tokenLengthMax ? undefined : token
}

/** Whose key the token says it was signed with. Nothing is proved by it. */
export function issuerOf(token: string): string | undefined {
  const claims = claimsOf(token)
  return typeof claims === 'string' ? undefined : claims.iss
}

/**
 * Checks form, key, body, then signature and what it is for, in the order of `problemCodes`; the caller judges the
 * moment and whether the nonce is fresh. The detail of a fault is about this token and this request alone: whoever sent
 * them knows both.
 */
export async function verifyRequestToken(
  request: HttpRequest,
  token: string,
  keyOf: (keyId: string) => VerifyingKey | undefined,
): Promise<Verified> {
  const claims = claimsOf(token)
  if (typeof claims === 'string') return { kind: 'fault', code: 'signature_malformed', detail: claims }
  const key = keyOf(claims.iss)
  if (key === undefined) return { kind: 'fault', code: 'key_unknown' }
  // The key says which algorithm it is for; the token may not choose (RFC 8725 §3.1).
  if (key.algorithm !== 'ecdsa-p256-sha256') return { kind: 'fault', code: 'signature_malformed' }
  if (claims.bd !== bodyDigest(request.body))
    return { kind: 'fault', code: 'content_digest_mismatch', detail: otherBody }
  const detail = whyNotForThis(claims, request) ?? ((await isSigned(token, key)) ? undefined : notByItsKey)
  if (detail !== undefined) return { kind: 'fault', code: 'signature_wrong', detail }
  return {
    kind: 'valid',
    keyId: claims.iss,
    moment: { created: claims.iat, expires: claims.exp, nonce: claims.jti },
  }
}

const otherBody = 'bd is not the SHA-256 of the body that came, in base64url without padding'
const notByItsKey = 'the signature is not one by the key that iss names'

function whyNotForThis({ aud, htm, htu }: Claims, { method, url }: HttpRequest): string | undefined {
  if (aud !== tokenAudience) return `aud is not ${tokenAudience}`
  if (htm !== method) return `htm is not the method that came, ${method}`
  return htu === url ? undefined : `htu is not the address that came, ${url}`
}

/** @returns what is not in its form, where something is not */
function claimsOf(token: string): Claims | string {
  try {
    const { alg, typ, crit } = decodeProtectedHeader(token)
    if (alg !== 'ES256') return 'alg is not ES256'
    if (typ !== tokenType) return `typ is not ${tokenType}`
    if (crit !== undefined) return 'crit names what the ledger does not know'
    const claims = claimsSchema.safeParse(decodeJwt(token))
    if (!claims.success) return `${String(claims.error.issues[0]?.path[0])} is missing or not in its form`
    // Made to be used later: nobody needs that of a token for one request.
    return (claims.data.nbf ?? 0) > claims.data.iat ? 'nbf is after iat' : claims.data
  } catch {
    return 'the token is none: its header or its claims are no JSON'
  }
}

async function isSigned(token: string, key: VerifyingKey): Promise<boolean> {
  try {
    await compactVerify(token, await importedKey(key), { algorithms: ['ES256'] })
    return true
  } catch {
    return false
  }
}

// Importing a key costs more than verifying with it, and a key is immutable.
const imported = new WeakMap<VerifyingKey, Promise<CryptoKey | Uint8Array>>()

function importedKey(key: VerifyingKey): Promise<CryptoKey | Uint8Array> {
  const known = imported.get(key)
  if (known !== undefined) return known
  const fresh = importJWK(key.jwk as JWK, 'ES256')
  imported.set(key, fresh)
  return fresh
}
