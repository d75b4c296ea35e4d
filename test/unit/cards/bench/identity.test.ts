/**
 * Which card is this? Method: the virtual cards of `hardware-mocks/`, which share no code with the terminal, and cards
 * that answer by a table; each card is asked everything, and every command that was sent is looked at.
 */
import { describe, expect, test } from 'vitest'
import { desfireEv3Card, garbageCard, mifareClassicCard } from '../../../../hardware-mocks/cards/otherCards.ts'
import { blankApplet } from '../../../../hardware-mocks/cards/applet-state.ts'
import { factoryCard } from '../../../../hardware-mocks/cards/ntag424-state.ts'
import { seededRandom } from '../../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../../hardware-mocks/cards/virtual-card.ts'
import { asciiBytes, concatBytes, fromHex, toHex } from '../../../../src/voucher/cards/bytes.ts'
import type { CardChannel, ChannelAnswer } from '../../../../src/voucher/cards/card-channel.ts'
import { cardRiskOf } from '../../../../src/voucher/cards/bench/card-risk.ts'
import { identifyCard } from '../../../../src/voucher/cards/bench/identity.ts'
import { ntag21x } from '../../../fixtures/identified-cards.ts'
import { activeApplet, laidApplet } from '../../hardware-mocks/applet-card.ts'
import { laidCard, PERSONALISED } from '../../hardware-mocks/demo-card.ts'

/** A reader with this card on it: answers `FF CA` itself. @param most commands before the card is pulled away */
function onReader(card: VirtualCard, most = Number.POSITIVE_INFINITY): CardChannel & { readonly sent: string[] } {
  const sent: string[] = []
  return {
    atr: card.atr,
    sent,
    async transmit(command): Promise<ChannelAnswer> {
      if (sent.length >= most) return { kind: 'notSent', reason: 'no-card' }
      sent.push(toHex(command))
      if (toHex(command) === 'FFCA000000') return { kind: 'answered', response: concatBytes(card.uid, fromHex('9000')) }
      const answer = card.exchange(command)
      return answer.kind === 'answered'
        ? { kind: 'answered', response: answer.response }
        : { kind: 'unknown', reason: 'timed-out' }
    },
  }
}

/** Answers by a table, several answers in turn; everything else with 6D00. */
function scripted(atr: string, answers: Readonly<Record<string, string | readonly string[]>>): CardChannel {
  const asked = new Map<string, number>()
  return {
    atr: fromHex(atr),
    transmit: async (command) => {
      const hex = toHex(command)
      const before = asked.get(hex) ?? 0
      asked.set(hex, before + 1)
      const answer = [answers[hex] ?? '6D00'].flat()
      return { kind: 'answered', response: fromHex(answer[before % answer.length] ?? '6D00') }
    },
  }
}

const isoDep = '3B8180018080'
const uid = fromHex('04A1B2C3D4E5F6')

