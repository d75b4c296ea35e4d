/** The virtual tolem-applet, command by command as docs/design/22 says: what it does, and in which order it refuses. */
import { describe, expect, it } from 'vitest'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'
import { activeApplet, laidApplet } from './applet-card.ts'
import {
  CARD_ID,
  type Channel,
  NEVER,
  NOW,
  ROLE,
  SELECT_APPLET,
  Terminal,
  ascii,
  authority,
  cardCertificate,
  command,
  digest,
  isSigned,
  issuerCertificate,
  keyPair,
  nextAuthority,
  number,
  openChannel,
  pinBlock,
  schemeRef,
  slotBytes,
  slotRef,
  spendBytes,
  status,
} from './applet-terminal.ts'
import { bytes, hex } from './reader-side.ts'

const till = new Terminal()
const desk = new Terminal({ name: 'desk-1', role: ROLE.desk })
const DAY = 86_400_000
const tender = (name: string): Buffer => digest(ascii(name)).subarray(0, 16)

/** A card with one slot and PIN 4071, and an open channel to it. */
function atTill(
  of: Parameters<typeof activeApplet>[0] = { slots: [slotBytes()], pin: pinBlock('4071') },
  terminal = till,
) {
  const laid = laidApplet(activeApplet(of))
  return { ...laid, channel: openChannel(laid.air, terminal) }
}
const spend = (channel: Channel, of: Parameters<typeof spendBytes>[0] = {}) => channel.ask(0x40, 0, 0, spendBytes(of))

describe('IDENTIFY and READ SLOTS', () => {
  it('proves the card for this channel', () => {
    const { channel } = atTill()
    const { data } = channel.ask(0x14, 0, 0)
    expect(hex(data.subarray(187, 372))).toBe(hex(issuerCertificate()).slice(0, -128) + hex(data.subarray(308, 372)))
    const certified = data.subarray(59, 123)
    const proof = Buffer.concat([ascii('TLMCAU01'), channel.transcriptHash])
    expect(isSigned(certified, proof, data.subarray(372))).toBe(true)
  })

  const of = (schemes: readonly string[], time = NOW): Buffer =>
    Buffer.concat([number(time, 8), ...schemes.map((name) => schemeRef(name))])

  it('shows a till the valid slots of the schemes that it serves, at most eight, in their order', () => {
    const slots = [
      slotBytes({ slot: 'a' }),
      slotBytes({ slot: 'b', scheme: 'milk' }),
      slotBytes({ slot: 'c', validUntil: NOW }),
      slotBytes({ slot: 'd', validFrom: NOW + 1, validUntil: NOW + 2 }),
      slotBytes({ slot: 'e', validFrom: NOW, validUntil: NOW + 1 }),
      ...Array.from({ length: 10 }, (_, index) => slotBytes({ slot: `f${index}`, scheme: 'bread' })),
    ]
    const { channel } = atTill({ slots })
    const seen = (schemes: readonly string[]): [number, string[]] => {
      const { data } = channel.ask(0x30, 0, 0, of(schemes))
      const count = (data.length - 57) / 91
      return [
        data[56]!,
        Array.from({ length: count }, (_, index) => hex(data.subarray(57 + 91 * index, 148 + 91 * index))),
      ]
    }
    expect(seen([])).toEqual([0, []])
    expect(seen(['school-lunch'])).toEqual([2, [hex(slots[0]!), hex(slots[4]!)]])
    expect(seen(['milk', 'school-lunch'])).toEqual([3, [hex(slots[0]!), hex(slots[1]!), hex(slots[4]!)]])
    expect(seen(['bread'])).toEqual([10, slots.slice(5, 13).map(hex)])
    for (const length of [0, 7, 9, 23, 25, 8 + 15 * 16]) {
      if (length <= 239) expect(channel.ask(0x30, 0, 0, Buffer.alloc(length)).status).toBe('6700')
    }
    expect(channel.ask(0x30, 0, 0, of(Array.from({ length: 14 }, (_, index) => `s${index}`))).status).toBe('9000')
    expect([channel.ask(0x30, 0, 1, of([])).status, channel.ask(0x30, 2, 0, of([])).status]).toEqual(['6A86', '6A86'])
    expect(channel.ask(0x30, 1, 0).status).toBe('9A02')
  })

  it('shows a desk all of them, a page at a time, and where the card stands', () => {
    const slots = Array.from({ length: 11 }, (_, index) => slotBytes({ slot: `f${index}`, validUntil: NOW - DAY }))
    const { channel } = atTill({ slots, pin: pinBlock('4071') }, desk)
    const page = (skip: number): [number, number] => {
      const { data } = channel.ask(0x30, 1, skip)
      return [data[56]!, (data.length - 57) / 91]
    }
    expect([page(0), page(8), page(11), page(255)]).toEqual([
      [11, 8],
      [3, 3],
      [0, 0],
      [0, 0],
    ])
    expect(channel.ask(0x30, 1, 0, Buffer.alloc(8)).status).toBe('6700')
    channel.ask(0x20, 0, 0, pinBlock('0000'))
    const { data } = channel.ask(0x30, 1, 0)
    expect(hex(data.subarray(0, 56))).toBe(`${'00'.repeat(44)}01040001${hex(number(NOW - DAY, 8))}`)
  })
})

