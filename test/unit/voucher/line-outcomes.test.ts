/** What a cashier reads beside each line: examples by hand, then that it never contradicts the decision. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, type Decision } from '../../../src/voucher/decide.ts'
import { lineOutcomes, lineReasons } from '../../../src/voucher/line-outcomes.ts'
import { addTiyn } from '../../../src/voucher/money.ts'
import { lineTotal } from '../../../src/voucher/sale.ts'
import { decisionInputOf, payingWorld, type World, type WorldScheme } from '../../property/voucher/world.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_128)
type Approved = Extract<Decision, { verdict: 'approve' }>

const now = Date.UTC(2026, 10, 23, 7)
const window = { from: now, to: now + 1 }
const rules: WorldScheme['goods'] = [
  { categories: [], gtins: ['00000096385074'], unitsPerPiece: 1, pays: { kind: 'nothing' } },
  { categories: ['bread'], gtins: [], unitsPerPiece: 1, pays: { kind: 'whole' } },
  { categories: ['milk'], gtins: [], unitsPerPiece: 1, pays: { kind: 'up_to', perUnit: 10 } },
  { categories: ['fruit'], gtins: [], unitsPerPiece: 1, pays: { kind: 'percent', percent: 50, tenge: false } },
]
const scheme: WorldScheme = {
  schemeId: 'food-a',
  order: 0,
  status: 'active',
  kind: 'amount',
  maximumPerTap: 0,
  periods: [{ periodId: 'day', ...window, openings: [window] }],
  merchants: ['canteen-1'],
  where: null,
  activateUntil: null,
  accepts: ['ntag424'],
  uidCaps: null,
  goods: rules,
  perSale: 500,
  perBeneficiaryAndPeriod: 500,
  countPerBeneficiary: 9,
  terminalExposure: 500,
  ageSinceSyncMs: 0,
  offline: 'deny',
  allowedPolicyAgeMs: 0,
}
const line = (number: number, category: string, unitPrice: number, gtin: string | null = null) => {
  return { line: number, category, gtin, quantity: 1, unitPrice }
}
const counter = (amountAllowed: number, ...lines: World['lines']): World => ({
  mode: 'online',
  now,
  merchantId: 'canteen-1',
  merchantPlace: { region: null, kind: null },
  blocked: false,
  profile: 'ntag424',
  notActivated: [],
  clockTrusted: true,
  packageIssuedAt: now,
  lastSyncAt: now,
  schemes: [scheme],
  slots: [
    { slotId: 's', schemeId: 'food-a', periodId: 'day', countAllowed: 9, amountAllowed, countSpent: 0, amountSpent: 0 },
  ],
  localSpends: [],
  leases: [],
  exposure: [],
  lines,
  covered: [],
})

function outcomesOf(given: World) {
  const input = decisionInputOf(given)
  const decision = decide(input) as Approved
  expect(decision.verdict).toBe('approve')
  return lineOutcomes(input, decision).map(({ line: number, pays, why }) => [number, Number(pays), why])
}

describe('beside a line stands', () => {
  it('what the card pays, and why the rest is left', () => {
    const lines = [
      line(1, 'bread', 7),
      line(2, 'milk', 14),
      line(3, 'fruit', 9),
      line(4, 'bread', 5, '00000096385074'),
      line(5, 'soap', 3),
      line(6, 'milk', 8),
    ]
    expect(outcomesOf(counter(200, ...lines))).toEqual([
      [1, 7, null],
      [2, 10, 'too_dear'],
      [3, 5, 'own_part'],
      [4, 0, 'excluded'],
      [5, 0, 'not_listed'],
      [6, 8, null],
    ])
  })

  it('that the allowance does not reach, for the lines that it does not reach', () => {
    const lines = [line(1, 'bread', 7), line(2, 'bread', 20), line(3, 'soap', 3)]
    expect(outcomesOf(counter(22, ...lines))).toEqual([
      [1, 2, 'allowance_used'],
      [2, 20, null],
      [3, 0, 'not_listed'],
    ])
  })

  it('nothing where an earlier tender has paid it all', () => {
    const given = { ...counter(22, line(1, 'bread', 7), line(2, 'bread', 4)), covered: [{ line: 1, amount: 7 }] }
    expect(outcomesOf(given)).toEqual([[2, 4, null]])
  })
})

describe(`beside any line, TOLEM_SEED=${seed}`, () => {
  it('stands what the parts pay of it, and a reason exactly where something is left', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(payingWorld, (given) => {
        const input = decisionInputOf(given)
        const decision = decide(input)
        if (decision.verdict === 'refuse') return
        const outcomes = lineOutcomes(input, decision)
        const parts = decision.parts.flatMap(({ lines }) => lines)
        for (const { line: number, pays, why } of outcomes) {
          const of = parts.filter((part) => part.line === number).map((part) => part.amount)
          expect(pays).toBe(addTiyn(...of))
          const sold = input.sale.lines.find((one) => one.line === number)
          const covered = input.covered.filter((one) => one.line === number).map((one) => one.amount)
          const left = sold === undefined ? 0n : lineTotal(sold) - addTiyn(...covered) - pays
          expect(why === null, `line ${number}: ${left} left, ${why}`).toBe(left === 0n)
          seen.add(String(why))
        }
        expect(addTiyn(...outcomes.map(({ pays }) => pays))).toBe(addTiyn(...parts.map(({ amount }) => amount)))
      }),
      { seed, numRuns: 2_000 },
    )
    expect([...seen].toSorted()).toEqual([...lineReasons, 'null'].toSorted())
  })
})
