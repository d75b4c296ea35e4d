/**
 * Method: whole presences recomputed in Python from docs/design/22 (test/fixtures/vectors/tolem-applet.py) are played
 * against the till's side: every command has to be the recorded one, byte for byte, and every answer is to be believed
 * exactly as far as its signature goes.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tiynMax } from '../../../src/voucher/money.ts'
import type { AnyScheme } from '../../../src/voucher/scheme.ts'
import { exampleScheme } from '../../fixtures/example-scheme.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { checkChain, makeCardCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { makeIssuerCertificate, makeTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { readTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { issuerRef, merchantRef, slotRef, terminalRef } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { tenderIdBytes, tenderIdText } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { personaliseApplet } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import { verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import type { AppletPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { openPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { provesNotDebited, recordHash, verifyRecord } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { statementLayout } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { makeScript, update, verifyReceipt } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { nameSlot, readSlots, slotLayout, type AppletSlot } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, recover, spend } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import {
  answered,
  playbackCard,
  scriptedCard,
  scriptedRandom,
  type Exchange,
  type ScriptedCard,
} from './scripted-card.ts'
import { openRecorded, ourScheme, recordedOrder, recordedTill, signWith } from './tolem-applet-vectors.ts'
import { stateBefore, trust, vectors } from './tolem-applet-vectors.ts'

const hex = fromHex
const chain = { cardCertificate: hex(vectors.cardCertificate), issuerCertificate: hex(vectors.issuerCertificate) }
const rootKeys = trust.rootKeys
const record = hex(vectors.spend.record)

type Recording = { readonly exchanges: readonly Exchange[] }

async function opened(of: 'sale' | 'recovery' | 'updatePresence', card: ScriptedCard): Promise<AppletPresence> {
  const presence = await openRecorded(of, card)
  if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
  return presence
}

const commandsOf = ({ exchanges }: Recording) => exchanges.map(({ command }) => command)

/** The recording with one answer replaced, by its place. */
function cardWith(recording: Recording, place: number, response: string): ScriptedCard {
  return playbackCard((index) => {
    const exchange = recording.exchanges[index]
    return exchange && answered(index === place ? response : exchange.response)
  })
}

