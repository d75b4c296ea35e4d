/**
 * Method: mutated APDUs at a virtual applet: bytes at random, real commands with bytes flipped, cut, lengthened or
 * replaced, and, where a random byte would end at the MAC, mutated plaintexts under the right one, in the clear, in the
 * channel and in the issuer's room. Whatever comes, the card answers 2 to 258 bytes with a status word of
 * docs/design/22, and a refused command has written nothing (a wrong PIN but its try).
 *
 * TOLEM_FUZZ_APDUS says how many (1 000 000 for a proof), TOLEM_SEED repeats a run.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { activeApplet, laidApplet } from '../../unit/hardware-mocks/applet-card.ts'
import {
  CARD_ID,
  NOW,
  ROLE,
  SELECT_APPLET,
  Terminal,
  authority,
  cardCertificate,
  command,
  issuerCertificate,
  item,
  keyPair,
  number,
  openChannel,
  opening,
  pinBlock,
  schemeRef,
  script,
  slotBytes,
  spendBytes,
  type Channel,
} from '../../unit/hardware-mocks/applet-terminal.ts'
import { hex } from '../../unit/hardware-mocks/reader-side.ts'

const seed = process.env['TOLEM_SEED'] ?? '22'
const apdus = Number(process.env['TOLEM_FUZZ_APDUS'] ?? 6_000)

const outside = new Set('9000 6700 6A86 6D00 6E00 6985 6A80 6A82 6988 9A20 9A21 9A22 9A23'.split(' '))
const inside = new Set(
  (
    '9000 6700 6A86 6D00 6985 6A80 63C0 63C1 63C2 63C3 63C4 6983 6984 6A81 6A83 6A84 6A88 6A89 6B00 9A01 9A02 9A03 ' +
    '9A04 9A05 9A06 9A07 9A08 9A09 9A0A 9A0B 9A10 9A11 9A12 9A13'
  ).split(' '),
)

/** Chance from the seed alone. */
function chance(name: string) {
  const random = seededRandom(`${seed}/${name}`)
  const below = (count: number): number => Buffer.from(random(4)).readUInt32BE() % count
  const take = (length: number): Buffer => Buffer.from(random(length))
  const mutated = (of: Buffer): Buffer => {
    switch (below(6)) {
      case 0:
        return Buffer.concat([of, take(below(40))])
      case 1:
        return of.subarray(0, below(of.length + 1))
      case 2:
        return take(below(of.length + 10))
      case 3:
        return Buffer.concat([of.subarray(below(of.length + 1)), of])
      default: {
        const changed = Buffer.from(of)
        for (let flips = 1 + below(3); flips > 0 && changed.length > 0; flips -= 1)
          changed[below(changed.length)]! ^= below(3) === 0 ? 0xff : 1 << below(8)
        return changed
      }
    }
  }
  return { below, take, mutated, pick: <T>(of: readonly T[]): T => of[below(of.length)]! }
}

const till = new Terminal()
const desk = new Terminal({ name: 'desk', role: ROLE.both })

