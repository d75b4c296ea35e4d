/**
 * Item 16 of Electron's security checklist: the till is packaged around an Electron that still gets security fixes.
 * Which ones do stands, with its date, in docs/design/05-electron.md; a release of ours without a fresh look is found.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Electron's own: so many majors get fixes, and so often comes a new one. */
const supportedMajors = 3
const weeksPerMajor = 8
/** A new major may come a little late. */
const weeksLate = 2
const weekMs = 7 * 24 * 3_600_000

interface Sources {
  /** docs/design/05-electron.md */
  readonly page: string
  readonly changelog: string
  /** package.json's version of `electron`. */
  readonly version: string
}

/** What is wrong, one line each. */
function findingsIn({ page, changelog, version }: Sources): readonly string[] {
  const readOn = Date.parse(/`npm view electron time` on (\d{4}-\d{2}-\d{2})/.exec(page)?.[1] ?? '')
  const table = [...page.matchAll(/^\| (\d+) \| (\d{4}-\d{2}-\d{2}) \|/gm)].map(([, major, day]) => ({
    major: Number(major),
    firstRelease: Date.parse(`${day}`),
  }))
  const [newest] = table
  if (newest === undefined || Number.isNaN(readOn)) return ['the page has no dated table of versions']

  const found: string[] = []
  table.slice(1).forEach(({ major, firstRelease }, place) => {
    const newer = table[place]
    if (newer?.major !== major + 1 || newer.firstRelease <= firstRelease) found.push(`${major} is out of order`)
  })
  if (readOn < newest.firstRelease) found.push(`${newest.major} came out after the table was read`)
  if (readOn > newest.firstRelease + (weeksPerMajor + weeksLate) * weekMs) {
    found.push(`when the table was read, ${newest.major + 1} was out`)
  }
  const pinned = /^(\d+)\.\d+\.\d+$/.exec(version)?.[1]
  const supported = table.slice(0, supportedMajors).map(({ major }) => major)
  if (pinned === undefined) found.push(`electron ${version} is no exact version`)
  else if (!supported.includes(Number(pinned)))
    found.push(`electron ${version} gets no fixes: ${supported.join(', ')} do`)

  for (const [, name, day] of changelog.matchAll(/^## \[(.+?)\] - (\d{4}-\d{2}-\d{2})/gm)) {
    if (Date.parse(`${day}`) > readOn + weeksPerMajor * weekMs) {
      found.push(`release ${name} needs a fresh look at Electron's versions`)
    }
  }
  return found
}

const { devDependencies = {}, optionalDependencies = {} } = JSON.parse(read('package.json')) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>
const ours: Sources = {
  page: read('docs/design/05-electron.md'),
  changelog: read('CHANGELOG.md'),
  version: { ...devDependencies, ...optionalDependencies }['electron'] ?? 'none',
}

describe('16: the version of Electron', () => {
  test('is one that gets security fixes', () => {
    expect(findingsIn(ours)).toEqual([])
  })

  test('that is installed is the one that is named', () => {
    expect(JSON.parse(read('node_modules/electron/package.json'))).toMatchObject({ version: ours.version })
  })

  const header = 'from npm, `npm view electron time` on 2026-11-26\n\n| major | first release |\n|---|---|\n'
  const rows = ['| 45 | 2026-10-21 |', '| 44 | 2026-08-25 |', '| 43 | 2026-07-01 |', '| 42 | 2026-05-06 |']
  const page = header + rows.join('\n')
  const released = (day: string): string => `## [Unreleased]\n\n## [0.2.0] - ${day}\n\n- Something.\n`

  test.each<readonly [string, Partial<Sources>, readonly string[]]>([
    ['as it should be', {}, []],
    ['the oldest with fixes', { version: '43.9.9' }, []],
    ['too old', { version: '42.0.0' }, ['electron 42.0.0 gets no fixes: 45, 44, 43 do']],
    ['not known yet', { version: '46.0.0' }, ['electron 46.0.0 gets no fixes: 45, 44, 43 do']],
    ['a range', { version: '^45.4.1' }, ['electron ^45.4.1 is no exact version']],
    ['a page without a table', { page: header }, ['the page has no dated table of versions']],
    ['a table without a date', { page: rows.join('\n') }, ['the page has no dated table of versions']],
    [
      'a table with a gap',
      { page: header + rows.filter((row) => !row.includes('44')).join('\n') },
      ['43 is out of order'],
    ],
    [
      'a table read before its newest row',
      { page: page.replace('11-26', '10-20') },
      ['45 came out after the table was read'],
    ],
    [
      'an old table with a new date',
      { page: page.replace('2026-11-26', '2027-01-20') },
      ['when the table was read, 46 was out'],
    ],
    ['a release soon after', { changelog: released('2027-01-20') }, []],
    [
      'a release much later',
      { changelog: released('2027-01-22') },
      ["release 0.2.0 needs a fresh look at Electron's versions"],
    ],
  ])('%s', (_, changes, findings) => {
    expect(findingsIn({ page, changelog: '## [Unreleased]\n', version: '45.4.1', ...changes })).toEqual(findings)
  })
})
