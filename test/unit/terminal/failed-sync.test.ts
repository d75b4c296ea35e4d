/**
 * After an fsync that failed the till stops selling until its next start, though the disk would take rows again: what
 * that fsync was for may be lost, and a second one that succeeds says nothing about it.
 */
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { noon, saleFrozen, saleOf } from '../sync/world.ts'
import { tillBench } from './till-bench.ts'

it('takes no row and no command, and says so, until the next start', async () => {
  const { till, journal, seeded, start } = tillBench('failed sync')
  start()
  const commit = (): unknown => journal.commit(saleFrozen(saleOf(seeded)))
  expect(till.snapshot().actions).toContain('print_again')
  const broken = failOnce('SQLITE_IOERR_FSYNC')
  expect(commit).toThrow('disk I/O error')
  broken.mend()
  await settlePromises()
  const before = journal.head
  expect(commit).toThrow('disk I/O error')
  expect(journal.head).toEqual(before)
  expect(till.command({ command: 'set_language', language: 'ru' })).toEqual({ ok: false, fault: 'not_now' })
  expect(till.snapshot()).toMatchObject({
    actions: [],
    lights: { till: { level: 'off', code: 'disk_not_trusted' } },
  })
  till.stop()
})

it.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE'])('goes on after %s', (code) => {
  const { journal, seeded } = tillBench('full for a while')
  const broken = failOnce(code)
  expect(() => journal.commit(saleFrozen(saleOf(seeded)))).toThrow('disk I/O error')
  broken.mend()
  expect(journal.isDiskTrusted).toBe(true)
  expect(journal.commit(saleFrozen(saleOf(seeded)))).toHaveLength(1)
})

it('stops as well when the log cannot be taken over into the database, before the next row is written', () => {
  const database = new Database(':memory:')
  const journal = new Journal(database, { now: () => noon })
  const pragma = database.pragma.bind(database)
  database.pragma = (source, options) => {
    if (source.startsWith('wal_checkpoint'))
      throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' })
    return pragma(source, options)
  }
  let commits = 0
  const commit = (): void => {
    journal.commit({ kind: 'connectivity', ledger: 'reached' })
    commits += 1
  }
  const goOn = (): void => {
    while (commits < 1_000) commit()
  }
  expect(goOn).toThrow('disk I/O error')
  expect(journal.isDiskTrusted).toBe(false)
  expect(journal.head.sequence).toBe(commits + 1)
  expect(commit).toThrow('disk I/O error')
})

/** Each COMMIT fails with that code until it is mended. */
function failOnce(code: string): { mend(): void } {
  const { transaction } = Database.prototype
  Database.prototype.transaction = function () {
    throw Object.assign(new Error('disk I/O error'), { code })
  } as typeof transaction
  return { mend: () => void (Database.prototype.transaction = transaction) }
}
