/**
 * What a tap can meet, in plain small numbers: amounts are counted in grains, and the test says how many tiyn a grain
 * is. Every moment that a rule speaks of is drawn together with the moments just before and just after it.
 */
import * as fc from 'fast-check'
import type { DecisionInput } from '../../../src/voucher/decide.ts'
import type { Pays } from '../../../src/voucher/goods.ts'
import { tiyn, type Tiyn } from '../../../src/voucher/money.ts'
import { cardArbitraries, cardsOf, type WorldCaps, type WorldCard } from './world-cards.ts'

export const hourMs = 3_600_000
const dayStart = Date.UTC(2026, 10, 23)
const merchantId = 'canteen-1'
const categories = ['bread', 'milk', 'soap'] as const
const gtins = ['04870000000012', '04870000000029', '00000096385074'] as const
const isCategory = (name: string) => categories.some((category) => category === name)
const schemeIds = ['food-a', 'food-b', 'lunch-c'] as const

export interface WorldPeriod {
  readonly periodId: string
  readonly from: number
  readonly to: number
  readonly openings: readonly { readonly from: number; readonly to: number }[]
}

export type WorldPays =
  | { readonly kind: 'nothing' | 'whole' }
  | { readonly kind: 'up_to' | 'above'; readonly perUnit: number }
  | { readonly kind: 'percent'; readonly percent: number; readonly tenge: boolean }

/** A rule for goods; of `categories` and `gtins` one is empty. */
export interface WorldGoods {
  readonly categories: readonly string[]
  readonly gtins: readonly string[]
  readonly unitsPerPiece: number
  readonly pays: WorldPays
}

export interface WorldWhere {
  readonly regions: readonly string[]
  readonly kinds: readonly string[]
  readonly except: readonly string[]
}

export interface WorldScheme {
  readonly schemeId: string
  readonly order: number
  readonly status: 'active' | 'suspended' | 'ended'
  readonly kind: 'count' | 'amount'
  readonly maximumPerTap: number
  readonly periods: readonly WorldPeriod[]
  readonly merchants: readonly string[]
  readonly where: WorldWhere | null
  /** Until when it has to be activated. */
  readonly activateUntil: number | null
  /** Kinds of cards with which it pays. */
  readonly accepts: readonly WorldCard[]
  /** Of `uid` cards without network; null: they do not pay there. */
  readonly uidCaps: WorldCaps | null
  readonly goods: readonly WorldGoods[]
  readonly perSale: number
  readonly perBeneficiaryAndPeriod: number
  readonly countPerBeneficiary: number
  readonly terminalExposure: number
  readonly ageSinceSyncMs: number
  readonly offline: 'deny' | 'lease-listed' | 'lease-pool'
  readonly allowedPolicyAgeMs: number
}

export interface WorldSlot {
  readonly slotId: string
  readonly schemeId: string
  readonly periodId: string
  readonly countAllowed: number
  readonly amountAllowed: number
  readonly countSpent: number
  readonly amountSpent: number
}

export interface WorldLine {
  readonly line: number
  readonly category: string
  readonly gtin: string | null
  readonly quantity: number
  readonly unitPrice: number
}

export interface World {
  readonly mode: 'online' | 'offline'
  readonly now: number
  readonly merchantId: string
  /** As its bank says; each may be unsaid. */
  readonly merchantPlace: { readonly region: string | null; readonly kind: string | null }
  readonly blocked: boolean
  readonly profile: WorldCard
  /** Schemes that the card has not activated. */
  readonly notActivated: readonly string[]
  readonly clockTrusted: boolean
  readonly packageIssuedAt: number
  readonly lastSyncAt: number
  readonly schemes: readonly WorldScheme[]
  readonly slots: readonly WorldSlot[]
  readonly localSpends: readonly { readonly slotId: string; readonly amount: number }[]
  readonly leases: readonly {
    readonly schemeId: string
    readonly sellUntil: number
    /** Absent where the till holds slots. */
    readonly pool?: { readonly left: number; readonly sold: number }
  }[]
  readonly exposure: readonly { readonly schemeId: string; readonly amount: number }[]
  readonly lines: readonly WorldLine[]
  readonly covered: readonly { readonly line: number; readonly amount: number }[]
}

