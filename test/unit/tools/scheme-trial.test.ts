/**
 * Method: the basket of docs/schemes.md, worked out by hand, then one change for each reason why a scheme pays less.
 */
import { describe, expect, test } from 'vitest'
import { languages } from '../../../src/voucher/identifiers.ts'
import { lineReasons } from '../../../src/voucher/line-outcomes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { trialWords } from '../../../src/voucher/trial-words.ts'
import { basketIn } from '../../../tools/scheme/files.ts'
import { trialText } from '../../../tools/scheme/trial-text.ts'
import { firstOpening, merchantOfMost, tryOut, type Trial } from '../../../tools/scheme/trial.ts'
import { exampleScheme, examplePath } from '../../fixtures/example-scheme.ts'

const lines = basketIn(examplePath('basket'))
const at = firstOpening([exampleScheme])
const merchantId = 'kokbazar-shop'
const trial = (schemes: readonly Scheme[], moment = at, merchant = merchantId): Trial =>
  tryOut(schemes, lines, { at: moment, merchantId: merchant, place: {} })
const changed = (change: Partial<Scheme>): Scheme => ({ ...exampleScheme, ...change })
const caps = (change: Partial<Scheme['caps']>) => changed({ caps: { ...exampleScheme.caps, ...change } })

/** "bread: 4 10798: own_part": of each line its rule and amount in each scheme, and why something is left. */
const told = ({ lines: tried }: Trial) =>
  tried.map(({ line, schemes, why }) =>
    [line.category, ...schemes.map(({ rule, amount }) => `${rule ?? '-'} ${amount}`), why ?? 'paid'].join(': '),
  )
const bread: Scheme['goods'] = [
  { goods: { by: 'category', categories: ['bread'] }, unitsPerPiece: 1, pays: { kind: 'whole' } },
]

describe('the basket of the documents', () => {
  test('is paid by its rules, line by line', () => {
    const tried = trial([exampleScheme])
    // 30 % of 36 000 and 149 700 is 55 710, to a whole tenge 55 700: 10 798.06… and 44 901.93…
    expect(told(tried)).toEqual([
      'bread: 4 10798: own_part',
      'bread: 1 0: excluded',
      'milk: 4 44902: own_part',
      // 2 packs of ten at 620 ₸: the customer pays 45 ₸ for each of 20 eggs.
      'eggs: 3 34000: own_part',
      'baby-food: 2 150000: too_dear',
      'vegetables: 5 260000: paid',
      'drinks: - 0: not_listed',
    ])
    expect(tried.lines.map(({ left }) => left)).toEqual([25_202n, 42_000n, 104_798n, 90_000n, 60_000n, 0n, 35_000n])
    expect([tried.total, tried.left]).toEqual([856_700n, 357_000n])
    expect(tried.schemes).toEqual([
      {
        schemeId: 'food-discount',
        verdict: { amount: 499_700n, periodId: '2027-01', countLeft: 29, amountLeft: 1_500_300n, reducedBy: null },
      },
    ])
  })

  test('takes place in the middle of the first hours, at the merchant of most schemes', () => {
    const [january] = exampleScheme.periods
    expect(at).toBe(((january?.from ?? 0) + (january?.to ?? 0)) / 2)
    const early = { from: 100, to: 200 }
    const later = { from: 300, to: 400 }
    const periods = [
      { periodId: 'b', from: 300, to: 400, openings: [later] },
      { periodId: 'a', from: 0, to: 300, openings: [later, early] },
    ]
    expect(firstOpening([changed({ periods }), exampleScheme])).toBe(150)
    const at3 = ['a-shop', 'b-shop', 'c-shop']
    const named = [changed({ merchants: at3 }), changed({ merchants: ['d-shop', 'b-shop'] })]
    expect(merchantOfMost(named)).toEqual({ merchantId: 'b-shop', place: {} })
    expect(merchantOfMost([changed({ merchants: [] })])).toEqual({ merchantId: 'no-merchant', place: {} })
  })

  test('takes place in a region and at a kind of merchant, where more schemes pay there than at any by name', () => {
    const where = { regions: ['750000000', '710000000'], kinds: ['5411'], except: [] }
    const general = changed({ merchants: [], where })
    const kind = changed({ merchants: ['a-shop'], where: { regions: [], kinds: ['8211', '5411'], except: [] } })
    const found = merchantOfMost([kind, general])
    expect(found).toEqual({ merchantId: 'no-merchant', place: { region: '750000000', kind: '5411' } })
    const tried = tryOut([general], lines, { at, ...found })
    expect(tried.schemes).not.toMatchObject([{ verdict: { refusal: expect.anything() } }])
    expect(trialText(tried, 'en')).toContain(', at a merchant in region 750000000 of kind 5411, by a card')
    expect(trialText(tried, 'ru')).toContain(', у продавца в регионе 750000000 вида 5411, по карте')
    expect(trialText(tried, 'kk')).toContain(', сатушы (өңірі 750000000, түрі 5411), кезеңде')
  })
})

