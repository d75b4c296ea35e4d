/**
 * A process that takes a data folder and says so on its standard output, or says why it could not. Arguments: the
 * folder, the owner's name; with a third, the lock is forgotten at once, and garbage is collected.
 */
import { lockDataFolder } from '../../../src/sync/journal/data-folder.ts'

const [, , folder = '', name = '', forgets] = process.argv
try {
  lockDataFolder(folder, { name, pid: process.pid, startedAt: '2026-11-23T07:00:00Z' })
  if (forgets !== undefined) {
    for (let round = 0; round < 5; round += 1) {
      ;(globalThis as { gc?: () => void }).gc?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  console.log('held')
  setInterval(() => {}, 60_000)
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  console.log(`refused ${code} ${message}`)
}
