/** Applet cards in the box: defined, carried from till to till, torn on order, and a log that misses no debit. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CardFile, readCardLog } from '../../../hardware-mocks/cards/card-file.ts'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { CardBox, cardDefinitions } from '../../../hardware-mocks/panel/card-box.ts'
import {
  CARD_ID,
  NOW,
  Terminal,
  ascii,
  authority,
  cardCertificate,
  command,
  digest,
  issuer,
  issuerCertificate,
  keyPair,
  nextAuthority,
  number,
  openChannel,
  pinBlock,
  schemeRef,
  slotBytes,
  spendBytes,
  status,
} from './applet-terminal.ts'
import { activeApplet } from './applet-card.ts'
import { airOf } from './demo-card.ts'
import { bytes, hex } from './reader-side.ts'

const at = (ms: number): string => new Date(ms).toISOString()
const DAY = 86_400_000
const beneficiary = '00112233445566778899aabbccddeeff'
const slotId = `school-lunch/${beneficiary}/2025-11`
const issued = {
  validFrom: at(NOW - 30 * DAY),
  validUntil: at(NOW + 300 * DAY),
  activatedAt: at(NOW - 30 * DAY),
  issuerCertificate: hex(issuerCertificate()),
  issuerKey: hex(issuer.private),
  authorityKeys: [hex(authority.public), hex(nextAuthority.public)],
  pin: '4071',
  slots: [
    {
      schemeId: 'school-lunch',
      slotId,
      validFrom: at(NOW - 20 * DAY),
      validUntil: at(NOW + 3 * DAY),
      count: 20,
      amount: '2300000',
      maxPerSpend: '150000',
    },
  ],
}
const child = { label: 'Aisha', kind: 'tolem-applet', card: 'EF963FF7828658A599F3041510671E88', issued }
const till = new Terminal()
const tender = (name: string): Buffer => digest(ascii(name)).subarray(0, 16)
const recovering = (name: string): Buffer => Buffer.concat([tender(name), Buffer.alloc(16)])

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tolem-applets-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const boxOf = (owner: string): CardBox => new CardBox({ folder, now: () => NOW, random: seededRandom(owner) })

/** Lays the card at this till's reader until `ask` is done. */
function laid<T>(box: CardBox, label: string, ask: (air: ReturnType<typeof airOf>) => T): T {
  const card = box.card(label)!
  card.enterField()
  try {
    return ask(airOf(card))
  } finally {
    card.leaveField()
    box.putBack(label)
  }
}

