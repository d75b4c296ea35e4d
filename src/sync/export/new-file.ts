/** A file that is written whole or not at all, and never over another one. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { syncFolder } from '../journal/data-folder.ts'

/** Something of that name is there, and may be all that is left of a till. */
export class FileExistsError extends Error {
  readonly code = 'FILE_EXISTS'
}

/**
 * Readable by this user only. Returns when its name and all of it are on the disk.
 * @param write puts the content into an open file
 * @throws FileExistsError; what `write` throws; the errors of the file system
 */
export function writeNewFile(file: string, write: (handle: number) => void): void {
  if (existsSync(file)) throw new FileExistsError(`${file} exists. Name another file, or move that one away.`)
  const unfinished = `${file}.unfinished`
  const handle = openSync(unfinished, 'w', 0o600)
  try {
    write(handle)
    fsyncSync(handle)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  } finally {
    closeSync(handle)
  }
  renameSync(unfinished, file)
  // A reset deletes what an export says: its name must outlast a power cut first.
  syncFolder(dirname(resolve(file)))
}
