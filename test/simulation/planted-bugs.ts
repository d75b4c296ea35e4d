/**
 * Faults planted from outside, to see that the auditor finds them. The product has no switch for any of them: each
 * damages a running till or the ledger's rows in the way that a wrong program would.
 */
import Database from 'better-sqlite3'
import type { JournalRow } from '../../src/sync/journal/rows.ts'
import type { Core } from '../../src/terminal/core/core.ts'

export interface PlantedBug {
  readonly till?: (core: Core) => void
  /** After each request, on the ledger's file. */
  readonly ledger?: (ledgerFile: string) => void
}

export const plantedBugs = {
  /** A reversal of an unknown id leaves no tombstone: the late request moves money. */
  'no-tombstone': {
    ledger: (ledgerFile) => {
      const database = new Database(ledgerFile)
      database.pragma('foreign_keys = OFF')
      database.prepare('DELETE FROM tender WHERE tombstone = 1').run()
      database.close()
    },
  },
  /** The till forgets what it has already sold from a slot. */
  'slot-twice': {
    till: (core) => {
      core.journal.spentOnSlot = () => []
    },
  },
  /** The till calls an unanswered payment refused, and charges again. */
  'unknown-is-refused': {
    till: (core) => {
      const commit = core.journal.commit.bind(core.journal)
      const wrong = (row: JournalRow): JournalRow =>
        row.kind === 'tender_unknown'
          ? { kind: 'tender_refused', tenderId: row.tenderId, code: 'LEDGER_UNREACHABLE', item: null }
          : row
      core.journal.commit = (...rows) => commit(...rows.map(wrong))
    },
  },
} as const satisfies Record<string, PlantedBug>

export type PlantedBugName = keyof typeof plantedBugs