const oftenWide = (wide: number, narrow: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(wide) }, { weight: 2, arbitrary: narrow })
const mostly = <Value>(usual: Value, ...rare: readonly Value[]) =>
  fc.oneof({ weight: 14, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })
const amount = fc.nat({ max: 40 })

/** Periods of whole hours in one day, in order, sometimes touching; opened as a whole or in part. */
const periods: fc.Arbitrary<readonly WorldPeriod[]> = fc
  .record({
    marks: fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { minLength: 2, maxLength: 4 }),
    touching: fc.boolean(),
    late: fc.constantFrom(0, 0, 1),
    early: fc.constantFrom(0, 0, 1),
    broken: fc.boolean(),
  })
  .map(({ marks, touching, late, early, broken }) => {
    const sorted = marks.toSorted((a, b) => a - b).map((mark) => dayStart + mark * hourMs)
    const borders = sorted.slice(0, -1).map((from, index) => ({ from, to: sorted[index + 1] ?? from }))
    return borders
      .filter((_border, index) => touching || index % 2 === 0)
      .map(({ from, to }, index) => {
        const opens = from + late * (hourMs / 2)
        const closes = to - early * (hourMs / 4)
        const middle = (opens + closes) / 2
        const openings = broken
          ? [
              { from: opens, to: middle - 1 },
              { from: middle, to: closes },
            ]
          : [{ from: opens, to: closes }]
        return { periodId: `period-${index + 1}`, from, to, openings }
      })
  })

const perUnit = fc.integer({ min: 1, max: 12 })
const pays: fc.Arbitrary<WorldPays> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'whole' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'nothing' } as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('up_to', 'above'), perUnit }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('percent'),
      percent: fc.constantFrom(1, 7, 33, 50, 66, 99),
      tenge: fc.boolean(),
    }),
  },
)
const goods: fc.Arbitrary<WorldGoods> = fc
  .record({
    named: fc.oneof<fc.WeightedArbitrary<string[]>[]>(
      { weight: 3, arbitrary: fc.shuffledSubarray([...categories], { minLength: 1 }) },
      { weight: 1, arbitrary: fc.shuffledSubarray([...gtins], { minLength: 1 }) },
    ),
    unitsPerPiece: fc.constantFrom(1, 1, 1, 6),
    pays,
  })
  .map(({ named, ...rule }) => ({
    ...rule,
    categories: named.filter((name) => isCategory(name)),
    gtins: named.filter((name) => !isCategory(name)),
  }))

/** A village, its district and region; their neighbours at each level, some of which begin with the same digits. */
const village = '111033100'
const around = ['110000000', '111000000', '111033000', village]
const beside = ['111030000', '111033101', '111034000', '113000000', '710000000']
const where: fc.Arbitrary<WorldWhere> = fc.record({
  regions: fc.oneof(
    fc.constant([]),
    fc.shuffledSubarray([...around, ...beside], { minLength: 1, maxLength: 2 }),
    fc.constantFrom(...around).map((region) => [region]),
  ),
  kinds: fc.oneof(fc.constant([]), fc.shuffledSubarray(['5411', '5814', '8211'], { minLength: 1, maxLength: 2 })),
  except: mostly<readonly string[]>(['shop-2'], [merchantId]),
})
/** By name, or in general, or both. */
const sellers = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ merchants: mostly([merchantId, 'shop-2'], ['shop-2'], []), where: fc.constant(null) }),
  },
  { weight: 2, arbitrary: fc.record({ merchants: fc.constantFrom([], ['shop-2'], [merchantId]), where }) },
)

const scheme = (schemeId: string): fc.Arbitrary<WorldScheme> =>
  fc.tuple(sellers, termsOf(schemeId)).map(([seller, terms]) => ({ ...terms, ...seller }))

