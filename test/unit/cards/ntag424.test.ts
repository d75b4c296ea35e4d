import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import {
  authenticateLocally,
  beginRelayedAuthentication,
  finishRelayedAuthentication,
  keyHolder,
  masterKeyHolder,
  relayedAuthenticator,
  sessionFromKeys,
} from '../../../src/voucher/cards/ntag424-authentication.ts'
import type { AuthenticationRelay } from '../../../src/voucher/cards/ntag424-authentication.ts'
import { ev2Complete, ev2Part2 } from '../../../src/voucher/cards/ev2.ts'
import { blankNdefFile, ndefMessageEnd } from '../../../src/voucher/cards/ntag424-layout.ts'
import { readSun, takeSaleBoundProof, writeBinding } from '../../../src/voucher/cards/ntag424.ts'
import { recogniseCard } from '../../../src/voucher/cards/ntag424-recognition.ts'
import { openSun } from '../../../src/voucher/cards/sun.ts'
import authentications from '../../fixtures/vectors/ev2-first.json' with { type: 'json' }
import presences from '../../fixtures/vectors/ntag424-presences.json' with { type: 'json' }
import { answered, desfireLikeAtr, playbackCard, scriptedCard, scriptedRandom } from './scripted-card.ts'

const { sale } = presences
const uid = fromHex(sale.uid)
const termsHash = fromHex(sale.termsHash)
const tillKey = fromHex(sale.tillKey)
const commands = sale.exchanges.map(({ command }) => command)
const localKey = keyHolder((card) => (toHex(card) === sale.uid ? tillKey : null))
const random = () => scriptedRandom(sale.rndA)

/** The recorded presence, but with another answer at one place. */
const withAnswer = (index: number, answer: string | ChannelAnswer) =>
  playbackCard((at) =>
    at === index
      ? typeof answer === 'string'
        ? answered(answer)
        : answer
      : answered(sale.exchanges[at]?.response ?? ''),
  )
const take = (card: ReturnType<typeof scriptedCard>, authenticator = localKey) =>
  takeSaleBoundProof(card, authenticator, termsHash, random())

/** Places in the recording. */
const at = {
  select: 0,
  version: 1,
  lastVersion: 3,
  challenge: 4,
  part3: 5,
  write: 6,
  reselect: 7,
  selectFile: 8,
  read: 9,
}

describe('recognising a card', () => {
  test('an NTAG 424 DNA and its UID', async () => {
    const card = scriptedCard(sale.exchanges)
    expect(await recogniseCard(card)).toEqual({ kind: 'ntag424', uid })
    expect(card.sent).toEqual(commands.slice(0, 4))
  })

  test('a DESFire EV3 has the same ATR and is told apart by its hardware', async () => {
    const card = scriptedCard([
      { command: commands[0] ?? '', response: '6A82' },
      { command: commands[1] ?? '', response: '0401013300160591AF' },
      { command: commands[2] ?? '', response: '0401010300160591AF' },
      { command: commands[3] ?? '', response: '04112233445566AABBCCDDEE10259100' },
    ])
    expect(await recogniseCard(card)).toEqual({
      kind: 'unsupported',
      detail: {
        reason: 'other-hardware',
        atr: desfireLikeAtr,
        selectStatus: 'ISO_FILE_NOT_FOUND (6A82)',
        isSelected: false,
        hardware: { vendor: 4, type: 1, major: 0x33, minor: 0 },
      },
    })
  })

  test('a card without GetVersion', async () => {
    const card = playbackCard((index) => answered(index === 0 ? '6A82' : '6E00'))
    expect(await recogniseCard(card)).toMatchObject({
      kind: 'unsupported',
      detail: { reason: 'no-version', hardware: null },
    })
  })

  test.each([
    ['no application', at.select, '6A82', 'no-application'],
    ['a version that ends early', at.version + 1, '9100', 'version-malformed'],
    ['a version of the wrong length', at.version, '040491AF', 'version-malformed'],
    ['a UID cut short', at.lastVersion, '04A1B29100', 'version-malformed'],
    ['a random UID', at.lastVersion, '00000000000000CF3AE15A4025199100', 'random-uid'],
  ])('%s', async (_, index, answer, reason) => {
    expect(await recogniseCard(withAnswer(index, answer))).toMatchObject({ kind: 'unsupported', detail: { reason } })
  })

  test('a card that leaves: during a command, between commands', async () => {
    const torn = { kind: 'unknown', reason: 'card-left' } as const
    expect(await recogniseCard(withAnswer(1, torn))).toEqual({ kind: 'torn', step: 'get-version', reason: 'card-left' })
    const gone = { kind: 'notSent', reason: 'no-card' } as const
    expect(await recogniseCard(withAnswer(0, gone))).toEqual({
      kind: 'card-gone',
      step: 'select-application',
      reason: 'no-card',
    })
  })
})

