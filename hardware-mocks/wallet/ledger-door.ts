/** A wallet's way to the ledger: signed questions, answers that are believed only with the ledger's signature. */
import { z } from 'zod'
import type { RandomSource } from '../cards/random.ts'
import { checkAnswer, signedRequest } from './signed-exchange.ts'
import type { LedgerKey, WalletKey } from './signed-exchange.ts'

/**
 * - `answer`: the ledger's word.
 * - `refused`: the ledger's word too; nothing was done. Its codes are those of src/sync/protocol/problems.ts.
 * - `unreachable`, `not-believed`: the ledger may have acted, or not.
 */
export type LedgerWord<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | { readonly kind: 'unreachable' | 'not-believed'; readonly detail: string }

export interface LedgerDoorOptions {
  /** The ledger's port on loopback, as it is now; 0: there is no ledger. */
  readonly port: () => number
  readonly ledgerKey: LedgerKey
  readonly now: () => number
  readonly random: RandomSource
}

const deadlineMs = 10_000
const problem = z.object({ code: z.string(), title: z.string(), detail: z.string().optional() })

export class LedgerDoor {
  readonly #options: LedgerDoorOptions
  /** How far the ledger's clock is ahead of this one, seconds: its signed answers say so. */
  #ahead = 0

  constructor(options: LedgerDoorOptions) {
    this.#options = options
  }

  get<Schema extends z.ZodType>(path: string, query: Record<string, string>, key: WalletKey, schema: Schema) {
    return this.#ask('GET', `${path}?${new URLSearchParams(query).toString()}`, '', key, schema)
  }

  post<Schema extends z.ZodType>(path: string, body: object, key: WalletKey, schema: Schema) {
    return this.#ask('POST', path, JSON.stringify(body), key, schema)
  }

  /** Never rejects. What was signed with the wrong time, or an old nonce, is signed anew; ids make that safe. */
  async #ask<Schema extends z.ZodType>(
    method: 'GET' | 'POST',
    target: string,
    body: string,
    key: WalletKey,
    schema: Schema,
  ): Promise<LedgerWord<z.output<Schema>>> {
    const first = await this.#once(method, target, body, key, schema)
    const isToSignAnew = first.kind === 'refused' && ['clock_skew', 'nonce_replayed'].includes(first.code)
    return isToSignAnew ? this.#once(method, target, body, key, schema) : first
  }

  async #once<Schema extends z.ZodType>(
    method: 'GET' | 'POST',
    target: string,
    body: string,
    key: WalletKey,
    schema: Schema,
  ): Promise<LedgerWord<z.output<Schema>>> {
    const { port, ledgerKey, now, random } = this.#options
    if (port() === 0) return { kind: 'unreachable', detail: 'there is no ledger' }
    const { href } = new URL(target, `http://127.0.0.1:${port()}`)
    const seconds = Math.floor(now() / 1000)
    const nonce = Buffer.from(random(16)).toString('base64url')
    const request = signedRequest({ method, url: href, body }, key, seconds + this.#ahead, nonce)
    const received = await send(request)
    if (typeof received === 'string') return { kind: 'unreachable', detail: received }
    const checked = checkAnswer(received, request, ledgerKey)
    if (checked.kind === 'not-believed') return { kind: 'not-believed', detail: checked.why }
    this.#ahead = checked.created - seconds
    return read(received.status, received.body, schema)
  }
}

interface Received {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly body: Uint8Array
}

/** What came back, or why nothing did. */
async function send({ method, url, headers, body }: ReturnType<typeof signedRequest>): Promise<Received | string> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
      ...(method === 'POST' && { body }),
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, header: (name) => response.headers.get(name), body: bytes }
  } catch (error) {
    const { cause } = error as { readonly cause?: { readonly code?: string } }
    return cause?.code ?? (error instanceof Error ? error.message : String(error))
  }
}

function read<Schema extends z.ZodType>(
  status: number,
  body: Uint8Array,
  schema: Schema,
): LedgerWord<z.output<Schema>> {
  const unknown = { kind: 'not-believed', detail: `a signed answer (${status}) in a form that is not known` } as const
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return unknown
  }
  if (status === 200) {
    const answer = schema.safeParse(value)
    return answer.success ? { kind: 'answer', answer: answer.data } : unknown
  }
  const refused = problem.safeParse(value)
  if (!refused.success) return unknown
  const { code, title, detail } = refused.data
  // Its own failure says nothing about what it did before failing; one that was just started wants a later signature.
  if (['internal', 'dated_before_restart'].includes(code)) return { kind: 'unreachable', detail: title }
  return { kind: 'refused', code, detail: detail ?? title }
}
