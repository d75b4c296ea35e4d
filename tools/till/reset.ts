/** `npm run till -- reset`: empties a stopped till's data folder when nothing would be lost with it. */
import { allowReset, emptyFolder } from '../../src/terminal/core/reset.ts'
import { openStoppedTill } from '../../src/terminal/core/stopped-till.ts'

export async function resetTill(folder: string, exportFile: string | undefined): Promise<number> {
  const till = openStoppedTill(folder, new Date().toISOString())
  try {
    await allowReset(till, exportFile)
    const { deleted, left } = emptyFolder(till)
    const lines = [
      `${folder} is no till's any more.`,
      ...deleted.map((name) => `  deleted  ${name}`),
      ...left.map((name) => `  left     ${name}`),
      'Have the agency end the terminal (retired). Its leases go back to the agency after their time.',
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return 0
  } finally {
    till.close()
  }
}
