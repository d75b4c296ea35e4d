/** Method: memories and messages written out byte by byte from the specifications that `ndef.ts` names. */
import { describe, expect, test } from 'vitest'
import { asciiBytes, fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { findNdefMessage, oneRecordMemory, parseNdefMessage } from '../../../src/voucher/cards/ndef.ts'

const found = (memory: string) => {
  const message = findNdefMessage(fromHex(memory))
  return message.kind === 'found' ? toHex(message.message) : message
}

describe('the memory of a card', () => {
  test('as NXP delivers an NTAG213 has no message', () => {
    expect(found('0103A00C340300FE')).toEqual({ kind: 'none' })
  })

  test('has its message behind blocks of other kinds and empty bytes', () => {
    expect(found('00000103A00C340302ABCDFE')).toBe('ABCD')
    expect(found('FD02FFFF03FF0003010203FE')).toBe('010203')
  })

  test('says how much of it is wanted', () => {
    expect(found('')).toEqual({ kind: 'more', bytes: 1 })
    expect(found('03')).toEqual({ kind: 'more', bytes: 2 })
    expect(found('03FF01')).toEqual({ kind: 'more', bytes: 4 })
    expect(found('0305AB')).toEqual({ kind: 'more', bytes: 7 })
    expect(found('01FFFFFF')).toEqual({ kind: 'more', bytes: 65_540 })
  })
})

describe('a message', () => {
  test('of one external record, as the issuing desk writes it, is read as it was written', () => {
    const record = { format: 4, type: asciiBytes('tolem.invalid:card'), payload: fromHex('01ABCDEF') }
    const memory = oneRecordMemory(record)
    expect(toHex(memory)).toBe('0319D41204746F6C656D2E696E76616C69643A6361726401ABCDEFFE')
    const message = findNdefMessage(memory)
    if (message.kind !== 'found') throw new Error(message.kind)
    expect(parseNdefMessage(message.message)).toEqual({ kind: 'records', records: [record] })
  })

  test('of two records, one with an identifier, one of long form', () => {
    const message = fromHex('9901020155690A0B4401000000035A010203')
    expect(parseNdefMessage(message)).toEqual({
      kind: 'records',
      records: [
        { format: 1, type: fromHex('55'), payload: fromHex('0A0B') },
        { format: 4, type: fromHex('5A'), payload: fromHex('010203') },
      ],
    })
  })

  test.each([
    ['nothing', '', 'truncated'],
    ['a header alone', 'D1', 'truncated'],
    ['a payload that is longer than the message', 'D101055500', 'truncated'],
    ['a length of four bytes beyond all memory', 'C101FFFFFFFF55', 'truncated'],
    ['no beginning', '5101015500', 'out-of-order'],
    ['a second beginning', '9101015500D101015500', 'out-of-order'],
    ['something behind the end', 'D10101550000', 'out-of-order'],
    ['a chunk', 'F101015500', 'chunked'],
  ])('with %s is a fault', (_what, message, fault) => {
    expect(parseNdefMessage(fromHex(message))).toEqual({ kind: 'fault', fault })
  })
})
