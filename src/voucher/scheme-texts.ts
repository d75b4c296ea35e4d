/**
 * A scheme explained in plain words, in three languages, made from the data and nothing else: what an officer signs,
 * a school director reads and the till does are one thing. Says each rule, cap and amount; of long lists how long they
 * are, and how they begin.
 */
import { dateOf, dayMs, type UtcOffset } from './calendar-time.ts'
import { cardProfileSchema, type CardRules } from './card-rules.ts'
import type { Instant, Language } from './identifiers.ts'
import { formatTenge } from './money.ts'
import type { GoodsRule, Pays } from './goods.ts'
import { formatPeriod } from './receipt.ts'
import { clockText, localMs, weekOfHours, type WeekOfHours } from './scheme-hours.ts'
import { unusedOf, type Scheme, type SchemePeriod } from './scheme.ts'
import { en } from './scheme-words-en.ts'
import { kk } from './scheme-words-kk.ts'
import { ru } from './scheme-words-ru.ts'
import type { SchemeWords } from './scheme-words.ts'

export interface SchemeText {
  readonly title: string
  readonly sections: readonly { readonly heading: string; readonly lines: readonly string[] }[]
}

const words: Readonly<Record<Language, SchemeWords>> = { kk, ru, en }

const shownNames = 12
const shownPeriods = 3
const shownOpenings = 4
/** Somebody signs for these days: as a rule all of them. */
const shownDays = 60

export function schemeText(scheme: Scheme, language: Language): SchemeText {
  const say = words[language]
  return {
    title: `${scheme.name[language]} (${say.version(scheme.schemeId, scheme.version)})`,
    sections: [
      { heading: say.payer, lines: [say.agency(scheme.agencyId), say.status[scheme.status]] },
      {
        heading: say.benefit,
        lines: [benefitText(scheme, say), ...unusedTexts(scheme, say), ...activationTexts(scheme, say)],
      },
      { heading: say.goods, lines: [say.firstRuleHolds, ...scheme.goods.map((rule, at) => ruleText(rule, at, say))] },
      { heading: say.merchants, lines: merchantTexts(scheme, say) },
      { heading: say.periods, lines: periodTexts(scheme, say) },
      { heading: say.caps, lines: capTexts(scheme, say) },
      ...(scheme.cards === undefined ? [] : [{ heading: say.cards, lines: cardTexts(scheme, scheme.cards, say) }]),
      { heading: say.offline, lines: offlineTexts(scheme, say) },
      { heading: say.order, lines: [say.orderIs(scheme.order)] },
    ],
  }
}

/** The text for paper or a terminal: a heading, and its lines set in. */
export function plainText({ title, sections }: SchemeText): string {
  const parts = sections.map(({ heading, lines }) => [heading, ...lines.map((line) => `  ${line}`)].join('\n'))
  return [title, ...parts].join('\n\n')
}

function benefitText({ benefit }: Scheme, say: SchemeWords): string {
  return benefit.kind === 'count'
    ? say.payments(benefit.perPeriod, formatTenge(benefit.maximumPerTap))
    : say.allowance(formatTenge(benefit.perPeriod))
}

function unusedTexts(scheme: Scheme, say: SchemeWords): readonly string[] {
  const unused = unusedOf(scheme)
  switch (unused.kind) {
    case 'lapses':
      return [say.notCarriedOver]
    case 'carries_over': {
      const { atMost } = unused
      const first =
        atMost.kind === 'count' ? say.carriedPayments(atMost.count) : say.carriedOver(formatTenge(atMost.amount))
      return [first, say.carriedOnce]
    }
    case 'returns':
      return [say.notCarriedOver, say.returned(dateTime(unused.by, clocksOf(scheme)))]
    default:
      return unused satisfies never
  }
}

function activationTexts(scheme: Scheme, say: SchemeWords): readonly string[] {
  const { activation } = scheme
  if (activation === undefined) return []
  return [
    say.activation,
    activation.until === undefined
      ? say.activationAnyTime
      : say.activateBefore(dateTime(activation.until, clocksOf(scheme))),
  ]
}

/** One rule as the explanation numbers it: the first is 1. */
function ruleText({ goods, unitsPerPiece, pays }: GoodsRule, at: number, say: SchemeWords): string {
  const named =
    goods.by === 'category'
      ? say.categories(
          listed(
            goods.categories.map((name) => say.quotes.join(name)),
            say,
          ),
          goods.categories.length,
        )
      : say.articles(listed(goods.gtins, say), goods.gtins.length)
  const units = unitsPerPiece === 1 ? '' : ` ${say.unitsPerPiece(unitsPerPiece)}`
  return `${at + 1}. ${capitalised(named)}: ${paysText(pays, say)}${units}`
}

