/** Method: docs/schemes.md as it stands: each command in it is run, and says what the document shows below it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schemeHashOf } from '../../../src/sync/protocol/canonical.ts'
import { schemeSchema } from '../../../src/voucher/scheme.ts'
import { exampleScheme, examplePath, programmePath } from '../../fixtures/example-scheme.ts'

const root = resolve(import.meta.dirname, '..', '..', '..')
const document = readFileSync(join(root, 'docs', 'schemes.md'), 'utf8')

interface Ending {
  readonly code: number | string | null | undefined
  readonly said: string
  readonly complained: string
}

function scheme(...words: readonly string[]): Promise<Ending> {
  return new Promise((done) => {
    const command = [join(root, 'tools', 'bootstrap.mjs'), 'scheme', ...words]
    execFile(process.execPath, command, { cwd: root, timeout: 60_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : (error.code ?? error.signal), said: stdout, complained: stderr }),
    )
  })
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-scheme-command-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const given = JSON.parse(readFileSync(examplePath('scheme'), 'utf8')) as Record<string, unknown>
function fileWith(name: string, content: unknown): string {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(content))
  return file
}

describe.concurrent('the document', () => {
  const shown = [...document.matchAll(/```sh\nnpm run scheme -- (.+)\n```\n+```text\n([^]*?)```/g)]

  it('shows all four commands', () => {
    expect(shown.map(([, words = '']) => words.split(' ')[0])).toEqual(['explain', 'lint', 'try', 'compile'])
  })

  it.each(shown.map(([, words = '', output = '']) => [words, output] as const))(
    'runs: scheme %s',
    async (words, output) => {
      const asked = words.split(' ')
      const given = asked.map((word, index) => (asked[index - 1] === '--out' ? join(folder, word) : word))
      const { code, said, complained } = await scheme(...given)
      expect({ code, complained }).toEqual({ code: 0, complained: '' })
      expect(said.trimEnd()).toBe(output.trimEnd())
    },
  )

  it('names every field of the examples, and every kind of payment and of period', () => {
    const names = (value: unknown): readonly string[] =>
      typeof value !== 'object' || value === null
        ? []
        : Object.entries(value).flatMap(([name, below]) => [...(/^\d+$/.test(name) ? [] : [name]), ...names(below)])
    const kinds = [
      'nothing',
      'whole',
      'up_to',
      'percent',
      'above',
      'deny',
      'lease-listed',
      'lease-pool',
      'count',
      'amount',
    ]
    const periods = ['day', 'week', 'begins', 'month', 'term', 'terms', 'termId', 'tap', 'periodId', 'localTime']
    const { calendar } = JSON.parse(readFileSync(programmePath, 'utf8')) as { calendar: object }
    const fields = document.slice(document.indexOf('## The fields'))
    const said = new Set([...fields.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.split(/[^\w-]+/)))
    expect([...names(given), ...names(calendar), ...kinds, ...periods].filter((name) => !said.has(name))).toEqual([])
  })
})

describe.concurrent('the command', () => {
  it('explains in three languages, with the hash, as JSON and as text', async () => {
    const [text, json] = await Promise.all([
      scheme('explain', examplePath('scheme')),
      scheme('explain', examplePath('scheme'), '--json'),
    ])
    const hash = schemeHashOf(exampleScheme)
    expect(text.said).toMatch(/Кім төлейді[^]*Кто платит[^]*Who pays/)
    expect(text.said).toContain(`SHA-256 ${hash}`)
    const [explained] = JSON.parse(json.said) as [Record<string, unknown>]
    expect(explained).toMatchObject({ schemeId: 'food-discount', version: 1, hash })
    expect(Object.keys(explained['texts'] as object)).toEqual(['kk', 'ru', 'en'])
  })

  it('ends with 1 for a fault and with 0 for a warning', async () => {
    const faulty = fileWith('faulty.json', { ...given, schemeId: 'dt-by-qr' })
    const odd = fileWith('odd.json', { ...given, merchants: [] })
    const [first, second, json] = await Promise.all([
      scheme('lint', faulty, '--at', '2026-12-01T00:00Z'),
      scheme('lint', odd, '--at', '2026-12-01T00:00Z', '--language', 'ru'),
      scheme('lint', faulty, '--at', '2026-12-01T00:00Z', '--json'),
    ])
    expect([first.code, first.said]).toEqual([1, expect.stringMatching(/^FAULT RESERVED_ID schemeId\n {2}The id/m)])
    expect([second.code, second.said]).toEqual([
      0,
      expect.stringMatching(/^WARNING NO_MERCHANTS merchants\n {2}Не назван/m),
    ])
    expect([json.code, JSON.parse(json.said)]).toEqual([
      1,
      [
        expect.objectContaining({
          faults: [
            expect.objectContaining({ code: 'RESERVED_ID', path: 'schemeId', texts: expect.anything() as unknown }),
          ],
          warnings: [],
        }),
      ],
    ])
  })

  it('tries no scheme that the ledger would refuse, and says so', async () => {
    const faulty = fileWith('refused.json', { ...given, schemeId: 'dt-by-qr' })
    const { code, said, complained } = await scheme('try', faulty, examplePath('basket'))
    expect([code, said]).toEqual([1, ''])
    expect(complained).toMatch(/^tolem: .*refused\.json: dt-by-qr: schemeId: The id dt-by-qr stands for/)
  })

  it('tries in the language that it is asked for', async () => {
    const [kk, ru] = await Promise.all(
      ['kk', 'ru'].map((language) =>
        scheme('try', examplePath('scheme'), examplePath('basket'), '--language', language),
      ),
    )
    expect([kk?.code, kk?.said]).toEqual([0, expect.stringContaining('ТӨЛЕУГЕ ҚАЛДЫ')])
    expect([ru?.code, ru?.said]).toEqual([0, expect.stringContaining('ОСТАЛОСЬ ОПЛАТИТЬ')])
  })

  it('tries several schemes as of one card, at the moment that it is told', async () => {
    const both = fileWith('both.json', [given, { ...given, schemeId: 'second', order: 6 }])
    const { code, said } = await scheme(
      'try',
      both,
      examplePath('basket'),
      '--at',
      '2027-02-10T12:00:00+05:00',
      '--json',
    )
    expect(code).toBe(0)
    expect(JSON.parse(said)).toMatchObject({
      schemes: [{ schemeId: 'food-discount' }, { schemeId: 'second' }],
      trial: {
        at: Date.UTC(2027, 1, 10, 7),
        schemes: [{ verdict: { periodId: '2027-02' } }, { schemeId: 'second', verdict: { periodId: '2027-02' } }],
      },
    })
  })

  it('compiles a programme to the same bytes, whatever the order of its fields, and says their hash', async () => {
    const programme = JSON.parse(readFileSync(programmePath, 'utf8')) as Record<string, unknown>
    const turned = fileWith('turned.json', Object.fromEntries(Object.entries(programme).toReversed()))
    const out = join(folder, 'compiled.json')
    const [first, second, json] = await Promise.all([
      scheme('compile', programmePath, '--out', out),
      scheme('compile', turned),
      scheme('compile', programmePath, '--json'),
    ])
    const written = readFileSync(out, 'utf8')
    const hash = schemeHashOf(schemeSchema.parse(JSON.parse(written)))
    expect([first.code, first.complained, second.code, second.said === written]).toEqual([0, '', 0, true])
    expect(first.said).toContain(`169 periods, from 2026-09-01 to 2027-05-25; Asia/Almaty is UTC+5\n`)
    expect(second.complained).toBe(first.said)
    expect(first.said).toContain(`SHA-256 ${hash}`)
    expect(JSON.parse(json.said)).toEqual({
      schemeId: 'lunch-2026-27',
      version: 1,
      hash,
      faults: [],
      scheme: JSON.parse(written) as unknown,
    })
    const linted = await scheme('lint', out, '--at', '2026-08-01T00:00Z')
    expect([linted.code, linted.said.includes(hash), linted.said.includes('0 faults')]).toEqual([0, true, true])
  })

  it('compiles no programme that could be read in two ways, or whose scheme the ledger would refuse', async () => {
    const programme = JSON.parse(readFileSync(programmePath, 'utf8')) as { calendar: object }
    const calendar = { ...programme.calendar, lastDay: '2027-05-06' }
    const [unclear, refused, json, lost] = await Promise.all([
      scheme('compile', fileWith('unclear.json', { ...programme, calendar }), '--language', 'ru'),
      scheme('compile', fileWith('refused-programme.json', { ...programme, schemeId: 'dt-by-qr' })),
      scheme('compile', fileWith('unclear-json.json', { ...programme, calendar }), '--json'),
      scheme('compile', programmePath, '--out', programmePath),
    ])
    expect([unclear.code, unclear.said]).toEqual([1, ''])
    expect(unclear.complained).toBe(
      'FAULT DAY_OUTSIDE_CALENDAR calendar.holidays[5].day\n  2027-05-07 вне календаря: он идёт с 2026-09-01 по ' +
        '2027-05-06.\nFAULT DAY_OUTSIDE_CALENDAR calendar.holidays[6].day\n  2027-05-10 вне календаря: он идёт с ' +
        '2026-09-01 по 2027-05-06.\n',
    )
    expect([refused.code, refused.said]).toEqual([1, ''])
    expect(refused.complained).toMatch(/^FAULT RESERVED_ID schemeId\n/)
    expect([json.code, JSON.parse(json.said)]).toMatchObject([
      1,
      { schemeId: 'lunch-2026-27', faults: [{ code: 'DAY_OUTSIDE_CALENDAR' }, { path: 'calendar.holidays[6].day' }] },
    ])
    expect([lost.code, lost.complained]).toEqual([2, expect.stringMatching(/^tolem: --out is another file/)])
  })

  it('says of a malformed file which field is wrong, without a stack', async () => {
    const wrong = fileWith('wrong.json', { ...given, benefit: { kind: 'amount', perPeriod: 2_000_000 } })
    for (const words of [
      ['explain', wrong],
      ['lint', wrong],
      ['try', wrong, examplePath('basket')],
    ]) {
      const { code, said, complained } = await scheme(...words)
      expect([code, said]).toEqual([1, ''])
      expect(complained).toMatch(/^tolem: .*wrong\.json: benefit\.perPeriod: stands in quotes: "2000000"\.\n$/)
    }
  })
})