describe('why not more', () => {
  test('a cap, by its name', () => {
    const tried = trial([caps({ perSale: tiyn(300_000) })])
    expect(told(tried).slice(0, 5)).toEqual([
      'bread: 4 0: allowance_used',
      'bread: 1 0: excluded',
      'milk: 4 0: allowance_used',
      'eggs: 3 0: allowance_used',
      'baby-food: 2 40000: allowance_used',
    ])
    expect(tried.schemes).toMatchObject([{ verdict: { amount: 300_000n, reducedBy: 'CAP_PER_SALE' } }])
  })

  test('the allowance', () => {
    const tried = trial([changed({ benefit: { kind: 'amount', perPeriod: tiyn(260_000) } })])
    expect(told(tried).slice(4)).toEqual([
      'baby-food: 2 0: allowance_used',
      'vegetables: 5 260000: paid',
      'drinks: - 0: not_listed',
    ])
    expect(tried.schemes).toMatchObject([{ verdict: { amount: 260_000n, reducedBy: null } }])
  })

  test.each<[string, Scheme, Partial<{ at: number; merchant: string }>]>([
    ['OUTSIDE_PERIOD', exampleScheme, { at: 0 }],
    ['MERCHANT_NOT_ALLOWED', exampleScheme, { merchant: 'other-shop' }],
    ['SCHEME_SUSPENDED', changed({ status: 'suspended' }), {}],
    ['SCHEME_ENDED', changed({ status: 'ended' }), {}],
    ['ALLOWANCE_USED', changed({ benefit: { kind: 'amount', perPeriod: tiyn(0) } }), {}],
    ['CAP_PER_SALE', caps({ perSale: tiyn(0) }), {}],
  ])('%s, and then it pays nothing of any line', (code, scheme, { at: moment, merchant }) => {
    const tried = trial([scheme], moment, merchant)
    expect(tried.schemes).toEqual([{ schemeId: 'food-discount', verdict: { refusal: code } }])
    expect(tried.lines.flatMap(({ schemes, why }) => [why, ...schemes.map(({ amount }) => amount)])).toEqual(
      tried.lines.flatMap(() => [null, 0n]),
    )
    expect([tried.left, tried.lines.map(({ left }) => left)]).toEqual([
      tried.total,
      tried.lines.map(({ total }) => total),
    ])
  })

  test('the hours', () => {
    const [january] = exampleScheme.periods
    if (january === undefined) throw new Error('the example has a period')
    const openings = [{ from: january.from, to: january.from + 1 }]
    const tried = trial([changed({ periods: [{ ...january, openings }] })], january.from + 1)
    expect(tried.schemes[0]?.verdict).toEqual({ refusal: 'OUTSIDE_HOURS' })
  })

  test('a price that is not above what the customer pays', () => {
    const dear = exampleScheme.goods.map((rule) =>
      rule.pays.kind === 'above' ? { ...rule, pays: { ...rule.pays, perUnit: tiyn(6_200) } } : rule,
    )
    expect(told(trial([changed({ goods: dear })]))).toContain('eggs: 3 0: own_part')
  })
})

