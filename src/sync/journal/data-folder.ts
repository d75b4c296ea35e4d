/**
 * The data folder of one terminal: who owns it, and the anchor outside it. Starting twice on one folder would give two
 * writers of one chain, so the second start is refused and told who the first is.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { journalPositionSchema, type JournalPosition } from '../protocol/messages.ts'

/** Why a folder cannot be used, with the remedy in `message`. */
export class DataFolderError extends Error {
  readonly code:
    | 'FOLDER_IN_USE'
    | 'DISK_FULL'
    | 'DISK_FAILED'
    | 'FOLDER_READ_ONLY'
    | 'JOURNAL_CORRUPT'
    | 'JOURNAL_NEWER'
    | 'JOURNAL_MISSING'
    | 'JOURNAL_OF_ANOTHER_TILL'
  constructor(code: DataFolderError['code'], message: string) {
    super(message)
    this.name = 'DataFolderError'
    this.code = code
  }
}

/** A journal that one till began is not gone on with by another: nothing of it could be signed any more. */
export function journalOfAnother(terminalId: string): DataFolderError {
  return new DataFolderError(
    'JOURNAL_OF_ANOTHER_TILL',
    `The journal in this data folder is ${terminalId}’s, and its files enrolment.json and terminal-keys.json are ` +
      'missing or another till’s. Restore those two files from a backup. Nothing was changed: unsynced sales may be ' +
      'in it. To give the folder to another till, empty it first: npm run till -- reset --data DIR. ' +
      'To sell meanwhile, start with another --data folder.',
  )
}

/**
 * Makes a folder, and those around it, so that a power cut does not take them away again with all that was synced in
 * them: a name is on the disk once the folder in which it stands was synced, and SQLite syncs only the innermost.
 */
export function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (made === undefined) return
  const outermost = resolve(made)
  for (let inner = resolve(folder); ; inner = dirname(inner)) {
    syncFolder(dirname(inner))
    if (inner === outermost) return
  }
}

/** Returns when the names in the folder (new files, renames) are on the disk. */
export function syncFolder(folder: string): void {
  // Windows opens no folders, and NTFS keeps names in a log of its own.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

const heldLocks = new Set<Database.Database>()

/**
 * Holds the folder until the process ends, however it ends: the lock is SQLite's on an open file, so the system frees
 * it when the process dies.
 * @throws DataFolderError when another process holds it, or it cannot be written.
 */
export function lockDataFolder(
  folder: string,
  owner: { name: string; pid: number; startedAt: string },
): { release(): void } {
  const ownerFile = join(folder, 'owner.json')
  try {
    makeFolder(folder)
    const lock = new Database(join(folder, 'owner.lock'), { timeout: 0 })
    try {
      // A rollback journal, not WAL: EXCLUSIVE then shuts out readers too, and the lock file stays one file.
      lock.pragma('journal_mode = DELETE')
      lock.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      lock.close()
      throw error
    }
    writeFileSync(ownerFile, JSON.stringify(owner))
    // Also held from here: a caller that forgets the lock would lose it at the next garbage collection.
    heldLocks.add(lock)
    return {
      release() {
        heldLocks.delete(lock)
        lock.close()
      },
    }
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (code.startsWith('SQLITE_BUSY')) {
      const holder = existsSync(ownerFile) ? readFileSync(ownerFile, 'utf8') : 'unknown'
      throw new DataFolderError(
        'FOLDER_IN_USE',
        `The data folder ${folder} is in use by another till: ${holder}. ` +
          'Close that one, or start with another --data folder.',
      )
    }
    throw folderError(folder, error)
  }
}

const ownerSchema = z.object({ pid: z.int() })

/**
 * Whether somebody holds the folder now, and who it says that this is. Looks for an instant and keeps nothing, so it
 * may be asked beside a till that runs; a till that starts in that very instant is refused once.
 */
export function holderOf(folder: string): { readonly held: boolean; readonly pid: number | null } {
  const lockFile = join(folder, 'owner.lock')
  if (!existsSync(lockFile)) return { held: false, pid: null }
  const lock = new Database(lockFile, { readonly: true, fileMustExist: true, timeout: 0 })
  try {
    lock.pragma('user_version')
    return { held: false, pid: null }
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) throw folderError(folder, error)
    return { held: true, pid: readOwner(join(folder, 'owner.json')) }
  } finally {
    lock.close()
  }
}

