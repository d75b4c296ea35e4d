import { describe, expect, test } from 'vitest'
import { aes128Cmac } from '../../../src/voucher/cards/aes.ts'
import { cmacSubkeys, diversifyAes128 } from '../../../src/voucher/cards/an10922.ts'
import { concatBytes, fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { diversifyCardKey } from '../../../src/voucher/cards/card-keys.ts'
import type { DiversifiedKeyNumber } from '../../../src/voucher/cards/card-keys.ts'
import generations from '../../fixtures/vectors/ntag424-generations.json' with { type: 'json' }
import presences from '../../fixtures/vectors/ntag424-presences.json' with { type: 'json' }
import vectors from '../../fixtures/vectors/an10922.json' with { type: 'json' }

const boundaryKey = fromHex('00112233445566778899AABBCCDDEEFF')
const boundaryLengths = Object.entries(vectors.boundary_lengths).filter(([length]) => /^\d+$/.test(length))

describe('AN10922, AES-128', () => {
  test('subkeys of §2.2.1', () => {
    const { k1, k2 } = cmacSubkeys(fromHex(vectors.subkeys_aes128.K))
    expect(toHex(k1)).toBe(vectors.subkeys_aes128.K1)
    expect(toHex(k2)).toBe(vectors.subkeys_aes128.K2)
  })

  test.each(vectors.cases)('$published', ({ K, uid, aid, sysid, out }) => {
    expect(toHex(diversifyAes128(fromHex(K), fromHex(uid + aid + sysid)))).toBe(out)
  })

  test('all five boundary lengths are in the fixture', () => {
    expect(boundaryLengths.map(([length]) => length)).toEqual(['1', '7', '15', '16', '31'])
  })

  test.each(boundaryLengths)('M of %s bytes', (length, out) => {
    const message = Uint8Array.from({ length: Number(length) }, (_, index) => index)
    const diversified = toHex(diversifyAes128(boundaryKey, message))
    expect(diversified).toBe(out)
    const plainCmac = toHex(aes128Cmac(boundaryKey, concatBytes(Uint8Array.of(1), message)))
    expect(diversified === plainCmac).toBe(1 + message.length > 16)
  })

  test.each([0, 32])('M of %i bytes is a broken invariant', (length) => {
    expect(() => diversifyAes128(boundaryKey, new Uint8Array(length))).toThrow(RangeError)
  })
})

describe('the keys of one card (docs/design/02)', () => {
  const { uid, masters, diversified } = presences.sale
  test.each(['0', '2', '3', '4'] as const)('slot %s', (slot) => {
    const keyNumber = Number(slot) as DiversifiedKeyNumber
    expect(toHex(diversifyCardKey(fromHex(masters[slot]), fromHex(uid), keyNumber))).toBe(diversified[slot])
  })

  test('a UID that is not 7 bytes is a broken invariant', () => {
    expect(() => diversifyCardKey(boundaryKey, new Uint8Array(4), 3)).toThrow(RangeError)
  })

  // The examples were made by a script that shares nothing with this code nor with the virtual card's.
  test.each(generations.keys)('generation $generation, slot $keyNumber', ({ generation, keyNumber, message, key }) => {
    const master = fromHex(generations.master)
    const slot = keyNumber as DiversifiedKeyNumber
    expect(toHex(diversifyCardKey(master, fromHex(generations.uid), slot, generation))).toBe(key)
    expect(toHex(diversifyAes128(master, fromHex(message)))).toBe(key)
  })

  test.each([0, 256, 1.5])('generation %s is a broken invariant', (generation) => {
    expect(() => diversifyCardKey(boundaryKey, fromHex(uid), 3, generation)).toThrow(RangeError)
  })
})
