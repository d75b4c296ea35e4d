/** Method: every level of the classifier against its neighbours; then each condition alone and together. */
import { describe, expect, it, test } from 'vitest'
import { contains, isMerchantIn, regionSchema, type MerchantPlace, type Where } from '../../../src/voucher/where.ts'

describe('a region contains', () => {
  test.each([
    // НК РК 11-2021: the region 11, its district 11-10, the rural district 11-10-33, the village 11-10-33-100.
    ['110000000', '111033100', true],
    ['111000000', '111033100', true],
    ['111033000', '111033100', true],
    ['111033100', '111033100', true],
    ['111033100', '111033101', false],
    ['111033000', '111034100', false],
    ['111000000', '113033100', false],
    ['110000000', '710000000', false],
    // A zero that belongs to its level: the district 10 is not the district 1x.
    ['111000000', '111510000', false],
    ['101000000', '101033100', true],
    ['100000000', '110000000', false],
    ['111030000', '111033100', false],
    // A part does not contain the whole.
    ['111033000', '111000000', false],
    ['750000000', '750000000', true],
  ])('%s: %s is %s', (region, place, expected) => {
    expect(contains(region, place)).toBe(expected)
  })

  test.each(['75000000', '7500000000', '000000001', '75000000a', ''])('%j is no place', (code) => {
    expect(regionSchema.safeParse(code).success).toBe(false)
  })
})

describe('a merchant is in', () => {
  const here: MerchantPlace = { region: '751210000', kind: '5411' }
  const where = (change: Partial<Where> = {}): Where => ({ regions: [], kinds: [], except: [], ...change })
  const isIn = (change: Partial<Where>, place: MerchantPlace = here, merchants: readonly string[] = []) =>
    isMerchantIn({ merchants, where: where(change) }, 'shop-1', place)

  it('by name, wherever it is and whatever the rest says', () => {
    expect(isMerchantIn({ merchants: ['shop-1'] }, 'shop-1', {})).toBe(true)
    expect(isIn({ regions: ['710000000'], except: ['shop-1'] }, {}, ['shop-1'])).toBe(true)
    expect(isMerchantIn({ merchants: ['shop-2'] }, 'shop-1', here)).toBe(false)
  })

  it('by region and kind, where both are given, by both', () => {
    expect(isIn({ regions: ['710000000', '750000000'] })).toBe(true)
    expect(isIn({ regions: ['710000000'] })).toBe(false)
    expect(isIn({ kinds: ['5814', '5411'] })).toBe(true)
    expect(isIn({ kinds: ['5814'] })).toBe(false)
    expect(isIn({ regions: ['750000000'], kinds: ['5411'] })).toBe(true)
    expect(isIn({ regions: ['750000000'], kinds: ['5814'] })).toBe(false)
    expect(isIn({ regions: ['710000000'], kinds: ['5411'] })).toBe(false)
  })

  it('not where it is excepted, nor where what is asked for is not known of it', () => {
    expect(isIn({ regions: ['750000000'], except: ['shop-1'] })).toBe(false)
    expect(isIn({ regions: ['750000000'], except: ['shop-2'] })).toBe(true)
    expect(isIn({ regions: ['750000000'] }, { kind: '5411' })).toBe(false)
    expect(isIn({ kinds: ['5411'] }, { region: '751210000' })).toBe(false)
  })
})
