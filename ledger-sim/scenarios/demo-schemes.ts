/**
 * The two schemes of the demonstration. Their time windows are computed here, where they are published, into UTC
 * instants: no till ever asks for a time zone (money-rules.md, "Time").
 */
import { tiyn } from '../../src/voucher/money.ts'
import type { Scheme, SchemePeriod } from '../../src/voucher/scheme.ts'

export const demoAgency = 'almaly-education'
export const demoCanteen = 'school-7-canteen'
export const demoShop = 'kokbazar-shop'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Almaty is UTC+5 since 1 March 2024, without summer time. */
const almatyOffsetMs = 5 * hourMs

/** School days, Monday to Friday, open from 08:00 to 16:00 Almaty time: the week before `from` and a year on. */
export function schoolDays(from: number): SchemePeriod[] {
  const firstDay = Math.floor((from + almatyOffsetMs) / dayMs) - 7
  return Array.from({ length: 372 }, (_, index) => firstDay + index)
    .filter((day) => ![0, 6].includes(weekdayOf(day)))
    .map((day) => {
      const start = day * dayMs - almatyOffsetMs
      return {
        periodId: new Date(day * dayMs).toISOString().slice(0, 10),
        from: start,
        to: start + dayMs,
        openings: [{ from: start + 8 * hourMs, to: start + 16 * hourMs }],
      }
    })
}

/** 1970-01-01 was a Thursday; 0 is Sunday. */
function weekdayOf(day: number): number {
  return (day + 4) % 7
}

/** Calendar months of Almaty, open at any hour: the month of `from` and twelve on. */
export function months(from: number): SchemePeriod[] {
  const local = new Date(from + almatyOffsetMs)
  return Array.from({ length: 13 }, (_, index) => {
    const start = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + index, 1)
    const end = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + index + 1, 1)
    const window = { from: start - almatyOffsetMs, to: end - almatyOffsetMs }
    return { periodId: new Date(start).toISOString().slice(0, 7), ...window, openings: [window] }
  })
}

const offline = {
  policy: 'lease-listed' as const,
  allowedPolicyAgeMs: 72 * hourMs,
  lossBearer: { kind: 'agency' as const, upTo: tiyn(5_000_000n) },
}

function wholePriceOf(category: string): Scheme['goods'] {
  return [{ goods: { by: 'category', categories: [category] }, unitsPerPiece: 1, pays: { kind: 'whole' } }]
}

export function schoolLunch(from: number): Scheme {
  return {
    schemeId: 'school-lunch',
    version: 1,
    agencyId: demoAgency,
    name: { kk: 'Мектептегі түскі ас', ru: 'Школьный обед', en: 'School lunch' },
    status: 'active',
    benefit: { kind: 'count', perPeriod: 1, maximumPerTap: tiyn(120_000n) },
    periods: schoolDays(from),
    merchants: [demoCanteen],
    goods: wholePriceOf('school-lunch'),
    caps: {
      perSale: tiyn(120_000n),
      perBeneficiaryAndPeriod: tiyn(120_000n),
      countPerBeneficiary: 1,
      terminalExposure: tiyn(10_000_000n),
      ageSinceSyncMs: 72 * hourMs,
    },
    offline,
    order: 1,
  }
}

export function foodVoucher(from: number): Scheme {
  return {
    schemeId: 'food-voucher',
    version: 1,
    agencyId: demoAgency,
    name: { kk: 'Азық-түлік ваучері', ru: 'Продуктовый ваучер', en: 'Food voucher' },
    status: 'active',
    benefit: { kind: 'amount', perPeriod: tiyn(2_500_000n) },
    periods: months(from),
    merchants: [demoCanteen, demoShop],
    goods: wholePriceOf('food'),
    caps: {
      perSale: tiyn(2_500_000n),
      perBeneficiaryAndPeriod: tiyn(2_500_000n),
      countPerBeneficiary: 100,
      terminalExposure: tiyn(20_000_000n),
      ageSinceSyncMs: 72 * hourMs,
    },
    offline,
    order: 2,
  }
}
