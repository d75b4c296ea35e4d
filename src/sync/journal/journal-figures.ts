/**
 * What a journal is like, in figures: for the doctor and for a support bundle, beside a till that runs or of one that
 * does not. Nothing of what a row says is among them but its kind and its code.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import { z } from 'zod'
import { asFolderError, openFileToRead, refuseNewer, versionOf } from './journal-file.ts'
import { undecidedStates } from './projection.ts'
import { schemaVersion } from './schema.ts'

export interface Counted {
  readonly kind: string
  readonly state: string
  readonly count: number
}

export interface JournalFigures {
  /** Of the tables in the file, and of this program's. */
  readonly version: number
  readonly programVersion: number
  readonly rows: number
  readonly head: { readonly epoch: number; readonly sequence: number; readonly hash: string } | null
  /** The newest head that the ledger has countersigned. */
  readonly countersigned: { readonly epoch: number; readonly sequence: number; readonly hash: string } | null
  readonly newestAt: number | null
  readonly rowsByKind: Readonly<Record<string, number>>
  readonly sales: Readonly<Record<string, number>>
  readonly tenders: readonly Counted[]
  /** Tenders of which nobody knows yet how they end. */
  readonly undecided: number
  readonly outbox: readonly (Counted & { readonly oldestAt: number })[]
  readonly printJobs: Readonly<Record<string, number>>
  readonly package: {
    readonly version: number
    readonly receivedAt: number
    readonly hotlistVersion: number | null
    readonly schemes: number
    readonly leases: number
  } | null
  /** The newest rows that tell of something that went wrong, the newest first. */
  readonly troubles: readonly { readonly kind: string; readonly at: number; readonly code: string | null }[]
}

const positionSchema = z.object({ epoch: z.int(), sequence: z.int(), hash: z.string().regex(/^[0-9a-f]{64}$/) })

/** Kinds of rows that tell of trouble, and the troubles that are told. */
const troubleKinds = [
  'tender_refused',
  'tender_unknown',
  'tender_torn',
  'debit_advised',
  'item_parked',
  'discrepancy_told',
  'pin_refused',
  'rollback_detected',
  'time_contradicted',
  'suspension',
]
const troublesMax = 50
/** A code of ours, and nothing that a row may hold beside one. */
const codePattern = /^[A-Z]+(_[A-Z]+)*$/

/** @returns null where there is no journal, or one without tables. @throws DataFolderError */
export function journalFigures(file: string): JournalFigures | null {
  if (!existsSync(file)) return null
  const database = openFileToRead(file)
  try {
    refuseNewer(database)
    // One reading of one moment, however much is written meanwhile.
    return versionOf(database) === 0 ? null : database.transaction(() => figuresOf(database))()
  } catch (error) {
    throw asFolderError(dirname(file), error)
  } finally {
    database.close()
  }
}

function figuresOf(database: Database.Database): JournalFigures {
  const all = <Row>(sql: string, ...values: readonly unknown[]): Row[] => database.prepare(sql).all(...values) as Row[]
  const counts = (sql: string): Record<string, number> =>
    Object.fromEntries(all<{ name: string; count: number }>(sql).map(({ name, count }) => [name, count]))
  const [head] = all<{ epoch: number; sequence: number; hash: string; at: number }>(
    'SELECT epoch, sequence, hash, at FROM row ORDER BY sequence DESC LIMIT 1',
  )
  const [signed] = all<{ head: string }>(
    `SELECT json_extract(json, '$.head') AS head FROM row JOIN payload USING (sequence)
     WHERE kind = 'head_countersigned' ORDER BY sequence DESC LIMIT 1`,
  )
  const tenders = all<Counted>('SELECT kind, state, count(*) AS count FROM tender GROUP BY kind, state')
  const rowsByKind = counts('SELECT kind AS name, count(*) AS count FROM row GROUP BY kind')
  return {
    version: versionOf(database),
    programVersion: schemaVersion,
    rows: Object.values(rowsByKind).reduce((sum, count) => sum + count, 0),
    head: head === undefined ? null : positionSchema.parse(head),
    countersigned: signed === undefined ? null : positionSchema.parse(JSON.parse(signed.head)),
    newestAt: head?.at ?? null,
    rowsByKind,
    sales: counts('SELECT state AS name, count(*) AS count FROM sale GROUP BY state'),
    tenders,
    undecided: tenders
      .filter(({ state }) => undecidedStates.includes(state))
      .reduce((sum, { count }) => sum + count, 0),
    outbox: all('SELECT kind, state, count(*) AS count, min(at) AS oldestAt FROM outbox GROUP BY kind, state'),
    printJobs: counts('SELECT state AS name, count(*) AS count FROM print_job GROUP BY state'),
    package: packageOf(database),
    troubles: all<{ kind: string; at: number; code: unknown }>(
      `SELECT kind, at, coalesce(json_extract(json, '$.code'), json_extract(json, '$.discrepancy.code')) AS code
       FROM row LEFT JOIN payload USING (sequence)
       WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY sequence DESC LIMIT ?`,
      JSON.stringify(troubleKinds),
      troublesMax,
    ).map(({ kind, at, code }) => ({
      kind,
      at,
      code: typeof code === 'string' && codePattern.test(code) ? code : null,
    })),
  }
}

function packageOf(database: Database.Database): JournalFigures['package'] {
  const stored = database
    .prepare(
      `SELECT version, received_at AS receivedAt, json_extract(json, '$.hotlist.version') AS hotlistVersion,
              json_array_length(json, '$.schemes') AS schemes, json_array_length(json, '$.leases') AS leases
       FROM package WHERE json <> '' ORDER BY version DESC LIMIT 1`,
    )
    .get()
  return (stored as JournalFigures['package'] | undefined) ?? null
}
