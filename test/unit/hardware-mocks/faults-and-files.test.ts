/** Cards that tear, fall silent or answer nonsense on order; cards that outlive the process; cards to refuse. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CardFile, readCardLog } from '../../../hardware-mocks/cards/card-file.ts'
import { FaultyCard, type CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { desfireEv3Card, garbageCard, mifareClassicCard, muteCard } from '../../../hardware-mocks/cards/otherCards.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { KEYS, PERSONALISED, UID, airOf, laidCard } from './demo-card.ts'
import { authenticate, bytes, hex, openSun, readSun, SELECT, writeData } from './reader-side.ts'

const LEDGER_KEYS = { metaRead: KEYS[1], fileRead: KEYS[2] }

describe('tears of docs/design/02', () => {
  /** Select, authenticate in two parts, write: the write is the fourth command. */
  const WRITE = 4

  function tornAt(fault: CardFault, atCommand: number) {
    const { card, log } = laidCard()
    card.leaveField()
    const struck: CardFault[] = []
    const faulty = new FaultyCard(card, { random: seededRandom('faults'), onDidFail: (one) => struck.push(one) })
    faulty.enterField()
    faulty.arm(fault, atCommand)
    const air = airOf(faulty)
    const attempt = (): string => {
      air(bytes(SELECT))
      const { session } = authenticate(air, 3, KEYS[3])
      return writeData(air, session!, 'mac', 2, 60, Buffer.from('F'.repeat(64)))
    }
    return { card, faulty, air, attempt, struck, log }
  }

  it('lost before the write: old binding', () => {
    const { card, faulty, attempt, struck } = tornAt({ kind: 'lost-before' }, WRITE)
    expect(attempt).toThrow('torn')
    expect(card.state()).toEqual(PERSONALISED)
    expect(struck).toEqual([{ kind: 'lost-before' }])
    faulty.leaveField()
    faulty.enterField()
    expect(attempt()).toBe('9100')
  })

  it('answer lost after the write: new binding, counter unchanged, writing again does no harm', () => {
    const { card, faulty, air, attempt } = tornAt({ kind: 'answer-lost' }, WRITE)
    expect(attempt).toThrow('torn')
    expect(card.state().files[2].readCounter).toBe(0)
    faulty.leaveField()
    faulty.enterField()
    expect(openSun(readSun(air), LEDGER_KEYS)).toMatchObject({ counter: 1, binding: 'F'.repeat(64), isGenuine: true })
    expect(attempt()).toBe('9100')
  })

  it('answer lost while reading: the counter has risen, the message is in the log only', () => {
    const { faulty, air, log } = tornAt({ kind: 'answer-lost' }, 3)
    expect(() => readSun(air)).toThrow('torn')
    faulty.leaveField()
    faulty.enterField()
    expect(openSun(readSun(air), LEDGER_KEYS).counter).toBe(2)
    expect(log.flatMap((entry) => (entry.kind === 'sun' ? [entry.counter] : []))).toEqual([1, 2])
  })

  it('mute: silent until pulled, also through a reset', () => {
    const { faulty, air } = tornAt({ kind: 'mute', isExecuted: false }, 2)
    expect(hex(air(bytes(SELECT)))).toBe('9000')
    expect(() => air(bytes(SELECT))).toThrow('mute')
    faulty.reset()
    expect(() => air(bytes(SELECT))).toThrow('mute')
    faulty.leaveField()
    faulty.enterField()
    expect(hex(air(bytes(SELECT)))).toBe('9000')
  })

  it('mute after executing: the write is there', () => {
    const { card, attempt } = tornAt({ kind: 'mute', isExecuted: true }, WRITE)
    expect(attempt).toThrow('mute')
    expect(card.state().files[2].content).toContain('46'.repeat(64))
  })

  it('truncated and garbage: executed, but the answer is spoilt; several faults strike in their order', () => {
    const { faulty, air } = tornAt({ kind: 'truncated', bytes: 1 }, 1)
    faulty.arm({ kind: 'garbage' }, 2)
    expect(hex(air(bytes(SELECT)))).toBe('90')
    const version = air(bytes('9060000000'))
    expect(version).toHaveLength(9)
    expect(hex(version)).not.toBe('0404023000110591AF')
    expect(hex(air(bytes('90AF000000')))).toBe('0404020102110591AF')
  })

  it('slow, and disarmed', () => {
    const { faulty, attempt } = tornAt({ kind: 'lost-before' }, WRITE)
    faulty.slowDown(300)
    expect(faulty.delayMs).toBe(300)
    faulty.disarm()
    expect(attempt()).toBe('9100')
    expect(() => faulty.arm({ kind: 'garbage' }, 0)).toThrow(RangeError)
  })
})

