/**
 * Method: a legal history is laid into the tables of an older version, rows and what followed from them, as far as that
 * version had columns for it. Opened by this program, its tables must be those of a journal that was always of this
 * version. What a till does with its tables is the business of the other tests.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { projectedTables } from '../../../src/sync/journal/projection.ts'
import { migrations, schemaVersion } from '../../../src/sync/journal/schema.ts'
import { playLegalHistory } from './legal-history.ts'
import { journalInMemory, printedSeed } from './world.ts'

const olderVersions = Array.from({ length: schemaVersion - 1 }, (_, index) => index + 1)

/** Kinds of rows that a version did not have yet: their histories are from after it. */
const isOlderThan = (version: number, kind: string): boolean =>
  (version >= 2 || kind !== 'receipt_untouched') &&
  (version >= 3 || !/^(cashier_|pin_|shift_)/.test(kind)) &&
  (version >= 4 || !/^(goods_returned|refund_)/.test(kind)) &&
  (version >= 5 || kind !== 'key_rotated') &&
  (version >= 7 || kind !== 'discrepancy_told') &&
  (version >= 8 || !kind.startsWith('time_')) &&
  (version >= 9 || !/^(payment_request|capture_)/.test(kind)) &&
  (version >= 13 || !/^goods_(asked|answered)/.test(kind)) &&
  (version >= 14 || kind !== 'card_keys_erased')

function columnsOf(database: Database.Database, table: string): string[] {
  return (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
}

function olderJournal(version: number, now: Database.Database): Database.Database {
  const older = new Database(':memory:')
  for (const sql of migrations.slice(0, version)) older.exec(sql)
  older.pragma(`user_version = ${version}`)
  for (const table of ['row', 'payload', 'package', ...projectedTables.toReversed()]) {
    const columns = columnsOf(older, table).filter((name) => columnsOf(now, table).includes(name))
    if (columns.length === 0) continue
    const values = now
      .prepare(`SELECT ${columns.join(', ')} FROM ${table}`)
      .raw()
      .all() as unknown[][]
    // What an older version's checks refuse is of a later kind.
    const insert = older.prepare(
      `INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    )
    for (const row of values) insert.run(...row)
  }
  return older
}

describe.each(olderVersions)('a journal of version %i', (version) => {
  it('has after its upgrade the tables of one that was always of this version', () => {
    const now = new Database(':memory:')
    let at = 0
    const journal = journalInMemory({ database: now, now: () => (at += 1) })
    const played = playLegalHistory(journal, printedSeed(`an upgrade from version ${version}`), 2_000, (kind) =>
      isOlderThan(version, kind),
    )
    expect(played.get('sale_closed')).toBeGreaterThan(20)
    const older = olderJournal(version, now)
    const count = older.prepare('SELECT count(*) FROM tender').pluck()
    expect(count.get()).toBeGreaterThan(50)
    const upgraded = journalInMemory({ database: older, now: () => (at += 1) })
    expect(upgraded.head).toEqual(journal.head)
    expect(upgraded.dumpProjection()).toEqual(journal.dumpProjection())
    expect(older.pragma('user_version', { simple: true })).toBe(schemaVersion)
  })
})
