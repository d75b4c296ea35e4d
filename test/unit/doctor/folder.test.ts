/**
 * A folder that does not answer. Method: a FIFO in place of a file, which keeps hold of whoever opens it as a dead
 * network disk does; in this process it would hold the test for ever.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadTerminalKeys } from '../../../src/terminal/core/key-file.ts'
import { UnansweredError } from '../../../src/terminal/doctor/machine.ts'
import { askChildProcess } from '../../../src/terminal/examiner/apart.ts'
import { lookAtJournal, lookAtTill, tillLookOf } from '../../../src/terminal/examiner/folder.ts'
import { foundBy } from './scene.ts'

let folder: string
const withinMs = 2_000

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const hangs = (name: string) => execFileSync('mkfifo', [join(folder, name)])

describe.skipIf(process.platform === 'win32')('a folder that hangs', () => {
  it('is told as one that does not answer, and asked no more', async () => {
    hangs('owner.lock')
    const seen = await lookAtTill(askChildProcess, folder, withinMs)
    expect(seen).toBeNull()
    const till = tillLookOf(askChildProcess, folder, seen)
    for (const ask of [till.holder, till.identity, till.journal]) await expect(ask()).rejects.toThrow(UnansweredError)
    const late = { check: 'folder', code: 'check-late', seen: { seconds: '5' } }
    expect(await foundBy({ till, nodes: { '/var/lib/till': folderNode } }, 'folder')).toEqual([late])
    // Of the readers it keeps nobody from being told.
    expect((await foundBy({ till }, 'reader')).map(({ code }) => code)).toEqual(['reader-none'])
    expect((await foundBy({ till }, 'printer')).map(({ code }) => code)).toEqual(['printer-not-named'])
  })

  it('with its journal only is told with all the rest', async () => {
    hangs('journal.sqlite')
    const seen = await lookAtTill(askChildProcess, folder, 10_000)
    expect(seen).toMatchObject({ data: folder, holder: { held: false, pid: null }, identity: { kind: 'none' } })
    expect(await lookAtJournal(askChildProcess, folder, withinMs)).toBeNull()
  }, 30_000)
})

it('tells who the till below the folder is, and what its journal is like', async () => {
  const below = join(folder, 'till')
  mkdirSync(below)
  loadTerminalKeys(below)
  writeFileSync(join(below, 'journal.sqlite'), 'no database, and longer than the stump of one.'.repeat(100))
  const seen = await lookAtTill(askChildProcess, folder, 10_000)
  expect(seen).toMatchObject({ data: below, identity: { kind: 'none' }, terminalId: null })
  expect(await lookAtJournal(askChildProcess, below, 10_000)).toEqual({ fault: 'JOURNAL_CORRUPT' })
  await expect(tillLookOf(askChildProcess, below, seen).journal()).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' })
}, 30_000)

const folderNode = { kind: 'folder', owner: 'till', group: 'till', mode: 0o700, canRead: true, canWrite: true } as const
