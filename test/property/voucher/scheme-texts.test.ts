/**
 * Method: random schemes, of which the schema is asked whether they are valid, up to its largest amounts, moments and
 * lists. Each text must name every rule, cap and amount.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CardRules } from '../../../src/voucher/card-rules.ts'
import type { GoodsRule, Pays } from '../../../src/voucher/goods.ts'
import { languages } from '../../../src/voucher/identifiers.ts'
import { formatTenge, tiyn, tiynMax, type Tiyn } from '../../../src/voucher/money.ts'
import { plainText, schemeText } from '../../../src/voucher/scheme-texts.ts'
import { faultsOf, warningsOf } from '../../../src/voucher/scheme-lint.ts'
import { sentenceOf } from '../../../src/voucher/scheme-lint-texts.ts'
import { schemeSchema, type Scheme } from '../../../src/voucher/scheme.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_127)

const amount: fc.Arbitrary<Tiyn> = fc
  .oneof(fc.bigInt({ min: 0n, max: 10_000_000n }), fc.constantFrom(0n, 1n, tiynMax))
  .map(tiyn)
const positive = amount.filter((one) => one > 0n)
const name = fc.stringMatching(/^[a-z][a-z0-9-]{1,12}$/)
const text = fc.stringMatching(/^[А-Яа-яA-Za-z]{1,20}$/)
const instant = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1_790_000_000_000, max: 1_900_000_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 8_640_000_000_000_000) },
)
const span = fc.record({ from: instant, to: instant })
const gtin = fc.stringMatching(/^\d{13}$/).map((digits) => {
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
})
const pays: fc.Arbitrary<Pays> = fc.oneof(
  fc.record({ kind: fc.constantFrom('nothing', 'whole') }),
  fc.record({ kind: fc.constantFrom('up_to', 'above'), perUnit: positive }),
  fc.record({
    kind: fc.constant('percent'),
    percent: fc.integer({ min: 1, max: 99 }),
    roundedTo: fc.constantFrom('tiyn', 'tenge'),
  }),
)
const rule: fc.Arbitrary<GoodsRule> = fc.record({
  goods: fc.oneof(
    fc.record({ by: fc.constant('category'), categories: fc.array(name, { minLength: 1, maxLength: 20 }) }),
    fc.record({ by: fc.constant('gtin'), gtins: fc.array(gtin, { minLength: 1, maxLength: 20 }) }),
  ),
  unitsPerPiece: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1_000 })),
  pays,
})
const durationMs = (max: number) => fc.oneof(fc.constant(0), fc.constant(max), fc.integer({ min: 0, max }))

const digits = (length: number) => fc.stringMatching(new RegExp(`^[1-9]\\d{${length - 1}}$`))
const where = fc.record({
  regions: fc.array(digits(9), { maxLength: 15 }),
  kinds: fc.array(digits(4), { maxLength: 15 }),
  except: fc.array(name, { maxLength: 15 }),
})

const activation = fc.record({ by: fc.constant('beneficiary' as const), until: instant }, { requiredKeys: ['by'] })

const partOfAllowance = fc.oneof(
  fc.record({ kind: fc.constant('count'), count: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ kind: fc.constant('amount'), amount }),
)
const caps = fc.record({
  perSale: amount,
  perBeneficiaryAndPeriod: amount,
  countPerBeneficiary: fc.integer({ min: 1, max: 1_000 }),
  terminalExposure: amount,
  ageSinceSyncMs: durationMs(72 * 3_600_000),
})

const cards: fc.Arbitrary<CardRules> = fc.record(
  {
    accepts: fc.shuffledSubarray(['uid', 'ntag21x', 'ntag424'], { minLength: 1 }),
    uidOffline: fc.record({
      acceptance: fc.record({
        words: fc.stringMatching(/^[А-Яа-яA-Za-z]{20,40}$/),
        by: fc.stringMatching(/^[А-Яа-яA-Za-z]{3,20}$/),
        at: instant,
      }),
      caps,
    }),
  },
  { requiredKeys: ['accepts'] },
)

const terms: fc.Arbitrary<Scheme> = fc.record({
  schemeId: name,
  version: fc.integer({ min: 1, max: 2_000 }),
  agencyId: name,
  name: fc.record({ kk: text, ru: text, en: text }),
  status: fc.constantFrom('active', 'suspended', 'ended'),
  benefit: fc.oneof(
    fc.record({ kind: fc.constant('count'), perPeriod: fc.integer({ min: 1, max: 100 }), maximumPerTap: amount }),
    fc.record({ kind: fc.constant('amount'), perPeriod: amount }),
  ),
  periods: fc.array(
    fc
      .record({ periodId: name, window: span, openings: fc.array(span, { minLength: 1, maxLength: 6 }) })
      .map(({ periodId, window, openings }) => ({ periodId, ...window, openings })),
    { minLength: 1, maxLength: 5 },
  ),
  merchants: fc.array(name, { maxLength: 15 }),
  goods: fc.array(rule, { minLength: 1, maxLength: 6 }),
  caps,
  offline: fc.record({
    policy: fc.constantFrom('deny', 'lease-listed', 'lease-pool'),
    allowedPolicyAgeMs: durationMs(Number.MAX_SAFE_INTEGER),
    lossBearer: fc.oneof(
      fc.record({ kind: fc.constant('agency'), upTo: amount }),
      fc.record({ kind: fc.constant('merchant') }),
    ),
  }),
  order: fc.integer({ min: -100, max: 100 }),
  bridge: fc.option(partOfAllowance, { nil: undefined }),
  unused: fc.option(
    fc.oneof(
      fc.record({ kind: fc.constant('lapses') }),
      fc.record({ kind: fc.constant('carries_over'), atMost: partOfAllowance }),
      fc.record({ kind: fc.constant('returns'), by: instant }),
    ),
    { nil: undefined },
  ),
})

const offsets = fc.array(fc.record({ from: instant, utcOffsetMinutes: fc.integer({ min: -1_440, max: 1_440 }) }), {
  minLength: 1,
  maxLength: 3,
})

/** Some of them say what the clocks show, also of what no calendar would make. */
const scheme: fc.Arbitrary<Scheme> = fc
  .tuple(terms, fc.option(where), fc.option(activation), fc.option(offsets), fc.option(cards))
  .map(([given, general, act, clocks, kinds]) => ({
    ...given,
    ...(general === null ? {} : { where: general }),
    ...(act === null ? {} : { activation: act }),
    ...(kinds === null ? {} : { cards: kinds }),
    ...(clocks === null ? {} : { localTime: { timeZone: 'Asia/Almaty', offsets: clocks } }),
  }))

