/**
 * Method: every bench runs with small sizes, as a program; the form of its lines is looked at, never a time (a loaded
 * machine is no fault). That a drain that lost or parked a sale ends in an error is the bench's own check.
 */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { figureOf, tableOf, withFigures, type Figure } from '../../bench/figures.ts'
import { whyNoPostgres } from '../../bench/postgres.ts'
import { whyNoChromium } from '../../e2e/chromium/open-chromium.ts'

const bench = (...parameters: readonly string[]) =>
  spawnSync(process.execPath, ['test/bench/main.ts', ...parameters], { encoding: 'utf8' })

const measured = {
  bench: 'journal',
  figure: 'two commits',
  value: 8,
  unit: 'ms',
  baseline: 4,
  baselineIs: 'two raw commits',
  aim: { atMost: 10 },
  samples: 3,
} as const

describe('npm run bench', () => {
  it('prints one line of JSON for each figure, with what it is to be and its baseline', ({ skip }) => {
    if (whyNoChromium !== null) skip(whyNoChromium)
    const { stdout, stderr, status } = bench('all', '--quick', '--json')
    expect(status, stderr).toBe(0)
    const figures = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Figure)
    const perBench = Object.groupBy(figures, (figure) => figure.bench)
    expect(Object.entries(perBench).map(([name, of]) => [name, of?.length])).toEqual([
      ['tap', 11],
      ['decide', 1],
      ['journal', 3],
      ['sync', 3],
      ['start', 2],
      // Two more stand beside PostgreSQL.
      ['ledger', whyNoPostgres === null ? 9 : 7],
      ['hotlist', 4],
      ['leases', 1],
    ])
    // Each profile has its line, under its name in the documents (docs/design/24-card-profiles.md).
    const untilResult = /^card of profile (\S+) in the field until the result, on line, p50$/
    const profiles = figures.flatMap(({ figure }) => untilResult.exec(figure)?.[1] ?? [])
    expect(profiles.toSorted()).toEqual(['ntag21x', 'ntag424', 'tolem-applet', 'uid'])
    for (const figure of figures) {
      expect(figure.baselineIs).not.toBe('')
      expect([figure.ratio > 0, figure.baseline > 0, figure.samples > 0]).toEqual([true, true, true])
      expect(figure).toMatchObject({
        quick: true,
        commit: expect.stringMatching(/^(unknown|[0-9a-f]{10,}(\+changes)?)$/),
      })
    }
    expect(figures.filter(({ aim }) => aim !== null)).toHaveLength(19)
  }, 300_000)

  it.each([
    [['bread'], 'There is no bench "bread".'],
    [['tap', 'sync'], 'There is no bench "tap sync".'],
    [['tap', '--document'], 'The document takes whole runs only'],
    [['all', '--quick', '--document'], 'The document takes whole runs only'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j with a sentence and the usage', (parameters, sentence) => {
    const { stdout, stderr, status } = bench(...parameters)
    expect(status).toBe(2)
    expect(stderr).toContain(sentence)
    expect(stderr).toContain('Use: npm run bench -- tap|decide|journal|sync|start|ledger|hotlist|leases|all')
    expect(stdout).toBe('')
  })
})

describe('a figure', () => {
  it('says how near we come to the baseline, and whether the aim is met', () => {
    expect(figureOf(measured)).toMatchObject({ ratio: 0.5, met: true })
    expect(figureOf({ ...measured, value: 11 })).toMatchObject({ met: false })
    expect(figureOf({ ...measured, unit: 'per s', aim: { atLeast: 9 } })).toMatchObject({ ratio: 2, met: false })
    expect(figureOf({ ...measured, aim: null })).toMatchObject({ met: null })
  })

  it.each([0, Number.NaN, -1])('of nothing (%d) is none', (value) => {
    expect(() => figureOf({ ...measured, value })).toThrow(RangeError)
  })

  it('stands in the document between its marks, and nothing else of it changes', () => {
    const facts = { commit: 'abc', date: '2026-11-26 01:00', machine: 'one', quick: false }
    const table = tableOf([figureOf(measured)], facts)
    expect(table).toContain('| journal | two commits | 8.00 ms | ≤ 10 | met | 4.00 (two raw commits) | 0.50 | 3 |')
    const before = 'a\n<!-- measured: npm run bench -- all --document -->\nold\n<!-- end -->\nb\n'
    const after = withFigures(before, table)
    expect(after).toContain(table)
    expect(after).not.toContain('old')
    expect([after.startsWith('a\n'), after.endsWith('\nb\n')]).toEqual([true, true])
    expect(() => withFigures('no marks', table)).toThrow('lost its marks')
  })
})
