/**
 * Method: published examples (the Luhn example of ISO/IEC 7812-1 as everybody prints it, the check value of
 * CRC-16/CCITT-FALSE), each digit changed and each pair swapped in turn, and texts that are not what they look like.
 */
import { describe, expect, test } from 'vitest'
import { ledgerKeysOf, newLedgerSecrets } from '../../../ledger-sim/keys.ts'
import { maskedName } from '../../../ledger-sim/individuals/masking.ts'
import { cardSchema, hasCheckDigit, numberHash, phoneSchema } from '../../../ledger-sim/individuals/numbers.ts'
import { accountOfPseudonym, accountPseudonym, payerPseudonym } from '../../../ledger-sim/individuals/pseudonyms.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { readPaymentQr } from '../../../hardware-mocks/wallet/payment-qr.ts'
import { crcOf } from '../../../src/voucher/emv-text.ts'
import { paymentQr } from '../../../src/voucher/payment-qr.ts'
import { receiveQr, receiveTokenOf } from '../../../src/voucher/receive-qr.ts'
import { tiyn } from '../../../src/voucher/money.ts'

const keys = ledgerKeysOf(newLedgerSecrets(seededRandom('numbers')))

describe('a card number', () => {
  test('ends in the check digit by Luhn’s rule', () => {
    expect(hasCheckDigit('79927398713')).toBe(true)
    expect('0123456789'.split('').filter((digit) => hasCheckDigit(`7992739871${digit}`))).toEqual(['3'])
  })

  test('with one wrong digit is none, wherever it is wrong', () => {
    const card = '4000001234567899'
    expect(cardSchema.safeParse(card).success).toBe(true)
    for (const [place, digit] of [...card].entries()) {
      const other = (Number(digit) + 1) % 10
      expect(cardSchema.safeParse(card.slice(0, place) + other + card.slice(place + 1)).success).toBe(false)
    }
  })

  test('has 16 to 19 digits and nothing else', () => {
    const withCheckDigit = (payload: string) =>
      '0123456789'
        .split('')
        .map((digit) => payload + digit)
        .find(hasCheckDigit) ?? ''
    const lengths = [14, 15, 16, 17, 18, 19, 20].filter(
      (length) => cardSchema.safeParse(withCheckDigit('4'.padEnd(length - 1, '1'))).success,
    )
    expect(lengths).toEqual([16, 17, 18, 19])
    for (const text of ['4000 0012 3456 7899', '4000001234567899\n', '٤٠٠٠٠٠١٢٣٤٥٦٧٨٩٩'])
      expect(cardSchema.safeParse(text).success).toBe(false)
  })
})

test('a phone number is as E.164 writes it', () => {
  for (const number of ['+77010000001', '+12025550100', '+442071838750', `+1${'2'.repeat(14)}`])
    expect(phoneSchema.safeParse(number).success).toBe(true)
  const wrong = ['77010000001', '+07010000001', '+7 701 000 00 01', '+7701', `+1${'2'.repeat(15)}`, '+7701000000a', '']
  for (const number of wrong) expect(phoneSchema.safeParse(number).success).toBe(false)
})

test('the hash of a number is its kind’s and its ledger’s', () => {
  const digits = '+77010000001'
  const hash = numberHash(keys, { kind: 'phone', number: digits })
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(hash).not.toBe(numberHash(keys, { kind: 'card', number: digits }))
  const others = ledgerKeysOf(newLedgerSecrets(seededRandom('others')))
  expect(hash).not.toBe(numberHash(others, { kind: 'phone', number: digits }))
})

test('a name is masked to two initials, and its length is not told', () => {
  expect(maskedName('Qarlygash Synaq')).toBe('Q***** S.')
  expect(maskedName('Al Synaq')).toBe('A***** S.')
  expect(maskedName('Әлия Үлгі')).toBe('Ә***** Ү.')
  expect(maskedName('Botakoz')).toBe('B*****')
  expect(maskedName('  Customer 1 (demo)')).toBe('C***** 1.')
  expect(maskedName('И\u0306оханн Ulgi')).toBe('И\u0306***** U.')
  expect(maskedName('(…)')).toBe('*****')
})

describe('the QR of a person', () => {
  const token = '00112233445566778899aabbccddeeff'
  const text = receiveQr(token)

  test('has the check sum of ISO/IEC 13239', () => {
    expect(crcOf('123456789')).toBe('29B1')
    expect(text.endsWith(`6304${crcOf(text.slice(0, -4))}`)).toBe(true)
  })

  test('gives its token back, and none when any one character was read wrongly', () => {
    expect(receiveTokenOf(text)).toBe(token)
    for (let place = 0; place < text.length; place += 1) {
      const other = text[place] === '7' ? '8' : '7'
      expect(receiveTokenOf(text.slice(0, place) + other + text.slice(place + 1))).toBeUndefined()
    }
    for (const cut of ['', '6304', text.slice(0, -1), `${text}0`]) expect(receiveTokenOf(cut)).toBeUndefined()
  })

  test('is taken for no request to pay, nor that for it', () => {
    const texts = { kk: 'Canteen', ru: 'Canteen', en: 'Canteen' }
    const requestId = '019aaf6e-1c00-7000-8000-00000000a11d'
    const request = paymentQr({ requestId, amount: tiyn(100n), merchant: { name: texts, address: texts } })
    expect(receiveTokenOf(request)).toBeUndefined()
    expect(readPaymentQr(request)).toMatchObject({ requestId })
    expect(JSON.stringify(readPaymentQr(text))).not.toContain(token)
    expect(readPaymentQr(text)).not.toHaveProperty('requestId')
  })
})

describe('a pseudonym', () => {
  test('of an account is always the same, equally long, and found again by this ledger only', () => {
    const first = accountPseudonym(keys, 'individual-1')
    expect(accountPseudonym(keys, 'individual-1')).toBe(first)
    expect(accountPseudonym(keys, 'a1')).toHaveLength(first.length)
    expect(accountOfPseudonym(keys, first)).toBe('individual-1')
    const others = ledgerKeysOf(newLedgerSecrets(seededRandom('others')))
    for (const wrong of [accountPseudonym(others, 'individual-1'), `${first.slice(0, -2)}AA`, 'individual-1', ''])
      expect(accountOfPseudonym(keys, wrong)).toBeUndefined()
  })

  test('of a payer is another one for each payee', () => {
    const forFirst = payerPseudonym(keys, 'payee-1', 'payer')
    expect(payerPseudonym(keys, 'payee-1', 'payer')).toBe(forFirst)
    expect(payerPseudonym(keys, 'payee-2', 'payer')).not.toBe(forFirst)
    expect(payerPseudonym(keys, 'payee-1', 'payer-2')).not.toBe(forFirst)
  })
})
