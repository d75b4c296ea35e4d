/**
 * Method: golden files, read by a person in each language (test/fixtures/scheme-texts/): the demonstration's schemes,
 * the one of the documents with every kind of rule, two compiled from calendars, and one that has every other choice.
 * The words are those of the screens' glossary.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { foodVoucher, schoolLunch } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { glossary, type Term } from '../../../src/terminal/ui/texts/glossary.ts'
import { compileProgramme } from '../../../src/voucher/calendar-compile.ts'
import { programmeSchema, type Programme } from '../../../src/voucher/calendar.ts'
import { languages } from '../../../src/voucher/identifiers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { plainText, schemeText } from '../../../src/voucher/scheme-texts.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { clocksOf } from '../../../tools/scheme/time-zone.ts'
import { exampleScheme, programmePath } from '../../fixtures/example-scheme.ts'

const start = Date.UTC(2026, 10, 23)
const hour = 3_600_000

/** Counts several payments, names nobody, opens twice a day and once over midnight, and pays with network only. */
const otherChoices: Scheme = {
  ...exampleScheme,
  schemeId: 'hot-meals',
  version: 12,
  name: { kk: 'Ыстық тамақ', ru: 'Горячее питание', en: 'Hot meals' },
  status: 'suspended',
  benefit: { kind: 'count', perPeriod: 2, maximumPerTap: tiyn(85_050) },
  periods: [
    {
      periodId: 'day-1',
      from: start,
      to: start + 48 * hour,
      openings: [
        { from: start + 17 * hour, to: start + 20 * hour },
        { from: start + 2 * hour, to: start + 5 * hour + 1_800_000 },
        { from: start + 26 * hour, to: start + 48 * hour - 1 },
      ],
    },
  ],
  merchants: [],
  goods: [
    {
      goods: { by: 'gtin', gtins: ['04870000000012', '04870000000029'] },
      unitsPerPiece: 1,
      pays: { kind: 'percent', percent: 50, roundedTo: 'tiyn' },
    },
    {
      goods: { by: 'category', categories: Array.from({ length: 15 }, (_, index) => `meal-${index + 1}`) },
      unitsPerPiece: 1,
      pays: { kind: 'whole' },
    },
  ],
  caps: {
    perSale: tiyn(85_050),
    perBeneficiaryAndPeriod: tiyn(170_100),
    countPerBeneficiary: 2,
    terminalExposure: tiyn(0),
    ageSinceSyncMs: 90 * 60_000,
  },
  offline: { policy: 'deny', allowedPolicyAgeMs: 0, lossBearer: { kind: 'merchant' } },
  order: -1,
}

/** What passes on, and what goes back, each in the words of its kind. */
const carriedAmount: Scheme = {
  ...exampleScheme,
  schemeId: 'carried-food',
  unused: { kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(500_000) } },
}
const pooled: Scheme = {
  ...exampleScheme,
  schemeId: 'pooled-food',
  offline: { ...exampleScheme.offline, policy: 'lease-pool' },
}
const onCard: Scheme = {
  ...exampleScheme,
  schemeId: 'card-food',
  cards: { accepts: ['tolem-applet'] },
  offline: { ...exampleScheme.offline, policy: 'card', pinAbove: tiyn(500_000) },
}
/** A PIN that is asked for never. */
const onCardWithoutPin: Scheme = {
  ...onCard,
  schemeId: 'card-meals',
  offline: { ...onCard.offline, policy: 'card', pinAbove: null },
}
const carriedPayments: Scheme = {
  ...otherChoices,
  schemeId: 'carried-meals',
  unused: { kind: 'carries_over', atMost: { kind: 'count', count: 2 } },
}
const bridgedPayments: Scheme = {
  ...otherChoices,
  schemeId: 'bridged-meals',
  bridge: { kind: 'count', count: 1 },
}
const returned: Scheme = {
  ...exampleScheme,
  schemeId: 'returned-food',
  bridge: { kind: 'amount', amount: tiyn(300_000) },
  unused: { kind: 'returns', by: exampleScheme.periods[2]?.to ?? 0 },
}

