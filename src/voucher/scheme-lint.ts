/**
 * What is wrong with a scheme that has the right shape. A fault makes it unsafe to publish, and the ledger refuses it
 * (money-rules.md, "Offline": "Publishing refuses …"); a warning is allowed, but somebody should look: it is nearly
 * always a slip. The sentences are in `scheme-lint-texts.ts`.
 */
import { activationOf, hasLapsed } from './activation.ts'
import { capsSchema, type Caps } from './caps.ts'
import { cardRulesOf, countsOnCard, unsafePairOf } from './card-rules.ts'
import type { GoodsRule } from './goods.ts'
import { finding, type FaultCode, type Finding, type WarningCode } from './scheme-findings.ts'
import { languages } from './identifiers.ts'
import { formatTenge, smallestTiyn, tiynMax, type Tiyn } from './money.ts'
import { bridgeOf, goodsOf, unusedOf, type AnyScheme, type Scheme, type SchemePeriod, type Unused } from './scheme.ts'
import { dtByQr } from './tender.ts'
import { contains } from './where.ts'

/** Why the scheme must not be published: each place, in the order of its fields. */
export function faultsOf(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  return [
    ...(scheme.schemeId === dtByQr ? [finding('RESERVED_ID', ['schemeId'], { id: dtByQr })] : []),
    ...allowanceFaults(scheme),
    ...scheme.periods.flatMap(periodFaults),
    ...overlaps(scheme.periods),
    ...('localTime' in scheme ? offsetFaults(scheme) : []),
    ...goodsFaults(goodsOf(scheme)),
    ...carriedFaults(scheme),
    ...bridgeFaults(scheme),
    ...('where' in scheme ? whereFaults(scheme) : []),
    ...activationFaults(scheme),
    ...cardFaults(scheme),
  ]
}

function carriedFaults(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  const unused = unusedOf(scheme)
  const isOther = unused.kind === 'carries_over' && unused.atMost.kind !== scheme.benefit.kind
  return isOther ? [finding('CARRIED_OF_OTHER_KIND', ['unused', 'atMost', 'kind'])] : []
}

function bridgeFaults(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  const bridge = bridgeOf(scheme)
  const isOther = bridge !== undefined && bridge.kind !== scheme.benefit.kind
  return isOther ? [finding('BRIDGE_OF_OTHER_KIND', ['bridge', 'kind'])] : []
}

function allowanceFaults(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  if (allowanceOfPeriod(scheme) + carriedOf(scheme) <= tiynMax) return []
  return [finding('ALLOWANCE_TOO_LARGE', ['benefit'], { largest: formatTenge(tiynMax as Tiyn) })]
}

function periodFaults(
  { periodId: period, from, to, openings }: SchemePeriod,
  index: number,
  all: readonly SchemePeriod[],
): readonly Finding<FaultCode>[] {
  const path = ['periods', index]
  const isNamedBefore = all.findIndex(({ periodId }) => periodId === period) < index
  return [
    ...(isNamedBefore ? [finding('PERIOD_NAMED_TWICE', [...path, 'periodId'], { period })] : []),
    ...(from >= to ? [finding('PERIOD_EMPTY', path, { period })] : []),
    ...openings.flatMap((opening, place): readonly Finding<FaultCode>[] => {
      const at = [...path, 'openings', place]
      if (opening.from >= opening.to) return [finding('OPENING_EMPTY', at, { period })]
      return opening.from < from || opening.to > to ? [finding('OPENING_OUTSIDE_PERIOD', at, { period })] : []
    }),
  ]
}

/** Each period with its place in the scheme, in the order of time. */
function inOrderOfTime(periods: readonly SchemePeriod[]) {
  return periods.map((period, index) => ({ period, index })).toSorted((a, b) => a.period.from - b.period.from)
}

