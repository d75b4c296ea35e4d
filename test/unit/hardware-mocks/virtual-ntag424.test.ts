/** What the virtual NTAG 424 DNA does, seen from a reader written independently (reader-side.ts). */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { factoryCard, type Ntag424State } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { KEYS, PERSONALISED, UID, airOf, laidCard } from './demo-card.ts'
import {
  authenticate,
  bytes,
  hex,
  openSun,
  readSun,
  secured,
  SELECT,
  writeData,
  type Air,
  type Session,
} from './reader-side.ts'

const LEDGER_KEYS = { metaRead: KEYS[1], fileRead: KEYS[2] }
const bindingOf = (terms: string): Buffer =>
  Buffer.from(createHash('sha256').update(terms).digest('hex').toUpperCase(), 'ascii')

function send(air: Air, command: string): string {
  return hex(air(bytes(command)))
}

function sessionWith(air: Air, keyNumber: 0 | 1 | 2 | 3 | 4, keys: typeof KEYS = KEYS): Session {
  send(air, SELECT)
  const { session, statusWord } = authenticate(air, keyNumber, keys[keyNumber])
  if (session === null) throw new Error(statusWord)
  return session
}

function withFile(
  state: Ntag424State,
  file: 1 | 2 | 3,
  settings: Partial<Ntag424State['files'][2]['settings']>,
): Ntag424State {
  const old = state.files[file]
  return { ...state, files: { ...state.files, [file]: { ...old, settings: { ...old.settings, ...settings } } } }
}

describe('one presence at the till, docs/design/02', () => {
  it('takes a binding under key 3 and makes a message that the ledger can verify and nobody else could make', () => {
    const { air, card, log } = laidCard()
    expect(send(air, SELECT)).toBe('9000')
    expect(send(air, '9060000000')).toMatch(/^0404..3000.{4}91AF$/)
    expect(send(air, '90AF000000')).toMatch(/91AF$/)
    expect(send(air, '90AF000000')).toMatch(new RegExp(`^${hex(UID)}.{14}9100$`))
    const binding = bindingOf('tender 1')
    expect(writeData(air, sessionWith(air, 3), 'mac', 2, 60, binding)).toBe('9100')

    const message = readSun(air)
    expect(openSun(message, LEDGER_KEYS)).toEqual({
      uid: hex(UID),
      counter: 1,
      binding: binding.toString('ascii'),
      isGenuine: true,
    })
    expect(openSun(message, { ...LEDGER_KEYS, fileRead: KEYS[3] }).isGenuine).toBe(false)
    const other = message.replace(binding.toString('ascii'), bindingOf('tender 2').toString('ascii'))
    expect(openSun(other, LEDGER_KEYS).isGenuine).toBe(false)
    expect(card.state().files[2].readCounter).toBe(1)
    expect(log.filter((entry) => entry.kind === 'sun')).toEqual([
      {
        kind: 'sun',
        counter: 1,
        bindingHex: binding.toString('ascii'),
        mac: message.slice(-16),
        macInput: `${binding.toString('ascii')}&m=`,
      },
    ])
  })

  it('begins with 64 zeros as binding and gives out other bytes at every reading', () => {
    const { air } = laidCard()
    const first = readSun(air)
    const second = readSun(air)
    expect(openSun(first, LEDGER_KEYS)).toMatchObject({ counter: 1, binding: '0'.repeat(64), isGenuine: true })
    expect(openSun(second, LEDGER_KEYS)).toMatchObject({ counter: 2, isGenuine: true })
    expect(second).not.toBe(first)
  })

  it('does the same for the same seed, and other random bytes for another', () => {
    const read = (seed: string): string => readSun(laidCard(PERSONALISED, seed).air)
    expect(read('one')).toBe(read('one'))
    expect(read('one')).not.toBe(read('two'))
  })
})

