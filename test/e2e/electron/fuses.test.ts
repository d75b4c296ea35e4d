/** The fuses, written to a copy of a real Electron and read back. What they prevent: package.test.ts. */
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { electronChoice, electronForTests } from '../../../tools/electron-for-tests.ts'
import { fuses, readFuses, writeFuses, wrongFuses } from '../../../tools/package/fuses.ts'

const binary = electronForTests()
/** Stands before the fuses in every Electron (its documentation, "Electron Fuses"). */
const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'

describe('fuses', () => {
  let folder = ''
  let copy = ''

  beforeAll(async () => {
    if (binary === null) return
    folder = await mkdtemp(join(tmpdir(), 'tolem-fuses-'))
    copy = join(folder, 'electron')
    await copyFile(binary, copy)
  })
  beforeEach(({ skip }) => {
    if (binary === null) skip(`no Electron: ${electronChoice.variable}=${electronChoice.value} is not set`)
  })
  afterAll(async () => {
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  test('are as Electron ships them until they are written, and each as stated afterwards', async () => {
    const before = await readFuses(copy)
    expect(before).toMatchObject({
      RunAsNode: 'on',
      OnlyLoadAppFromAsar: 'off',
      GrantFileProtocolExtraPrivileges: 'on',
    })
    expect(await wrongFuses(copy)).toContain('fuse RunAsNode is on, and should be off')

    await writeFuses(copy)
    const stated = Object.entries(fuses).map(([name, isOn]) => [name, isOn ? 'on' : 'off'])
    expect(await readFuses(copy)).toEqual(Object.fromEntries(stated))
    expect(await wrongFuses(copy)).toEqual([])
  })

  test('one that somebody turns back is found', async () => {
    await writeFuses(copy)
    await turn(copy, 0)
    expect(await wrongFuses(copy)).toEqual(['fuse RunAsNode is on, and should be off'])
  })

  test('a file that is no Electron is refused, not passed over', async () => {
    const other = join(folder, 'no-electron')
    await copyFile(process.execPath, other)
    await expect(writeFuses(other)).rejects.toThrow(/sentinel/)
    await expect(wrongFuses(other)).rejects.toThrow(/sentinel/)
  })
})

/** Turns one fuse on by hand, as an attacker with an editor would: after the sentinel come version, length, fuses. */
async function turn(file: string, fuse: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { size } = await handle.stat()
    const content = Buffer.alloc(size)
    await handle.read(content, 0, size, 0)
    const place = content.indexOf(sentinel) + sentinel.length + 2 + fuse
    await handle.write(Buffer.from('1'), 0, 1, place)
  } finally {
    await handle.close()
  }
}