function overlaps(periods: readonly SchemePeriod[]): readonly Finding<FaultCode>[] {
  const ordered = inOrderOfTime(periods)
  return ordered.slice(1).flatMap(({ period, index }, place) => {
    const earlier = ordered[place]?.period
    if (earlier === undefined || earlier.to <= period.from) return []
    const values = { period: period.periodId, earlier: earlier.periodId }
    return [finding('PERIODS_OVERLAP', ['periods', index], values)]
  })
}

/** What the text says of local hours would be of other clocks. */
function offsetFaults({ localTime, periods }: Scheme): readonly Finding<FaultCode>[] {
  const offsets = localTime?.offsets ?? []
  const begins = Math.min(...periods.map(({ from }) => from))
  const at = offsets.findIndex(
    ({ from }, index) => from <= (offsets[index - 1]?.from ?? -1) || (index === 0 && from > begins),
  )
  return at < 0 ? [] : [finding('OFFSETS_OUT_OF_ORDER', ['localTime', 'offsets', at])]
}

/** A rule for goods that a rule before it names does nothing: whoever wrote it meant something else. */
function goodsFaults(rules: readonly GoodsRule[]): readonly Finding<FaultCode>[] {
  const named = new Map<string, number>()
  const twice = rules.flatMap(({ goods }, index) => {
    const names = goods.by === 'category' ? goods.categories : goods.gtins
    return names.flatMap((name) => {
      const earlier = named.get(`${goods.by} ${name}`)
      if (earlier === undefined) named.set(`${goods.by} ${name}`, index)
      const values = { goods: name, earlier: (earlier ?? index) + 1, rule: index + 1 }
      return earlier === undefined ? [] : [finding('GOODS_NAMED_TWICE', ['goods', index, 'goods'], values)]
    })
  })
  const paysNothing = rules.every(({ pays }) => pays.kind === 'nothing')
  return paysNothing ? [...twice, finding('NO_GOODS_PAID', ['goods'])] : twice
}

/** The first payment is the activation: it must come before the end of the time for it. */
function activationFaults(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  const openings = scheme.periods.flatMap((period) => period.openings.map(({ from }) => from))
  return hasLapsed(scheme, Math.min(...openings)) ? [finding('ACTIVATION_IMPOSSIBLE', ['activation', 'until'])] : []
}

/** Money-rules.md, "Offline" (publishing refuses pairs that cannot be safe); architecture.md, "Cards". */
function cardFaults(scheme: AnyScheme): readonly Finding<FaultCode>[] {
  const { accepts, uidOffline } = cardRulesOf(scheme)
  const sellsOffline = scheme.offline.policy !== 'deny'
  const provesNothing = accepts.some((profile) => profile === 'uid' || profile === 'ntag21x')
  const above = uidOffline === undefined ? [] : capNames.filter((name) => uidOffline.caps[name] > scheme.caps[name])
  return [
    ...(activationOf(scheme) !== undefined && provesNothing
      ? [finding('ACTIVATION_WITHOUT_PROOF', ['cards', 'accepts'])]
      : []),
    ...(sellsOffline && accepts.includes('ntag21x') ? [finding('CARD_NEVER_OFFLINE', ['cards', 'accepts'])] : []),
    ...(sellsOffline && accepts.includes('uid') && uidOffline === undefined
      ? [finding('UID_RISK_NOT_ACCEPTED', ['cards', 'uidOffline'])]
      : []),
    ...(unsafePairOf(scheme) === undefined ? [] : [finding('CARD_POLICY_OTHER_KIND', ['cards', 'accepts'])]),
    ...(countsOnCard(scheme) && activationOf(scheme) !== undefined
      ? [finding('CARD_POLICY_WITH_ACTIVATION', ['activation'])]
      : []),
    ...(countsOnCard(scheme) && unusedOf(scheme).kind === 'carries_over'
      ? [finding('CARD_POLICY_CARRIES_OVER', ['unused', 'kind'])]
      : []),
    ...above.map((name) => finding('UID_CAP_ABOVE_SCHEME', ['cards', 'uidOffline', 'caps', name], { cap: name })),
  ]
}

