/**
 * Speaks to the ledger: signs, sends, checks that the answer is the ledger's and belongs to this request. Ids make
 * repetition safe, so a request may be signed again with the ledger's time after `clock_skew`.
 */
import type { z } from 'zod'
import { toJson } from '../protocol/canonical.ts'
import { signRequest, verifyAnswer, type HttpResponse } from '../protocol/http-signature.ts'
import type { SigningKey, VerifyingKey } from '../protocol/keys.ts'
import { terminalEndpoints, type TerminalPath } from '../protocol/messages.ts'
import { problemSchema, type ProblemCode } from '../protocol/problems.ts'
import type { LedgerTransport, Randomness } from './ports.ts'
import type { TrustedTime } from './trusted-time.ts'

/**
 * - `answer`: the ledger's verified word.
 * - `problem`: the ledger verifiably refused the request as such; nothing moved.
 * - `not_sent`: nothing reached the ledger.
 * - `no_answer`: it may have acted. An answer that is not verifiably the ledger's is no answer. `signed` says that the
 *   ledger is there and did speak, but of its own failure or in a form that is not known here. One that was just
 *   started and wants a later signature counts as not there yet, with `wantsLater` for whoever looks why.
 */
export type LedgerReply<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly detail: string }
  | { readonly kind: 'not_sent'; readonly detail: string }
  | {
      readonly kind: 'no_answer'
      readonly detail: string
      readonly malformed: boolean
      readonly signed: boolean
      /** `dated_before_restart`, verifiably the ledger's (docs/adr/0044). */
      readonly wantsLater?: true
    }

export type AnswerOf<Path extends TerminalPath> = z.infer<(typeof terminalEndpoints)[Path]['answer']>
export type RequestOf<Path extends TerminalPath> = z.infer<(typeof terminalEndpoints)[Path]['request']>

export interface LedgerClientParts {
  readonly baseUrl: string
  /** May become another key: `signRequest` reads id and key in one go. */
  readonly terminalKey: SigningKey
  readonly ledgerKey: VerifyingKey
  readonly transport: LedgerTransport
  readonly time: TrustedTime
  readonly randomness: Randomness
}

/** How long a signed request is good for. Longer than any deadline, shorter than the ledger's window of nonces. */
const requestLifetimeS = 60

export class LedgerClient {
  readonly #parts: LedgerClientParts

  constructor(parts: LedgerClientParts) {
    this.#parts = parts
  }

  /** Never rejects. @param signer else the terminal's present key */
  async call<Path extends TerminalPath>(
    path: Path,
    body: RequestOf<Path>,
    deadlineMs: number,
    signer: SigningKey = this.#parts.terminalKey,
  ): Promise<LedgerReply<AnswerOf<Path>>> {
    const signedWith = signer.keyId
    const first = await this.#once(path, body, deadlineMs, signer)
    // The verified answer has just set our clock (`ledgerSaid`), so the second signature carries the right time.
    const isLate = first.kind === 'problem' && first.code === 'clock_skew'
    // The terminal's key was changed while this request was on its way, and the ledger heard the new one first.
    const isOutdated = first.kind === 'problem' && first.code === 'key_unknown' && signer.keyId !== signedWith
    return isLate || isOutdated ? this.#once(path, body, deadlineMs, signer) : first
  }

  async #once<Path extends TerminalPath>(
    path: Path,
    body: RequestOf<Path>,
    deadlineMs: number,
    signer: SigningKey,
  ): Promise<LedgerReply<AnswerOf<Path>>> {
    const { baseUrl, ledgerKey, transport, time, randomness } = this.#parts
    const created = Math.floor(time.now() / 1000)
    const nonce = Buffer.from(randomness.bytes(16)).toString('base64url')
    const request = signRequest({ method: 'POST', url: `${baseUrl}${path}`, body: toJson(body) }, signer, {
      created,
      expires: created + requestLifetimeS,
      nonce,
    })
    const sent = await transport(request, deadlineMs)
    if (sent.kind === 'not_sent') return sent
    if (sent.kind === 'no_answer') return { ...sent, malformed: false, signed: false }
    const verified = verifyAnswer(sent.response, request, ledgerKey)
    if (verified.kind === 'fault')
      return { kind: 'no_answer', detail: `answer not believed: ${verified.code}`, malformed: true, signed: false }
    time.ledgerSaid(verified.moment.created * 1000)
    return parseAnswer(path, sent.response)
  }
}

function parseAnswer<Path extends TerminalPath>(path: Path, response: HttpResponse): LedgerReply<AnswerOf<Path>> {
  let value: unknown
  try {
    value = JSON.parse(response.body)
  } catch {
    return { kind: 'no_answer', detail: 'signed answer is not JSON', malformed: true, signed: true }
  }
  if (response.status >= 400) {
    const problem = problemSchema.safeParse(value)
    // The ledger's own failure says nothing about what it did before failing. A nonce that was seen before says that
    // the network delivered this request twice: what the first copy did is not known.
    if (!problem.success || ['internal', 'nonce_replayed'].includes(problem.data.code)) {
      return { kind: 'no_answer', detail: `status ${response.status}`, malformed: !problem.success, signed: true }
    }
    // It was started again within the second of this signature, or its clock was ahead before: signed anew, a moment
    // later, the same is heard. It passes like a network that is away, and says nothing about what was asked.
    if (problem.data.code === 'dated_before_restart')
      return { kind: 'no_answer', detail: problem.data.code, malformed: false, signed: false, wantsLater: true }
    return { kind: 'problem', code: problem.data.code, detail: problem.data.detail ?? problem.data.title }
  }
  const answer = terminalEndpoints[path].answer.safeParse(value)
  if (!answer.success)
    return { kind: 'no_answer', detail: `answer does not fit ${path}`, malformed: true, signed: true }
  return { kind: 'answer', answer: answer.data as AnswerOf<Path> }
}