describe('a card of the box', () => {
  it('is defined with its issuer, owner and slots, and goes on at the next till where it stood', () => {
    const [first, second] = [boxOf('first'), boxOf('second')]
    expect(first.add(cardDefinitions.parse([child]))).toEqual(['Aisha'])
    expect(second.list()).toEqual([{ label: 'Aisha', kind: 'tolem-applet', uid: null }])
    const seen = laid(first, 'Aisha', (air) =>
      openChannel(air, till).ask(0x30, 0, 0, Buffer.concat([number(NOW, 8), schemeRef()])),
    )
    const expected = hex(slotBytes({ slot: slotId })).slice(0, -32) + beneficiary.toUpperCase()
    expect(hex(seen.data.subarray(57))).toBe(expected)
    for (const [index, box] of [first, second, second, first].entries()) {
      const said = laid(box, 'Aisha', (air) =>
        openChannel(air, till).ask(0x40, 0, 0, spendBytes({ tenderId: tender(`${index}`), slot: slotId })),
      )
      expect([said.status, said.data.readUInt32BE(1 + 34)]).toEqual(['9000', index + 1])
    }
    const log = first.log('Aisha', 1_000) ?? []
    expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, index) => index + 1))
    expect(log.flatMap((line) => (line.kind === 'debit' ? [[line.atc, line.tenderId, line.amount]] : []))).toEqual(
      [0, 1, 2, 3].map((index) => [index + 1, hex(tender(`${index}`)), '115000']),
    )
  })

  it('says nothing secret in its log', () => {
    const box = boxOf('first')
    box.add(cardDefinitions.parse([child]))
    laid(box, 'Aisha', (air) => openChannel(air, till).ask(0x20, 0, 0, pinBlock('4071')))
    const log = readFileSync(join(folder, 'aisha.log.jsonl'), 'utf8')
    const { activeKey } = JSON.parse(readFileSync(join(folder, 'aisha.json'), 'utf8')) as { activeKey: string }
    for (const secret of [activeKey, hex(pinBlock('4071')), hex(issuer.private)]) expect(log).not.toContain(secret)
  })

  it('comes blank too, and a desk makes it a card', () => {
    const box = boxOf('desk')
    box.add(cardDefinitions.parse([{ label: 'New', kind: 'tolem-applet', uid: '04a1b2c3d4e5f6' }]))
    expect(box.list()).toEqual([{ label: 'New', kind: 'tolem-applet', uid: '04A1B2C3D4E5F6' }])
    laid(box, 'New', (air) => {
      air(bytes('00A4040007F0544F4C454D0100'))
      const say = (ins: number, p1: number, data: Uint8Array = new Uint8Array(0)): Buffer =>
        air(command(0x80, ins, p1, 0, data))
      say(0xe2, 1, CARD_ID)
      say(0xe2, 2, issuerCertificate())
      say(0xe2, 3, authority.public)
      const key = say(0xe6, 0).subarray(0, 64)
      say(0xe2, 5, cardCertificate({ publicKey: key }))
      expect(status(say(0xe8, 0, number(NOW, 8)))).toBe('9000')
    })
    laid(boxOf('till'), 'New', (air) => expect(openChannel(air, till).ask(0x14, 0, 0).status).toBe('9000'))
  })

  it('is a CBDC card, under the other AID', () => {
    const account = {
      ...issued,
      issuerCertificate: hex(issuerCertificate({ kind: 2 })),
      slots: [{ ...issued.slots[0]!, slotId: 'account-7', count: 0, amount: '0', onlineOnly: true, account: true }],
    }
    const box = boxOf('bank')
    box.add(cardDefinitions.parse([{ ...child, profile: 'cbdc', issued: account }]))
    laid(box, 'Aisha', (air) => {
      expect(status(air(bytes('00A4040007F0544F4C454D0100')))).toBe('6A82')
      expect(hex(air(bytes('00A4040007F0544F4C454D0200')))).toContain('C00101C10102')
    })
  })

  it.each([
    ['a key that is not the certificate’s', { issuerKey: hex(keyPair('other').private) }],
    ['a key that is no number of the group', { issuerKey: '00'.repeat(32) }],
    ['a certificate for another kind', { issuerCertificate: hex(issuerCertificate({ kind: 2 })) }],
    ['no authority', { authorityKeys: [] }],
    ['three authorities', { authorityKeys: Array.from({ length: 3 }, () => hex(authority.public)) }],
    ['a PIN of three digits', { pin: '407' }],
    ['a slot that ends before it begins', { slots: [{ ...issued.slots[0]!, validUntil: at(NOW - 21 * DAY) }] }],
    ['an account off line', { slots: [{ ...issued.slots[0]!, account: true }] }],
    ['more than a card can hold', { slots: [{ ...issued.slots[0]!, amount: '72057594037927936' }] }],
    ['a slot of nobody', { slots: [{ ...issued.slots[0]!, slotId: 'school-lunch/aisha/2025-11' }] }],
    ['a slot of another scheme', { slots: [{ ...issued.slots[0]!, schemeId: 'school' }] }],
    ['one slot twice', { slots: [issued.slots[0], issued.slots[0]] }],
    [
      '33 slots',
      { slots: Array.from({ length: 33 }, (_, index) => ({ ...issued.slots[0]!, slotId: `${slotId}${index}` })) },
    ],
  ])('is not made with %s', (_name, wrong) => {
    expect(cardDefinitions.safeParse([{ ...child, issued: { ...issued, ...wrong } }]).success).toBe(false)
  })
})

