/**
 * The journal on a real disk, with real processes that are really killed. What SIGKILL cannot show, a lost write cache,
 * is left to `synchronous = FULL`, which is read back here.
 */
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataFolderError, fileAnchor, lockDataFolder } from '../../../src/sync/journal/data-folder.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { playLegalHistory } from '../../unit/sync/legal-history.ts'
import { noon, printedSeed, Seeded, sellOffline } from '../../unit/sync/world.ts'
import { speak, type Spoken } from './processes.ts'

let folder: string
const started: Spoken[] = []
const owner = { name: 'first till', pid: process.pid, startedAt: '2026-11-23T07:00:00Z' }
const now = () => noon

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-journal-'))
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((process_) => process_.kill()))
  rmSync(folder, { recursive: true, force: true })
})

function start(...args: Parameters<typeof speak>): Spoken {
  const spoken = speak(...args)
  started.push(spoken)
  return spoken
}

describe('one folder, one till', () => {
  it('refuses a second start and names the first, until the first is gone', async () => {
    const first = start('lock-holder.ts', [folder, 'first till'])
    await first.hears('held')
    const second = start('lock-holder.ts', [folder, 'second till'])
    await second.hears('refused')
    expect(second.said()).toContain('FOLDER_IN_USE')
    expect(second.said()).toContain('first till')
    expect(second.said()).toContain(`"pid":${first.child.pid}`)
    expect(second.said()).toContain('--data')
    await first.kill()
    const third = start('lock-holder.ts', [folder, 'third till'])
    await third.hears('held')
  })

  it('keeps the lock although the caller forgot it', async () => {
    const first = start('lock-holder.ts', [folder, 'forgetful till', 'forgets'], ['--expose-gc'])
    await first.hears('held')
    expect(() => lockDataFolder(folder, owner)).toThrow(expect.objectContaining({ code: 'FOLDER_IN_USE' }))
  })

  it('refuses a second lock in the same process too, and gives the folder back', () => {
    const lock = lockDataFolder(folder, owner)
    expect(() => lockDataFolder(folder, owner)).toThrow(/in use by another till.*first till/)
    lock.release()
    lockDataFolder(folder, owner).release()
  })

  it('says what to do with a folder that cannot be written', () => {
    const file = join(folder, 'a file')
    writeFileSync(file, '')
    for (const place of [file, join(file, 'below')]) {
      const refusal = expect.objectContaining({ code: 'FOLDER_READ_ONLY', message: expect.stringContaining('--data') })
      expect(() => lockDataFolder(place, owner)).toThrow(refusal)
    }
  })

  it('says so of a folder that was made immutable, also to root', (context) => {
    const journalFile = join(folder, 'journal.sqlite')
    new Journal(journalFile, { now }).close()
    try {
      execFileSync('chattr', ['+i', folder], { stdio: 'pipe' })
    } catch (error) {
      context.skip(`this file system has no immutable folders: ${String((error as { stderr?: Buffer }).stderr)}`)
    }
    try {
      expect(() => lockDataFolder(folder, owner)).toThrow(expect.objectContaining({ code: 'FOLDER_READ_ONLY' }))
      expect(() => new Journal(journalFile, { now })).toThrow(expect.objectContaining({ code: 'FOLDER_READ_ONLY' }))
    } finally {
      execFileSync('chattr', ['-i', folder])
    }
  })
})

