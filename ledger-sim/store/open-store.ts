/**
 * Opens the ledger's database. SQLite is the embedded default; everything above speaks kysely and is asynchronous, so
 * that PostgreSQL can take its place (architecture.md, "Processes").
 */
import Database from 'better-sqlite3'
import {
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteQueryCompiler,
  type DialectAdapter,
  type QueryCompiler,
  type Transaction,
} from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations.ts'
import { GroupCommit, type Gather } from './group-commit.ts'
import type { Tables } from './schema.ts'

/** Inside one transaction. */
export type Connection = Transaction<Tables>

export interface Store {
  /** One question that needs no unit of work of its own: it costs neither savepoint nor commit. */
  read<Result>(work: (connection: Kysely<Tables>) => Promise<Result>): Promise<Result>
  /** Runs alone: all or nothing. Throwing rolls back. Its commit may be shared with others (`GroupCommit`). */
  transaction<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result>
  /**
   * Whether somebody waits for this store, after letting in who waits at the process's sockets. Asked within a
   * transaction that could end now.
   */
  isAwaited(): Promise<boolean>
  close(): Promise<void>
}

/** The file is not a database, or is damaged. */
export class StoreDamagedError extends Error {}

const atOnce: Gather = (start) => start()

/**
 * @param pathOrMemory a file, `:memory:`, or the bytes of a database not in WAL mode, which is then in memory
 * @param onDidRun hears every statement, its values filled in
 * @param gather when a commit begins; a process with many clients lets all that wait at its sockets come in first
 * @throws StoreDamagedError
 */
export async function openStore(
  pathOrMemory: string | Buffer,
  onDidRun?: (statement: string) => void,
  gather: Gather = atOnce,
): Promise<Store> {
  const file = openFile(pathOrMemory, onDidRun)
  const database = new Kysely<Tables>({ dialect: new LedgerDialect({ database: preparingOnce(file) }) })
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    await database.destroy()
    throw error instanceof Error && isDamage(error) ? new StoreDamagedError(error.message) : error
  }
  // By itself SQLite writes to a file, page by page, what it would undo a statement of many rows or a savepoint by. Not
  // before the migrations: an index made of millions of rows is sorted in the same place.
  file.pragma('temp_store = MEMORY')
  const commits = new GroupCommit(database, gather)
  let readers = 0
  return {
    read: async (work) => {
      readers += 1
      try {
        return await work(database)
      } finally {
        readers -= 1
      }
    },
    transaction: (work) => commits.transaction(work),
    isAwaited: () => new Promise((resolve) => gather(() => resolve(readers > 0 || commits.isAwaited))),
    close: () => database.destroy(),
  }
}

class LedgerDialect extends SqliteDialect {
  override createAdapter(): DialectAdapter {
    return new MigratingAtOnce()
  }

  override createQueryCompiler(): QueryCompiler {
    return new OpaqueValues()
  }
}

/**
 * All missing migrations are one transaction, which kysely does not ask of SQLite by itself: one that broke off between
 * two statements would leave a ledger that is of no version, and that no start could go on with.
 */
class MigratingAtOnce extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/**
 * SQLite plans a statement anew at each run when its plan might hang on a value that was bound
 * (https://sqlite.org/c3ref/prepare.html): with STAT4, which better-sqlite3 is built with, that is most of those that
 * are ordered or limited, and it takes several times what the statement itself takes. Behind a plus a value says
 * nothing to the planner.
 */
class OpaqueValues extends SqliteQueryCompiler {
  protected override getCurrentParameterPlaceholder(): string {
    return '+?'
  }
}

/** Kysely has each query prepared anew; SQLite takes longer for that than for most of the queries. */
const preparedMax = 800

function preparingOnce(file: Database.Database): Pick<Database.Database, 'prepare' | 'close'> {
  const prepared = new Map<string, Database.Statement>()
  return {
    prepare: ((sql: string) => {
      const known = prepared.get(sql)
      if (known !== undefined) return known
      // Lists of ids and of rows come in any length, each a text of its own.
      if (prepared.size >= preparedMax) prepared.clear()
      const statement = file.prepare(sql)
      prepared.set(sql, statement)
      return statement
    }) as Database.Database['prepare'],
    close: () => {
      prepared.clear()
      return file.close()
    },
  }
}

const cacheKibibytes = 64 * 1_024
/**
 * How long the log grows before its pages are written into the database. A commit of sixty payments writes 250 pages,
 * most of them the same each time: of 1,000, SQLite's own, each fourth commit would write them a second time.
 */
const walPages = 4_000
const pageBytes = 4_096

function openFile(path: string | Buffer, onDidRun?: (statement: string) => void): Database.Database {
  const told = onDidRun === undefined ? {} : { verbose: (statement: unknown) => onDidRun(String(statement)) }
  const file = new Database(path, told)
  try {
    file.defaultSafeIntegers(true)
    file.pragma('journal_mode = WAL')
    // In WAL better-sqlite3 defaults to NORMAL, which loses acknowledged commits in a power cut (architecture.md).
    file.pragma('synchronous = FULL')
    file.pragma('foreign_keys = ON')
    file.pragma(`wal_autocheckpoint = ${walPages}`)
    // One large commit makes it longer; afterwards it is cut again.
    file.pragma(`journal_size_limit = ${walPages * pageBytes}`)
    // Of 2 MiB, SQLite's own, little is left for the indexes of millions of entries.
    file.pragma(`cache_size = -${cacheKibibytes}`)
    const verdict = file.pragma('quick_check(1)', { simple: true })
    if (verdict !== 'ok') throw new StoreDamagedError(String(verdict))
    return file
  } catch (error) {
    file.close()
    throw error instanceof Error && isDamage(error) ? new StoreDamagedError(error.message) : error
  }
}

function isDamage(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : ''
  return code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')
}