const capNames = Object.keys(capsSchema.shape) as (keyof Caps)[]

function whereFaults({ merchants, where }: Scheme): readonly Finding<FaultCode>[] {
  if (where === undefined) return []
  const isEverywhere = where.regions.length === 0 && where.kinds.length === 0
  return [
    ...(isEverywhere ? [finding('WHERE_IS_EVERYWHERE', ['where'])] : []),
    ...where.except.flatMap((merchant, index) =>
      merchants.includes(merchant)
        ? [finding('MERCHANT_NAMED_AND_EXCEPTED', ['where', 'except', index], { merchant })]
        : [],
    ),
  ]
}

/**
 * What somebody should look at, in the order of the fields. For a scheme without faults.
 *
 * @param at the moment of asking: a scheme whose periods are over by then never pays
 */
export function warningsOf(scheme: Scheme, at: number): readonly Finding<WarningCode>[] {
  return [
    ...nameWarnings(scheme),
    ...benefitWarnings(scheme),
    ...periodWarnings(scheme, at),
    ...merchantWarnings(scheme),
    ...scheme.goods.flatMap((rule, index) => goodsWarnings(scheme, rule, index)),
    ...activationWarnings(scheme, at),
    ...capWarnings(scheme),
    ...(scheme.offline.policy === 'deny' ? onlineOnlyWarnings(scheme) : offlineWarnings(scheme)),
    ...unusedWarnings(scheme, at),
    ...bridgeWarnings(scheme),
  ]
}

function nameWarnings({ name }: Scheme): readonly Finding<WarningCode>[] {
  const groups = [...Map.groupBy(languages, (language) => name[language].trim().toLowerCase()).values()]
  return groups
    .filter((same) => same.length > 1)
    .map((same) => finding('NAMES_EQUAL', ['name'], { languages: same.join(', '), name: name[same[0] ?? 'en'] }))
}

function benefitWarnings(scheme: Scheme): readonly Finding<WarningCode>[] {
  return mostPerTapOf(scheme) === 0n ? [finding('BENEFIT_IS_NOTHING', ['benefit'])] : []
}

function periodWarnings({ periods }: Scheme, at: number): readonly Finding<WarningCode>[] {
  const ordered = inOrderOfTime(periods).map(({ period }) => period)
  const last = ordered.at(-1)
  const gaps = ordered.slice(1).flatMap((period, place) => {
    const before = ordered[place]
    return before !== undefined && before.to < period.from
      ? [{ after: before.periodId, length: period.from - before.to }]
      : []
  })
  const [first] = gaps
  const longest = gaps.reduce((most, gap) => (gap.length > most.length ? gap : most), first ?? { after: '', length: 0 })
  return [
    ...(last !== undefined && last.to <= at
      ? [finding('PERIODS_ALL_PAST', ['periods'], { period: last.periodId })]
      : []),
    ...(first === undefined
      ? []
      : [
          finding('GAPS_BETWEEN_PERIODS', ['periods'], {
            count: gaps.length,
            first: first.after,
            longest: longest.after,
          }),
        ]),
  ]
}

function merchantWarnings({ merchants, where }: Scheme): readonly Finding<WarningCode>[] {
  if (merchants.length === 0 && where === undefined) return [finding('NO_MERCHANTS', ['merchants'])]
  const { regions, kinds, except } = where ?? { regions: [], kinds: [], except: [] }
  return [
    ...namedTwice(merchants).map(({ name: merchant, index }) =>
      finding('MERCHANT_NAMED_TWICE', ['merchants', index], { merchant }),
    ),
    ...regions.flatMap((region, index) => {
      const wider = regions.find((one, place) => contains(one, region) && (one !== region || place < index))
      return wider === undefined ? [] : [finding('REGION_IN_ANOTHER', ['where', 'regions', index], { region, wider })]
    }),
    ...namedTwice(kinds).map(({ name: kind, index }) =>
      finding('KIND_NAMED_TWICE', ['where', 'kinds', index], { kind }),
    ),
    ...namedTwice(except).map(({ name: merchant, index }) =>
      finding('MERCHANT_NAMED_TWICE', ['where', 'except', index], { merchant }),
    ),
  ]
}

