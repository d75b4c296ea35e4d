import { describe, expect, test } from 'vitest'
import { aes128CbcDecrypt, aes128CbcEncrypt, aes128CmacTruncated } from '../../../src/voucher/cards/aes.ts'
import { concatBytes, fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import {
  commandIv,
  ev2Complete,
  ev2Part2,
  responseIv,
  unwrapResponse,
  wrapCommand,
} from '../../../src/voucher/cards/ev2.ts'
import type { Ev2Session } from '../../../src/voucher/cards/ev2.ts'
import { splitAnswer } from '../../../src/voucher/cards/status.ts'
import authentications from '../../fixtures/vectors/ev2-first.json' with { type: 'json' }
import messaging from '../../fixtures/vectors/ev2-secure-messaging.json' with { type: 'json' }
import personalisation from '../../fixtures/vectors/ntag424-personalisation.json' with { type: 'json' }

type Vector = Record<string, unknown>
const text = (vector: Vector, field: string) => vector[field] as string
const bytes = (vector: Vector, field: string) => fromHex(text(vector, field))
const secureMessaging = (id: string): Vector => {
  const found = messaging.cases.find((vector) => vector.id === id)
  if (found === undefined) throw new Error(`no vector ${id}`)
  return found
}
/** `22 x25 || 00 x23` */
const expand = (notation: string) =>
  concatBytes(
    ...notation.split(' || ').map((part) => {
      const [value = '', times = 'x1'] = part.split(' ')
      return new Uint8Array(Number(times.slice(1))).fill(Number.parseInt(value, 16))
    }),
  )
const sessionOf = (vector: Vector, commandCounter = vector['CmdCtr'] as number): Ev2Session => ({
  transactionId: bytes(vector, 'TI'),
  encKey: fromHex((vector['KSesAuthENC'] as string | undefined) ?? '00'.repeat(16)),
  macKey: fromHex((vector['KSesAuthMAC'] as string | undefined) ?? '00'.repeat(16)),
  commandCounter,
})
const wrapped = (...parameters: Parameters<typeof wrapCommand>) => {
  const command = wrapCommand(...parameters)
  if (command.kind !== 'wrapped') throw new Error(command.kind)
  return command
}
const none = new Uint8Array(0)

describe('AuthenticateEV2First', () => {
  test.each(authentications.cases)('$published', (vector: Vector) => {
    const encRndB =
      vector['rapdu1'] === undefined ? bytes(vector, 'encRndB') : splitAnswer(bytes(vector, 'rapdu1'))?.data
    const part2Expected = vector['capdu2'] === undefined ? text(vector, 'part2') : text(vector, 'capdu2').slice(10, -2)
    const part3 = vector['rapdu2'] === undefined ? bytes(vector, 'part3') : splitAnswer(bytes(vector, 'rapdu2'))?.data
    const key = bytes(vector, 'key')

    const part2 = ev2Part2(key, encRndB ?? none, bytes(vector, 'RndA'))
    if (part2.kind !== 'part2') throw new Error(part2.kind)
    expect(toHex(part2.state.rndB)).toBe(text(vector, 'RndB'))
    expect(toHex(part2.part2)).toBe(part2Expected)
    expect(toHex(aes128CbcDecrypt(key, part3 ?? none))).toBe(text(vector, 'part3_plain'))

    const completion = ev2Complete(key, part2.state, part3 ?? none)
    if (completion.kind !== 'session') throw new Error(completion.kind)
    expect(toHex(completion.session.transactionId)).toBe(text(vector, 'TI'))
    expect(toHex(completion.session.encKey)).toBe(text(vector, 'KSesAuthENC'))
    expect(toHex(completion.session.macKey)).toBe(text(vector, 'KSesAuthMAC'))
    expect(completion.session.commandCounter).toBe(0)
  })

  test('a card that answers another RndA is not authentic', () => {
    const vector: Vector = authentications.cases[1] as Vector
    const part2 = ev2Part2(bytes(vector, 'key'), bytes(vector, 'encRndB'), new Uint8Array(16).fill(7))
    if (part2.kind !== 'part2') throw new Error(part2.kind)
    expect(ev2Complete(bytes(vector, 'key'), part2.state, bytes(vector, 'part3'))).toEqual({ kind: 'not-authentic' })
  })

  test('short challenges and short parts 3 are malformed, not thrown', () => {
    const key = new Uint8Array(16)
    expect(ev2Part2(key, new Uint8Array(15), new Uint8Array(16))).toEqual({ kind: 'malformed' })
    const state = { rndA: new Uint8Array(16), rndB: new Uint8Array(16) }
    expect(ev2Complete(key, state, new Uint8Array(31))).toEqual({ kind: 'malformed' })
  })
})

describe('secure messaging, MAC', () => {
  test('AN12196 §5.3: GetFileSettings', () => {
    const vector = secureMessaging('an12196-s5.3-GetFileSettings-MAC')
    const session = sessionOf(vector)
    expect(toHex(aes128CmacTruncated(session.macKey, bytes(vector, 'mac_input')))).toBe(text(vector, 'MACt'))
    const command = wrapped(session, 0xf5, Uint8Array.of(2), none, 'mac')
    expect(toHex(command.apdu)).toBe(text(vector, 'capdu'))
    const response = unwrapResponse(command.session, bytes(vector, 'rapdu'), 'mac')
    expect(response).toEqual({ kind: 'data', data: bytes(vector, 'rapdu').slice(0, -10) })
  })

  test('AN12343 Tables 23 and 24: a write, then a read in one session', () => {
    const vector = secureMessaging('an12343-t23-24-MAC')
    const [write, writeAnswer, read, readAnswer] = vector['steps'] as [Vector, Vector, Vector, Vector]
    const writeCommand = wrapped(sessionOf(vector, 0), 0x8d, bytes(write, 'header'), expand(text(write, 'data')), 'mac')
    expect(toHex(writeCommand.apdu).slice(-18, -2)).toBe(text(write, 'MACt'))
    expect(unwrapResponse(writeCommand.session, fromHex(`${text(writeAnswer, 'MACt')}9100`), 'mac')).toEqual({
      kind: 'data',
      data: none,
    })

    const readCommand = wrapped(writeCommand.session, 0xad, bytes(read, 'header'), none, 'mac')
    expect(toHex(readCommand.apdu).slice(-18, -2)).toBe(text(read, 'MACt'))
    const data = expand(text(readAnswer, 'data'))
    const response = concatBytes(data, fromHex(`${text(readAnswer, 'MACt')}9100`))
    expect(readCommand.session.commandCounter).toBe(readAnswer['rsp_ctr'])
    expect(unwrapResponse(readCommand.session, response, 'mac')).toEqual({ kind: 'data', data })
  })
})

describe('secure messaging, full', () => {
  test('AN12196 §5.4: WriteData', () => {
    const vector = secureMessaging('an12196-s5.4-WriteData-FULL')
    const command = wrapped(sessionOf(vector), 0x8d, bytes(vector, 'header'), bytes(vector, 'data'), 'full')
    expect(toHex(command.apdu)).toBe(text(vector, 'capdu'))
    expect(unwrapResponse(command.session, bytes(vector, 'rapdu'), 'full')).toEqual({ kind: 'data', data: none })
  })

  test('AN12343 Tables 25 and 26: a write, then a read in one session', () => {
    const vector = secureMessaging('an12343-t25-26-FULL')
    const write = vector['write'] as Vector
    const read = vector['read'] as Vector
    const writeCommand = wrapped(
      sessionOf(vector, 0),
      0x8d,
      bytes(write, 'header'),
      expand(text(write, 'data')),
      'full',
    )
    expect(toHex(writeCommand.apdu).slice(10, -2)).toBe(text(write, 'payload'))
    const written = unwrapResponse(writeCommand.session, fromHex(`${text(write, 'rsp_MACt')}9100`), 'full')
    expect(written).toEqual({ kind: 'data', data: none })

    const readCommand = wrapped(writeCommand.session, 0xad, fromHex('00000000300000'), none, 'full')
    expect(toHex(readCommand.apdu).slice(10, -2)).toBe(text(read, 'payload'))
    const plainPadded = expand(text(read, 'plain_padded'))
    const response = fromHex(`${text(read, 'rsp')}9100`)
    expect(unwrapResponse(readCommand.session, response, 'full')).toEqual({
      kind: 'data',
      data: plainPadded.slice(0, 48),
    })
    expect(
      aes128CbcDecrypt(readCommand.session.encKey, response.slice(0, -10), responseIv(readCommand.session)),
    ).toEqual(plainPadded)
  })

  test('AN12343 p64: the IV of an answer', () => {
    const vector = secureMessaging('an12343-p64-EncTMRI-rsp')
    const session = sessionOf(vector)
    expect(toHex(aes128CbcDecrypt(session.encKey, bytes(vector, 'enc'), responseIv(session)))).toBe(
      text(vector, 'plain'),
    )
  })

  test('proxmark3: the IV of a command', () => {
    const vector = secureMessaging('pm3-ev2-iv')
    const session = { ...sessionOf(vector), encKey: bytes(vector, 'key') }
    expect(toHex(commandIv(session))).toBe(text(vector, 'IVcmd'))
  })

  test('AN12196: GetCardUID, whose answer is one encrypted block', () => {
    const vector = personalisation.get_card_uid
    const command = wrapped(sessionOf(vector), 0x51, none, none, 'full')
    expect(toHex(command.apdu)).toBe(vector.capdu)
    expect(unwrapResponse(command.session, fromHex(vector.rapdu), 'full')).toEqual({
      kind: 'data',
      data: fromHex(vector.uid),
    })
  })
})

test('every published vector is used above', () => {
  expect(messaging.cases.map((vector) => vector.id)).toEqual([
    'an12196-s5.3-GetFileSettings-MAC',
    'an12196-s5.4-WriteData-FULL',
    'an12343-t23-24-MAC',
    'an12343-t25-26-FULL',
    'an12343-p64-EncTMRI-rsp',
    'pm3-ev2-iv',
  ])
})

describe('what must not pass', () => {
  const session: Ev2Session = {
    transactionId: fromHex('01020304'),
    encKey: new Uint8Array(16).fill(1),
    macKey: new Uint8Array(16).fill(2),
    commandCounter: 5,
  }
  const answerWith = (payload: Uint8Array, counter = session.commandCounter) =>
    concatBytes(
      payload,
      aes128CmacTruncated(session.macKey, concatBytes(Uint8Array.of(0, counter, 0), session.transactionId, payload)),
      fromHex('9100'),
    )

  test('an answer under the counter of another command', () => {
    expect(unwrapResponse(session, answerWith(Uint8Array.of(9)), 'mac')).toEqual({
      kind: 'data',
      data: Uint8Array.of(9),
    })
    expect(unwrapResponse(session, answerWith(Uint8Array.of(9), 4), 'mac')).toEqual({
      kind: 'malformed',
      detail: 'wrong-mac',
    })
  })

  test('success without a MAC', () => {
    expect(unwrapResponse(session, fromHex('9100'), 'mac')).toEqual({ kind: 'malformed', detail: 'too-short' })
    expect(unwrapResponse(session, fromHex('91'), 'mac')).toEqual({ kind: 'malformed', detail: 'too-short' })
  })

  test('a well-MACed ciphertext with wrong length or wrong padding', () => {
    expect(unwrapResponse(session, answerWith(new Uint8Array(15)), 'full')).toEqual({
      kind: 'malformed',
      detail: 'wrong-block-length',
    })
    for (const plain of ['00'.repeat(16), `${'11'.repeat(15)}00`, `80${'00'.repeat(31)}`]) {
      const payload = aes128CbcEncrypt(session.encKey, fromHex(plain), responseIv(session))
      expect(unwrapResponse(session, answerWith(payload), 'full')).toEqual({
        kind: 'malformed',
        detail: 'wrong-padding',
      })
    }
  })

  test('a status is decoded, and an unknown one keeps its code', () => {
    expect(unwrapResponse(session, fromHex('911E'), 'mac')).toEqual({
      kind: 'status',
      status: { code: 0x911e, name: 'INTEGRITY_ERROR' },
    })
    expect(unwrapResponse(session, fromHex('9177'), 'mac')).toEqual({
      kind: 'status',
      status: { code: 0x9177, name: 'UNKNOWN' },
    })
  })

  test('a command counter never wraps', () => {
    const last = wrapped({ ...session, commandCounter: 0xfffe }, 0xf5, Uint8Array.of(2), none, 'mac')
    expect(last.session.commandCounter).toBe(0xffff)
    expect(wrapCommand(last.session, 0xf5, Uint8Array.of(2), none, 'mac')).toEqual({ kind: 'counter-exhausted' })
  })

  test('a command of more than 255 bytes', () => {
    expect(wrapCommand(session, 0x8d, new Uint8Array(7), new Uint8Array(240), 'mac').kind).toBe('wrapped')
    expect(wrapCommand(session, 0x8d, new Uint8Array(7), new Uint8Array(241), 'mac')).toEqual({ kind: 'too-long' })
  })
})
