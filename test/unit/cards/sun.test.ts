import { describe, expect, test } from 'vitest'
import { aes128CbcEncrypt, aes128Cmac } from '../../../src/voucher/cards/aes.ts'
import { fromHex, littleEndianToNumber, toHex } from '../../../src/voucher/cards/bytes.ts'
import {
  decryptPiccData,
  fileReadKeysFromMaster,
  openSun,
  sunMac,
  sunSessionMacKey,
} from '../../../src/voucher/cards/sun.ts'
import presences from '../../fixtures/vectors/ntag424-presences.json' with { type: 'json' }
import vectors from '../../fixtures/vectors/ntag424-sdm.json' with { type: 'json' }

const empty = new Uint8Array(0)
const vectorOf = <Id extends (typeof vectors.cases)[number]['id']>(id: Id) => {
  const found = vectors.cases.find((vector) => vector.id === id)
  if (found === undefined) throw new Error(`no vector ${id}`)
  return found as unknown as Record<string, string> & { ctr?: number }
}
const field = (vector: Record<string, unknown>, name: string) => fromHex(vector[name] as string)

describe('published SDM vectors', () => {
  test('AN12196 §3.3 Table 1: both session keys', () => {
    const vector = vectorOf('an12196-t1-session-keys')
    const piccData = { uid: field(vector, 'uid'), counter: littleEndianToNumber(field(vector, 'ctr_le')) }
    const mac = sunSessionMacKey(field(vector, 'K_SDMFileRead'), piccData)
    expect(mac).toEqual(field(vector, 'KSesSDMFileReadMAC'))
    expect(aes128Cmac(field(vector, 'K_SDMFileRead'), field(vector, 'SV2'))).toEqual(mac)
    expect(aes128Cmac(field(vector, 'K_SDMFileRead'), field(vector, 'SV1'))).toEqual(
      field(vector, 'KSesSDMFileReadENC'),
    )
  })

  test('AN12196 §3.4: PICCData and MAC of the example URL', () => {
    const vector = vectorOf('an12196-sun1')
    const piccData = decryptPiccData(field(vector, 'K_SDMMetaRead'), field(vector, 'picc_enc'))
    expect(piccData).toEqual({ uid: field(vector, 'uid'), counter: vector.ctr })
    if (piccData === null) return
    const session = sunSessionMacKey(field(vector, 'K_SDMFileRead'), piccData)
    expect(session).toEqual(field(vector, 'KSesSDMFileReadMAC'))
    expect(aes128Cmac(session, empty)).toEqual(field(vector, 'cmac_full'))
    expect(sunMac(field(vector, 'K_SDMFileRead'), piccData, field(vector, 'mac_input'))).toEqual(
      field(vector, 'SDMMAC'),
    )
  })

  test('sdm-backend: plain mirror', () => {
    const vector = vectorOf('icedevml-plain-mirror')
    const piccData = { uid: field(vector, 'uid'), counter: Number.parseInt(vector['ctr_ascii_msb'] ?? '', 16) }
    expect(piccData.counter).toBe(littleEndianToNumber(field(vector, 'ctr_le')))
    expect(sunMac(field(vector, 'K_SDMFileRead'), piccData, field(vector, 'mac_input'))).toEqual(
      field(vector, 'SDMMAC'),
    )
  })

  test('no vector is left out', () => {
    expect(vectors.cases).toHaveLength(3)
  })
})

describe('opening a sale-bound SUN message', () => {
  const { sun, metaReadKey, fileReadMasterKey, fileReadKey, uid, counter, termsHash } = presences.sale
  const keys = {
    metaReadKey: fromHex(metaReadKey),
    fileReadKeyOf: fileReadKeysFromMaster(fromHex(fileReadMasterKey)),
  }

  test('says which card, which counter, which terms', () => {
    const opened = { kind: 'opened', uid: fromHex(uid), counter, termsHash: fromHex(termsHash) }
    expect(openSun(sun, keys)).toEqual(opened)
    const lookedUp = (card: Uint8Array) => (toHex(card) === uid ? fromHex(fileReadKey) : null)
    expect(openSun(sun, { ...keys, fileReadKeyOf: lookedUp })).toEqual(opened)
  })

  test('the counter is least significant byte first', () => {
    expect(counter).toBe(0x01020a)
    expect(decryptPiccData(fromHex(metaReadKey), fromHex(sun.e))?.counter).toBe(0x01020a)
  })

  test('another binding under the same MAC is refused: a harvested message fits no other tender', () => {
    const otherBinding = `${sun.b.slice(0, -1)}${sun.b.endsWith('0') ? '1' : '0'}`
    expect(openSun({ ...sun, b: otherBinding }, keys)).toEqual({ kind: 'refused', code: 'SUN_MAC_WRONG' })
  })

  test('another counter under the same MAC is refused', () => {
    const plain = fromHex(`C7${uid}0B02011122334455`)
    const e = toHex(aes128CbcEncrypt(fromHex(metaReadKey), plain))
    expect(openSun({ ...sun, e }, keys)).toEqual({ kind: 'refused', code: 'SUN_MAC_WRONG' })
  })

  test('another tag than C7 is no PICCData, whatever the MAC', () => {
    for (const tag of ['C4', '87', '47', '00']) {
      const e = toHex(aes128CbcEncrypt(fromHex(metaReadKey), fromHex(`${tag}${uid}0A02011122334455`)))
      expect(openSun({ ...sun, e }, keys)).toEqual({ kind: 'refused', code: 'SUN_PICC_DATA_INVALID' })
    }
  })

  test('a card that the ledger does not know', () => {
    expect(openSun(sun, { ...keys, fileReadKeyOf: () => null })).toEqual({ kind: 'refused', code: 'SUN_CARD_UNKNOWN' })
  })

  test.each([
    ['lower case binding', { ...sun, b: sun.b.toLowerCase() }],
    ['short PICCData', { ...sun, e: sun.e.slice(2) }],
    ['long MAC', { ...sun, m: `${sun.m}00` }],
    ['not hex', { ...sun, m: 'ZZ'.repeat(8) }],
    ['a line break after the hex', { ...sun, m: `${sun.m.slice(1)}\n` }],
    ['empty', { e: '', b: '', m: '' }],
  ])('malformed: %s', (_, message) => {
    expect(openSun(message, keys)).toEqual({ kind: 'refused', code: 'SUN_MALFORMED' })
  })
})
