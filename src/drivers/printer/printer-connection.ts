import type { PrinterStatus, PrinterTrouble } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import type { PrinterLine } from './line.ts'
import type { PrinterLanguage } from './profile.ts'
import { createStarStatusReader, starDrainedQuestion, starStatusQuestion } from './star-status.ts'
import { createEscposStatusReader, drainedQuestion, readStatus, statusQuestion, tellsOfError } from './status-reply.ts'
import type { StatusEvent, StatusReader } from './status-reply.ts'

/** - `silent`: nothing came back in time; `lost`: the line ended. */
export type Asked =
  | { readonly kind: 'status'; readonly status: PrinterStatus }
  | { readonly kind: 'silent' }
  | { readonly kind: 'lost' }

export interface WriteOutcome {
  readonly kind: 'written' | 'stalled' | 'lost' | 'given-up'
  /** Bytes that the system has certainly taken. */
  readonly written: number
}

/** The places inside a job at which something else may be said to the printer. */
export interface Pauses {
  /** Offsets into the job, rising: no command is open there. */
  readonly at: readonly number[]
  readonly isWanted: () => boolean
  /** Uses the connection, questions included. `give-up`: the rest of the job is not to be written. */
  readonly use: () => Promise<'go-on' | 'give-up'>
}

/**
 * So much is handed over at once; a printer that stops reading is noticed after at most that. At 4,800 baud they take
 * two seconds.
 */
const chunkLength = 1024

/**
 * One line: bytes out, status questions and their answers. A question is answered at once, past all that waits, so that
 * it must not stand inside a command, whose bytes it would become; this guards it: while a job is under way, and after
 * one that broke off, asking throws.
 */
export class PrinterConnection {
  readonly #line: PrinterLine
  readonly #language: PrinterLanguage
  readonly #scheduler: Scheduler
  readonly #reader: StatusReader
  readonly #onTold: (status: PrinterStatus) => void
  #lost = false
  #drained = false
  #toldTrouble: Exclude<PrinterTrouble, 'busy'> | null = null
  #isInsideJob = false
  #onEvent: ((event: StatusEvent) => void) | null = null
  readonly #onLost = new Set<() => void>()