describe('a recorded sale', () => {
  test('every command is the recorded one, and the record is the recorded one', async () => {
    const card = scriptedCard(vectors.sale.exchanges)
    const presence = await opened('sale', card)
    expect(toHex(presence.card.cardId)).toBe(vectors.cardId)
    expect(presence.issuer.issuerRef).toEqual(issuerRef(vectors.names.issuer))

    const content = await readSlots(presence, vectors.now, [ourScheme])
    if (content.kind !== 'content') throw new Error(JSON.stringify(content))
    expect(content).toMatchObject({ ...stateBefore, oldestAtc: 34, scriptCounter: 3, state: 'active', pinTriesLeft: 5 })
    expect(content.slots.map((slot) => toHex(slotLayout.encode(slot)))).toEqual([vectors.slotBefore])
    expect(content.slots[0]?.slotRef).toEqual(slotRef(vectors.names.slotId))

    expect(await verifyPin(presence, '4072')).toEqual({
      kind: 'refused',
      step: 'verify-pin',
      code: 'CARD_PIN_WRONG',
      detail: 'PIN_WRONG (63C4)',
      pinTriesLeft: 4,
    })
    expect(await verifyPin(presence, vectors.pin)).toEqual({ kind: 'verified' })

    const planned = planSpend(presence, content, recordedOrder())
    if (planned.kind !== 'planned') throw new Error(planned.detail)
    const { plan } = planned
    expect(toHex(plan.command)).toBe(vectors.spend.command)
    expect(toHex(plan.expectedInput)).toBe(vectors.spend.recordInput)
    expect(toHex(recordHash(plan.expectedInput))).toBe(vectors.spend.recordHash)
    expect(await spend(presence, plan)).toEqual({ kind: 'debited', record })
    expect(card.sent).toEqual(commandsOf(vectors.sale))
  })

  test('the terminal signs what the document says', async () => {
    const signed: string[] = []
    const till = recordedTill('sale')
    await openPresence(
      scriptedCard(vectors.sale.exchanges),
      { ...till, sign: (bytes) => (signed.push(toHex(bytes)), till.sign(bytes)) },
      trust,
      scriptedRandom(vectors.keys.terminalEphemeral.private),
    )
    expect(signed).toEqual([vectors.sale.authenticationInput])
  })

  const placeOfSpend = 8
  test.each([
    ['refused inside: the tender was debited before', 'recovery', 'SPEND again', 'refused'],
    ['an answer of another channel', 'sale', 'READ SLOTS', 'torn'],
  ] as const)('SPEND answered by %s', async (_, of, name, kind) => {
    const recording = vectors[of]
    const place = recording.exchanges.findIndex((exchange) => exchange.name === name)
    const response = recording.exchanges[place]?.response ?? ''
    const card = of === 'recovery' ? scriptedCard(recording.exchanges) : cardWith(vectors.sale, placeOfSpend, response)
    const presence = await opened(of, card)
    if (of === 'recovery') {
      for (const tender of [vectors.spend.tenderId, vectors.recover.unknownTenderId]) {
        await recover(presence, { ...plan(presence), tenderId: hex(tender) }, hex(vectors.recover.nonce))
      }
    } else {
      await readSlots(presence, vectors.now, [ourScheme])
      await verifyPin(presence, '4072')
      await verifyPin(presence, vectors.pin)
    }
    const outcome = await spend(presence, plan(presence))
    expect(outcome).toMatchObject(
      kind === 'refused'
        ? { kind, code: 'CARD_ALREADY_DEBITED' }
        : { kind, step: 'spend', executed: 'unknown', reason: 'answer-not-authentic' },
    )
  })

  test.each([
    ['the first answer is a bare status', placeOfSpend, '6985'],
    ['the first answer has no status', placeOfSpend, '90'],
    ['the rest is garbage', placeOfSpend + 1, '00112233445566779000'],
    ['the rest is a bare status', placeOfSpend + 1, '6F00'],
  ])('after SPEND was sent nothing but the record is an answer: %s', async (_, place, response) => {
    const card = cardWith(vectors.sale, place, response)
    const presence = await readyToSpend(card)
    expect(await spend(presence, plan(presence))).toMatchObject({ kind: 'torn', step: 'spend', executed: 'unknown' })
    // Nothing more is sent in a channel that is broken.
    const sent = card.sent.length
    expect(await spend(presence, plan(presence))).toMatchObject({ kind: 'torn', executed: 'no' })
    expect(card.sent.length).toBe(sent)
  })

  test('a card that leaves before the rest of the record has been debited, for all that is known', async () => {
    const card = playbackCard((index) =>
      index <= placeOfSpend ? answered(vectors.sale.exchanges[index]?.response ?? '') : undefined,
    )
    const presence = await readyToSpend(card)
    expect(await spend(presence, plan(presence))).toMatchObject({
      kind: 'torn',
      executed: 'unknown',
      reason: 'no-card',
    })
  })

  test('a card that left before SPEND was sent has not been debited', async () => {
    const card = playbackCard((index) =>
      index < placeOfSpend ? answered(vectors.sale.exchanges[index]?.response ?? '') : undefined,
    )
    const presence = await readyToSpend(card)
    expect(await spend(presence, plan(presence))).toMatchObject({ kind: 'torn', executed: 'no', reason: 'no-card' })
  })

  test('a record of other bytes than the expected ones is unknown, never a payment', async () => {
    const presence = await readyToSpend(scriptedCard(vectors.sale.exchanges))
    const honest = plan(presence)
    const other = { ...honest, expectedInput: honest.expectedInput.with(140, 1) }
    expect(await spend(presence, other)).toMatchObject({ kind: 'torn', executed: 'unknown', reason: 'record-differs' })
  })

  test('an order that the slot cannot have is no order', async () => {
    const presence = await opened('sale', scriptedCard(vectors.sale.exchanges))
    const order = recordedOrder()
    for (const wrong of [
      { ...order, amount: order.slot.amountLeft + 1n },
      { ...order, slot: { ...order.slot, countLeft: 0 } },
    ]) {
      expect(planSpend(presence, stateBefore, wrong)).toMatchObject({ kind: 'refused', code: 'CARD_ALLOWANCE_USED' })
      const account = { ...wrong, slot: { ...wrong.slot, flags: 3 } }
      expect(planSpend(presence, stateBefore, account).kind).toBe('planned')
    }
    const usedUp = { ...stateBefore, atc: 0xffffffff }
    expect(planSpend(presence, usedUp, order)).toMatchObject({ kind: 'refused', code: 'CARD_COMMAND_REFUSED' })
  })

  async function readyToSpend(card: ScriptedCard): Promise<AppletPresence> {
    const presence = await opened('sale', card)
    await readSlots(presence, vectors.now, [ourScheme])
    await verifyPin(presence, '4072')
    await verifyPin(presence, vectors.pin)
    return presence
  }
})

