/**
 * Method: values that another program computed (test/fixtures/vectors/protocol-golden.py) and the example of RFC 8785.
 * A changed hash here means that every stored hash, signature and card binding is broken: make a new tag instead.
 */
import canonicalize from 'canonicalize'
import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  canonicalBytes,
  canonicalText,
  canonicalTextWith,
  hashOf,
  saleHashOf,
  termsHashOf,
  toJson,
  type DomainTag,
} from '../../../src/sync/protocol/canonical.ts'
import { saleSchema } from '../../../src/voucher/sale.ts'
import { tenderTermsSchema } from '../../../src/voucher/tender.ts'
import golden from '../../fixtures/vectors/protocol-golden.json' with { type: 'json' }

const text = (value: unknown) => Buffer.from(canonicalBytes(value)).toString('utf8')

describe('canonical bytes', () => {
  it('are those of RFC 8785 §3.2.3 for its example', () => {
    const example = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    const value: unknown = JSON.parse(example)
    expect(text(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  it('do not depend on the order of keys, and do on the order of an array', () => {
    expect(text({ b: 1, a: { d: 2, c: 3 } })).toBe('{"a":{"c":3,"d":2},"b":1}')
    expect(text([2, 1])).not.toBe(text([1, 2]))
  })

  it('write an amount as a decimal string, the same as what came from JSON', () => {
    expect(text({ amount: 115_000n })).toBe('{"amount":"115000"}')
    expect(toJson({ amount: 10n ** 15n })).toBe('{"amount":"1000000000000000"}')
  })

  it('leave out what is undefined, and refuse what has no JSON form', () => {
    expect(text({ a: 1, b: undefined })).toBe('{"a":1}')
    expect(() => canonicalBytes(undefined)).toThrow(TypeError)
  })
})

describe('the text of a value that is at hand', () => {
  it('is that of the same value from JSON, whatever its members are called', () => {
    const names = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toJSON', '\u20ac')
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, undefined),
        fc.string(),
        fc.integer(),
        fc.bigInt(),
        fc.array(tie('value')),
        fc.array(fc.tuple(names, tie('value'))).map((members) => Object.fromEntries(members)),
      ),
    }))
    fc.assert(
      fc.property(value, (any) => {
        const from = { any }
        expect(canonicalText(from)).toBe(canonicalize(JSON.parse(toJson(from))))
      }),
    )
  })
})

describe('hashes', () => {
  const sale = saleSchema.parse(golden.sale.value)
  const terms = tenderTermsSchema.parse(golden.terms.value)

  it('of a sale and of terms are those that another program computed', () => {
    expect(text(sale)).toBe(golden.sale.canonical)
    expect(saleHashOf(sale)).toBe(golden.sale.hash)
    expect(termsHashOf(terms)).toBe(golden.terms.hash)
  })

  it('of typed values and of their JSON are the same', () => {
    expect(hashOf('tolem/sale/1', golden.sale.value)).toBe(saleHashOf(sale))
    expect(hashOf('tolem/tender-terms/1', JSON.parse(toJson(terms)))).toBe(termsHashOf(terms))
  })

  it('change with every field of the terms', () => {
    const others = {
      tenderId: '019aaf6e-1c00-7000-8000-00000000a11e',
      payerSlot: `${terms.payerSlot}x`,
      payeeAccount: 'merchant-2',
      amount: terms.amount + 1n,
      schemeId: 'food',
      saleHash: '0'.repeat(64),
    }
    const hashes = Object.entries(others).map(([field, value]) =>
      hashOf('tolem/tender-terms/1', { ...terms, [field]: value }),
    )
    expect(new Set([termsHashOf(terms), ...hashes]).size).toBe(7)
  })

  it('of one value under two tags never meet', () => {
    const tags: DomainTag[] = ['tolem/sale/1', 'tolem/tender-terms/1', 'tolem/journal-payload/1', 'tolem/journal-row/1']
    expect(new Set(tags.map((tag) => hashOf(tag, terms))).size).toBe(tags.length)
  })
})

test('with the text of one member at hand an object has the same form', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (value, member, own) => {
      expect(canonicalTextWith(value, member, canonicalText(own))).toBe(
        canonicalText(Object.fromEntries([...Object.entries(value), [member, own]])),
      )
    }),
    { seed: 20_261_128 },
  )
  const names = { b: 1n, '€': 2, ö: undefined, '\u{1F600}': 3, ﬀ: [4n] }
  expect(canonicalTextWith(names, 'a', '[]')).toBe(canonicalText({ ...names, a: [] }))
})
