/** The model of the disk on calls that were written by hand, and on those of real programs under strace. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../simulation/random.ts'
import { Disk, sectorBytes, type Image, type Loss } from './disk.ts'
import { isEnded, readTrace, straceArguments, whyNoTrace, type Traced } from './trace.ts'

type Asked<Call = Traced> = Call extends Traced ? Omit<Call, 'at'> : never

const root = '/root-of-all'
const file = `${root}/till/file`
const chance = new SeededRandom('disk')
const made: Asked = { kind: 'folder_made', path: `${root}/till` }
const opened: Asked = { kind: 'opened', path: file, handle: 4, creates: true, empties: false, appends: false }
const wrote = (text: string, offset: number | null = null): Asked => ({
  kind: 'written',
  path: file,
  handle: 4,
  bytes: Buffer.from(text),
  offset,
})
const synced = (path: string): Asked => ({ kind: 'synced', path })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-disk-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function left(loss: Loss, ...calls: readonly Asked[]): Image {
  const disk = new Disk(root, new Map())
  for (const call of calls) disk.does({ at: 0, ...call })
  return disk.image(loss, chance)
}

test('bytes need an fsync of their file, names one of their folder, and a folder one of the folder around it', () => {
  const all = [made, opened, wrote('text'), synced(file), synced(`${root}/till`), synced(root)]
  expect(
    left('only_synced', ...all)
      .get(file)
      ?.toString(),
  ).toBe('text')
  const without = (index: number): Image => left('only_synced', ...all.toSpliced(index, 1))
  expect(without(3).get(file)?.toString()).toBe('')
  expect(without(4).has(file)).toBe(false)
  expect(without(5).size).toBe(0)
})

test('a renamed file has its old name until its folder was synced', () => {
  const before = [made, opened, wrote('text'), synced(file), synced(`${root}/till`), synced(root)]
  const renamed: Asked = { kind: 'renamed', path: file, to: `${root}/till/other` }
  expect([...left('only_synced', ...before, renamed).keys()].toSorted()).toEqual([`${root}/till`, file])
  const after = left('only_synced', ...before, renamed, synced(`${root}/till`))
  expect([...after.keys()].toSorted()).toEqual([`${root}/till`, `${root}/till/other`])
})

test('torn keeps any of the sectors, and never bytes that were in none of the writes', () => {
  const sectors = 8
  const old = 'a'.repeat(sectors * sectorBytes)
  const before = [made, opened, wrote(old), synced(file), synced(`${root}/till`), synced(root)]
  const seen = new Set<string>()
  for (let round = 0; round < 200; round += 1) {
    const text = left('torn', ...before, wrote('b'.repeat(sectors * sectorBytes), 0))
      .get(file)
      ?.toString()
    const kinds = Array.from(
      { length: sectors },
      (_, at) => text?.slice(at * sectorBytes, (at + 1) * sectorBytes) ?? '',
    )
    for (const sector of kinds) expect(['a', 'b']).toContain([...new Set(sector)].join(''))
    seen.add(kinds.map((sector) => sector[0]).join(''))
  }
  expect(seen.size).toBeGreaterThan(30)
  expect(seen).toContain('a'.repeat(sectors))
  expect(seen).toContain('b'.repeat(sectors))
})

test('what was cut off comes back when the cut is lost', () => {
  const before = [made, opened, wrote('a long text'), synced(file), synced(`${root}/till`), synced(root)]
  const cut: Asked = { kind: 'cut_to', path: file, size: 1 }
  expect(
    left('only_synced', ...before, cut)
      .get(file)
      ?.toString(),
  ).toBe('a long text')
  expect(
    left('only_synced', ...before, cut, wrote('b', 3), synced(file))
      .get(file)
      ?.toString(),
  ).toBe('a\0\0b')
})

async function traced(program: string): Promise<readonly Traced[]> {
  const trace = join(folder, 'trace')
  const words = [process.execPath, '--input-type=module-typescript', '-e', program]
  const child = spawn('strace', straceArguments(trace, words), { stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(0)
  while (!existsSync(trace) || !isEnded(trace, child.pid ?? 0)) await new Promise((resolve) => setTimeout(resolve, 10))
  return readTrace(trace, folder, [join(folder, 'till')])
}

const source = (path: string): string => JSON.stringify(join(import.meta.dirname, '..', '..', 'src', path))

test('who the terminal is, is on the disk before anybody builds on it', async (context) => {
  const missing = whyNoTrace()
  if (missing !== null) return context.skip(missing)
  const calls = await traced(`
    import { lockDataFolder } from ${source('sync/journal/data-folder.ts')}
    import { storeEnrolment } from ${source('terminal/core/identity.ts')}
    import { loadTerminalKeys } from ${source('terminal/core/key-file.ts')}
    const folder = ${JSON.stringify(join(folder, 'till', 'of', 'the', 'shop'))}
    lockDataFolder(folder, { name: 'test', pid: 1, startedAt: '' })
    loadTerminalKeys(folder)
    storeEnrolment(folder, { terminalId: 'T-1' })
  `)
  const disk = new Disk(folder, new Map())
  for (const call of calls) disk.does(call)
  const image = disk.image('only_synced', chance)
  const stored = (name: string): unknown =>
    JSON.parse(String(image.get(join(folder, 'till', 'of', 'the', 'shop', name))))
  expect(stored('terminal-keys.json')).toHaveProperty('signing')
  expect(stored('enrolment.json')).toEqual({ terminalId: 'T-1' })
})
