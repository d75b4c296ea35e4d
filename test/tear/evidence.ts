/** The record of the tear matrix's runs: one table for each place where it is played. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../../docs/evidence/tear.md')
/** With which each table begins, as the document has it. */
const firstCells = {
  process: '| date | commit | seed | step | planted bug |',
  pcscd: '| date | commit | seed | step | asked |',
}

/** One more row at the end of the table. @throws where the document has none that begins so */
export function addToEvidence(place: keyof typeof firstCells, cells: readonly (string | number)[]): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  const head = lines.findIndex((line) => line.startsWith(firstCells[place]))
  if (head === -1) throw new Error(`${file} has no table ${firstCells[place]}`)
  const behind = lines.findIndex((line, index) => index > head && !line.startsWith('|'))
  lines.splice(behind === -1 ? lines.length : behind, 0, `| ${cells.join(' | ')} |`)
  writeFileSync(file, lines.join('\n'))
}