describe('authentication', () => {
  test('AN12196 §6.6, whole exchange with key 0, with the key here', async () => {
    const vector = authentications.cases[0]
    if (vector?.capdu1 === undefined) throw new Error('vector order')
    const card = scriptedCard([
      { command: vector.capdu1, response: vector.rapdu1 },
      { command: vector.capdu2, response: vector.rapdu2 },
    ])
    expect(await authenticateLocally(card, fromHex(vector.key), scriptedRandom(vector.RndA), 0)).toEqual({
      kind: 'session',
      session: {
        transactionId: fromHex(vector.TI),
        encKey: fromHex(vector.KSesAuthENC),
        macKey: fromHex(vector.KSesAuthMAC),
        commandCounter: 0,
      },
    })
    expect(card.sent).toEqual([vector.capdu1, vector.capdu2])
  })

  test('relayed step by step: the till sees challenge, part 2, part 3 and session keys, never the key', async () => {
    const card = scriptedCard(sale.exchanges.slice(at.challenge))
    const challenge = await beginRelayedAuthentication(card)
    if (challenge.kind !== 'challenge') throw new Error(challenge.kind)
    const part2 = ev2Part2(tillKey, challenge.encRndB, fromHex(sale.rndA))
    if (part2.kind !== 'part2') throw new Error(part2.kind)
    const part3 = await finishRelayedAuthentication(card, part2.part2)
    if (part3.kind !== 'part3') throw new Error(part3.kind)
    const completion = ev2Complete(tillKey, part2.state, part3.part3)
    if (completion.kind !== 'session') throw new Error(completion.kind)
    const { transactionId, encKey, macKey } = completion.session
    const session = sessionFromKeys({ ti: transactionId, encKey, macKey })
    if (session === null) throw new Error('session keys have wrong lengths')
    expect(session).toEqual(completion.session)
    expect(await writeBinding(card, session, termsHash)).toMatchObject({
      kind: 'written',
      session: { commandCounter: 1 },
    })
    expect(card.sent).toEqual(commands.slice(at.challenge, at.write + 1))
  })

  test('session keys of wrong lengths are no session', () => {
    const keys = { ti: new Uint8Array(4), encKey: new Uint8Array(16), macKey: new Uint8Array(16) }
    expect(sessionFromKeys({ ...keys, ti: new Uint8Array(3) })).toBeNull()
    expect(sessionFromKeys({ ...keys, encKey: new Uint8Array(15) })).toBeNull()
    expect(sessionFromKeys({ ...keys, macKey: new Uint8Array(17) })).toBeNull()
  })
})

