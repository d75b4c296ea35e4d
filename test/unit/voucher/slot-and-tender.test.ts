import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrivalSchema } from '../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { slotIdOf, slotIdSchema, slotSchema } from '../../../src/voucher/slot.ts'
import { differingTerm, sunSchema, tenderTermsSchema, termFields } from '../../../src/voucher/tender.ts'
import { tenderTerms } from '../../fixtures/receipt-presentment.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 77)

describe('a slot', () => {
  const wire = {
    slotId: slotIdOf('school-lunch', '5b'.repeat(16), '2026-11-23'),
    schemeId: 'school-lunch',
    beneficiary: '5b'.repeat(16),
    periodId: '2026-11-23',
    countAllowed: 1,
    amountAllowed: '120000',
    countSpent: 0,
    amountSpent: '0',
    booked: [],
  }

  it('has an id that follows from scheme, beneficiary and period, fits the schema, and is no other slot’s', () => {
    const names = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,62}$/)
    const pseudonyms = fc.stringMatching(/^[0-9a-f]{32}$/)
    const periods = fc.stringMatching(/^[0-9A-Za-z-]{1,32}$/)
    const parts = fc.tuple(names, pseudonyms, periods)
    fc.assert(
      fc.property(parts, parts, (first, second) => {
        expect(slotIdSchema.safeParse(slotIdOf(...first)).success).toBe(true)
        expect(slotIdOf(...first) === slotIdOf(...second)).toBe(first.every((part, index) => part === second[index]))
        expect(slotIdOf(...first)).toBe(slotIdOf(...first))
      }),
      { seed, numRuns: 300 },
    )
    expect(wire.slotId).toBe(`school-lunch/${'5b'.repeat(16)}/2026-11-23`)
  })

  it.each<[string, object]>([
    ['a negative count', { countSpent: -1 }],
    ['half a use', { countAllowed: 0.5 }],
    ['a negative amount', { amountSpent: '-1' }],
    ['a name in place of a pseudonym', { beneficiary: 'aigerim' }],
    ['a booked tender without an id', { booked: ['tender-1'] }],
    ['more than the fields', { name: 'Aigerim' }],
  ])('is refused with %s', (_what, change) => {
    expect(slotSchema.safeParse(wire).success).toBe(true)
    expect(slotSchema.safeParse({ ...wire, ...change }).success).toBe(false)
  })
})

describe('the terms of a tender', () => {
  const other = {
    tenderId: '019aaf6e-1c00-7000-8000-00000000a11e',
    payerSlot: 'food/x/y',
    payeeAccount: 'merchant-2',
    amount: tiyn(1n),
    schemeId: 'food',
    saleHash: '0'.repeat(64),
  }

  it('are the same tender when nothing differs, whatever the object', () => {
    expect(differingTerm(tenderTerms, { ...tenderTerms, amount: tiyn(115_000) })).toBeUndefined()
  })

  it.each(termFields)('differ in %s', (field) => {
    expect(differingTerm(tenderTerms, { ...tenderTerms, [field]: other[field] })).toBe(field)
    expect(differingTerm({ ...tenderTerms, [field]: other[field] }, tenderTerms)).toBe(field)
  })

  it('name the first of several differences, in the documented order', () => {
    termFields.forEach((field, index) => {
      const later = Object.fromEntries(termFields.slice(index).map((name) => [name, other[name]]))
      expect(differingTerm(tenderTerms, { ...tenderTerms, ...later })).toBe(field)
    })
  })

  it('are all fields but the id, and each difference has its arrival code', () => {
    expect([...termFields, 'tenderId'].toSorted()).toEqual(Object.keys(tenderTermsSchema.shape).toSorted())
    const codes = termFields.map(
      (field) => `exists_with_different_${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
    )
    // The last is a payment request's own.
    expect(arrivalSchema.options.filter((code) => code.startsWith('exists_with'))).toEqual([
      ...codes,
      'exists_with_different_expiry',
    ])
  })

  it.each<[string, object]>([
    ['a UUID of version 4', { tenderId: '019aaf6e-1c00-4000-8000-00000000a11d' }],
    ['a hash in capitals', { saleHash: 'A'.repeat(64) }],
    ['an amount as a number', { amount: 115_000 }],
    ['more than the fields', { tip: '1' }],
  ])('are refused with %s', (_what, change) => {
    const wire = tenderTermsSchema.encode(tenderTerms)
    expect(tenderTermsSchema.parse(wire)).toEqual(tenderTerms)
    expect(tenderTermsSchema.safeParse({ ...wire, ...change }).success).toBe(false)
  })

  it('take a SUN message in upper-case hex only', () => {
    const sun = { e: 'AF'.repeat(16), b: '09'.repeat(32), m: 'EF'.repeat(8) }
    expect(sunSchema.safeParse(sun).success).toBe(true)
    for (const change of [{ e: 'af'.repeat(16) }, { b: '0'.repeat(63) }, { m: 'G'.repeat(16) }]) {
      expect(sunSchema.safeParse({ ...sun, ...change }).success).toBe(false)
    }
  })
})