describe('card files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tolem-cards-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('keeps every change and every message, and goes on where it stopped', () => {
    let now = 1000
    const tap = (file: CardFile): string => {
      const card = file.card({ random: seededRandom(`run ${now}`) })
      card.enterField()
      const air = airOf(card)
      air(bytes(SELECT))
      const { session } = authenticate(air, 3, KEYS[3])
      writeData(air, session!, 'mac', 2, 60, Buffer.from(String(now).padStart(64, '0')))
      const message = readSun(air)
      card.leaveField()
      now += 1
      return message
    }
    const created = CardFile.create({ folder, name: 'aisha', state: PERSONALISED, now: () => now })
    const first = tap(created)
    const second = tap(CardFile.open(created.statePath, { now: () => now }))
    expect(openSun(first, LEDGER_KEYS)).toMatchObject({ counter: 1, isGenuine: true })
    expect(openSun(second, LEDGER_KEYS)).toMatchObject({ counter: 2, isGenuine: true })

    const log = readCardLog(created.logPath)
    expect(log.map((line) => line.sequence)).toEqual(log.map((_, index) => index + 1))
    expect(log.flatMap((line) => (line.kind === 'sun' ? [[line.at, line.counter, line.mac]] : []))).toEqual([
      [1000, 1, first.slice(-16)],
      [1001, 2, second.slice(-16)],
    ])
    expect(log.filter((line) => line.kind === 'command')).toHaveLength(14)
    expect(readdirSync(folder).toSorted()).toEqual(['aisha.json', 'aisha.log.jsonl'])
  })

  it('shows the same bytes in the log as on the air, and no key', () => {
    const file = CardFile.create({ folder, name: 'card', state: PERSONALISED, now: () => 0 })
    const card = file.card({ random: seededRandom('log') })
    card.enterField()
    const air = airOf(card)
    const answer = hex(air(bytes(SELECT)))
    authenticate(air, 3, KEYS[3])
    file.appendFault({ kind: 'garbage' })
    const lines = readCardLog(file.logPath)
    expect(lines[1]).toEqual({ sequence: 2, at: 0, kind: 'command', command: SELECT, answer })
    expect(lines.at(-1)).toMatchObject({ kind: 'fault', fault: { kind: 'garbage' } })
    const text = readFileSync(file.logPath, 'utf8').toUpperCase()
    for (const key of Object.values(KEYS)) expect(text).not.toContain(hex(key as Uint8Array))
  })

  it('never replaces a card that is there already', () => {
    const of = { folder, name: 'card', state: PERSONALISED, now: () => 0 }
    const { statePath, logPath } = CardFile.create(of)
    rmSync(logPath)
    expect(() => CardFile.create({ ...of, state: { ...PERSONALISED, uid: '00'.repeat(7) } })).toThrow('EEXIST')
    expect(JSON.parse(readFileSync(statePath, 'utf8'))).toEqual(PERSONALISED)
  })

  it('has written the EEPROM before the answer leaves the card', () => {
    const file = CardFile.create({ folder, name: 'card', state: PERSONALISED, now: () => 0 })
    const card = file.card({ random: seededRandom('order') })
    card.enterField()
    readSun(airOf(card))
    expect(JSON.parse(readFileSync(file.statePath, 'utf8')).files[2].readCounter).toBe(1)
  })
})

describe('other cards', () => {
  const uid = bytes('01020304')

  it('a MIFARE Classic 1K has the ATR of PC/SC part 3 and answers no command', () => {
    const card = mifareClassicCard({ uid })
    // ACR122U API V2.04 §3.1 gives this example.
    expect(hex(card.atr)).toBe('3B8F8001804F0CA000000306030001000000006A')
    expect(hex(airOf(card)(bytes(SELECT)))).toBe('6300')
  })

  it('a DESFire EV3 has the ATR of an NTAG 424 DNA and another version', () => {
    const card = desfireEv3Card({ uid: UID })
    const air = airOf(card)
    expect(hex(card.atr)).toBe(hex(laidCard().card.atr))
    expect(hex(air(bytes(SELECT)))).toBe('6A82')
    expect(hex(air(bytes('9060000000')))).toMatch(/^0401013300/)
    expect(hex(air(bytes('90AF000000')))).toMatch(/91AF$/)
    expect(hex(air(bytes('90AF000000')))).toMatch(new RegExp(`^${hex(UID)}.*9100$`))
    expect(hex(air(bytes('90AF000000')))).toBe('911C')
    expect(hex(air(bytes('9071000002030000')))).toBe('911C')
  })

  it('a mute card is mute, and garbage is garbage, the same for the same seed', () => {
    expect(muteCard({ uid }).exchange(bytes(SELECT))).toEqual({ kind: 'mute' })
    const heard = (): string[] => {
      const air = airOf(garbageCard({ uid, random: seededRandom('noise') }))
      return Array.from({ length: 8 }, () => hex(air(bytes(SELECT))))
    }
    expect(heard()).toEqual(heard())
    expect(new Set(heard()).size).toBeGreaterThan(4)
  })
})