describe('taking a sale-bound proof', () => {
  const proof = { kind: 'proof', sun: sale.sun, uid }

  test('sends exactly the recorded presence and gives the message that the ledger can open', async () => {
    const card = scriptedCard(sale.exchanges)
    const taken = await take(card)
    expect(card.sent).toEqual(commands)
    expect(taken).toEqual(proof)
    if (taken.kind !== 'proof') return
    const opened = openSun(taken.sun, {
      metaReadKey: fromHex(sale.metaReadKey),
      fileReadKeyOf: () => fromHex(sale.fileReadKey),
    })
    expect(opened).toEqual({ kind: 'opened', uid, counter: sale.counter, termsHash })
  })

  test('a card already recognised in this presence is only selected again', async () => {
    const card = scriptedCard([...sale.exchanges.slice(0, 1), ...sale.exchanges.slice(at.challenge)])
    expect(await takeSaleBoundProof(card, localKey, termsHash, random(), { kind: 'ntag424', uid })).toEqual(proof)
  })

  test('an issuer diversifies the till key by the UID', async () => {
    expect(await take(scriptedCard(sale.exchanges), masterKeyHolder(fromHex(sale.tillMasterKey)))).toEqual(proof)
  })

  const ledger: AuthenticationRelay = {
    async challenge(_, encRndB) {
      const part2 = ev2Part2(tillKey, encRndB, fromHex(sale.rndA))
      if (part2.kind !== 'part2') return { kind: 'refused', reason: part2.kind }
      return { kind: 'part2', part2: part2.part2, handle: 'h1' }
    },
    async complete(handle) {
      expect(handle).toBe('h1')
      const { ti, encKey, macKey } = sale.session
      return { kind: 'keys', ti: fromHex(ti), encKey: fromHex(encKey), macKey: fromHex(macKey) }
    },
  }

  test('relayed: the same presence, the key at the ledger', async () => {
    const card = scriptedCard(sale.exchanges)
    expect(await take(card, relayedAuthenticator(ledger))).toEqual(proof)
    expect(card.sent).toEqual(commands)
  })

  test.each([
    ['unreachable', 'unavailable', 'CARD_AUTHENTICATION_UNAVAILABLE'],
    ['card blocked', 'refused', 'CARD_AUTHENTICATION_REFUSED'],
  ] as const)('relayed: %s, and nothing more is sent to the card', async (reason, kind, code) => {
    const card = scriptedCard(sale.exchanges)
    const relay = { ...ledger, challenge: async () => ({ kind, reason }) }
    expect(await take(card, relayedAuthenticator(relay))).toEqual({
      kind: 'refused',
      step: 'authenticate',
      code,
      detail: reason,
    })
    expect(card.sent).toEqual(commands.slice(0, at.challenge + 1))
  })

  test('relayed: what the ledger sends is checked for its lengths', async () => {
    const shortPart2 = {
      ...ledger,
      challenge: async () => ({ kind: 'part2', part2: new Uint8Array(31), handle: '' }) as const,
    }
    expect(await take(scriptedCard(sale.exchanges), relayedAuthenticator(shortPart2))).toMatchObject({
      code: 'CARD_AUTHENTICATION_UNAVAILABLE',
      detail: 'part-2-length',
    })
    const none = new Uint8Array(0)
    const noKeys = {
      ...ledger,
      complete: async () => ({ kind: 'keys', ti: none, encKey: none, macKey: none }) as const,
    }
    expect(await take(scriptedCard(sale.exchanges), relayedAuthenticator(noKeys))).toMatchObject({
      code: 'CARD_AUTHENTICATION_UNAVAILABLE',
      detail: 'session-key-length',
    })
  })

  test('a lease for another card: refused before the card is answered', async () => {
    const card = scriptedCard(sale.exchanges)
    expect(
      await take(
        card,
        keyHolder(() => null),
      ),
    ).toMatchObject({
      code: 'CARD_AUTHENTICATION_REFUSED',
      detail: 'no-key-for-card',
    })
    expect(card.sent).toHaveLength(at.challenge + 1)
  })

  test.each([
    ['unknown hardware', at.version, '0401013300160591AF', 'CARD_UNKNOWN'],
    ['a key that the card does not know', at.part3, '91AE', 'CARD_AUTHENTICATION_FAILED'],
    ['a key that is disabled', at.challenge, '919D', 'CARD_AUTHENTICATION_FAILED'],
    ['a card that still waits', at.challenge, '91AD', 'CARD_AUTHENTICATION_DELAYED'],
    ['a short challenge', at.challenge, '0011223391AF', 'CARD_ANSWER_MALFORMED'],
    ['a short part 3', at.part3, '00112233445566779100', 'CARD_ANSWER_MALFORMED'],
    ['a part 3 made without the key', at.part3, `${'5A'.repeat(32)}9100`, 'CARD_AUTHENTICATION_FAILED'],
    ['a nonsense status', at.challenge, '6F00', 'CARD_ANSWER_MALFORMED'],
    ['a write refused', at.write, '919D', 'CARD_WRITE_REFUSED'],
    ['a write into worn EEPROM', at.write, '91EE', 'CARD_WRITE_REFUSED'],
    ['a write confirmed without a MAC', at.write, '9100', 'CARD_ANSWER_MALFORMED'],
    ['a write confirmed with a wrong MAC', at.write, '00112233445566779100', 'CARD_ANSWER_MALFORMED'],
    ['no application any more', at.reselect, '6A82', 'CARD_ANSWER_MALFORMED'],
    ['no file', at.selectFile, '6A82', 'CARD_ANSWER_MALFORMED'],
    ['a read refused', at.read, '6982', 'CARD_ANSWER_MALFORMED'],
    ['a short read', at.read, '00009000', 'CARD_ANSWER_MALFORMED'],
  ])('%s', async (_, index, answer, code) => {
    const card = withAnswer(index, answer)
    const taken = await take(card)
    expect(taken).toMatchObject({ kind: 'refused', code })
    const attempts = card.sent.filter((command) => command.startsWith('9071'))
    expect(attempts.length).toBeLessThanOrEqual(1)
  })

  test('a replay of an old presence fails at part 3, because RndA is new', async () => {
    const replay = playbackCard((index) => answered(sale.exchanges[index]?.response ?? ''))
    const fresh = scriptedRandom('0F'.repeat(16))
    expect(await takeSaleBoundProof(replay, localKey, termsHash, fresh)).toMatchObject({
      kind: 'refused',
      code: 'CARD_AUTHENTICATION_FAILED',
      detail: 'card-not-authentic',
    })
  })

  test('the binding of another tender read back is no proof', async () => {
    // The MAC of WriteData's answer does not cover the data, so the recording passes until the comparison.
    const card = playbackCard((index) => answered(sale.exchanges[index]?.response ?? ''))
    expect(await takeSaleBoundProof(card, localKey, new Uint8Array(32).fill(1), random())).toEqual({
      kind: 'refused',
      step: 'read-message',
      code: 'CARD_BINDING_MISMATCH',
      detail: 'other-binding-read-back',
    })
  })

  const steps = [
    'select-application',
    'get-version',
    'get-version',
    'get-version',
    'authenticate',
    'authenticate',
    'write-binding',
    'select-again',
    'select-again',
    'read-message',
  ] as const
  test.each(steps.map((step, index) => [index, step] as const))('torn at command %i: %s', async (index, step) => {
    const left = await take(withAnswer(index, { kind: 'unknown', reason: 'card-left' }))
    expect(left).toEqual({ kind: 'torn', step, executed: 'unknown', reason: 'card-left' })
    const gone = await take(withAnswer(index, { kind: 'notSent', reason: 'no-card' }))
    expect(gone).toEqual({ kind: 'torn', step, executed: 'no', reason: 'no-card' })
    const empty = await take(withAnswer(index, answered('')))
    expect(empty).toEqual({ kind: 'torn', step, executed: 'unknown', reason: 'short-response' })
  })

  test('a terms hash that is not 32 bytes is a broken invariant', async () => {
    await expect(takeSaleBoundProof(scriptedCard([]), localKey, new Uint8Array(31), random())).rejects.toThrow(
      RangeError,
    )
  })
})

