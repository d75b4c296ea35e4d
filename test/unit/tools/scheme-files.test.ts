/** Method: the files of docs/schemes.md, one slip in each; the sentence must name the field and what it must be. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { basketIn, FileFault, programmeIn, schemesIn } from '../../../tools/scheme/files.ts'
import { examplePath, exampleScheme, programmePath } from '../../fixtures/example-scheme.ts'

const folder = mkdtempSync(join(tmpdir(), 'tolem-scheme-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const scheme = JSON.parse(readFileSync(examplePath('scheme'), 'utf8')) as Record<string, unknown>
const basket = JSON.parse(readFileSync(examplePath('basket'), 'utf8')) as { lines: Record<string, unknown>[] }

let written = 0
function fileWith(content: unknown): string {
  const file = join(folder, `${(written += 1)}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

/** What is said of a file, without its name. */
function said(read: (file: string) => unknown, content: unknown): readonly string[] {
  const file = fileWith(content)
  try {
    read(file)
    return []
  } catch (error) {
    if (!(error instanceof FileFault)) throw error
    return error.message.split('\n').map((line) => line.replace(`${file}`, 'FILE'))
  }
}

const gtinIs = 'is a GTIN: 14 digits in quotes, a shorter one with zeros before it'
const amountIs = 'is an amount: whole tiyn in quotes, "120000" for 1 200,00 ₸'

describe('a file of schemes', () => {
  it('holds one, or a list of them, also behind a byte order mark', () => {
    expect(schemesIn(fileWith(scheme))).toEqual([exampleScheme])
    expect(schemesIn(fileWith(`\uFEFF${JSON.stringify(scheme)}`))).toEqual([exampleScheme])
    const both = [scheme, { ...scheme, schemeId: 'other' }]
    expect(schemesIn(fileWith(both)).map(({ schemeId }) => schemeId)).toEqual(['food-discount', 'other'])
  })

  it.each<[string, unknown, string]>([
    [
      'an amount as a number',
      { ...scheme, benefit: { kind: 'amount', perPeriod: 5000 } },
      'FILE: benefit.perPeriod: stands in quotes: "5000".',
    ],
    [
      'an amount in tenge',
      { ...scheme, benefit: { kind: 'amount', perPeriod: '50,00' } },
      `FILE: benefit.perPeriod: ${amountIs}, not "50,00".`,
    ],
    ['a field that is missing', { ...scheme, order: undefined }, 'FILE: order: is missing.'],
    ['a field that nobody knows', { ...scheme, colour: 'blue' }, 'FILE: has no field "colour".'],
    [
      'an id with capitals',
      { ...scheme, schemeId: 'Food' },
      'FILE: schemeId: is a name: 2 to 63 of a–z, 0–9, dot and hyphen, with a letter or digit first, not "Food".',
    ],
    [
      'another kind of benefit',
      { ...scheme, benefit: { kind: 'gift' } },
      "FILE: benefit.kind: Invalid discriminator value. Expected 'count' | 'amount'.",
    ],
    [
      'a status of another list',
      { ...scheme, status: 'draft' },
      'FILE: status: Invalid option: expected one of "active"|"suspended"|"ended".',
    ],
    [
      'a barcode as it stands on the pack',
      {
        ...scheme,
        goods: [{ goods: { by: 'gtin', gtins: ['4870000000015'] }, unitsPerPiece: 1, pays: { kind: 'whole' } }],
      },
      `FILE: goods[0].goods.gtins[0]: ${gtinIs}, not "4870000000015".`,
    ],
    [
      'a barcode that was mistyped',
      {
        ...scheme,
        goods: [{ goods: { by: 'gtin', gtins: ['04870000000015'] }, unitsPerPiece: 1, pays: { kind: 'whole' } }],
      },
      'FILE: goods[0].goods.gtins[0]: is no GTIN, its last digit does not fit the others: "04870000000015".',
    ],
    [
      'a price of nothing',
      {
        ...scheme,
        goods: [
          {
            goods: { by: 'category', categories: ['bread'] },
            unitsPerPiece: 1,
            pays: { kind: 'up_to', perUnit: '0' },
          },
        ],
      },
      'FILE: goods[0].pays.perUnit: is nothing, and must be more: "0".',
    ],
    [
      'a second scheme with a slip',
      [scheme, { ...scheme, schemeId: 'other', version: 0 }],
      'FILE: [1].version: Too small: expected number to be >=1.',
    ],
    ['a scheme twice', [scheme, scheme], 'FILE: [1].schemeId: food-discount stands there before.'],
    ['no scheme', [], 'FILE: Too small: expected array to have >=1 items.'],
  ])('with %s is told so', (_what, content, sentence) => {
    expect(said(schemesIn, content)).toContain(sentence)
  })

  it('that is not JSON, or not there, is told so', () => {
    expect(said(schemesIn, '{"schemeId": ')[0]).toMatch(/^FILE is not JSON: .+\.$/)
    expect(() => schemesIn(join(folder, 'none.json'))).toThrow(/none\.json cannot be read: ENOENT/)
  })

  it('with very many slips is told of twenty', () => {
    const slips = said(schemesIn, { ...scheme, merchants: Array.from({ length: 30 }, () => 'A') })
    expect([slips.length, slips.at(-1)]).toEqual([21, '… and 10 more.'])
  })
})

