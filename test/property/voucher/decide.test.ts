/**
 * Method: random taps, with every moment that a rule names drawn also just before and just after, against an oracle
 * that follows the words of the rules by another way (`oracle.ts`), then the properties that money-rules.md names,
 * each alone.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, decisionInputSchema, decisionSchema, type Decision } from '../../../src/voucher/decide.ts'
import { addTiyn } from '../../../src/voucher/money.ts'
import { refusalCodes } from '../../../src/voucher/reasons.ts'
import { lineTotal, saleTotal } from '../../../src/voucher/sale.ts'
import { expectedDecision, schemeRules, type Expected } from './oracle.ts'
import { decisionInputOf, loneSchemeWorld, payingWorld, world, type World } from './world.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_123)
const runs = { seed, numRuns: 2_000 }

/**
 * Tiyn to a grain: one, an odd number, and one that reaches the largest amounts, where a float loses the last digits.
 */
const grains = [1n, 7n, 1_000_000_000_003n] as const

function inTiyn(expected: Expected, grain: bigint): unknown {
  if (expected.verdict === 'refuse') return expected
  const money = (amount: number) => BigInt(amount) * grain
  return {
    ...expected,
    parts: expected.parts.map((part) => ({
      ...part,
      amount: money(part.amount),
      amountLeft: money(part.amountLeft),
      lines: part.lines.map((line) => ({ line: line.line, amount: money(line.amount) })),
    })),
    leftToPay: money(expected.leftToPay),
  }
}

const anyWorld = fc.oneof({ weight: 3, arbitrary: world }, { weight: 1, arbitrary: payingWorld })

const partsOf = (decision: Decision) => (decision.verdict === 'approve' ? decision.parts : [])
const paidOf = (decision: Decision) => addTiyn(...partsOf(decision).map((part) => part.amount))

const holds = <Values extends [unknown, ...unknown[]]>(
  arbitraries: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
  property: (...values: Values) => void,
) => fc.assert(fc.property(...arbitraries, property), runs)

