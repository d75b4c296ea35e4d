/**
 * Method: whole presences recomputed in Python from docs/design/22 (test/fixtures/vectors/tolem-applet.py) are played
 * against the till's side: every command has to be the recorded one, byte for byte, and every answer is to be believed
 * exactly as far as its signature goes.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { issuerRef, slotRef } from '../../../src/voucher/cards/tolem-applet/names.ts'
import { personaliseApplet } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import { verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import type { AppletPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { openPresence } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { provesNotDebited, recordHash } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { statementLayout } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { readSlots, slotLayout } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, recover, spend } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import { answered, playbackCard, scriptedCard, scriptedRandom, type ScriptedCard } from './scripted-card.ts'
import { openRecorded, ourScheme, recordedOrder, recordedTill } from './tolem-applet-vectors.ts'
import { cardWith, commandsOf, openedRecorded } from './tolem-applet-vectors.ts'
import { stateBefore, trust, vectors } from './tolem-applet-vectors.ts'

const hex = fromHex
const rootKeys = trust.rootKeys
const record = hex(vectors.spend.record)

describe('a recorded sale', () => {
  test('every command is the recorded one, and the record is the recorded one', async () => {
    const card = scriptedCard(vectors.sale.exchanges)
    const presence = await openedRecorded('sale', card)
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
    const presence = await openedRecorded(of, card)
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
    const presence = await openedRecorded('sale', scriptedCard(vectors.sale.exchanges))
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
    const presence = await openedRecorded('sale', card)
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
    const presence = await openedRecorded('recovery', card)
    expect(await recover(presence, plan(presence), nonce)).toEqual({ kind: 'debited', record })

    const unknown = { ...plan(presence), tenderId: hex(vectors.recover.unknownTenderId) }
    const statement = hex(vectors.recover.statement)
    // The intent saw ATC 41, the ring goes back to 35: nothing can have been forgotten since.
    expect(await recover(presence, unknown, nonce)).toEqual({ kind: 'not-debited', statement })
    expect(card.sent).toEqual(commandsOf(vectors.recovery).slice(0, -1))
  })

  test('another record under the same id is a discrepancy', async () => {
    const presence = await openedRecorded('recovery', scriptedCard(vectors.recovery.exchanges))
    const honest = plan(presence)
    const other = { ...honest, expectedInput: honest.expectedInput.with(283, 0) }
    expect(await recover(presence, other, nonce)).toEqual({ kind: 'other-record', record })
  })

  test('another card is asked nothing', async () => {
    const card = scriptedCard(vectors.recovery.exchanges)
    const presence = await openedRecorded('recovery', card)
    const sent = card.sent.length
    const other = { ...plan(presence), cardId: hex('00'.repeat(16)) }
    expect(await recover(presence, other, nonce)).toMatchObject({ kind: 'refused', code: 'CARD_OTHER' })
    expect(await spend(presence, other)).toMatchObject({ kind: 'refused', code: 'CARD_OTHER' })
    expect(card.sent.length).toBe(sent)
  })

  test.each([
    ['another nonce', vectors.recover.unknownTenderId, '00'.repeat(16)],
    ['another tender', '00'.repeat(16), vectors.recover.nonce],
  ])('a statement that answers %s, recorded before, proves nothing', async (_, tenderId, asked) => {
    const card = playbackCard((index) => answered(vectors.recovery.exchanges[index]?.response ?? ''))
    const presence = await openedRecorded('recovery', card)
    await recover(presence, plan(presence), nonce)
    const answer = await recover(presence, { ...plan(presence), tenderId: hex(tenderId) }, hex(asked))
    expect(answer).toMatchObject({ kind: 'refused', code: 'CARD_NOT_AUTHENTIC', detail: 'statement' })
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

test('the worked examples of docs/design/22 are those of the vectors', () => {
  const text = readFileSync('docs/design/22-tolem-applet.md', 'utf8')
  const examples = text.slice(text.indexOf('## Worked examples')).split('## To be confirmed')[0] ?? ''
  const values = examples.match(/(?<=\n)(?: {2}[0-9A-F]+\n)+/g)?.map((lines) => lines.replaceAll(/\s/g, '')) ?? []
  expect(values.length).toBe(23)
  const known = JSON.stringify(vectors)
  for (const value of values) expect(known).toContain(value)
})
