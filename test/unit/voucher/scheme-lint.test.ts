/**
 * Method: the scheme of the documents has neither fault nor warning; each finding is brought about by the one change
 * that it is about, and stands alone.
 */
import { describe, expect, it, test } from 'vitest'
import { foodVoucher, schoolLunch } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { languages } from '../../../src/voucher/identifiers.ts'
import { formatTenge, tiyn, tiynMax } from '../../../src/voucher/money.ts'
import {
  faultCodes,
  warningCodes,
  type FaultCode,
  type Finding,
  type WarningCode,
} from '../../../src/voucher/scheme-findings.ts'
import { faultsOf, warningsOf } from '../../../src/voucher/scheme-lint.ts'
import { findingTexts, sentenceOf } from '../../../src/voucher/scheme-lint-texts.ts'
import { schemeSchema, type Scheme, type SchemePeriod } from '../../../src/voucher/scheme.ts'
import type { Where } from '../../../src/voucher/where.ts'
import { cardFaults } from '../../fixtures/card-faults.ts'
import { exampleScheme as good } from '../../fixtures/example-scheme.ts'

const before = Date.UTC(2026, 11, 1)
const [january, february, march] = good.periods as [SchemePeriod, SchemePeriod, SchemePeriod]
const lastMoment = march.to

const lint = (scheme: Scheme, at = before): readonly Finding[] => [...faultsOf(scheme), ...warningsOf(scheme, at)]
const caps = (change: Partial<Scheme['caps']>): Partial<Scheme> => ({ caps: { ...good.caps, ...change } })
type AtTill = Exclude<Scheme['offline'], { policy: 'card' }>
const atTill = good.offline as AtTill
const offline = (change: Partial<AtTill>): Partial<Scheme> => ({ offline: { ...atTill, ...change } })
const where = (change: Partial<Where>): Partial<Scheme> => ({
  where: { regions: [], kinds: [], except: [], ...change },
})
const goods = (...rules: Scheme['goods']): Partial<Scheme> => ({ goods: rules })
const food = (change: Partial<Scheme['goods'][number]> = {}): Scheme['goods'][number] => ({
  goods: { by: 'category', categories: ['food'] },
  unitsPerPiece: 1,
  pays: { kind: 'whole' },
  ...change,
})
const bridge = (amount: number): Partial<Scheme> => ({ bridge: { kind: 'amount', amount: tiyn(amount) } })
const unused = (how: Scheme['unused']): Partial<Scheme> => ({ unused: how })
const carried = (amount: number): Partial<Scheme> =>
  unused({ kind: 'carries_over', atMost: { kind: 'amount', amount: tiyn(amount) } })
const lunchesCarried = (count: number): Partial<Scheme> =>
  unused({ kind: 'carries_over', atMost: { kind: 'count', count } })
/** Three lunches of up to 1 000 ₸, with the caps that fit. */
const lunches = {
  ...good,
  ...goods(food()),
  benefit: { kind: 'count', perPeriod: 3, maximumPerTap: tiyn(100_000) },
  caps: { ...good.caps, perSale: tiyn(100_000), perBeneficiaryAndPeriod: tiyn(300_000), countPerBeneficiary: 3 },
} as const satisfies Scheme
const lunchCaps = (change: Partial<Scheme['caps']>): Partial<Scheme> => ({
  ...lunches,
  caps: { ...lunches.caps, ...change },
})