describe('Secure Dynamic Messaging', () => {
  it('counts once for a file read in pieces, and keeps the pieces consistent', () => {
    const { air, card, log } = laidCard()
    send(air, SELECT)
    send(air, '00A4020C02E104')
    const pieces = ['00B0000028', '00B0002828', '00B000503F'].map((command) => air(bytes(command)).subarray(0, -2))
    send(air, '00B0007F10')
    const message = Buffer.concat(pieces).subarray(7, 143).toString('latin1')
    expect(openSun(message, LEDGER_KEYS)).toMatchObject({ counter: 1, isGenuine: true })
    expect(log.filter((entry) => entry.kind === 'sun')).toHaveLength(1)
    send(air, '90F50000010200')
    send(air, '00B0000028')
    expect(card.state().files[2].readCounter).toBe(2)
    send(air, '90AD0000070200000028000000')
    expect(card.state().files[2].readCounter).toBe(3)
  })

  it('mirrors nothing and counts nothing for an authenticated reader', () => {
    const { air, card } = laidCard()
    const session = sessionWith(air, 0)
    const { data } = secured(air, session, 'mac', 0xad, bytes('02 000000 8F0000'))
    expect(data.subarray(7).toString('latin1')).toBe(
      `tolem.invalid/s?e=${'0'.repeat(32)}&b=${'0'.repeat(64)}&m=${'0'.repeat(16)}`,
    )
    expect(card.state().files[2].readCounter).toBe(0)
  })

  it('refuses ISOReadBinary in the authenticated state', () => {
    const { air } = laidCard()
    sessionWith(air, 3)
    send(air, '00A4020C02E104')
    expect(send(air, '00B000008F')).toBe('6982')
  })

  it('logs no message when the MAC was not read', () => {
    const { air, log } = laidCard()
    send(air, SELECT)
    send(air, '00A4020C02E104')
    send(air, '00B0000020')
    expect(log.some((entry) => entry.kind === 'sun')).toBe(false)
  })

  it('stops at the counter limit, and at the end of the counter', () => {
    const messaging = { ...PERSONALISED.files[2].settings.dynamicMessaging!, counterLimit: 1 }
    const limited = laidCard(withFile(PERSONALISED, 2, { dynamicMessaging: messaging }))
    readSun(limited.air)
    expect(() => readSun(limited.air)).toThrow('6982')
    const file = { ...PERSONALISED.files[2], readCounter: 0xffffff }
    const exhausted = laidCard({ ...PERSONALISED, files: { ...PERSONALISED.files, 2: file } })
    expect(() => readSun(exhausted.air)).toThrow('6982')
  })

  it('follows settings that ChangeFileSettings stores: offsets, keys, plain mirrors, encrypted file data', () => {
    const { air, card } = laidCard()
    const session = sessionWith(air, 0)
    // UID at 0, counter at 14, 32 bytes of encrypted data at 32, MAC at 80 over everything from 0.
    const settings = bytes('41 00E3 D1 F3E4 000000 0E0000 000000 200000 200000 500000')
    expect(secured(air, session, 'full', 0x5f, bytes('02'), settings).statusWord).toBe('9100')
    expect(card.state().files[2].settings.dynamicMessaging).toMatchObject({
      metaRead: 14,
      fileRead: 4,
      counterRetrieval: 3,
      uidOffset: 0,
      counterOffset: 14,
      macInputOffset: 0,
      encryptedOffset: 32,
      encryptedLength: 32,
      macOffset: 80,
    })
    send(air, SELECT)
    send(air, '00A4020C02E104')
    const file = air(bytes('00B0000000'))
    expect(file.subarray(0, 14).toString('latin1')).toBe(hex(UID))
    expect(file.subarray(14, 20).toString('latin1')).toBe('000001')
    expect(file.subarray(32, 64).toString('latin1')).toMatch(/^[0-9A-F]{32}$/)
    expect(file.subarray(80, 96).toString('latin1')).toMatch(/^[0-9A-F]{16}$/)

    expect(send(air, '90F60000010200')).toBe('91AE')
    const reader = sessionWith(air, 3)
    expect(hex(secured(air, reader, 'full', 0xf6, bytes('02')).data)).toBe('0100000000')
  })

  it('resets the counter only when it is switched on anew', () => {
    const { air, card } = laidCard()
    readSun(air)
    const session = sessionWith(air, 0)
    const on = bytes('41 00E3 C1 FF12 190000 3C0000 7F0000')
    expect(secured(air, session, 'full', 0x5f, bytes('02'), on).statusWord).toBe('9100')
    expect(card.state().files[2].readCounter).toBe(1)
    expect(secured(air, session, 'full', 0x5f, bytes('02'), bytes('01 00E3')).statusWord).toBe('9100')
    expect(secured(air, session, 'full', 0x5f, bytes('02'), on).statusWord).toBe('9100')
    expect(card.state().files[2].readCounter).toBe(0)
    expect(card.state()).toEqual(PERSONALISED)
  })

  it.each([
    ['MAC over the end of the file', '41 00E3 C1 FF12 190000 3C0000 F10000', '919E'],
    ['MAC input behind the MAC', '41 00E3 C1 FF12 190000 800000 7F0000', '919E'],
    ['PICCData and MAC overlapping', '41 00E3 C1 FF12 700000 3C0000 7F0000', '919E'],
    ['a key that does not exist', '41 0053', '919E'],
    ['a field too few', '41 00E3 C1 FF12 190000 3C0000', '917E'],
    ['counter limit below the counter', '41 00E3 E1 FF12 190000 3C0000 7F0000 000000', '919E'],
    ['encryption without UID', '41 00E3 51 FF12 190000 3C0000 3C0000 200000 7F0000', '919E'],
  ])('refuses settings with %s', (_, settings, statusWord) => {
    const { air, card } = laidCard()
    expect(secured(air, sessionWith(air, 0), 'full', 0x5f, bytes('02'), bytes(settings)).statusWord).toBe(statusWord)
    expect(card.state()).toEqual(PERSONALISED)
  })

  it('allows dynamic messaging for file 2 only', () => {
    const { air } = laidCard()
    const settings = bytes('40 00E0 C1 FF1F 000000')
    expect(secured(air, sessionWith(air, 0), 'full', 0x5f, bytes('01'), settings).statusWord).toBe('919D')
  })
})