const programme = programmeSchema.parse(JSON.parse(readFileSync(programmePath, 'utf8')))
/** By the week over the change of Almaty's clocks, with what the programme of the documents has besides. */
const weeks: Programme = {
  ...programme,
  schemeId: 'weeks-of-2024',
  calendar: {
    ...programme.calendar,
    firstDay: '2024-02-05',
    lastDay: '2024-03-31',
    period: { kind: 'week', begins: 'monday' },
    hours: {
      monday: [{ from: '08:00', to: '12:00' }],
      wednesday: [
        { from: '08:00', to: '12:00' },
        { from: '13:30', to: '24:00' },
      ],
      thursday: [{ from: '00:00', to: '12:00' }],
    },
    holidays: [{ day: '2024-03-06', reason: 'a holiday' }],
    movedWorkingDays: [],
    otherHours: [],
  },
}
function compiled(given: Programme): Scheme {
  const result = compileProgramme(given, clocksOf(given.calendar.timeZone))
  if (!('scheme' in result)) throw new Error(JSON.stringify(result.faults))
  return result.scheme
}

const schemes: Readonly<Record<string, Scheme>> = {
  'lunch-2026-27': compiled(programme),
  'weeks-of-2024': compiled(weeks),
  'school-lunch': schoolLunch(start),
  'food-voucher': foodVoucher(start),
  'food-discount': exampleScheme,
  'hot-meals': otherChoices,
  'carried-food': carriedAmount,
  'bridged-meals': bridgedPayments,
  'carried-meals': carriedPayments,
  'pooled-food': pooled,
  'card-food': onCard,
  'card-meals': onCardWithoutPin,
  'returned-food': returned,
}

describe.each(languages)('in %s', (language) => {
  test.each(Object.entries(schemes))('%s is explained', async (name, scheme) => {
    const text = `${plainText(schemeText(scheme, language))}\n`
    await expect(text).toMatchFileSnapshot(`../../fixtures/scheme-texts/${name}.${language}.txt`)
  })

  test('the text is in its own alphabet, but for ids and what the scheme says', () => {
    const other = { en: /\p{Script=Cyrillic}/u, ru: /[a-zәғқңөұүһі]/i, kk: /[a-z]/i }[language]
    const ids = /UTC\+\d|UTC|Asia\/Almaty|[a-z]+(?:-[a-z0-9]+)+|«[a-z]+»/g
    const lines = Object.values(schemes).flatMap((scheme) =>
      schemeText(scheme, language).sections.flatMap((section) => [section.heading, ...section.lines]),
    )
    expect(lines.filter((line) => other.test(line.replace(ids, '')))).toEqual([])
  })

  test('the text says no word that the screens avoid', () => {
    const terms: readonly Term[] = Object.values(glossary)
    const text = Object.values(schemes)
      .map((scheme) => plainText(schemeText(scheme, language)))
      .join('\n')
    const avoided = terms
      .flatMap((term) => term.avoid[language] ?? [])
      .filter((word) => new RegExp(`(?<!\\p{L})${word}`, 'iu').test(text))
    expect(avoided).toEqual([])
    const unsaid = [glossary.scheme, glossary.agency, glossary.card, glossary.sale, glossary.ledger, glossary.till]
      .filter(({ stems }) => !stems[language].some((stem) => text.toLowerCase().includes(stem)))
      .map((term) => term[language])
    expect(unsaid).toEqual([])
  })
})

test('the first and the last moments that there are have a text too, on any clocks', () => {
  const text = (from: number, utcOffsetMinutes: number) => {
    const window = { from, to: from + hour }
    const periods = [{ periodId: 'edge', ...window, openings: [window] }]
    const localTime = { timeZone: 'Etc/GMT', offsets: [{ from: 0, utcOffsetMinutes }] }
    return plainText(schemeText({ ...exampleScheme, periods, localTime }, 'en'))
  }
  expect(text(0, -90)).toContain('– edge: 31.12.1969 22:30–23:30')
  expect(text(0, -90)).toContain('– Wednesday: 22:30–23:30')
  expect(text(0, -90)).toContain('those of Etc/GMT (UTC-1:30)')
  expect(text(8_640_000_000_000_000 - hour, 300)).toContain('– edge: 13.09.275760 00:00')
})

test('Russian counts as Russian does', () => {
  const counted = (perPeriod: number) => {
    const benefit = { kind: 'count' as const, perPeriod, maximumPerTap: tiyn(100) }
    return /(\d+ опл\p{L}+) за/u.exec(plainText(schemeText({ ...exampleScheme, benefit }, 'ru')))?.[1]
  }
  expect([1, 2, 5, 11, 12, 21, 22, 100].map(counted)).toEqual([
    '1 оплата',
    '2 оплаты',
    '5 оплат',
    '11 оплат',
    '12 оплат',
    '21 оплата',
    '22 оплаты',
    '100 оплат',
  ])
})
