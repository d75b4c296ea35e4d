/**
 * A virtual reader that hands commands on in a transparent session, and one that hands nothing on: byte by byte against
 * what ACS documents (ACM1252U-Y3 reference manual V1.03, §5.2.3) and the supplement 2.02.00 of PC/SC part 3. Nothing
 * of the terminal is used.
 */
import { describe, expect, it } from 'vitest'
import { ReaderCommands, type ReaderKind } from '../../../hardware-mocks/reader/reader-commands.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { ntag21x, uidCard } from '../../fixtures/identified-cards.ts'

/** Asks in turn; the last answer. */
function asked(kind: ReaderKind, card: VirtualCard, ...commands: readonly string[]): string {
  const reader = new ReaderCommands()
  reader.kind = kind
  let said = ''
  for (const command of commands) {
    const bytes = Buffer.from(command, 'hex')
    const answer = reader.answer(bytes, card) ?? card.exchange(bytes)
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    said = Buffer.from(answer.response).toString('hex').toUpperCase()
  }
  return said
}

const start = 'FFC20000028100'
const layer3 = 'FFC20002048F020003'
const end = 'FFC20000028200'
/** With 66 ms of time to answer. */
const exchange = (frame: string) => {
  const objects = `5F460400010100${`95${(frame.length / 2).toString(16).padStart(2, '0')}`}${frame}`
  return `FFC20001${(objects.length / 2).toString(16).padStart(2, '0')}${objects}`
}

describe('a reader with transparent sessions', () => {
  const says = (...commands: readonly string[]) => asked('part3', ntag21x().card, ...commands)

  it('begins one, activates the card at layer 3, and ends it', () => {
    expect(says(start)).toBe('C0030090009000')
    expect(says(start, layer3)).toBe('C0030090008F01009000')
    expect(says(start, layer3, end)).toBe('C0030090009000')
  })

  it('hands a command on, and the answer back with all its bits', () => {
    expect(says(start, layer3, exchange('60'))).toBe('C0030090009201009602000097080004040201000F039000')
    expect(says(start, layer3, exchange('3C00'))).toContain('9720')
  })

  it('says that nothing answered, or that four bits did', () => {
    expect(says(start, layer3, exchange('42'))).toBe('C0030264019000')
    expect(says(start, layer3, exchange('3C01'))).toBe('C003009000920104960201009701009000')
    expect(asked('part3', uidCard('0A1B2C3D', 'classic').card, start, layer3, exchange('60'))).toBe('C0030264019000')
  })

  it('has the card for the session alone, and has none before it and behind it', () => {
    expect(says(start, 'FFB0000410')).toBe('6300')
    expect(says(start, end, 'FFB0000410')).toMatch(/9000$/)
    for (const without of [[layer3], [exchange('60')], [start, exchange('60')], [start, layer3, end, exchange('60')]])
      expect(says(...without)).toBe('C0030163019000')
    expect(says(start, start)).toBe('C0030163019000')
    expect(says(end)).toBe('C0030163019000')
  })

  it('refuses an exchange without a time, objects that it does not know, and cut ones', () => {
    expect(says(start, layer3, 'FFC2000103950160')).toBe('C0030164019000')
    expect(says(start, layer3, 'FFC2000103900100')).toBe('C003016A819000')
    expect(says(start, layer3, 'FFC20001029505')).toBe('C0030067009000')
    expect(says(start, 'FFC20002048F020103')).toBe('C003016A819000')
  })

  it('reads and writes pages and says UIDs, and knows nothing of a PN532', () => {
    expect(says('FFCA000000')).toBe('04E10CDA993C809000')
    expect(says('FFB0000010')).toMatch(/^04E10C61DA993C80/)
    expect(says('FFD6000404DEADBEEF')).toBe('9000')
    expect(says('FF00000003D44260')).toBe('6A81')
  })

  it('forgets a password with the session', () => {
    const { card } = ntag21x()
    const closing = ['FFD6002B0401020304', 'FFD600290404000004']
    expect(asked('part3', card, ...closing, start, layer3, exchange('1B01020304'), end, 'FFD600040400000000')).toBe(
      '6300',
    )
  })
})