const faults: readonly (readonly [FaultCode, string, Partial<Scheme>, path: string])[] = [
  ['RESERVED_ID', 'the id of payments by QR', { schemeId: 'dt-by-qr' }, 'schemeId'],
  [
    'PERIOD_NAMED_TWICE',
    'two periods of one name',
    { periods: [january, { ...february, periodId: january.periodId }] },
    'periods.1.periodId',
  ],
  [
    'OPENING_EMPTY',
    'an opening that ends as it begins',
    { periods: [{ ...january, openings: [...january.openings, { from: january.from, to: january.from }] }] },
    'periods.0.openings.1',
  ],
  [
    'OPENING_OUTSIDE_PERIOD',
    'an opening that begins one millisecond too early',
    { periods: [{ ...january, openings: [{ from: january.from - 1, to: january.to }] }] },
    'periods.0.openings.0',
  ],
  [
    'OPENING_OUTSIDE_PERIOD',
    'an opening that ends one millisecond too late',
    { periods: [{ ...january, openings: [{ from: january.from, to: january.to + 1 }] }] },
    'periods.0.openings.0',
  ],
  [
    'PERIODS_OVERLAP',
    'two periods with one millisecond in common, in the wrong order in the file',
    { periods: [{ ...february, from: january.to - 1 }, january] },
    'periods.0',
  ],
  [
    'OFFSETS_OUT_OF_ORDER',
    'an offset from an earlier moment than the one before it',
    {
      localTime: {
        timeZone: 'Asia/Almaty',
        offsets: [january.from, february.from, february.from].map((from) => ({ from, utcOffsetMinutes: 300 })),
      },
    },
    'localTime.offsets.2',
  ],
  [
    'OFFSETS_OUT_OF_ORDER',
    'clocks that are known only after the first period has begun',
    { localTime: { timeZone: 'Asia/Almaty', offsets: [{ from: january.from + 1, utcOffsetMinutes: 300 }] } },
    'localTime.offsets.0',
  ],
  ['GOODS_NAMED_TWICE', 'goods in two rules', goods(food({ pays: { kind: 'nothing' } }), food()), 'goods.1.goods'],
  [
    'CARRIED_OF_OTHER_KIND',
    'an amount that is carried as payments',
    unused({ kind: 'carries_over', atMost: { kind: 'count', count: 1 } }),
    'unused.atMost.kind',
  ],
  ['BRIDGE_OF_OTHER_KIND', 'an advance that is counted', { bridge: { kind: 'count', count: 1 } }, 'bridge.kind'],
  ['WHERE_IS_EVERYWHERE', 'neither region nor kind', where({ except: ['shop-1'] }), 'where'],
  [
    'MERCHANT_NAMED_AND_EXCEPTED',
    'a merchant that is named and excepted',
    { merchants: ['shop-1', 'shop-2'], ...where({ kinds: ['5411'], except: ['shop-3', 'shop-2'] }) },
    'where.except.1',
  ],
  [
    'ACTIVATION_IMPOSSIBLE',
    'a time for activation that ends as the scheme opens',
    { activation: { by: 'beneficiary', until: january.from } },
    'activation.until',
  ],
  ...cardFaults,
  ['NO_GOODS_PAID', 'only exclusions', goods(food({ pays: { kind: 'nothing' } })), 'goods'],
]