const termsOf = (schemeId: string): fc.Arbitrary<Omit<WorldScheme, 'merchants' | 'where'>> =>
  fc.record({
    schemeId: fc.constant(schemeId),
    order: fc.integer({ min: -1, max: 1 }),
    status: mostly<WorldScheme['status']>('active', 'suspended', 'ended'),
    kind: fc.constantFrom('count', 'amount'),
    maximumPerTap: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 60 }) }, fc.constant(0)),
    periods,
    goods: fc.array(goods, { minLength: 1, maxLength: 4 }),
    perSale: oftenWide(500, amount),
    perBeneficiaryAndPeriod: oftenWide(500, amount),
    countPerBeneficiary: oftenWide(50, fc.integer({ min: 1, max: 4 })),
    // Even, since an ageing package halves it.
    terminalExposure: oftenWide(
      500,
      amount.map((half) => 2 * half),
    ),
    ageSinceSyncMs: oftenWide(72 * hourMs, fc.constantFrom(0, hourMs)),
    offline: fc.constantFrom('lease-listed', 'lease-listed', 'lease-pool', 'lease-pool', 'deny'),
    allowedPolicyAgeMs: oftenWide(72 * hourMs, fc.constantFrom(0, hourMs)),
    activateUntil: fc.constant(null),
    ...cardArbitraries,
  })

/** Whether the card has to activate a scheme, until when from now on, and whether the till has a slot all the same. */
const waiting = fc.oneof(
  { weight: 9, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ until: fc.constantFrom(null, -1, 0, 1), hasSlot: mostly(false, true) }) },
)

const slotsOf = (schemes: readonly WorldScheme[]): fc.Arbitrary<readonly WorldSlot[]> =>
  fc
    .tuple(
      ...schemes.flatMap((one) =>
        one.periods.map(({ periodId }) =>
          fc.option(
            fc.record({
              slotId: fc.constant(`${one.schemeId}/${'5b'.repeat(16)}/${periodId}`),
              schemeId: fc.constant(one.schemeId),
              periodId: fc.constant(periodId),
              countAllowed: oftenWide(6, fc.nat({ max: 4 })),
              amountAllowed: oftenWide(200, fc.nat({ max: 120 })),
              countSpent: fc.constantFrom(0, 0, 0, 0, 1, 4),
              amountSpent: fc.oneof(fc.constant(0), amount),
            }),
            { freq: 6 },
          ),
        ),
      ),
    )
    .map((slots) => slots.filter((slot) => slot !== null))

const ages = [-1, 0, 0, 0, 0, 1, hourMs - 1, hourMs, hourMs + 1, 72 * hourMs, 72 * hourMs + 1]
const halves = [hourMs, 72 * hourMs].flatMap((whole) => [whole / 2, whole / 2 + 1])
const age = fc.constantFrom(...ages, ...halves)

