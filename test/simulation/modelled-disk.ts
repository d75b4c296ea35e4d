/**
 * The disk under one till's journal, by a model of fsync. SQLite in memory stands for the file: what a commit has
 * synced is committed, what was written and not synced lies in an open transaction around it, and a loss of power rolls
 * that back. Whether a commit syncs follows from the `synchronous` that the journal itself asks for, as in WAL: FULL
 * syncs each commit, anything less only at a checkpoint (architecture.md, "One tap, as data", step 3).
 *
 * Not modelled: torn pages, misdirected writes, a disk that lies about fsync.
 */
import Database from 'better-sqlite3'

/** Where the power goes: the commit that is being made is still on the disk, or is not. */
export type PowerCut = 'no' | 'before_sync' | 'after_sync'

export class ModelledDisk {
  /** While true each commit fails as on a full disk, and nothing of it stays. */
  isFull = false
  /** What is being committed must succeed or end the process: see `TillStation`. */
  endsProcessWhenFull = false
  /** Asked at each commit. */
  powerAtCommit: () => PowerCut = () => 'no'
  /** Told when the power went in a commit. The turn goes on to its end, and nothing of it reaches the disk. */
  onDidLosePower: () => void = () => undefined
  #file: Database.Database
  #syncsEachCommit = false
  #isOff = false

  constructor(image?: Buffer) {
    this.#file = this.#opened(image)
  }

  /** What the journal opens. Another one after `restore`. */
  get file(): Database.Database {
    return this.#file
  }

  /** As a journal behaves that was opened with less than `synchronous=FULL`. */
  syncLazily(): void {
    this.#syncsEachCommit = false
  }

  /** Only what was synced is left. */
  losePower(): void {
    if (this.#file.inTransaction) this.#file.exec('ROLLBACK')
    this.#isOff = false
  }

  /** A copy of the data folder as it stands on the disk. */
  image(): Buffer {
    this.losePower()
    return this.#file.serialize()
  }

  /** The folder is replaced by an older copy of it. */
  restore(image: Buffer): void {
    this.losePower()
    this.#file = this.#opened(image)
  }

  #opened(image: Buffer | undefined): Database.Database {
    const file = image === undefined ? new Database(':memory:') : new Database(image)
    const transaction = file.transaction.bind(file)
    const pragma = file.pragma.bind(file)
    file.pragma = (source, options) => {
      if (source.startsWith('wal_checkpoint')) return this.#checkpoint()
      // What tears no page need not be looked through at each of a day's hundred starts.
      if (source.startsWith('integrity_check')) return 'ok'
      const level = /^synchronous\s*=\s*(\w+)/i.exec(source)?.[1]
      if (level !== undefined) this.#syncsEachCommit = ['FULL', 'EXTRA'].includes(level.toUpperCase())
      // Between two lives all is synced, and SQLite changes these outside of transactions only.
      return level === undefined ? pragma(source, options) : []
    }
    file.transaction = ((work: (...values: unknown[]) => unknown) => {
      const inner = transaction((...values: unknown[]) => {
        const result = work(...values)
        if (this.isFull && !this.#isOff && !this.endsProcessWhenFull)
          throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
        return result
      })
      const run = (...values: unknown[]): unknown => {
        if (!file.inTransaction) file.exec('BEGIN')
        const result = inner(...values)
        this.#didCommit()
        return result
      }
      return Object.assign(run, { default: run, deferred: run, immediate: run, exclusive: run })
    }) as typeof file.transaction
    return file
  }

  /** Whatever was written is synced before it is taken over. */
  #checkpoint(): readonly object[] {
    if (this.#file.inTransaction && !this.#isOff) {
      if (this.isFull) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
      this.#file.exec('COMMIT')
    }
    return [{ busy: 0, log: 0, checkpointed: 0 }]
  }

  #didCommit(): void {
    if (this.#isOff) return
    const cut = this.isFull ? 'before_sync' : this.powerAtCommit()
    if (cut !== 'before_sync' && this.#syncsEachCommit) this.#file.exec('COMMIT')
    if (cut === 'no') return
    this.#isOff = true
    this.onDidLosePower()
  }
}
