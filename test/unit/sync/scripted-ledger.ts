/**
 * A ledger that answers as the test says and signs as the ledger does, behind a transport that can lose, change and
 * mix up answers. It keeps nothing: what it says is the script's business.
 */
import type { RequestOf } from '../../../src/sync/engine/ledger-client.ts'
import type { LedgerTransport, TransportResult } from '../../../src/sync/engine/ports.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import {
  signAnswer,
  verifyRequest,
  type HttpRequest,
  type HttpResponse,
} from '../../../src/sync/protocol/http-signature.ts'
import type { SigningKey } from '../../../src/sync/protocol/keys.ts'
import {
  signTagged,
  thumbprintOf,
  verifyingKey,
  type PublicJwk,
  type VerifyingKey,
} from '../../../src/sync/protocol/keys.ts'
import {
  terminalEndpoints,
  type JournalPosition,
  type SyncItem,
  type TerminalPath,
} from '../../../src/sync/protocol/messages.ts'
import type { ProblemCode } from '../../../src/sync/protocol/problems.ts'
import { syncItemIdOf } from '../../../src/sync/protocol/messages.ts'
import { itemOf, ledgerKey, terminalKey } from './world.ts'

export const ledgerUrl = 'http://ledger.test'

/** What a script may do with one request. */
export type Act =
  | { readonly answer: unknown }
  | { readonly problem: ProblemCode; readonly status?: number }
  | { readonly instead: TransportResult }
  /** The answer that would have been sent is changed on its way. */
  | { readonly answer: unknown; readonly onItsWay: (response: HttpResponse) => HttpResponse }

export interface Heard {
  readonly path: TerminalPath
  readonly body: Record<string, unknown>
  /** Who signed it. */
  readonly keyId: string
  /** What the request's signature says, seconds. */
  readonly created: number
  readonly request: HttpRequest
}

export class ScriptedLedger {
  /** Seconds that the ledger's clock is ahead of `now`. */
  readonly heard: Heard[] = []
  now: () => number
  key: SigningKey = ledgerKey
  readonly scripts: Partial<Record<TerminalPath, (body: never, heard: Heard) => Act | Promise<Act>>> = {}
  #lastResponse: HttpResponse | undefined
  readonly #terminalKeys = new Map<string, VerifyingKey>([[terminalKey.keyId, terminalKey]])

  constructor(now: () => number) {
    this.now = now
  }

  on<Path extends TerminalPath>(
    path: Path,
    script: (body: RequestBody<Path>, heard: Heard) => Act | Promise<Act>,
  ): void {
    this.scripts[path] = script as never
  }

  bodies<Path extends TerminalPath>(path: Path): RequestBody<Path>[] {
    return this.heard.filter((one) => one.path === path).map((one) => one.body as RequestBody<Path>)
  }

  /** The answer to an earlier request, genuine but not to this one. */
  get lastResponse(): HttpResponse {
    if (this.#lastResponse === undefined) throw new Error('no answer yet')
    return this.#lastResponse
  }

  readonly transport: LedgerTransport = async (request) => {
    const path = request.url.slice(ledgerUrl.length) as TerminalPath
    const body = JSON.parse(request.body) as Record<string, unknown>
    if (path === '/v1/terminal/key-rotations') this.#learnKey((body as RequestBody<typeof path>).terminalKey)
    const verified = verifyRequest(request, (keyId) => this.#terminalKeys.get(keyId))
    if (verified.kind !== 'valid') throw new Error(`the terminal signed wrongly: ${verified.code}`)
    // What the terminal sends must fit the schema that the real ledger reads it with.
    terminalEndpoints[path].request.parse(body)
    const heard = { path, body, keyId: verified.keyId, created: verified.moment.created, request }
    this.heard.push(heard)
    const script = (this.scripts[path] ?? standardScripts[path]) as (body: unknown, heard: Heard) => Act | Promise<Act>
    const act = await script(body, heard)
    if ('instead' in act) return act.instead
    const response = this.#signed(act, request)
    this.#lastResponse ??= response
    return { kind: 'response', response: 'onItsWay' in act ? act.onItsWay(response) : response }
  }

  #learnKey(jwk: PublicJwk): void {
    this.#terminalKeys.set(thumbprintOf(jwk), verifyingKey(jwk))
  }

  #signed(act: Exclude<Act, { instead: unknown }>, request: HttpRequest): HttpResponse {
    const created = Math.floor(this.now() / 1000)
    const moment = { created, expires: created + 60, nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }
    const isProblem = 'problem' in act
    const status = isProblem ? (act.status ?? 400) : 200
    const value = isProblem
      ? { type: `urn:tolem:problem:${act.problem}`, title: act.problem, status, code: act.problem }
      : act.answer
    const contentType = isProblem ? 'application/problem+json' : 'application/json'
    const text = typeof value === 'string' ? value : toJson(value)
    return signAnswer({ status, contentType, body: text }, request, this.key, moment)
  }
}

