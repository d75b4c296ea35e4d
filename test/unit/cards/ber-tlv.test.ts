/** BER-TLV as ISO/IEC 7816-4 §5.2.2 has it: what is taken, and each fault by its name. */
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { parseBerTlv, valueOfTag } from '../../../src/voucher/cards/tolem-applet/ber-tlv.ts'

const parsed = (hex: string) => {
  const result = parseBerTlv(fromHex(hex))
  return result.kind === 'malformed'
    ? result.detail
    : result.objects.map(({ tag, value }) => [tag.toString(16), toHex(value)])
}

describe('BER-TLV', () => {
  test.each([
    ['nothing', '', []],
    ['an empty object', '8400', [['84', '']]],
    [
      'two of one level',
      '8401AA C0021122',
      [
        ['84', 'AA'],
        ['c0', '1122'],
      ],
    ],
    [
      'tags of two and three bytes',
      '9F6501AA 5F810201BB',
      [
        ['9f65', 'AA'],
        ['5f8102', 'BB'],
      ],
    ],
    [
      'a long length in two and in three bytes',
      '848101AA 84820001BB',
      [
        ['84', 'AA'],
        ['84', 'BB'],
      ],
    ],
    ['fillers between objects', '00FF8401AA00', [['84', 'AA']]],
    ['a constructed one as its bytes', '6F038401AA', [['6f', '8401AA']]],
  ])('%s', (_, hex, objects) => {
    expect(parsed(hex.replaceAll(' ', ''))).toEqual(objects)
  })

  test.each([
    ['9F', 'tag-cut'],
    ['5F81', 'tag-cut'],
    ['5F818283', 'tag-too-long'],
    ['84', 'length-cut'],
    ['8481', 'length-cut'],
    ['848200', 'length-cut'],
    ['8480', 'length-form'],
    ['8483000001AA', 'length-form'],
    ['8402AA', 'value-cut'],
    ['848180' + '00'.repeat(127), 'value-cut'],
    ['8401AA8401', 'value-cut'],
  ])('%s is %s', (hex, fault) => {
    expect(parsed(hex)).toBe(fault)
  })

  test('the first of two objects with one tag counts', () => {
    const result = parseBerTlv(fromHex('8401AA8401BB'))
    if (result.kind !== 'objects') throw new Error(result.detail)
    expect(valueOfTag(result.objects, 0x84)).toEqual(fromHex('AA'))
    expect(valueOfTag(result.objects, 0x85)).toBeUndefined()
  })
})
