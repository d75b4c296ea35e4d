/**
 * The worked examples of docs/design/22 (test/fixtures/vectors/tolem-applet.json, made by a script that shares no code
 * with this one), on the card's side: byte for byte, in the clear and protected. Only the nonce of a signature is the
 * card's own: a stand-in signs with the example's signature, after checking that it is right for the bytes that the
 * card wants signed.
 */
import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CardLogEntry } from '../../../hardware-mocks/cards/card-memory.ts'
import { referenceOf } from '../../../hardware-mocks/cards/applet-layout.ts'
import { blankApplet, personalisedApplet, type AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import vectors from '../../fixtures/vectors/tolem-applet.json' with { type: 'json' }
import { bytes, hex } from './reader-side.ts'

type Exchange = (typeof vectors.sale.exchanges)[number]

/** The bytes of the examples' card, in the order in which the card asks for them; nothing is left at the end. */
function scripted(...parts: readonly string[]) {
  const queue = [...parts]
  const random = (length: number): Uint8Array => {
    const next = bytes(queue.shift() ?? '')
    if (next.length !== length)
      throw new Error(`the card asked for ${length} random bytes, scripted are ${next.length}`)
    return next
  }
  return { random, left: () => queue.length }
}

const publicKey = bytes(vectors.keys.card.public)
const cardKey = createPublicKey({
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: publicKey.subarray(0, 32).toString('base64url'),
    y: publicKey.subarray(32).toString('base64url'),
  },
  format: 'jwk',
})
/** All signatures that the card makes in these examples. */
const signatures = [
  ...[vectors.sale, vectors.recovery, vectors.updatePresence].map(({ exchanges }) => fetched(exchanges, 3).slice(-128)),
  vectors.spend.record.slice(-128),
  vectors.recover.statement.slice(-128),
  vectors.update.receipt.slice(-128),
  vectors.personalisation.exchanges.at(-1)!.response.slice(0, 128),
].map(bytes)

/** A whole answer, from a command's frame and the GET DATA after it. */
function fetched(exchanges: readonly Exchange[], at: number): string {
  return exchanges.slice(at, at + 2).reduce((all, { plainResponse }) => all + (plainResponse ?? '').slice(8), '')
}

function exampleSigner(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  expect(hex(privateKey)).toBe(vectors.keys.card.private)
  const found = signatures.find((one) => verify('sha256', message, { key: cardKey, dsaEncoding: 'ieee-p1363' }, one))
  if (found === undefined) throw new Error(`no example signs ${hex(message)}`)
  return found
}

const record = (atc: number): string => {
  const made = Buffer.alloc(348)
  made.writeUInt32BE(atc, 34)
  made.writeUInt32BE(atc, 70)
  return hex(made)
}

/** The card before the sale: 41 SPENDs old, the last eight still in its ring. */
const beforeSale: AppletState = {
  ...blankApplet({ uid: '04A1B2C3D4E5F6', cardKind: 1 }),
  state: 'active',
  cardId: vectors.cardId,
  activeKey: vectors.keys.card.private,
  cardCertificate: vectors.cardCertificate,
  issuerCertificate: vectors.issuerCertificate,
  authorityKeys: [vectors.keys.authority.public, vectors.keys.nextAuthority.public],
  lowestTime: vectors.activationTime.toString(16).toUpperCase().padStart(16, '0'),
  slots: [vectors.slotBefore, ...Array.from({ length: 31 }, () => null)],
  atc: 41,
  headHash: vectors.spend.headHashBefore,
  ring: Array.from({ length: 8 }, (_, index) => record(34 + index)),
  pin: '34303731FFFFFFFF',
  pinTries: 5,
  scriptCounter: 3,
}

function play(card: VirtualApplet, exchanges: readonly { name: string; command: string; response: string }[]): void {
  for (const { name, command, response } of exchanges) {
    const answer = card.exchange(bytes(command))
    expect([name, answer.kind === 'answered' ? hex(answer.response) : answer.kind]).toEqual([name, response])
  }
}

