/**
 * What a virtual device saw, in the order in which it saw it. Every device keeps its own log: proofs compare these logs
 * with the ledger, never with the till (money-rules.md, "Proof that a checker can trust").
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

export interface LogEntry {
  readonly sequence: number
  /** Milliseconds since the Unix epoch, from the clock that the composition root gave. */
  readonly at: number
  readonly what: string
  readonly details: Readonly<Record<string, unknown>>
}

export interface EventLogOptions {
  readonly now: () => number
  /** Each entry is also appended to this file as one JSON line, before anybody hears of it. */
  readonly file?: string
  /** How many entries stay in memory; the file keeps all of them. */
  readonly kept?: number
}

export class EventLog {
  readonly #now: () => number
  readonly #file: string | undefined
  readonly #kept: number
  readonly #entries: LogEntry[] = []
  readonly #listeners = new Set<(entry: LogEntry) => void>()
  #sequence = 0

  constructor(options: EventLogOptions) {
    this.#now = options.now
    this.#file = options.file
    this.#kept = options.kept ?? 500
    if (this.#file !== undefined) mkdirSync(dirname(this.#file), { recursive: true })
  }

  write(what: string, details: Readonly<Record<string, unknown>> = {}): LogEntry {
    const entry: LogEntry = { sequence: ++this.#sequence, at: this.#now(), what, details }
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`)
    this.#entries.push(entry)
    if (this.#entries.length > this.#kept) this.#entries.shift()
    for (const listener of this.#listeners) listener(entry)
    return entry
  }

  /** The newest entries, oldest first. */
  entries(): readonly LogEntry[] {
    return [...this.#entries]
  }

  onDidWrite(listener: (entry: LogEntry) => void): { dispose(): void } {
    this.#listeners.add(listener)
    return { dispose: () => void this.#listeners.delete(listener) }
  }
}
