/** The database as an auditor opens it: nothing can be written, and a ledger that runs may go on. */
import Database from 'better-sqlite3'

export interface ReadOnlyDatabase {
  /** Rows of one statement; whole numbers are bigint. */
  rows<Row>(query: string): readonly Row[]
  /** The first column of the first row. */
  number(query: string): bigint
}

/** Reads one snapshot. */
export function readSnapshot<Result>(path: string, read: (database: ReadOnlyDatabase) => Result): Result {
  const file = new Database(path, { readonly: true })
  try {
    file.defaultSafeIntegers(true)
    const database: ReadOnlyDatabase = {
      rows: <Row>(query: string) => file.prepare(query).all() as readonly Row[],
      number: (query) => file.prepare(query).pluck().get() as bigint,
    }
    return file.transaction(() => read(database))()
  } finally {
    file.close()
  }
}