function fuzzed(name: string, state: ReturnType<typeof activeApplet>) {
  const laid = laidApplet(state, `${seed}/${name}`)
  const words = new Map<string, number>()
  const slowest = { ms: 0 }
  let sentCount = 0
  const count = (word: string, known: ReadonlySet<string>): void => {
    if (!known.has(word)) throw new Error(`status word ${word} is in no table`)
    words.set(word, (words.get(word) ?? 0) + 1)
  }
  /** Sends it and judges the answer and what was written. */
  const send = (sent: Buffer, channel: Channel | null): string => {
    laid.log.length = 0
    // The steps of the memory are counted each time; the whole card is compared now and then.
    sentCount += 1
    const before = sentCount % 16 === 0 ? laid.card.state() : null
    const saves = laid.saves()
    const began = performance.now()
    const answer = laid.card.exchange(sent)
    slowest.ms = Math.max(slowest.ms, performance.now() - began)
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    const response = Buffer.from(answer.response)
    if (response.length < 2 || response.length > 258) throw new Error(`${response.length} bytes: ${hex(response)}`)
    const word = hex(response.subarray(-2))
    count(word, outside)
    const isOpen = channel !== null && word === '9000' && response.length > 2
    const inner = isOpen ? hex(channel.unwrap(response).subarray(0, 2)) : word
    if (isOpen) count(inner, inside)
    if (inner === '9000') return word
    const mayWrite = inner.startsWith('63C') ? 1 : 0
    if (laid.saves() - saves !== mayWrite) throw new Error(`${inner} wrote ${laid.saves() - saves} times`)
    const expected = before === null ? null : { ...before, pinTries: before.pinTries - mayWrite }
    if (expected !== null && !isDeepStrictEqual(laid.card.state(), expected))
      throw new Error(`${inner} changed the card`)
    return word
  }
  return { ...laid, send, words, slowest }
}

const say = (words: ReadonlyMap<string, number>): string =>
  [...words]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([word, count]) => `${word} ${count}`)
    .join(', ')