function plan(presence: AppletPresence) {
  const planned = planSpend(presence, stateBefore, recordedOrder())
  if (planned.kind !== 'planned') throw new Error(planned.detail)
  return planned.plan
}

describe('a card is believed only after its chain and its signature', () => {
  const placeOfIdentity = 3
  test('another root', async () => {
    const card = scriptedCard(vectors.sale.exchanges)
    const stranger = { ...trust, rootKeys: [hex(vectors.keys.issuer.public)] }
    const random = scriptedRandom(vectors.keys.terminalEphemeral.private)
    const presence = await openPresence(card, recordedTill('sale'), stranger, random)
    expect(presence).toMatchObject({ kind: 'refused', code: 'CARD_NOT_AUTHENTIC', detail: 'root-unknown' })
  })

  test('certificates that have ended, or have not begun', async () => {
    for (const trustedTime of [vectors.now + 800 * 86_400_000, vectors.now - 31 * 86_400_000]) {
      const random = scriptedRandom(vectors.keys.terminalEphemeral.private)
      const card = scriptedCard(vectors.sale.exchanges)
      const presence = await openPresence(card, recordedTill('sale'), { rootKeys, trustedTime }, random)
      expect(presence).toMatchObject({ kind: 'refused', code: 'CARD_CERTIFICATE_ENDED', detail: 'card-not-valid-then' })
    }
  })

  test('an identity of another presence, relayed', async () => {
    // Same keys of the channel would be needed for it to be read at all: it is torn, and no PIN goes out.
    const identity = vectors.recovery.exchanges[placeOfIdentity]?.response ?? ''
    const presence = await openRecorded('sale', cardWith(vectors.sale, placeOfIdentity, identity))
    expect(presence).toMatchObject({ kind: 'torn', step: 'identify', reason: 'answer-not-authentic' })
  })

  test.each([
    ['9A20', 'TERMINAL_CERTIFICATE_ENDED (9A20)'],
    ['9A21', 'TERMINAL_CERTIFICATE_WRONG (9A21)'],
    ['9A22', 'AUTHORITY_UNKNOWN (9A22)'],
  ])('a card that does not take this terminal: %s', async (status, detail) => {
    const presence = await openRecorded('sale', cardWith(vectors.sale, 1, status))
    expect(presence).toEqual({ kind: 'refused', step: 'present-certificate', code: 'TERMINAL_NOT_ACCEPTED', detail })
  })

  test('an ephemeral key that is no point of the curve', async () => {
    const presence = await openRecorded('sale', cardWith(vectors.sale, 2, `${'11'.repeat(64)}9000`))
    expect(presence).toMatchObject({ kind: 'refused', code: 'CARD_ANSWER_MALFORMED', detail: 'card-ephemeral-key' })
  })

  test('neither application on the card', async () => {
    const card = playbackCard(() => answered('6A82'))
    expect(await openRecorded('sale', card)).toMatchObject({ kind: 'refused', code: 'CARD_UNKNOWN' })
    expect(card.sent).toEqual(['00A4040007F0544F4C454D0100', '00A4040007F0544F4C454D0200'])
  })
})

