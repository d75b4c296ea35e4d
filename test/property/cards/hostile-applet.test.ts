/**
 * Method: what an applet card can say is replaced, flipped, cut, lengthened, spliced or torn at random, at three
 * depths: each parser by itself, whole presences from outside of the channel, and a card that holds the channel's keys
 * (a genuine one that went bad) and says nonsense inside it. Every answer is a value of a closed union; nothing throws
 * or hangs; nothing is a payment but the honest record.
 *
 * TOLEM_SEED repeats a run. TOLEM_FUZZ is the number of inputs to the parsers (20,000 by default, a million takes some
 * minutes); presences are a hundredth of it.
 */
import { describe, expect, test } from 'vitest'
import { aes128CbcEncrypt, aes128Cmac, aes128EncryptBlock } from '../../../src/voucher/cards/aes.ts'
import { concatBytes, equalBytes, fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { parseBerTlv } from '../../../src/voucher/cards/tolem-applet/ber-tlv.ts'
import { checkChain, readTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { unwrapped } from '../../../src/voucher/cards/tolem-applet/channel-crypto.ts'
import { verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import { voucherApplication } from '../../../src/voucher/cards/application-names.ts'
import { readSelectAnswer } from '../../../src/voucher/cards/tolem-applet/recognition.ts'
import { recordLayout, statementLayout, verifyRecord } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { update, verifyReceipt } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { parseCardContent, readSlots } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, recover, spend } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import { playbackCard } from '../../unit/cards/scripted-card.ts'
import { openRecorded, ourScheme, recordedOrder, trust, vectors } from '../../unit/cards/tolem-applet-vectors.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 32)
const inputs = Number(process.env['TOLEM_FUZZ'] ?? 20_000)
const presences = Math.ceil(inputs / 100)
/** A million inputs take minutes on a slow machine. */
const timeout = 60_000 + inputs * 2

const hex = fromHex
const chain = { cardCertificate: hex(vectors.cardCertificate), issuerCertificate: hex(vectors.issuerCertificate) }
const honestRecord = hex(vectors.spend.record)

/** mulberry32: small, seeded, and quick enough not to be what is measured. */
function chanceOf(start: number): (below: number) => number {
  let state = start >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
type Chance = ReturnType<typeof chanceOf>

const someBytes = (chance: Chance, most: number) => Uint8Array.from({ length: chance(most + 1) }, () => chance(256))
/** Where parsers look: lengths, tags and edges. */
const edges = [0x00, 0x01, 0x1f, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x90, 0x9f, 0xff]

function mutated(chance: Chance, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let result: Uint8Array = bytes.slice()
  for (let times = 1 + chance(3); times > 0; times -= 1) {
    const place = chance(result.length + 1)
    switch (chance(7)) {
      case 0:
        if (result.length > 0) result[place % result.length] = chance(256)
        break
      case 1:
        if (result.length > 0) result[place % result.length] = edges[chance(edges.length)] ?? 0
        break
      case 2:
        if (result.length > 0) result[place % result.length]! ^= 1 << chance(8)
        break
      case 3:
        result = result.slice(0, place)
        break
      case 4:
        result = concatBytes(result.subarray(0, place), someBytes(chance, 20), result.subarray(place))
        break
      case 5: {
        const other = others[chance(others.length)] ?? result
        result = concatBytes(result.subarray(0, place), other.subarray(chance(other.length + 1)))
        break
      }
      case 6:
        result = chance(20) === 0 ? someBytes(chance, 300) : result
        break
    }
  }
  return result
}

const allExchanges = [vectors.sale, vectors.recovery, vectors.updatePresence].flatMap(({ exchanges }) => exchanges)
const answers = allExchanges.map(({ response }) => hex(response))
const plainAnswers = allExchanges.flatMap((exchange) =>
  'plainResponse' in exchange && exchange.plainResponse !== undefined ? [hex(exchange.plainResponse)] : [],
)

describe(`parsers, TOLEM_SEED=${seed} TOLEM_FUZZ=${inputs}`, () => {
  const selectAnswer = hex(vectors.sale.exchanges[0]?.response ?? '').slice(0, -2)
  const content = hex(vectors.sale.exchanges[5]?.plainResponse ?? '').slice(4)
  const statement = hex(vectors.recover.statement)
  const script = hex(vectors.update.script)
  const receipt = hex(vectors.update.receipt)
  const keys = {
    encryption: hex(vectors.sale.encryptionKey),
    commandMac: hex(vectors.sale.commandMacKey),
    answerMac: hex(vectors.sale.answerMacKey),
  }
  const protectedAnswer = hex(vectors.sale.exchanges[5]?.response ?? '').slice(0, -2)
  const samples = [
    ...[selectAnswer, content, statement, script, receipt, protectedAnswer, honestRecord],
    ...[chain.cardCertificate, chain.issuerCertificate, hex(vectors.terminalCertificate), ...answers],
  ]

  /** Each takes any bytes and says whether it took them for something; and checks what it may claim. */
  const parsers: readonly (readonly [name: string, sample: Uint8Array, parse: (bytes: Uint8Array) => boolean])[] = [
    [
      'BER-TLV',
      selectAnswer,
      (bytes) => {
        const parsed = parseBerTlv(bytes)
        if (parsed.kind === 'malformed') return false
        const held = parsed.objects.reduce((sum, { value }) => sum + value.length, 0)
        expect(held).toBeLessThanOrEqual(bytes.length)
        return true
      },
    ],
    [
      'SELECT',
      selectAnswer,
      (bytes) => {
        const read = readSelectAnswer(bytes, voucherApplication, 1)
        return read.kind === 'applet' && equalBytes(read.selectAnswer, bytes)
      },
    ],
    [
      'an answer of the channel',
      protectedAnswer,
      (bytes) => {
        const opened = unwrapped(keys, 3, bytes)
        // Only what was made with the key passes.
        expect(opened === null || equalBytes(bytes, protectedAnswer)).toBe(true)
        return opened !== null
      },
    ],
    [
      'READ SLOTS',
      content,
      (bytes) => {
        const parsed = parseCardContent(bytes)
        if (parsed === null) return false
        expect(parsed.slots.length).toBe(Math.min(parsed.matching, 8))
        return true
      },
    ],
    [
      'a record',
      honestRecord,
      (bytes) => {
        const input = bytes.slice(0, recordLayout.length)
        const decoded = recordLayout.decode(input)
        if (decoded !== null) expect(toHex(recordLayout.encode(decoded))).toBe(toHex(input))
        const verified = verifyRecord(bytes, chain, trust.rootKeys)
        expect(verified.kind === 'refused' || equalBytes(bytes, honestRecord)).toBe(true)
        return verified.kind === 'verified'
      },
    ],
    ['a statement', statement, (bytes) => statementLayout.decode(bytes.slice(0, statementLayout.length)) !== null],
    [
      'a receipt',
      receipt,
      (bytes) => {
        const said = verifyReceipt(bytes, script, hex(vectors.keys.card.public))
        expect(said === null || equalBytes(bytes, receipt)).toBe(true)
        return said !== null
      },
    ],
    [
      'a script under a receipt',
      script,
      (bytes) => {
        const said = verifyReceipt(receipt, bytes, hex(vectors.keys.card.public))
        expect(said === null || equalBytes(bytes, script)).toBe(true)
        return said !== null
      },
    ],
    [
      'a card certificate',
      chain.cardCertificate,
      (bytes) => {
        const checked = checkChain({ ...chain, cardCertificate: bytes }, trust.rootKeys, vectors.now)
        expect(checked.kind === 'refused' || equalBytes(bytes, chain.cardCertificate)).toBe(true)
        return checked.kind === 'chain'
      },
    ],
    [
      'an issuer certificate',
      chain.issuerCertificate,
      (bytes) => {
        const checked = checkChain({ ...chain, issuerCertificate: bytes }, trust.rootKeys, vectors.now)
        expect(checked.kind === 'refused' || equalBytes(bytes, chain.issuerCertificate)).toBe(true)
        return checked.kind === 'chain'
      },
    ],
    ['a terminal certificate', hex(vectors.terminalCertificate), (bytes) => readTerminalCertificate(bytes) !== null],
  ]

  test.each(parsers)(
    '%s: the honest one is taken, and no mutated one throws',
    (name, sample, parse) => {
      expect(parse(sample)).toBe(true)
      const chance = chanceOf(seed + name.length)
      let refused = 0
      for (let index = Math.ceil(inputs / parsers.length); index > 0; index -= 1) {
        if (!parse(mutated(chance, sample, samples))) refused += 1
      }
      expect(refused).toBeGreaterThan(0)
    },
    timeout,
  )
})

type Strike = (honest: Uint8Array) => ChannelAnswer

/** Mostly honest, so that the later steps are reached too. */
function strikeFrom(chance: Chance): Strike {
  const kind = chance(40)
  if (kind === 0) return () => ({ kind: 'unknown', reason: 'card-left' })
  if (kind === 1) return () => ({ kind: 'notSent', reason: 'no-card' })
  if (kind < 6) return (honest) => ({ kind: 'answered', response: mutated(chance, honest, answers) })
  return (honest) => ({ kind: 'answered', response: honest })
}

const failureKinds = ['torn', 'refused']

/** The recorded sale from SELECT to SPEND and then, in the same broken or whole channel, RECOVER and UPDATE. */
async function play(card: ReturnType<typeof playbackCard>): Promise<readonly string[]> {
  const presence = await openRecorded('sale', card)
  if (presence.kind !== 'present') return [presence.kind]
  const kinds: string[] = ['present']
  const content = await readSlots(presence, vectors.now, [ourScheme])
  kinds.push(content.kind)
  kinds.push((await verifyPin(presence, '4072')).kind)
  kinds.push((await verifyPin(presence, vectors.pin)).kind)
  if (content.kind !== 'content') return kinds
  const slot = content.slots[0]
  const planned = planSpend(presence, content, { ...recordedOrder(), ...(slot === undefined ? {} : { slot }) })
  if (planned.kind !== 'planned') return [...kinds, planned.kind]
  const spent = await spend(presence, planned.plan)
  kinds.push(spent.kind)
  if (spent.kind === 'debited') expect(toHex(spent.record)).toBe(vectors.spend.record)
  const recovered = await recover(presence, planned.plan, hex(vectors.recover.nonce))
  kinds.push(recovered.kind)
  if (recovered.kind === 'debited') expect(toHex(recovered.record)).toBe(vectors.spend.record)
  expect(recovered.kind).not.toBe('not-debited')
  kinds.push((await update(presence, hex(vectors.update.script))).kind)
  return kinds
}

describe(`presences, TOLEM_SEED=${seed} TOLEM_FUZZ=${inputs}`, () => {
  test(
    'from outside of the channel: every step is a value, and only the honest record is a payment',
    async () => {
      const chance = chanceOf(seed)
      const seen = new Map<string, number>()
      for (let index = 0; index < presences; index += 1) {
        const card = playbackCard((place) => {
          const honest = hex(vectors.sale.exchanges[place]?.response ?? '')
          return strikeFrom(chance)(honest)
        })
        for (const kind of await play(card)) seen.set(kind, (seen.get(kind) ?? 0) + 1)
      }
      for (const kind of ['present', 'content', 'debited', ...failureKinds]) {
        expect([kind, seen.has(kind)]).toEqual([kind, true])
      }
    },
    timeout,
  )

  test(
    'from inside, by a card with the keys of the channel: the same',
    async () => {
      const chance = chanceOf(seed + 1)
      const seen = new Map<string, number>()
      for (let index = 0; index < presences; index += 1) {
        let counter = 0
        const card = playbackCard((place) => {
          const exchange = vectors.sale.exchanges[place]
          if (place < 3) return { kind: 'answered', response: hex(exchange?.response ?? '') }
          counter += 1
          const honest = hex(exchange?.plainResponse ?? '9000')
          const said = chance(8) === 0 ? mutated(chance, honest, plainAnswers) : honest
          return { kind: 'answered', response: authentic(counter, said) }
        })
        for (const kind of await play(card)) seen.set(kind, (seen.get(kind) ?? 0) + 1)
      }
      for (const kind of ['present', 'content', 'debited', ...failureKinds]) {
        expect([kind, seen.has(kind)]).toEqual([kind, true])
      }
    },
    timeout,
  )

  /** As the card makes it (docs/design/22, "The protected answer"). */
  function authentic(counter: number, plain: Uint8Array): Uint8Array {
    const key = hex(vectors.sale.encryptionKey)
    const number = Uint8Array.of(0, 0, counter >> 8, counter & 0xff)
    const padded = new Uint8Array((Math.floor(Math.min(plain.length, 239) / 16) + 1) * 16)
    padded.set(plain.subarray(0, 239))
    padded[Math.min(plain.length, 239)] = 0x80
    const iv = aes128EncryptBlock(key, concatBytes(Uint8Array.of(2), new Uint8Array(11), number))
    const body = aes128CbcEncrypt(key, padded, iv)
    const mac = aes128Cmac(hex(vectors.sale.answerMacKey), concatBytes(number, body)).subarray(0, 8)
    return concatBytes(body, mac, hex('9000'))
  }
})