describe('a card', () => {
  test('that people carry: a MIFARE Classic counts by its UID, and by nothing else', async () => {
    const identity = await identifyCard(onReader(mifareClassicCard({ uid: fromHex('0A1B2C3D') })))
    expect(identity).toMatchObject({
      name: 'MIFARE Classic 1K',
      isPartial: false,
      applications: [],
      version: null,
      profiles: { uid: null, ntag21x: 'other_chip', ntag424: 'other_chip', 'tolem-applet': 'no_application' },
    })
    expect(identity.uid).toEqual({ kind: 'own', bytes: fromHex('0A1B2C3D') })
  })

  test('of type NTAG213 says its chip, and whether NXP made it', async () => {
    const { card } = ntag21x()
    const identity = await identifyCard(onReader(card))
    expect(identity).toMatchObject({
      name: 'NTAG213',
      originality: 'original',
      version: { vendor: 4, type: 4 },
      profiles: { ntag21x: null, uid: 'proves_more' },
    })
  })

  test('behind a reader that hands nothing on is no NTAG21x, and it is said why', async () => {
    const identity = await identifyCard(
      scripted('3B8F8001804F0CA0000003060300030000000068', { FFCA000000: `${toHex(uid)}9000` }),
    )
    expect(identity).toMatchObject({ name: 'MIFARE Ultralight', profiles: { ntag21x: 'reader_hides_it', uid: null } })
  })

  test('MIFARE DESFire EV3 is told from an NTAG 424 DNA, whose ATR it has', async () => {
    const identity = await identifyCard(onReader(desfireEv3Card({ uid })))
    expect(identity).toMatchObject({
      name: 'MIFARE DESFire EV3',
      version: { major: 0x33, made: { week: 9, year: 2022 } },
      profiles: { uid: null, ntag424: 'other_chip' },
    })
    expect(identity.applications.every(({ isFound, status }) => !isFound && status === 0x6a82)).toBe(true)
  })

  test('NTAG 424 DNA with a random UID is taken by no profile', async () => {
    const identity = await identifyCard(
      scripted(isoDep, {
        '00A4040007D276000085010100': '9000',
        '9060000000': '0404023000110591AF',
        '90AF000000': ['0404020101110591AF', `${'00'.repeat(7)}CF391590${'00'}44219100`],
        FFCA000000: '081122339000',
      }),
    )
    expect(identity).toMatchObject({
      name: 'NTAG 424 DNA',
      version: { made: { week: 44, year: 2021 }, storage: { atLeast: 256, atMost: 512 } },
      profiles: { ntag424: 'random_uid', uid: 'random_uid' },
    })
    expect(identity.uid).toEqual({ kind: 'random', bytes: fromHex('08112233') })
  })

  test('a card of type B is taken by no profile, and said to be one', async () => {
    const answers = { FFCA000000: '4A1B2C3D9000', '9060000000': '6E00' }
    const identity = await identifyCard(scripted('3B88800100000000338181003A', answers))
    expect(identity.uid).toEqual({ kind: 'type_b', bytes: fromHex('4A1B2C3D') })
    expect(identity.profiles).toMatchObject({ uid: 'type_b', ntag424: 'other_chip', ntag21x: 'other_chip' })
  })

  test('NTAG 424 DNA of an issuer is ours; its log has commands, and nothing that they changed', async () => {
    const { card, log } = laidCard()
    const identity = await identifyCard(onReader(card))
    expect(identity).toMatchObject({
      name: 'NTAG 424 DNA',
      originality: 'not_original',
      profiles: { ntag424: null, uid: 'proves_more', 'tolem-applet': 'no_application' },
    })
    expect(identity.applications.find(({ application }) => application === 'ndef')?.isFound).toBe(true)
    expect(new Set(log.map(({ kind }) => kind))).toEqual(new Set(['field', 'command']))
  })

  test('NTAG 424 DNA says whether NXP made it: new, of an issuer, and with all its keys closed', async () => {
    const chip = { uid: fromHex('04518DFAA96180') }
    const keys = PERSONALISED.keys
    const closed = keys.map((key) => ({ ...key, totalFailures: 1_000 })) as unknown as typeof keys
    const factory = factoryCard(chip)
    for (const state of [factory, { ...PERSONALISED, uid: factory.uid }, { ...factory, keys: closed }]) {
      const { card } = laidCard(state)
      expect(await identifyCard(onReader(card))).toMatchObject({ name: 'NTAG 424 DNA', originality: 'original' })
      expect(card.state()).toEqual(state)
    }
  })

  test('NTAG 424 DNA that does not answer Read_Sig is asked the rest, and said not to have been read', async () => {
    const { card } = laidCard()
    const reader = onReader(card)
    const transmit = async (command: Uint8Array): Promise<ChannelAnswer> =>
      toHex(command).startsWith('903C') ? { kind: 'answered', response: fromHex('911C') } : reader.transmit(command)
    const identity = await identifyCard({ ...reader, transmit })
    expect(identity).toMatchObject({ originality: 'not_read', isPartial: false, profiles: { ntag424: null } })
    expect(identity.applications).toHaveLength(5)
  })

  test('NTAG 424 DNA that is mute at Read_Sig is asked nothing more, and known in part', async () => {
    const reader = onReader(laidCard().card)
    const transmit = async (command: Uint8Array): Promise<ChannelAnswer> => {
      const answer = await reader.transmit(command)
      return toHex(command).startsWith('903C') ? { kind: 'unknown', reason: 'timed-out' } : answer
    }
    expect(await identifyCard({ ...reader, transmit })).toMatchObject({ originality: null, isPartial: true })
    expect(reader.sent.at(-1)).toBe('903C0000010000')
  })

  test.each([
    ['an issuer’s', activeApplet(), 'voucher', false, 'tolem_voucher'],
    ['a blank', blankApplet({ uid: null, cardKind: 1 }), 'voucher', true, 'tolem_voucher'],
    ['a bank’s', { ...activeApplet(), cardKind: 2 as const }, 'cbdc', false, 'tolem_cbdc'],
  ] as const)(
    'with %s applet is known by it alone, and nothing of it was written',
    async (_whose, state, kind, isBlank, application) => {
      const { card, saves } = laidApplet(state)
      const identity = await identifyCard(onReader(card))
      expect(identity).toMatchObject({ name: 'Tölem applet', applet: { kind, isBlank } })
      expect(identity.profiles).toMatchObject({ 'tolem-applet': null, uid: 'proves_more', ntag424: 'other_chip' })
      expect(identity.applications.filter(({ isFound }) => isFound).map((one) => one.application)).toEqual([
        application,
      ])
      expect(saves()).toBe(0)
    },
  )

  test('of a bank names the applications that its directory lists; it is nobody’s of ours', async () => {
    const directory = '6F23840E325041592E5359532E4444463031A511BF0C0E610C4F07F00000000310108701019000'
    const select = `00A404000E${toHex(asciiBytes('2PAY.SYS.DDF01'))}00`
    const identity = await identifyCard(
      scripted(isoDep, { [select]: directory, FFCA000000: '08A1B2C39000', FFCA010000: '0675778102809000' }),
    )
    expect(identity.applications.find(({ application }) => application === 'ppse')).toEqual({
      application: 'ppse',
      isFound: true,
      status: 0x9000,
      lists: ['F0000000031010'],
    })
    expect(identity.ats?.interface?.frameBytes).toBe(64)
    expect(identity).toMatchObject({ name: null, profiles: { uid: 'random_uid', 'tolem-applet': 'no_application' } })
  })
})

test('no card is authenticated, asked for a PIN or written to', async () => {
  const channels = [
    onReader(mifareClassicCard({ uid: fromHex('0A1B2C3D') })),
    onReader(desfireEv3Card({ uid })),
    onReader(ntag21x().card),
    onReader(laidCard().card),
  ]
  for (const channel of channels) await identifyCard(channel)
  const sent = channels.flatMap((channel) => channel.sent)
  expect(sent.length).toBeGreaterThan(20)
  expect(sent.filter((command) => cardRiskOf(fromHex(command)) !== null)).toEqual([])
})

test('a card that is pulled away after any command is known in part, and nothing hangs or throws', async () => {
  for (const made of [() => desfireEv3Card({ uid }), () => laidCard().card]) {
    const whole = onReader(made())
    await identifyCard(whole)
    for (let most = 0; most < whole.sent.length; most += 1)
      expect((await identifyCard(onReader(made(), most))).isPartial).toBe(true)
  }
})

test('garbage of a hundred cards is something, and never an exception', async () => {
  for (let seed = 0; seed < 100; seed += 1)
    expect(await identifyCard(onReader(garbageCard({ uid, random: seededRandom(`bench ${seed}`) })))).toHaveProperty(
      'profiles',
    )
})
