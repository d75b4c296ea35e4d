/** Method: one valid scheme, and every way of spoiling one field of it. */
import { describe, expect, it } from 'vitest'
import { isOpenAt, periodAt, schemeSchema, type SchemePeriod } from '../../../src/voucher/scheme.ts'

const hour = 3_600_000
const monday = Date.UTC(2026, 10, 23)
const day = (number: number): SchemePeriod => ({
  periodId: `2026-11-${23 + number}`,
  from: monday + number * 24 * hour,
  to: monday + (number + 1) * 24 * hour,
  openings: [
    { from: monday + (number * 24 + 3) * hour, to: monday + (number * 24 + 7) * hour },
    { from: monday + (number * 24 + 7) * hour, to: monday + (number * 24 + 11) * hour },
  ],
})

const lunches = (pays: object) => ({ goods: { by: 'category', categories: ['lunch'] }, unitsPerPiece: 1, pays })
const articles = (...gtins: readonly string[]) => ({
  goods: { by: 'gtin', gtins },
  unitsPerPiece: 1,
  pays: { kind: 'whole' },
})

/** As it travels: amounts are strings. */
const wire = {
  schemeId: 'school-lunch',
  version: 1,
  agencyId: 'education-1',
  name: { kk: 'Мектептегі түскі ас', ru: 'Школьный обед', en: 'School lunch' },
  status: 'active',
  benefit: { kind: 'count', perPeriod: 1, maximumPerTap: '120000' },
  periods: [day(0), day(1)],
  merchants: ['canteen-1'],
  goods: [lunches({ kind: 'up_to', perUnit: '120000' })],
  caps: {
    perSale: '120000',
    perBeneficiaryAndPeriod: '120000',
    countPerBeneficiary: 1,
    terminalExposure: '12000000',
    ageSinceSyncMs: 24 * hour,
  },
  offline: {
    policy: 'lease-listed',
    allowedPolicyAgeMs: 24 * hour,
    lossBearer: { kind: 'agency', upTo: '5000000' },
  },
  order: 1,
}

describe('a scheme as data', () => {
  it('is read, with amounts as tiyn, and written again the same', () => {
    const scheme = schemeSchema.parse(wire)
    expect(scheme.caps.perSale).toBe(120_000n)
    expect(schemeSchema.encode(scheme)).toEqual(wire)
    expect(schemeSchema.safeParse({ ...wire, benefit: { kind: 'amount', perPeriod: '3000000' } }).success).toBe(true)
  })

  it.each<[string, object]>([
    ['a field that nobody knows', { colour: 'blue' }],
    ['no name in Kazakh', { name: { ru: 'Обед', en: 'Lunch' } }],
    ['an empty name', { name: { ...wire.name, kk: '' } }],
    ['an id with capitals', { schemeId: 'School-Lunch' }],
    ['an id with the separator of slot ids', { schemeId: 'school/lunch' }],
    ['version 0', { version: 0 }],
    ['a status of another list', { status: 'draft' }],
    ['an amount as a number', { benefit: { kind: 'count', perPeriod: 1, maximumPerTap: 120_000 } }],
    ['a negative amount', { benefit: { kind: 'amount', perPeriod: '-1' } }],
    ['no tap in a period', { benefit: { kind: 'count', perPeriod: 0, maximumPerTap: '1' } }],
    ['a benefit of two kinds', { benefit: { kind: 'amount', perPeriod: '1', maximumPerTap: '1' } }],
    ['no period', { periods: [] }],
    ['a period that never opens', { periods: [{ ...day(0), openings: [] }] }],
    ['a period with a date and time', { periods: [{ ...day(0), periodId: '2026-11-23 08:00' }] }],
    ['a moment with a fraction', { periods: [{ ...day(0), from: 0.5 }] }],
    ['no goods', { goods: [] }],
    ['goods of no category', { goods: [{ ...lunches({ kind: 'whole' }), goods: { by: 'category', categories: [] } }] }],
    ['a discount of everything', { goods: [lunches({ kind: 'percent', percent: 100, roundedTo: 'tiyn' })] }],
    ['a discount of nothing', { goods: [lunches({ kind: 'percent', percent: 0, roundedTo: 'tiyn' })] }],
    ['a price of nothing', { goods: [lunches({ kind: 'above', perUnit: '0' })] }],
    ['an article number of thirteen digits', { goods: [articles('4870000000012')] }],
    ['an article number with another check digit', { goods: [articles('04870000000013')] }],
    ['more than 72 hours without the ledger', { caps: { ...wire.caps, ageSinceSyncMs: 72 * hour + 1 } }],
    ['a cap missing', { caps: { ...wire.caps, perSale: undefined } }],
    ['nobody who bears the loss', { offline: { ...wire.offline, lossBearer: undefined } }],
    ['an unknown offline policy', { offline: { ...wire.offline, policy: 'always' } }],
  ])('is refused with %s', (_what, change) => {
    expect(schemeSchema.safeParse({ ...wire, ...change }).success).toBe(false)
  })
})

describe('periods and openings', () => {
  const scheme = schemeSchema.parse(wire)
  const idAt = (instant: number) => periodAt(scheme, instant)?.periodId

  it('begin with their first millisecond and end before their last', () => {
    expect([idAt(monday - 1), idAt(monday), idAt(monday + 24 * hour - 1)]).toEqual([
      undefined,
      '2026-11-23',
      '2026-11-23',
    ])
    expect([idAt(monday + 24 * hour), idAt(monday + 48 * hour - 1), idAt(monday + 48 * hour)]).toEqual([
      '2026-11-24',
      '2026-11-24',
      undefined,
    ])
  })

  it('open from the first millisecond of an opening to the one before its end, without a gap where two meet', () => {
    const openAt = (hours: number, by: number) => isOpenAt(day(0), monday + hours * hour + by)
    expect([openAt(3, -1), openAt(3, 0), openAt(7, -1), openAt(7, 0), openAt(11, -1), openAt(11, 0)]).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
  })
})
