/**
 * Whether a journal that came through a power cut stands for everything that was said and done before it. Reads the
 * database with SQL alone, the cards' own logs and the paper; shares nothing with the till's code.
 */
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { canonicalText, termsHash, type Terms } from '../checker/proof-bytes.ts'
import type { CardMessage } from '../checker/card-logs.ts'
import type { PaperSlip } from '../checker/paper.ts'
import type { Told } from './told.ts'

export interface Findings {
  /** Said to be paid, taken, closed or recorded, and there is no row of it. */
  readonly lost: readonly string[]
  /** Paid or printed twice, or about to be. */
  readonly duplicated: readonly string[]
  /** A card or the ledger was asked for something of which there is no row. */
  readonly unrecorded: readonly string[]
  /** The journal itself is not whole, or takes the power cut for a restored copy. */
  readonly damaged: readonly string[]
}

/** Of cards and paper, up to the cut. */
export interface Seen {
  readonly messages: readonly CardMessage[]
  readonly slips: readonly PaperSlip[]
}

interface Row {
  readonly sequence: number
  readonly epoch: number
  readonly kind: string
  readonly at: number
  readonly previous: string
  readonly payload_hash: string
  readonly hash: string
  readonly json: string | null
}

interface Content {
  readonly terms?: Terms
  readonly saleId?: string
  readonly tenderId?: string
  readonly jobId?: string
  readonly amount?: string
  readonly total?: string
  readonly copy?: boolean
  readonly sale?: { readonly saleId: string }
  readonly item?: { readonly result: { readonly itemId: string; readonly state: string } } | null
}

const standingWords = ['settled', 'awaiting_funds', 'not_paid']

/** When nothing is there: only right as long as nothing was said. */
export function judgeNothing({ told, messages, slips }: Seen & { readonly told: Told }, why: string): Findings {
  const said =
    told.approved.size + told.closed.size + told.asked.size + told.rows.size + told.done.length + slips.length
  const lost = said > 0 ? [`${why}, and ${said} things had been said`] : []
  const unrecorded = messages.filter(isOverTerms).map(({ card, counter }) => `${card} signed (${counter}); ${why}`)
  return { lost, duplicated: [], unrecorded, damaged: [] }
}

export function judgeJournal(file: string, seen: Seen, told: Told): Findings {
  if (!existsSync(file) || statSync(file).size === 0) return judgeNothing({ ...seen, told }, 'there is no journal')
  const database = new Database(file, { readonly: true })
  const sql = `SELECT row.*, payload.json FROM row LEFT JOIN payload USING (sequence) ORDER BY sequence`
  const check = database.pragma('integrity_check', { simple: true })
  const rows = database.prepare(sql).all() as Row[]
  database.close()
  const damaged = [...(check === 'ok' ? [] : [`integrity_check says ${String(check)}`]), ...brokenLinks(rows)]
  const contents = rows.map(({ kind, json }) => ({ kind, ...(contentOf(json) as Content | undefined) }))
  if (contents.some(({ kind }) => kind === 'rollback_detected')) damaged.push('the cut was taken for a restored copy')
  return { ...new Account(contents).findings(seen, told, rows), damaged }
}

