/**
 * The terminal's applet profile against the virtual applet, which was written apart from docs/design/22: the life of a
 * card, cards that are not what they say, and strangers.
 */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import { changePin, verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import { recordHash, verifyRecord } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { update } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { readAllSlots, readSlots } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { readRecord, recover, spend, type SpendPlan } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import {
  cardId,
  certificateFor,
  day,
  debits,
  desk,
  issuedCard,
  now,
  pin,
  present,
  script,
  slot,
  terminal,
  testCard,
  testKey,
  till,
  trust,
  usualCard,
  type TestCard,
} from './applet-world.ts'
import { ReaderBench } from './presence.ts'

import { contentOf, hash, laid, opened, paid, planned, random, type Basket } from './applet-till.ts'

describe('the life of a card', () => {
  it('is issued, pays with and without PIN, and its records hold with public keys alone', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    const content = await contentOf(presence)
    expect(content).toMatchObject({ atc: 0, oldestAtc: 0, scriptCounter: 1, state: 'active', pinTriesLeft: 5 })
    expect(content.slots).toEqual([slot()])

    const first = await spend(presence, planned(presence, content))
    if (first.kind !== 'debited') throw new Error(JSON.stringify(first))
    expect(await paid(presence, { amount: 115_000n })).toMatchObject({ kind: 'refused', code: 'CARD_PIN_NEEDED' })
    expect(await verifyPin(presence, '0000')).toMatchObject({ code: 'CARD_PIN_WRONG', pinTriesLeft: 4 })
    expect(await verifyPin(presence, pin)).toEqual({ kind: 'verified' })
    const second = await paid(presence, { amount: 115_000n, isPinVerified: true, isOnline: true })
    if (second.kind !== 'debited') throw new Error(JSON.stringify(second))
    // One PIN, one payment.
    expect(await paid(presence, { amount: 115_000n })).toMatchObject({ kind: 'refused', code: 'CARD_PIN_NEEDED' })

    const verified = [first, second].map(({ record }) => verifyRecord(record, presence.chain, trust.rootKeys))
    expect(verified).toMatchObject([
      { kind: 'verified', record: { atc: 1, amount: 90_000n, countAfter: 19, mode: 0, flags: 0 } },
      { kind: 'verified', record: { atc: 2, amount: 115_000n, countAfter: 18, mode: 1, flags: 1 } },
    ])
    expect(debits(made).map(({ record }) => record)).toEqual([first, second].map(({ record }) => toHex(record)))
    expect((await contentOf(presence)).slots[0]).toMatchObject({ countLeft: 18, amountLeft: 2_095_000n })
  })

  it('refuses what it has to, and debits nothing', async () => {
    const made = await issuedCard([
      slot(),
      slot({ name: 'later', validFrom: now + day, validUntil: now + 2 * day }),
      slot({ name: 'over', validFrom: now - 3 * day, validUntil: now - day }),
      slot({ name: 'empty', countLeft: 0 }),
      slot({ name: 'poor', amountLeft: 10n }),
      slot({ name: 'on line', flags: 1 }),
    ])
    const presence = await opened(laid(made))
    const content = await contentOf(presence)
    expect(content.slots.map(({ countLeft }) => countLeft)).toEqual([20, 0, 20, 20])
    // The till would not plan these: here the slot is believed to have plenty, and the card says what it has.
    const tried = async (name: string, of: Basket = {}) => {
      const outcome = await spend(
        presence,
        planned(presence, content, of, { ...slot({ name }), amountLeft: 10n ** 9n }),
      )
      return outcome.kind === 'refused' ? outcome.code : outcome.kind
    }
    expect(await tried('later')).toBe('CARD_SLOT_NOT_VALID')
    expect(await tried('over')).toBe('CARD_SLOT_NOT_VALID')
    expect(await tried('empty')).toBe('CARD_ALLOWANCE_USED')
    expect(await tried('poor')).toBe('CARD_ALLOWANCE_USED')
    expect(await tried('on line')).toBe('CARD_ONLINE_ONLY')
    expect(await tried('2025-11', { amount: 150_001n })).toBe('CARD_CAP_EXCEEDED')
    expect(await tried('none of these')).toBe('CARD_SLOT_UNKNOWN')
    expect(await tried('2025-11', { time: now - 2 * day })).toBe('CARD_TIME_REFUSED')
    expect(await tried('2025-11', { time: now + 7 * day })).toBe('CARD_TIME_REFUSED')
    expect(debits(made)).toEqual([])

    const tenderId = random(16)
    expect((await spend(presence, planned(presence, content, { tenderId }))).kind).toBe('debited')
    expect(await tried('2025-11', { tenderId })).toBe('CARD_ALREADY_DEBITED')
  })

  it('shows a till the slots of its schemes only, and a desk all, eight at a time', async () => {
    const made = await issuedCard(Array.from({ length: 9 }, (_, index) => slot({ name: `slot ${index}` })))
    const presence = await opened(laid(made))
    await update(presence, script(2, [{ kind: 'load-slot', slot: slot({ name: 'slot 9' }) }]))
    expect(await readSlots(presence, now, [])).toMatchObject({ matching: 0, slots: [] })
    expect(await readSlots(presence, now, [hash('other').subarray(0, 16)])).toMatchObject({ matching: 0 })
    expect((await contentOf(presence)).slots.length).toBe(8)
    expect(await readAllSlots(presence)).toMatchObject({ kind: 'refused', detail: 'NOT_FOR_THIS_TERMINAL (9A02)' })
    const atDesk = await opened(laid(made), desk)
    const [first, rest] = [await readAllSlots(atDesk), await readAllSlots(atDesk, 8)]
    expect([first, rest]).toMatchObject([{ matching: 10 }, { matching: 2 }])
    expect(await paid(atDesk)).toMatchObject({ kind: 'refused', detail: 'NOT_FOR_THIS_TERMINAL (9A02)' })
  })

  it('blocks its PIN after five wrong ones, and a script gives them back', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    for (const pinTriesLeft of [4, 3, 2, 1, 0]) {
      expect(await verifyPin(presence, '9999')).toMatchObject({ code: 'CARD_PIN_WRONG', pinTriesLeft })
    }
    expect(await verifyPin(presence, pin)).toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    expect(await paid(presence, { amount: 115_000n })).toMatchObject({ code: 'CARD_PIN_BLOCKED' })
    expect((await update(presence, script(2, [{ kind: 'unblock-pin' }]))).kind).toBe('applied')
    expect(await changePin(presence, pin, '12345678')).toEqual({ kind: 'verified' })
    expect(await verifyPin(presence, pin)).toMatchObject({ code: 'CARD_PIN_WRONG' })
    expect(await verifyPin(presence, '12345678')).toEqual({ kind: 'verified' })
  })

  it('takes a script once, in its turn, and from its issuer', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    const more = script(2, [{ kind: 'load-slot', slot: slot({ countLeft: 1, amountLeft: 5n }) }])
    const applied = await update(presence, more)
    expect(applied).toMatchObject({ kind: 'applied', said: { scriptCounter: 2, atc: 0 } })
    // The same bytes again: the same receipt, and nothing is added.
    expect(await update(presence, more)).toEqual(applied)
    expect((await contentOf(presence)).slots[0]).toMatchObject({ countLeft: 21, amountLeft: 2_300_005n })

    const refused = async (bytes: Uint8Array) => {
      const outcome = await update(presence, bytes)
      return outcome.kind === 'refused' ? outcome.detail : outcome.kind
    }
    expect(await refused(script(2, [{ kind: 'block' }]))).toBe('SCRIPT_OUT_OF_ORDER (9A11)')
    expect(await refused(script(4, [{ kind: 'block' }]))).toBe('SCRIPT_OUT_OF_ORDER (9A11)')
    expect(await refused(script(3, [{ kind: 'block' }], { keyEpoch: 2 }))).toBe('SCRIPT_FOR_OTHER_EPOCH (9A12)')
    expect(await refused(script(3, [{ kind: 'block' }]).map((byte, index) => (index > 50 ? byte ^ 1 : byte)))).toBe(
      'SCRIPT_SIGNATURE_WRONG (9A13)',
    )
    expect(await refused(script(3, [{ kind: 'block' }]).with(10, 0))).toBe('SCRIPT_FOR_OTHER_CARD (9A10)')
    expect(await refused(script(3, [{ kind: 'allow-new-pin', terminalSerial: desk.serial }]))).toContain('9A02')
    const { slotRef } = slot({ name: 'none' })
    expect(await refused(script(3, [{ kind: 'block' }, { kind: 'remove-slot', slotRef }]))).toBe('NO_SUCH_SLOT (6A88)')
    expect((await contentOf(presence)).state).toBe('active')

    // Seven slots make three blocks.
    const many = Array.from({ length: 7 }, (_, n) => ({ kind: 'load-slot', slot: slot({ name: `n${n}` }) }) as const)
    expect((await update(presence, script(3, many))).kind).toBe('applied')
    const removed = await update(presence, script(4, [{ kind: 'remove-slot', slotRef: slot().slotRef }]))
    expect(removed).toMatchObject({ said: { removedCount: 21, removedAmount: 2_300_005n } })
  })

  it('is blocked and unblocked; blocked it still remembers', async () => {
    const made = await usualCard()
    const presence = await opened(laid(made))
    const plan = planned(presence, await contentOf(presence))
    const debited = await spend(presence, plan)
    await update(presence, script(2, [{ kind: 'block' }]))
    expect(await paid(presence)).toMatchObject({ kind: 'refused', code: 'CARD_BLOCKED' })
    expect(await verifyPin(presence, pin)).toMatchObject({ kind: 'refused', code: 'CARD_BLOCKED' })
    expect(await recover(presence, plan, random(16))).toEqual(debited)
    expect((await contentOf(presence)).state).toBe('blocked')
    await update(presence, script(3, [{ kind: 'unblock' }]))
    expect((await paid(presence)).kind).toBe('debited')
  })

  it('changes its key; records of both keys hold, and the chain of hashes goes on', async () => {
    const made = await usualCard()
    const before = await opened(laid(made))
    const first = await paid(before)
    const newKey = await update(before, script(2, [{ kind: 'new-key', keyEpoch: 2 }]))
    if (newKey.kind !== 'applied' || first.kind !== 'debited') throw new Error(JSON.stringify(newKey))
    const { pendingKey } = newKey.said
    // Until the certificate is there, the old key is the card's.
    expect((await opened(laid(made))).card.keyEpoch).toBe(1)
    const certificate = certificateFor(pendingKey, { keyEpoch: 2, serial: '0000000000000C02' })
    const changing = await opened(laid(made))
    expect((await update(changing, script(3, [{ kind: 'certificate', certificate }]), pendingKey)).kind).toBe('applied')

    const after = await opened(laid(made))
    expect(after.card).toMatchObject({ keyEpoch: 2, publicKey: pendingKey })
    const second = await paid(after)
    if (second.kind !== 'debited') throw new Error(JSON.stringify(second))
    expect(verifyRecord(first.record, before.chain, trust.rootKeys).kind).toBe('verified')
    expect(verifyRecord(second.record, after.chain, trust.rootKeys)).toMatchObject({
      kind: 'verified',
      record: { keyEpoch: 2, atc: 2, previousHash: recordHash(first.record.subarray(0, 284)) },
    })
    expect(verifyRecord(second.record, before.chain, trust.rootKeys)).toMatchObject({ fault: 'card-differs' })
  })

  it('learns of another terminal authority by a script, and forgets the former', async () => {
    const made = await usualCard()
    const third = testKey('third authority')
    const presence = await opened(laid(made))
    const items = [
      { kind: 'authority-key', entry: 0, publicKey: third.publicKey },
      { kind: 'authority-key', entry: 1, publicKey: null },
    ] as const
    expect((await update(presence, script(2, items))).kind).toBe('applied')
    expect(await present(laid(made), till)).toMatchObject({ code: 'TERMINAL_NOT_ACCEPTED' })
    expect((await opened(laid(made), terminal('till-0007', { by: third }))).kind).toBe('present')
  })

  it('remembers eight records, tells a till those of its merchant, and says how far back it knows', async () => {
    const made = await issuedCard([slot({ pinAbove: 150_000n })])
    const presence = await opened(laid(made))
    const plans: SpendPlan[] = []
    for (let index = 0; index < 9; index += 1) {
      const plan = planned(presence, await contentOf(presence))
      plans.push(plan)
      expect((await spend(presence, plan)).kind).toBe('debited')
    }
    expect(await contentOf(presence)).toMatchObject({ atc: 9, oldestAtc: 2 })
    expect((await recover(presence, plans[0]!, random(16))).kind).toBe('forgotten')
    expect((await recover(presence, plans[1]!, random(16))).kind).toBe('debited')
    const never = { ...plans[8]!, tenderId: random(16) }
    expect((await recover(presence, never, random(16))).kind).toBe('not-debited')
    expect((await recover(presence, { ...never, before: plans[0]!.before }, random(16))).kind).toBe('forgotten')

    expect(await readRecord(presence, 0)).toMatchObject({ kind: 'record' })
    expect(await readRecord(presence, 8)).toEqual({ kind: 'none' })
    const elsewhere = terminal('till-0099', { merchant: 'canteen-99' })
    const stranger = await opened(laid(made), elsewhere)
    expect(await readRecord(stranger, 0)).toMatchObject({ kind: 'refused', detail: 'NOT_FOR_THIS_TERMINAL (9A02)' })
    expect(await recover(stranger, plans[8]!, random(16))).toMatchObject({ kind: 'refused' })
    expect(await readRecord(await opened(laid(made), desk), 7)).toMatchObject({ kind: 'record' })
  })
})