describe('PIN', () => {
  it('takes a try before it compares, counts down to blocked, and costs nothing for what is no PIN block', () => {
    const { card, channel } = atTill()
    const verify = (block: Buffer): string => channel.ask(0x20, 0, 0, block).status
    expect(
      ['407', '4071000A', '4071F'].map((text) =>
        verify(Buffer.concat([ascii(text), Buffer.alloc(8, 0xff)]).subarray(0, 8)),
      ),
    ).toEqual(['6A80', '6A80', '6A80'])
    expect(verify(Buffer.alloc(7, 0x30))).toBe('6700')
    expect([verify(pinBlock('4072')), verify(pinBlock('40710'))]).toEqual(['63C4', '63C3'])
    expect([verify(pinBlock('4071')), card.state().pinTries]).toEqual(['9000', 5])
    expect(Array.from({ length: 7 }, () => verify(pinBlock('00000000')))).toEqual([
      '63C4',
      '63C3',
      '63C2',
      '63C1',
      '63C0',
      '6983',
      '6983',
    ])
    expect(verify(pinBlock('4071'))).toBe('6983')
  })

  it('none is set at first', () => {
    const { channel } = atTill({})
    expect(channel.ask(0x20, 0, 0, pinBlock('4071')).status).toBe('6984')
    expect(channel.ask(0x24, 0, 0, Buffer.concat([pinBlock('4071'), pinBlock('1234')])).status).toBe('6984')
    expect(channel.ask(0x24, 1, 0, pinBlock('1234')).status).toBe('6985')
    expect(channel.ask(0x24, 2, 0, pinBlock('1234')).status).toBe('6A86')
    expect(channel.ask(0x24, 1, 0, Buffer.alloc(16)).status).toBe('6700')
    expect(channel.ask(0x30, 0, 0, number(NOW, 8)).data[45]).toBe(0xff)
  })

  it('is changed by who knows it; both blocks are looked at first', () => {
    const { card, channel } = atTill()
    const change = (old: Buffer, wanted: Buffer): string => channel.ask(0x24, 0, 0, Buffer.concat([old, wanted])).status
    expect([change(pinBlock('0000'), Buffer.alloc(8)), change(Buffer.alloc(8), pinBlock('1234'))]).toEqual([
      '6A80',
      '6A80',
    ])
    expect(change(pinBlock('0000'), pinBlock('12345678'))).toBe('63C4')
    expect([change(pinBlock('4071'), pinBlock('12345678')), card.state().pinTries]).toEqual(['9000', 5])
    expect(channel.ask(0x20, 0, 0, pinBlock('4071')).status).toBe('63C4')
    expect(channel.ask(0x20, 0, 0, pinBlock('12345678')).status).toBe('9000')
  })

  it('"verified" ends with a SPEND, a wrong PIN, a change, and the channel', () => {
    const pinned = { slots: [slotBytes({ pinAbove: 100_000 })], pin: pinBlock('4071') }
    const { channel, air } = atTill(pinned)
    const verify = (pin: string): string => channel.ask(0x20, 0, 0, pinBlock(pin)).status
    expect(spend(channel).status).toBe('9A0A')
    expect(spend(channel, { amount: 100_000 }).data.at(1 + 283)).toBe(0)
    verify('4071')
    expect(spend(channel, { tenderId: tender('2') }).data.at(1 + 283)).toBe(1)
    expect(spend(channel, { tenderId: tender('3') }).status).toBe('9A0A')
    verify('4071')
    verify('0000')
    expect(spend(channel, { tenderId: tender('3') }).status).toBe('9A0A')
    verify('4071')
    expect(spend(channel, { tenderId: tender('3'), amount: 0 }).status).toBe('6A80')
    expect(channel.ask(0x24, 0, 0, Buffer.concat([pinBlock('4071'), pinBlock('4071')])).status).toBe('9000')
    expect(spend(channel, { tenderId: tender('3') }).status).toBe('9A0A')
    verify('4071')
    expect(spend(openChannel(air, till), { tenderId: tender('3') }).status).toBe('9A0A')
  })
})

