/**
 * Method: each card as a reader with it answers, from the documents that `recognition.ts` names. Every answer has a
 * name, and what is not known has a safe one.
 */
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import { diversifyAes128 } from '../../../src/voucher/cards/an10922.ts'
import { passwordOf } from '../../../src/voucher/cards/ntag21x-personalisation.ts'
import { recogniseAnyCard } from '../../../src/voucher/cards/recognition.ts'
import { readCardToEnrol } from '../../../src/voucher/cards/uid-enrolment.ts'
import { uidFaultOf } from '../../../src/voucher/cards/uid.ts'
import { scriptedCard, type Exchange } from './scripted-card.ts'

const storage = (name: string, standard = '03') => fromHex(`3B8F8001804F0CA000000306${standard}${name}00000000AA`)
const getUid = (uid: string): Exchange => ({ command: 'FFCA000000', response: uid === '' ? '6300' : `${uid}9000` })
const type2Version = (response: string): Exchange => ({ command: 'FF00000003D44260', response })
const select = (status: string): Exchange => ({ command: '00A4040007D276000085010100', response: status })
const version = (response: string): Exchange => ({ command: '9060000000', response })
const uid = '04A1B2C3D4E5F6'

async function recognised(
  exchanges: readonly Exchange[],
  atr: Uint8Array = fromHex('3B8180018080'),
  readerName?: string,
) {
  const card = scriptedCard(exchanges, atr)
  const found = await recogniseAnyCard(readerName === undefined ? card : { ...card, readerName })
  expect(card.sent).toEqual(exchanges.map(({ command }) => command))
  if (!('name' in found)) return found
  const { kind, name } = found
  if (!('uid' in found)) return { kind, name }
  const own = { kind, name, uid: toHex(found.uid) }
  return 'isHidden' in found ? { ...own, isHidden: found.isHidden } : own
}

describe('a storage card', () => {
  test.each([
    ['0001', 'MIFARE Classic 1K', '0A1B2C3D'],
    ['0002', 'MIFARE Classic 4K', uid],
    ['0026', 'MIFARE Mini', '0A1B2C3D'],
    ['FF88', 'storage card FF88', `${uid}010203`],
  ])('of name %s is %s', async (name, words, own) => {
    expect(await recognised([getUid(own)], storage(name))).toEqual({ kind: 'uid', name: words, uid: own })
  })

  test.each([
    ['0F', 'NTAG213'],
    ['11', 'NTAG215'],
    ['13', 'NTAG216'],
  ])('with size %s in its version is an %s', async (size, name) => {
    const exchanges = [type2Version(`D54300000404020100${size}039000`), getUid(uid)]
    expect(await recognised(exchanges, storage('0003'))).toEqual({ kind: 'ntag21x', name, uid })
  })

  test.each([
    ['an Ultralight, which is silent', 'D543019000', 'MIFARE Ultralight'],
    ['one that says no', 'D543029000', 'MIFARE Ultralight'],
    ['an Ultralight EV1', 'D543000004030101000B039000', 'MIFARE Ultralight EV1'],
    ['a copy that names its own maker', 'D5430000530402010011039000', 'card of NFC Forum type 2 of maker 53'],
    ['an unknown size', 'D543000004040201000E039000', 'NXP card of NFC Forum type 2, 04'],
  ])('%s is known by its UID', async (_what, response, name) => {
    expect(await recognised([type2Version(response), getUid(uid)], storage('0003'))).toEqual({ kind: 'uid', name, uid })
  })

  test('is not supported where nothing can be told', async () => {
    for (const [answer, what] of [
      ['D543059000', 'PN532 error 5'],
      ['D543009000', '0 bytes of version'],
      ['D543000004040201000F9000', '7 bytes of version'],
      ['0102039000', 'not a PN532 answer'],
    ] as const)
      for (const reader of [undefined, 'ACS ACR122U 00 00'])
        expect(await recognised([type2Version(answer)], storage('0003'), reader)).toEqual({
          kind: 'unreadable',
          name: `not readable: ${what}`,
        })
    for (const [answer, what] of [
      ['6300', 'ISO_FAILED (6300)'],
      ['6700', 'ISO_WRONG_LENGTH (6700)'],
      ['D543', 'UNKNOWN (D543)'],
    ] as const)
      expect(await recognised([type2Version(answer)], storage('0003'), 'ACS ACR122U 00 00')).toEqual({
        kind: 'unreadable',
        name: `not readable: ${what}`,
      })
    // No refusal: what is left of an answer, which may be that of a card that proves more than its UID.
    for (const left of ['D543', 'D5430000', '0404016300', '7A31'])
      expect(await recognised([type2Version(left)], storage('0003'))).toMatchObject({ kind: 'unreadable' })
    const other = 'not supported: storage card of standard 0B'
    expect(await recognised([], storage('0014', '0B'))).toEqual({ kind: 'unsupported', name: other })
    const silent = 'not supported: MIFARE Classic 1K: no-uid, ISO_FAILED (6300)'
    expect(await recognised([getUid('')], storage('0001'))).toEqual({ kind: 'unsupported', name: silent })
    const odd = 'not supported: MIFARE Classic 1K: malformed, 5 bytes'
    expect(await recognised([getUid('0102030405')], storage('0001'))).toEqual({ kind: 'unsupported', name: odd })
  })
})