const warnings: readonly (readonly [WarningCode, string, Partial<Scheme>, path: string])[] = [
  ['NAMES_EQUAL', 'a name that was copied', { name: { ...good.name, kk: good.name.ru } }, 'name'],
  ['GAPS_BETWEEN_PERIODS', 'a month left out', { periods: [january, march] }, 'periods'],
  [
    'GAPS_BETWEEN_PERIODS',
    'a gap of one millisecond',
    {
      periods: [
        {
          ...january,
          to: january.to - 1,
          openings: [{ from: january.from, to: january.to - 1 }],
        },
        february,
      ],
    },
    'periods',
  ],
  ['NO_MERCHANTS', 'no merchant', { merchants: [] }, 'merchants'],
  [
    'MERCHANT_NAMED_TWICE',
    'an exception twice',
    where({ kinds: ['5411'], except: ['shop-8', 'shop-9', 'shop-8'] }),
    'where.except.2',
  ],
  ['REGION_IN_ANOTHER', 'a town of a region', where({ regions: ['111010000', '110000000'] }), 'where.regions.0'],
  ['REGION_IN_ANOTHER', 'a region twice', where({ regions: ['750000000', '750000000'] }), 'where.regions.1'],
  [
    'ACTIVATION_NEVER_LAPSES',
    'a time for activation until after the last moment',
    { activation: { by: 'beneficiary', until: lastMoment + 1 } },
    'activation.until',
  ],
  ['KIND_NAMED_TWICE', 'a kind twice', where({ kinds: ['5411', '5814', '5411'] }), 'where.kinds.2'],
  ['MERCHANT_NAMED_TWICE', 'a merchant twice', { merchants: ['shop-1', 'shop-2', 'shop-1'] }, 'merchants.2'],
  [
    'ARTICLES_AFTER_CATEGORIES',
    'an exclusion that comes too late',
    goods(food(), food({ goods: { by: 'gtin', gtins: ['04870000000012'] }, pays: { kind: 'nothing' } })),
    'goods.1.goods',
  ],
  ['UNITS_WITHOUT_MEANING', 'units of a whole price', goods(food({ unitsPerPiece: 6 })), 'goods.0.unitsPerPiece'],
  [
    'PERCENT_OF_COUNT',
    'a discount that is counted in payments',
    { ...lunches, ...goods(food({ pays: { kind: 'percent', percent: 10, roundedTo: 'tiyn' } })) },
    'goods.0.pays',
  ],
  [
    'DISCOUNT_WITHOUT_BOUND',
    'a capped price and no limit of a sale',
    { ...goods(food({ pays: { kind: 'above', perUnit: tiyn(100) } })), ...caps({ perSale: tiyn(2_000_000) }) },
    'goods.0.pays',
  ],
  ['CAP_IS_NOTHING', 'a sale of nothing', caps({ perSale: tiyn(0) }), 'caps.perSale'],
  [
    'CAP_IS_NOTHING',
    'a beneficiary of nothing',
    caps({ perBeneficiaryAndPeriod: tiyn(0) }),
    'caps.perBeneficiaryAndPeriod',
  ],
  ['PER_SALE_BELOW_TAP', 'a lunch that is cut', lunchCaps({ perSale: tiyn(99_999) }), 'caps.perSale'],
  ['PER_SALE_NEVER_REACHED', 'a sale above a lunch', lunchCaps({ perSale: tiyn(100_001) }), 'caps.perSale'],
  [
    'PER_SALE_NEVER_REACHED',
    'a sale above the period',
    { ...caps({ perSale: tiyn(2_000_001) }), ...goods(food()) },
    'caps.perSale',
  ],
  [
    'PERIOD_CAP_BELOW_ALLOWANCE',
    'a period that is cut',
    caps({ perBeneficiaryAndPeriod: tiyn(1_999_999) }),
    'caps.perBeneficiaryAndPeriod',
  ],
  [
    'PERIOD_CAP_NEVER_REACHED',
    'more than three lunches',
    lunchCaps({ perBeneficiaryAndPeriod: tiyn(300_001) }),
    'caps.perBeneficiaryAndPeriod',
  ],
  [
    'COUNT_CAP_BELOW_BENEFIT',
    'two lunches of three',
    lunchCaps({ countPerBeneficiary: 2 }),
    'caps.countPerBeneficiary',
  ],
  [
    'COUNT_CAP_NEVER_REACHED',
    'a fourth lunch of three',
    lunchCaps({ countPerBeneficiary: 4 }),
    'caps.countPerBeneficiary',
  ],
  [
    'EXPOSURE_BELOW_TAP',
    'a till that cannot sell one basket',
    caps({ terminalExposure: tiyn(499_999) }),
    'caps.terminalExposure',
  ],
  ['EXPOSURE_BELOW_TAP', 'a till that sells nothing', caps({ terminalExposure: tiyn(0) }), 'caps.terminalExposure'],
  [
    'AGE_CAP_NEVER_REACHED',
    'a till longer alone than its rules hold',
    caps({ ageSinceSyncMs: 86_400_001 }),
    'caps.ageSinceSyncMs',
  ],
  ['NEVER_OFFLINE', 'no time without the ledger', caps({ ageSinceSyncMs: 0 }), 'offline.policy'],
  ['NEVER_OFFLINE', 'rules that are always too old', offline({ allowedPolicyAgeMs: 0 }), 'offline.policy'],
  ['LOSS_WITHOUT_OFFLINE', 'a loss that cannot be', offline({ policy: 'deny' }), 'offline.lossBearer'],
  [
    'LOSS_BELOW_EXPOSURE',
    'a loss that one till can exceed',
    offline({ lossBearer: { kind: 'agency', upTo: tiyn(4_999_999) } }),
    'offline.lossBearer.upTo',
  ],
  ['BRIDGE_NEVER_NEEDED', 'nothing to bridge', { ...bridge(1), ...offline({ policy: 'lease-pool' }) }, 'bridge'],
  ['BRIDGE_IS_NOTHING', 'an advance of nothing', bridge(0), 'bridge'],
  ['BRIDGE_NEVER_REACHED', 'an advance of more than there is', bridge(2_000_001), 'bridge'],
  ['NOTHING_CARRIED', 'nothing that passes on', carried(0), 'unused.atMost'],
  [
    'NO_PERIOD_TO_CARRY_TO',
    'one period',
    { periods: [january], ...carried(500_000), ...caps({ perBeneficiaryAndPeriod: tiyn(2_500_000) }) },
    'unused.atMost',
  ],
  [
    'CARRIED_NEVER_REACHED',
    'more than a period has',
    { ...carried(2_000_001), ...caps({ perBeneficiaryAndPeriod: tiyn(4_000_000) }) },
    'unused.atMost',
  ],
  [
    'CARRIED_NEVER_REACHED',
    'more lunches than a period has',
    {
      ...lunchesCarried(4),
      ...lunchCaps({ perBeneficiaryAndPeriod: tiyn(600_000), countPerBeneficiary: 6 }),
    },
    'unused.atMost',
  ],
  [
    'CARRIED_WITHOUT_USE',
    'a limit of a period that leaves no room for it',
    { ...carried(500_000) },
    'caps.perBeneficiaryAndPeriod',
  ],
  [
    'CARRIED_WITHOUT_USE',
    'as many payments as before',
    { ...lunchesCarried(1), ...lunchCaps({ perBeneficiaryAndPeriod: tiyn(400_000) }) },
    'caps.countPerBeneficiary',
  ],
  [
    'CARRIED_CUT_BY_CAP',
    'a limit of a period that leaves room for a part of it',
    { ...carried(500_000), ...caps({ perBeneficiaryAndPeriod: tiyn(2_499_999) }) },
    'caps.perBeneficiaryAndPeriod',
  ],
  [
    'CARRIED_CUT_BY_CAP',
    'one payment more of two',
    { ...lunchesCarried(2), ...lunchCaps({ perBeneficiaryAndPeriod: tiyn(500_000), countPerBeneficiary: 4 }) },
    'caps.countPerBeneficiary',
  ],
  [
    'PERIOD_CAP_NEVER_REACHED',
    'more than a period with what was carried',
    { ...carried(500_000), ...caps({ perBeneficiaryAndPeriod: tiyn(2_500_001) }) },
    'caps.perBeneficiaryAndPeriod',
  ],
  [
    'COUNT_CAP_NEVER_REACHED',
    'a fifth lunch of four',
    { ...lunchesCarried(1), ...lunchCaps({ perBeneficiaryAndPeriod: tiyn(400_000), countPerBeneficiary: 5 }) },
    'caps.countPerBeneficiary',
  ],
  [
    'PER_SALE_NEVER_REACHED',
    'a sale above a period with what was carried',
    {
      ...goods(food()),
      ...carried(500_000),
      ...caps({ perSale: tiyn(2_500_001), perBeneficiaryAndPeriod: tiyn(2_500_000) }),
    },
    'caps.perSale',
  ],
  [
    'RETURN_BEFORE_LAST_PERIOD',
    'a return one millisecond too early',
    unused({ kind: 'returns', by: lastMoment - 1 }),
    'unused.by',
  ],
]