/** Each name that a list has said before, at its second place. */
function namedTwice(names: readonly string[]): readonly { readonly name: string; readonly index: number }[] {
  const firstOf = new Map(names.map((name, index) => [name, index] as const).toReversed())
  return names.flatMap((name, index) => (firstOf.get(name) === index ? [] : [{ name, index }]))
}

function goodsWarnings(
  scheme: Scheme,
  { goods, unitsPerPiece, pays }: Scheme['goods'][number],
  index: number,
): readonly Finding<WarningCode>[] {
  const path = ['goods', index]
  const rule = index + 1
  const earlier = scheme.goods.slice(0, index).findIndex((one) => one.goods.by === 'category')
  const hasAmountPerUnit = pays.kind === 'up_to' || pays.kind === 'above'
  const { benefit, caps } = scheme
  // One sale may then take all that a beneficiary has for the period, at whatever price the merchant asks.
  const isUnbounded = pays.kind === 'above' && benefit.kind === 'amount' && caps.perSale >= benefit.perPeriod
  return [
    ...(goods.by === 'gtin' && earlier >= 0
      ? [finding('ARTICLES_AFTER_CATEGORIES', [...path, 'goods'], { rule, earlier: earlier + 1 })]
      : []),
    ...(unitsPerPiece > 1 && !hasAmountPerUnit
      ? [finding('UNITS_WITHOUT_MEANING', [...path, 'unitsPerPiece'], { rule, units: unitsPerPiece })]
      : []),
    ...(pays.kind === 'percent' && benefit.kind === 'count'
      ? [finding('PERCENT_OF_COUNT', [...path, 'pays'], { rule })]
      : []),
    ...(isUnbounded
      ? [finding('DISCOUNT_WITHOUT_BOUND', [...path, 'pays'], { rule, price: formatTenge(pays.perUnit) })]
      : []),
  ]
}

function activationWarnings(scheme: Scheme, at: number): readonly Finding<WarningCode>[] {
  const path = ['activation', 'until']
  if (hasLapsed(scheme, at)) return [finding('ACTIVATION_OVER', path)]
  const until = scheme.activation?.until
  const isNever = until !== undefined && scheme.periods.every((period) => period.to <= until)
  return isNever ? [finding('ACTIVATION_NEVER_LAPSES', path)] : []
}

/** The most that one tap can be paid. */
function mostPerTapOf({ benefit }: Scheme): Tiyn {
  return benefit.kind === 'count' ? benefit.maximumPerTap : benefit.perPeriod
}

/** What the benefit gives in a period; may be more than an amount can be. */
function allowanceOfPeriod({ benefit }: AnyScheme): bigint {
  return benefit.kind === 'count' ? benefit.maximumPerTap * BigInt(benefit.perPeriod) : benefit.perPeriod
}

/** The most that is carried into a period; may be more than an amount can be. */
function carriedOf(scheme: AnyScheme): bigint {
  const unused = unusedOf(scheme)
  if (unused.kind !== 'carries_over') return 0n
  const { atMost } = unused
  if (atMost.kind === 'amount') return smaller(atMost.amount, allowanceOfPeriod(scheme))
  return scheme.benefit.kind === 'count' ? scheme.benefit.maximumPerTap * BigInt(countCarriedOf(scheme)) : 0n
}

function countCarriedOf(scheme: AnyScheme): number {
  const unused = unusedOf(scheme)
  if (unused.kind !== 'carries_over' || unused.atMost.kind !== 'count' || scheme.benefit.kind !== 'count') return 0
  return Math.min(unused.atMost.count, scheme.benefit.perPeriod)
}

const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other)

