/**
 * The other side of the air, for the tests of the virtual card: a till's half of EV2 and SUN, written for these tests
 * from NT4H2421Gx §9 with raw AES of node:crypto and the CMAC of @noble/ciphers. It uses neither the virtual card's
 * code nor the terminal's.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { cmac } from '@noble/ciphers/aes.js'

export const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
export const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex').toUpperCase()

const cbc = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer =>
  createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data)
const uncbc = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer =>
  createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data)
const zero = Buffer.alloc(16)
const rotate = (of: Uint8Array): Buffer => Buffer.concat([of.subarray(1), of.subarray(0, 1)])
const everySecond = (mac: Uint8Array): Buffer => Buffer.from([1, 3, 5, 7, 9, 11, 13, 15].map((index) => mac[index]!))

/** A card, or something on the way to one: command in, response out. */
export type Air = (command: Buffer) => Buffer

export const SELECT = '00A4040007D276000085010100'

export interface Session {
  readonly encryption: Buffer
  readonly mac: Buffer
  readonly transactionId: Buffer
  counter: number
}

export interface Authentication {
  readonly statusWord: string
  readonly session: Session | null
}

/** AuthenticateEV2First with a fixed RndA; stops at the first status word that is not the expected one. */
export function authenticate(air: Air, keyNumber: number, key: Uint8Array): Authentication {
  const first = air(Buffer.concat([bytes('9071000002'), Buffer.of(keyNumber, 0, 0)]))
  if (hex(first.subarray(-2)) !== '91AF') return { statusWord: hex(first.subarray(-2)), session: null }
  const rndA = bytes('00112233445566778899AABBCCDDEEFF')
  const rndB = uncbc(key, zero, first.subarray(0, 16))
  const proof = cbc(key, zero, Buffer.concat([rndA, rotate(rndB)]))
  const second = air(Buffer.concat([bytes('90AF000020'), proof, Buffer.of(0)]))
  if (hex(second.subarray(-2)) !== '9100') return { statusWord: hex(second.subarray(-2)), session: null }
  const plain = uncbc(key, zero, second.subarray(0, 32))
  if (!plain.subarray(4, 20).equals(rotate(rndA))) throw new Error('the card did not prove that it knows the key')
  const mixed = Buffer.from(rndA.subarray(2, 8).map((byte, index) => byte ^ rndB[index]!))
  const context = Buffer.concat([rndA.subarray(0, 2), mixed, rndB.subarray(6), rndA.subarray(8)])
  return {
    statusWord: '9100',
    session: {
      encryption: Buffer.from(cmac(Buffer.concat([bytes('A55A00010080'), context]), key)),
      mac: Buffer.from(cmac(Buffer.concat([bytes('5AA500010080'), context]), key)),
      transactionId: plain.subarray(0, 4),
      counter: 0,
    },
  }
}

const counterOf = (session: Session): Buffer => Buffer.of(session.counter & 0xff, session.counter >> 8)

const macOf = (session: Session, code: number, data: Uint8Array): Buffer =>
  everySecond(cmac(Buffer.concat([Buffer.of(code), counterOf(session), session.transactionId, data]), session.mac))

const ivOf = (session: Session, label: string): Buffer =>
  cbc(
    session.encryption,
    zero,
    Buffer.concat([bytes(label), session.transactionId, counterOf(session), Buffer.alloc(8)]),
  )

const padded = (data: Uint8Array): Buffer =>
  Buffer.concat([data, Buffer.of(0x80), Buffer.alloc((16 - ((data.length + 1) % 16)) % 16)])

export const wrap = (ins: number, data: Uint8Array): Buffer =>
  data.length === 0
    ? Buffer.of(0x90, ins, 0, 0, 0)
    : Buffer.concat([Buffer.of(0x90, ins, 0, 0, data.length), data, Buffer.of(0)])

/** One command in this communication mode; checks the MAC of a response with `success` and returns its plain data. */
export function secured(
  air: Air,
  session: Session,
  mode: 'mac' | 'full',
  ins: number,
  header: Uint8Array,
  data: Uint8Array = Buffer.alloc(0),
  success: '9100' | '9190' = '9100',
): { readonly statusWord: string; readonly data: Buffer } {
  const body =
    mode === 'full' && data.length > 0
      ? cbc(session.encryption, ivOf(session, 'A55A'), padded(data))
      : Buffer.from(data)
  const sent = Buffer.concat([header, body])
  const response = air(wrap(ins, Buffer.concat([sent, macOf(session, ins, sent)])))
  session.counter += 1
  const statusWord = hex(response.subarray(-2))
  if (statusWord !== success) return { statusWord, data: Buffer.alloc(0) }
  const content = response.subarray(0, -10)
  if (!response.subarray(-10, -2).equals(macOf(session, response.at(-1)!, content)))
    throw new Error('wrong MAC on the response')
  if (mode === 'mac' || content.length === 0) return { statusWord, data: Buffer.from(content) }
  const plain = uncbc(session.encryption, ivOf(session, '5AA5'), content)
  return { statusWord, data: plain.subarray(0, plain.lastIndexOf(0x80)) }
}

export function writeData(
  air: Air,
  session: Session,
  mode: 'mac' | 'full',
  file: number,
  offset: number,
  data: Buffer,
) {
  const header = Buffer.concat([Buffer.of(file, offset, 0, 0, data.length, 0, 0)])
  return secured(air, session, mode, 0x8d, header, data).statusWord
}

/** Selects and reads the message of docs/design/02, steps 6 and 7. */
export function readSun(air: Air): string {
  air(bytes(SELECT))
  air(bytes('00A4020C02E104'))
  const response = air(bytes('00B000008F'))
  if (hex(response.subarray(-2)) !== '9000') throw new Error(`no SUN message: ${hex(response)}`)
  return response.subarray(7, 143).toString('latin1')
}

export interface SunParts {
  readonly uid: string
  readonly counter: number
  readonly binding: string
  readonly isGenuine: boolean
}

/** What the ledger will do with a SUN message of docs/design/02: `metaRead` is key 1, `fileRead` key 2 of the card. */
export function openSun(
  message: string,
  keys: { readonly metaRead: Uint8Array; readonly fileRead: Uint8Array },
): SunParts {
  const parts = /^tolem\.invalid\/s\?e=([0-9A-F]{32})&b=([0-9A-F]{64})&m=([0-9A-F]{16})$/.exec(message)
  if (parts === null) throw new Error(`not a SUN message: ${message}`)
  const [, encrypted, binding, mac] = parts
  const plain = uncbc(keys.metaRead, zero, bytes(encrypted!))
  if (plain[0] !== 0xc7) throw new Error(`PICCDataTag ${plain[0]}`)
  const sessionKey = cmac(Buffer.concat([bytes('3CC300010080'), plain.subarray(1, 11)]), keys.fileRead)
  const expected = everySecond(cmac(Buffer.from(`${binding}&m=`, 'latin1'), sessionKey))
  return {
    uid: hex(plain.subarray(1, 8)),
    counter: plain.readUIntLE(8, 3),
    binding: binding!,
    isGenuine: hex(expected) === mac,
  }
}
