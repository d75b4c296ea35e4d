/** What the journal knows of the time: when the ledger last spoke, and what a manager has confirmed since. */
import type { ChainedRow, JournalRowKind, RowOf } from './rows.ts'

/** Only a verified answer of the ledger makes these, and they are written at once, under the time that it said. */
const kindsOfTheLedger = [
  'head_countersigned',
  'item_answered',
  'approved_online',
  'events_read',
  'package_activated',
  'key_rotated',
  'time_contradicted',
] as const satisfies readonly JournalRowKind[]

interface Tables {
  get(sql: string, ...values: readonly unknown[]): unknown
  all(sql: string, ...values: readonly unknown[]): unknown[]
  rowAt(sequence: number): ChainedRow
}

export class JournalTimes {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** The time of the newest row that is the ledger's doing; null when there is none. */
  ledgerAt(): number | null {
    const sequence = this.#ledgerSequence()
    return sequence === 0 ? null : this.#tables.rowAt(sequence).at
  }

  /** What was confirmed since the ledger's last row, the newest first. */
  confirmedSince(): readonly RowOf<'time_confirmed'>[] {
    const rows = this.#tables.all(
      `SELECT sequence FROM row WHERE kind = 'time_confirmed' AND sequence > ? ORDER BY sequence DESC`,
      this.#ledgerSequence(),
    ) as { sequence: number }[]
    return rows.map(({ sequence }) => this.#tables.rowAt(sequence).row as RowOf<'time_confirmed'>)
  }

  #ledgerSequence(): number {
    const newest = kindsOfTheLedger.map(
      (kind) =>
        this.#tables.get('SELECT max(sequence) AS sequence FROM row WHERE kind = ?', kind) as {
          sequence: number | null
        },
    )
    return Math.max(...newest.map(({ sequence }) => sequence ?? 0))
  }
}