describe(`mutated APDUs, TOLEM_SEED=${seed}`, () => {
  const timeout = 60_000 + 5 * apdus

  test('in the clear, at an active card', { timeout }, () => {
    const { below, take, mutated, pick } = chance('clear')
    const card = fuzzed('clear', activeApplet({ slots: [slotBytes()], pin: pinBlock('4071') }))
    let selected: Buffer = card.air(SELECT_APPLET).subarray(0, -2)
    const bases: readonly (() => Buffer)[] = [
      () => SELECT_APPLET,
      () => command(0x80, 0x10, 0, 0, pick([till, desk]).certificate),
      () => command(0x80, 0x12, 0, 0, opening(till, selected).data),
      () => command(0x84, pick([0x14, 0x20, 0x30, 0x40, 0x50, 0xca]), 0, 0, take(8 + 16 * below(16))),
      () => command(0x80, pick([0xe2, 0xe6, 0xe8]), below(6), 0, take(below(200))),
      () => take(below(262)),
    ]
    for (let sent = 0; sent < Math.ceil(apdus * 0.3); sent += 1) {
      const base = bases[below(40) < 38 ? pickCheap(below) : 2]!()
      const bytes = below(4) === 0 ? base : mutated(base).subarray(0, 261)
      const word = card.send(bytes, null)
      if (word === '9000' && bytes.equals(SELECT_APPLET)) selected = card.air(SELECT_APPLET).subarray(0, -2)
    }
    expect([...outside].filter((word) => !['9A20', '6988'].includes(word) && !card.words.has(word))).toEqual([])
    console.info(`in the clear: ${say(card.words)}; slowest ${card.slowest.ms.toFixed(1)} ms`)
  })

  test('in the channel, under a right MAC and under a wrong one', { timeout }, () => {
    const { below, take, mutated, pick } = chance('channel')
    const slots = ['a', 'b', 'c'].map((slot, index) => slotBytes({ slot, pinAbove: index === 1 ? 0 : 100_000_000 }))
    const card = fuzzed('channel', activeApplet({ slots, pin: pinBlock('4071') }))
    const nextCounter = (): number => card.card.state().scriptCounter + 1
    const wholeScript = (): Buffer =>
      script({
        counter: nextCounter(),
        items: [
          pick([
            item(0x01, slotBytes({ slot: pick(['a', 'b', 'c']), count: 9, amount: 700_000 })),
            item(0x03),
            item(0x04, desk.serial),
            item(below(4) === 0 ? 0x05 : 0x06),
            item(0x06),
          ]),
        ],
      })
    const spend = (): Buffer =>
      spendBytes({ tenderId: take(16), slot: pick(['a', 'b', 'c', 'd']), amount: 1 + below(160_000), mode: below(2) })
    const inChannel: readonly (readonly [number, number, number, () => Buffer])[] = [
      [0x14, 0, 0, () => Buffer.alloc(0)],
      [0xca, 0, 0, () => Buffer.alloc(0)],
      [0xca, 0, 200, () => Buffer.alloc(0)],
      [0x20, 0, 0, () => pinBlock(below(3) === 0 ? '0000' : '4071')],
      [0x24, 0, 0, () => Buffer.concat([pinBlock('4071'), pinBlock('4071')])],
      [0x24, 1, 0, () => pinBlock('4071')],
      [0x30, 0, 0, () => Buffer.concat([number(NOW, 8), schemeRef()])],
      [0x30, 1, 0, () => Buffer.alloc(0)],
      [0x40, 0, 0, spend],
      [0x40, 0, 0, spend],
      [0x42, 0, 0, () => Buffer.concat([take(16), take(16)])],
      [0x44, 0, 0, () => Buffer.alloc(0)],
      [0x46, 0, 0, () => take(below(239))],
      [0x50, 0x80, 0, wholeScript],
      [0x50, 0x80, 0, wholeScript],
      [0x50, 0x00, 0, wholeScript],
      [0x50, 0x80, 1, () => take(below(239))],
    ]
    let channel: Channel | null = null
    for (let sent = 0; sent < Math.ceil(apdus * 0.6); sent += 1) {
      channel ??= openChannel(card.air, pick([till, desk, desk]))
      const [ins, p1, p2, make] = pick(inChannel)
      const plaintext = make()
      const isMutated = below(3) > 0
      const header = below(12) === 0 ? ([below(256), below(256), below(256)] as const) : ([ins, p1, p2] as const)
      const wrapped = channel.wrap(...header, isMutated ? mutated(plaintext).subarray(0, 239) : plaintext)
      const isSpoilt = below(60) === 0
      const word = card.send(isSpoilt ? mutated(wrapped).subarray(0, 261) : wrapped, channel)
      if (word !== '9000' || isSpoilt) channel = null
    }
    const wanted = '9000 6700 6A86 6D00 6A80 6A81 6A88 6B00 9A01 9A02 9A07 9A0A 9A13 63C4 6988'.split(' ')
    expect(wanted.filter((word) => !card.words.has(word))).toEqual([])
    console.info(`in the channel: ${say(card.words)}; slowest ${card.slowest.ms.toFixed(1)} ms`)
  })

  test("in the issuer's room", { timeout }, () => {
    const { below, take, mutated, pick } = chance('room')
    const card = fuzzed('room', blankApplet({ uid: null, cardKind: 1 }))
    card.air(SELECT_APPLET)
    const bases: readonly (() => Buffer)[] = [
      () => command(0x80, 0xe2, 1, 0, CARD_ID),
      () => command(0x80, 0xe2, 2, 0, issuer),
      () => command(0x80, 0xe2, pick([3, 4]), 0, authority.public),
      () => command(0x80, 0xe2, 5, 0, certificate),
      () => command(0x80, 0xe6, 0, 0),
      () => command(0x80, 0x10, 0, 0, till.certificate),
      () => take(below(262)),
    ]
    const [issuer, certificate] = [issuerCertificate(), cardCertificate({ publicKey: keyPair('card').public })]
    for (let sent = 0; sent < Math.ceil(apdus * 0.1); sent += 1) {
      const base = pick(bases)()
      card.send(below(3) === 0 ? base : mutated(base).subarray(0, 261), null)
    }
    expect(['9000', '6700', '6A80', '6A86', '6985', '6D00', '6E00'].filter((word) => !card.words.has(word))).toEqual([])
    console.info(`in the issuer's room: ${say(card.words)}; slowest ${card.slowest.ms.toFixed(1)} ms`)
  })
})

/** All but the opening of a channel, whose two signatures would be most of the time. */
const pickCheap = (below: (count: number) => number): number => [0, 1, 3, 4, 5][below(5)]!