describe('torn on order, at the SPEND', () => {
  /** SELECT, PRESENT CERTIFICATE, OPEN CHANNEL, SPEND. */
  const SPEND = 4
  const faults: readonly (readonly [CardFault, string, '01' | '02'])[] = [
    [{ kind: 'lost-before' }, 'torn', '02'],
    [{ kind: 'answer-lost' }, 'torn', '01'],
    [{ kind: 'truncated', bytes: 20 }, 'the channel says', '01'],
    [{ kind: 'garbage' }, 'the channel says', '01'],
    [{ kind: 'mute', isExecuted: false }, 'mute', '02'],
    [{ kind: 'mute', isExecuted: true }, 'mute', '01'],
  ]
  it.each(faults)('%o', (fault, seen, recovered) => {
    const box = boxOf('till')
    box.add(cardDefinitions.parse([child]))
    box.card('Aisha')!.arm(fault, SPEND)
    const spend = (): void =>
      laid(
        box,
        'Aisha',
        (air) => void openChannel(air, till).ask(0x40, 0, 0, spendBytes({ tenderId: tender('torn'), slot: slotId })),
      )
    expect(spend).toThrow(seen)
    laid(box, 'Aisha', (air) => {
      const { data } = openChannel(air, till).ask(0x42, 0, 0, recovering('torn'))
      expect(hex(data.subarray(0, 1))).toBe(recovered)
      if (recovered === '01') expect(hex(data.subarray(1))).toBe(debits()[0]?.record)
    })
    expect(debits()).toHaveLength(recovered === '01' ? 1 : 0)
    expect((box.log('Aisha', 1_000) ?? []).filter((line) => line.kind === 'fault')).toMatchObject([{ fault }])
    function debits() {
      return (box.log('Aisha', 1_000) ?? []).filter((line) => line.kind === 'debit')
    }
  })
})

describe('a process that dies', () => {
  const twoDebits = (): CardFile => {
    const file = CardFile.create({ folder, name: 'card', state: activeApplet({ slots: [slotBytes()] }), now: () => 0 })
    const card = file.card({ random: seededRandom('first') })
    card.enterField()
    const channel = openChannel(airOf(card), till)
    for (const name of ['1', '2']) channel.ask(0x40, 0, 0, spendBytes({ tenderId: tender(name) }))
    return file
  }
  const debitsIn = (path: string): number[] =>
    readCardLog(path).flatMap((line) => (line.kind === 'debit' ? [line.atc] : []))

  it('between EEPROM and log: the debit is in the log when the card is read again, once', () => {
    const { logPath, statePath } = twoDebits()
    const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n')
    const died = lines.findIndex((line) => line.includes('"atc":2'))
    writeFileSync(logPath, `${lines.slice(0, died).join('\n')}\n`)
    expect(debitsIn(logPath)).toEqual([1])
    for (let again = 0; again < 2; again += 1)
      CardFile.open(statePath, { now: () => 0 }).card({ random: seededRandom('again') })
    expect(debitsIn(logPath)).toEqual([1, 2])
    const { sequence } = readCardLog(logPath).at(-1)!
    expect(sequence).toBe(died + 1)
  })

  it('before the EEPROM: nothing was debited, and nobody was answered', () => {
    const { statePath } = twoDebits()
    const before = readFileSync(statePath, 'utf8')
    const card = CardFile.open(statePath, { now: () => 0 }).card({ random: seededRandom('dying') })
    card.enterField()
    const channel = openChannel(airOf(card), till)
    // No room for the new EEPROM: the step fails as a whole.
    rmSync(folder, { recursive: true })
    expect(() => channel.ask(0x40, 0, 0, spendBytes({ tenderId: tender('3') }))).toThrow('ENOENT')
    const again = CardFile.create({ folder, name: 'card', state: JSON.parse(before), now: () => 0 }).card({
      random: seededRandom('x'),
    })
    again.enterField()
    expect(hex(openChannel(airOf(again), till).ask(0x42, 0, 0, recovering('3')).data.subarray(0, 1))).toBe('02')
  })
})