function paysText(pays: Pays, say: SchemeWords): string {
  switch (pays.kind) {
    case 'nothing':
      return say.paysNothing
    case 'whole':
      return say.paysWhole
    case 'up_to':
      return say.paysUpTo(formatTenge(pays.perUnit))
    case 'percent':
      return say.paysPercent(pays.percent, pays.roundedTo)
    case 'above':
      return say.paysAbove(formatTenge(pays.perUnit))
    default:
      return pays satisfies never
  }
}

function merchantTexts({ merchants, where }: Scheme, say: SchemeWords): readonly string[] {
  const named = merchants.length === 0 ? [] : [say.atMerchants(listed(merchants, say), merchants.length)]
  if (where === undefined) return named.length === 0 ? [say.noMerchants] : named
  const { regions, kinds, except } = where
  const inGeneral = say.inGeneral({
    isFurther: named.length > 0,
    regions: regions.length === 0 ? null : listed(regions, say),
    kinds: kinds.length === 0 ? null : listed(kinds, say),
  })
  return [...named, inGeneral, ...(except.length === 0 ? [] : [say.except(listed(except, say))]), say.asRegistered]
}

function periodTexts(scheme: Scheme, say: SchemeWords): readonly string[] {
  const { periods, localTime } = scheme
  const clocks = clocksOf(scheme)
  const inOrder = periods.toSorted((a, b) => a.from - b.from)
  const first = inOrder.slice(0, shownPeriods)
  const from = Math.min(...periods.map((period) => period.from))
  const to = Math.max(...periods.map((period) => period.to))
  const week = localTime === undefined ? undefined : weekOfHours(periods, clocks)
  return [
    say.lasting(periods.length, dateTime(from, clocks), dateTime(to, clocks)),
    ...(week === undefined
      ? [
          say.firstHours(first.length),
          ...first.map((period) => `– ${period.periodId}: ${hoursText(period, clocks, say)}`),
        ]
      : [...firstPeriodTexts(inOrder, clocks, say), ...weekTexts(week, say)]),
    localTime === undefined ? say.zone : say.clocks(localTime.timeZone, offsetTexts(clocks, say)),
  ]
}

/** Where each day is a period, its hours say all there is to say. */
function firstPeriodTexts(
  inOrder: readonly SchemePeriod[],
  clocks: readonly UtcOffset[],
  say: SchemeWords,
): readonly string[] {
  if (inOrder.every(({ periodId, from }) => periodId === dateOf(Math.floor(localMs(from, clocks) / dayMs))))
    return [say.eachDayIsAPeriod]
  const first = inOrder.slice(0, shownPeriods)
  return [say.firstPeriods(first.length), ...first.map((one) => `– ${one.periodId}: ${windowText(one, clocks)}`)]
}

function weekTexts({ usual, other, closed }: WeekOfHours, say: SchemeWords): readonly string[] {
  const groups: { first: number; last: number; hours: string }[] = []
  for (const { weekday, hours } of usual) {
    const group = groups.at(-1)
    if (group?.hours === hours && group.last === weekday - 1) group.last = weekday
    else groups.push({ first: weekday, last: weekday, hours })
  }
  const name = (weekday: number) => say.weekdays[weekday] ?? ''
  const others = other.map(({ day, hours }) => `${formatPeriod(dateOf(day))} ${hours}`)
  const ranges = closed.map(({ first, last }) =>
    [...new Set([first, last])].map((day) => formatPeriod(dateOf(day))).join('–'),
  )
  const closedCount = closed.reduce((sum, { count }) => sum + count, 0)
  return [
    ...(groups.length === 0 ? [] : [say.usualHours]),
    ...groups.map(({ first, last, hours }) => `– ${[...new Set([first, last])].map(name).join('–')}: ${hours}`),
    ...(others.length === 0 ? [] : [`${say.otherHours(others.length)} ${listed(others, say, shownDays)}.`]),
    ...(ranges.length === 0 ? [] : [`${say.closedDays(closedCount)} ${listed(ranges, say, shownDays)}.`]),
  ]
}

function offsetTexts([first, ...later]: readonly UtcOffset[], say: SchemeWords): string {
  if (first === undefined) return ''
  const changes = later.map(({ from, utcOffsetMinutes }, index) => {
    const before = [first, ...later][index] ?? first
    return say.offsetFrom(offsetText(utcOffsetMinutes), dateTime(from, [before]))
  })
  return [offsetText(first.utcOffsetMinutes), ...changes].join(', ')
}

