/** An export as a file: written whole or not at all, read line by line, however long it is. */
import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { syncFolder } from '../journal/data-folder.ts'
import { exportLineOf, type SignedExportPart } from '../protocol/terminal-export.ts'

/** More than the longest part: what is longer is no line of ours, and is not gathered in memory. */
const lineCharactersMax = 16 * 1024 * 1024

/** An export is never written over another one: that may be all that is left of a till. */
export class ExportExistsError extends Error {
  readonly code = 'EXPORT_EXISTS'
}

/** @throws ExportExistsError; the errors of the file system */
export function writeExport(file: string, parts: Iterable<SignedExportPart>): void {
  if (existsSync(file)) throw new ExportExistsError(`${file} exists. Name another file, or move that one away.`)
  const unfinished = `${file}.unfinished`
  const handle = openSync(unfinished, 'w', 0o600)
  try {
    for (const part of parts) appendFileSync(handle, `${exportLineOf(part)}\n`)
    fsyncSync(handle)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  } finally {
    closeSync(handle)
  }
  renameSync(unfinished, file)
  // A reset deletes what this file says: its name must outlast a power cut first.
  syncFolder(dirname(resolve(file)))
}

/** Only a line feed ends a line: names of goods may hold any other character. */
export async function* linesOfFile(file: string): AsyncGenerator<string> {
  let begun: string[] = []
  let length = 0
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const [first = '', ...others] = String(chunk).split('\n')
    begun.push(first)
    length += first.length
    if (length > lineCharactersMax) break
    const last = others.pop()
    if (last === undefined) continue
    yield begun.join('')
    yield* others
    begun = [last]
    length = last.length
  }
  if (length > 0) yield begun.join('')
}