function readOwner(file: string): number | null {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).pid
  } catch {
    return null
  }
}

/** Names what is wrong with a folder or file, with the remedy. */
export function folderError(folder: string, error: unknown): Error {
  const code = (error as { code?: string }).code ?? ''
  if (
    ['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST', 'ENOENT', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'].some((start) =>
      code.startsWith(start),
    )
  ) {
    return new DataFolderError(
      'FOLDER_READ_ONLY',
      `The data folder ${folder} cannot be written (${code}). ` +
        'Give this user the right to write there, or start with another --data folder.',
    )
  }
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return new DataFolderError(
      'DISK_FULL',
      `The disk of ${folder} is full. Free some space and start again; nothing is lost.`,
    )
  }
  // A file that ends too early says so as an I/O error.
  if (['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_IOERR_SHORT_READ'].some((start) => code.startsWith(start))) {
    return new DataFolderError(
      'JOURNAL_CORRUPT',
      `The journal in ${folder} is damaged (${code}). Keep the folder as it is, do not delete it: ` +
        'unsynced sales may be in it. Start with another --data folder and hand this one to support.',
    )
  }
  if (code.startsWith('SQLITE_IOERR') || code === 'EIO') {
    return new DataFolderError(
      'DISK_FAILED',
      `The disk of ${folder} does not do what it is asked (${code}). Sell nothing on it. Copy the folder to another ` +
        'disk, do not delete it: unsynced sales may be in it. Start with the copy as --data folder, or call support.',
    )
  }
  return error instanceof Error ? error : new Error(String(error))
}

/** An fsync failed: what it was for may be lost although a second one succeeds. */
export function isFailedSync(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'SQLITE_IOERR_FSYNC' || code === 'SQLITE_IOERR_DIR_FSYNC'
}

/** The disk could not be written for now: full, I/O error, folder gone read-only, file held by another program. */
export function isStorageFault(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return (
    typeof code === 'string' &&
    /^(SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY)|(ENOSPC|EDQUOT|EIO|EROFS|EACCES|EPERM)$)/.test(code)
  )
}

const anchorSchema = z.strictObject({ journalId: z.string(), head: journalPositionSchema })

/**
 * The newest head that this machine has seen, kept outside the data folder, so that a restored copy is noticed
 * at start.
 */
export interface Anchor {
  read(): JournalPosition | undefined
  write(head: JournalPosition): void
}

/** So many rows may a synced anchor lie behind: a few fsyncs a day, and none for a tap. */
const rowsBetweenKept = 100

/**
 * Two files: the newest head, written with each commit and never synced, and beside it (`.kept`) one that is synced now
 * and then. After a power cut the first may be unreadable, the second is not.
 */
export function fileAnchor(file: string, journalId: string): Anchor {
  const kept = `${file}.kept`
  let keptAt: JournalPosition | undefined
  return {
    read() {
      const [newest, synced] = [readAnchor(file, journalId), readAnchor(kept, journalId)]
      if (newest === undefined || synced === undefined) return newest ?? synced
      return isLater(synced, newest) ? synced : newest
    },
    write(head) {
      const text = JSON.stringify({ journalId, head })
      const isKeptDue = keptAt?.epoch !== head.epoch || head.sequence - keptAt.sequence >= rowsBetweenKept
      if (isKeptDue) makeFolder(dirname(file))
      // The newest one first: it does not depend on whether the other can be written.
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
      if (!isKeptDue) return
      writeWhole(kept, text)
      keptAt = head
    },
  }
}

function readAnchor(file: string, journalId: string): JournalPosition | undefined {
  if (!existsSync(file)) return undefined
  try {
    const anchor = anchorSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    return anchor.journalId === journalId ? anchor.head : undefined
  } catch {
    // An unreadable anchor proves nothing. The ledger's countersigned head still catches a restored copy.
    return undefined
  }
}

function isLater(one: JournalPosition, other: JournalPosition): boolean {
  return one.epoch === other.epoch ? one.sequence > other.sequence : one.epoch > other.epoch
}

/** The file is there whole or not at all, whenever the power goes. Readable by this user only. */
export function writeWhole(file: string, text: string): void {
  const handle = openSync(`${file}.new`, 'w', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(`${file}.new`, file)
  syncFolder(dirname(file))
}
