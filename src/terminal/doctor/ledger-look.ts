/** Asks a ledger who it is and, in the till's name, how it stands with this till. Nothing is changed by either. */
import { z } from 'zod'
import type { LedgerTransport, Randomness } from '../../sync/engine/ports.ts'
import { signRequest, verifyAnswer } from '../../sync/protocol/http-signature.ts'
import {
  newPrivateJwk,
  publicJwkSchema,
  signingKey,
  verifyingKey,
  type SigningKey,
  type VerifyingKey,
} from '../../sync/protocol/keys.ts'
import { problemSchema } from '../../sync/protocol/problems.ts'
import { safeJson } from '../core/identity.ts'
import type { LedgerLook } from './machine.ts'

export interface LedgerLookParts {
  readonly url: string
  /** With which the till is enrolled; undefined where it is not. */
  readonly ledgerKey: VerifyingKey | undefined
  /** The till's key, where it lies open; the ledger answers a stranger who it is. */
  readonly signer: SigningKey | undefined
  readonly transport: LedgerTransport
  readonly randomness: Pick<Randomness, 'bytes'>
  readonly now: number
}

/** Of each of the two questions. */
const answerMaxMs = 3_000
const ledgerKeySchema = z.object({ ledgerKey: publicJwkSchema })

export async function lookAtLedger(parts: LedgerLookParts): Promise<LedgerLook> {
  const { ledgerKey, signer, now } = parts
  const stranger = (): SigningKey => signingKey(newPrivateJwk((length) => parts.randomness.bytes(length)))
  const asked = await ask(parts, signer ?? stranger(), 'GET', '/v1/ledger-key', '', now)
  if (asked.kind !== 'response') return asked
  const { request, response } = asked
  const shown = ledgerKeySchema.safeParse(safeJson(response.body))
  const key = ledgerKey ?? (shown.success ? verifyingKey(shown.data.ledgerKey) : undefined)
  const verified = key === undefined ? undefined : verifyAnswer(response, request, key)
  if (key === undefined || verified?.kind !== 'valid')
    return { kind: 'heard', signature: 'another', at: null, terminal: null }
  const at = verified.moment.created * 1_000
  if (ledgerKey === undefined || signer === undefined)
    return { kind: 'heard', signature: ledgerKey === undefined ? 'unknown' : 'ours', at, terminal: null }
  return { kind: 'heard', signature: 'ours', at, terminal: await howItStands(parts, signer, key, at) }
}

/**
 * A request for the package that lacks what it must have. The ledger looks at a till's standing before it reads on
 * (`problemCodes`, in their order), so what it finds wrong says how the till stands, and nothing is renewed or issued.
 */
async function howItStands(
  parts: LedgerLookParts,
  signer: SigningKey,
  key: VerifyingKey,
  at: number,
): Promise<NonNullable<Extract<LedgerLook, { kind: 'heard' }>['terminal']>> {
  const asked = await ask(parts, signer, 'POST', '/v1/terminal/packages', '{}', at)
  if (asked.kind !== 'response' || verifyAnswer(asked.response, asked.request, key).kind !== 'valid') return 'no-answer'
  const problem = problemSchema.safeParse(safeJson(asked.response.body))
  const code = problem.success ? problem.data.code : `status ${asked.response.status}`
  if (code === 'schema_mismatch') return 'active'
  if (code === 'terminal_suspended') return 'suspended'
  return code === 'key_unknown' ? 'unknown' : { fault: code }
}

async function ask(
  { url, transport, randomness }: LedgerLookParts,
  signer: SigningKey,
  method: 'GET' | 'POST',
  path: string,
  body: string,
  nowMs: number,
) {
  const created = Math.floor(nowMs / 1_000)
  const nonce = Buffer.from(randomness.bytes(16)).toString('base64url')
  const moment = { created, expires: created + 60, nonce }
  const request = signRequest({ method, url: `${url.replace(/\/$/, '')}${path}`, body }, signer, moment)
  const sent = await transport(request, answerMaxMs)
  if (sent.kind === 'response') return { kind: 'response', request, response: sent.response } as const
  // Not a connection: the system's own code. A connection without a word: silence.
  const isSystems = /^E[A-Z_]+$/.test(sent.detail)
  return { kind: isSystems ? 'not_reached' : 'silent', code: sent.detail } as const
}