it('a reader that hands nothing on reads pages all the same', () => {
  const says = (...commands: readonly string[]) => asked('plain', ntag21x().card, ...commands)
  expect(says('FFCA000000')).toBe('04E10CDA993C809000')
  expect(says('FFB0000010')).toMatch(/9000$/)
  expect(says('FF00000003D44260')).toBe('6A81')
  expect(says(start)).toBe('6A81')
})

describe('lamps and buzzer of an ACR122U (its API V2.04, §6.2, §6.7)', () => {
  const { card } = uidCard('0A1B2C3D', 'classic')
  const says = (reader: ReaderCommands, command: string): string => {
    const answer = reader.answer(Buffer.from(command, 'hex'), card)
    return answer?.kind === 'answered' ? Buffer.from(answer.response).toString('hex').toUpperCase() : 'no answer'
  }

  it('blink as they are told, keep the reader busy so long, and answer with their state', () => {
    const reader = new ReaderCommands()
    expect(says(reader, 'FF0040500405050301')).toBe('9002')
    expect(reader.blinks).toEqual([{ state: 0x50, onTenths: 5, offTenths: 5, times: 3, beeps: 1 }])
    expect(reader.busyMs(Buffer.from('FF0040500405050301', 'hex'))).toBe(3_000)
    expect(says(reader, 'FF00400D0400000000')).toBe('9001')
    expect(reader.busyMs(Buffer.from('FFCA000000', 'hex'))).toBe(0)
  })

  it('beep at a card or not', () => {
    const reader = new ReaderCommands()
    expect(says(reader, 'FF00520000')).toBe('9000')
    expect(reader.beepsOnDetection).toBe(false)
    expect(says(reader, 'FF0052FF00')).toBe('9000')
    expect(reader.beepsOnDetection).toBe(true)
    for (const wrong of ['FF00520100', 'FF0052', 'FF0040500401', 'FF0040500401010104'])
      expect(says(reader, wrong)).toBe('6300')
  })

  it('tell their firmware and how they look for cards, and look otherwise when told to', () => {
    const reader = new ReaderCommands()
    expect(says(reader, 'FF00480000')).toBe(Buffer.from('ACR122U201').toString('hex').toUpperCase())
    expect(says(reader, 'FF00500000')).toBe('90FF')
    expect(reader.looksEachMs).toBe(250)
    expect(says(reader, 'FF0051DF00')).toBe('90DF')
    expect(says(reader, 'FF00500000')).toBe('90DF')
    expect(reader.looksEachMs).toBe(500)
    for (const never of ['FF00517F00', 'FF0051FE00']) {
      says(reader, never)
      expect(reader.looksEachMs).toBeNull()
    }
    for (const wrong of ['FF004800', 'FF005000', 'FF0051FF']) expect(says(reader, wrong)).toBe('6300')
  })

  it('are taken without a card only where the driver hands them on', () => {
    const reader = new ReaderCommands()
    const escaped = (command: string) => reader.escape(Buffer.from(command, 'hex'))
    expect(escaped('FF00500000')).toBeNull()
    reader.takesEscapes = true
    expect(escaped('FF00500000')).toEqual(Buffer.from('90FF', 'hex'))
    expect(escaped('FFCA000000')).toEqual(Buffer.from('6300', 'hex'))
    reader.kind = 'part3'
    expect(escaped('FF00500000')).toBeNull()
  })

  it('are no other reader’s', () => {
    const reader = new ReaderCommands()
    reader.kind = 'part3'
    expect(says(reader, 'FF00520000')).toBe('6A81')
    expect(reader.busyMs(Buffer.from('FF0040500405050301', 'hex'))).toBe(0)
    expect(reader.beepsOnDetection).toBe(true)
  })
})
