/** A file that is written whole or not at all, and never over another one. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { syncFolder } from '../journal/data-folder.ts'

/** Something of that name is there, and may be all that is left of a till. */
export class FileExistsError extends Error {
  readonly code = 'FILE_EXISTS'
}

/**
 * Readable by this user only. Returns when its name and all of it are on the disk.
 * @param write puts the content into the file: what it appends is there whole, or `append` throws
 * @throws FileExistsError; what `write` throws; the errors of the file system
 */
export function writeNewFile(file: string, write: (append: (piece: string | Uint8Array) => void) => void): void {
  if (existsSync(file)) throw alreadyThere(file)
  // In a folder of its own, new and this user's only: no old file and no link lies there.
  const unfinished = mkdtempSync(`${file}.unfinished-`)
  try {
    const whole = join(unfinished, 'whole')
    const handle = openSync(whole, 'wx', 0o600)
    try {
      write((piece) => appendFileSync(handle, piece))
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    name(whole, file)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  // A reset deletes what an export says: its name must outlast a power cut first.
  syncFolder(dirname(resolve(file)))
}

/** A second name is refused where there is a first; a stick (FAT) knows none, and there the file gets its only one. */
function name(whole: string, file: string): void {
  try {
    linkSync(whole, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(file)) throw alreadyThere(file)
    renameSync(whole, file)
  }
}

const alreadyThere = (file: string): FileExistsError =>
  new FileExistsError(`${file} exists. Name another file, or move that one away.`)