/** As the bodies travel: JSON. */
export interface RequestBodies {
  readonly '/v1/terminal/batches': { readonly items: readonly SyncItem[] }
  readonly '/v1/terminal/inquiries': { readonly tenderId: string }
  readonly '/v1/terminal/authorisations': { readonly terms: { readonly tenderId: string }; readonly evidence: unknown }
  readonly '/v1/terminal/payment-requests': { readonly terms: { readonly tenderId: string } }
  readonly '/v1/terminal/payment-requests/card-payments': { readonly requestId: string }
  readonly '/v1/terminal/events': { readonly after: number }
  readonly '/v1/terminal/packages': { readonly haveVersion: number; readonly haveHotlist?: number }
  readonly '/v1/terminal/heads': {
    readonly head: JournalPosition
    readonly unsynced: number
    readonly before?: Omit<JournalPosition, 'hash'> & { readonly hash: string | null }
  }
  readonly '/v1/terminal/key-rotations': RequestOf<'/v1/terminal/key-rotations'>
  readonly '/v1/terminal/card-sessions': unknown
  readonly '/v1/terminal/card-session-keys': unknown
  readonly '/v1/terminal/card-scripts': unknown
  readonly '/v1/terminal/card-receipts': unknown
}
export type RequestBody<Path extends TerminalPath> = RequestBodies[Path]

/** Takes everything, has nothing new. */
export const standardScripts: { [Path in TerminalPath]: (body: RequestBody<Path>) => Act } = {
  '/v1/terminal/batches': ({ items }) => ({ answer: { results: items.map(settled) } }),
  '/v1/terminal/inquiries': () => ({ answer: { kind: 'not_seen' } }),
  '/v1/terminal/authorisations': ({ terms }) => ({ answer: itemOf(terms.tenderId, 'settled') }),
  '/v1/terminal/payment-requests': () => ({ answer: { kind: 'open' } }),
  '/v1/terminal/payment-requests/card-payments': () => ({ answer: { kind: 'refused', code: 'CARD_UNKNOWN' } }),
  '/v1/terminal/events': ({ after }) => ({ answer: { events: [], cursor: after } }),
  '/v1/terminal/packages': () => ({ answer: { kind: 'current' } }),
  '/v1/terminal/heads': ({ head }) => ({ answer: countersigned(head) }),
  '/v1/terminal/key-rotations': ({ terminalKey: next }) => ({
    answer: { arrival: 'created', keyId: thumbprintOf(next) },
  }),
  '/v1/terminal/card-sessions': () => ({ answer: { kind: 'refused', code: 'CARD_UNKNOWN' } }),
  '/v1/terminal/card-session-keys': () => ({ answer: { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' } }),
  '/v1/terminal/card-scripts': () => ({ answer: { kind: 'none' } }),
  '/v1/terminal/card-receipts': () => ({ answer: { arrival: 'created' } }),
}

export function settled(item: SyncItem): ReturnType<typeof itemOf> {
  const state = {
    presentment: 'settled',
    capture: 'settled',
    reversal: 'reversed',
    surrender: 'done',
    refund: 'done',
  } as const
  return itemOf(syncItemIdOf(item), state[item.kind])
}

export function countersigned(head: JournalPosition): { kind: 'countersigned'; signature: string } {
  return {
    kind: 'countersigned',
    signature: signTagged(ledgerKey, 'tolem/journal-head/1', { terminalId: 'till-1', head }),
  }
}