describe('the worked examples, on the card', () => {
  it('a sale, its recovery, and a script, one presence after the other', () => {
    const presences = [vectors.sale, vectors.recovery, vectors.updatePresence]
    const own = scripted(...presences.flatMap(({ challenge }) => [challenge, vectors.keys.cardEphemeral.private]))
    const log: CardLogEntry[] = []
    const memory = { save: () => {}, append: (entry: CardLogEntry) => void log.push(entry) }
    const card = VirtualApplet.fromState(beforeSale, { random: own.random, signer: exampleSigner, memory })
    for (const { exchanges } of presences) {
      card.enterField()
      play(card, exchanges)
      card.leaveField()
    }
    expect(own.left()).toBe(0)
    const { atc, headHash, ring, slots, scriptCounter, lastScript, pinTries } = card.state()
    expect({ atc, headHash, scriptCounter, pinTries }).toEqual({
      atc: 42,
      headHash: vectors.spend.recordHash,
      scriptCounter: 4,
      pinTries: 5,
    })
    expect(ring.at(-1)).toBe(vectors.spend.record)
    expect(lastScript).toEqual({ hash: vectors.update.scriptHash, receipt: vectors.update.receipt })
    // The script loads the next two months into the first empty entries, then takes this month's away.
    expect(slots.slice(0, 3)).toEqual([null, vectors.update.loadedSlot, vectors.update.laterSlot])
    expect(log.filter(({ kind }) => kind === 'debit' || kind === 'script')).toEqual([
      { kind: 'debit', atc: 42, tenderId: vectors.spend.tenderId, amount: '115000', record: vectors.spend.record },
      { kind: 'script', counter: 4, receipt: vectors.update.receipt },
    ])
  })

  it('personalisation, from the installed applet to an active card', () => {
    const own = scripted(
      ...[/C310([0-9A-F]{32})9000$/.exec(vectors.personalisation.exchanges[0]!.response)![1]!],
      vectors.keys.card.private,
    )
    const card = VirtualApplet.fromState(blankApplet({ uid: '04A1B2C3D4E5F6', cardKind: 1 }), {
      random: own.random,
      signer: exampleSigner,
    })
    card.enterField()
    play(card, vectors.personalisation.exchanges)
    expect(card.state()).toEqual({
      ...blankApplet({ uid: '04A1B2C3D4E5F6', cardKind: 1 }),
      state: 'active',
      cardId: vectors.cardId,
      activeKey: vectors.keys.card.private,
      cardCertificate: vectors.cardCertificate,
      issuerCertificate: vectors.issuerCertificate,
      authorityKeys: [vectors.keys.authority.public, vectors.keys.nextAuthority.public],
      lowestTime: beforeSale.lowestTime,
    })
  })

  it('names of schemes and slots', () => {
    const names = { scheme: vectors.names.schemeId, slot: vectors.names.slotId }
    expect(vectors.slotBefore.startsWith(hex(referenceOf('scheme', names.scheme)))).toBe(true)
    expect(vectors.slotBefore.slice(32).startsWith(hex(referenceOf('slot', names.slot)))).toBe(true)
  })

  it('a card made at once stands where a personalised one stands', () => {
    const made = personalisedApplet({
      uid: null,
      cardKind: 1,
      cardId: bytes(vectors.cardId),
      cardKey: bytes(vectors.keys.card.private),
      cardSerial: bytes('0000000000000C01'),
      notBefore: BigInt(vectors.activationTime),
      notAfter: BigInt(`0x${vectors.cardCertificate.slice(2 * 51, 2 * 59)}`),
      issuerKey: bytes(vectors.keys.issuer.private),
      issuerCertificate: bytes(vectors.issuerCertificate),
      authorityKeys: [bytes(vectors.keys.authority.public), bytes(vectors.keys.nextAuthority.public)],
      activatedAt: BigInt(vectors.activationTime),
      pin: vectors.pin,
      slots: [],
    })
    expect(made.cardCertificate!.slice(0, -128)).toBe(vectors.cardCertificate.slice(0, -128))
    expect(made).toMatchObject({ pin: '34303731FFFFFFFF', state: 'active', lowestTime: beforeSale.lowestTime })
  })
})