function capWarnings(scheme: Scheme): readonly Finding<WarningCode>[] {
  const { benefit, caps } = scheme
  const carried = carriedOf(scheme)
  const tap = (mostPerTapOf(scheme) + (benefit.kind === 'amount' ? carried : 0n)) as Tiyn
  const allowance = allowanceOfPeriod(scheme)
  const most = benefit.kind === 'count' ? benefit.perPeriod + countCarriedOf(scheme) : 0
  const ofSale = { cap: formatTenge(caps.perSale), tap: formatTenge(tap) }
  const ofPeriod = { cap: formatTenge(caps.perBeneficiaryAndPeriod), allowance: formatTenge(allowance as Tiyn) }
  return [
    ...(caps.perSale === 0n
      ? [finding('CAP_IS_NOTHING', ['caps', 'perSale'], { cap: 'perSale' })]
      : caps.perSale > tap
        ? [finding('PER_SALE_NEVER_REACHED', ['caps', 'perSale'], ofSale)]
        : benefit.kind === 'count' && caps.perSale < tap
          ? [finding('PER_SALE_BELOW_TAP', ['caps', 'perSale'], ofSale)]
          : []),
    ...(caps.perBeneficiaryAndPeriod === 0n
      ? [finding('CAP_IS_NOTHING', ['caps', 'perBeneficiaryAndPeriod'], { cap: 'perBeneficiaryAndPeriod' })]
      : caps.perBeneficiaryAndPeriod > allowance + carried
        ? [
            finding('PERIOD_CAP_NEVER_REACHED', ['caps', 'perBeneficiaryAndPeriod'], {
              ...ofPeriod,
              allowance: formatTenge((allowance + carried) as Tiyn),
            }),
          ]
        : caps.perBeneficiaryAndPeriod < allowance
          ? [finding('PERIOD_CAP_BELOW_ALLOWANCE', ['caps', 'perBeneficiaryAndPeriod'], ofPeriod)]
          : []),
    ...(benefit.kind === 'count' && caps.countPerBeneficiary < benefit.perPeriod
      ? [
          finding('COUNT_CAP_BELOW_BENEFIT', ['caps', 'countPerBeneficiary'], {
            cap: caps.countPerBeneficiary,
            promised: benefit.perPeriod,
          }),
        ]
      : benefit.kind === 'count' && caps.countPerBeneficiary > most
        ? [
            finding('COUNT_CAP_NEVER_REACHED', ['caps', 'countPerBeneficiary'], {
              cap: caps.countPerBeneficiary,
              promised: most,
            }),
          ]
        : []),
  ]
}

function unusedWarnings(scheme: Scheme, at: number): readonly Finding<WarningCode>[] {
  const unused = unusedOf(scheme)
  const last = inOrderOfTime(scheme.periods).at(-1)?.period
  switch (unused.kind) {
    case 'lapses':
      return []
    case 'carries_over':
      return unused.atMost.kind === scheme.benefit.kind ? carriedWarnings(scheme, unused.atMost) : []
    case 'returns':
      return [
        ...(last !== undefined && unused.by < last.to
          ? [finding('RETURN_BEFORE_LAST_PERIOD', ['unused', 'by'], { period: last.periodId })]
          : []),
        ...(unused.by <= at ? [finding('RETURN_DATE_PAST', ['unused', 'by'])] : []),
      ]
    default:
      return unused satisfies never
  }
}

