/** The virtual card against what RFC 4493, AN10922, AN12196 and AN12343 publish. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cmac, cmacSubkeys, encryptCbc, padMethod2, truncatedCmac } from '../../../hardware-mocks/cards/aes.ts'
import { deriveKeys, diversifyAes128 } from '../../../hardware-mocks/cards/key-diversification.ts'
import { dynamicMessagingKeys, renderDynamicFile } from '../../../hardware-mocks/cards/ntag424-dynamic-messaging.ts'
import {
  encodeFileSettings,
  parseFileSettings,
  type FileSettings,
} from '../../../hardware-mocks/cards/ntag424-file-settings.ts'
import { SecureSession, sessionKeys } from '../../../hardware-mocks/cards/ntag424-session.ts'
import { factoryCard, type Ntag424State } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import diversification from '../../fixtures/vectors/an10922.json' with { type: 'json' }
import transactionMac from '../../fixtures/vectors/desfire-transaction-mac.json' with { type: 'json' }
import authentications from '../../fixtures/vectors/ev2-first.json' with { type: 'json' }
import messaging from '../../fixtures/vectors/ev2-secure-messaging.json' with { type: 'json' }
import generations from '../../fixtures/vectors/ntag424-generations.json' with { type: 'json' }
import dynamicMessaging from '../../fixtures/vectors/ntag424-sdm.json' with { type: 'json' }
import { bytes, hex, SELECT } from './reader-side.ts'

const vectors = JSON.parse(readFileSync(new URL('../../fixtures/vectors-virtual-card.json', import.meta.url), 'utf8'))

/** Hands out these byte strings one after the other, and insists on their lengths. */
function scripted(...values: string[]): (count: number) => Uint8Array {
  const left = [...values]
  return (count) => {
    const next = bytes(left.shift() ?? '')
    expect(next.length).toBe(count)
    return next
  }
}

function cardWith(state: Ntag424State, ...random: string[]): (command: string) => string {
  const card = VirtualNtag424.fromState(state, { random: scripted(...random) })
  card.enterField()
  return (command) => {
    const answer = card.exchange(bytes(command))
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    return hex(answer.response)
  }
}

const blank = factoryCard({ uid: bytes('04DE5F1EACC040') })
const withFile2 = (settings: FileSettings, readCounter = 0, content = blank.files[2].content): Ntag424State => ({
  ...blank,
  files: { ...blank.files, 2: { settings, readCounter, content } },
})