describe('access rights', () => {
  it.each([
    [0, '9100'],
    [1, '91AE'],
    [2, '91AE'],
    [3, '9100'],
    [4, '91AE'],
  ] as const)('file 2 written under key %i: %s', (keyNumber, statusWord) => {
    const { air } = laidCard()
    const session = sessionWith(air, keyNumber)
    expect(writeData(air, session, 'mac', 2, 60, Buffer.from('AB'))).toBe(statusWord)
  })

  it('one closed way does not close the other: the wrong key is refused as such', () => {
    const rights = { read: 15, write: 15, readWrite: 0, change: 0 }
    const { air } = laidCard(withFile(PERSONALISED, 3, { communication: 'mac', rights }))
    sessionWith(air, 3)
    expect(send(air, '90AD0000070300000001000000')).toBe('91AE')
    expect(secured(air, sessionWith(air, 0), 'mac', 0xad, bytes('03 000000 020000')).data).toEqual(bytes('007E'))
  })

  it('file 2 cannot be written without authentication', () => {
    const { air, card } = laidCard()
    send(air, SELECT)
    expect(send(air, '908D000008020000000100004100')).toBe('91AE')
    send(air, '00A4020C02E104')
    expect(send(air, '00D600000141')).toBe('6982')
    expect(card.state()).toEqual(PERSONALISED)
  })

  it('never means never, for every key', () => {
    const sealed = withFile(PERSONALISED, 3, {
      communication: 'plain',
      rights: { read: 15, write: 15, readWrite: 15, change: 15 },
    })
    const { air } = laidCard(sealed)
    for (const keyNumber of [0, 1, 2, 3, 4] as const) {
      sessionWith(air, keyNumber)
      expect(send(air, '90AD0000070300000001000000')).toBe('919D')
      sessionWith(air, keyNumber)
      expect(send(air, '908D000008030000000100004100')).toBe('919D')
      sessionWith(air, keyNumber)
      expect(send(air, '905F00000403 00EEEE00')).toBe('919D')
    }
  })

  it('free means free on a factory card, through both write commands, and plain even when authenticated', () => {
    const { air, card } = laidCard(factoryCard({ uid: UID }))
    send(air, SELECT)
    expect(send(air, '908D00000902000000020000414200')).toBe('9100')
    send(air, '00A4020C02E104')
    expect(send(air, '00D600020243 44')).toBe('9000')
    expect(send(air, '00B0000004')).toBe('414243449000')
    authenticate(air, 0, Buffer.alloc(16))
    expect(send(air, '90AD0000070200000004000000')).toBe('414243449100')
    expect(card.state().files[2].content.slice(0, 8)).toBe('41424344')
  })

  it('only key 0 changes settings, keys and configuration', () => {
    for (const keyNumber of [1, 2, 3, 4] as const) {
      const { air, card } = laidCard()
      expect(secured(air, sessionWith(air, keyNumber), 'full', 0x5f, bytes('02'), bytes('00EEEE')).statusWord).toBe(
        '91AE',
      )
      expect(secured(air, sessionWith(air, keyNumber), 'full', 0xc4, bytes('03'), Buffer.alloc(21)).statusWord).toBe(
        '91AE',
      )
      expect(secured(air, sessionWith(air, keyNumber), 'full', 0x5c, bytes('0A'), Buffer.alloc(5)).statusWord).toBe(
        '91AE',
      )
      expect(card.state()).toEqual(PERSONALISED)
    }
  })

  it('file 3 in full mode: reads back what was written', () => {
    const { air } = laidCard()
    const session = sessionWith(air, 3)
    expect(writeData(air, session, 'full', 3, 5, Buffer.from('secret'))).toBe('9100')
    expect(secured(air, session, 'full', 0xad, bytes('03 050000 060000')).data.toString()).toBe('secret')
  })
})