describe('kill -9', () => {
  it('never takes back a commit that was reported, and never looks like a rollback', { timeout: 120_000 }, async () => {
    const seeded = printedSeed('kill -9')
    const file = join(folder, 'data.sqlite')
    const anchorFile = join(folder, 'anchor', 'anchor.json')
    let reported = 0
    for (let kill = 0; kill < 30; kill += 1) {
      const writer = start('writer.ts', [file, anchorFile])
      // As many as are wanted below, however slow the machine is; then some more, to be killed at any place.
      await writer.hears('\n', 10)
      await new Promise((resolve) => setTimeout(resolve, seeded.int(60)))
      // The last line may be cut off: then it was not reported.
      const lines = (await writer.kill()).split('\n').slice(0, -1)
      const journal = new Journal(file, { now, anchor: fileAnchor(anchorFile, 'journal-1') })
      const kept = new Map(
        [...journal.rows(Number(lines[0]!.split(' ')[0]))].map(({ sequence, hash }) => [sequence, hash]),
      )
      for (const line of lines) {
        const [sequence, hash] = line.split(' ')
        expect(kept.get(Number(sequence)), `kill ${kill}, row ${sequence}`).toBe(hash)
      }
      reported += lines.length
      // Two rows are one commit.
      expect([...kept.keys()].length % 2).toBe(0)
      expect(journal.head.epoch).toBe(1)
      journal.close()
    }
    console.log(`${reported} commits reported before 30 kills, all kept`)
    expect(reported).toBeGreaterThan(300)
  })
})