describe('a card of NFC Forum type 2, through a transparent session', () => {
  const begin: Exchange = { command: 'FFC20000028100', response: 'C0030090009000' }
  const layer3: Exchange = { command: 'FFC20002048F020003', response: 'C0030090008F01009000' }
  const asked = (response: string): Exchange => ({ command: 'FFC200010A5F460400010100950160', response })
  const end: Exchange = { command: 'FFC20000028200', response: 'C0030090009000' }
  const ntag213 = '97080004040201000F03'
  const ntag = { kind: 'ntag21x', name: 'NTAG213', uid }
  const ultralight = { kind: 'uid', name: 'MIFARE Ultralight', uid }

  test.each([
    ['with all that a reader may say of it', `C00300900092010096020000${ntag213}9000`],
    ['with its answer alone', `${ntag213}9000`],
  ])('is known by its version, %s', async (_what, answer) => {
    for (const reader of ['ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00', 'ACS ACR1552U PICC 0']) {
      const exchanges = [begin, layer3, asked(answer), end, getUid(uid)]
      expect(await recognised(exchanges, storage('0003'), reader)).toEqual(ntag)
    }
  })

  test('is asked so at a reader that nobody has described, once its PN532 is none', async () => {
    const exchanges = [type2Version('6A81'), begin, layer3, asked(`${ntag213}9000`), end, getUid(uid)]
    expect(await recognised(exchanges, storage('0003'))).toEqual(ntag)
    expect(await recognised([type2Version('6A81'), getUid(uid)], storage('0003'), 'ACS ACR122U 00 00')).toEqual({
      ...ultralight,
      isHidden: true,
    })
  })

  const statuses = ['6A81', '6D00', '6E00', '6300', '6401', '6700', '6900', '6982', '6985', '6A86', '6B00', '6F00']

  test.each(statuses)(
    'is asked the other way at a reader that nobody has described, whatever refusal it has for the first: %s',
    async (status) => {
      const first = type2Version(status)
      const session = [first, begin, layer3, asked(`${ntag213}9000`), end, getUid(uid)]
      for (const reader of [undefined, 'Somebody’s Reader 0'])
        expect(await recognised(session, storage('0003'), reader)).toEqual(ntag)
      const neither = [first, { ...begin, response: status }, end, getUid(uid)]
      expect(await recognised(neither, storage('0003'))).toEqual({ ...ultralight, isHidden: true })
    },
  )

  test.each([
    ['nothing answered', 'C0030264019000'],
    ['four bits did', 'C003009000920104960201009701009000'],
    ['the reception was bad', `C00300900096020100${ntag213}9000`],
    ['there is no answer in it', 'C0030090009000'],
    ['the reader says so by its status', '6401'],
  ])('is known by its UID where %s, and the session ends', async (_what, answer) => {
    const exchanges = [begin, layer3, asked(answer), end, getUid(uid)]
    expect(await recognised(exchanges, storage('0003'), 'ACS ACR1252 0')).toEqual(ultralight)
  })

  test.each(['C0030164019000', 'C003016A819000', '6A81'])(
    'is hidden where the reader speaks in no such session, or the card left: %s',
    async (answer) => {
      const exchanges = [begin, { ...layer3, response: answer }, end, getUid(uid)]
      const found = await recognised(exchanges, storage('0003'), 'ACS ACR1252 0')
      expect(found).toEqual({ ...ultralight, isHidden: true })
    },
  )

  test('is an Ultralight where it says nothing to GET_VERSION; where the reader says else, hold it again', async () => {
    const after = (answer: string) => [begin, layer3, asked(answer), end, getUid(uid)]
    for (const answer of ['C0030264019000', '6300'])
      expect(await recognised(after(answer), storage('0003'), 'ACS ACR1252 0')).toEqual(ultralight)
    for (const answer of ['C0030267009000', '6A81'])
      expect(await recognised(after(answer).slice(0, 4), storage('0003'), 'ACS ACR1252 0')).toMatchObject({
        kind: 'unreadable',
      })
  })

  test.each(['6A81', '6D00', '6300', 'C003016A819000'])('is hidden where the reader says %s to it', async (answer) => {
    const exchanges = [{ ...begin, response: answer }, end, getUid(uid)]
    const found = await recognised(exchanges, storage('0003'), 'ACS ACR1252 0')
    expect(found).toEqual({ ...ultralight, isHidden: true })
  })

  test('is not enrolled by its UID where the reader hides it: at another it might be known by more', async () => {
    const card = scriptedCard([type2Version('6A81'), { ...begin, response: '6D00' }, end, getUid(uid)], storage('0003'))
    expect(await readCardToEnrol(card)).toMatchObject({ kind: 'refused', code: 'READER_HIDES_CARD' })
  })

  test.each(['C00300909000', '97059000', '5F9000'])(
    'is not readable where the answer is %s, and the session ends',
    async (answer) => {
      const exchanges = [begin, layer3, asked(answer), end]
      expect(await recognised(exchanges, storage('0003'), 'ACS ACR1252 0')).toMatchObject({ kind: 'unreadable' })
    },
  )
})

