/**
 * A file that a person or a till leaves behind for others. Method: real files; what somebody else lays in its way
 * before and while it is written; a disk that takes a part, by the limit that a shell sets on the length of files.
 */
import { execFileSync } from 'node:child_process'
import type * as FileSystem from 'node:fs'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { FileExistsError, writeNewFile } from '../../../src/sync/export/new-file.ts'

const module = pathToFileURL(resolve(import.meta.dirname, '../../../src/sync/export/new-file.ts')).href
/** A stick (FAT) gives a file one name only. */
const stick = vi.hoisted(() => ({ isUsed: false }))
vi.mock('node:fs', async (original) => {
  const system = await original<typeof FileSystem>()
  return {
    ...system,
    linkSync(from: string, to: string) {
      if (stick.isUsed) throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
      system.linkSync(from, to)
    },
  }
})
let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'new-file-'))
  file = join(folder, 'bundle.zip')
})
afterEach(() => {
  stick.isUsed = false
  rmSync(folder, { recursive: true })
})

it('holds all that was appended, for this user only, and leaves nothing beside it', () => {
  writeNewFile(file, (append) => {
    append('first\n')
    append(Uint8Array.of(0x31))
  })
  expect(readFileSync(file, 'utf8')).toBe('first\n1')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['bundle.zip'])
})

it('follows no link that was laid in its way, and takes over no file that others may read', () => {
  const victim = join(folder, 'victim')
  writeFileSync(victim, 'somebody’s')
  symlinkSync(victim, `${file}.unfinished`)
  writeNewFile(file, (append) => append('new'))
  expect(readFileSync(victim, 'utf8')).toBe('somebody’s')

  const other = join(folder, 'other.zip')
  writeFileSync(`${other}.unfinished`, '', { mode: 0o666 })
  writeNewFile(other, (append) => append('new'))
  expect(statSync(other).mode & 0o777).toBe(0o600)
  expect(readFileSync(`${other}.unfinished`, 'utf8')).toBe('')
})

it('does not go over a file that appears while it is written', () => {
  const both = () =>
    writeNewFile(file, (append) => {
      append('ours')
      writeFileSync(file, 'theirs')
    })
  expect(both).toThrow(FileExistsError)
  expect(readFileSync(file, 'utf8')).toBe('theirs')
  expect(readdirSync(folder)).toEqual(['bundle.zip'])
})

it('is written to a stick too, and over nothing there', () => {
  stick.isUsed = true
  writeNewFile(file, (append) => append('ours'))
  expect(readFileSync(file, 'utf8')).toBe('ours')
  expect(() => writeNewFile(file, (append) => append('again'))).toThrow(FileExistsError)
  const other = join(folder, 'other.zip')
  const both = () => writeNewFile(other, () => writeFileSync(other, 'theirs'))
  expect(both).toThrow(FileExistsError)
  expect(readdirSync(folder)).toEqual(['bundle.zip', 'other.zip'])
})

it('is not there where its content breaks', () => {
  const broken = () =>
    writeNewFile(file, (append) => {
      append('half')
      throw new Error('broken')
    })
  expect(broken).toThrow('broken')
  expect(readdirSync(folder)).toEqual([])
})

it.skipIf(process.platform === 'win32')('is not there where the disk takes only a part', () => {
  // The system takes 1,024 bytes of the 4,096, says so, and refuses the rest.
  const program = `
    import { writeNewFile } from ${JSON.stringify(module)}
    process.on('SIGXFSZ', () => undefined)
    writeNewFile(${JSON.stringify(file)}, (append) => append(new Uint8Array(4_096)))`
  const script = join(folder, 'program.mjs')
  writeFileSync(script, program)
  const run = () =>
    execFileSync('bash', ['-c', 'ulimit -f 1; exec "$0" "$1"', process.execPath, script], {
      stdio: 'pipe',
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
    })
  expect(run).toThrow('EFBIG')
  expect(existsSync(file)).toBe(false)
})