describe('a file', () => {
  it('is in WAL with synchronous FULL', () => {
    const database = new Database(join(folder, 'data.sqlite'))
    database.pragma('synchronous = NORMAL')
    new Journal(database, { now })
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(database.pragma('synchronous', { simple: true })).toBe(2)
    database.close()
  })

  it('of a newer version is refused and left as it is', () => {
    const file = join(folder, 'data.sqlite')
    new Journal(file, { now }).close()
    const newer = new Database(file)
    newer.pragma('user_version = 99')
    newer.close()
    const before = digest(file)
    expect(() => new Journal(file, { now })).toThrow(expect.objectContaining({ code: 'JOURNAL_NEWER' }))
    expect(digest(file)).toBe(before)
  })

  it('that is a restored older copy starts a new epoch', () => {
    const file = join(folder, 'data.sqlite')
    const options = { now, anchor: fileAnchor(join(folder, 'elsewhere', 'anchor.json'), 'journal-1') }
    const journal = new Journal(file, options)
    sellOffline(journal, new Seeded('before'))
    journal.close()
    copyFileSync(file, `${file}.copy`)
    const more = new Journal(file, options)
    sellOffline(more, new Seeded('after'))
    more.close()
    copyFileSync(`${file}.copy`, file)
    const restored = new Journal(file, options)
    expect(restored.head.epoch).toBe(2)
    expect(restored.lastRow('rollback_detected')?.row.by).toBe('anchor')
    restored.close()
    rmSync(file)
    const emptied = new Journal(file, options)
    expect(emptied.head.epoch).toBe(3)
    emptied.close()
  })

  it('that is a restored older copy starts a new epoch though a power cut left its newest anchor unreadable', () => {
    const file = join(folder, 'data.sqlite')
    const anchorFile = join(folder, 'elsewhere', 'anchor.json')
    const begin = () => new Journal(file, { now, anchor: fileAnchor(anchorFile, 'journal-1') })
    begin().close()
    copyFileSync(file, `${file}.copy`)
    const journal = begin()
    sellOffline(journal, new Seeded('since then'))
    journal.close()
    writeFileSync(anchorFile, '')
    copyFileSync(`${file}.copy`, file)
    const restored = begin()
    expect(restored.head.epoch).toBe(2)
    restored.close()
  })

  it('that is a restored older copy starts a new epoch though the synced anchor could not be written', () => {
    const file = join(folder, 'data.sqlite')
    const anchorFile = join(folder, 'anchor.json')
    mkdirSync(`${anchorFile}.kept`)
    const begin = () => new Journal(file, { now, anchor: fileAnchor(anchorFile, 'journal-1') })
    begin().close()
    copyFileSync(file, `${file}.copy`)
    const journal = begin()
    sellOffline(journal, new Seeded('since then'))
    journal.close()
    copyFileSync(`${file}.copy`, file)
    const restored = begin()
    expect(restored.head.epoch).toBe(2)
    restored.close()
  })

  it('whose anchor is unreadable, of another journal, or not writable opens all the same', () => {
    const file = join(folder, 'data.sqlite')
    const anchorFile = join(folder, 'anchor.json')
    const options = { now, anchor: fileAnchor(anchorFile, 'journal-1') }
    new Journal(file, options).close()
    for (const text of ['', '{', '{"journalId":"other","head":{"epoch":9,"sequence":9,"hash":"00"}}', 'null']) {
      writeFileSync(anchorFile, text)
      const journal = new Journal(file, options)
      expect(journal.head.epoch).toBe(1)
      journal.close()
    }
    const nowhere = new Journal(file, { now, anchor: fileAnchor(join(file, 'anchor.json'), 'journal-1') })
    sellOffline(nowhere, new Seeded('no anchor'))
    nowhere.close()
  })

  it('that is damaged says so, or gives every row as it was written', { timeout: 120_000 }, () => {
    const seeded = printedSeed('damaged journal')
    const file = join(folder, 'data.sqlite')
    const journal = new Journal(file, { now })
    playLegalHistory(journal, new Seeded(`${seeded.seed} history`), 60)
    const truth = JSON.stringify(rowsOf(journal))
    journal.close()
    expect(existsSync(`${file}-wal`)).toBe(false)
    const whole = readFileSync(file)
    const outcomes = { refused: 0, refusedAtReading: 0, harmless: 0 }
    for (let run = 0; run < 300; run += 1) {
      const damaged = Buffer.from(whole)
      // One single bit, or a few bytes in one place.
      const flips = 1 + seeded.int(8)
      const place = seeded.int(damaged.length - flips)
      const flipped = flips === 1 ? [1 << seeded.int(8)] : Array.from({ length: flips }, () => 1 + seeded.int(255))
      for (const [index, flip] of flipped.entries()) damaged[place + index]! ^= flip
      writeFileSync(file, damaged)
      const { refusal, rows, when } = reading(file)
      const what = `run ${run}, ${flips} bytes at ${place}`
      if (refusal === undefined) {
        expect(rows === truth, what).toBe(true)
        outcomes.harmless += 1
      } else {
        expect(['JOURNAL_CORRUPT', 'JOURNAL_NEWER', 'SQLITE_CORRUPT'], `${what}: ${refusal}`).toContain(
          (refusal as { code?: string }).code,
        )
        outcomes[when] += 1
      }
    }
    console.log(JSON.stringify(outcomes))
    expect(outcomes.refused + outcomes.refusedAtReading).toBeGreaterThan(20)
  })

  it('that was cut off says so', () => {
    const file = join(folder, 'data.sqlite')
    const journal = new Journal(file, { now })
    playLegalHistory(journal, new Seeded('cut'), 60)
    const truth = JSON.stringify(rowsOf(journal))
    journal.close()
    const whole = readFileSync(file)
    for (const left of [1, 50, 100, 512, 4096, 8192, whole.length >> 1, whole.length - 4096, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, left))
      const { refusal, rows } = reading(file)
      if (left === whole.length - 1 && refusal === undefined) expect(rows === truth).toBe(true)
      else expect(refusal, `${left} of ${whole.length} bytes`).toMatchObject({ code: 'JOURNAL_CORRUPT' })
    }
  })
})

/** Opens a damaged file and reads all of it. */
function reading(file: string): { refusal?: unknown; rows?: string; when: 'refused' | 'refusedAtReading' } {
  for (const side of ['-wal', '-shm']) rmSync(file + side, { force: true })
  let journal: Journal
  try {
    journal = new Journal(file, { now })
  } catch (refusal) {
    expect(refusal, String(refusal)).toBeInstanceOf(DataFolderError)
    return { refusal, when: 'refused' }
  }
  try {
    return { rows: JSON.stringify(rowsOf(journal)), when: 'refusedAtReading' }
  } catch (refusal) {
    return { refusal, when: 'refusedAtReading' }
  } finally {
    journal.close()
  }
}

function rowsOf(journal: Journal): unknown[] {
  return [...journal.rows()].map(({ row: { kind }, ...place }) => ({ ...place, kind }))
}

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
