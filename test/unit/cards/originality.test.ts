/**
 * Method: signatures that NXP made and that were published (test/fixtures/vectors/originality.json), each bit of one
 * flipped, and numbers that no signature may have. The public keys of other families refuse them.
 */
import { describe, expect, test } from 'vitest'
import { publishedSignatures } from '../../../hardware-mocks/cards/ntag21x.ts'
import { publishedChips } from '../../../hardware-mocks/cards/ntag424-originality.ts'
import { fromHex } from '../../../src/voucher/cards/bytes.ts'
import { isOriginal, type ChipFamily } from '../../../src/voucher/cards/originality.ts'
import vectors from '../../fixtures/vectors/originality.json' with { type: 'json' }

const cases = vectors.families.flatMap(({ family, cases: of }) =>
  of.map(({ uid, signature }) => ({ family: family as ChipFamily, uid: fromHex(uid), signature: fromHex(signature) })),
)

describe('NXP’s originality signature', () => {
  test.each(cases)('of a chip of family $family is true', ({ family, uid, signature }) => {
    expect(isOriginal(family, uid, signature)).toBe(true)
    for (const other of vectors.families.filter((one) => one.family !== family))
      expect([other.family, isOriginal(other.family as ChipFamily, uid, signature)]).toEqual([other.family, false])
  })

  test.each(cases)(
    'of family $family is false with any bit flipped, of UID or signature',
    ({ family, uid, signature }) => {
      const flipped = (bytes: Uint8Array, bit: number) =>
        bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      // Every seventh bit: all places of all bytes come by within eight bytes.
      for (let bit = 0; bit < signature.length * 8; bit += 7)
        expect([bit, isOriginal(family, uid, flipped(signature, bit))]).toEqual([bit, false])
      for (let bit = 0; bit < uid.length * 8; bit += 7)
        expect([bit, isOriginal(family, flipped(uid, bit), signature)]).toEqual([bit, false])
    },
  )

  test('is false for numbers out of range and for other lengths, and throws at nothing', () => {
    const [{ uid, signature } = { uid: new Uint8Array(0), signature: new Uint8Array(0) }] = cases
    const zero = new Uint8Array(16)
    const order = fromHex('FFFFFFFE0000000075A30D1B9038A115')
    const r = signature.slice(0, 16)
    const s = signature.slice(16)
    const pairs = [
      [zero, s],
      [r, zero],
      [order, s],
      [r, order],
      [r, s.slice(1)],
      [r, Uint8Array.from([...s, 0])],
    ] as const
    for (const [first, second] of pairs)
      expect(isOriginal('ntag21x', uid, Uint8Array.from([...first, ...second]))).toBe(false)
    expect(isOriginal('ntag21x', new Uint8Array(17), signature)).toBe(false)
    expect(isOriginal('ntag21x', new Uint8Array(0), new Uint8Array(0))).toBe(false)
  })

  test('of the virtual cards are those of the fixture: copied from one source into two places', () => {
    const ofFixture = (wanted: ChipFamily) =>
      Object.fromEntries(
        vectors.families
          .filter(({ family }) => family === wanted)
          .flatMap(({ cases: of }) => of.map(({ uid, signature }) => [uid, signature])),
      )
    expect(publishedSignatures).toEqual(ofFixture('ntag21x'))
    expect(publishedChips).toEqual(ofFixture('ntag424'))
  })

  test('takes less than 25 ms to check, so that a tap can', () => {
    const [{ uid, signature } = { uid: new Uint8Array(0), signature: new Uint8Array(0) }] = cases
    isOriginal('ntag21x', uid, signature)
    const times = Array.from({ length: 9 }, () => {
      const start = process.cpuUsage()
      isOriginal('ntag21x', uid, signature)
      const { user, system } = process.cpuUsage(start)
      return (user + system) / 1_000
    })
    expect(times.toSorted((a, b) => a - b)[4]).toBeLessThan(25)
  })
})
