/** Opens the journal's file, and says what is wrong with it in words with a remedy. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DataFolderError, folderError, isStorageFault } from './data-folder.ts'
import { damagedAt } from './records.ts'
import { migrations, schemaVersion } from './schema.ts'

/**
 * SQLite takes a file shorter than its smallest page for a new database, and would write a new journal over the rest.
 */
const smallestDatabaseBytes = 512

export function openFile(file: string): Database.Database {
  try {
    refuseStump(file)
    return new Database(file)
  } catch (error) {
    throw folderError(dirname(file), error)
  }
}

/** Only for reading: no table is made, no row is written, and no older version is taken to this one. */
export function openFileToRead(file: string): Database.Database {
  try {
    refuseStump(file)
    return new Database(file, { readonly: true, fileMustExist: true })
  } catch (error) {
    throw folderError(dirname(file), error)
  }
}

function refuseStump(file: string): void {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 }
  if (size > 0 && size < smallestDatabaseBytes) throw damagedAt(1)
}

/** What cannot be read although it is there (a table, a column, JSON, a number that is none) is damage too. */
export function asFolderError(folder: string, error: unknown): Error {
  const named = folderError(folder, error)
  if (named instanceof DataFolderError || isStorageFault(error)) return named
  return folderError(folder, Object.assign(new Error(named.message), { code: 'SQLITE_CORRUPT' }))
}

/** @throws DataFolderError JOURNAL_NEWER, before anything is written to the file. */
export function refuseNewer(database: Database.Database): void {
  if (versionOf(database) <= schemaVersion) return
  throw new DataFolderError(
    'JOURNAL_NEWER',
    'This journal was written by a newer Tölem. Start that version; nothing was changed.',
  )
}

/**
 * Makes the tables of a new journal, and takes an older one to this version: all of it or nothing.
 *
 * @param rebuild makes what follows from the rows again, in the same commit
 */
export function migrate(database: Database.Database, rebuild: () => void): void {
  const before = versionOf(database)
  const missing = migrations.slice(before)
  if (missing.length === 0) return
  database.transaction(() => {
    for (const sql of missing) database.exec(sql)
    if (before > 0) rebuild()
    database.pragma(`user_version = ${schemaVersion}`)
  })()
}

/** 0 where no table was made yet. */
export function versionOf(database: Database.Database): number {
  return database.pragma('user_version', { simple: true }) as number
}

/**
 * Writes all that stands in the log into the database, syncs it and empties the log.
 * @throws DataFolderError FOLDER_IN_USE, when another program reads on an older state and part of the log must stay
 */
export function takeOverWholeLog(database: Database.Database): void {
  const [{ busy, log, checkpointed }] = database.pragma('wal_checkpoint(TRUNCATE)') as [
    { busy: number; log: number; checkpointed: number },
  ]
  if (busy === 0 || checkpointed === log) return
  throw new DataFolderError(
    'FOLDER_IN_USE',
    `Another program is reading ${database.name}. Close it (a backup, a viewer) and start again; nothing was changed.`,
  )
}

/**
 * The same, without waiting for another program that reads.
 * @returns whether the log is empty
 */
export function emptyLogUnlessRead(database: Database.Database): boolean {
  const waitMs = database.pragma('busy_timeout', { simple: true }) as number
  database.pragma('busy_timeout = 0')
  try {
    const [{ busy }] = database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }]
    return busy === 0
  } finally {
    database.pragma(`busy_timeout = ${waitMs}`)
  }
}

/** Takes less than a tenth of a second to look through. */
const checkedAtOnceBytes = 64 * 1_024 * 1_024

/**
 * Whether the file is so long that the till comes up while it is looked through (`WholeCheck`). One of an earlier
 * version is about to be written to, so it is looked through at once.
 */
export function isLong(database: Database.Database, atOnceBytes = checkedAtOnceBytes): boolean {
  const [pages, pageBytes] = ['page_count', 'page_size'].map((name) => Number(database.pragma(name, { simple: true })))
  return !database.memory && Number(pages) * Number(pageBytes) > atOnceBytes && versionOf(database) === schemaVersion
}