/** Neither of our applets' names. */
const noApplets = ['01', '02'].map((last) => ({ command: `00A4040007F0544F4C454D${last}00`, response: '6A82' }))
/** To SELECT of the name of a voucher card, without status. */
const appletSays =
  '6F358407F0544F4C454D01A52AC00101C10101C210C54872AC963DB72DDB5DC99EB75EC4E8C310101112131415161718191A1B1C1D1E1F'

describe('a processor card', () => {
  const threeFrames = (hardware: string, own: string): Exchange[] => [
    version(`${hardware}91AF`),
    { command: '90AF000000', response: '0401010300180591AF' },
    { command: '90AF000000', response: `${own}0000000000000000`.slice(0, 28) + '9100' },
  ]

  test('with the application is an NTAG 424 DNA', async () => {
    const exchanges = [select('9000'), ...threeFrames('04040230001105', uid)]
    expect(await recognised(exchanges)).toEqual({ kind: 'ntag424', name: 'NTAG 424 DNA', uid })
  })

  test.each([
    ['04010133001A05', 'MIFARE DESFire EV3'],
    ['04010112001805', 'MIFARE DESFire EV2'],
    ['04080130001805', 'card of hardware 08/30 of maker 04'],
    ['04629901001805', 'card of hardware 62/01 of maker 04'],
  ])('with hardware %s is known by its UID', async (hardware, name) => {
    const words = hardware.startsWith('0408') ? 'MIFARE DESFire Light' : name
    const exchanges = [select('6A82'), ...threeFrames(hardware, uid), ...noApplets, getUid(uid)]
    expect(await recognised(exchanges)).toEqual({ kind: 'uid', name: words, uid })
  })

  test('of somebody else, which knows no GetVersion, is known by its UID', async () => {
    const exchanges = [select('6A82'), version('6E00'), ...noApplets, getUid(uid)]
    expect(await recognised(exchanges)).toEqual({ kind: 'uid', name: 'card of ISO/IEC 14443-4', uid })
  })

  test('that shows another UID each time is told apart', async () => {
    const exchanges = [select('6A82'), version('6E00'), ...noApplets, getUid('08A1B2C3')]
    expect(await recognised(exchanges)).toEqual({ kind: 'random-uid', name: 'card of ISO/IEC 14443-4' })
  })

  test('with our applet counts by that, whatever its UID', async () => {
    const [asked] = noApplets
    const says = (response: string) => [select('6A82'), version('6E00'), { ...asked!, response: `${response}9000` }]
    expect(await recognised(says(appletSays))).toMatchObject({ kind: 'tolem-applet', name: 'Tölem applet' })
    expect(await recognised(says(appletSays.replace('C00101', 'C00102')))).toEqual({
      kind: 'unsupported',
      name: 'not supported: Tölem applet of version 2',
    })
    expect(await recognised(says(appletSays.slice(0, 80)))).toMatchObject({ kind: 'unreadable' })
  })

  test('that has our application, or is of our hardware, never counts by its UID', async () => {
    const plays = [select('9000'), version('6E00')]
    expect(await recognised(plays)).toEqual({
      kind: 'unsupported',
      name: 'not supported: card of ISO/IEC 14443-4 with the application',
    })
    const without = [select('6A82'), ...threeFrames('04040230001105', uid)]
    expect(await recognised(without)).toEqual({
      kind: 'unsupported',
      name: 'not supported: NTAG 424 DNA without the application',
    })
    const garbled = [select('6A82'), version('04040291AF')]
    expect(await recognised([...garbled, { command: '90AF000000', response: '91CA' }])).toEqual({
      kind: 'unreadable',
      name: 'not readable: its version',
    })
  })
})

