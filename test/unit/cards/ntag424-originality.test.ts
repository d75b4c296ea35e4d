/**
 * Read_Sig of an NTAG 424 DNA. Method: a card that plays back an answer; the pairs of UID and signature that NXP made
 * and that were published (test/fixtures/vectors/originality.json), and answers that no such card gives.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/voucher/cards/bytes.ts'
import type { ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { askNtag424Originality } from '../../../src/voucher/cards/ntag424-originality.ts'
import vectors from '../../fixtures/vectors/originality.json' with { type: 'json' }
import { answered, playbackCard } from './scripted-card.ts'

const pairsOf = (family: string) => vectors.families.find((one) => one.family === family)?.cases ?? []
const [first, second] = pairsOf('ntag424')
if (first === undefined || second === undefined) throw new Error('two published chips expected')
const uid = fromHex(first.uid)

const asked = (answer: ChannelAnswer, of = uid) =>
  askNtag424Originality(
    playbackCard(() => answer),
    of,
  )

describe('whether NXP made an NTAG 424 DNA', () => {
  test('is asked by one command, in plain', async () => {
    const card = playbackCard(() => answered(`${first.signature}9190`))
    expect(await askNtag424Originality(card, uid)).toEqual({ kind: 'original' })
    expect(card.sent).toEqual(['903C0000010000'])
  })

  test.each(pairsOf('ntag424'))('is true of the published chip $uid, whichever success it says', async (chip) => {
    for (const status of ['9190', '9100'])
      expect(await asked(answered(chip.signature + status), fromHex(chip.uid))).toEqual({ kind: 'original' })
  })

  test('is false with the signature of another chip or family, with one bit flipped, and of nobody', async () => {
    const flipped = `${first.signature.slice(0, -1)}0`
    const others = [second.signature, pairsOf('desfire-ev3')[0]?.signature ?? '', flipped, '5A'.repeat(56)]
    expect(new Set([first.signature, ...others]).size).toBe(5)
    for (const other of others) expect(await asked(answered(`${other}9190`))).toEqual({ kind: 'not-original' })
    expect(await asked(answered(`${first.signature}9190`), fromHex(second.uid))).toEqual({ kind: 'not-original' })
  })

  test.each([
    ['911C', 'refused', 'ILLEGAL_COMMAND_CODE (911C)'],
    [`${first.signature}911E`, 'refused', 'INTEGRITY_ERROR (911E)'],
    [`${first.signature}9000`, 'refused', 'ISO_OK (9000)'],
    ['9190', 'length', '0 bytes of signature'],
    [`${first.signature.slice(2)}9190`, 'length', '55 bytes of signature'],
    [`${first.signature}009190`, 'length', '57 bytes of signature'],
    [`${'8B'.repeat(32)}9190`, 'length', '32 bytes of signature'],
  ])('is not answered by %s', async (response, reason, detail) => {
    expect(await asked(answered(response))).toEqual({ kind: 'not-answered', reason, detail })
  })

  test('is not known of a card that leaves', async () => {
    const torn = { kind: 'torn', step: 'read-signature' }
    expect(await asked({ kind: 'unknown', reason: 'left' })).toEqual({ ...torn, executed: 'unknown', reason: 'left' })
    expect(await asked({ kind: 'notSent', reason: 'no-card' })).toEqual({ ...torn, executed: 'no', reason: 'no-card' })
    expect(await asked(answered('91'))).toMatchObject({ ...torn, executed: 'unknown' })
  })

  test('is a value whatever a card answers, and true of no made-up signature', async () => {
    const response = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 56, maxLength: 56 }).map((signature) => Uint8Array.from([...signature, 0x91, 0x90])),
    )
    await fc.assert(
      fc.asyncProperty(response, fc.uint8Array({ maxLength: 40 }), async (bytes, anyUid) => {
        const { kind } = await asked({ kind: 'answered', response: bytes }, anyUid)
        expect(['not-original', 'not-answered', 'torn']).toContain(kind)
      }),
      { seed: 424, numRuns: 500 },
    )
  })
})
