/** A till's folder on the disk with rows of a made-up day, stopped, and exports made of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportParts, type ExportOf } from '../../../src/sync/export/make-export.ts'
import { ClosedJournal } from '../../../src/sync/journal/closed-journal.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { exportLineOf, type SignedExportPart } from '../../../src/sync/protocol/terminal-export.ts'
import { ledgerKey, noon, terminalKey } from './world.ts'

export interface StoppedTill {
  readonly folder: string
  readonly file: string
  /** Opens the journal for the day, and stops the till again. */
  works(day: (journal: Journal) => void): void
  /** The parts of an export that is made now. */
  exported(limits?: ExportOf['limits']): readonly SignedExportPart[]
  reads<Result>(read: (journal: ClosedJournal) => Result): Result
  remove(): void
}

export function stoppedTill(): StoppedTill {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-export-'))
  const file = join(folder, 'journal.sqlite')
  const reads: StoppedTill['reads'] = (read) => {
    const journal = new ClosedJournal(file)
    try {
      return read(journal)
    } finally {
      journal.close()
    }
  }
  return {
    folder,
    file,
    works(day) {
      const journal = new Journal(file, { now: () => noon })
      day(journal)
      journal.close()
    },
    exported: (limits) =>
      reads((journal) => [
        ...exportParts({
          journal,
          enrolment: { terminalId: 'till-1', merchantId: 'canteen-1', ledgerKey: ledgerKey.jwk },
          key: terminalKey,
          madeAt: noon,
          ...(limits && { limits }),
        }),
      ]),
    reads,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** As lines of a file, for what reads files. */
export async function* linesOf(parts: readonly SignedExportPart[]): AsyncGenerator<string> {
  for (const part of parts) yield exportLineOf(part)
}