describe('SPEND', () => {
  it('debits, and every byte of the record is where the document says', () => {
    const { card, channel, log, saves } = atTill()
    const before = saves()
    const { data } = spend(channel)
    expect(saves() - before).toBe(1)
    const sent = spendBytes()
    const signed = Buffer.concat([
      ascii('TLMSPD01'),
      CARD_ID,
      number(0xc, 8),
      bytes('0001 00000001'),
      Buffer.alloc(32),
      sent.subarray(0, 16),
      schemeRef(),
      slotRef(),
      slotBytes().subarray(32, 48),
      number(115_000, 8),
      bytes('0398'),
      number(19, 2),
      number(2_300_000 - 115_000, 8),
      till.merchantRef,
      till.terminalRef,
      till.serial,
      sent.subarray(40, 128),
      bytes('0000'),
    ])
    expect(hex(data.subarray(0, 285))).toBe(`01${hex(signed)}`)
    expect(isSigned(keyPair('card').public, signed, data.subarray(285))).toBe(true)
    expect(card.state()).toMatchObject({ atc: 1, headHash: hex(digest(signed)), ring: [hex(data.subarray(1))] })
    expect(card.state().slots[0]).toBe(hex(slotBytes({ count: 19, amount: 2_300_000 - 115_000 })))
    const debit = {
      kind: 'debit',
      atc: 1,
      tenderId: hex(sent.subarray(0, 16)),
      amount: '115000',
      record: hex(data.subarray(1)),
    }
    expect(log.filter(({ kind }) => kind === 'debit')).toEqual([debit])
  })

  const refusals: readonly (readonly [
    string,
    string,
    Parameters<typeof spendBytes>[0],
    Parameters<typeof slotBytes>[0],
  ])[] = [
    ['6A80', 'no amount, before everything of time and slot', { amount: 0, time: 0, slot: 'x' }, {}],
    ['6A80', 'an amount whose first byte is not 00', { amount: NEVER + 1n }, {}],
    ['6A80', 'an unknown mode', { mode: 2 }, {}],
    ['6A80', 'the reserved byte', { reserved: 1 }, {}],
    [
      '9A03',
      "a time before the terminal's certificate, before the slot is looked for",
      { time: NOW - DAY - 1, slot: 'x' },
      {},
    ],
    ['9A03', 'a time after it', { time: NOW + 6 * DAY + 1 }, {}],
    ['6A88', 'another slot', { slot: 'x' }, {}],
    ['9A04', 'not valid yet', {}, { validFrom: NOW + 1 }],
    ['9A05', 'over', {}, { validUntil: NOW, flags: 1 }],
    ['9A06', 'only on line', { amount: 150_001 }, { flags: 1 }],
    ['9A07', 'above the cap', { amount: 150_001 }, { count: 0 }],
    ['9A08', 'no uses left', {}, { count: 0, amount: 0 }],
    ['9A09', 'above what is left', {}, { amount: 114_999, pinAbove: 0 }],
    ['9A0A', 'PIN needed', {}, { pinAbove: 114_999 }],
  ]
  it.each(refusals)('%s: %s', (word, _name, sent, slot) => {
    const { card, channel, saves } = atTill({ slots: [slotBytes(slot)], pin: pinBlock('4071') })
    const [state, count] = [card.state(), saves()]
    expect(spend(channel, sent).status).toBe(word)
    expect([card.state(), saves()]).toEqual([state, count])
  })

  it('goes to the last tiyn and the last use, at the edges of every bound', () => {
    const edge = slotBytes({ count: 1, amount: 150_000, pinAbove: 150_000, validFrom: NOW, validUntil: NOW + 1 })
    const { card, channel } = atTill({ slots: [edge] })
    expect(spend(channel, { amount: 150_000 }).status).toBe('9000')
    expect(card.state().slots[0]!.slice(96, 116)).toBe('00'.repeat(10))
    expect(spend(channel, { amount: 150_000, tenderId: tender('2') }).status).toBe('9A08')
  })

  it('without a PIN, or with a blocked one, what needs it says so', () => {
    const needing = [slotBytes({ pinAbove: 0 })]
    expect(spend(atTill({ slots: needing }).channel).status).toBe('6984')
    const { channel } = atTill({ slots: needing, pin: pinBlock('4071') })
    for (let count = 0; count < 5; count += 1) channel.ask(0x20, 0, 0, pinBlock('0000'))
    expect(spend(channel).status).toBe('6983')
  })

  it('an account slot counts nothing down, and says so', () => {
    const account = slotBytes({ flags: 3, count: 0, amount: 0 })
    const { card, channel } = atTill({ slots: [account] })
    expect(spend(channel).status).toBe('9A06')
    const { data } = spend(channel, { mode: 1 })
    expect(hex(data.subarray(1 + 144, 1 + 154))).toBe('FF'.repeat(10))
    expect(card.state().slots[0]).toBe(hex(account))
  })

  it('a tender is debited once as long as the ring remembers it; a used-up counter debits nobody', () => {
    const { channel } = atTill()
    spend(channel)
    expect(spend(channel, { amount: 0, time: 0, slot: 'x' }).status).toBe('6A89')
    for (let count = 2; count <= 9; count += 1)
      expect(spend(channel, { tenderId: tender(`${count}`) }).status).toBe('9000')
    expect(spend(channel).status).toBe('9000')
    const last = laidApplet({ ...activeApplet({ slots: [slotBytes()] }), atc: 0xffff_ffff })
    expect(spend(openChannel(last.air, till)).status).toBe('9A0B')
    expect(spend(openChannel(last.air, till), { amount: 150_001 }).status).toBe('9A07')
  })

  it('only a till, only at a card that is not blocked; blocked comes first', () => {
    const { air } = laidApplet({ ...activeApplet({ slots: [slotBytes()], pin: pinBlock('4071') }), state: 'blocked' })
    const channel = openChannel(air, desk)
    expect(channel.ask(0x40, 0, 0, Buffer.alloc(129)).status).toBe('6700')
    expect(spend(channel).status).toBe('9A01')
    expect([
      channel.ask(0x20, 0, 0, pinBlock('4071')).status,
      channel.ask(0x24, 1, 0, pinBlock('4071')).status,
    ]).toEqual(['9A01', '9A01'])
    expect(channel.ask(0x30, 1, 0).data[44]).toBe(2)
    expect(channel.ask(0x46, 0, 0).status).toBe('6A81')
    expect(spend(atTill(undefined, desk).channel).status).toBe('9A02')
    expect(spend(atTill(undefined, new Terminal({ role: ROLE.both })).channel).status).toBe('9000')
  })
})

