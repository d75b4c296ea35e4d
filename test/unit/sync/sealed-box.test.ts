/**
 * Method: one box that another program made (test/fixtures/vectors/protocol-golden.py), then every way to spoil one.
 */
import { describe, expect, it } from 'vitest'
import {
  cardSessionContext,
  encryptionKey,
  seal,
  tillKeyContext,
  unseal,
} from '../../../src/sync/protocol/sealed-box.ts'
import golden from '../../fixtures/vectors/protocol-golden.json' with { type: 'json' }

const { sealedBox } = golden
const recipient = encryptionKey(Buffer.from(sealedBox.recipientRandom, 'hex'))
const stranger = encryptionKey(Buffer.alloc(32, 9))
const secret = Buffer.from(sealedBox.secret, 'hex')
const ephemeral = Buffer.from(sealedBox.ephemeralRandom, 'hex')
const { context } = sealedBox
const open = (box: string) => unseal(box, recipient.privateKey, context)

describe('a sealed box', () => {
  it('is the one that another program makes of the same keys, and opens', () => {
    expect(recipient.jwk.x).toBe(sealedBox.recipientX)
    expect(seal(secret, recipient.jwk, context, ephemeral)).toBe(sealedBox.box)
    expect(Buffer.from(open(sealedBox.box) ?? []).toString('hex')).toBe(sealedBox.secret)
  })

  it('holds a secret of any short length, also none', () => {
    for (const length of [0, 1, 16, 36, 255]) {
      const other = Buffer.alloc(length, 7)
      expect(Buffer.from(open(seal(other, recipient.jwk, context, ephemeral)) ?? [1]).equals(other)).toBe(true)
    }
  })

  it('never opens with another key or in another place', () => {
    expect(unseal(sealedBox.box, stranger.privateKey, context)).toBeUndefined()
    expect(unseal(sealedBox.box, recipient.privateKey, `${context}/`)).toBeUndefined()
    expect(unseal(sealedBox.box, recipient.privateKey, '')).toBeUndefined()
    const elsewhere = seal(secret, recipient.jwk, 'another place', ephemeral)
    expect(unseal(elsewhere, recipient.privateKey, 'another place')).toBeDefined()
    expect(open(elsewhere)).toBeUndefined()
    expect(open(seal(secret, stranger.jwk, context, ephemeral))).toBeUndefined()
  })

  it('never opens with one bit flipped, wherever', () => {
    const bytes = Buffer.from(sealedBox.box, 'base64url')
    const opened = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => {
      const spoilt = Uint8Array.from(bytes)
      spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return open(Buffer.from(spoilt).toString('base64url')) !== undefined
    })
    expect(opened).toEqual([])
  })

  it('never opens when cut, lengthened, empty, or of a point that gives no secret', () => {
    const bytes = Buffer.from(sealedBox.box, 'base64url')
    for (let length = 0; length < bytes.length; length++) {
      expect(open(bytes.subarray(0, length).toString('base64url'))).toBeUndefined()
    }
    expect(open(Buffer.concat([bytes, Buffer.of(0)]).toString('base64url'))).toBeUndefined()
    expect(open(Buffer.alloc(64).toString('base64url'))).toBeUndefined()
  })

  it('tells leases, cards and sessions apart', () => {
    expect(
      new Set([tillKeyContext('a', 'b'), tillKeyContext('a', 'c'), tillKeyContext('b', 'b'), cardSessionContext('a')])
        .size,
    ).toBe(4)
  })
})