describe('RECOVER', () => {
  const nonce = hex(vectors.recover.nonce)

  test('a debited tender: the same record, byte for byte; another id: the signed statement', async () => {
    const card = scriptedCard(vectors.recovery.exchanges)
    const presence = await opened('recovery', card)
    expect(await recover(presence, plan(presence), nonce)).toEqual({ kind: 'debited', record })

    const unknown = { ...plan(presence), tenderId: hex(vectors.recover.unknownTenderId) }
    const statement = hex(vectors.recover.statement)
    // The intent saw ATC 41, the ring goes back to 35: nothing can have been forgotten since.
    expect(await recover(presence, unknown, nonce)).toEqual({ kind: 'not-debited', statement })
    expect(card.sent).toEqual(commandsOf(vectors.recovery).slice(0, -1))
  })

  test('another record under the same id is a discrepancy', async () => {
    const presence = await opened('recovery', scriptedCard(vectors.recovery.exchanges))
    const honest = plan(presence)
    const other = { ...honest, expectedInput: honest.expectedInput.with(283, 0) }
    expect(await recover(presence, other, nonce)).toEqual({ kind: 'other-record', record })
  })

  test('another card is asked nothing', async () => {
    const card = scriptedCard(vectors.recovery.exchanges)
    const presence = await opened('recovery', card)
    const sent = card.sent.length
    const other = { ...plan(presence), cardId: hex('00'.repeat(16)) }
    expect(await recover(presence, other, nonce)).toMatchObject({ kind: 'refused', code: 'CARD_OTHER' })
    expect(await spend(presence, other)).toMatchObject({ kind: 'refused', code: 'CARD_OTHER' })
    expect(card.sent.length).toBe(sent)
  })

  test('a statement proves only what the card can still remember', () => {
    const said = statementLayout.decode(hex(vectors.recover.statement).slice(0, statementLayout.length))
    if (said === null) throw new Error('no statement')
    const headHash = said.headHash
    const intent = { atc: 41, headHash: hex(vectors.spend.headHashBefore) }
    expect(provesNotDebited(said, intent)).toBe(true)
    expect(provesNotDebited({ ...said, oldestAtc: 42 }, intent)).toBe(true)
    expect(provesNotDebited({ ...said, oldestAtc: 43 }, intent)).toBe(false)
    expect(provesNotDebited({ ...said, oldestAtc: 0 }, intent)).toBe(false)
    // Nothing has happened since the intent.
    expect(provesNotDebited({ ...said, oldestAtc: 0 }, { atc: 42, headHash })).toBe(true)
    // The same counter and another history, or a counter that went back: a copy, which proves nothing.
    expect(provesNotDebited(said, { atc: 42, headHash: intent.headHash })).toBe(false)
    expect(provesNotDebited(said, { atc: 43, headHash })).toBe(false)
  })
})

describe('records are judged with public keys alone', () => {
  test('the recorded one', () => {
    const verified = verifyRecord(record, chain, rootKeys)
    if (verified.kind !== 'verified') throw new Error(verified.fault)
    expect(tenderIdText(verified.record.tenderId)).toBe('019ac932-8d80-7000-8000-000000000001')
    expect(tenderIdBytes('019ac932-8d80-7000-8000-000000000001')).toEqual(verified.record.tenderId)
    expect(verified.record.amount).toBe(115_000n)
    expect(verified.record.amountAfter).toBe(2_185_000n)
    expect(verified.record.merchantRef).toEqual(merchantRef(vectors.names.merchantId))
    expect(verified.record.terminalRef).toEqual(terminalRef(vectors.names.terminalId))
  })

  test('with any one byte changed it is refused', () => {
    for (let place = 0; place < record.length; place += 1) {
      const changed = record.with(place, (record[place] ?? 0) ^ 0x01)
      expect([place, verifyRecord(changed, chain, rootKeys).kind]).toEqual([place, 'refused'])
    }
  })

  test.each([
    ['another root', chain, [hex(vectors.keys.issuer.public)], 'root-unknown'],
    ['no chain', { ...chain, cardCertificate: new Uint8Array(0) }, rootKeys, 'card-certificate-malformed'],
    [
      'a card certificate by somebody else',
      { ...chain, cardCertificate: flip(chain.cardCertificate, 186) },
      rootKeys,
      'card-signature-wrong',
    ],
    [
      'an issuer certificate by somebody else',
      { ...chain, issuerCertificate: flip(chain.issuerCertificate, 60) },
      rootKeys,
      'issuer-signature-wrong',
    ],
  ] as const)('with %s', (_, otherChain, roots, fault) => {
    expect(verifyRecord(record, otherChain, roots)).toEqual({ kind: 'refused', fault })
  })

  test("with another card's certificate of the same issuer", () => {
    const cardCertificate = makeCardCertificate(
      {
        issuerSerial: hex('0000000000000B01'),
        serial: hex('0000000000000C02'),
        cardId: hex('00'.repeat(16)),
        keyEpoch: 1,
        kind: 1,
        notBefore: 0,
        notAfter: vectors.now * 2,
        publicKey: hex(vectors.keys.card.public),
      },
      signWith('issuer'),
    )
    expect(verifyRecord(record, { ...chain, cardCertificate }, rootKeys)).toEqual({
      kind: 'refused',
      fault: 'card-differs',
    })
  })

  function flip(bytes: Uint8Array, place: number): Uint8Array {
    return bytes.with(place, (bytes[place] ?? 0) ^ 0x01)
  }
})

