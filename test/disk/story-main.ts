/**
 * One story, as a process under faults.
 *
 *     node test/disk/story-main.ts FOLDER SEED [copied | deaf-to-fsync]
 *
 * `deaf-to-fsync` is a wrong program: to its till an fsync that failed is a write that failed, and it sells on.
 */
import Database from 'better-sqlite3'
import { tellStory } from './story.ts'

const [folder = '', seed = '', how] = process.argv.slice(2)
if (how === 'deaf-to-fsync') makeDeaf()
await tellStory(folder, seed, how === 'copied')
// The till's own timers are virtual, and what waits for a dead one never comes.
process.exit(0)

function makeDeaf(): void {
  const { transaction } = Database.prototype
  Database.prototype.transaction = function (this: Database.Database, work: (...of: unknown[]) => unknown) {
    const real = transaction.call(this, work)
    const deaf = (): unknown => {
      try {
        return real.immediate()
      } catch (error) {
        const isSync = (error as { code?: string }).code === 'SQLITE_IOERR_FSYNC'
        throw isSync ? Object.assign(error as Error, { code: 'SQLITE_IOERR_WRITE' }) : error
      }
    }
    return Object.assign(deaf, { immediate: deaf })
  } as unknown as typeof transaction
}
