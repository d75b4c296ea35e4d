/** An export as a file: written whole or not at all, read line by line, however long it is. */
import { createReadStream } from 'node:fs'
import { exportLineOf, type SignedExportPart } from '../protocol/terminal-export.ts'
import { writeNewFile } from './new-file.ts'

/** More than the longest part: what is longer is no line of ours, and is not gathered in memory. */
const lineCharactersMax = 16 * 1024 * 1024

/** @throws FileExistsError; the errors of the file system */
export function writeExport(file: string, parts: Iterable<SignedExportPart>): void {
  writeNewFile(file, (append) => {
    for (const part of parts) append(`${exportLineOf(part)}\n`)
  })
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