/** Undefined where a damaged byte has left no JSON. */
function contentOf(json: string | null): unknown {
  try {
    return json === null ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}

function brokenLinks(rows: readonly Row[]): readonly string[] {
  const hashed = (tag: string, value: unknown): string =>
    createHash('sha256')
      .update(`${tag}\0${canonicalText(value)}`)
      .digest('hex')
  return rows.flatMap((row, index) => {
    const { sequence, epoch, kind, at, previous, payload_hash: payloadHash, hash, json } = row
    const before = rows[index - 1]?.hash ?? '0'.repeat(64)
    const isWhole =
      sequence === index + 1 &&
      previous === before &&
      contentOf(json) !== undefined &&
      payloadHash === hashed('tolem/journal-payload/1', contentOf(json)) &&
      hash === hashed('tolem/journal-row/1', { epoch, sequence, previous, kind, at, payloadHash })
    return isWhole ? [] : [`row ${sequence} does not follow from the one before`]
  })
}

class Account {
  readonly #intents = new Map<string, { readonly saleId: string; readonly terms: Terms }>()
  readonly #approved = new Set<string>()
  readonly #ended = new Set<string>()
  readonly #voided = new Set<string>()
  readonly #reversed = new Set<string>()
  readonly #cash = new Map<string, { readonly saleId: string; readonly amount: string }>()
  readonly #totals = new Map<string, string>()
  readonly #closed = new Set<string>()
  readonly #cancelled = new Set<string>()
  readonly #jobs = new Map<string, { readonly saleId: string; readonly copy: boolean }>()
  readonly #begun = new Set<string>()
  readonly #printed = new Set<string>()
  readonly #twice: string[] = []

  constructor(contents: readonly (Content & { readonly kind: string })[]) {
    for (const content of contents) this.#take(content)
  }

  findings({ messages, slips }: Seen, told: Told, rows: readonly Row[]): Omit<Findings, 'damaged'> {
    const lost = [
      ...[...told.approved].flatMap(([id, shown]) => this.#lostApproval(id, shown)),
      ...[...told.closed].filter((id) => !this.#closed.has(id)).map((id) => `closed: ${id}`),
      ...told.done.flatMap((order) => (this.#isDone(order) ? [] : [`done: ${order.command} ${order.saleId}`])),
      ...[...told.rows].flatMap(([place, hash]) =>
        rows[place - 1]?.hash === hash ? [] : [`the ledger knows row ${place}`],
      ),
    ]
    const unrecorded = [
      ...[...told.asked].filter((id) => !this.#intents.has(id)).map((id) => `asked for without an intent: ${id}`),
      ...[...told.asked].filter((id) => this.#voided.has(id)).map((id) => `asked for, and taken for nothing: ${id}`),
      ...[...told.takenBack].filter((id) => !this.#reversed.has(id)).map((id) => `taken back without a row: ${id}`),
      ...this.#unknownMessages(messages),
    ]
    const duplicated = [
      ...this.#twice,
      ...[...told.printed].filter((id) => !this.#isPrinted(id)).map((id) => `printed, and to be printed again: ${id}`),
      ...this.#secondOriginals(slips),
      ...this.#overpaid(),
    ]
    return { lost, duplicated, unrecorded }
  }

  #take(content: Content & { readonly kind: string }): void {
    const { kind, saleId = '', tenderId = '', jobId = '', terms, amount = '0', item } = content
    switch (kind) {
      case 'sale_frozen':
        this.#totals.set(content.sale?.saleId ?? '', content.total ?? '0')
        return
      case 'tender_intent':
        if (terms === undefined) return
        if (this.#intents.has(terms.tenderId)) this.#twice.push(`two intents: ${terms.tenderId}`)
        this.#intents.set(terms.tenderId, { saleId, terms })
        return
      case 'approved_online':
      case 'item_answered': {
        const { itemId = '', state = '' } = item?.result ?? {}
        if (standingWords.includes(state)) this.#approved.add(itemId)
        if (state === 'refused') this.#ended.add(itemId)
        if (state === 'reversed') this.#ended.add(itemId.replace(/^reversal:/, ''))
        return
      }
      case 'approved_offline':
        this.#approved.add(tenderId)
        return
      case 'tender_refused':
        this.#ended.add(tenderId)
        return
      case 'tender_voided':
        this.#ended.add(tenderId)
        this.#voided.add(tenderId)
        return
      case 'reversal_requested':
        this.#reversed.add(tenderId)
        this.#ended.add(tenderId)
        return
      case 'cash_taken':
        if (this.#cash.has(tenderId)) this.#twice.push(`cash taken twice: ${tenderId}`)
        this.#cash.set(tenderId, { saleId, amount })
        return
      case 'cash_returned':
        this.#ended.add(tenderId)
        return
      case 'sale_closed':
        if (this.#closed.has(saleId)) this.#twice.push(`closed twice: ${saleId}`)
        this.#closed.add(saleId)
        return
      case 'sale_cancelled':
        this.#cancelled.add(saleId)
        return
      case 'receipt_requested':
        this.#jobs.set(jobId, { saleId, copy: content.copy === true })
        return
      case 'receipt_started':
        this.#begun.add(jobId)
        return
      case 'receipt_untouched':
        this.#begun.delete(jobId)
        return
      case 'receipt_printed':
        this.#printed.add(jobId)
    }
  }

  #lostApproval(id: string, { amount, kind }: { readonly amount: string; readonly kind: string }): readonly string[] {
    const cash = this.#cash.get(id)
    const voucher = this.#approved.has(id) && !this.#voided.has(id) ? this.#intents.get(id)?.terms : undefined
    const recorded = kind === 'cash' ? cash?.amount : voucher?.amount
    return recorded === amount ? [] : [`shown as paid: ${kind} ${id} of ${amount}, recorded ${recorded ?? 'nothing'}`]
  }

  #isDone({ command, saleId = '', tenderId = '', copy }: Told['done'][number]): boolean {
    switch (command) {
      case 'pay_cash':
        return [...this.#cash.values()].some((cash) => cash.saleId === saleId)
      case 'void_sale':
        return this.#cancelled.has(saleId)
      case 'cancel_unknown':
        return this.#ended.has(tenderId)
      case 'print_again':
        return copy !== true || [...this.#jobs.values()].some((job) => job.saleId === saleId && job.copy)
      default:
        return true
    }
  }

  #isPrinted(saleId: string): boolean {
    return [...this.#jobs].some(([jobId, job]) => job.saleId === saleId && this.#printed.has(jobId))
  }

  #unknownMessages(messages: readonly CardMessage[]): readonly string[] {
    const known = new Set([...this.#intents.values()].map(({ terms }) => termsHash(terms).toUpperCase()))
    return messages
      .filter((message) => isOverTerms(message) && !known.has(message.binding))
      .map(({ card, counter }) => `${card} signed (${counter}) what no row names`)
  }

  /** Each original on the counter is a job that says of itself that it was begun, so that the next one is a copy. */
  #secondOriginals(slips: readonly PaperSlip[]): readonly string[] {
    const originals = slips.filter(({ mark, sale }) => mark === 'original' && sale !== null)
    return [...Map.groupBy(originals, ({ sale }) => sale ?? '')].flatMap(([sale, own]) => {
      const begun = [...this.#begun].filter((jobId) => this.#jobs.get(jobId)?.saleId.endsWith(sale))
      return begun.length >= own.length ? [] : [`an original of sale ${sale} lies there, and is not known as begun`]
    })
  }

  #overpaid(): readonly string[] {
    const paid = new Map<string, bigint>()
    const add = (saleId: string, amount: string): void =>
      void paid.set(saleId, (paid.get(saleId) ?? 0n) + BigInt(amount))
    for (const [id, { saleId, terms }] of this.#intents) if (!this.#ended.has(id)) add(saleId, terms.amount)
    for (const [id, { saleId, amount }] of this.#cash) if (!this.#ended.has(id)) add(saleId, amount)
    return [...paid].flatMap(([saleId, sum]) => {
      // Cash is a row of a sale that may not have been frozen before.
      const total = this.#totals.get(saleId)
      return total === undefined || sum <= BigInt(total) ? [] : [`${saleId}: ${sum} of ${total}`]
    })
  }
}

/** A bare message, over zeros, is about no payment. */
function isOverTerms({ binding }: CardMessage): boolean {
  return !/^(00|30)+$/.test(binding)
}
