/**
 * The rule function: a card with five schemes, a basket of thirty lines, every kind of rule among the schemes' goods,
 * one of them a list of a thousand articles. The baseline is the arithmetic alone: for each scheme and line a category
 * looked up and the smaller of two amounts taken away.
 */
import { decide, engineVersion, type DecisionInput } from '../../src/voucher/decide.ts'
import type { GoodsRule, Pays } from '../../src/voucher/goods.ts'
import { smallestTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import { lineTotal } from '../../src/voucher/sale.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import { figureOf, type Figure } from './figures.ts'
import { alternate, median } from './measure.ts'

const now = Date.UTC(2026, 10, 23, 7)
const hourMs = 3_600_000
const categories = ['bread', 'milk', 'fruit', 'soap', 'toys'] as const
const words = { kk: 'Өлшеу', ru: 'Замер', en: 'Bench' }
/** As GTIN-14, with their check digits. */
const articles = Array.from({ length: 1_000 }, (_, index) => {
  const digits = `0487${index.toString().padStart(9, '0')}`
  const sum = [...digits].reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 3 : 1), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
})

export function benchDecide(quick: boolean): Promise<readonly Figure[]> {
  const [blocks, perBlock] = quick ? [2, 10] : [60, 200]
  return measure(inputOf(), blocks, perBlock)
}

async function measure(input: DecisionInput, blocks: number, perBlock: number): Promise<readonly Figure[]> {
  const decided = decide(input)
  if (decided.verdict !== 'approve' || decided.parts.length !== 5)
    throw new Error(`five schemes are to pay: ${JSON.stringify(decided, (_, value) => String(value))}`)
  const arithmetic = arithmeticOf(input)
  const times = (work: () => unknown) => (): void => {
    for (let turn = 0; turn < perBlock; turn += 1) work()
  }
  // What has run a few times is compiled.
  for (let turn = 0; turn < perBlock * 5; turn += 1) decide(input)
  const { subject, baseline, ratio } = await alternate(
    blocks,
    times(() => decide(input)),
    times(arithmetic),
  )
  const perSecond = (blockMs: readonly number[]): number => (perBlock * 1_000) / median(blockMs)
  const figure = figureOf({
    bench: 'decide',
    figure: 'decisions with 5 schemes and 30 lines',
    value: perSecond(subject),
    unit: 'per s',
    baseline: perSecond(baseline),
    baselineIs: 'for each scheme and line a category looked up and two amounts compared',
    aim: { atLeast: 10_000 },
    samples: blocks * perBlock,
  })
  return [{ ...figure, ratio }]
}

function inputOf(): DecisionInput {
  const schemes = [
    schemeOf(1, [rule({ kind: 'percent', percent: 20, roundedTo: 'tenge' }, ...categories)]),
    schemeOf(2, [rule({ kind: 'above', perUnit: tiyn(30_000n) }, 'bread', 'milk')]),
    schemeOf(3, [
      { goods: { by: 'gtin', gtins: articles }, unitsPerPiece: 1, pays: { kind: 'nothing' } },
      rule({ kind: 'up_to', perUnit: tiyn(5_000n) }, 'fruit', 'soap', 'toys'),
    ]),
    schemeOf(4, [rule({ kind: 'percent', percent: 33, roundedTo: 'tiyn' }, 'bread', 'fruit')]),
    schemeOf(5, [rule({ kind: 'whole' }, 'bread', 'milk')]),
  ]
  return {
    engineVersion,
    mode: 'offline',
    trustedTime: now,
    merchantId: 'bench-shop',
    card: { card: 'c0'.repeat(16), blocked: false },
    schemes,
    slots: schemes.map(({ schemeId }) => ({
      slotId: `${schemeId}/${'5b'.repeat(16)}/month`,
      schemeId,
      beneficiary: '5b'.repeat(16),
      periodId: 'month',
      countAllowed: 30,
      amountAllowed: tiyn(2_000_000n),
      countSpent: 0,
      amountSpent: tiyn(0n),
      booked: [],
    })),
    localSpends: [],
    leases: schemes.map(({ schemeId }) => ({ schemeId, sellUntil: now + hourMs })),
    terminal: { clockTrusted: true, packageIssuedAt: now, lastSyncAt: now, exposure: [] },
    sale: {
      saleId: '01a20000-0000-7000-8000-000000000000',
      lines: Array.from({ length: 30 }, (_, index) => {
        const gtin = articles[index * 30]
        return {
          line: index + 1,
          itemId: `item-${index + 1}`,
          name: words,
          category: categories[index % categories.length] ?? 'bread',
          ...(index % 3 === 0 && gtin !== undefined ? { gtin } : {}),
          quantity: 1 + (index % 4),
          unitPrice: tiyn(35_000 + 137 * index),
        }
      }),
    },
    covered: [],
  }
}

const rule = (pays: Pays, ...of: readonly string[]): GoodsRule => {
  return { goods: { by: 'category', categories: [...of] }, unitsPerPiece: 1, pays }
}

function schemeOf(order: number, goods: readonly GoodsRule[]): Scheme {
  const window = { from: now - hourMs, to: now + hourMs }
  const much = tiyn(100_000_000n)
  return {
    schemeId: `bench-${order}`,
    version: 1,
    agencyId: 'bench-agency',
    name: words,
    status: 'active',
    benefit: { kind: 'amount', perPeriod: tiyn(2_000_000n) },
    periods: [{ periodId: 'month', ...window, openings: [window] }],
    merchants: ['bench-shop'],
    goods: [...goods],
    caps: {
      perSale: much,
      perBeneficiaryAndPeriod: much,
      countPerBeneficiary: 100,
      terminalExposure: much,
      ageSinceSyncMs: hourMs,
    },
    offline: { policy: 'lease-listed', allowedPolicyAgeMs: hourMs, lossBearer: { kind: 'merchant' } },
    order,
  }
}

function arithmeticOf({ schemes, slots, sale }: DecisionInput): () => Tiyn {
  const paid = schemes.map(() => new Set<string>(categories))
  const totals = sale.lines.map((line) => ({ category: line.category, total: lineTotal(line) }))
  return () => {
    let sum = tiyn(0n)
    for (const [index, known] of paid.entries()) {
      let left = slots[index]?.amountAllowed ?? tiyn(0n)
      for (const { category, total } of totals) {
        if (!known.has(category)) continue
        const part = smallestTiyn(total, left)
        left = tiyn(left - part)
        sum = tiyn(sum + part)
      }
    }
    return sum
  }
}