export const world: fc.Arbitrary<World> = fc
  .shuffledSubarray([...schemeIds], { minLength: 1 })
  .chain((ids) => fc.record({ schemes: fc.tuple(...ids.map(scheme)), shared: fc.option(periods, { freq: 4 }) }))
  // Schemes of one agency often share their periods, and only then do several pay one sale.
  .map(({ schemes, shared }) => (shared === null ? schemes : schemes.map((one) => ({ ...one, periods: shared }))))
  .chain((schemes) => fc.record({ schemes: fc.constant(schemes), slots: slotsOf(schemes) }))
  .chain(({ schemes, slots }) => {
    const moments = schemes.flatMap(({ periods: all }) =>
      all.flatMap(({ from, to, openings }) => [from, to, ...openings.flatMap((opening) => [opening.from, opening.to])]),
    )
    const inside = schemes.flatMap(({ periods: all }) => all.map(({ from }) => from + hourMs / 2 + 1))
    const now = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...inside) },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom(...moments), fc.constantFrom(-1, 0, 1)).map(([moment, by]) => moment + by),
      },
    )
    const spent = [...slots.map((slot) => slot.slotId), `food-a/${'77'.repeat(16)}/period-1`]
    return fc.record({
      mode: fc.constantFrom<World['mode'][]>('online', 'offline'),
      now,
      merchantId: fc.constant(merchantId),
      merchantPlace: fc.record({
        region: mostly<string | null>(village, null),
        kind: mostly<string | null>('5411', null),
      }),
      blocked: mostly(false, true),
      profile: fc.constantFrom<WorldCard[]>('ntag424', 'ntag424', 'uid', 'ntag21x'),
      waits: fc.tuple(...schemes.map(() => waiting)),
      clockTrusted: mostly(true, false),
      ages: fc.record({ package: age, sync: age }),
      schemes: fc.constant(schemes),
      slots: fc.constant(slots),
      localSpends: fc.array(fc.record({ slotId: fc.constantFrom(...spent), amount }), { maxLength: 3 }),
      lives: fc.tuple(
        ...schemes.map((one) =>
          fc
            .array(fc.constantFrom(-1, 0, 1, hourMs, hourMs), { maxLength: 2 })
            .map((lives) =>
              lives.map((life) => ({ schemeId: one.schemeId, life, isPool: one.offline === 'lease-pool' })),
            ),
        ),
      ),
      pools: fc.tuple(...schemes.map(() => fc.record({ left: oftenWide(500, amount), sold: oftenWide(0, amount) }))),
      exposure: fc.uniqueArray(fc.record({ schemeId: fc.constantFrom(...schemeIds), amount }), {
        selector: (one) => one.schemeId,
      }),
      lines: fc.uniqueArray(
        fc.record({
          line: fc.integer({ min: 1, max: 20 }),
          category: fc.constantFrom(...categories),
          gtin: fc.constantFrom(null, null, ...gtins),
          quantity: fc.integer({ min: 1, max: 3 }),
          unitPrice: fc.nat({ max: 15 }),
        }),
        { selector: (line) => line.line, minLength: 1, maxLength: 6 },
      ),
      covered: fc.array(fc.record({ line: fc.integer({ min: 1, max: 20 }), amount: fc.nat({ max: 20 }) }), {
        maxLength: 3,
      }),
    })
  })
  .map(({ waits, ...drawn }) => {
    const waitOf = new Map(drawn.schemes.map(({ schemeId }, index) => [schemeId, waits[index] ?? null]))
    const untilOf = (schemeId: string) => waitOf.get(schemeId)?.until ?? null
    return {
      ...drawn,
      notActivated: [...waitOf].flatMap(([schemeId, wait]) => (wait === null ? [] : [schemeId])),
      schemes: drawn.schemes.map((one) => {
        const until = untilOf(one.schemeId)
        return { ...one, activateUntil: until === null ? null : drawn.now + until }
      }),
      slots: drawn.slots.filter(({ schemeId }) => waitOf.get(schemeId)?.hasSlot !== false),
    }
  })
  .map(({ ages, lives, pools, ...rest }) => ({
    ...rest,
    packageIssuedAt: rest.now - ages.package,
    lastSyncAt: rest.now - ages.sync,
    leases: lives.flatMap((ofScheme, scheme) =>
      ofScheme.map(({ schemeId, life, isPool }) => {
        const pool = isPool ? pools[scheme] : undefined
        return { schemeId, sellUntil: rest.now + life, ...(pool === undefined ? {} : { pool }) }
      }),
    ),
  }))

/**
 * A world in which nothing but the amounts decides: every scheme of the card is open and pays until its purse is empty,
 * and lines often cost the same.
 */
export const payingWorld: fc.Arbitrary<World> = fc
  .record({ drawn: world, prices: fc.array(fc.constantFrom(0, 5, 10), { minLength: 6, maxLength: 6 }) })
  .map(({ drawn, prices }) => {
    const period = {
      periodId: 'day',
      from: drawn.now,
      to: drawn.now + 1,
      openings: [{ from: drawn.now, to: drawn.now + 1 }],
    }
    return {
      ...drawn,
      mode: 'online',
      blocked: false,
      profile: 'ntag424',
      schemes: drawn.schemes.map((one) => ({
        ...one,
        status: 'active',
        merchants: [merchantId],
        periods: [period],
        accepts: ['ntag424'],
      })),
      slots: drawn.schemes.map((one, index) => ({
        slotId: `${one.schemeId}/${'5b'.repeat(16)}/day`,
        schemeId: one.schemeId,
        periodId: 'day',
        countAllowed: drawn.slots[index]?.countAllowed ?? 3,
        amountAllowed: (drawn.slots[index]?.amountAllowed ?? 60) % 80,
        countSpent: 0,
        amountSpent: 0,
      })),
      lines: drawn.lines.map((line, index) => ({ ...line, unitPrice: prices[index] ?? 5 })),
    }
  })

/** A world whose card carries one scheme. */
export const loneSchemeWorld: fc.Arbitrary<World> = fc.oneof(world, payingWorld).map((one) => {
  const schemes = one.schemes.slice(0, 1)
  return { ...one, schemes, slots: one.slots.filter((slot) => slot.schemeId === schemes[0]?.schemeId) }
})

const words = { kk: 'Сынақ', ru: 'Проба', en: 'Test' }
const uuidOf = (number: number) => `019aaf6e-0000-7000-8000-${number.toString(16).padStart(12, '0')}`

