/**
 * The two schemes of the demonstration. Their time windows are computed here, where they are published, into UTC
 * instants: no till ever asks for a time zone (money-rules.md, "Time").
 */
import { compileCalendar } from '../../src/voucher/calendar-compile.ts'
import { dateOf, dayMs, minuteMs } from '../../src/voucher/calendar-time.ts'
import { weekdays, type Calendar } from '../../src/voucher/calendar.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Scheme, SchemePeriod } from '../../src/voucher/scheme.ts'

export const demoAgency = 'almaly-education'
export const demoCanteen = 'school-7-canteen'
export const demoShop = 'kokbazar-shop'

const hourMs = 3_600_000
/** Almaty is UTC+5 since 1 March 2024, without summer time: no host's zone data is asked. */
const almatyOffsetMinutes = 300

const almaty = { timeZone: 'Asia/Almaty', holidays: [], movedWorkingDays: [], otherHours: [] }

/** School days, Monday to Friday, open from 08:00 to 16:00 Almaty time: the week before `from` and a year on. */
export function schoolDays(from: number): SchemePeriod[] {
  const firstDay = dayInAlmaty(from) - 7
  const hours = [{ from: '08:00', to: '16:00' }]
  return periodsIn({
    ...almaty,
    firstDay: dateOf(firstDay),
    lastDay: dateOf(firstDay + 371),
    period: { kind: 'day' },
    hours: { monday: hours, tuesday: hours, wednesday: hours, thursday: hours, friday: hours },
  })
}

/** Calendar months of Almaty, open at any hour: the month of `from` and twelve on. */
export function months(from: number): SchemePeriod[] {
  const [year = 0, month = 0] = dateOf(dayInAlmaty(from)).split('-').map(Number)
  const dayOfMonth = (later: number, day: number) => dateOf(Date.UTC(year, month - 1 + later, day) / dayMs)
  const anyHour = [{ from: '00:00', to: '24:00' }]
  return periodsIn({
    ...almaty,
    firstDay: dayOfMonth(0, 1),
    lastDay: dayOfMonth(13, 0),
    period: { kind: 'month' },
    hours: Object.fromEntries(weekdays.map((weekday) => [weekday, anyHour])),
  })
}

function dayInAlmaty(instant: number): number {
  return Math.floor((instant + almatyOffsetMinutes * minuteMs) / dayMs)
}

function periodsIn(calendar: Calendar): SchemePeriod[] {
  const compiled = compileCalendar(calendar, () => almatyOffsetMinutes)
  if (!('periods' in compiled)) throw new Error(`no calendar: ${compiled.faults.map(({ code }) => code).join(', ')}`)
  return compiled.periods
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
