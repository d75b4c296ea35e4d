/** `npm run till -- support`: the doctor's findings and the till's figures in one file that may be sent away. */
import { join } from 'node:path'
import { writeNewFile } from '../../src/sync/export/new-file.ts'
import { countsOf } from '../../src/terminal/doctor/report.ts'
import { askChildProcess } from '../../src/terminal/examiner/apart.ts'
import { bundleOf } from '../../src/terminal/examiner/support.ts'
import { commitOf } from '../commit.ts'
import { examineWanted, type Wanted } from '../doctor/examination.ts'

export async function makeSupportBundle(file: string, wanted: Wanted): Promise<number> {
  const examination = await examineWanted(wanted)
  const bytes = await bundleOf(examination, commitOf(join(import.meta.dirname, '..', '..')), askChildProcess)
  writeNewFile(file, (append) => append(bytes))
  const { checks, warnings, faults } = countsOf(examination.findings)
  process.stdout.write(
    `${file}: ${checks} checks (${warnings} warnings, ${faults} faults), versions, settings, the journal's figures.\n` +
      'Nobody’s card, name, key or basket is in it. Look for yourself, then send it.\n',
  )
  return 0
}