const hole = /undefined|null|NaN|Infinity|\[object|\{\w+\}/

/** What the text must say of a rule, whatever words it says it in. */
function ofRule({ goods, unitsPerPiece, pays: given }: GoodsRule): readonly string[] {
  const names = goods.by === 'category' ? goods.categories : goods.gtins
  return [
    ...names.slice(0, 12),
    ...(names.length > 12 ? [String(names.length - 12)] : []),
    ...(unitsPerPiece > 1 ? [String(unitsPerPiece)] : []),
    ...('perUnit' in given ? [formatTenge(given.perUnit)] : []),
    ...(given.kind === 'percent' ? [`${given.percent} %`] : []),
  ]
}

function ofScheme(given: Scheme): readonly string[] {
  const { schemeId, agencyId, benefit, bridge, caps: bounds, offline, order, periods, version, unused, where } = given
  const benefitAmount = benefit.kind === 'count' ? benefit.maximumPerTap : benefit.perPeriod
  const accepted = given.cards?.uidOffline
  const lists = [where?.regions ?? [], where?.kinds ?? [], where?.except ?? []]
  return [
    ...lists.flatMap((names) => [...names.slice(0, 12), ...(names.length > 12 ? [String(names.length - 12)] : [])]),
    ...[schemeId, agencyId, String(version), String(order), String(periods.length)],
    ...(benefit.kind === 'count' ? [String(benefit.perPeriod)] : []),
    formatTenge(benefitAmount),
    ...[bounds, ...(accepted === undefined ? [] : [accepted.caps])].flatMap((one) => [
      ...[one.perSale, one.perBeneficiaryAndPeriod, one.terminalExposure].map((sum) => formatTenge(sum)),
      String(one.countPerBeneficiary),
    ]),
    ...(accepted === undefined ? [] : [accepted.acceptance.words, accepted.acceptance.by]),
    ...(offline.lossBearer.kind === 'agency' ? [formatTenge(offline.lossBearer.upTo)] : []),
    ...[unused?.kind === 'carries_over' ? unused.atMost : undefined, bridge].flatMap((part) =>
      part === undefined ? [] : [part.kind === 'count' ? String(part.count) : formatTenge(part.amount)],
    ),
  ]
}

test(`every scheme is explained whole in each language, and differently; TOLEM_SEED=${seed}`, () => {
  fc.assert(
    fc.property(scheme, (given) => {
      expect(schemeSchema.safeParse(schemeSchema.encode(given)).error?.issues).toBeUndefined()
      const said = languages.map((language) => schemeText(given, language))
      for (const one of said) {
        const whole = plainText(one)
        expect(whole).not.toMatch(hole)
        expect(ofScheme(given).filter((part) => !whole.includes(part))).toEqual([])
        const lines = one.sections.flatMap((section) => section.lines)
        for (const [index, goods] of given.goods.entries()) {
          const [line = '', ...others] = lines.filter((text) => text.startsWith(`${index + 1}. `))
          expect([others, ofRule(goods).filter((part) => !line.includes(part))]).toEqual([[], []])
        }
        expect(one.sections.every(({ heading, lines: of }) => heading !== '' && of.every((line) => line !== ''))).toBe(
          true,
        )
      }
      for (const [index] of said[0]?.sections.entries() ?? [])
        expect(new Set(said.map(({ sections }) => sections[index]?.heading)).size).toBe(3)
    }),
    { seed, numRuns: 500 },
  )
})

test(`whatever is found wrong with it is said in a whole sentence; TOLEM_SEED=${seed}`, () => {
  const found = new Set<string>()
  fc.assert(
    fc.property(scheme, instant, (given, at) => {
      for (const one of [...faultsOf(given), ...warningsOf(given, at)]) {
        found.add(one.code)
        for (const language of languages) expect(sentenceOf(one, language)).not.toMatch(hole)
      }
    }),
    { seed, numRuns: 500 },
  )
  expect(found.size).toBeGreaterThan(20)
})