describe('keys', () => {
  it('changes a key for another, and the card then knows the new one only', () => {
    const { air, card } = laidCard()
    const session = sessionWith(air, 0)
    const fresh = Buffer.alloc(16, 0x77)
    const difference = Buffer.from(fresh.map((byte, index) => byte ^ KEYS[3][index]!))
    const data = Buffer.concat([difference, Buffer.of(9), crc32Nk(fresh)])
    expect(secured(air, session, 'full', 0xc4, bytes('03'), data).statusWord).toBe('9100')
    expect(card.state().keys[3]).toEqual({ value: hex(fresh), version: 9, totalFailures: 0 })
    expect(hex(secured(air, session, 'mac', 0x64, bytes('03')).data)).toBe('09')
    send(air, SELECT)
    expect(authenticate(air, 3, KEYS[3]).statusWord).toBe('91AE')
    expect(authenticate(air, 3, fresh).statusWord).toBe('9100')
  })

  it('refuses a new key with a wrong checksum, and a number that is no key', () => {
    const { air, card } = laidCard()
    const wrong = Buffer.concat([Buffer.alloc(16, 0x77), Buffer.of(9, 0, 0, 0, 0)])
    expect(secured(air, sessionWith(air, 0), 'full', 0xc4, bytes('03'), wrong).statusWord).toBe('911E')
    expect(secured(air, sessionWith(air, 0), 'full', 0xc4, bytes('05'), wrong).statusWord).toBe('9140')
    expect(card.state()).toEqual(PERSONALISED)
  })

  it('counts failed authentications in the EEPROM, and disables the key at the limit until key 0 changes it', () => {
    const { air, card } = laidCard()
    const configured = secured(air, sessionWith(air, 0), 'full', 0x5c, bytes('0A'), bytes('01 0300 0200'))
    expect(configured.statusWord).toBe('9100')
    const failOnce = (): string => {
      send(air, SELECT)
      return authenticate(air, 3, Buffer.alloc(16, 0xee)).statusWord
    }
    expect([failOnce(), failOnce()]).toEqual(['91AE', '91AE'])
    expect(card.state().keys[3].totalFailures).toBe(2)
    sessionWith(air, 3)
    expect(card.state().keys[3].totalFailures).toBe(0)
    expect([failOnce(), failOnce(), failOnce()]).toEqual(['91AE', '91AE', '91AE'])
    send(air, SELECT)
    expect(authenticate(air, 3, KEYS[3]).statusWord).toBe('919D')

    const again = laidCard(card.state())
    send(again.air, SELECT)
    expect(authenticate(again.air, 3, KEYS[3]).statusWord).toBe('919D')
    expect(authenticate(again.air, 4, KEYS[4]).statusWord).toBe('9100')
    const same = Buffer.concat([Buffer.alloc(16), Buffer.of(1), crc32Nk(KEYS[3])])
    expect(secured(again.air, sessionWith(again.air, 0), 'full', 0xc4, bytes('03'), same).statusWord).toBe('9100')
    expect(authenticate(again.air, 3, KEYS[3]).statusWord).toBe('9100')
  })
})