/** "UTC+5", "UTC-3:30" */
export function offsetText(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`
}

function hoursText({ from, to, openings }: SchemePeriod, clocks: readonly UtcOffset[], say: SchemeWords): string {
  const [only] = openings
  if (openings.length === 1 && only?.from === from && only.to === to) return say.anyHour
  const hours = openings.toSorted((a, b) => a.from - b.from).map((opening) => windowText(opening, clocks))
  return listed(hours, say, shownOpenings)
}

/** "23.11.2026 08:00–16:00", or with both dates. */
function windowText(
  { from, to }: { readonly from: Instant; readonly to: Instant },
  clocks: readonly UtcOffset[],
): string {
  const isOneDay = date(from, clocks) === date(to, clocks)
  return isOneDay
    ? `${dateTime(from, clocks)}–${time(to, clocks)}`
    : `${dateTime(from, clocks)} – ${dateTime(to, clocks)}`
}

function capTexts({ caps }: Pick<Scheme, 'caps'>, say: SchemeWords): readonly string[] {
  return [
    say.perSale(formatTenge(caps.perSale)),
    say.perBeneficiaryAndPeriod(formatTenge(caps.perBeneficiaryAndPeriod)),
    say.countPerBeneficiary(caps.countPerBeneficiary),
  ]
}

function cardTexts(scheme: Scheme, { accepts, uidOffline }: CardRules, say: SchemeWords): readonly string[] {
  const kinds = cardProfileSchema.options.filter((profile) => accepts.includes(profile))
  if (uidOffline === undefined) return kinds.map((profile) => say.cardKinds[profile])
  const { acceptance, caps } = uidOffline
  return [
    ...kinds.map((profile) => say.cardKinds[profile]),
    say.uidOffline(acceptance.by, date(acceptance.at, clocksOf(scheme)), say.quotes.join(acceptance.words)),
    ...capTexts({ caps }, say),
    say.terminalExposure(formatTenge(caps.terminalExposure)),
    say.ageSinceSync(durationText(caps.ageSinceSyncMs, say)),
  ]
}

function offlineTexts({ bridge, caps, offline }: Scheme, say: SchemeWords): readonly string[] {
  return [
    say.offlinePolicy[offline.policy],
    ...(offline.policy === 'deny' ? [say.notInUse] : []),
    ...(offline.policy === 'card'
      ? [say.pinAbove(offline.pinAbove === null ? null : formatTenge(offline.pinAbove))]
      : []),
    say.terminalExposure(formatTenge(caps.terminalExposure)),
    say.ageSinceSync(durationText(caps.ageSinceSyncMs, say)),
    say.allowedPolicyAge(durationText(offline.allowedPolicyAgeMs, say)),
    offline.lossBearer.kind === 'agency' ? say.agencyBears(formatTenge(offline.lossBearer.upTo)) : say.merchantBears,
    ...bridgeTexts(bridge, say),
  ]
}

function bridgeTexts(bridge: Scheme['bridge'], say: SchemeWords): readonly string[] {
  if (bridge === undefined) return []
  return [bridge.kind === 'count' ? say.bridgedPayments(bridge.count) : say.bridged(formatTenge(bridge.amount))]
}

function listed(names: readonly string[], say: SchemeWords, most = shownNames): string {
  const shown = names.slice(0, most).join(', ')
  return names.length <= most ? shown : `${shown} ${say.andMore(names.length - most)}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** "72 h", "1 h 30 min"; nothing is "0 h". */
function durationText(durationMs: number, { durations }: SchemeWords): string {
  const parts = [
    [Math.floor(durationMs / 3_600_000), durations.hours],
    [Math.floor(durationMs / 60_000) % 60, durations.minutes],
    [Math.floor(durationMs / 1_000) % 60, durations.seconds],
    [durationMs % 1_000, durations.milliseconds],
  ] as const
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`)
  return said.length === 0 ? `0 ${durations.hours}` : said.join(' ')
}

/** All of Kazakhstan has one offset, UTC+5, since 1 March 2024; no host is asked (money-rules.md, "Time"). */
const almaty: readonly UtcOffset[] = [{ from: 0, utcOffsetMinutes: 300 }]
const clocksOf = ({ localTime }: Scheme): readonly UtcOffset[] => localTime?.offsets ?? almaty

const digits = (number: number, length = 2): string => String(number).padStart(length, '0')

function date(instant: Instant, clocks: readonly UtcOffset[]): string {
  const at = new Date(localMs(instant, clocks))
  return `${digits(at.getUTCDate())}.${digits(at.getUTCMonth() + 1)}.${digits(at.getUTCFullYear(), 4)}`
}

function time(instant: Instant, clocks: readonly UtcOffset[]): string {
  // West of Greenwich the first hours of 1970 are of the year before.
  return clockText((localMs(instant, clocks) + dayMs) % dayMs)
}

function dateTime(instant: Instant, clocks: readonly UtcOffset[]): string {
  return `${date(instant, clocks)} ${time(instant, clocks)}`
}
