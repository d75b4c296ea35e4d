/** Keeps a data folder for one process by SQLite's own lock, which ends with the process, however that dies. */
import Database from 'better-sqlite3'

export type FolderLocked =
  | { readonly kind: 'locked'; readonly release: () => void }
  | { readonly kind: 'in_use' }
  /** The file is no lock file of ours. */
  | { readonly kind: 'damaged' }

export function lockFile(path: string): FolderLocked {
  const lock = new Database(path, { timeout: 0 })
  try {
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
    held.add(lock)
    const release = () => {
      held.delete(lock)
      lock.close()
    }
    return { kind: 'locked', release }
  } catch (error) {
    lock.close()
    const isBusy = error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
    return { kind: isBusy ? 'in_use' : 'damaged' }
  }
}

// A lock that nobody refers to would be closed by the garbage collector.
const held = new Set<Database.Database>()
