import { describe, expect, test } from 'vitest'
import { fromHex, littleEndian, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { crc32WithoutInversion } from '../../../src/voucher/cards/crc32.ts'
import { commandIv, unwrapResponse, wrapCommand } from '../../../src/voucher/cards/ev2.ts'
import type { Ev2Session } from '../../../src/voucher/cards/ev2.ts'
import { authenticatedKeyData, otherKeyData } from '../../../src/voucher/cards/key-change.ts'
import { personaliseCard } from '../../../src/voucher/cards/personalisation.ts'
import type { PersonalisationOrder } from '../../../src/voucher/cards/personalisation.ts'
import presences from '../../fixtures/vectors/ntag424-presences.json' with { type: 'json' }
import vectors from '../../fixtures/vectors/ntag424-personalisation.json' with { type: 'json' }
import { answered, playbackCard, scriptedCard, scriptedRandom } from './scripted-card.ts'

const sessionOf = (vector: { TI: string; KSesAuthENC: string; KSesAuthMAC: string; CmdCtr: number }): Ev2Session => ({
  transactionId: fromHex(vector.TI),
  encKey: fromHex(vector.KSesAuthENC),
  macKey: fromHex(vector.KSesAuthMAC),
  commandCounter: vector.CmdCtr,
})
const wrapped = (session: Ev2Session, instruction: number, header: number, data: Uint8Array) => {
  const command = wrapCommand(session, instruction, Uint8Array.of(header), data, 'full')
  if (command.kind !== 'wrapped') throw new Error(command.kind)
  return command
}

describe('AN12196: the commands of a personalisation', () => {
  test('ChangeFileSettings', () => {
    const vector = vectors.change_file_settings
    const session = sessionOf(vector)
    expect(toHex(commandIv(session))).toBe(vector.IVcmd)
    const command = wrapped(session, 0x5f, 0x02, fromHex(vector.settings))
    expect(toHex(command.apdu)).toBe(vector.capdu)
    expect(unwrapResponse(command.session, fromHex(vector.rapdu), 'full').kind).toBe('data')
  })

  test('ChangeKey of another key: XOR, version, CRC32NK', () => {
    const vector = vectors.change_other_key
    expect(toHex(littleEndian(crc32WithoutInversion(fromHex(vector.newKey)), 4))).toBe(vector.crc32nk)
    const data = otherKeyData(fromHex(vector.presentKey), fromHex(vector.newKey), vector.keyVersion)
    expect(toHex(data)).toBe(vector.keyData)
    const command = wrapped(sessionOf(vector), 0xc4, vector.keyNumber, data)
    expect(toHex(command.apdu)).toBe(vector.capdu)
    expect(unwrapResponse(command.session, fromHex(vector.rapdu), 'full').kind).toBe('data')
  })

  test('ChangeKey of the authenticated key', () => {
    const vector = vectors.change_authenticated_key
    const data = authenticatedKeyData(fromHex(vector.newKey), vector.keyVersion)
    expect(toHex(data)).toBe(vector.keyData)
    const command = wrapped(sessionOf(vector), 0xc4, vector.keyNumber, data)
    expect(toHex(command.apdu)).toBe(vector.capdu)
    expect(unwrapResponse(command.session, fromHex(vector.rapdu), 'plain').kind).toBe('data')
  })
})

type Recording = (typeof presences.personalisation)[keyof typeof presences.personalisation]

const orderOf = (recording: Recording): PersonalisationOrder => ({
  keysOf: () => {
    const [applicationMaster, metaRead, fileRead, till, reserved] = recording.keys.map(fromHex)
    if (!applicationMaster || !metaRead || !fileRead || !till || !reserved) throw new Error('five keys expected')
    return { applicationMaster, metaRead, fileRead, till, reserved }
  },
  keyVersion: recording.keyVersion,
  masterKeyOnCard: recording.masterKeyOnCard as 'factory' | 'ours',
})
const personalise = (recording: Recording, card: ReturnType<typeof scriptedCard>) =>
  personaliseCard(card, orderOf(recording), scriptedRandom(...recording.random))
const withAnswer = (recording: Recording, index: number, answer: ChannelAnswer) =>
  playbackCard((at) => (at === index ? answer : answered(recording.exchanges[at]?.response ?? '')))

const sentToRefused = async (recording: Recording) => {
  const card = scriptedCard(recording.exchanges)
  return { result: await personalise(recording, card), sent: card.sent }
}

describe('personalising a card', () => {
  test.each(Object.entries(presences.personalisation))('%s: exactly the recorded presence', async (_, recording) => {
    const card = scriptedCard(recording.exchanges)
    const result = await personalise(recording, card)
    expect(card.sent).toEqual(recording.exchanges.map(({ command }) => command))
    expect(result).toEqual({
      kind: 'personalised',
      uid: fromHex(recording.uid),
      counterWasReset: recording.counterWasReset,
    })
  })

  const { blank, complete } = presences.personalisation
  const indexOf = (start: string, occurrence = 0) => {
    const found = blank.exchanges
      .map(({ command }, index) => (command.startsWith(start) ? index : -1))
      .filter((i) => i >= 0)
    const index = found[occurrence]
    if (index === undefined) throw new Error(`no command ${start}`)
    return index
  }

  test('torn at every command: says at which step, and stops', async () => {
    for (const index of blank.exchanges.keys()) {
      const card = withAnswer(blank, index, { kind: 'unknown', reason: 'card-left' })
      const torn = await personalise(blank, card)
      expect(torn).toMatchObject({ kind: 'torn', executed: 'unknown', reason: 'card-left' })
      expect(card.sent).toHaveLength(index + 1)
      const gone = await personalise(blank, withAnswer(blank, index, { kind: 'notSent', reason: 'no-card' }))
      expect(gone).toEqual({ ...torn, executed: 'no', reason: 'no-card' })
    }
  })

  test('key 0 is the last key to change, after all settings', () => {
    const changes = blank.exchanges
      .map(({ command }) => command)
      .filter((command) => /^90(C4|5F)/.test(command))
      .map((command) => `${command.slice(2, 4)}-${command.slice(10, 12)}`)
    expect(changes).toEqual(['C4-01', 'C4-02', 'C4-03', 'C4-04', '5F-03', '5F-02', 'C4-00'])
  })

  test('a wrong factory key costs one attempt and changes nothing', async () => {
    const card = withAnswer(blank, indexOf('90AF000020'), answered('91AE'))
    expect(await personalise(blank, card)).toMatchObject({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    expect(card.sent.some((command) => /^90(C4|5F|8D)/.test(command))).toBe(false)
  })

  test('a present key that is not the expected one: not blank', async () => {
    const card = withAnswer(blank, indexOf('90C4', 1), answered('911E'))
    expect(await personalise(blank, card)).toEqual({
      kind: 'refused',
      step: 'change-keys',
      code: 'CARD_NOT_BLANK',
      detail: 'key-2: INTEGRITY_ERROR (911E)',
    })
  })

  test('a refused command names its status', async () => {
    const card = withAnswer(blank, indexOf('905F'), answered('919E'))
    expect(await personalise(blank, card)).toEqual({
      kind: 'refused',
      step: 'change-settings',
      code: 'CARD_COMMAND_REFUSED',
      detail: 'PARAMETER_ERROR (919E)',
    })
  })

  test('a card that says it changed key 0 and did not is not issued', async () => {
    const card = withAnswer(blank, indexOf('90AF000020', 1), answered('91AE'))
    expect(await personalise(blank, card)).toMatchObject({ kind: 'refused', step: 'verify', code: 'CARD_NOT_VERIFIED' })
  })

  const { refusedPersonalisation: refused } = presences

  test("a key version that is neither the factory's nor ours: not blank, and that key is not touched", async () => {
    const { result, sent } = await sentToRefused(refused.keyOfAnotherZone)
    expect(result).toMatchObject({ code: 'CARD_NOT_BLANK', step: 'change-keys', detail: 'key-2-version-7' })
    expect(sent.filter((command) => command.startsWith('90C4'))).toHaveLength(1)
  })

  test('a file that key 0 may not write: not blank, and nothing is written', async () => {
    const { result, sent } = await sentToRefused(refused.fileNotWritable)
    expect(result).toMatchObject({ code: 'CARD_NOT_BLANK', step: 'read-settings', detail: 'file-2-not-writable' })
    expect(sent.some((command) => /^90(8D|C4|5F)/.test(command))).toBe(false)
  })

  test('settings that are not ours at the end: the card is not issued', async () => {
    const { result } = await sentToRefused(refused.settingsNotTaken)
    expect(result).toMatchObject({ code: 'CARD_NOT_VERIFIED', step: 'verify', detail: 'file-2-settings' })
  })

  test('another card is refused before anything is written', async () => {
    const card = withAnswer(blank, 1, answered('0401013300160591AF'))
    expect(await personalise(blank, card)).toMatchObject({ code: 'CARD_UNKNOWN', detail: 'other-hardware' })
  })

  test('a card in use is checked without setting its counter back', async () => {
    const card = scriptedCard(complete.exchanges)
    expect(await personalise(complete, card)).toMatchObject({ kind: 'personalised', counterWasReset: false })
    expect(card.sent.some((command) => command.startsWith('905F00001902'))).toBe(false)
  })

  test.each([0, 256, 1.5])('key version %s is a broken invariant', async (keyVersion) => {
    const order = { ...orderOf(blank), keyVersion }
    await expect(personaliseCard(scriptedCard([]), order, scriptedRandom())).rejects.toThrow(RangeError)
  })
})