/** The caps of a period bound its own allowance and what was carried into it together. */
function carriedWarnings(
  scheme: Scheme,
  atMost: Extract<Unused, { kind: 'carries_over' }>['atMost'],
): readonly Finding<WarningCode>[] {
  const { benefit, caps } = scheme
  const path = ['unused', 'atMost']
  const isNothing = atMost.kind === 'count' ? atMost.count === 0 : atMost.amount === 0n
  if (isNothing) return [finding('NOTHING_CARRIED', path)]
  const isNeverReached = (atMost.kind === 'count' ? atMost.count : atMost.amount) > benefit.perPeriod
  const allowance = allowanceOfPeriod(scheme)
  const whole = allowance + carriedOf(scheme)
  const cap = caps.perBeneficiaryAndPeriod
  const ofAmount = { cap: formatTenge(cap), whole: formatTenge(whole as Tiyn) }
  const own = benefit.kind === 'count' ? benefit.perPeriod : 0
  const most = own + countCarriedOf(scheme)
  const ofCount = { cap: caps.countPerBeneficiary, whole: most }
  return [
    ...(scheme.periods.length === 1 ? [finding('NO_PERIOD_TO_CARRY_TO', path)] : []),
    ...(isNeverReached ? [finding('CARRIED_NEVER_REACHED', path)] : []),
    ...(cap <= allowance
      ? [finding('CARRIED_WITHOUT_USE', ['caps', 'perBeneficiaryAndPeriod'], ofAmount)]
      : cap < whole
        ? [finding('CARRIED_CUT_BY_CAP', ['caps', 'perBeneficiaryAndPeriod'], ofAmount)]
        : []),
    ...(benefit.kind === 'count' && caps.countPerBeneficiary <= own
      ? [finding('CARRIED_WITHOUT_USE', ['caps', 'countPerBeneficiary'], ofCount)]
      : benefit.kind === 'count' && caps.countPerBeneficiary < most
        ? [finding('CARRIED_CUT_BY_CAP', ['caps', 'countPerBeneficiary'], ofCount)]
        : []),
  ]
}

function bridgeWarnings(scheme: Scheme): readonly Finding<WarningCode>[] {
  const { bridge, benefit, offline } = scheme
  if (bridge === undefined || bridge.kind !== benefit.kind) return []
  const lent = bridge.kind === 'count' ? BigInt(bridge.count) : bridge.amount
  const counted = benefit.kind === 'count' ? BigInt(benefit.perPeriod + countCarriedOf(scheme)) : undefined
  const most = counted ?? allowanceOfPeriod(scheme) + carriedOf(scheme)
  return [
    ...(lent === 0n ? [finding('BRIDGE_IS_NOTHING', ['bridge'])] : []),
    ...(lent > most ? [finding('BRIDGE_NEVER_REACHED', ['bridge'])] : []),
    ...(offline.policy !== 'lease-listed' ? [finding('BRIDGE_NEVER_NEEDED', ['bridge'])] : []),
  ]
}

function onlineOnlyWarnings({ offline }: Scheme): readonly Finding<WarningCode>[] {
  return offline.lossBearer.kind === 'agency' ? [finding('LOSS_WITHOUT_OFFLINE', ['offline', 'lossBearer'])] : []
}

function offlineWarnings(scheme: Scheme): readonly Finding<WarningCode>[] {
  const { caps, offline } = scheme
  const tap = smallestTiyn(mostPerTapOf(scheme), caps.perSale)
  const exposure = formatTenge(caps.terminalExposure)
  const isNever = caps.ageSinceSyncMs === 0 || offline.allowedPolicyAgeMs === 0
  return [
    ...(caps.terminalExposure < tap
      ? [finding('EXPOSURE_BELOW_TAP', ['caps', 'terminalExposure'], { exposure, tap: formatTenge(tap) })]
      : []),
    ...(isNever
      ? [finding('NEVER_OFFLINE', ['offline', 'policy'])]
      : caps.ageSinceSyncMs > offline.allowedPolicyAgeMs
        ? [finding('AGE_CAP_NEVER_REACHED', ['caps', 'ageSinceSyncMs'])]
        : []),
    ...(offline.lossBearer.kind === 'agency' && offline.lossBearer.upTo < caps.terminalExposure
      ? [
          finding('LOSS_BELOW_EXPOSURE', ['offline', 'lossBearer', 'upTo'], {
            upTo: formatTenge(offline.lossBearer.upTo),
            exposure,
          }),
        ]
      : []),
  ]
}
