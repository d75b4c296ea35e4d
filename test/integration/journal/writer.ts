/**
 * A process that commits to a journal as fast as it can, and says on its standard output what is on the disk. Killed by
 * the test at any moment. Arguments: the journal's file, the anchor's file.
 */
import { writeSync } from 'node:fs'
import { fileAnchor } from '../../../src/sync/journal/data-folder.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'

const [, , file = '', anchorFile = ''] = process.argv
const journal = new Journal(file, { now: () => Date.now(), anchor: fileAnchor(anchorFile, 'journal-1') })
for (let cursor = 0; ; cursor += 2) {
  const rows = journal.commit({ kind: 'events_read', cursor }, { kind: 'events_read', cursor: cursor + 1 })
  const said = rows.map(({ sequence, hash }) => `${sequence} ${hash}\n`).join('')
  writeSync(1, said)
}
