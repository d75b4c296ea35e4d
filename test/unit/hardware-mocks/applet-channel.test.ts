/** The virtual tolem-applet of docs/design/22 at its doors: what it says in the clear, and what ends its channel. */
import { describe, expect, it } from 'vitest'
import { AppletChannel, channelKeys } from '../../../hardware-mocks/cards/applet-channel.ts'
import { activeApplet, laidApplet } from './applet-card.ts'
import {
  Channel,
  NOW,
  ROLE,
  SELECT_APPLET,
  Terminal,
  ascii,
  authority,
  command,
  digest,
  keyPair,
  nextAuthority,
  number,
  openChannel,
  opening,
  pinBlock,
  schemeRef,
  slotBytes,
  status,
} from './applet-terminal.ts'
import { bytes, hex } from './reader-side.ts'

const till = new Terminal()
const desk = new Terminal({ name: 'desk-1', role: ROLE.desk })
const DAY = 86_400_000

/** A card with one slot and PIN 4071, and an open channel to it. */
function atTill(
  of: Parameters<typeof activeApplet>[0] = { slots: [slotBytes()], pin: pinBlock('4071') },
  terminal = till,
) {
  const laid = laidApplet(activeApplet(of))
  return { ...laid, channel: openChannel(laid.air, terminal) }
}