describe('what the ledger makes', () => {
  test('certificates are those of the vectors but for the signatures, and hold', () => {
    const terminal = readTerminalCertificate(hex(vectors.terminalCertificate))
    if (terminal === null) throw new Error('no certificate')
    const made = makeTerminalCertificate(terminal, signWith('authority'))
    expect(toHex(made).slice(0, 274)).toBe(vectors.terminalCertificate.slice(0, 274))

    const checked = checkChain(chain, rootKeys, vectors.now)
    if (checked.kind !== 'chain') throw new Error(checked.fault)
    const again = {
      cardCertificate: makeCardCertificate(checked.card, signWith('issuer')),
      issuerCertificate: makeIssuerCertificate(checked.issuer, signWith('root')),
    }
    expect(toHex(again.cardCertificate).slice(0, 246)).toBe(vectors.cardCertificate.slice(0, 246))
    expect(toHex(again.issuerCertificate).slice(0, 242)).toBe(vectors.issuerCertificate.slice(0, 242))
    expect(checkChain(again, rootKeys, vectors.now).kind).toBe('chain')
  })

  test('the recorded script, and its receipt', async () => {
    const slots = [vectors.update.loadedSlot, vectors.update.laterSlot].map((bytes) => slotLayout.decode(hex(bytes))!)
    const script = makeScript(
      { cardId: hex(vectors.cardId), keyEpoch: 1, counter: 4, time: vectors.now },
      [
        ...slots.map((slot) => ({ kind: 'load-slot', slot }) as const),
        { kind: 'remove-slot', slotRef: slotRef(vectors.names.slotId) },
        { kind: 'unblock-pin' },
      ],
      signWith('issuer'),
    )
    expect(toHex(script).slice(0, -128)).toBe(vectors.update.script.slice(0, -128))

    const recorded = hex(vectors.update.script)
    const receipt = hex(vectors.update.receipt)
    const key = hex(vectors.keys.card.public)
    expect(verifyReceipt(receipt, recorded, key)).toMatchObject({ removedCount: 19, removedAmount: 2_185_000n })
    expect(verifyReceipt(receipt, script, key)).toBeNull()
    expect(verifyReceipt(receipt.with(107, 0), recorded, key)).toBeNull()
    expect(verifyReceipt(receipt, recorded, hex(vectors.keys.issuer.public))).toBeNull()
  })

  test('is carried in blocks of 239 bytes, and its receipt is taken', async () => {
    const card = scriptedCard(vectors.updatePresence.exchanges)
    const presence = await opened('updatePresence', card)
    const outcome = await update(presence, hex(vectors.update.script))
    expect(outcome).toMatchObject({ kind: 'applied', receipt: hex(vectors.update.receipt), said: { removedCount: 19 } })
    expect(card.sent).toEqual(commandsOf(vectors.updatePresence))
  })

  test('an answer that is no receipt leaves open whether the script was applied', async () => {
    const presence = await opened('updatePresence', scriptedCard(vectors.updatePresence.exchanges))
    const other = hex(vectors.keys.issuer.public)
    expect(await update(presence, hex(vectors.update.script), other)).toMatchObject({
      kind: 'torn',
      executed: 'unknown',
      reason: 'receipt-wrong',
    })
  })

  test('a script above 1024 bytes is two scripts', () => {
    const slot = slotLayout.decode(hex(vectors.update.loadedSlot))
    if (slot === null) throw new Error('no slot')
    const head = { cardId: hex(vectors.cardId), keyEpoch: 1, counter: 5, time: vectors.now }
    const items = (count: number) => Array.from({ length: count }, () => ({ kind: 'load-slot', slot }) as const)
    expect(makeScript(head, items(9), signWith('issuer')).length).toBe(38 + 9 * 93 + 64)
    expect(() => makeScript(head, items(10), signWith('issuer'))).toThrow('1024')
  })
})