describe('secure messaging', () => {
  it('refuses a tampered, a replayed and an unprotected command, and ends the session', () => {
    const written: Buffer[] = []
    const { air, card } = laidCard()
    const listening: Air = (command) => {
      written.push(command)
      return air(command)
    }
    const session = sessionWith(air, 3)
    expect(writeData(listening, session, 'mac', 2, 60, Buffer.from('AA'))).toBe('9100')
    const after = card.state()
    expect(hex(air(written[0]!))).toBe('911E')
    expect(writeData(air, session, 'mac', 2, 60, Buffer.from('BB'))).toBe('91AE')

    const tampering: Air = (command) => {
      const changed = Buffer.from(command)
      if (changed[1] === 0x8d) changed[12]! ^= 1
      return air(changed)
    }
    expect(writeData(tampering, sessionWith(air, 3), 'mac', 2, 60, Buffer.from('CC'))).toBe('911E')
    sessionWith(air, 3)
    expect(send(air, '908D000008020000000100004100')).toBe('911E')
    expect(card.state()).toEqual(after)
  })

  it('answers GetVersion under MAC with one MAC over all three parts', () => {
    const { air } = laidCard()
    const session = sessionWith(air, 3)
    const parts: Buffer[] = []
    const joined: Air = (command) => {
      parts.push(air(command), air(bytes('90AF000000')), air(bytes('90AF000000')))
      return Buffer.concat(parts.map((part, index) => (index < 2 ? part.subarray(0, -2) : part)))
    }
    expect(secured(joined, session, 'mac', 0x60, Buffer.alloc(0)).data).toHaveLength(28)
    expect(hex(secured(air, session, 'full', 0x51, Buffer.alloc(0)).data)).toBe(hex(UID))
  })

  it('keeps transaction and counter across AuthenticateEV2NonFirst only', () => {
    const { air } = laidCard()
    send(air, SELECT)
    expect(send(air, '907700000103 00')).toBe('91AE')
  })

  it.each([
    ['a selection', SELECT],
    ['the master file', '00A4000C023F00'],
    ['a failed command', '90F50000010900'],
  ])('ends at %s', (_, command) => {
    const { air } = laidCard()
    const session = sessionWith(air, 3)
    send(air, command)
    send(air, SELECT)
    expect(writeData(air, session, 'mac', 2, 60, Buffer.from('AA'))).toBe('91AE')
  })

  it.each(['reset', 'pull'] as const)('ends when the power goes (%s)', (way) => {
    const { air, card } = laidCard()
    const session = sessionWith(air, 3)
    if (way === 'reset') card.reset()
    else {
      card.leaveField()
      card.enterField()
    }
    expect(send(air, '90F50000010200')).toBe('919D')
    send(air, SELECT)
    expect(writeData(air, session, 'mac', 2, 60, Buffer.from('AA'))).toBe('91AE')
  })

  it('aborts an authentication into which another command comes', () => {
    const { air } = laidCard()
    send(air, SELECT)
    expect(send(air, '9071000002030000')).toMatch(/91AF$/)
    expect(send(air, '90F50000010200')).toBe('91CA')
    expect(send(air, '90AF000000')).toBe('911C')
    send(air, '9071000002030000')
    expect(send(air, SELECT)).toBe('6985')
    expect(send(air, SELECT)).toBe('9000')
  })
})

describe('errors of form', () => {
  it.each([
    ['extended APDU', '00A404000000070102030405060700', '6700'],
    ['too short', '00A404', '6700'],
    ['another class', '80A4040000', '6E00'],
    ['unknown interindustry instruction', '00CA000000', '6D00'],
    ['unknown native instruction', '9001000000', '911C'],
    ['unknown application', '00A4040C07D276000085010200', '6A82'],
    ['unknown file', '00A4020C02E107', '6A82'],
    ['wrong P2', '00A4040107D276000085010100', '6A86'],
    ['no file selected', '00B0000010', '6985'],
    ['read without Le', '00B00000', '6700'],
    ['native command without Le', '90600000', '917E'],
    ['no such key', '9071000002050000', '9140'],
    ['no such file', '90F50000010400', '91F0'],
    ['length of authentication', '90710000010300', '917E'],
    ['read beyond the file', '90AD00000702000000010100 00', '91BE'],
  ])('%s', (_, command, statusWord) => {
    const { air } = laidCard()
    send(air, SELECT)
    expect(send(air, command)).toBe(statusWord)
  })

  it('knows no files and no keys before the application is selected', () => {
    const { air } = laidCard()
    expect(send(air, '90F50000010200')).toBe('919D')
    expect(send(air, '9071000002030000')).toBe('9140')
    expect(send(air, '00A4020C02E104')).toBe('6A82')
  })

  it('refuses to write past the end of a file', () => {
    const { air, card } = laidCard()
    expect(writeData(air, sessionWith(air, 3), 'mac', 2, 250, Buffer.alloc(7))).toBe('91BE')
    expect(card.state()).toEqual(PERSONALISED)
  })

  it('reads files by short identifier too', () => {
    const { air } = laidCard()
    send(air, SELECT)
    expect(send(air, '00B0830002')).toBe('00179000')
  })
})

function crc32Nk(of: Uint8Array): Buffer {
  // Bit by bit from IEEE 802.3, without the last inversion.
  let register = 0xffffffff
  for (const byte of of) {
    register ^= byte
    for (let bit = 0; bit < 8; bit += 1) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0)
  }
  const result = Buffer.alloc(4)
  result.writeUInt32LE(register >>> 0)
  return result
}

it('commands cannot reach a card outside the field', () => {
  const { card } = laidCard()
  card.leaveField()
  expect(() => airOf(card)(bytes(SELECT))).toThrow('field')
})