describe('AES-CMAC and AN10922', () => {
  it.each(vectors.aesCmac.cases as { msg: string; mac: string }[])('RFC 4493: message $msg', ({ msg, mac }) => {
    expect(hex(cmac(bytes(vectors.aesCmac.key), bytes(msg)))).toBe(mac.toUpperCase())
  })

  it.each(transactionMac.cases)(`a session key of ${transactionMac.published}: $mac`, ({ key, msg, mac }) => {
    expect(hex(cmac(bytes(key), bytes(msg)))).toBe(mac)
  })

  it('has the subkeys of AN10922 §2.2.1', () => {
    const { K, K1, K2 } = vectors.an10922.subkeys
    const subkeys = cmacSubkeys(bytes(K))
    expect([hex(subkeys.complete), hex(subkeys.padded)]).toEqual([K1, K2])
  })

  it('diversifies the published card', () => {
    const { K, uid, aid, sysid, out } = vectors.an10922.case
    expect(hex(diversifyAes128(bytes(K), bytes(uid + aid + sysid)))).toBe(out)
  })

  it.each(['1', '7', '15', '16', '31'])('diversifies an input of %s bytes', (length) => {
    const input = Buffer.from(Array.from({ length: Number(length) }, (_, index) => index))
    const key = bytes('00112233445566778899AABBCCDDEEFF')
    expect(hex(diversifyAes128(key, input))).toBe(vectors.an10922.boundaryLengths[length])
  })

  it.each([1, 2, 3, 255])('derives the keys of generation %i of docs/design/30', (generation) => {
    const master = bytes(generations.master)
    const masters = { application: master, metaRead: master, fileRead: master, till: master, reserved: master }
    const keys = deriveKeys({ masters, uid: bytes(generations.uid), generation })
    const examples = generations.keys.filter((example) => example.generation === generation)
    expect(examples.map(({ keyNumber }) => hex(keys[keyNumber as 0 | 2 | 3 | 4]))).toEqual(
      examples.map(({ key }) => key),
    )
    // The zone's key is that of every generation.
    expect(hex(keys[1])).toBe(generations.master)
    expect(() => deriveKeys({ masters, uid: bytes(generations.uid), generation: 256 })).toThrow(RangeError)
  })

  it('derives the five keys of docs/design/02 and refuses inputs that AN10922 has no rule for', () => {
    const master = (byte: number): Buffer => Buffer.alloc(16, byte)
    const uid = bytes('04DE5F1EACC040')
    const keys = deriveKeys({
      masters: {
        application: master(1),
        metaRead: master(2),
        fileRead: master(3),
        till: master(4),
        reserved: master(5),
      },
      uid,
    })
    const input = Buffer.concat([uid, bytes('D2760000850101'), Buffer.from('TLM\u0003', 'latin1')])
    expect(hex(keys[3])).toBe(hex(diversifyAes128(master(4), input)))
    expect(hex(keys[1])).toBe(hex(master(2)))
    expect(new Set(Object.values(keys).map((key) => hex(key as Uint8Array))).size).toBe(5)
    expect(() => diversifyAes128(master(1), Buffer.alloc(0))).toThrow(RangeError)
    expect(() => diversifyAes128(master(1), Buffer.alloc(32))).toThrow(RangeError)
  })
})

describe('Secure Dynamic Messaging', () => {
  it('has the session keys of AN12196 table 1', () => {
    const vector = vectors.dynamicMessaging[0]
    const keys = dynamicMessagingKeys(bytes(vector.K_SDMFileRead), { uid: bytes(vector.uid), counter: 1 })
    expect(hex(keys.encryption)).toBe(vector.KSesSDMFileReadENC.toUpperCase())
    expect(hex(keys.mac)).toBe(vector.KSesSDMFileReadMAC.toUpperCase())
  })

  it('gives out the SUN message of AN12196 §3.4, PICCData and MAC at the offsets that its settings name', () => {
    const vector = vectors.dynamicMessaging[1]
    const settings = parseFileSettings(bytes('40 00E0 C1 F000 100000 330000 330000'), { size: 256, readCounter: 0 })
    if (typeof settings === 'string') throw new Error(settings)
    const send = cardWith(withFile2(settings, vector.ctr - 1), `${vector.picc_plain.slice(22)}${'00'.repeat(11)}`)
    send(SELECT)
    send('00A4020C02E104')
    const file = bytes(send('00B0000000'))
    expect(file.subarray(0x10, 0x30).toString('latin1')).toBe(vector.picc_enc)
    expect(file.subarray(0x33, 0x43).toString('latin1')).toBe(vector.SDMMAC)
  })

  it('mirrors UID and counter in plain, the counter with its high byte first', () => {
    const vector = vectors.dynamicMessaging[2]
    const settings = parseFileSettings(bytes('40 00E0 C1 FFE0 100000 200000 330000 330000'), {
      size: 256,
      readCounter: 0,
    })
    if (typeof settings === 'string') throw new Error(settings)
    const rendered = renderDynamicFile(settings.dynamicMessaging!, Buffer.alloc(256), {
      uid: bytes(vector.uid),
      counter: 6,
      padding: Buffer.alloc(16),
      keys: [Buffer.alloc(16)],
    })
    expect(rendered.content.subarray(0x10, 0x1e).toString('latin1')).toBe(vector.uid)
    expect(rendered.content.subarray(0x20, 0x26).toString('latin1')).toBe(vector.ctr_ascii_msb)
    expect(rendered.content.subarray(0x33, 0x43).toString('latin1')).toBe(vector.SDMMAC)
  })
})

