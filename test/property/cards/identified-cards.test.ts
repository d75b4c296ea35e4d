/**
 * Method: honest presences of an NTAG213 at a reader with a PN532 and at one with transparent sessions, of a card that
 * people carry, and memories with and without a message, whose bytes are flipped, cut, lengthened or replaced at
 * random. Whatever comes, each reader answers with a value of its own union, never throws, and never takes a card for
 * another one. TOLEM_MUTATIONS=1000000 for a long run.
 */
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { factoryNtag21x, VirtualNtag21x } from '../../../hardware-mocks/cards/ntag21x.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { ReaderCommands, type ReaderKind } from '../../../hardware-mocks/reader/reader-commands.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel, ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { findNdefMessage, parseNdefMessage } from '../../../src/voucher/cards/ndef.ts'
import { issuedMemory, readNtag21x } from '../../../src/voucher/cards/ntag21x.ts'
import { personaliseNtag21x, passwordOf } from '../../../src/voucher/cards/ntag21x-personalisation.ts'
import { recogniseAnyCard } from '../../../src/voucher/cards/recognition.ts'
import { deskChannel, originalUids, uidCard } from '../../fixtures/identified-cards.ts'

// Most presences bring the one true signature: it is checked once, since each check is milliseconds of arithmetic.
vi.mock(import('../../../src/voucher/cards/originality.ts'), async (load) => {
  const real = await load()
  const originals = new Set<string>()
  return {
    ...real,
    isOriginal: (family, uid, made) => {
      const pair = `${family} ${toHex(uid)} ${toHex(made)}`
      if (!originals.has(pair) && real.isOriginal(family, uid, made)) originals.add(pair)
      return originals.has(pair)
    },
  }
})

const seed = Number(process.env['TOLEM_SEED'] ?? 21_300)
const numRuns = Number(process.env['TOLEM_MUTATIONS'] ?? 3_000)
const runs = { seed, numRuns }
const timeout = Math.max(30_000, numRuns * 20)

const signature = Uint8Array.from({ length: 64 }, (_, index) => index)
const memory = issuedMemory(signature)

function issuedCard(): VirtualNtag21x {
  const state = factoryNtag21x({ model: 'NTAG213', uid: originalUids[0] })
  const pages = [...state.pages]
  for (let at = 0; at < memory.length; at += 4) pages[4 + at / 4] = toHex(memory.slice(at, at + 4))
  return new VirtualNtag21x({ ...state, pages })
}

type Mutation = (bytes: Uint8Array) => Uint8Array
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([place, flip]) => (bytes: Uint8Array) => {
    const index = place % Math.max(bytes.length, 1)
    return bytes.length === 0 ? bytes : bytes.with(index, (bytes[index] ?? 0) ^ flip)
  }),
  fc.nat().map((length) => (bytes: Uint8Array) => bytes.slice(0, length % (bytes.length + 1))),
  fc.uint8Array({ maxLength: 20 }).map((more) => (bytes: Uint8Array) => Uint8Array.from([...bytes, ...more])),
  fc.uint8Array({ maxLength: 60 }).map((other) => () => other),
  // The status stays: what is behind it is read.
  fc.uint8Array({ maxLength: 40 }).map((other) => () => Uint8Array.from([...other, 0x90, 0x00])),
  fc.uint8Array({ maxLength: 40 }).map((other) => () => Uint8Array.from([0xd5, 0x43, 0x00, ...other, 0x90, 0x00])),
)
const mutations = fc.array(fc.tuple(fc.nat({ max: 40 }), mutation), { minLength: 1, maxLength: 4 })

function atReader(kind: ReaderKind, card: VirtualCard): CardChannel {
  const reader = new ReaderCommands()
  reader.kind = kind
  const { atr } = deskChannel(card)
  const transmit = async (command: Uint8Array): Promise<ChannelAnswer> => {
    const answer = reader.answer(command, card) ?? card.exchange(command)
    return answer.kind === 'answered' ? answer : { kind: 'unknown', reason: answer.kind }
  }
  return { atr, readerName: kind === 'part3' ? 'ACS ACR1252 00 00' : 'ACS ACR122U 00 00', transmit }
}

