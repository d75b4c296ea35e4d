/** ATR, ATS and GET_VERSION taken apart; the answers are published ones, named beside each. */
import { describe, expect, test } from 'vitest'
import { readAtr } from '../../../../src/voucher/cards/atr.ts'
import { readAts } from '../../../../src/voucher/cards/ats.ts'
import { fromHex, toHex } from '../../../../src/voucher/cards/bytes.ts'
import { readNativeVersion, readType2Version } from '../../../../src/voucher/cards/nxp-version.ts'

const atr = (hex: string) => {
  const read = readAtr(fromHex(hex))
  return read.kind === 'read' ? { ...read, historical: toHex(read.historical) } : read
}

describe('an ATR', () => {
  test('of a DESFire and of an NTAG 424 DNA (facts §1.1) is the reader’s, with one historical byte', () => {
    expect(atr('3B8180018080')).toEqual({
      kind: 'read',
      saidBy: 'reader',
      protocols: [0, 1],
      historical: '80',
      storage: null,
      checksum: 'right',
    })
  })

  test('of a storage card (ACR122U API §3.1) names standard and card', () => {
    const read = atr('3B8F8001804F0CA000000306030001000000006A')
    expect(read).toMatchObject({ saidBy: 'reader', storage: { standard: 3, name: 1 }, checksum: 'right' })
    expect(atr('3B8F8001804F0CA000000306030001000000006B')).toMatchObject({ checksum: 'wrong' })
  })

  test('of a card with contacts: T=0 alone has no check byte (ISO/IEC 7816-3 §8.2.5)', () => {
    // TA1 = 11, TC1 = 00, then five historical bytes.
    expect(atr('3B55110000010203040506'.slice(0, 18))).toMatchObject({ kind: 'read', protocols: [0], checksum: 'none' })
    expect(atr('3F00')).toMatchObject({ kind: 'read', saidBy: 'card', protocols: [0], historical: '' })
  })

  test.each([
    ['', 'start'],
    ['3C00', 'start'],
    ['3B', 'cut'],
    ['3B81', 'cut'],
    ['3B818001', 'cut'],
    ['3B81800180', 'cut'],
    ['3B818001808000', 'too-long'],
    [`3B${'00'.repeat(33)}`, 'too-long'],
  ])('%s is none: %s', (hex, fault) => {
    expect(atr(hex)).toEqual({ kind: 'malformed', fault })
  })

  test('of any bytes is read or said to be none, and nothing is thrown', () => {
    for (let length = 0; length < 40; length += 1)
      for (let seed = 0; seed < 60; seed += 1) {
        const bytes = Uint8Array.from({ length }, (_, at) => (at === 0 && seed % 2 === 0 ? 0x3b : seed * 37 + at * 91))
        expect(['read', 'malformed']).toContain(readAtr(bytes).kind)
      }
  })
})

describe('an ATS', () => {
  test('of a DESFire (06 75 77 81 02 80): 64 bytes, 848 kbit/s, one historical byte', () => {
    const { interface: of, historical } = readAts(fromHex('067577810280'))
    expect(of).toEqual({ frameBytes: 64, kilobitsPerSecond: 848, waitMs: 77.3 })
    expect(toHex(historical)).toBe('80')
  })

  test('of which the reader gives the historical bytes alone has nothing else', () => {
    expect(readAts(fromHex('80'))).toEqual({ interface: null, historical: fromHex('80') })
  })

  test('without the optional bytes has the standard’s values; the rate is one of both directions', () => {
    expect(readAts(fromHex('01')).interface).toEqual({ frameBytes: 32, kilobitsPerSecond: 106, waitMs: 4.8 })
    expect(readAts(fromHex('031840')).interface).toMatchObject({ frameBytes: 256, kilobitsPerSecond: 106 })
    expect(readAts(fromHex('031811')).interface?.kilobitsPerSecond).toBe(212)
  })
})

describe('GET_VERSION', () => {
  test('of an NTAG213 says between 128 and 256 bytes', () => {
    expect(readType2Version(fromHex('0004040201000F03'))).toEqual({
      vendor: 4,
      type: 4,
      subtype: 2,
      major: 1,
      minor: 0,
      storage: { atLeast: 128, atMost: 256 },
      made: null,
    })
    expect(readType2Version(fromHex('00040402'))).toBeNull()
  })

  test('of a DESFire EV3 of 8 KiB says when it was made: week and year in decimal digits', () => {
    const third = `04A1B2C3D4E5F6${'CD65935D40'}0922`
    expect(readNativeVersion(fromHex('04010133001A05'), fromHex(third))).toMatchObject({
      type: 1,
      major: 0x33,
      storage: { atLeast: 8_192, atMost: 8_192 },
      made: { week: 9, year: 2022 },
    })
    expect(readNativeVersion(fromHex('04010133001A05'), fromHex('00'))?.made).toBeNull()
    expect(readNativeVersion(fromHex('0401'), fromHex(third))).toBeNull()
  })
})