describe('authentication and secure messaging', () => {
  it('answers AN12196 tables 14, 18 and 19 byte for byte', () => {
    const [first] = vectors.authentications
    const write = vectors.secureMessaging['an12196-s5.4-WriteData-FULL']
    const change = vectors['an12196-table19-ChangeFileSettings']
    const settings: FileSettings = {
      communication: 'full',
      rights: { read: 14, write: 0, readWrite: 0, change: 0 },
      dynamicMessaging: null,
    }
    const send = cardWith(withFile2(settings), first.RndB, first.TI)
    send(SELECT)
    expect(send(first.capdu1)).toBe(first.rapdu1)
    expect(send(first.capdu2)).toBe(first.rapdu2)
    expect(send(write.capdu)).toBe(write.rapdu)
    expect(send(change.capdu)).toBe(change.rapdu)
    send(SELECT)
    expect(send('90F50000010200')).toBe(`00${change.settings.slice(0, 6)}000100${change.settings.slice(6)}9100`)
  })

  it('has the session keys of AN12343 table 16', () => {
    const vector = vectors.authentications[1]
    const keys = sessionKeys(bytes(vector.key), bytes(vector.RndA), bytes(vector.RndB))
    expect([hex(keys.encryption), hex(keys.mac)]).toEqual([vector.KSesAuthENC, vector.KSesAuthMAC])
  })

  it('answers AN12196 tables 23, 25 and 26: goes on with a transaction, changes another key, then its own', () => {
    const nonFirst = vectors['an12196-table23-AuthenticateEV2NonFirst']
    const other = vectors['an12196-table25-ChangeKey-other']
    const own = vectors['an12196-table26-ChangeKey-own']
    const [first] = vectors.authentications
    // Table 14's authentication, but with the transaction of table 23; two commands bring CmdCtr to 2. File 1 may be
    // read freely, so they go in plain even though the reader is authenticated with another key.
    const state: Ntag424State = {
      ...blank,
      files: {
        ...blank.files,
        1: {
          ...blank.files[1],
          settings: { ...blank.files[1].settings, rights: { read: 14, write: 1, readWrite: 1, change: 1 } },
        },
      },
    }
    const send = cardWith(state, first.RndB, other.TI, nonFirst.rndB)
    send(SELECT)
    send(first.capdu1)
    send(first.capdu2)
    for (let count = 0; count < other.CmdCtr; count += 1) {
      expect(send('90AD0000070100000001000000')).toBe('009100')
    }
    expect(send(nonFirst.capdu1)).toBe(nonFirst.rapdu1)
    expect(send(nonFirst.capdu2)).toBe(nonFirst.rapdu2)
    expect(send(other.capdu)).toBe(other.rapdu)
    expect(send(own.capdu)).toBe(own.rapdu)
    send(SELECT)
    expect([send('90640000010200'), send('90640000010000')]).toEqual(['019100', '019100'])
  })

  const session = (vector: { KSesAuthENC?: string; KSesAuthMAC: string; TI: string }): SecureSession =>
    new SecureSession({
      keyNumber: 0,
      transactionId: bytes(vector.TI),
      keys: { encryption: bytes(vector.KSesAuthENC ?? '00'.repeat(16)), mac: bytes(vector.KSesAuthMAC) },
      counter: 0,
    })

  it('protects GetFileSettings as AN12196 §5.3 does, and encodes its settings', () => {
    const vector = vectors.secureMessaging['an12196-s5.3-GetFileSettings-MAC']
    const protectedBy = session(vector)
    const capdu = bytes(vector.capdu)
    expect(protectedBy.openMac(0xf5, capdu.subarray(5, -1))).toEqual(bytes('02'))
    const settings = parseFileSettings(bytes('40EEEED1FE001F00004400004400002000006A0000'), {
      size: 256,
      readCounter: 0,
    })
    if (typeof settings === 'string') throw new Error(settings)
    expect(`${hex(protectedBy.sealMac(encodeFileSettings(settings, 256)))}9100`).toBe(vector.rapdu)
  })

  it('follows AN12343 tables 23 and 24 (MAC) and 25 and 26 (full)', () => {
    const [write, wrote, read, had] = vectors.secureMessaging['an12343-t23-24-MAC'].steps
    const inMac = session(vectors.secureMessaging['an12343-t23-24-MAC'])
    const data = Buffer.alloc(25, 0x22)
    expect(inMac.openMac(0x8d, Buffer.concat([bytes(write.header), data, bytes(write.MACt)]))).not.toBeNull()
    expect(hex(inMac.sealMac(Buffer.alloc(0)))).toBe(wrote.MACt)
    expect(inMac.openMac(0xad, bytes(read.header + read.MACt))).not.toBeNull()
    expect(hex(inMac.sealMac(Buffer.concat([data, Buffer.alloc(23)]))).slice(-16)).toBe(had.MACt)

    const full = vectors.secureMessaging['an12343-t25-26-FULL']
    const inFull = session(full)
    expect(inFull.openFull(0x8d, bytes(full.write.payload), 7)).toEqual(Buffer.concat([bytes(full.write.header), data]))
    expect(hex(inFull.sealFull(Buffer.alloc(0)))).toBe(full.write.rsp_MACt)
    expect(inFull.openFull(0xad, bytes(full.read.payload), 7)).not.toBeNull()
    expect(hex(inFull.sealFull(Buffer.concat([data, Buffer.alloc(23)])))).toBe(full.read.rsp)
  })

  it('encrypts an answer under the IV of AN12343 page 64', () => {
    const vector = vectors.secureMessaging['an12343-p64-EncTMRI-rsp']
    const answering = new SecureSession({
      keyNumber: 0,
      transactionId: bytes(vector.TI),
      keys: { encryption: bytes(vector.KSesAuthENC), mac: Buffer.alloc(16) },
      counter: vector.CmdCtr,
    })
    // The published block is a whole one; ours is followed by one of padding.
    expect(hex(answering.sealFull(bytes(vector.plain))).slice(0, 32)).toBe(vector.enc)
  })

  it('reads a command under the IV that proxmark3 has', () => {
    const { key, TI, IVcmd } = vectors.secureMessaging['pm3-ev2-iv']
    const mac = Buffer.alloc(16, 7)
    const reading = new SecureSession({
      keyNumber: 0,
      transactionId: bytes(TI),
      keys: { encryption: bytes(key), mac },
      counter: 0,
    })
    const said = Buffer.from('said under it')
    const encrypted = encryptCbc(bytes(key), padMethod2(said), bytes(IVcmd))
    const command = Buffer.concat([encrypted, truncatedCmac(mac, Buffer.concat([bytes(`8D0000${TI}`), encrypted]))])
    expect(reading.openFull(0x8d, command, 0)).toEqual(said)
  })
})

describe('the collection', () => {
  const idsOf = (vectorsOfOneKind: readonly { readonly id: string }[]): string[] => vectorsOfOneKind.map(({ id }) => id)

  it('is the same on both sides: what the terminal is held against, the card is too', () => {
    expect(Object.keys(vectors.secureMessaging).toSorted()).toEqual(idsOf(messaging.cases).toSorted())
    expect(idsOf(vectors.authentications)).toEqual(idsOf(authentications.cases))
    expect(idsOf(vectors.dynamicMessaging)).toEqual(idsOf(dynamicMessaging.cases))
    expect(Object.keys(vectors.an10922.boundaryLengths)).toEqual(Object.keys(diversification.boundary_lengths))
  })
})