function hostile(honest: CardChannel, at: readonly (readonly [number, Mutation])[]): CardChannel {
  const by = new Map(at)
  let count = -1
  return {
    ...honest,
    transmit: async (command) => {
      const answer = await honest.transmit(command)
      count += 1
      if (answer.kind !== 'answered') return answer
      return { kind: 'answered', response: by.get(count)?.(answer.response) ?? answer.response }
    },
  }
}

describe(`hostile answers, TOLEM_SEED=${seed}, TOLEM_MUTATIONS=${numRuns}`, () => {
  test.each(['acr122u', 'part3'] as const)('the honest card is read, so the properties can fail: %s', async (kind) => {
    const channel = atReader(kind, issuedCard())
    const card = await recogniseAnyCard(channel)
    if (card.kind !== 'ntag21x') throw new Error(card.kind)
    expect(await readNtag21x(channel, card)).toEqual({ kind: 'read', issuerSignature: signature })
  })

  test('of an NTAG21x end in a value, and in its own record or none that the issuer signed', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(mutations, fc.constantFrom('acr122u', 'part3'), async (at, kind) => {
        const channel = hostile(atReader(kind, issuedCard()), at)
        const card = await recogniseAnyCard(channel)
        expect(['ntag21x', 'uid', 'random-uid', 'unsupported', 'unreadable', 'torn', 'card-gone']).toContain(card.kind)
        if (card.kind !== 'ntag21x') return
        const read = await readNtag21x(channel, card)
        expect(['read', 'refused', 'torn']).toContain(read.kind)
        // A card with another UID than its signature is of never gets as far as its record.
        if (read.kind === 'read') expect(toHex(card.uid)).toBe(originalUids[0])
      }),
      runs,
    )
  })

  test('of a card that people carry end in a value, and never in one that proves more', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(mutations, fc.constantFrom('classic', 'iso-dep', 'type-b'), async (at, speaks) => {
        const { kind } = await recogniseAnyCard(hostile(deskChannel(uidCard('0A1B2C3D', speaks).card), at))
        // To say in three right frames that it is an NTAG 424 DNA takes more than chance.
        expect(['uid', 'random-uid', 'unsupported', 'unreadable', 'torn']).toContain(kind)
      }),
      runs,
    )
  })

  test('at the issuing desk end in a value, and what is said to be issued is', { timeout }, async () => {
    const order = { passwordOf: (uid: Uint8Array) => passwordOf(new Uint8Array(16), uid), issue: async () => signature }
    await fc.assert(
      fc.asyncProperty(mutations, async (at) => {
        const card = new VirtualNtag21x(factoryNtag21x({ model: 'NTAG213', uid: originalUids[0] }))
        const done = await personaliseNtag21x(hostile(deskChannel(card), at), order)
        expect(['personalised', 'refused', 'torn']).toContain(done.kind)
        if (done.kind !== 'personalised') return
        expect(
          card
            .state()
            .pages.slice(4, 4 + memory.length / 4)
            .join(''),
        ).toBe(toHex(memory))
        expect(card.state().pages.at(-4)).toBe('04000004')
      }),
      { seed, numRuns: Math.ceil(numRuns / 10) },
    )
  })

  test('memories and messages end in a value, and nothing is read from outside of them', { timeout }, () => {
    const known = fc.constantFrom(memory, fromHex('0103A00C340300FE'), fromHex('9901020155690A0B4401000000035A010203'))
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(known, fc.array(mutation, { maxLength: 3 }))
        .map(([bytes, each]) => each.reduce((now, one) => one(now), bytes)),
    )
    fc.assert(
      fc.property(any, (bytes) => {
        const found = findNdefMessage(bytes)
        if (found.kind === 'more') expect(found.bytes).toBeGreaterThan(bytes.length)
        const message = found.kind === 'found' ? found.message : bytes
        const parsed = parseNdefMessage(message)
        if (parsed.kind === 'fault') return
        const used = parsed.records.reduce((sum, { type, payload }) => sum + type.length + payload.length + 3, 0)
        expect(used).toBeLessThanOrEqual(message.length)
      }),
      runs,
    )
  })
})
