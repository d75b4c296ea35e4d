import { describe, expect, test } from 'vitest'
import { aes128Cmac, aes128CmacTruncated, equalInConstantTime } from '../../../src/voucher/cards/aes.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import transactionMac from '../../fixtures/vectors/desfire-transaction-mac.json' with { type: 'json' }
import vectors from '../../fixtures/vectors/aes-cmac.json' with { type: 'json' }

describe(`AES-CMAC, ${vectors.published}`, () => {
  test.each(vectors.cases)('message of $msg.length hex digits', ({ msg, mac }) => {
    expect(toHex(aes128Cmac(fromHex(vectors.key), fromHex(msg)))).toBe(mac.toUpperCase())
  })

  test.each(transactionMac.cases)(`a session key of ${transactionMac.published}: $mac`, ({ key, msg, mac }) => {
    expect(toHex(aes128Cmac(fromHex(key), fromHex(msg)))).toBe(mac)
  })

  test('the truncated MAC is every second byte, beginning with the second', () => {
    expect(toHex(aes128CmacTruncated(fromHex(vectors.key), new Uint8Array(0)))).toBe('1D295928A3127546')
    expect(vectors.cases[0]?.mac).toBe('bb1d6929e95937287fa37d129b756746')
  })
})

test('equality in constant time is equality, and never throws on unequal lengths', () => {
  expect(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalInConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false)
})