describe('a card that is not what it says', () => {
  it('a copy of all that a card shows, without its key', async () => {
    const made = await usualCard()
    const { card: other } = await issuedCard([slot({ name: 'other' })])
    const copy = testCard({ ...made.card.state(), activeKey: other.state().cardId!.repeat(2) })
    expect(await present(laid(copy), till)).toMatchObject({
      kind: 'refused',
      code: 'CARD_NOT_AUTHENTIC',
      detail: 'card-authentication',
    })
  })

  it('a restored copy of a card convicts itself: two records of one number', async () => {
    const made = await issuedCard([slot({ pinAbove: 150_000n })])
    const copy = testCard(made.card.state(), 'copy')
    const records = [await paid(await opened(laid(made))), await paid(await opened(laid(copy)))]
    const chain = (await opened(laid(made))).chain
    const said = records.map((paid) =>
      paid.kind === 'debited' ? verifyRecord(paid.record, chain, trust.rootKeys) : paid,
    )
    expect(said).toMatchObject([{ record: { atc: 1 } }, { record: { atc: 1 } }])
    expect(said[0]).not.toEqual(said[1])
  })

  it('and one that went back proves nothing by its statement', async () => {
    const made = await issuedCard([slot({ pinAbove: 150_000n })])
    const before = made.card.state()
    const presence = await opened(laid(made))
    await paid(presence)
    const plan = planned(presence, await contentOf(presence))
    const wentBack = await opened(laid(testCard(before)))
    expect((await recover(wentBack, plan, random(16))).kind).toBe('forgotten')
  })
})

