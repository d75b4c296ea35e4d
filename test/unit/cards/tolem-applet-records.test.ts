/**
 * Method: what a card signs, what an issuer signs and what a slot says, judged without a card, by the values of
 * test/fixtures/vectors/tolem-applet.json.
 */
import { describe, expect, test } from 'vitest'
import { tiynMax } from '../../../src/voucher/money.ts'
import type { AnyScheme } from '../../../src/voucher/scheme.ts'
import { exampleScheme } from '../../fixtures/example-scheme.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { checkChain, makeCardCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { makeIssuerCertificate, makeTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { readTerminalCertificate } from '../../../src/voucher/cards/tolem-applet/certificates.ts'
import { merchantRef, slotRef, terminalRef } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { tenderIdBytes, tenderIdText } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { verifyRecord } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { makeScript, update, verifyReceipt } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { nameSlot, slotLayout, type AppletSlot } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { scriptedCard } from './scripted-card.ts'
import { signWith } from './tolem-applet-vectors.ts'
import { commandsOf, openedRecorded } from './tolem-applet-vectors.ts'
import { trust, vectors } from './tolem-applet-vectors.ts'

const hex = fromHex
const chain = { cardCertificate: hex(vectors.cardCertificate), issuerCertificate: hex(vectors.issuerCertificate) }
const rootKeys = trust.rootKeys
const record = hex(vectors.spend.record)

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
    const presence = await openedRecorded('updatePresence', card)
    const outcome = await update(presence, hex(vectors.update.script))
    expect(outcome).toMatchObject({ kind: 'applied', receipt: hex(vectors.update.receipt), said: { removedCount: 19 } })
    expect(card.sent).toEqual(commandsOf(vectors.updatePresence))
  })

  test('an answer that is no receipt leaves open whether the script was applied', async () => {
    const presence = await openedRecorded('updatePresence', scriptedCard(vectors.updatePresence.exchanges))
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