describe('outside the channel', () => {
  it('SELECT: the same for all cards but for the challenge, with no Le or any', () => {
    const { air } = laidApplet()
    const ids = hex(digest(authority.public).subarray(0, 8)) + hex(digest(nextAuthority.public).subarray(0, 8))
    const form = new RegExp(`^6F358407F0544F4C454D01A52AC00101C10101C210${ids}C310[0-9A-F]{32}9000$`)
    const [one, other, third] = [
      '00A4040007F0544F4C454D01',
      '00A4040007F0544F4C454D0100',
      '00A4040007F0544F4C454D0137',
    ].map((text) => hex(air(bytes(text)))) as [string, string, string]
    for (const answer of [one, other, third]) expect(answer).toMatch(form)
    expect(new Set([one, other, third]).size).toBe(3)
  })

  it('another AID is not here, and then nothing is selected', () => {
    const { air } = laidApplet()
    air(SELECT_APPLET)
    expect(status(air(bytes('00A4040007F0544F4C454D0200')))).toBe('6A82')
    expect(status(air(command(0x80, 0x10, 0, 0, till.certificate)))).toBe('6985')
  })

  it('checks class, instruction, parameters, state and length in this order', () => {
    const { air } = laidApplet()
    air(SELECT_APPLET)
    const words = [
      '9010010100',
      '00B0000000',
      '80FF010000',
      '8010010001AA',
      '80E2010001AA',
      '80E2090001AA',
      '8010000001AA',
    ]
    expect(words.map((text) => status(air(bytes(text))))).toEqual([
      '6E00',
      '6D00',
      '6D00',
      '6A86',
      '6985',
      '6A86',
      '6700',
    ])
    // A command without the form of a short APDU has a wrong length, if nothing else is wrong.
    expect(['80', '801000', '80100000050102', '8010000000000102'].map((text) => status(air(bytes(text))))).toEqual(
      Array.from({ length: 4 }, () => '6700'),
    )
    expect(status(air(bytes('841400000100')))).toBe('6985')
  })

  it('PRESENT CERTIFICATE refuses in order, and a failed one forgets the one before', () => {
    const { air } = laidApplet()
    const present = (certificate: Buffer): string => status(air(command(0x80, 0x10, 0, 0, certificate)))
    air(SELECT_APPLET)
    const flipped = (at: number, of = till.certificate): Buffer => Buffer.from(of.with(at, of[at]! ^ 0x40))
    const ended = new Terminal({ notBefore: NOW - 60 * DAY, notAfter: NOW - 31 * DAY })
    expect(present(till.certificate.subarray(1))).toBe('6700')
    expect(present(flipped(0))).toBe('6A80')
    expect(present(flipped(0, new Terminal({ authority: keyPair('nobody') }).certificate))).toBe('6A80')
    expect([0, 4, 0x81].map((role) => present(new Terminal({ role }).certificate))).toEqual(['6A80', '6A80', '6A80'])
    expect(present(new Terminal({ notBefore: NOW, notAfter: NOW - 1 }).certificate)).toBe('6A80')
    expect(present(new Terminal({ authority: keyPair('nobody') }).certificate)).toBe('9A22')
    expect(present(flipped(200, ended.certificate))).toBe('9A20')
    expect(present(flipped(200))).toBe('9A21')
    expect(present(new Terminal({ authority: nextAuthority }).certificate)).toBe('9000')
    expect(present(flipped(200))).toBe('9A21')
    expect(status(air(command(0x80, 0x12, 0, 0, Buffer.alloc(128, 1))))).toBe('6985')
  })

  it('OPEN CHANNEL: one attempt for one challenge', () => {
    const { air } = laidApplet()
    const open = (data: Uint8Array): string => status(air(command(0x80, 0x12, 0, 0, data)))
    const select = (): Buffer => air(SELECT_APPLET).subarray(0, -2)
    const present = (): string => status(air(command(0x80, 0x10, 0, 0, till.certificate)))
    let selected = select()
    expect([open(Buffer.alloc(127, 1)), open(Buffer.alloc(128, 1))]).toEqual(['6700', '6985'])
    present()
    expect([open(Buffer.alloc(128, 1)), open(opening(till, selected).data)]).toEqual(['9A23', '6985'])
    selected = select()
    expect(open(opening(till, selected).data)).toBe('6985')
    present()
    expect(open(opening(desk, selected).data)).toBe('9A23')
    // A point that is none, signed by the right terminal.
    const other = select()
    present()
    const none = Buffer.alloc(64, 7)
    const wanted = Buffer.concat([ascii('TLMTAU01'), other, digest(till.certificate), none])
    expect(open(Buffer.concat([none, till.sign(wanted)]))).toBe('6A80')
    expect(open(opening(till, other).data)).toBe('6985')
    const last = select()
    present()
    expect(open(opening(till, last).data)).toBe('9000')
  })

  it('learns from the certificate of an opened channel what time it cannot be, and only then', () => {
    const { card, air } = laidApplet()
    const before = card.state().lowestTime
    air(SELECT_APPLET)
    air(command(0x80, 0x10, 0, 0, till.certificate))
    expect(card.state().lowestTime).toBe(before)
    openChannel(air, till)
    expect(card.state().lowestTime).toBe(hex(number(NOW - DAY, 8)))
    openChannel(air, new Terminal({ name: 'old', notBefore: NOW - 5 * DAY }))
    expect(card.state().lowestTime).toBe(hex(number(NOW - DAY, 8)))
    air(SELECT_APPLET)
    const stale = new Terminal({ notBefore: NOW - 9 * DAY, notAfter: NOW - DAY - 1 })
    expect(status(air(command(0x80, 0x10, 0, 0, stale.certificate)))).toBe('9A20')
  })

  it('shows another random UID in each field, or the one that it was set to', () => {
    const { card } = laidApplet()
    const first = hex(card.uid)
    card.leaveField()
    card.enterField()
    expect([first, hex(card.uid)]).toEqual([expect.stringMatching(/^08.{6}$/), expect.stringMatching(/^08.{6}$/)])
    expect(hex(card.uid)).not.toBe(first)
    expect(hex(laidApplet({ ...activeApplet(), uid: '04A1B2C3D4E5F6' }).card.uid)).toBe('04A1B2C3D4E5F6')
  })
})

