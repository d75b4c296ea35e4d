/** Values made from the schemas of the OpenAPI document, and values that are nearly what a schema asks for. */
import fc from 'fast-check'
import type { Chance } from './chance.ts'

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
}

export type Components = Readonly<Record<string, Schema>>

const patterns = new Map<string, fc.Arbitrary<string>>()

/** A value of the schema; lists are short, and what is deeper than ten levels is left out. */
export function valueOf(schema: Schema, components: Components, chance: Chance, depth = 0): unknown {
  const inner = (one: Schema | undefined): unknown => valueOf(one ?? {}, components, chance, depth + 1)
  if (schema.$ref !== undefined) return inner(components[schema.$ref.replace('#/components/schemas/', '')])
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return chance.pick(schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return inner(chance.pick(choices))
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map(inner)) as unknown
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => depth < 10 && (schema.required?.includes(name) === true || chance.percent(50)))
          .map(([name, member]) => [name, inner(member)]),
      )
    case 'array': {
      const least = schema.minItems ?? 0
      const count = depth > 10 ? least : least + chance.below(Math.min(3, (schema.maxItems ?? 3) - least) + 1)
      return Array.from({ length: count }, () => inner(schema.items))
    }
    case 'string':
      return textOf(schema, chance)
    case 'integer':
    case 'number':
      return (
        (schema.minimum ?? 0) +
        chance.below(Math.max(1, Math.min(1_000, (schema.maximum ?? 1_000) - (schema.minimum ?? 0))))
      )
    case 'boolean':
      return chance.percent(50)
    case 'null':
      return null
    default:
      return chance.pick<unknown>([{}, [], 'text', 0, null, true])
  }
}

function textOf({ pattern, minLength = 0, maxLength = 20 }: Schema, chance: Chance): string {
  if (pattern === undefined) return 'x'.repeat(minLength + chance.below(Math.min(20, maxLength - minLength) + 1))
  const known = patterns.get(pattern) ?? fc.stringMatching(new RegExp(pattern))
  patterns.set(pattern, known)
  return fc.sample(known, { numRuns: 1, seed: chance.below(2 ** 31) })[0] ?? ''
}

const strangeTexts = [
  '',
  ' ',
  '\u0000',
  'é e\u0301',
  '\u202eabc',
  '𝔘𝔫𝔦',
  'İıſK',
  '১২৩',
  '\ufeff',
  '%00%0a',
  '../../x',
  "' or 1=1 --",
  '{{7*7}}',
  'x'.repeat(100_000),
]
const strangeNumbers = [-1, 0, 0.5, 1e308, 2 ** 53, -(2 ** 53), 1e-7, 9_999_999_999_999]
const strangeAmounts = ['0', '-1', '00', '1e3', '0.1', '9007199254740993', '9'.repeat(16), '9'.repeat(17), '+1', '１']
export const strangeNames = ['__proto__', 'constructor', 'toString', 'prototype', 'hasOwnProperty', '\u0000', '']
const otherTypes: readonly unknown[] = [null, true, 0, -1, '', 'x', [], {}, [[]], { a: 1 }]

/** The value with one thing about it that is not as it was: a field missing, one more, another type, beyond a bound. */
export function nearly(value: unknown, chance: Chance): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0 || chance.percent(30)) return chance.pick<unknown>([[], [...value, ...value], [value], {}])
    const place = chance.below(value.length)
    return value.map((member: unknown, index) => (index === place ? nearly(member, chance) : member))
  }
  if (typeof value === 'object' && value !== null) return nearlyRecord(value as Record<string, unknown>, chance)
  if (chance.percent(30)) return chance.pick(otherTypes)
  if (typeof value === 'string') return /^\d+$/.test(value) ? chance.pick(strangeAmounts) : nearlyText(value, chance)
  if (typeof value === 'number') return chance.pick(strangeNumbers)
  return chance.pick(otherTypes)
}

function nearlyRecord(value: Record<string, unknown>, chance: Chance): unknown {
  const names = Object.keys(value)
  if (names.length === 0 || chance.percent(20)) {
    const name = chance.percent(50) ? chance.pick(strangeNames) : 'more'
    return Object.fromEntries([...Object.entries(value), [name, chance.pick(otherTypes)]])
  }
  const name = chance.pick(names)
  const others = Object.entries(value).filter(([other]) => other !== name)
  if (chance.percent(15)) return Object.fromEntries(others)
  return Object.fromEntries([...others, [name, nearly(value[name], chance)]])
}

function nearlyText(value: string, chance: Chance): string {
  const cut = chance.below(value.length + 1)
  return chance.pick([
    chance.pick(strangeTexts),
    `${value}${value}`,
    value.slice(0, cut),
    `${value.slice(0, cut)}\u0301${value.slice(cut)}`,
    value.toUpperCase(),
    ` ${value}`,
    [...value].toReversed().join(''),
  ])
}