describe('a CBDC card', () => {
  it('is found under its own name, pays on line only, and counts nothing down', async () => {
    const account = { countLeft: 0, amountLeft: 0n, flags: 3, pinAbove: 100_000n }
    const made = await issuedCard([slot({ ...account, name: 'account' })], 2)
    const presence = await opened(laid(made))
    expect(presence.card.kind).toBe(2)
    expect(await paid(presence)).toMatchObject({ kind: 'refused', code: 'CARD_ONLINE_ONLY' })
    const online = await paid(presence, { isOnline: true })
    if (online.kind !== 'debited') throw new Error(JSON.stringify(online))
    expect(verifyRecord(online.record, presence.chain, trust.rootKeys)).toMatchObject({
      record: { countAfter: 0xffff, amountAfter: 0xffff_ffff_ffff_ffffn, mode: 1 },
    })
    expect(await paid(presence, { isOnline: true, amount: 100_001n })).toMatchObject({ code: 'CARD_PIN_NEEDED' })
    expect((await contentOf(presence)).slots[0]).toMatchObject(account)
  })
})

describe('a stranger', () => {
  const strangers = [
    ['a certificate of nobody', terminal('thief', { by: testKey('nobody') }), 'AUTHORITY_UNKNOWN (9A22)'],
    [
      'a forged certificate',
      { ...till, certificate: till.certificate.with(60, 9) },
      'TERMINAL_CERTIFICATE_WRONG (9A21)',
    ],
    ['a certificate that is not his', { ...till, sign: testKey('thief').sign }, 'TERMINAL_SIGNATURE_WRONG (9A23)'],
    [
      'one that has ended',
      terminal('old', { notBefore: 0, notAfter: now - 3 * day }),
      'TERMINAL_CERTIFICATE_ENDED (9A20)',
    ],
  ] as const
  it.each(strangers)('with %s learns nothing and burns no PIN', async (_, as, detail) => {
    const made = await usualCard()
    const before = made.card.state()
    const channel = laid(made)
    made.log.length = 0
    expect(await present(channel, as)).toMatchObject({ kind: 'refused', code: 'TERMINAL_NOT_ACCEPTED', detail })
    for (const apdu of ['8420000008 34303731FFFFFFFF', '8440000000', '8414000000', '8430000000', '8020000000']) {
      const answer = await channel.transmit(Buffer.from(apdu.replace(' ', ''), 'hex'))
      if (answer.kind !== 'answered') throw new Error(answer.reason)
      expect(toHex(answer.response)).toMatch(/^(6985|6D00)$/)
    }
    expect(made.card.state()).toEqual(before)
    expect(JSON.stringify(made.log)).not.toContain(toHex(cardId))
  })

  it('who recorded a presence cannot play it again', async () => {
    const made = await usualCard()
    const bench = new ReaderBench()
    const recorded: Uint8Array[] = []
    const channel = laid(made, bench)
    const presence = await opened({
      atr: channel.atr,
      transmit: (command) => (recorded.push(command), channel.transmit(command)),
    })
    expect((await paid(presence)).kind).toBe('debited')
    const again = laid(made, bench)
    const answers = []
    for (const command of recorded) {
      const answer = await again.transmit(command)
      answers.push(answer.kind === 'answered' ? toHex(answer.response.slice(-2)) : answer.kind)
    }
    expect(answers.slice(0, 3)).toEqual(['9000', '9000', '9A23'])
    expect(new Set(answers.slice(3))).toEqual(new Set(['6985']))
    expect(debits(made).length).toBe(1)
  })

  it('is told nothing that differs from card to card', async () => {
    const said = async (made: TestCard) => {
      const answer = await laid(made).transmit(Buffer.from('00A4040007F0544F4C454D0100', 'hex'))
      return answer.kind === 'answered' ? toHex(answer.response.slice(0, -18)) : answer.kind
    }
    const one = await usualCard()
    const state = one.card.state()
    const other = testCard({ ...state, cardId: 'AB'.repeat(16), atc: 7, state: 'blocked' }, 'other')
    expect(await said(other)).toBe(await said(one))
  })
})