  /** @param onTold hears of each whole status that comes, asked for or not. */
  constructor(
    line: PrinterLine,
    language: PrinterLanguage,
    scheduler: Scheduler,
    onTold: (status: PrinterStatus) => void = () => undefined,
  ) {
    this.#line = line
    this.#language = language
    this.#scheduler = scheduler
    this.#onTold = onTold
    this.#reader = language === 'escpos' ? createEscposStatusReader() : createStarStatusReader()
    line.listen({ onBytes: (bytes) => this.#received(bytes), onLost: () => this.#lose() })
  }

  get answers(): boolean {
    return this.#line.answers
  }

  get isLost(): boolean {
    return this.#lost
  }

  /** The printer has said that everything before the last `askWhenDrained` is printed. */
  get drained(): boolean {
    return this.#drained
  }

  /** The first trouble in a whole status since the last `write` began, though it be over: paper may have moved. */
  get toldTrouble(): Exclude<PrinterTrouble, 'busy'> | null {
    return this.#toldTrouble
  }

  askWhenDrained(): void {
    this.#drained = false
    this.#mustBeBetweenCommands()
    if (!this.#lost) this.#line.write(this.#language === 'escpos' ? drainedQuestion : starDrainedQuestion, ignored)
  }

  /** How the printer is; only between commands. `timeoutMs` is for each question. */
  async askStatus(timeoutMs: number): Promise<Asked> {
    this.#mustBeBetweenCommands()
    if (this.#language === 'starprnt') {
      const event = await this.#ask(starStatusQuestion, 'status', timeoutMs)
      return typeof event === 'string' ? { kind: event } : { kind: 'status', status: event.status }
    }
    const replies = { printer: 0, offline: 0, error: 0, paper: 0 }
    const questions = [
      ['printer', 1],
      ['offline', 2],
      ['paper', 4],
      ['error', 3],
    ] as const
    for (const [name, n] of questions) {
      if (name === 'error' && !tellsOfError(replies.offline)) continue
      const event = await this.#ask(statusQuestion(n), 'reply', timeoutMs)
      if (typeof event === 'string') return { kind: event }
      replies[name] = event.byte
    }
    return { kind: 'status', status: readStatus(replies) }
  }

  /**
   * Writes a whole job; `stalled` when none of its bytes were taken for `stallMs`, `given-up` when a pause said so.
   * What is handed over at once ends where a pause may be, if it reaches one.
   */
  async write(bytes: Uint8Array, stallMs: number, pauses?: Pauses): Promise<WriteOutcome> {
    this.#toldTrouble = null
    this.#isInsideJob = true
    for (let start = 0; start < bytes.length;) {
      if (pauses?.isWanted() === true && pauses.at.includes(start)) {
        this.#isInsideJob = false
        if ((await pauses.use()) === 'give-up') return { kind: 'given-up', written: start }
        this.#isInsideJob = true
      }
      const most = Math.min(start + chunkLength, bytes.length)
      const within = pauses?.at.filter((at) => at > start && at <= most) ?? []
      const end = (pauses?.isWanted() === true ? within[0] : within.at(-1)) ?? most
      const outcome = await this.#writeChunk(bytes.subarray(start, end), stallMs)
      if (outcome !== 'taken') return { kind: outcome, written: start }
      start = end
    }
    this.#isInsideJob = false
    return { kind: 'written', written: bytes.length }
  }

  /** A few bytes between two commands of a job, or behind it: what the printer tells meanwhile stays the job's. */
  async writeBetween(bytes: Uint8Array, stallMs: number): Promise<'taken' | 'stalled' | 'lost'> {
    this.#mustBeBetweenCommands()
    return this.#writeChunk(bytes, stallMs)
  }

  close(timeoutMs: number): Promise<void> {
    return this.#line.close(timeoutMs)
  }

  discard(): void {
    this.#line.discard()
  }

  /** What we say would become data of the command that it stands in: a defect of ours, never of the printer. */
  #mustBeBetweenCommands(): void {
    if (this.#isInsideJob) throw new Error('a status question or a pulse was to be sent inside a job')
  }

  #received(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      if (event.kind === 'drained') this.#drained = true
      if (event.kind === 'status') {
        const { trouble } = event.status
        if (trouble !== 'busy') this.#toldTrouble ??= trouble
        this.#onTold(event.status)
      }
      this.#onEvent?.(event)
    }
  }

  #lose(): void {
    if (this.#lost) return
    this.#lost = true
    for (const tell of [...this.#onLost]) tell()
  }

  #ask<Kind extends 'reply' | 'status'>(
    question: Uint8Array,
    kind: Kind,
    timeoutMs: number,
  ): Promise<Extract<StatusEvent, { kind: Kind }> | 'silent' | 'lost'> {
    type Answer = Extract<StatusEvent, { kind: Kind }>
    return this.#wait<Answer | 'silent' | 'lost'>(timeoutMs, 'silent', 'lost', (done) => {
      this.#onEvent = (event) => {
        if (event.kind === kind) done(event as Answer)
      }
      this.#line.write(question, ignored)
    }).finally(() => {
      this.#onEvent = null
    })
  }

  #writeChunk(chunk: Uint8Array, stallMs: number): Promise<'taken' | 'stalled' | 'lost'> {
    return this.#wait<'taken' | 'stalled' | 'lost'>(stallMs, 'stalled', 'lost', (done) => this.#line.write(chunk, done))
  }

  /** The first of: what `begin` reports, the time-out, the end of the line. */
  #wait<T>(timeoutMs: number, late: T, lost: T, begin: (done: (result: T) => void) => void): Promise<T> {
    if (this.#lost) return Promise.resolve(lost)
    return new Promise((resolve) => {
      const done = (result: T) => {
        this.#scheduler.clearTimeout(timer)
        this.#onLost.delete(tellLost)
        resolve(result)
      }
      const tellLost = () => done(lost)
      const timer = this.#scheduler.setTimeout(() => done(late), timeoutMs)
      this.#onLost.add(tellLost)
      begin(done)
    })
  }
}

/** Whether a question was taken shows in its answer. */
const ignored = (): void => undefined
