/** Method: for each rule the smallest history that it names, and each history that is one step away from it. */
import { describe, expect, test } from 'vitest'
import { alertRules, type AlertRule, type Movement } from '../../../ledger-sim/individuals/alert-rules.ts'
import { dayMs, limitsOf } from '../../../ledger-sim/individuals/tiers.ts'

const { single } = limitsOf.simplified

function ruleOf(name: AlertRule['rule']): AlertRule {
  const rule = alertRules.find((candidate) => candidate.rule === name)
  if (rule === undefined) throw new Error(`no rule ${name}`)
  return rule
}

/** `>b100`: 100 to b; `<b100`: 100 from b. Ids are m1, m2, …, a second apart. */
function history(...movements: readonly string[]): readonly Movement[] {
  return of(single, ...movements)
}

function of(mostAtOnce: bigint, ...movements: readonly string[]): readonly Movement[] {
  return movements.map((text, index) => {
    const [, way, counterpart, amount] = /^([<>])([a-z]+)(\d+)$/.exec(text) ?? []
    if (counterpart === undefined || amount === undefined) throw new Error(text)
    const direction = way === '<' ? 'in' : 'out'
    return { id: `m${index + 1}`, direction, counterpart, amount: BigInt(amount), single: mostAtOnce, at: index * 1000 }
  })
}

test('names are unique, so that an alert says which rule found it', () => {
  expect(new Set(alertRules.map(({ rule }) => rule)).size).toBe(alertRules.length)
})

describe('just under the limit', () => {
  const { find } = ruleOf('just_under_limit')
  const near = `>b${(single * 9n) / 10n}`
  const below = `>b${(single * 9n) / 10n - 1n}`

  test('three payments of nine tenths of the limit of one', () => {
    expect(find(history(near, near, near))).toEqual(['m1', 'm2', 'm3'])
    expect(find(history(near, `>c${single}`, near, below))).toEqual(['m1', 'm2', 'm3'])
  })

  test('within a time in which the limits of every tier let three of them through', () => {
    const days = BigInt(ruleOf('just_under_limit').windowMs / dayMs)
    for (const tier of Object.values(limitsOf)) {
      expect(days * tier.daily * 10n).toBeGreaterThanOrEqual(tier.single * 27n)
      expect(tier.monthly * 10n).toBeGreaterThanOrEqual(tier.single * 27n)
    }
  })

  test('not two, not smaller ones, not what came in', () => {
    expect(find(history(near, near, below))).toBeUndefined()
    expect(find(history(near, near, `<b${single}`))).toBeUndefined()
    expect(find(of(limitsOf.full.single, near, near, near))).toBeUndefined()
    // More than the account may pay at once now: it was better known when it did.
    expect(find(history(near, near, `>b${single + 1n}`))).toBeUndefined()
    expect(find(history(near, near, `>b${single}`))).toHaveLength(3)
  })
})

describe('many payers', () => {
  const { find } = ruleOf('many_payers')
  const payers = 'abcdefghij'.split('').map((payer) => `<${payer}1`)

  test('ten people within its hour', () => {
    expect(find(history(...payers))).toHaveLength(10)
    expect(ruleOf('many_payers').windowMs).toBe(3_600_000)
  })

  test('not nine, however often they pay, and not ten who are paid', () => {
    expect(find(history(...payers.slice(1), ...payers.slice(1)))).toBeUndefined()
    expect(find(history(...payers.slice(1), '>a1'))).toBeUndefined()
  })
})

describe('pass-through', () => {
  const { find } = ruleOf('pass_through')
  const least = 50n * 432_500n

  test('nine tenths of at least fifty MRP go on', () => {
    expect(find(history(`<a${least}`, `>b${(least * 9n) / 10n}`))).toEqual(['m1', 'm2'])
    expect(find(history(`<a${least - 1n}`, '<c1', `>b${least}`))).toEqual(['m1', 'm2', 'm3'])
  })

  test('not less money, not a smaller part, not what left before anything came', () => {
    expect(find(history(`<a${least - 1n}`, `>b${least}`))).toBeUndefined()
    expect(find(history(`<a${least}`, `>b${(least * 9n) / 10n - 1n}`))).toBeUndefined()
    expect(find(history(`>b${least}`, `<a${least}`))).toBeUndefined()
    expect(find([])).toBeUndefined()
  })
})

describe('reversal loop', () => {
  const { find } = ruleOf('reversal_loop')

  test('four payments to and fro, each within a twentieth of the last', () => {
    expect(find(history('>b1000', '<b950', '>b1050', '<b1000'))).toEqual(['m1', 'm2', 'm3', 'm4'])
    expect(find(history('>b1000', '<b1000', '>c5', '>b1000', '<c5', '<b1000'))).toEqual(['m1', 'm2', 'm4', 'm6'])
  })

  test('not three, not twice the same way, not other sums, not with several people', () => {
    expect(find(history('>b1000', '<b1000', '>b1000'))).toBeUndefined()
    expect(find(history('>b1000', '<b1000', '<b1000', '>b1000'))).toBeUndefined()
    expect(find(history('>b1000', '<b949', '>b1000', '<b1000'))).toBeUndefined()
    expect(find(history('>b1000', '<c1000', '>b1000', '<c1000'))).toBeUndefined()
    expect(find([])).toBeUndefined()
  })
})
