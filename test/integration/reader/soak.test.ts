/**
 * Method: a short slice of `npm run reader-soak`, as a program, and the same with a leak planted into the device host:
 * a file, a listener and a PC/SC context at each insertion. The same of readers that are unplugged and plugged in.
 * Issue 3, item 5; docs/design/08-reader.md.
 */
import { spawnSync } from 'node:child_process'
import { beforeEach, describe, expect, it } from 'vitest'
import { whyNoPcscd } from '../../fixtures/pcscd-namespace.ts'
import { leaksOf, type SoakResult } from './insertions.ts'
import { leaksOfPlugs, type PlugsResult } from './plugs.ts'

const reason = whyNoPcscd()
const slice = 8
const planted = 2
const plugs = 3
/** Some 30 s on a machine with nothing else to do. */
const runMaxMs = 240_000

function soaks(...what: readonly string[]) {
  const parameters = ['--rounds=0', '--json', ...what]
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/reader-soak.ts', ...parameters], {
    encoding: 'utf8',
    timeout: runMaxMs,
  })
  expect(stderr).toBe('')
  const found = JSON.parse(stdout) as Record<string, unknown>
  console.info(`${what.join(' ')}, seed ${String(found['seed'])}`)
  return { status, found, problems: found['problems'] as readonly string[] }
}

describe('cards that come and go, and readers that are unplugged and plugged in', () => {
  beforeEach(({ skip }) => {
    if (reason !== null) skip(reason)
  })

  it(
    'leave nothing behind in the device host or pcscd but a file for each card of a plug; each is read, a tap is paid',
    () => {
      const { status, found, problems } = soaks(`--insertions=${slice}`, `--plugs=${plugs}`)
      const read = { insertions: slice, read: slice, missed: 0 }
      expect(found).toMatchObject({ ...read, plugs: { plugs, paid: 1 }, lost: 0, duplicates: 0, settled: 5 })
      // Not a matter of speed here, beside other tests: a till that never came back ends the command with 2.
      expect(problems.filter((problem) => !/: back in service after \d+ ms$/.test(problem))).toEqual([])
      expect(status).toBe(problems.length === 0 ? 0 : 1)
    },
    runMaxMs,
  )

  it(
    'would be found out: a leak planted into the device host at each of them ends in 1 and is named',
    () => {
      const { status, found, problems } = soaks(`--insertions=${planted}`, `--plugs=${planted}`, '--plant-leak')
      // The context is a file of its own, or two.
      expect(found['leakedFileDescriptors']).toBeGreaterThan(planted)
      expect(found).toMatchObject({ leakedListeners: planted, leakedFilesOfPcscd: planted, missed: 0 })
      expect(problems).toContainEqual(expect.stringMatching(/^fileDescriptors went from \d+ to \d+$/))
      expect(problems).toContainEqual(expect.stringMatching(/^plug 2: fileDescriptors went from \d+ to \d+$/))
      expect(problems).toContainEqual(expect.stringMatching(/^plug 2: listeners went from \d+ to \d+$/))
      expect(status).toBe(1)
    },
    runMaxMs,
  )
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
  const clean: SoakResult = {
    insertions: 9,
    read: 9,
    seconds: 1,
    before: held,
    halfway: held,
    after: held,
    sameHost: true,
  }

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
    ['residentBytes', 1e8 + 9_000_000, 'the memory grew by 9000000 bytes over the second half'],
  ] as const)('is more of %s', (what, count, sentence) => {
    expect(leaksOf({ ...clean, after: { ...held, [what]: count } })).toEqual([sentence])
  })

  it('is a card that was not read, and another host', () => {
    expect(leaksOf({ ...clean, read: 8, sameHost: false })).toEqual([
      '1 of 9 cards were not read',
      'the device host was replaced',
    ])
  })

  it('is more than a file for each card that was lost, in whatever host', () => {
    const counted = (plug: number, cardsLost: number, files: number) => ({
      plug,
      replacements: 0,
      cardsLost,
      held: { ...held, fileDescriptors: files },
    })
    const result: PlugsResult = {
      counts: [counted(0, 0, 30), counted(5, 3, 33)],
      plugs: 5,
      seconds: 1,
      moments: {},
      paid: 1,
    }
    expect(leaksOfPlugs(result)).toEqual([])
    expect(leaksOfPlugs({ ...result, counts: [counted(0, 0, 30), counted(5, 3, 34), counted(9, 0, 31)] })).toEqual([
      'plug 5: fileDescriptors went from 30 to 31',
      'plug 9: fileDescriptors went from 30 to 31',
    ])
  })
})