describe('two schemes on one card', () => {
  const first = changed({ schemeId: 'bread-for-all', order: 1, goods: bread })

  test('pay in their order, whatever the order of the file', () => {
    const tried = trial([exampleScheme, first])
    expect(tried.schemes.map(({ schemeId }) => schemeId)).toEqual(['bread-for-all', 'food-discount'])
    expect(told(tried).slice(0, 3)).toEqual([
      'bread: 1 36000: 4 0: paid',
      'bread: 1 42000: 1 0: paid',
      // 30 % of 149 700 is 44 910: to a whole tenge 44 900.
      'milk: - 0: 4 44900: own_part',
    ])
  })

  test('each says why it does not pay, also where the other does', () => {
    const tried = trial([exampleScheme, { ...first, status: 'suspended' }])
    expect(tried.schemes.map(({ verdict }) => verdict)).toMatchObject([
      { refusal: 'SCHEME_SUSPENDED' },
      { amount: 499_700n },
    ])
    const nothing = trial([
      exampleScheme,
      {
        ...first,
        order: 9,
        goods: bread.map((rule) => ({ ...rule, goods: { by: 'category', categories: ['soap'] } })),
      },
    ])
    expect(nothing.schemes[1]?.verdict).toEqual({ refusal: 'NOTHING_ELIGIBLE' })
  })
})

test('the text says each line, what pays it, and what is left', () => {
  const text = trialText(trial([exampleScheme]), 'en')
    .replaceAll('\u00A0', ' ')
    .replaceAll('\u202F', ' ')
  expect(text).toContain('1. 2 × Bread (bread, 04870000000012) at 180,00 ₸: 360,00 ₸\n')
  expect(text).toContain('   food-discount pays 107,98 ₸ by rule 4\n   left to pay 252,02 ₸: the customer’s own part\n')
  expect(text).toContain('   food-discount pays nothing by rule 1\n   left to pay 420,00 ₸: these goods are excluded\n')
  expect(text).toContain('   food-discount pays 2 600,00 ₸ by rule 5\n   left to pay 0,00 ₸\n')
  expect(text).toContain('   food-discount pays nothing: no rule names these goods\n')
  expect(text).toContain('food-discount pays 4 997,00 ₸; 15 003,00 ₸ and 29 payments are left in period 2027-01\n')
  expect(text.endsWith('Total 8 567,00 ₸, paid 4 997,00 ₸, LEFT TO PAY 3 570,00 ₸')).toBe(true)
})

describe.each(languages)('in %s', (language) => {
  const refused = changed({ schemeId: 'other', merchants: ['other-shop'] })
  const text = trialText(trial([caps({ perSale: tiyn(300_000) }), refused]), language)

  test('the text says the same amounts, rules and codes, and leaves no place empty', () => {
    const figures = (said: string) => said.match(/[\d ]*\d,\d\d|CAP_\w+|MERCHANT_\w+|2027-01\b|\d{14}/g)?.toSorted()
    const plain = (said: string) => said.replaceAll(/[\u00A0\u202F]/g, ' ')
    const inEnglish = trialText(trial([caps({ perSale: tiyn(300_000) }), refused]), 'en')
    expect(figures(plain(text))).toEqual(figures(plain(inEnglish)))
    expect(text).not.toMatch(/undefined|null|\[object|\{\w+\}/)
  })

  test('the text is in its own alphabet, but for names and codes', () => {
    const other = { en: /\p{Script=Cyrillic}/u, ru: /[a-zәғқңөұүһі]/i, kk: /[a-z]/i }[language]
    const given = /[\d-]+T[\d:.]+Z|[A-Z]+(?:_[A-Z]+)+|[a-z]+(?:-[a-z]+)+|other|\(\S+?(?:, \d+)?\)|× [^(]+/g
    expect(text.split('\n').filter((line) => other.test(line.replace(given, '')))).toEqual([])
  })

  test('every reason has words of its own', () => {
    const { reasons } = trialWords[language]
    expect(new Set(lineReasons.map((reason) => reasons[reason])).size).toBe(lineReasons.length)
  })
})
