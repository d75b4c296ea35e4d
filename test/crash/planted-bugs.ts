/**
 * Wrong programs, to see that the run finds them. The product has no switch for any of them: each changes the journal's
 * own methods, or its database, in the process of the crash run.
 */
import type Database from 'better-sqlite3'
import { Journal } from '../../src/sync/journal/journal.ts'
import type { JournalRow } from '../../src/sync/journal/rows.ts'

export const plantedBugNames = [
  /** The intent becomes a row only with the outcome: the card has signed by then, and the ledger may have paid. */
  'intent-after-card',
  /** A commit returns before it is on the disk. */
  'commit-before-disk',
  /** What is on the counter is no row before it is printed: after a stop it is printed again as the original. */
  'receipt-without-row',
  /** A stop between request and answer is taken for harmless: what is tried again gets a new id. */
  'new-id-on-retry',
  /** What waits for the ledger is remembered by the process only: after a stop it is not sent. */
  'queue-in-memory',
  /** Dies by itself at each payment by card: started again each time, and the customer pays in cash in the end. */
  'dies-of-cards',
] as const
export type PlantedBugName = (typeof plantedBugNames)[number]

/** Before the core is made. */
export function plant(bug: PlantedBugName): void {
  const { commit } = Journal.prototype
  const commitAs = (rowsOf: (rows: readonly JournalRow[]) => readonly JournalRow[]): void => {
    Journal.prototype.commit = function (...rows) {
      const left = rowsOf(rows)
      return left.length === 0 ? [] : commit.apply(this, [...left])
    }
  }
  switch (bug) {
    case 'intent-after-card': {
      let held: readonly JournalRow[] = []
      commitAs((rows) => {
        if (rows.some(({ kind }) => kind === 'tender_intent')) {
          held = rows
          return []
        }
        if (!rows.some((row) => 'tenderId' in row)) return rows
        const all = [...held, ...rows]
        held = []
        return all
      })
      return
    }
    case 'dies-of-cards':
      return commitAs((rows) => {
        if (rows.some(({ kind }) => kind === 'tender_intent')) process.exit(70)
        return rows
      })
    case 'receipt-without-row':
      return commitAs((rows) => rows.filter(({ kind }) => kind !== 'receipt_started'))
    case 'new-id-on-retry':
      return commitAs((rows) =>
        rows.map((row) =>
          row.kind === 'tender_unknown' && row.evidence === null
            ? { kind: 'tender_voided', tenderId: row.tenderId, reason: 'interrupted' }
            : row,
        ),
      )
    case 'queue-in-memory': {
      const { waitingItems } = Journal.prototype
      const ofThisLife = new Set<string>()
      commitAs((rows) => {
        for (const row of rows) if ('tenderId' in row) ofThisLife.add(row.tenderId)
        return rows
      })
      Journal.prototype.waitingItems = function (limit) {
        return waitingItems.call(this, limit).filter(({ itemId }) => ofThisLife.has(itemId))
      }
      return
    }
    case 'commit-before-disk':
  }
}

const commitLateMs = 1_500

/** For `commit-before-disk`: transactions become parts of one that is committed when none has come for a while. */
export function plantInDatabase(database: Database.Database): void {
  const { transaction } = database
  let timer: NodeJS.Timeout | undefined
  const begin = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => database.exec('COMMIT'), commitLateMs)
    if (!database.inTransaction) database.exec('BEGIN IMMEDIATE')
  }
  // Its own transaction is always open, so that nothing can be taken over into the database before that ends.
  const pragma = database.pragma.bind(database)
  database.pragma = (source, options) =>
    source.startsWith('wal_checkpoint') && database.inTransaction
      ? [{ busy: 0, log: 0, checkpointed: 0 }]
      : pragma(source, options)
  database.transaction = ((work: (...values: unknown[]) => unknown) => {
    const whole = transaction.call(database, work) as Database.Transaction
    const late = (...values: unknown[]): unknown => {
      begin()
      return whole(...values)
    }
    return Object.assign(late, { immediate: late })
  }) as unknown as typeof database.transaction
}