/** The same world as the rule function takes it, `grain` tiyn to a grain. */
export function decisionInputOf(given: World, grain = 1n): DecisionInput {
  const money = (grains: number) => tiyn(BigInt(grains) * grain)
  const { region, kind } = given.merchantPlace
  return {
    engineVersion: 1,
    mode: given.mode,
    trustedTime: given.now,
    merchantId: given.merchantId,
    ...(region === null && kind === null ? {} : { merchantPlace: { ...said({ region }), ...said({ kind }) } }),
    card: {
      card: 'c0'.repeat(16),
      blocked: given.blocked,
      ...(given.profile === 'ntag424' ? {} : { profile: given.profile }),
      ...(given.notActivated.length === 0 ? {} : { notActivated: [...given.notActivated] }),
    },
    schemes: given.schemes.map((one) => ({
      schemeId: one.schemeId,
      version: 1,
      agencyId: 'education-1',
      name: words,
      status: one.status,
      benefit:
        one.kind === 'count'
          ? { kind: 'count', perPeriod: 1, maximumPerTap: money(one.maximumPerTap) }
          : { kind: 'amount', perPeriod: money(200) },
      periods: one.periods.map((period) => ({ ...period, openings: [...period.openings] })),
      merchants: [...one.merchants],
      ...(one.where === null ? {} : { where: listsOf(one.where) }),
      ...(one.activateUntil === null ? {} : { activation: { by: 'beneficiary', until: one.activateUntil } }),
      ...cardsOf(one, money),
      goods: one.goods.map((rule) => ({
        goods:
          rule.gtins.length > 0
            ? { by: 'gtin', gtins: [...rule.gtins] }
            : { by: 'category', categories: [...rule.categories] },
        unitsPerPiece: rule.unitsPerPiece,
        pays: paysOf(rule.pays, money),
      })),
      caps: {
        perSale: money(one.perSale),
        perBeneficiaryAndPeriod: money(one.perBeneficiaryAndPeriod),
        countPerBeneficiary: one.countPerBeneficiary,
        terminalExposure: money(one.terminalExposure),
        ageSinceSyncMs: one.ageSinceSyncMs,
      },
      offline: { policy: one.offline, allowedPolicyAgeMs: one.allowedPolicyAgeMs, lossBearer: { kind: 'merchant' } },
      order: one.order,
    })),
    slots: given.slots.map((slot) => ({
      ...slot,
      beneficiary: '5b'.repeat(16),
      amountAllowed: money(slot.amountAllowed),
      amountSpent: money(slot.amountSpent),
      booked: [],
    })),
    localSpends: given.localSpends.map(({ slotId, amount: spent }, index) => ({
      slotId,
      tenderId: uuidOf(index + 1),
      amount: money(spent),
    })),
    leases: given.leases.map(({ pool, ...lease }) => ({
      ...lease,
      ...(pool === undefined ? {} : { pool: { left: money(pool.left), sold: money(pool.sold) } }),
    })),
    terminal: {
      clockTrusted: given.clockTrusted,
      packageIssuedAt: given.packageIssuedAt,
      lastSyncAt: given.lastSyncAt,
      exposure: given.exposure.map((one) => ({ schemeId: one.schemeId, amount: money(one.amount) })),
    },
    sale: {
      saleId: uuidOf(0),
      lines: given.lines.map(({ gtin, ...line }) => ({
        ...line,
        ...(gtin === null ? {} : { gtin }),
        itemId: `item-${line.line}`,
        name: words,
        unitPrice: money(line.unitPrice),
      })),
    },
    covered: given.covered.map((one) => ({ line: one.line, amount: money(one.amount) })),
  }
}

/** What is null is not there at all. */
function said(values: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

function listsOf({ regions, kinds, except }: WorldWhere) {
  return { regions: [...regions], kinds: [...kinds], except: [...except] }
}

function paysOf(given: WorldPays, money: (grains: number) => Tiyn): Pays {
  switch (given.kind) {
    case 'up_to':
    case 'above':
      return { kind: given.kind, perUnit: money(given.perUnit) }
    case 'percent':
      return { kind: 'percent', percent: given.percent, roundedTo: given.tenge ? 'tenge' : 'tiyn' }
    default:
      return { kind: given.kind }
  }
}
