/**
 * Method: one tender written out and read back, by the product and, for the form, by hand. QR codes go through jsqr.
 */
import jsQR from 'jsqr'
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { drawQr } from '../../../src/drivers/printer/qr-picture.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import {
  makeReceiptPresentment,
  readReceiptPresentment,
  verifyReceiptPresentment,
} from '../../../src/sync/protocol/receipt-presentment.ts'
import { slotIdOf } from '../../../src/voucher/slot.ts'
import { tiyn, tiynMax } from '../../../src/voucher/money.ts'
import { otherTerminalKey, presentmentOf, tenderTerms, terminalKey } from '../../fixtures/receipt-presentment.ts'
import { sunOf } from '../../fixtures/sun-of.ts'

// jsqr is CommonJS with its function as the default export's default.
type ReadQr = typeof jsQR.default
const readQr = ((jsQR as unknown as { default?: unknown }).default ?? jsQR) as ReadQr

const presentment = presentmentOf(tenderTerms)
const text = makeReceiptPresentment(presentment, terminalKey)
const longName = 'a'.repeat(63)
const longest = presentmentOf(
  {
    ...tenderTerms,
    payerSlot: slotIdOf(longName, 'f'.repeat(32), '0'.repeat(32)),
    payeeAccount: longName,
    schemeId: longName,
    amount: tiyn(tiynMax),
  },
  { terminalId: longName, decidedAt: 8_640_000_000_000_000, position: { epoch: 99_999, sequence: 999_999_999 } },
)

/** What anybody can do who holds the key but not our code's opinion of what is right. */
const signed = (wire: readonly unknown[]): string => {
  const signature = signTagged(terminalKey, 'tolem/receipt-presentment/1', wire)
  return `TOLEM1.${Buffer.from(JSON.stringify(wire)).toString('base64url')}.${signature}`
}
const wire = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as unknown[]

/** The same array with a space in it, under a genuine signature. */
const spaced = `TOLEM1.${Buffer.from(` ${JSON.stringify(wire)}`).toString('base64url')}.${text.slice(-86)}`

