/**
 * The virtual NTAG 424 DNA's answer to Read_Sig. Method: commands as the data sheet and AN12196 §8.2 have them, sent by
 * the reader that is written independently (reader-side.ts), and the published pairs of UID and signature. The answer
 * to an authenticated reader is in CommMode.Full by the data sheet; that its MAC covers the status 90 was found in
 * somebody's published recording of a real chip, which was recomputed and is not kept here.
 */
import { describe, expect, it } from 'vitest'
import { factoryCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import vectors from '../../fixtures/vectors/originality.json' with { type: 'json' }
import { KEYS, PERSONALISED, laidCard } from './demo-card.ts'
import { authenticate, bytes, hex, secured, SELECT, type Air } from './reader-side.ts'

const chips = vectors.families.find(({ family }) => family === 'ntag424')?.cases ?? []
const noMaker = '5A'.repeat(56)
const readSignature = '903C0000010000'

const send = (air: Air, command: string): string => hex(air(bytes(command)))

describe('a virtual NTAG 424 DNA answers Read_Sig', () => {
  it.each(chips)('as delivered, with what its maker signed: $uid', ({ uid, signature }) => {
    const { air } = laidCard(factoryCard({ uid: bytes(uid) }))
    send(air, SELECT)
    expect(send(air, readSignature)).toBe(`${signature}9190`)
  })

  it('with nobody’s signature where none of its UID is known, and with another one that it was given', () => {
    const given = chips[0]?.signature ?? ''
    expect(send(laidCard().air, readSignature)).toBe(`${noMaker}9190`)
    expect(send(laidCard({ ...PERSONALISED, signature: given }).air, readSignature)).toBe(`${given}9190`)
  })

  it('when an issuer has it, when its keys are closed, and at any level; it is logged and changes nothing', () => {
    const closed = {
      ...PERSONALISED,
      keys: PERSONALISED.keys.map((key) => ({ ...key, totalFailures: 1_000 })) as never,
    }
    for (const state of [PERSONALISED, closed]) {
      const { air, card, log } = laidCard(state)
      expect(send(air, readSignature)).toMatch(/9190$/)
      send(air, SELECT)
      expect(send(air, readSignature)).toMatch(/9190$/)
      expect(card.state()).toEqual(state)
      const asked = log.filter((entry) => entry.kind === 'command' && entry.command === readSignature)
      const line = { kind: 'command', command: readSignature, answer: `${noMaker}9190` }
      expect(asked).toEqual([line, line])
    }
  })

  it('in CommMode.Full to an authenticated reader, and the session goes on', () => {
    const { air } = laidCard()
    send(air, SELECT)
    const { session } = authenticate(air, 0, KEYS[0])
    if (session === null) throw new Error('not authenticated')
    const answer = secured(air, session, 'full', 0x3c, Buffer.of(0), Buffer.alloc(0), '9190')
    expect(answer).toEqual({ statusWord: '9190', data: bytes(noMaker) })
    expect(secured(air, session, 'mac', 0xf5, Buffer.of(2)).statusWord).toBe('9100')
  })

  it.each([
    ['no address', '903C000000', '910C'],
    ['another address', '903C0000010100', '910C'],
    ['more than an address', '903C000002000000', '910C'],
    ['parameters', '903C0100010000', '919E'],
    ['without Le', '903C00000100', '917E'],
  ])('with an error for %s', (_, command, statusWord) => {
    const { air } = laidCard()
    send(air, SELECT)
    expect(send(air, command)).toBe(statusWord)
  })

  it.each([
    ['in plain', '00', '910C'],
    ['with a wrong MAC', `00${'AB'.repeat(8)}`, '910B'],
  ])('with an error to an authenticated reader that asks %s, which ends the session', (_, data, statusWord) => {
    const { air } = laidCard()
    send(air, SELECT)
    const { session } = authenticate(air, 0, KEYS[0])
    if (session === null) throw new Error('not authenticated')
    expect(send(air, `903C0000${hex(Buffer.of(data.length / 2))}${data}00`)).toBe(statusWord)
    expect(secured(air, session, 'mac', 0xf5, Buffer.of(2)).statusWord).not.toBe('9100')
  })

  it('aborts an authentication into which it comes', () => {
    const { air } = laidCard()
    send(air, SELECT)
    send(air, '9071000002030000')
    expect(send(air, readSignature)).toBe('91CA')
  })
})