/** PC/SC part 3 §3.1.3.2.3: application data, protocol info, MBLI. Whether TCK is right says nothing about the card. */
const typeB = (protocolType: string, checksum = '3A') => fromHex(`3B88800100000000338${protocolType}8100${checksum}`)

describe('a card of type B', () => {
  const unknownCard = [select('6A82'), version('6E00'), ...noApplets]

  test.each([
    ['1', '3A'],
    ['1', '2A'],
    ['3', '38'],
    ['5', '3E'],
    ['7', '3C'],
  ])(
    'of protocol type %s is known by no PUPI, whatever it begins with: another one may follow',
    async (type, check) => {
      for (const pupi of ['4A1B2C3D', 'C0FFEE01', '08A1B2C3', '88010203', '00000000'])
        expect(await recognised([...unknownCard, getUid(pupi)], typeB(type, check))).toEqual({
          kind: 'random-uid',
          name: 'card of ISO/IEC 14443-4, type B',
        })
    },
  )

  test('is not enrolled by its PUPI', async () => {
    const card = scriptedCard([...unknownCard, getUid('4A1B2C3D')], typeB('1'))
    expect(await readCardToEnrol(card)).toMatchObject({ kind: 'refused', code: 'CARD_RANDOM_UID' })
  })

  test('of our own applet counts by that', async () => {
    const exchanges = [...unknownCard.slice(0, 2), { ...noApplets[0]!, response: `${appletSays}9000` }]
    expect(await recognised(exchanges, typeB('1'))).toMatchObject({ kind: 'tolem-applet' })
  })

  test.each([
    ['whose protocol type would be of no card of ISO/IEC 14443-4', '3B8880010073C84013009000 71', '4A1B2C3D'],
    ['with seven historical bytes', '3B878001000000003381813D', '4A1B2C3D'],
    ['with nine', '3B89800100000000338181000035', '4A1B2C3D'],
    ['with contacts', '3B880000000033818100', '4A1B2C3D'],
    ['and a UID of 7 bytes', '3B88800100000000338181003A', uid],
  ])('is none that is of type A for certain: one %s pays by its UID', async (_what, atr, own) => {
    const found = await recognised([...unknownCard, getUid(own)], fromHex(atr.replaceAll(' ', '')))
    expect(found).toEqual({ kind: 'uid', name: 'card of ISO/IEC 14443-4', uid: own })
  })
})

test.each([
  ['08000000', 'random'],
  ['08FFFFFF', 'random'],
  ['88010203', 'malformed'],
  ['F8010203', 'malformed'],
  ['00000000', 'malformed'],
  ['0102030405', 'malformed'],
  ['', 'malformed'],
  ['0F010203', null],
  ['08010203040506', null],
  ['04010203040506070809', null],
])('the UID %s is %s', (bytes, fault) => {
  expect(uidFaultOf(fromHex(bytes))).toBe(fault)
})

test('a card’s password is of its UID: AN10922 with an input of 13 bytes, where a plain CMAC would differ', () => {
  const master = fromHex('00112233445566778899AABBCCDDEEFF')
  const key = diversifyAes128(master, fromHex(`${uid}544C4D323178`))
  const { password, acknowledge } = passwordOf(master, fromHex(uid))
  expect([toHex(password), toHex(acknowledge)]).toEqual([toHex(key.slice(0, 4)), toHex(key.slice(4, 6))])
  expect(passwordOf(master, fromHex('04A1B2C3D4E5F7'))).not.toEqual({ password, acknowledge })
})