const readBack = (file: Uint8Array) =>
  readSun(playbackCard((index) => answered(index < 2 ? '9000' : `${toHex(file)}9000`)))

describe('reading the message', () => {
  test('offsets are those of docs/design/02', () => {
    const file = blankNdefFile()
    expect(file).toHaveLength(143)
    expect(ndefMessageEnd).toBe(143)
    expect(toHex(file.subarray(0, 7))).toBe('008DD101895504')
    const text = new TextDecoder().decode(file)
    expect([text.indexOf('e=') + 2, text.indexOf('&b=') + 3, text.indexOf('&m=') + 3]).toEqual([25, 60, 127])
  })

  test('a card whose mirror is off gives no message', async () => {
    expect(await readBack(blankNdefFile())).toMatchObject({ code: 'CARD_ANSWER_MALFORMED', detail: 'mirror-off' })
  })

  test('another URL gives no message', async () => {
    const file = fromHex(sale.exchanges[at.read]?.response.slice(0, -4) ?? '')
    expect(await readBack(file)).toMatchObject({ kind: 'sun' })
    expect(await readBack(file.with(10, 0x58))).toMatchObject({ code: 'CARD_ANSWER_MALFORMED', detail: 'wrong-layout' })
    expect(await readBack(file.with(30, 0x7a))).toMatchObject({ code: 'CARD_ANSWER_MALFORMED', detail: 'not-hex' })
  })
})
