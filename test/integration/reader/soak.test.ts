/**
 * Method: a short slice of `npm run reader-soak`, as a program. What its counts can see is tried on a program that leaks
 * on purpose, and what it makes of them on made-up counts. Issue 3, item 5; docs/design/08-reader.md.
 */
import { spawnSync } from 'node:child_process'
import { beforeEach, describe, expect, it } from 'vitest'
import { playInNamespace, whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'
import type { Census } from './census.ts'
import { leaksOf, type SoakResult } from './insertions.ts'

const reason = whyNoPcscd()
const slice = 25

describe('cards that come and go', () => {
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })

  it('leave nothing behind in the device host or pcscd, and each is read', () => {
    const soak = spawnSync(process.execPath, ['tools/reader-soak.ts', '--insertions', String(slice), '--json'], {
      encoding: 'utf8',
    })
    expect(soak.stderr).toBe('')
    expect(JSON.parse(soak.stdout)).toMatchObject({ insertions: slice, read: slice, sameHost: true, leaks: [] })
    expect(soak.status).toBe(0)
  })

  it('would be found out: the census sees files and listeners that a program keeps', async () => {
    const steps = await playInNamespace(new URL('./leaking-program.ts', import.meta.url).pathname, 30_000)
    const { before, after } = steps.get('census') as { before: Census; after: Census }
    expect(after.fileDescriptors - before.fileDescriptors).toBe(100)
    expect(after.listeners - before.listeners).toBe(100)
    expect(after.emitters - before.emitters).toBe(100)
  })
})

describe('what is called a leak', () => {
  const held = {
    fileDescriptors: 30,
    threads: 13,
    emitters: 40,
    listeners: 40,
    filesOfPcscd: 12,
    heapBytes: 1e7,
    residentBytes: 1e8,
  }
  const clean: SoakResult = { insertions: 9, read: 9, seconds: 1, before: held, after: held, sameHost: true }

  it('is nothing, when all is as before', () => {
    expect(leaksOf(clean)).toEqual([])
  })

  it.each([
    ['fileDescriptors', 31, 'fileDescriptors went from 30 to 31'],
    ['threads', 14, 'threads went from 13 to 14'],
    ['emitters', 41, 'emitters went from 40 to 41'],
    ['listeners', 41, 'listeners went from 40 to 41'],
    ['filesOfPcscd', 13, 'filesOfPcscd went from 12 to 13'],
    ['heapBytes', 1e7 + 3_000_000, 'the heap grew by 3000000 bytes'],
  ] as const)('is more of %s', (what, count, sentence) => {
    expect(leaksOf({ ...clean, after: { ...held, [what]: count } })).toEqual([sentence])
  })

  it('is a card that was not read, and another host', () => {
    expect(leaksOf({ ...clean, read: 8, sameHost: false })).toEqual([
      '1 of 9 cards were not read',
      'the device host was replaced',
    ])
  })
})
