/** UPDATE of docs/design/22 at the virtual applet: what each item does, and that a refused script does nothing. */
import { describe, expect, it } from 'vitest'
import type { AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { activeApplet, laidApplet } from './applet-card.ts'
import {
  CARD_ID,
  NEVER,
  NOW,
  ROLE,
  Terminal,
  ascii,
  authority,
  cardCertificate,
  digest,
  isSigned,
  issuerCertificate,
  item,
  keyPair,
  nextAuthority,
  number,
  openChannel,
  pinBlock,
  script,
  slotBytes,
  slotRef,
  spendBytes,
  update,
  type ScriptOptions,
} from './applet-terminal.ts'
import { bytes, hex } from './reader-side.ts'

const till = new Terminal()
const desk = new Terminal({ name: 'desk-1', role: ROLE.desk })
const DAY = 86_400_000
const cardPublic = keyPair('card').public

function carried(state: AppletState = activeApplet(), terminal = till) {
  const laid = laidApplet(state)
  const channel = openChannel(laid.air, terminal)
  const send = (items: readonly Buffer[], of: Partial<ScriptOptions> = {}) =>
    update(channel, script({ counter: laid.card.state().scriptCounter + 1, items, ...of }))
  /** The status that refuses these items; the card is as it was. */
  const refusal = (items: readonly Buffer[], of: Partial<ScriptOptions> = {}): string => {
    const [before, saves] = [laid.card.state(), laid.saves()]
    const said = send(items, of)
    expect([laid.card.state(), laid.saves()]).toEqual([before, saves])
    return said.status
  }
  return { ...laid, channel, send, refusal }
}

const load = (of: Parameters<typeof slotBytes>[0] = {}): Buffer => item(0x01, slotBytes(of))

describe('a script', () => {
  it('is applied in one step, and its receipt says how the card stands', () => {
    const { card, channel, send, saves } = carried(
      activeApplet({ slots: [slotBytes({ slot: 'old', count: 3, amount: 7 })] }),
    )
    channel.ask(0x40, 0, 0, spendBytes({ slot: 'old', amount: 5 }))
    const [before, { headHash }] = [saves(), card.state()]
    const whole = script({ counter: 1, items: [load(), item(0x02, slotRef('old'))], time: NOW + DAY })
    const { data } = update(channel, whole, 50)
    expect(saves() - before).toBe(1)
    const signed = Buffer.concat([
      ascii('TLMUPD01'),
      CARD_ID,
      number(0xc, 8),
      number(1, 2),
      number(1, 4),
      digest(whole),
      number(1, 4),
      bytes(headHash),
      number(2, 2),
      number(2, 8),
      Buffer.alloc(64),
    ])
    expect(hex(data.subarray(0, 180))).toBe(hex(signed))
    expect(isSigned(cardPublic, signed, data.subarray(180))).toBe(true)
    expect(card.state()).toMatchObject({ scriptCounter: 1, lowestTime: hex(number(NOW + DAY, 8)) })
    expect(card.state().slots.slice(0, 2)).toEqual([null, hex(slotBytes())])
    expect(send([]).data.subarray(106, 116)).toEqual(Buffer.alloc(10))
    // A script that was signed earlier is carried later: time does not go back.
    send([], { time: NOW - 40 * DAY })
    expect(card.state()).toMatchObject({ scriptCounter: 3, lowestTime: hex(number(NOW + DAY, 8)) })
  })

  it('sent again gives the same receipt and changes nothing, also in another presence, by another terminal', () => {
    const { card, air, saves } = carried(activeApplet(), desk)
    const whole = script({ counter: 1, items: [load(), item(0x04, desk.serial)] })
    const first = update(openChannel(air, desk), whole)
    const [state, count] = [card.state(), saves()]
    expect(first.status).toBe('9000')
    expect(update(openChannel(air, till), whole)).toEqual(first)
    const again = openChannel(air, desk)
    expect(update(again, whole, 60)).toEqual(first)
    // The permission was of the channel in which the script was applied.
    expect(again.ask(0x24, 1, 0, pinBlock('4071')).status).toBe('6985')
    expect([card.state(), saves()]).toEqual([state, count])
  })

  it('is refused in this order', () => {
    const other = keyPair('nobody')
    const { refusal, send, channel } = carried()
    expect(update(channel, script({ counter: 1, items: [] }).subarray(1)).status).toBe('6700')
    const worst = { tag: 'TLMSCR02', cardId: Buffer.alloc(16), counter: 7, keyEpoch: 9, by: other }
    expect(refusal([load()], worst)).toBe('6A80')
    expect(refusal([load(), bytes('0300 05')], { ...worst, tag: 'TLMSCR01' })).toBe('6A80')
    expect(refusal([bytes('0B00')], { ...worst, tag: 'TLMSCR01' })).toBe('6A80')
    expect(refusal([bytes('0301AA')], { ...worst, tag: 'TLMSCR01' })).toBe('6A80')
    expect(refusal([], { cardId: Buffer.alloc(16), counter: 7, keyEpoch: 9, by: other })).toBe('9A10')
    expect([refusal([], { counter: 2, keyEpoch: 9, by: other }), refusal([], { counter: 0, by: other })]).toEqual([
      '9A11',
      '9A11',
    ])
    expect(refusal([], { keyEpoch: 9, by: other })).toBe('9A12')
    expect(refusal([item(0x02, slotRef('none'))], { by: other })).toBe('9A13')
    expect(refusal([item(0x02, slotRef('none'))])).toBe('6A88')
    expect(send([load()]).status).toBe('9000')
    // The counter of the last script, but other bytes.
    expect(refusal([], { counter: 1 })).toBe('9A11')
  })

  it('comes in blocks, each the next; what was collected is lost by anything else but GET DATA', () => {
    const whole = script({ counter: 1, items: [load()] })
    const { channel, card } = carried()
    const block = (p1: number, p2: number, part: Uint8Array): string => channel.ask(0x50, p1, p2, part).status
    const [one, two, three] = [whole.subarray(0, 60), whole.subarray(60, 120), whole.subarray(120)]
    expect([block(1, 0, one), block(0, 1, one), block(0x80, 1, one), block(0, 0, Buffer.alloc(0))]).toEqual([
      '6A86',
      '6A86',
      '6A86',
      '6700',
    ])
    for (const interruption of [
      () => channel.ask(0x46, 0, 0),
      () => channel.ask(0x99, 0, 0),
      () => block(0, 3, two),
      () => block(0, 2, Buffer.alloc(0)),
    ]) {
      expect([block(0, 0, one), block(0, 1, two)]).toEqual(['9000', '9000'])
      interruption()
      expect(block(0x80, 2, three)).toBe('6A86')
    }
    expect(card.state().scriptCounter).toBe(0)
    block(0, 0, Buffer.alloc(239))
    expect([block(0, 0, one), block(0, 1, two)]).toEqual(['9000', '9000'])
    expect(hex(channel.frame(0xca, 0, 0))).toBe('6B00')
    expect(block(0x80, 2, three)).toBe('9000')
  })

  it('has 1024 bytes at most, in 256 blocks at most', () => {
    const { channel, card } = carried()
    const longest = script({ counter: 1, items: Array.from({ length: 9 }, () => load({ count: 1, amount: 1 })) })
    expect(longest).toHaveLength(939)
    expect(update(channel, longest).status).toBe('9000')
    expect(card.state().slots[0]!.slice(96, 116)).toBe(hex(Buffer.concat([number(9, 2), number(9, 8)])))
    const statuses = Array.from(
      { length: 5 },
      (_, index) => channel.ask(0x50, 0, index, Buffer.alloc(index === 4 ? 68 : 239)).status,
    )
    expect(statuses).toEqual(['9000', '9000', '9000', '9000', '9000'])
    expect(channel.ask(0x50, 0, 5, Buffer.of(0)).status).toBe('6700')
    for (let index = 0; index < 256; index += 1) expect(channel.ask(0x50, 0, index, Buffer.of(0)).status).toBe('9000')
    expect(channel.ask(0x50, 0, 0, Buffer.of(0)).status).toBe('9000')
  })
})

describe('items', () => {
  it('LOAD SLOT adds to a slot that is there, and gives it the new validity, caps and flags', () => {
    const { card, send, refusal } = carried(activeApplet({ slots: [slotBytes({ count: 2, amount: 100 })] }))
    const changed = { validFrom: NOW, validUntil: NOW + 9 * DAY, maxPerSpend: 1, pinAbove: 0, flags: 1 }
    expect(send([load({ ...changed, count: 3, amount: 50 })]).status).toBe('9000')
    expect(refusal([load({ beneficiary: 'berik' })])).toBe('6A80')
    expect(card.state().slots[0]).toBe(hex(slotBytes({ ...changed, count: 5, amount: 150 })))
    expect(refusal([load({ count: 0xffff - 4 })])).toBe('6A80')
    expect(refusal([load({ amount: NEVER - 149n })])).toBe('6A80')
    expect(refusal([load({ scheme: 'milk' })])).toBe('6A80')
    expect(send([load({ count: 0xffff - 5, amount: NEVER - 150n })]).status).toBe('9000')
  })

  it.each([
    ['times the wrong way round', { validFrom: NOW, validUntil: NOW }],
    ['unknown flags', { flags: 4 }],
    ['an account that is not only on line', { flags: 2 }],
    ['an amount that is none', { amount: NEVER + 1n }],
    ['a cap that is none', { maxPerSpend: NEVER + 1n }],
    ['a PIN limit that is none', { pinAbove: NEVER + 1n }],
  ])('LOAD SLOT refuses %s', (_name, slot) => {
    expect(carried().refusal([load(slot)])).toBe('6A80')
  })

  it('LOAD SLOT takes an empty entry, then one that is over when the script is applied', () => {
    const full = Array.from({ length: 32 }, (_, index) =>
      slotBytes({ slot: `s${index}`, validUntil: NOW + (index === 7 ? 5 : 9) * DAY }),
    )
    const { card, send, refusal } = carried(activeApplet({ slots: full }))
    expect(refusal([load()], { time: NOW + 5 * DAY - 1 })).toBe('6A84')
    expect(send([load()], { time: NOW + 5 * DAY }).status).toBe('9000')
    expect(card.state().slots[7]).toBe(hex(slotBytes()))
    const { send: sendOther, card: other } = carried(activeApplet({ slots: full.slice(1) }))
    expect(
      sendOther([load({ slot: 'a' }), item(0x02, slotRef('s3')), load({ slot: 'b' })], { time: NOW + 5 * DAY }).status,
    ).toBe('9000')
    expect(other.state().slots[31]).toBe(hex(slotBytes({ slot: 'a' })))
    expect(other.state().slots[2]).toBe(hex(slotBytes({ slot: 'b' })))
  })

  it('REMOVE SLOT once in a script', () => {
    const { refusal } = carried(activeApplet({ slots: [slotBytes({ slot: 'a' }), slotBytes({ slot: 'b' })] }))
    expect(refusal([item(0x02, slotRef('a')), item(0x02, slotRef('b'))])).toBe('6A80')
    expect(refusal([item(0x02, slotRef('c'))])).toBe('6A88')
  })

  it('UNBLOCK PIN gives the tries back, ALLOW NEW PIN lets a desk set one, in this channel only', () => {
    const { card, channel, send, refusal, air } = carried(
      { ...activeApplet({ pin: pinBlock('4071') }), pinTries: 0 },
      desk,
    )
    expect(channel.ask(0x20, 0, 0, pinBlock('4071')).status).toBe('6983')
    expect([send([item(0x03)]).status, card.state().pinTries]).toEqual(['9000', 5])
    expect(refusal([item(0x04, till.serial)])).toBe('9A02')
    send([item(0x04, desk.serial)])
    expect(channel.ask(0x24, 1, 0, Buffer.alloc(8)).status).toBe('6A80')
    expect([
      channel.ask(0x24, 1, 0, pinBlock('1234')).status,
      channel.ask(0x24, 1, 0, pinBlock('9999')).status,
    ]).toEqual(['9000', '6985'])
    expect(channel.ask(0x20, 0, 0, pinBlock('1234')).status).toBe('9000')
    send([item(0x04, desk.serial)])
    expect(openChannel(air, desk).ask(0x24, 1, 0, pinBlock('9999')).status).toBe('6985')
    expect(carried(activeApplet(), till).refusal([item(0x04, till.serial)])).toBe('9A02')
  })

  it('BLOCK and UNBLOCK', () => {
    const { card, send } = carried()
    expect([send([item(0x05)]).status, card.state().state]).toEqual(['9000', 'blocked'])
    expect([send([item(0x06)]).status, card.state().state]).toEqual(['9000', 'active'])
  })

  it('NEW KEY makes a key that counts from its certificate on; the record then names the new epoch', () => {
    const { card, air, channel, send, refusal } = carried(activeApplet({ slots: [slotBytes()] }))
    expect([refusal([item(0x07, number(1, 2))]), refusal([item(0x07, number(3, 2))])]).toEqual(['6A80', '6A80'])
    const first = send([item(0x07, number(2, 2))]).data.subarray(116, 180)
    const { data } = send([item(0x07, number(2, 2))])
    const made = data.subarray(116, 180)
    expect(hex(made)).not.toBe(hex(first))
    expect(isSigned(cardPublic, data.subarray(0, 180), data.subarray(180))).toBe(true)
    const certified = (publicKey: Uint8Array, keyEpoch: number, of = {}) =>
      item(0x08, cardCertificate({ publicKey, keyEpoch, serial: number(0xd, 8), ...of }))
    expect([refusal([certified(first, 2)]), refusal([certified(made, 1)]), refusal([certified(made, 3)])]).toEqual([
      '6A80',
      '6A80',
      '6A80',
    ])
    for (const of of [{ cardId: Buffer.alloc(16) }, { kind: 2 }, { issuerSerial: Buffer.alloc(8) }])
      expect(refusal([certified(made, 2, of)])).toBe('6A80')
    // The active key renewed, and the pending one waits on.
    expect(send([certified(cardPublic, 1)]).status).toBe('9000')
    const receipt = send([certified(made, 2)]).data
    expect(hex(receipt.subarray(24, 34))).toBe(hex(Buffer.concat([number(0xd, 8), number(2, 2)])))
    expect(hex(receipt.subarray(116, 180))).toBe('00'.repeat(64))
    expect(isSigned(made, receipt.subarray(0, 180), receipt.subarray(180))).toBe(true)
    expect(card.state()).toMatchObject({ keyEpoch: 2, pendingKey: null })
    const record = channel.ask(0x40, 0, 0, spendBytes()).data.subarray(1)
    expect(hex(record.subarray(24, 34))).toBe('000000000000000D0002')
    expect(isSigned(made, record.subarray(0, 284), record.subarray(284))).toBe(true)
    expect(refusal([], { keyEpoch: 1 })).toBe('9A12')
    expect(openChannel(air, till).ask(0x14, 0, 0).data.subarray(59, 123)).toEqual(made)
    expect(
      carried({ ...activeApplet(), keyEpoch: 0xffff }).refusal([item(0x07, number(0, 2))], { keyEpoch: 0xffff }),
    ).toBe('6A80')
  })

  it('AUTHORITY KEY: the next becomes the present, never none', () => {
    const { air, send, refusal, channel } = carried()
    const entry = (index: number, key: Uint8Array): Buffer => item(0x09, Buffer.concat([Buffer.of(index), key]))
    expect(refusal([entry(2, authority.public)])).toBe('6A80')
    expect(refusal([entry(0, Buffer.alloc(64)), entry(1, Buffer.alloc(64))])).toBe('6A80')
    expect(refusal([entry(0, Buffer.alloc(64)), entry(1, Buffer.alloc(64)), entry(0, authority.public)])).toBe('6A80')
    const third = keyPair('third authority')
    expect(send([entry(0, nextAuthority.public), entry(1, third.public)]).status).toBe('9000')
    // The channel that stands goes on; the next one needs a certificate of a key that is there.
    expect(channel.ask(0x14, 0, 0).status).toBe('9000')
    expect(() => openChannel(air, till)).toThrow('9A22')
    for (const by of [nextAuthority, third]) openChannel(air, new Terminal({ authority: by }))
  })

  it('ISSUER CERTIFICATE counts from the next script on, with a card certificate that names it', () => {
    const { send, refusal, channel } = carried()
    const serial = number(0x77, 8)
    const renewed = issuerCertificate({ serial })
    const own = item(0x08, cardCertificate({ publicKey: cardPublic, issuerSerial: serial }))
    expect(refusal([item(0x0a, issuerCertificate({ kind: 2 }))])).toBe('6A80')
    expect(refusal([item(0x0a, Buffer.alloc(185))])).toBe('6A80')
    expect(refusal([item(0x0a, renewed)])).toBe('6A80')
    expect(refusal([own, item(0x0a, renewed)])).toBe('6A80')
    expect(send([item(0x0a, issuerCertificate())]).status).toBe('9000')
    expect(send([item(0x0a, renewed), own]).status).toBe('9000')
    expect(hex(channel.ask(0x14, 0, 0).data.subarray(187, 372))).toBe(hex(renewed))
  })
})
