/**
 * Method: every fault at every command of the profiles `uid` and `ntag21x`, with virtual cards on the virtual reader.
 * There is nothing to debit on them: each presence ends in "hold the card again" or in a clean refusal, and the next
 * one without a fault goes through. At the desk a card that was torn anywhere is completed by the same order.
 */
import { describe, expect, it } from 'vitest'
import { FaultyCard, type CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { VirtualNtag21x } from '../../../hardware-mocks/cards/ntag21x.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import { signIssuerRecord } from '../../../src/sync/protocol/issuer-record.ts'
import { readCard, type CardRead } from '../../../src/terminal/payment/read-card.ts'
import type { ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { issuedMemory, readNtag21x } from '../../../src/voucher/cards/ntag21x.ts'
import { ntag21xModelOf } from '../../../src/voucher/cards/ntag21x-layout.ts'
import {
  passwordOf,
  personaliseNtag21x,
  type Ntag21xOrder,
} from '../../../src/voucher/cards/ntag21x-personalisation.ts'
import { ntag21x, originalUids, uidCard } from '../../fixtures/identified-cards.ts'
import { ledgerKey, packageOf, scheme } from '../../unit/sync/world.ts'
import { everyFault, ReaderBench } from './presence.ts'

const active = packageOf(1, { schemes: [{ ...scheme, cards: { accepts: ['uid', 'ntag21x', 'ntag424'] } }] })
const password = (uid: Uint8Array) => passwordOf(Buffer.from('password master.', 'ascii'), uid)
const signatureFor = (uid: Uint8Array) =>
  Buffer.from(signIssuerRecord(ledgerKey, cardPseudonym(active.cardReferenceKey, uid)), 'base64url')
const order: Ntag21xOrder = { passwordOf: password, issue: async (uid) => signatureFor(uid) }

async function issued(): Promise<VirtualNtag21x> {
  const bench = new ReaderBench()
  const { card } = ntag21x()
  const done = await bench.settle(personaliseNtag21x(bench.channel(bench.lay(card)), order))
  if (done.kind !== 'personalised') throw new Error(JSON.stringify(done))
  return new VirtualNtag21x(card.state())
}

/** How many commands a presence without fault takes. */
async function commandsOf(card: VirtualCard, work: (bench: ReaderBench) => Promise<unknown>): Promise<number> {
  let count = 0
  const counting: VirtualCard = {
    atr: card.atr,
    uid: card.uid,
    takesReaderCommands: true,
    delayMs: 0,
    enterField: () => card.enterField(),
    leaveField: () => card.leaveField(),
    reset: () => card.reset(),
    exchange: (command) => {
      count += 1
      return card.exchange(command)
    },
  }
  const bench = new ReaderBench()
  bench.lay(counting)
  await bench.settle(work(bench))
  return count
}

const present = (bench: ReaderBench) => {
  if (bench.presence === undefined) throw new Error('no card lies there')
  return bench.channel(bench.presence)
}
const atTill = (bench: ReaderBench): Promise<CardRead> => readCard(present(bench), active, ledgerKey)
const named = (fault: CardFault) =>
  fault.kind === 'truncated'
    ? `truncated to ${fault.bytes}`
    : fault.kind === 'mute'
      ? `mute ${fault.isExecuted}`
      : fault.kind

/** What a till may say of a presence in which something went wrong. */
const clean = ['card_left', 'CARD_UNKNOWN', 'CARD_ANSWER_MALFORMED', 'CARD_NOT_ORIGINAL', 'CARD_RANDOM_UID']

describe.each([
  ['a card of ISO/IEC 14443-4 that people carry', async () => uidCard('04A1B2C3D4E5F6').card, 'uid', 5],
  ['a MIFARE Classic that people carry', async () => uidCard('0A1B2C3D', 'classic').card, 'uid', 1],
  ['an NTAG213', issued, 'ntag21x', 9],
] as const)('at the till: %s', (_name, make, profile, commands) => {
  it(`takes ${commands} commands`, async () => {
    expect(await commandsOf(await make(), atTill)).toBe(commands)
  })

  const cells = Array.from({ length: commands }, (_, index) => index + 1).flatMap((at) =>
    everyFault.map((fault) => [named(fault), at, fault] as const),
  )
  it.each(cells)('%s at command %i: held again or refused, and then it goes through', async (_fault, at, fault) => {
    const card = await make()
    const faulty = new FaultyCard(card, { random: seededRandom(`faults ${at}`) })
    const bench = new ReaderBench()
    bench.lay(faulty)
    faulty.arm(fault, at)
    const first = await bench.settle(atTill(bench))
    // What is left of an answer may be all that matters of it: then the card is the one that it is.
    const said = first.kind === 'refused' ? first.code : first.kind
    if (first.kind === 'card')
      expect([first.profile, first.card]).toEqual([profile, cardPseudonym(active.cardReferenceKey, card.uid)])
    else expect(clean).toContain(said)
    bench.lay(faulty)
    const again = await bench.settle(atTill(bench))
    expect(again).toMatchObject({ kind: 'card', profile, card: cardPseudonym(active.cardReferenceKey, card.uid) })
  })
})

describe('at a till whose reader hands commands on in a session: an NTAG213', () => {
  /** Each of the two that pages cannot say: asked of a PN532 first, then begun, activated, asked, ended. */
  const commands = 5 + 1 + 5 + 6
  const wrongs = ['pulled before', 'pulled behind', 'short', 'another status', 'garbage'] as const

  /** Counts what is sent, and does the wrong to the one command. */
  function wronged(bench: ReaderBench, at: number, wrong: (typeof wrongs)[number] | null) {
    const channel = present(bench)
    let sent = 0
    const transmit = async (command: Uint8Array): Promise<ChannelAnswer> => {
      sent += 1
      if (sent !== at) return channel.transmit(command)
      if (wrong === 'pulled before') bench.reader.pull()
      const answer = await channel.transmit(command)
      if (wrong === 'pulled behind') bench.reader.pull()
      switch (wrong) {
        case 'pulled behind':
          return { kind: 'unknown', reason: 'card-left' }
        case 'short':
          return { kind: 'answered', response: Uint8Array.of(0x90) }
        case 'another status':
          return { kind: 'answered', response: Uint8Array.of(0x64, 0x01) }
        case 'garbage':
          return { kind: 'answered', response: seededRandom(`garbage ${at}`)(20) }
        default:
          return answer
      }
    }
    const read = readCard({ ...channel, transmit }, active, ledgerKey)
    return { read, sent: () => sent }
  }

  async function benchOf(card: VirtualCard): Promise<ReaderBench> {
    const bench = new ReaderBench()
    bench.reader.commands.kind = 'part3'
    bench.lay(card)
    return bench
  }

  it(`takes ${commands} commands`, async () => {
    const bench = await benchOf(await issued())
    const { read, sent } = wronged(bench, 0, null)
    expect(await bench.settle(read)).toMatchObject({ kind: 'card', profile: 'ntag21x' })
    expect(sent()).toBe(commands)
  })

  const cells = Array.from({ length: commands }, (_, index) =>
    wrongs.map((wrong) => [wrong, index + 1] as const),
  ).flat()
  it.each(cells)('%s at command %i: no session stays open, and then it goes through', async (wrong, at) => {
    const card = await issued()
    const bench = await benchOf(card)
    const first = await bench.settle(wronged(bench, at, wrong).read)
    if (first.kind === 'refused') expect([...clean, 'READER_HIDES_CARD']).toContain(first.code)
    else if (first.kind === 'card') expect(first.card).toBe(cardPseudonym(active.cardReferenceKey, card.uid))
    else expect(first.kind).toBe('card_left')
    // Where the card still lies there, the reader looks for cards again, and reads pages.
    const left = bench.presence
    if (left !== undefined) {
      const page = await bench.settle(bench.channel(left).transmit(Buffer.from('FFB0000410', 'hex')))
      expect(Buffer.from((page as { response: Uint8Array }).response.slice(-2)).toString('hex')).toBe('9000')
    }
    bench.lay(card)
    expect(await bench.settle(atTill(bench))).toMatchObject({ kind: 'card', profile: 'ntag21x' })
  })
})

describe('at the issuing desk', () => {
  const commands = 39
  const personalise = (bench: ReaderBench) => personaliseNtag21x(present(bench), order)

  it(`takes ${commands} commands`, async () => {
    expect(await commandsOf(ntag21x().card, personalise)).toBe(commands)
  })

  const cells = Array.from({ length: commands }, (_, index) => index + 1).flatMap((at) =>
    everyFault.map((fault) => [named(fault), at, fault] as const),
  )
  it.each(cells)('%s at command %i: the same order completes it', async (_fault, at, fault) => {
    const { card } = ntag21x()
    const faulty = new FaultyCard(card, { random: seededRandom(`desk ${at}`) })
    const bench = new ReaderBench()
    bench.lay(faulty)
    faulty.arm(fault, at)
    await bench.settle(personalise(bench))
    bench.lay(faulty)
    expect(await bench.settle(personalise(bench))).toMatchObject({ kind: 'personalised', model: 'NTAG213' })
    bench.lay(card)
    expect(await bench.settle(atTill(bench))).toMatchObject({ kind: 'card', profile: 'ntag21x' })
  })

  it('leaves a card on which nobody else writes, and which the desk itself can write again', async () => {
    const card = await issued()
    card.enterField()
    const overwritten = card.exchange(Buffer.from('FFD600040400000000', 'hex'))
    expect(overwritten).toEqual({ kind: 'answered', response: Buffer.from('6300', 'hex') })
    const bench = new ReaderBench()
    bench.lay(card)
    expect(await bench.settle(personalise(bench))).toMatchObject({ kind: 'personalised' })
  })

  it('refuses a copy, a card closed with another password, and one that the ledger does not register', async () => {
    const bench = new ReaderBench()
    bench.lay(ntag21x('04E10CDA993C81').card)
    expect(await bench.settle(personalise(bench))).toMatchObject({ kind: 'refused', code: 'CARD_NOT_ORIGINAL' })
    bench.lay(await issued())
    const other = { ...order, passwordOf: (uid: Uint8Array) => passwordOf(Buffer.alloc(16, 7), uid) }
    expect(await bench.settle(personaliseNtag21x(present(bench), other))).toMatchObject({ code: 'CARD_NOT_BLANK' })
    bench.lay(ntag21x(originalUids[1]).card)
    const unregistered = { ...order, issue: async () => null }
    expect(await bench.settle(personaliseNtag21x(present(bench), unregistered))).toMatchObject({
      code: 'CARD_NOT_ISSUED',
    })
    bench.lay(uidCard(null).card)
    expect(await bench.settle(personalise(bench))).toMatchObject({ code: 'CARD_RANDOM_UID' })
    bench.lay(uidCard('0A1B2C3D').card)
    expect(await bench.settle(personalise(bench))).toMatchObject({ code: 'CARD_UNKNOWN' })
  })

  it.each(['NTAG213', 'NTAG215', 'NTAG216'] as const)('issues an %s too', async (model) => {
    const { card } = ntag21x(originalUids[1], model)
    const bench = new ReaderBench()
    bench.lay(card)
    expect(await bench.settle(personalise(bench))).toMatchObject({ kind: 'personalised', model })
    const own = ntag21xModelOf(
      Buffer.from(`0004040201 00${{ NTAG213: '0F', NTAG215: '11', NTAG216: '13' }[model]}03`.replace(' ', ''), 'hex'),
    )
    if (own === null) throw new Error('no model')
    bench.lay(card)
    const read = await bench.settle(readNtag21x(present(bench), { uid: card.uid, model: own }))
    expect(read).toEqual({ kind: 'read', issuerSignature: new Uint8Array(signatureFor(card.uid)) })
    expect(issuedMemory(signatureFor(card.uid)).length).toBeLessThanOrEqual(own.userBytes)
  })
})