describe('a programme', () => {
  const programme = JSON.parse(readFileSync(programmePath, 'utf8')) as { calendar: Record<string, unknown> }
  const withCalendar = (change: object) => ({ ...programme, calendar: { ...programme.calendar, ...change } })

  it('is a scheme with a calendar in place of its periods', () => {
    expect(programmeIn(programmePath)).toMatchObject({ calendar: { timeZone: 'Asia/Almaty' } })
    expect(said(schemesIn, programme)).toEqual([
      'FILE is a programme with a calendar: compile it first, then give the scheme that comes of it.',
    ])
    expect(said(programmeIn, scheme)).toEqual(['FILE is a scheme with its periods: there is nothing to compile.'])
  })

  it.each<[string, object, string]>([
    [
      'a day as it is written elsewhere',
      { firstDay: '01.09.2026' },
      'firstDay: is a day in quotes, "2026-09-01", from 2000 to 2099, not "01.09.2026".',
    ],
    ['a day that there is not', { lastDay: '2027-02-29' }, 'lastDay: is a day that no calendar has: "2027-02-29".'],
    [
      'a time without its zero',
      { hours: { monday: [{ from: '8:00', to: '15:00' }] } },
      'hours.monday[0].from: is a time of a day in quotes, "08:00", "24:00" at the latest, not "8:00".',
    ],
    ['a weekday that nobody knows', { hours: { Monday: [] } }, 'hours: has no field "Monday".'],
    [
      'a zone in small letters',
      { timeZone: 'asia/almaty' },
      'timeZone: is a time zone in the spelling of the zone database, "Asia/Almaty", not "asia/almaty".',
    ],
    [
      'a term of a name with a space',
      { period: { kind: 'term', terms: [{ termId: 'term 1', firstDay: '2026-09-01', lastDay: '2026-10-25' }] } },
      'period.terms[0].termId: is the name of a period: 1 to 32 letters a–z, A–Z, digits and hyphens, not "term 1".',
    ],
    ['a holiday without a reason', { holidays: [{ day: '2026-12-16' }] }, 'holidays[0].reason: is missing.'],
  ])('with %s is told so', (_what, change, sentence) => {
    expect(said(programmeIn, withCalendar(change))).toEqual([`FILE: calendar.${sentence}`])
  })
})

describe('a basket', () => {
  const withLine = (change: object) => ({ lines: [{ ...basket.lines[0], ...change }] })

  it('is numbered, and named by its kind of goods where it has no name', () => {
    const [first, second] = basketIn(fileWith({ lines: [basket.lines[0], { ...basket.lines[2], name: undefined }] }))
    expect(first).toMatchObject({ line: 1, name: { ru: 'Bread' }, gtin: '04870000000012', unitPrice: 18_000n })
    expect(second).toMatchObject({ line: 2, name: { en: 'milk' }, quantity: 3 })
    expect(second).not.toHaveProperty('gtin')
  })

  it.each<[string, unknown, string]>([
    ['no line', { lines: [] }, 'FILE: lines: Too small: expected array to have >=1 items.'],
    ['a price as a number', withLine({ unitPrice: 180 }), 'FILE: lines[0].unitPrice: stands in quotes: "180".'],
    ['half a piece', withLine({ quantity: 0.5 }), 'FILE: lines[0].quantity: expected int, received number.'],
    ['no kind of goods', withLine({ category: undefined }), 'FILE: lines[0].category: is missing.'],
    [
      'more than there is',
      { lines: [{ category: 'gold', quantity: 2, unitPrice: '1000000000000000' }] },
      'FILE: lines: adds up to more than an amount can be.',
    ],
  ])('with %s is told so', (_what, content, sentence) => {
    expect(said(basketIn, content)).toContain(sentence)
  })
})