describe(`decide(), TOLEM_SEED=${seed}`, () => {
  test('says what the oracle says', () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(anyWorld, fc.constantFrom(...grains), (given, drawn) => {
        // A percentage is rounded to the tiyn or the tenge, so there a grain is a tiyn.
        const isRounded = given.schemes.some(({ goods }) => goods.some(({ pays }) => pays.kind === 'percent'))
        const grain = isRounded ? 1n : drawn
        const expected = expectedDecision(given)
        expect(decide(decisionInputOf(given, grain))).toEqual(inTiyn(expected, grain))
        const marks =
          expected.verdict === 'refuse'
            ? [expected.code, ...expected.schemes.map((one) => one.code)]
            : [
                'approve',
                `${expected.parts.length} parts`,
                ...expected.parts.map((part) => `reduced ${part.reducedBy}`),
              ]
        for (const mark of new Set(marks)) seen.set(mark, (seen.get(mark) ?? 0) + 1)
      }),
      { seed, numRuns: 8_000 },
    )
    // The drawing reaches every rule, or the comparison above says little.
    const reached = [
      'approve',
      '2 parts',
      '3 parts',
      'reduced CAP_PER_BENEFICIARY_AND_PERIOD',
      'reduced POOL_USED_UP',
      'reduced CAP_TERMINAL_EXPOSURE',
      'reduced CAP_PER_SALE',
      'CARD_BLOCKED',
      'CLOCK_NOT_TRUSTED',
      ...schemeRules.map(([code]) => code),
    ]
    expect(reached.filter((mark) => (seen.get(mark) ?? 0) < 1)).toEqual([])
    expect(seen.get('approve')).toBeGreaterThan(1_000)
  })

  test('the rules of the oracle stand in the documented order of precedence', () => {
    const places = schemeRules.map(([code]) => refusalCodes.findIndex((one) => one === code))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test('what goes in and comes out fits the schemas, and comes back from JSON the same', () => {
    holds([world], (given) => {
      const input = decisionInputOf(given)
      const decision = decide(input)
      expect(decisionInputSchema.decode(decisionInputSchema.encode(input))).toEqual(input)
      expect(decisionSchema.decode(decisionSchema.encode(decision))).toEqual(decision)
    })
  })

  test('never pays more than the basket, nor more of a line than it still needs, and nothing of zero', () => {
    holds([anyWorld, fc.constantFrom(...grains)], (given, grain) => {
      const input = decisionInputOf(given, grain)
      const decision = decide(input)
      expect(paidOf(decision)).toBeLessThanOrEqual(saleTotal(input.sale))
      for (const line of input.sale.lines) {
        const covered = input.covered.filter((one) => one.line === line.line).map((one) => one.amount)
        const paid = partsOf(decision).flatMap((part) => part.lines.filter((one) => one.line === line.line))
        const due = lineTotal(line) - addTiyn(...covered)
        expect(addTiyn(...paid.map((one) => one.amount))).toBeLessThanOrEqual(due < 0n ? 0n : due)
      }
      for (const part of partsOf(decision)) {
        expect(part.amount).toBeGreaterThan(0n)
        for (const line of part.lines) expect(line.amount).toBeGreaterThan(0n)
        expect(part.countLeft).toBeGreaterThanOrEqual(0)
        expect(part.amountLeft).toBeGreaterThanOrEqual(0n)
      }
    })
  })

  test('the lines of a part add up to it, and what is left is what was due less the parts', () => {
    holds([anyWorld], (given) => {
      const input = decisionInputOf(given)
      const decision = decide(input)
      if (decision.verdict === 'refuse') return
      for (const part of decision.parts) expect(addTiyn(...part.lines.map((line) => line.amount))).toBe(part.amount)
      const due = input.sale.lines.reduce((total, line) => {
        const covered = addTiyn(...input.covered.filter((one) => one.line === line.line).map((one) => one.amount))
        const open = lineTotal(line) - covered
        return total + (open > 0n ? open : 0n)
      }, 0n)
      expect(decision.leftToPay).toBe(due - paidOf(decision))
    })
  })

  test('does not depend on the order of lines, schemes, slots, spends, leases or covered lines', () => {
    const shuffled = anyWorld.chain((given) =>
      fc.record({
        given: fc.constant(given),
        other: fc.record({
          schemes: shuffle(given.schemes),
          slots: shuffle(given.slots),
          localSpends: shuffle(given.localSpends),
          leases: shuffle(given.leases),
          exposure: shuffle(given.exposure),
          lines: shuffle(given.lines),
          covered: shuffle(given.covered),
        }),
      }),
    )
    holds([shuffled], ({ given, other }) => {
      expect(decide(decisionInputOf({ ...given, ...other }))).toEqual(decide(decisionInputOf(given)))
    })
  })

  test('does not depend on the order in which the goods were rung up: every scheme pays the same', () => {
    const renumbered = payingWorld.chain((given) =>
      fc.record({ given: fc.constant(given), numbers: shuffle(given.lines.map((line) => line.line)) }),
    )
    holds([renumbered], ({ given, numbers }) => {
      const numberOf = new Map(given.lines.map((line, index) => [line.line, numbers[index] ?? line.line]))
      const other: World = {
        ...given,
        lines: given.lines.map((line) => ({ ...line, line: numberOf.get(line.line) ?? line.line })),
        covered: given.covered.map((one) => ({ ...one, line: numberOf.get(one.line) ?? one.line })),
      }
      const amounts = (decision: Decision) =>
        partsOf(decision).map((part) => [part.schemeId, part.amount, part.reducedBy])
      expect(amounts(decide(decisionInputOf(other)))).toEqual(amounts(decide(decisionInputOf(given))))
    })
  })

  test('a larger allowance of the only scheme on the card never pays less', () => {
    const more = fc.record({ amount: fc.nat({ max: 60 }), count: fc.nat({ max: 3 }) })
    holds([loneSchemeWorld, more], (given, by) => {
      const slots = given.slots.map((slot) => ({
        ...slot,
        amountAllowed: slot.amountAllowed + by.amount,
        countAllowed: slot.countAllowed + by.count,
      }))
      expect(paidOf(decide(decisionInputOf({ ...given, slots })))).toBeGreaterThanOrEqual(
        paidOf(decide(decisionInputOf(given))),
      )
    })
  })

  test('a blocked card never pays', () => {
    holds([world], (given) => {
      expect(decide(decisionInputOf({ ...given, blocked: true }))).toEqual({
        verdict: 'refuse',
        code: 'CARD_BLOCKED',
        schemes: [],
      })
    })
  })

  test('offline nothing is paid without a live lease of the scheme, or where the scheme denies it', () => {
    holds([world], (drawn) => {
      const given = { ...drawn, mode: 'offline' as const }
      const expired = given.leases.map((lease) => ({ ...lease, sellUntil: given.now - 1 }))
      expect(decide(decisionInputOf({ ...given, leases: expired })).verdict).toBe('refuse')
      expect(decide(decisionInputOf({ ...given, leases: [] })).verdict).toBe('refuse')
      for (const part of partsOf(decide(decisionInputOf(given)))) {
        expect(given.schemes.find((scheme) => scheme.schemeId === part.schemeId)?.offline).not.toBe('deny')
        const live = given.leases.filter((lease) => lease.schemeId === part.schemeId && lease.sellUntil >= given.now)
        expect(live.length).toBeGreaterThan(0)
      }
    })
  })

  test('offline, tap after tap, with what was sold remembered, no pool pays more than its sum', () => {
    holds([anyWorld], (drawn) => {
      const first = decisionInputOf({ ...drawn, mode: 'offline' })
      let { leases } = first
      const sold = new Map<string, bigint>()
      for (let tap = 0; tap < 4; tap++) {
        for (const { schemeId, amount } of partsOf(decide({ ...first, leases }))) {
          sold.set(schemeId, (sold.get(schemeId) ?? 0n) + amount)
          leases = leases.map((lease) =>
            lease.schemeId !== schemeId || lease.pool === undefined
              ? lease
              : { ...lease, pool: { ...lease.pool, sold: addTiyn(lease.pool.sold, amount) } },
          )
        }
      }
      for (const { schemeId, pool, sellUntil } of first.leases)
        if (pool !== undefined && sellUntil >= first.trustedTime) {
          const left = pool.left > pool.sold ? pool.left - pool.sold : 0n
          expect(sold.get(schemeId) ?? 0n).toBeLessThanOrEqual(left)
        }
    })
  })

  test('tap after tap, with what was spent remembered, no slot is oversold in count or in amount', () => {
    holds([anyWorld], (given) => {
      const first = decisionInputOf(given)
      let { localSpends } = first
      for (let tap = 0; tap < 6; tap++) {
        const decision = decide({ ...first, localSpends })
        localSpends = [
          ...localSpends,
          ...partsOf(decision).map(({ slotId, amount }, part) => ({
            slotId,
            tenderId: `019aaf6e-0000-7000-8000-0000000${tap}${part}000`,
            amount,
          })),
        ]
      }
      const sold = localSpends.slice(first.localSpends.length)
      for (const slot of first.slots) {
        const ofSlot = sold.filter((spend) => spend.slotId === slot.slotId)
        if (ofSlot.length === 0) continue
        const all = localSpends.filter((spend) => spend.slotId === slot.slotId)
        expect(slot.countSpent + all.length).toBeLessThanOrEqual(slot.countAllowed)
        expect(slot.amountSpent + addTiyn(...all.map((spend) => spend.amount))).toBeLessThanOrEqual(slot.amountAllowed)
      }
    })
  })
})

function shuffle<Item>(items: readonly Item[]): fc.Arbitrary<Item[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length })
}