describe('a scheme', () => {
  it('of the documents has neither fault nor warning, nor have lunches with caps that fit', () => {
    expect([lint(good), lint(lunches)]).toEqual([[], []])
  })

  it.each([...faults, ...warnings])('has %s for %s, and nothing else', (code, _what, change, path) => {
    const scheme = { ...good, ...change }
    expect(schemeSchema.safeParse(schemeSchema.encode(scheme)).success).toBe(true)
    const found = lint(scheme)
    expect(found.map((one) => `${one.code} ${one.path.join('.')}`)).toEqual([`${code} ${path}`])
  })

  it('has a fault in a period that ends before it begins', () => {
    const [period] = [{ ...january, from: january.to, to: january.from }]
    expect(faultsOf({ ...good, periods: [period] }).map((one) => one.code)).toContain('PERIOD_EMPTY')
    expect(faultsOf({ ...good, periods: [{ ...january, to: january.from }] }).map((one) => one.code)).toContain(
      'PERIOD_EMPTY',
    )
  })

  it('has a fault in an allowance that no slot could carry, and may have the largest', () => {
    const largest = tiyn(tiynMax / 100n)
    const of = (maximumPerTap: typeof largest): Scheme => ({
      ...good,
      benefit: { kind: 'count', perPeriod: 100, maximumPerTap },
    })
    const codes = (scheme: Scheme) => lint(scheme).map((one) => one.code)
    expect(codes(of(largest))).not.toContain('ALLOWANCE_TOO_LARGE')
    expect(codes(of(tiyn(largest + 1n)))).toContain('ALLOWANCE_TOO_LARGE')
  })

  it('warns of a benefit of nothing', () => {
    expect(lint({ ...good, benefit: { kind: 'amount', perPeriod: tiyn(0) } }).map((one) => one.code)).toContain(
      'BENEFIT_IS_NOTHING',
    )
  })

  it('warns of periods that are all over from the moment on in which the last one ends', () => {
    const codes = (at: number) => lint(good, at).map((one) => one.code)
    expect([codes(lastMoment - 1), codes(lastMoment)]).toEqual([[], ['PERIODS_ALL_PAST']])
  })

  it('warns of a return that is due from the moment on in which it is', () => {
    const returning = { ...good, ...unused({ kind: 'returns', by: lastMoment }) }
    const codes = (at: number) => lint(returning, at).map((one) => one.code)
    expect([codes(lastMoment - 1), codes(lastMoment)]).toEqual([[], ['PERIODS_ALL_PAST', 'RETURN_DATE_PAST']])
  })

  it('may carry over, and give the rest back, when its limits fit', () => {
    const whole = { ...good, ...carried(500_000), ...caps({ perBeneficiaryAndPeriod: tiyn(2_500_000) }) }
    const payments = {
      ...lunchesCarried(1),
      ...lunchCaps({ perBeneficiaryAndPeriod: tiyn(400_000), countPerBeneficiary: 4 }),
    }
    const lapsing = { ...good, ...unused({ kind: 'lapses' }) }
    expect([whole, { ...good, ...payments }, lapsing].map((one) => lint(one))).toEqual([[], [], []])
  })

  it('has a fault in what is carried to an allowance that no slot could carry', () => {
    const half = tiyn(tiynMax / 2n + 1n)
    const of: Scheme = { ...good, benefit: { kind: 'amount', perPeriod: half } }
    const carrying = unused({ kind: 'carries_over', atMost: { kind: 'amount', amount: half } })
    const codes = (scheme: Scheme) => faultsOf(scheme).map((one) => one.code)
    expect([codes(of), codes({ ...of, ...carrying })]).toEqual([[], ['ALLOWANCE_TOO_LARGE']])
  })

  it('warns from the moment on in which nobody can activate any more', () => {
    const until = february.from
    const codes = (at: number) =>
      lint({ ...good, activation: { by: 'beneficiary', until } }, at).map(({ code }) => code)
    expect([codes(until - 1), codes(until)]).toEqual([[], ['ACTIVATION_OVER']])
    expect(lint({ ...good, activation: { by: 'beneficiary' } })).toEqual([])
  })

  it('warns once of all gaps, with how many they are and the longest of them', () => {
    const week = (number: number, days: number): SchemePeriod => {
      const from = january.from + number * 7 * 86_400_000
      const window = { from, to: from + days * 86_400_000 }
      return { periodId: `week-${number}`, ...window, openings: [window] }
    }
    const [gaps, ...others] = lint({ ...good, periods: [week(0, 5), week(1, 4), week(2, 5)] })
    expect([gaps?.code, gaps?.values, others]).toEqual([
      'GAPS_BETWEEN_PERIODS',
      { count: '2', first: 'week-0', longest: 'week-1' },
      [],
    ])
  })

  it('may leave an exclusion of articles before the kinds of goods, and goods that both name', () => {
    const article = food({ goods: { by: 'gtin', gtins: ['04870000000012'] }, pays: { kind: 'nothing' } })
    expect(lint({ ...good, ...goods(article, food()) })).toEqual([])
  })
})