describe('personalisation', () => {
  const order = {
    cardId: hex(vectors.cardId),
    issuerCertificate: hex(vectors.issuerCertificate),
    authorityKeys: [hex(vectors.keys.authority.public), hex(vectors.keys.nextAuthority.public)] as const,
    time: vectors.activationTime,
    certify: async () => hex(vectors.cardCertificate),
  }
  const both = [...vectors.personalisation.exchanges, ...vectors.sale.exchanges]
  const random = () => scriptedRandom(vectors.keys.terminalEphemeral.private)

  test('is the recorded one, and ends with the card proving itself', async () => {
    const card = scriptedCard(both)
    const made = await personaliseApplet(card, order, recordedTill('sale'), trust, random())
    expect(made.kind).toBe('present')
    expect(card.sent).toEqual(both.slice(0, vectors.personalisation.exchanges.length + 5).map(({ command }) => command))
  })

  test('of a card that is active already only asks it', async () => {
    const recording = [vectors.sale.exchanges[0], ...vectors.sale.exchanges].flatMap((exchange) => exchange ?? [])
    const made = await personaliseApplet(scriptedCard(recording), order, recordedTill('sale'), trust, random())
    expect(made.kind).toBe('present')
    const otherOrder = { ...order, cardId: hex('00'.repeat(16)) }
    const refused = await personaliseApplet(scriptedCard(recording), otherOrder, recordedTill('sale'), trust, random())
    expect(refused).toMatchObject({ kind: 'refused', code: 'CARD_NOT_BLANK' })
  })

  test('a card that signed for other things than it was given is not issued', async () => {
    const otherTime = { ...order, time: vectors.activationTime + 1 }
    const card = cardWith({ exchanges: both }, 99, '')
    const made = await personaliseApplet(card, otherTime, recordedTill('sale'), trust, random())
    expect(made).toMatchObject({ kind: 'refused', step: 'activate', code: 'CARD_NOT_AUTHENTIC' })
  })

  test('without a certificate of the issuer the card stays blank', async () => {
    const card = scriptedCard(both)
    const none = { ...order, certify: async () => null }
    const made = await personaliseApplet(card, none, recordedTill('sale'), trust, random())
    expect(made).toMatchObject({ kind: 'refused', code: 'CARD_NOT_CERTIFIED' })
    expect(card.sent.some((command) => command.startsWith('80E8'))).toBe(false)
  })
})

describe('which allowance a slot of a card is', () => {
  const slot = slotLayout.decode(hex(vectors.slotBefore))!
  const period = { periodId: '2025-11', from: slot.validFrom, to: slot.validUntil, openings: [] }
  const scheme = { ...exampleScheme, schemeId: vectors.names.schemeId, periods: [period] }

  test('the till names it by its schemes, their periods, and the beneficiary that the card says', () => {
    expect(nameSlot(slot, [scheme])).toEqual({
      scheme,
      slot: {
        slotId: vectors.names.slotId,
        schemeId: 'school-lunch',
        beneficiary: '00112233445566778899aabbccddeeff',
        periodId: '2025-11',
        countAllowed: 20,
        amountAllowed: 2_300_000n,
        countSpent: 0,
        amountSpent: 0n,
        booked: [],
      },
    })
  })

  test.each<[string, AppletSlot, AnyScheme]>([
    ['another scheme', slot, { ...scheme, schemeId: 'bread' }],
    ['another period', slot, { ...scheme, periods: [{ ...period, periodId: '2025-12' }] }],
    ['a period that began before', slot, { ...scheme, periods: [{ ...period, from: slot.validFrom + 1 }] }],
    ['another beneficiary', { ...slot, beneficiary: slot.beneficiary.with(0, 1) }, scheme],
    ['an amount that is none', { ...slot, amountLeft: tiynMax + 1n }, scheme],
  ])('%s: not ours to use', (_, other, known) => {
    expect(nameSlot(other, [known])).toBeNull()
  })
})

test('the worked examples of docs/design/22 are those of the vectors', () => {
  const text = readFileSync('docs/design/22-tolem-applet.md', 'utf8')
  const examples = text.slice(text.indexOf('## Worked examples')).split('## To be confirmed')[0] ?? ''
  const values = examples.match(/(?<=\n)(?: {2}[0-9A-F]+\n)+/g)?.map((lines) => lines.replaceAll(/\s/g, '')) ?? []
  expect(values.length).toBe(23)
  const known = JSON.stringify(vectors)
  for (const value of values) expect(known).toContain(value)
})
