/**
 * Method: a journal on a real disk, taken for a long one, which is looked through while it is open already. An index is
 * emptied behind SQLite's back.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Journal } from '../../../src/sync/journal/journal.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-whole-check-'))
  file = join(folder, 'journal.sqlite')
  const journal = new Journal(file, { now: () => 1 })
  journal.commit({ kind: 'language_set', language: 'ru' })
  journal.close()
})
afterEach(() => rmSync(folder, { recursive: true }))

const openLong = () => new Journal(file, { now: () => 2, checkedAtOnceBytes: 0 })

/** The index says that it has no entries. */
function emptyIndex(index: string): void {
  const database = new Database(file)
  const root = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(index) as number
  const pageBytes = database.pragma('page_size', { simple: true }) as number
  database.close()
  const bytes = readFileSync(file)
  // The number of cells stands in the fourth and fifth byte of a page (https://sqlite.org/fileformat2.html, 1.6).
  bytes.fill(0, (root - 1) * pageBytes + 3, (root - 1) * pageBytes + 5)
  writeFileSync(file, bytes)
}

describe('a short journal', () => {
  it('does not open without the entries of an index', () => {
    emptyIndex('row_by_kind')
    expect(() => new Journal(file, { now: () => 2 })).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
  })
})

describe('a long journal', () => {
  it('takes a row as soon as the whole file is known to be whole', async () => {
    const journal = openLong()
    expect(journal.wholeCheck).toBeInstanceOf(Promise)
    journal.commit({ kind: 'language_set', language: 'kk' })
    expect(journal.wholeCheck).toBeUndefined()
    expect(journal.fact('language')).toBe('kk')
    journal.close()
  })

  it('says when it is whole, without a row', async () => {
    const journal = openLong()
    await expect(journal.wholeCheck).resolves.toBeUndefined()
    journal.close()
  })

  it.each(['row_by_kind', 'sqlite_autoindex_fact_1'])(
    'opens without the entries of %s, and takes no row',
    async (index) => {
      emptyIndex(index)
      const before = readFileSync(file)
      const journal = openLong()
      const { wholeCheck } = journal
      expect(() => journal.commit({ kind: 'language_set', language: 'kk' })).toThrow(
        expect.objectContaining({ code: 'JOURNAL_CORRUPT' }),
      )
      await expect(wholeCheck).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' })
      journal.close()
      expect(readFileSync(file).equals(before)).toBe(true)
    },
  )
})
