import { describe, expect, it } from 'vitest'
import {
  addTiyn,
  formatTenge,
  multiplyTiyn,
  remainderTiyn,
  smallestTiyn,
  subtractTiyn,
  tiyn,
  tiynMax,
  tiynSchema,
  zeroTiyn,
} from '../../../src/voucher/money.ts'

describe('an amount in tiyn', () => {
  it('is whole, not negative and not beyond the largest', () => {
    expect(tiyn(0)).toBe(0n)
    expect(tiyn(tiynMax)).toBe(tiynMax)
    expect(() => tiyn(-1n)).toThrow(RangeError)
    expect(() => tiyn(tiynMax + 1n)).toThrow(RangeError)
    expect(() => tiyn(0.5)).toThrow(RangeError)
    expect(() => tiyn(Number.NaN)).toThrow(RangeError)
  })

  it('never overflows silently and never goes below zero', () => {
    const largest = tiyn(tiynMax)
    expect(() => addTiyn(largest, tiyn(1n))).toThrow(RangeError)
    expect(() => multiplyTiyn(largest, 2)).toThrow(RangeError)
    expect(() => subtractTiyn(tiyn(1n), tiyn(2n))).toThrow(RangeError)
    expect(addTiyn()).toBe(0n)
    expect(addTiyn(tiyn(tiynMax - 1n), tiyn(1n))).toBe(tiynMax)
    expect(multiplyTiyn(largest, 1)).toBe(tiynMax)
    expect(multiplyTiyn(largest, 0)).toBe(0n)
    expect(subtractTiyn(tiyn(2n), tiyn(2n))).toBe(0n)
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('is not multiplied by %s', (quantity) => {
    expect(() => multiplyTiyn(zeroTiyn, quantity)).toThrow(RangeError)
  })

  it('has a remainder above another and a smallest of several', () => {
    expect(remainderTiyn(tiyn(5n), tiyn(3n))).toBe(2n)
    expect(remainderTiyn(tiyn(3n), tiyn(5n))).toBe(0n)
    expect(remainderTiyn(tiyn(3n), tiyn(3n))).toBe(0n)
    expect(smallestTiyn(tiyn(3n), tiyn(2n), tiyn(9n))).toBe(2n)
    expect(smallestTiyn(tiyn(3n))).toBe(3n)
  })
})

describe('an amount in JSON', () => {
  it.each(['0', '1', '115000', '999999999999999', '1000000000000000'])('%s goes there and back', (text) => {
    expect(tiynSchema.decode(text)).toBe(BigInt(text))
    expect(tiynSchema.encode(tiyn(BigInt(text)))).toBe(text)
  })

  it.each(['', '-1', '00', '01', '1.0', '1e3', ' 1', '1 ', '+1', '0x10', '١', '1000000000000001', '99999999999999999'])(
    'refuses %j',
    (text) => {
      expect(tiynSchema.safeDecode(text).success).toBe(false)
    },
  )

  it('refuses a number and a bigint out of bounds', () => {
    expect(tiynSchema.safeParse(5).success).toBe(false)
    expect(tiynSchema.safeEncode((tiynMax + 1n) as typeof zeroTiyn).success).toBe(false)
    expect(tiynSchema.safeEncode(-1n as typeof zeroTiyn).success).toBe(false)
  })
})

describe('an amount for people', () => {
  it.each([
    [0n, '0,00'],
    [1n, '0,01'],
    [99n, '0,99'],
    [100n, '1,00'],
    [99_999n, '999,99'],
    [100_000n, '1\u202f000,00'],
    [115_000n, '1\u202f150,00'],
    [123_456_789n, '1\u202f234\u202f567,89'],
    [tiynMax, '10\u202f000\u202f000\u202f000\u202f000,00'],
  ])('%s tiyn: thin spaces between groups, a comma, two digits', (amount, text) => {
    expect(formatTenge(tiyn(amount))).toBe(`${text}\u00a0₸`)
  })

  it('takes another sign', () => {
    expect(formatTenge(tiyn(5n), 'тг')).toBe('0,05\u00a0тг')
  })
})