describe('the channel', () => {
  const broken: readonly (readonly [string, (channel: Channel) => Buffer])[] = [
    ['a flipped MAC', (channel) => flip(channel.wrap(0x14, 0, 0, Buffer.alloc(0)), -2)],
    ['a flipped cryptogram', (channel) => flip(channel.wrap(0x14, 0, 0, Buffer.alloc(0)), 6)],
    ['another header', (channel) => flip(channel.wrap(0x14, 0, 0, Buffer.alloc(0)), 2)],
    ['no data', () => bytes('8414000000')],
    ['a MAC alone', () => command(0x84, 0x14, 0, 0, Buffer.alloc(8))],
    ['a length that is not 16k + 8', () => command(0x84, 0x14, 0, 0, Buffer.alloc(23))],
    ['no short APDU', () => bytes('84140000180102')],
    ['padding that is none', (channel) => channel.wrap(0x14, 0, 0, Buffer.alloc(16), (plain) => Buffer.from(plain))],
    [
      'padding of more than a block',
      (channel) => channel.wrap(0x14, 0, 0, Buffer.of(0x80), (plain) => Buffer.concat([plain, Buffer.alloc(31)])),
    ],
    [
      'a counter that is not the next',
      (channel) => {
        channel.counter += 1
        return channel.wrap(0x14, 0, 0, Buffer.alloc(0))
      },
    ],
  ]
  const flip = (of: Buffer, at: number): Buffer => Buffer.from(of.with(at, of.at(at)! ^ 1))

  it.each(broken)('%s ends it', (_name, make) => {
    const { air, channel } = atTill()
    expect(hex(air(make(channel)))).toBe('6988')
    expect(hex(air(channel.wrap(0x14, 0, 0, Buffer.alloc(0))))).toBe('6985')
  })

  it.each([
    ['a command in the clear', bytes('80FF000000')],
    ['an unknown class', bytes('FF00000000')],
    ['less than a header', bytes('84')],
    ['SELECT', SELECT_APPLET],
  ])('%s ends it', (_name, sent) => {
    const { air, channel } = atTill()
    air(sent)
    expect(hex(air(channel.wrap(0x14, 0, 0, Buffer.alloc(0))))).toBe('6985')
  })

  it('a refusal inside does not end it, and is authentic', () => {
    const { channel } = atTill()
    expect(channel.ask(0x99, 1, 1, Buffer.alloc(3)).status).toBe('6D00')
    expect(channel.ask(0x14, 1, 0, Buffer.alloc(3)).status).toBe('6A86')
    expect(channel.ask(0x14, 0, 0, Buffer.alloc(3)).status).toBe('6700')
    expect(channel.ask(0x46, 7, 9, Buffer.alloc(3)).status).toBe('6A81')
    expect(channel.ask(0x14, 0, 0).data).toHaveLength(436)
  })

  it('ends when its counter is used up', () => {
    const [secret, transcriptHash] = [digest(ascii('secret')), digest(ascii('transcript'))]
    const terminalSide = new Channel((sent) => sent, { secret, transcriptHash })
    const cardSide = new AppletChannel(channelKeys(secret, transcriptHash), 0xfffe)
    terminalSide.counter = 0xfffe
    const opened = (): Buffer | null => {
      const sent = terminalSide.wrap(0x14, 0, 0, Buffer.of(7))
      return cardSide.open(sent.subarray(0, 4), sent.subarray(5, -1))
    }
    expect([opened(), opened()]).toEqual([Buffer.of(7), null])
  })

  it('GET DATA: any offset of the last answer, as often as one likes, until another command', () => {
    const { channel } = atTill()
    const whole = channel.ask(0x14, 0, 0).data
    const at = (offset: number, plaintext?: Buffer): string =>
      hex(channel.frame(0xca, offset >> 8, offset & 0xff, plaintext))
    expect(at(0)).toBe(`9000${hex(number(436, 2))}${hex(whole.subarray(0, 235))}`)
    expect(at(435)).toBe(`9000${hex(number(436, 2))}${hex(whole.subarray(435))}`)
    expect([at(436), at(9000), at(9000, Buffer.of(1))]).toEqual(['6B00', '6B00', '6700'])
    expect(at(200)).toBe(`9000${hex(number(436, 2))}${hex(whole.subarray(200, 435))}`)
    expect(channel.ask(0x20, 0, 0, pinBlock('4071')).status).toBe('9000')
    expect(at(0)).toBe('6B00')
    channel.ask(0x14, 0, 0)
    channel.ask(0x99, 0, 0)
    expect(at(0)).toBe('6B00')
  })

  it('no answer is longer than 258 bytes', () => {
    const { channel, log } = atTill({
      slots: Array.from({ length: 12 }, (_, index) => slotBytes({ slot: `slot ${index}` })),
    })
    channel.ask(0x14, 0, 0)
    channel.ask(0x30, 0, 0, Buffer.concat([number(NOW, 8), schemeRef()]))
    const lengths = log.flatMap((line) => (line.kind === 'command' ? [line.answer.length / 2] : []))
    expect(Math.max(...lengths)).toBe(250)
  })
})