describe('RECOVER and READ RECORD', () => {
  const nonce = Buffer.alloc(16, 0x5a)
  const recover = (channel: Channel, name: Buffer) => channel.ask(0x42, 0, 0, Buffer.concat([name, nonce]))

  it('says again, byte for byte, what SPEND said, also in another presence and at a blocked card', () => {
    const { card, channel } = atTill()
    const first = spend(channel)
    expect(recover(channel, spendBytes().subarray(0, 16))).toEqual(first)
    const later = laidApplet({ ...card.state(), state: 'blocked' }, 'later')
    expect(recover(openChannel(later.air, till), spendBytes().subarray(0, 16))).toEqual(first)
    expect(openChannel(later.air, till).ask(0x44, 0, 0)).toEqual(first)
  })

  it('signs that it remembers no such debit, and how far back it remembers', () => {
    const { channel } = atTill()
    const spent = Array.from({ length: 9 }, (_, index) => spend(channel, { tenderId: tender(`${index}`) }))
    const { data } = recover(channel, tender('0'))
    const head = digest(spent.at(-1)!.data.subarray(1, 285))
    const signed = Buffer.concat([
      ascii('TLMNOD01'),
      CARD_ID,
      number(0xc, 8),
      number(1, 2),
      tender('0'),
      nonce,
      number(9, 4),
      number(2, 4),
      head,
      till.serial,
    ])
    expect(hex(data.subarray(0, 115))).toBe(`02${hex(signed)}`)
    expect(isSigned(keyPair('card').public, signed, data.subarray(115))).toBe(true)
    expect(channel.ask(0x42, 0, 0, Buffer.alloc(31)).status).toBe('6700')
    expect(Array.from({ length: 9 }, (_, back) => channel.ask(0x44, 0, back).status)).toEqual([
      ...Array.from({ length: 8 }, () => '9000'),
      '6A83',
    ])
    expect(channel.ask(0x44, 0, 7)).toEqual(spent[1])
    expect([channel.ask(0x44, 1, 0).status, channel.ask(0x44, 0, 0, Buffer.of(1)).status]).toEqual(['6A86', '6700'])
  })

  it("keeps another merchant's record from a till, not from a desk", () => {
    const { air, channel } = atTill()
    const first = spend(channel)
    const other = openChannel(air, new Terminal({ name: 'till-9', merchant: 'bakery' }))
    expect([recover(other, spendBytes().subarray(0, 16)).status, other.ask(0x44, 0, 0).status]).toEqual([
      '9A02',
      '9A02',
    ])
    expect(recover(openChannel(air, new Terminal({ name: 'till-8' })), spendBytes().subarray(0, 16))).toEqual(first)
    expect(
      openChannel(air, new Terminal({ name: 'desk-2', merchant: 'ministry', role: ROLE.desk })).ask(0x44, 0, 0),
    ).toEqual(first)
  })
})

