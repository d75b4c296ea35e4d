/**
 * What the till had told others when the power went, read from the bytes that left its process: the screen and the
 * answers to the cashier (the shell's channel), and the requests to the ledger. Nothing here knows the till's code.
 */
import type { Traced } from './trace.ts'

/** Given by the cashier; on its *done*, cash changes hands or paper is expected. */
export interface Ordered {
  readonly command: string
  readonly saleId?: string | undefined
  readonly tenderId?: string | undefined
}

export interface Told {
  /** Tenders that the screen showed as paid, with what it said. */
  readonly approved: Map<string, { readonly amount: string; readonly kind: string; readonly saleId: string }>
  /** Sales that the screen showed as closed. */
  readonly closed: Set<string>
  /** Sales whose receipt the screen showed as printed. */
  readonly printed: Set<string>
  /** Commands that were answered with *done*. `copy`: the receipt was out, so that this can only be a copy. */
  readonly done: (Ordered & { readonly copy: boolean })[]
  /** Tenders that the ledger was asked to pay. */
  readonly asked: Set<string>
  /** Tenders that the ledger was asked to take back. */
  readonly takenBack: Set<string>
  /** Rows of the journal that the ledger was told of, by their sequence. */
  readonly rows: Map<number, string>
}

const paidStates = ['settled', 'pending', 'awaiting_funds', 'not_paid']

/** Nothing yet. */
export function toldNothing(): Told {
  return {
    approved: new Map(),
    closed: new Set(),
    printed: new Set(),
    done: [],
    asked: new Set(),
    takenBack: new Set(),
    rows: new Map(),
  }
}

/** Of one life of the till: what was begun to be said in another is never ended. */
export class Listener {
  readonly told: Told
  readonly #ordered: ReadonlyMap<string, Ordered>
  #ofShell = Buffer.alloc(0)
  readonly #ofNetwork = new Map<number, Buffer>()

  /**
   * @param ordered what the cashier asked for, by the number of the request
   * @param told in the lives before; what is heard is added to it
   */
  constructor(ordered: ReadonlyMap<string, Ordered>, told: Told) {
    this.#ordered = ordered
    this.told = told
  }

  hears(call: Traced): void {
    if (call.kind !== 'told') return
    if (call.to === 'shell') this.#hearsOnScreen(call.bytes)
    else this.#hearsOnNetwork(call.handle, call.bytes)
  }

  #hearsOnScreen(bytes: Buffer): void {
    this.#ofShell = Buffer.concat([this.#ofShell, bytes])
    for (let end = this.#ofShell.indexOf(10); end >= 0; end = this.#ofShell.indexOf(10)) {
      const message = JSON.parse(this.#ofShell.subarray(0, end).toString('utf8')) as Shown
      this.#ofShell = this.#ofShell.subarray(end + 1)
      if (message.channel !== 'ui') continue
      const { type, id = '', answer, snapshot } = message.body
      if (type === 'answer' && answer?.ok === true) {
        const command = this.#ordered.get(id)
        if (command === undefined) throw new Error(`answer ${id} is to a command that nobody gave`)
        this.told.done.push({ ...command, copy: this.told.printed.has(command.saleId ?? '') })
      }
      if (type === 'snapshot' && snapshot !== undefined) hearScreen(this.told, snapshot)
    }
  }

  /** Requests of HTTP/1.1, one after the other on each connection. */
  #hearsOnNetwork(handle: number, bytes: Buffer): void {
    // A handle that was closed is given out again: what begins a request begins a connection.
    const isNew = /^(POST|GET) /.test(bytes.subarray(0, 5).toString('latin1'))
    let stream = isNew ? bytes : Buffer.concat([this.#ofNetwork.get(handle) ?? Buffer.alloc(0), bytes])
    for (;;) {
      const end = stream.indexOf('\r\n\r\n')
      if (end < 0) break
      const head = stream.subarray(0, end).toString('latin1')
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
      if (stream.length < end + 4 + length) break
      const body = stream.subarray(end + 4, end + 4 + length).toString('utf8')
      stream = stream.subarray(end + 4 + length)
      const path = /^POST (\S+) /.exec(head)?.[1]
      if (path !== undefined && body.startsWith('{')) hearRequest(this.told, path, JSON.parse(body) as Requested)
    }
    this.#ofNetwork.set(handle, stream)
  }
}

/** The state of the screen is shown to the cashier. */
export function hearScreen(told: Told, { sale, recent }: Screen): void {
  const all = [...(sale?.tenders ?? []), ...recent.flatMap((of) => of.tenders)]
  for (const { tenderId, kind, state, amount, saleId } of all)
    if (paidStates.includes(state)) told.approved.set(tenderId, { amount, kind, saleId })
  for (const { saleId, voidable, receipt } of recent) {
    if (voidable) told.closed.add(saleId)
    if (receipt === 'printed') told.printed.add(saleId)
  }
}

/** A request to the ledger. */
export function hearRequest(told: Told, path: string, request: Requested): void {
  if (path === '/v1/terminal/authorisations' && request.terms !== undefined) told.asked.add(request.terms.tenderId)
  for (const { kind, terms, tenderId } of request.items ?? []) {
    if (kind === 'presentment' && terms !== undefined) told.asked.add(terms.tenderId)
    if (kind === 'reversal' && tenderId !== undefined) told.takenBack.add(tenderId)
  }
  for (const { sequence, hash } of positionsIn(request)) told.rows.set(sequence, hash)
}

/** Places in the journal's chain, wherever they stand in a request. */
function positionsIn(value: unknown): { readonly sequence: number; readonly hash: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const { sequence, hash } = value as Record<string, unknown>
  const own = typeof sequence === 'number' && typeof hash === 'string' ? [{ sequence, hash }] : []
  return [...own, ...Object.values(value).flatMap(positionsIn)]
}

interface ShownTender {
  readonly tenderId: string
  readonly saleId: string
  readonly kind: string
  readonly state: string
  readonly amount: string
}

export interface Screen {
  readonly sale: { readonly tenders: readonly ShownTender[] } | null
  readonly recent: readonly {
    readonly saleId: string
    readonly voidable: boolean
    readonly receipt: string
    readonly tenders: readonly ShownTender[]
  }[]
}

interface Shown {
  readonly channel: string
  readonly body: {
    readonly type: string
    readonly id?: string
    readonly answer?: { readonly ok: boolean }
    readonly snapshot?: Screen
  }
}

export interface Requested {
  readonly terms?: { readonly tenderId: string }
  readonly items?: readonly {
    readonly kind: string
    readonly terms?: { readonly tenderId: string }
    readonly tenderId?: string
  }[]
}
