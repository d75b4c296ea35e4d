/**
 * Method: random presentments; then a receipt code with characters changed, swapped, lost or added, or with parts of
 * two genuine codes put together. Only what a terminal wrote verifies, and reading never throws.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeReceiptPresentment,
  readReceiptPresentment,
  verifyReceiptPresentment,
} from '../../../src/sync/protocol/receipt-presentment.ts'
import { tiyn, tiynMax } from '../../../src/voucher/money.ts'
import { slotIdOf } from '../../../src/voucher/slot.ts'
import { presentmentOf, terminalKey } from '../../fixtures/receipt-presentment.ts'
import { sunOf } from '../../fixtures/sun-of.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 9_001)
const runs = { seed, numRuns: 1_000 }

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'))
const uuid = fc.uuid({ version: 7 })
const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,62}$/)
const presentment = fc
  .record({
    tenderId: uuid,
    schemeId: name,
    beneficiary: hex(16),
    periodId: fc.stringMatching(/^[0-9A-Za-z-]{1,32}$/),
    payeeAccount: name,
    amount: fc.bigInt({ min: 0n, max: tiynMax }),
    saleHash: hex(32),
    leaseId: fc.option(uuid),
    decidedAt: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    e: hex(16),
    m: hex(8),
    terminalId: name,
    epoch: fc.integer({ min: 1 }),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  })
  .map((one) => {
    const { tenderId, schemeId, payeeAccount, saleHash } = one
    const payerSlot = slotIdOf(schemeId, one.beneficiary, one.periodId)
    const whole = presentmentOf({ tenderId, payerSlot, payeeAccount, amount: tiyn(one.amount), schemeId, saleHash })
    const sun = { ...sunOf(whole.cardProof), e: one.e.toUpperCase(), m: one.m.toUpperCase() }
    return {
      ...whole,
      leaseId: one.leaseId,
      decidedAt: one.decidedAt,
      cardProof: { profile: 'ntag424' as const, sun },
      terminalId: one.terminalId,
      position: { epoch: one.epoch, sequence: one.sequence },
    }
  })

const character = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n')
type Tampering = (text: string) => string
const at = (place: number, text: string): number => place % text.length
const tampering: fc.Arbitrary<Tampering> = fc.oneof(
  fc.tuple(fc.nat(), character).map(
    ([place, other]) =>
      (text: string) =>
        text.slice(0, at(place, text)) + other + text.slice(at(place, text) + 1),
  ),
  fc.tuple(fc.nat(), character).map(
    ([place, more]) =>
      (text: string) =>
        text.slice(0, at(place, text)) + more + text.slice(at(place, text)),
  ),
  fc.nat().map((place) => (text: string) => text.slice(0, at(place, text)) + text.slice(at(place, text) + 1)),
  fc.nat().map((place) => (text: string) => text.slice(0, at(place, text))),
)

describe(`receipt codes, TOLEM_SEED=${seed}`, () => {
  test('any presentment comes back whole', () => {
    fc.assert(
      fc.property(presentment, (one) => {
        expect(verifyReceiptPresentment(makeReceiptPresentment(one, terminalKey), terminalKey)).toEqual({
          kind: 'presentment',
          presentment: one,
        })
      }),
      runs,
    )
  })

  test('a code that was tampered with never verifies', () => {
    fc.assert(
      fc.property(presentment, fc.array(tampering, { minLength: 1, maxLength: 3 }), (one, changes) => {
        const text = makeReceiptPresentment(one, terminalKey)
        const tampered = changes.reduce((before, change) => change(before), text)
        fc.pre(tampered !== text)
        expect(verifyReceiptPresentment(tampered, terminalKey).kind).toBe('fault')
      }),
      runs,
    )
  })

  test('the signature of one code fits no other', () => {
    fc.assert(
      fc.property(presentment, presentment, (first, second) => {
        const [, body = ''] = makeReceiptPresentment(first, terminalKey).split('.')
        const [, otherBody, signature = ''] = makeReceiptPresentment(second, terminalKey).split('.')
        fc.pre(body !== otherBody)
        expect(verifyReceiptPresentment(`TOLEM1.${body}.${signature}`, terminalKey)).toEqual({
          kind: 'fault',
          code: 'signature_wrong',
        })
      }),
      { seed, numRuns: 200 },
    )
  })

  test('reading never throws, whatever the text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.base64String(), fc.base64String()).map(([a, b]) => `TOLEM1.${a}.${b}`),
    )
    const ofJson = fc.json().map((json) => `TOLEM1.${Buffer.from(json).toString('base64url')}.${'A'.repeat(86)}`)
    fc.assert(
      fc.property(fc.oneof(text, ofJson), (other) => {
        expect(readReceiptPresentment(other).kind).toBe('fault')
      }),
      runs,
    )
  })
})