describe('personalisation', () => {
  function inTheIssuersRoom() {
    const laid = laidApplet(blankApplet({ uid: null, cardKind: 1 }))
    const say = (ins: number, p1: number, data: Uint8Array = new Uint8Array(0)): Buffer =>
      laid.air(command(0x80, ins, p1, 0, data))
    laid.air(SELECT_APPLET)
    return { ...laid, say, store: (p1: number, data: Uint8Array): string => status(say(0xe2, p1, data)) }
  }

  it('nothing but it works before it, and it not after it', () => {
    const { air, say, store } = inTheIssuersRoom()
    expect(hex(air(SELECT_APPLET))).toContain(`C210${'00'.repeat(16)}C310`)
    expect(status(air(command(0x80, 0x10, 0, 0, till.certificate)))).toBe('6985')
    expect(status(air(bytes('8414000000')))).toBe('6985')
    const issuers = issuerCertificate()
    expect([store(1, CARD_ID), store(2, issuers), store(3, authority.public)]).toEqual(['9000', '9000', '9000'])
    const key = say(0xe6, 0).subarray(0, 64)
    const certificate = cardCertificate({ publicKey: key })
    expect(store(5, certificate)).toBe('9000')
    const time = number(NOW - 30 * DAY, 8)
    const signature = say(0xe8, 0, time).subarray(0, 64)
    const stored = digest(issuers, authority.public, Buffer.alloc(64), certificate, time)
    expect(isSigned(key, Buffer.concat([ascii('TLMPER01'), CARD_ID, stored]), signature)).toBe(true)
    expect(store(1, CARD_ID)).toBe('6985')
    expect(status(say(0xe6, 0))).toBe('6985')
    expect(status(say(0xe8, 0, time))).toBe('6985')
    expect(openChannel(air, till).ask(0x30, 0, 0, number(NOW, 8)).status).toBe('9000')
  })

  it('refuses what does not fit together, in the right order', () => {
    const { say, store } = inTheIssuersRoom()
    const activate = (): string => status(say(0xe8, 0, number(NOW, 8)))
    expect([store(6, CARD_ID), store(1, CARD_ID.subarray(1)), store(5, Buffer.alloc(187))]).toEqual([
      '6A86',
      '6700',
      '6985',
    ])
    expect([store(2, Buffer.alloc(185)), store(2, issuerCertificate({ kind: 2 }))]).toEqual(['6A80', '6A80'])
    store(1, CARD_ID)
    store(2, issuerCertificate())
    const key = say(0xe6, 0).subarray(0, 64)
    const wrong = [
      { cardId: Buffer.alloc(16) },
      { publicKey: keyPair('other').public },
      { keyEpoch: 2 },
      { kind: 2 },
      { issuerSerial: Buffer.alloc(8) },
    ]
    for (const one of wrong) expect(store(5, cardCertificate({ publicKey: key, ...one }))).toBe('6A80')
    const fitting = cardCertificate({ publicKey: key })
    store(5, fitting)
    expect(activate()).toBe('6985')
    store(4, nextAuthority.public)
    expect(activate()).toBe('6985')
    store(3, authority.public)
    // Each of these drops the certificate.
    for (const again of [() => store(1, CARD_ID), () => store(2, issuerCertificate())]) {
      expect([store(5, fitting), again(), activate()]).toEqual(['9000', '9000', '6985'])
    }
    store(5, fitting)
    expect(hex(say(0xe6, 0))).not.toBe(hex(key))
    expect([activate(), store(5, fitting)]).toEqual(['6985', '6A80'])
    expect(status(say(0xe8, 0, Buffer.alloc(7)))).toBe('6700')
    expect(status(say(0xe6, 0, Buffer.alloc(7)))).toBe('6700')
  })
})
