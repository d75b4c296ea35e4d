/**
 * Who signed a request: by RFC 9421, or, for roles, by a token that stands for this one request
 * (docs/design/18-platform-api.md, "Door"). The checks run in the order of `problemCodes`, the same for both.
 */
import {
  verifyRequestBy,
  type HttpRequest,
  type SignatureCheck,
  type Verified,
} from '../../src/sync/protocol/http-signature.ts'
import type { VerifyingKey } from '../../src/sync/protocol/keys.ts'
import type { Problem, ProblemCode } from '../../src/sync/protocol/problems.ts'
import { issuerOf, tokenOf, verifyRequestToken } from '../../src/sync/protocol/request-token.ts'
import { inTransaction } from '../context.ts'
import { endFormerKey } from '../terminals/key-rotation.ts'
import { verifyingKeyOf } from '../terminals/terminals.ts'
import { findHeardKey } from './heard-keys.ts'
import { LatestSigned } from './latest-signed.ts'
import { limits } from './limits.ts'
import { NonceWindow } from './nonce-window.ts'
import type { Caller, Role, Services } from './operation.ts'
import { problemOf } from './problems.ts'

export type WhoAsks =
  | { readonly kind: 'known'; readonly caller: Caller; readonly created: number }
  | { readonly kind: 'refusal'; readonly problem: Problem; readonly retryAfterSeconds?: number }

const nonceWindowSeconds = 300
const { clockSkewSeconds, signatureLifeSecondsMax, tokenLifeSecondsMax } = limits

export class Authentication {
  readonly #services: Services
  readonly #nonces = new NonceWindow(nonceWindowSeconds * 1_000)
  /** A token may be dated ahead by the skew and then lives its whole life. */
  readonly #tokens = new NonceWindow((clockSkewSeconds + tokenLifeSecondsMax + 1) * 1_000)

  readonly #latest: LatestSigned

  constructor(services: Services) {
    this.#services = services
    this.#latest = new LatestSigned(services.store)
  }

  /** As `LatestSigned.keep`, of a request that is known: its answer waits for it. */
  keep({ keyId }: Caller, created: number): Promise<void> {
    return this.#latest.keep(keyId, created)
  }

  async whoAsks(request: HttpRequest): Promise<WhoAsks> {
    const { authorization, signature, 'signature-input': signatureInput } = request.headers
    if (authorization === undefined) return this.#whoSigned(request)
    if (signature !== undefined || signatureInput !== undefined)
      return refusal('signature_malformed', 'a request is signed or brings a token, not both')
    return this.#whoseToken(request)
  }

  async #whoSigned(request: HttpRequest): Promise<WhoAsks> {
    const keyId = /;keyid="([A-Za-z0-9_-]{43})"/.exec(request.headers['signature-input'] ?? '')?.[1]
    const principal = await this.#principal(keyId)
    const { checkSignature = checkHere } = this.#services
    const verified = await verifyRequestBy(checkSignature, request, onlyKeyOf(keyId, principal))
    const faulty = faultOf(verified, `it is not by this key over ${request.method} ${request.url} as they came`)
    if (verified.kind === 'fault' || principal === undefined) return faulty ?? refusal('key_unknown')
    const now = this.#services.clock()
    const seconds = Math.floor(now / 1000)
    const { created, expires } = verified.moment
    if (Math.abs(created - seconds) > clockSkewSeconds || expires < seconds) {
      return refusal('clock_skew', `created ${created}, expires ${expires}; the ledger’s time is ${seconds}`)
    }
    if (expires < created || expires - created > signatureLifeSecondsMax) {
      return refusal('clock_skew', `a signature is valid for at most ${signatureLifeSecondsMax} s`)
    }
    const used = this.#usedBefore(this.#nonces, principal, verified, now)
    if (used !== undefined) return used
    const { follows, role, owner } = principal
    // A role's former key has a time of its own (role-keys.ts).
    if (follows !== null && role === 'terminal')
      await inTransaction(this.#services, (work) => endFormerKey(work, verified.keyId, follows))
    return { kind: 'known', caller: { keyId: verified.keyId, role: role as Role, owner }, created }
  }

  async #whoseToken(request: HttpRequest): Promise<WhoAsks> {
    const token = tokenOf(request.headers)
    if (token === undefined) return refusal('signature_malformed', 'Authorization is: Bearer, one blank, the token')
    const keyId = issuerOf(token)
    const principal = await this.#principal(keyId)
    const verified = await verifyRequestToken(request, token, onlyKeyOf(keyId, principal))
    const faulty = faultOf(verified)
    if (verified.kind === 'fault' || principal === undefined) return faulty ?? refusal('key_unknown')
    const now = this.#services.clock()
    const seconds = Math.floor(now / 1000)
    const { created, expires } = verified.moment
    if (created - seconds > clockSkewSeconds || expires < seconds)
      return refusal('clock_skew', `iat ${created}, exp ${expires}; the ledger’s time is ${seconds}`)
    if (expires < created || expires - created > tokenLifeSecondsMax)
      return refusal('clock_skew', `a token is valid for at most ${tokenLifeSecondsMax} s`)
    const used = this.#usedBefore(this.#tokens, principal, verified, now)
    if (used !== undefined) return used
    const { role, owner } = principal
    if (role === 'terminal') return refusal('role_not_allowed', 'a terminal signs its requests (RFC 9421)')
    return { kind: 'known', caller: { keyId: verified.keyId, role: role as Role, owner }, created }
  }

  /** Whether it was, or could have been, before this process began. */
  #usedBefore(
    window: NonceWindow,
    { latest_signed: kept }: { readonly latest_signed: bigint | null },
    { keyId, moment }: Extract<Verified, { kind: 'valid' }>,
    now: number,
  ): WhoAsks | undefined {
    const latest = Math.floor(now / 1000) + clockSkewSeconds
    const wait = this.#latest.horizonOf(keyId, kept, latest) - moment.created
    if (wait >= 0) return { kind: 'refusal', problem: problemOf('dated_before_restart'), retryAfterSeconds: wait + 1 }
    switch (window.use(keyId, moment.nonce, now)) {
      case 'fresh':
        return undefined
      case 'replayed':
        return refusal('nonce_replayed')
      case 'full':
        return { kind: 'refusal', problem: problemOf('rate_limited'), retryAfterSeconds: nonceWindowSeconds }
    }
  }

  async #principal(keyId: string | undefined) {
    if (keyId === undefined) return undefined
    const { store, clock } = this.#services
    return store.read((connection) => findHeardKey(connection, clock(), keyId))
  }
}

function onlyKeyOf(
  keyId: string | undefined,
  principal: { readonly jwk: string } | undefined,
): (id: string) => VerifyingKey | undefined {
  return (id) => (id === keyId && principal !== undefined ? verifyingKeyOf(principal.jwk) : undefined)
}

const checkHere: SignatureCheck = async (key, bytes, signature) => key.verify(bytes, signature)

/** @param wrong what is said of a signature that is wrong, where the check itself has no word of it */
function faultOf(verified: Verified, wrong?: string): WhoAsks | undefined {
  if (verified.kind !== 'fault') return undefined
  return refusal(verified.code, verified.detail ?? (verified.code === 'signature_wrong' ? wrong : undefined))
}

function refusal(code: ProblemCode, detail?: string): WhoAsks {
  return { kind: 'refusal', problem: problemOf(code, detail) }
}