test('the demonstration’s schemes have no fault, and the warnings that they are known for', () => {
  const told = (scheme: Scheme) => [
    faultsOf(scheme),
    warningsOf(scheme, before).map((one) => `${one.code} ${one.path.join('.')}`),
  ]
  const loss = 'LOSS_BELOW_EXPOSURE offline.lossBearer.upTo'
  expect(told(schoolLunch(before))).toEqual([[], ['GAPS_BETWEEN_PERIODS periods', loss]])
  expect(told(foodVoucher(before))).toEqual([[], [loss]])
})

describe('sentences', () => {
  test('are tried above, each code', () => {
    const elsewhere = [
      'PERIOD_EMPTY',
      'ALLOWANCE_TOO_LARGE',
      'BENEFIT_IS_NOTHING',
      'PERIODS_ALL_PAST',
      'RETURN_DATE_PAST',
      'ACTIVATION_OVER',
    ]
    const codes = new Set([...faults, ...warnings].map(([code]) => code as string).concat(elsewhere))
    expect([...codes].toSorted()).toEqual([...faultCodes, ...warningCodes].toSorted())
  })

  test.each(languages)('in %s fill all their places, as whole sentences', (language) => {
    const extreme: Partial<Scheme>[] = [
      { periods: [{ ...january, from: january.to, to: january.from }] },
      { benefit: { kind: 'count', perPeriod: 100, maximumPerTap: tiyn(tiynMax) } },
      { benefit: { kind: 'amount', perPeriod: tiyn(0) } },
      unused({ kind: 'returns', by: lastMoment }),
      { activation: { by: 'beneficiary', until: lastMoment } },
    ]
    const all = [...[...faults, ...warnings].map(([, , change]) => change), ...extreme]
    const found = all.flatMap((change) => lint({ ...good, ...change }, lastMoment))
    const wrong = found.map((one) => sentenceOf(one, language)).filter((text) => !/^\p{Lu}?[^{}]*[.?]$/u.test(text))
    expect(wrong).toEqual([])
    expect(new Set(found.map((one) => one.code)).size).toBe(faultCodes.length + warningCodes.length)
  })

  test('have the same places in each language', () => {
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).toSorted()
    for (const { kk, ru, en } of Object.values(findingTexts))
      expect([places(kk), places(ru)]).toEqual([places(en), places(en)])
  })

  test('say the amounts', () => {
    const [found] = lint({ ...good, ...lunchCaps({ perSale: tiyn(99_999) }) })
    expect(found && sentenceOf(found, 'ru')).toBe(
      `За одну продажу платится не больше ${formatTenge(tiyn(99_999))}, а программа обещает за одну оплату ` +
        `${formatTenge(tiyn(100_000))}.`,
    )
  })
})