describe('the presentment in a receipt code', () => {
  it('comes back as it was, with the card proof made whole again', () => {
    const expected = { kind: 'presentment', presentment }
    expect(readReceiptPresentment(text)).toEqual(expected)
    expect(verifyReceiptPresentment(text, terminalKey)).toEqual(expected)
    const online = presentmentOf(tenderTerms, { leaseId: null })
    expect(readReceiptPresentment(makeReceiptPresentment(online, terminalKey))).toEqual({
      kind: 'presentment',
      presentment: online,
    })
  })

  it('has the documented form, which another program can check with the terminal key alone', () => {
    const [version, body = '', signature = ''] = text.split('.')
    expect(version).toBe('TOLEM1')
    const json = Buffer.from(body, 'base64url').toString()
    expect(json).toBe(
      '["AZqvbhwAcACAAAAAAAChHQ","5b1e0e6f7c9d4a3b8f2e1d0c9b8a7f6e/2026-11-23","merchant-canteen-1","115000",' +
        '"school-lunch","n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg","AZqvAAAAcACAAAAAAAAB6g",1795417500000,' +
        '"75Y_94KGWKWZ8wQVEGceiA","lO7Z7mUzcIY","till-1",1,4711]',
    )
    const key = createPublicKey({ key: terminalKey.jwk as JsonWebKey, format: 'jwk' })
    const bytes = Buffer.from(`tolem/receipt-presentment/1\0${json}`)
    expect(verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  it('belongs to one terminal', () => {
    expect(verifyReceiptPresentment(text, otherTerminalKey)).toEqual({ kind: 'fault', code: 'signature_wrong' })
  })

  it.each([
    ['nothing', '', 'not_a_receipt_code'],
    ['the address of a card', 'https://tolem.invalid/s?e=00', 'not_a_receipt_code'],
    ['a code after a space', ` ${text}`, 'not_a_receipt_code'],
    ['another case', text.replace('TOLEM1', 'tolem1'), 'not_a_receipt_code'],
    ['a later version', text.replace('TOLEM1', 'TOLEM3'), 'version_not_known'],
    ['a shorter signature', text.slice(0, -1), 'damaged'],
    ['a line feed behind', `${text}\n`, 'damaged'],
    ['padding', `${text}=`, 'damaged'],
    ['empty parts', 'TOLEM1..', 'damaged'],
    ['an empty array', signed([]), 'damaged'],
    ['one element more', signed([...wire, 1]), 'damaged'],
    ['a tender id that is no UUIDv7', signed(wire.with(0, 'AAAAAAAAAAAAAAAAAAAAAA')), 'damaged'],
    ['an amount with a leading zero', signed(wire.with(3, '0115000')), 'damaged'],
    ['a negative amount', signed(wire.with(3, '-1')), 'damaged'],
    ['spare bits in the sale hash', signed(wire.with(5, `${String(wire[5]).slice(0, -1)}h`)), 'damaged'],
    ['a lease id that is no UUIDv7', signed(wire.with(6, 'AAAAAAAAAAAAAAAAAAAAAA')), 'damaged'],
    ['row 0', signed(wire.with(12, 0)), 'damaged'],
    ['JSON with a space', spaced, 'damaged'],
  ])('refuses %s, whoever signed it', (_what, other, code) => {
    expect(readReceiptPresentment(other)).toEqual({ kind: 'fault', code })
    expect(verifyReceiptPresentment(other, terminalKey)).toEqual({ kind: 'fault', code })
  })

  it('has one spelling: spare bits in the last character of the signature are refused', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(text.slice(-1))
    const twin = text.slice(0, -1) + (alphabet[last ^ 1] ?? '')
    expect(Buffer.from(twin.slice(-86), 'base64url')).toEqual(Buffer.from(text.slice(-86), 'base64url'))
    expect(verifyReceiptPresentment(twin, terminalKey)).toEqual({ kind: 'fault', code: 'damaged' })
  })

  it('is never made of a proof for other terms, or of a slot of another scheme', () => {
    const dearer = { ...presentment, terms: { ...tenderTerms, amount: tiyn(115_001n) } }
    expect(() => makeReceiptPresentment(dearer, terminalKey)).toThrow(TypeError)
    const elsewhere = presentmentOf({ ...tenderTerms, schemeId: 'food-voucher' })
    expect(sunOf(elsewhere.cardProof).b).toBe(termsHashOf(elsewhere.terms).toUpperCase())
    expect(() => makeReceiptPresentment(elsewhere, terminalKey)).toThrow(TypeError)
  })
})

describe('the code on paper', () => {
  it.each([
    ['everyday', presentment, 500],
    ['the longest ids', longest, 800],
  ])('%s: short enough, and scans on 80 mm and 58 mm', (_name, one, lengthMax) => {
    const payload = makeReceiptPresentment(one, terminalKey)
    expect(payload.length).toBeLessThanOrEqual(lengthMax)
    for (const dots of [576, 384]) {
      const picture = drawQr(payload, dots)
      expect(readQr(picture.data, picture.width, picture.height)?.data).toBe(payload)
    }
    expect(verifyReceiptPresentment(payload, terminalKey).kind).toBe('presentment')
  })

  it.each([
    ['uid', { profile: 'uid' as const, card: 'c0'.repeat(16) }],
    ['ntag21x', { profile: 'ntag21x' as const, card: 'c0'.repeat(16), record: 'A'.repeat(86) }],
  ])('says of a card of %s that it only said who it is, under a version of its own', (profile, cardProof) => {
    const identified = { ...presentment, cardProof }
    const code = makeReceiptPresentment(identified, terminalKey)
    expect(code.startsWith('TOLEM2.')).toBe(true)
    expect(code.length).toBeLessThan(800)
    expect(verifyReceiptPresentment(code, terminalKey)).toEqual({ kind: 'presentment', presentment: identified })
    // A proof of one kind cannot be passed off as one of another: the signature is over the kind.
    const body = Buffer.from(code.split('.')[1] ?? '', 'base64url').toString()
    const other = Buffer.from(body.replace(`"${profile}"`, '"ntag424"')).toString('base64url')
    expect(verifyReceiptPresentment(code.replace(/\.[^.]+\./, `.${other}.`), terminalKey)).toEqual({
      kind: 'fault',
      code: 'damaged',
    })
    expect(readReceiptPresentment(code.replace('TOLEM2', 'TOLEM1'))).toEqual({ kind: 'fault', code: 'damaged' })
    expect(readReceiptPresentment(text.replace('TOLEM1', 'TOLEM2'))).toEqual({ kind: 'fault', code: 'damaged' })
  })
})
