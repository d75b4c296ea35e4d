/**
 * The other side of the air for the tests of the virtual applet: authority, issuer and a terminal of docs/design/22,
 * written for these tests with raw primitives of node:crypto and the CMAC of @noble/ciphers. It uses neither the
 * virtual card's code nor the terminal's. Keys are made of names, so that a run repeats itself.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from 'node:crypto'
import { cmac } from '@noble/ciphers/aes.js'
import { bytes, hex, type Air } from './reader-side.ts'

export const digest = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()
export const ascii = (text: string): Buffer => Buffer.from(text, 'ascii')
/** An unsigned number, most significant byte first. */
export const number = (value: number | bigint, length: number): Buffer =>
  Buffer.from(
    BigInt(value)
      .toString(16)
      .padStart(2 * length, '0'),
    'hex',
  )
export const reference = (tag: string, name: string): Buffer => digest(ascii(tag), Buffer.from(name)).subarray(0, 16)

export interface KeyPair {
  readonly private: Buffer
  /** 64 bytes. */
  readonly public: Buffer
}

export function keyPair(name: string): KeyPair {
  const pair = createECDH('prime256v1')
  const scalar = digest(ascii(name))
  pair.setPrivateKey(scalar)
  return { private: scalar, public: pair.getPublicKey().subarray(1) }
}

const jwk = (key: Uint8Array) => ({
  kty: 'EC',
  crv: 'P-256',
  x: Buffer.from(key.subarray(0, 32)).toString('base64url'),
  y: Buffer.from(key.subarray(32)).toString('base64url'),
})

export function signed(by: KeyPair, message: Uint8Array): Buffer {
  const key = createPrivateKey({ key: { ...jwk(by.public), d: by.private.toString('base64url') }, format: 'jwk' })
  return sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })
}

export function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: jwk(publicKey), format: 'jwk' })
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

const withSignature = (by: KeyPair, message: Buffer): Buffer => Buffer.concat([message, signed(by, message)])

/** 28 November 2025, noon in Almaty: `now` of the worked examples too. */
export const NOW = 1_764_313_200_000
const DAY = 86_400_000

export const authority = keyPair('authority')
export const nextAuthority = keyPair('next authority')
export const issuer = keyPair('issuer')
export const ISSUER_SERIAL = number(0xb, 8)
export const CARD_ID = bytes('C0FFEE00112233445566778899AABBCC')
export const ROLE = { till: 1, desk: 2, both: 3 } as const

export function issuerCertificate(of: { readonly kind?: number; readonly serial?: Buffer } = {}): Buffer {
  const root = keyPair('root')
  return withSignature(
    root,
    Buffer.concat([
      ascii('TLMICE01'),
      digest(root.public).subarray(0, 8),
      of.serial ?? ISSUER_SERIAL,
      reference('TLMISS01', 'education-almaty'),
      Buffer.of(of.kind ?? 1),
      number(NOW - 30 * DAY, 8),
      number(NOW + 900 * DAY, 8),
      issuer.public,
    ]),
  )
}

export function cardCertificate(of: {
  readonly publicKey: Uint8Array
  readonly cardId?: Buffer
  readonly keyEpoch?: number
  readonly kind?: number
  readonly issuerSerial?: Buffer
  readonly serial?: Buffer
}): Buffer {
  return withSignature(
    issuer,
    Buffer.concat([
      ascii('TLMCCE01'),
      of.issuerSerial ?? ISSUER_SERIAL,
      of.serial ?? number(0xc, 8),
      of.cardId ?? CARD_ID,
      number(of.keyEpoch ?? 1, 2),
      Buffer.of(of.kind ?? 1),
      number(NOW - 30 * DAY, 8),
      number(NOW + 900 * DAY, 8),
      of.publicKey,
    ]),
  )
}

export interface TerminalOptions {
  readonly name?: string
  readonly merchant?: string
  readonly role?: number
  readonly notBefore?: number
  readonly notAfter?: number
  readonly authority?: KeyPair
}

/** A certified terminal. */
export class Terminal {
  readonly key: KeyPair
  readonly serial: Buffer
  readonly merchantRef: Buffer
  readonly terminalRef: Buffer
  readonly certificate: Buffer

  constructor(of: TerminalOptions = {}) {
    const name = of.name ?? 'till-0007'
    const by = of.authority ?? authority
    this.key = keyPair(name)
    this.serial = digest(ascii(name)).subarray(0, 8)
    this.merchantRef = reference('TLMMER01', of.merchant ?? 'canteen-12')
    this.terminalRef = reference('TLMTER01', name)
    this.certificate = withSignature(
      by,
      Buffer.concat([
        ascii('TLMTCE01'),
        digest(by.public).subarray(0, 8),
        this.serial,
        this.terminalRef,
        this.merchantRef,
        Buffer.of(of.role ?? ROLE.till),
        number(of.notBefore ?? NOW - DAY, 8),
        number(of.notAfter ?? NOW + 6 * DAY, 8),
        this.key.public,
      ]),
    )
  }

  sign(message: Uint8Array): Buffer {
    return signed(this.key, message)
  }
}

export const command = (cla: number, ins: number, p1: number, p2: number, data: Uint8Array = new Uint8Array(0)) =>
  data.length === 0
    ? Buffer.of(cla, ins, p1, p2, 0)
    : Buffer.concat([Buffer.of(cla, ins, p1, p2, data.length), data, Buffer.of(0)])

export const status = (answer: Uint8Array): string => hex(answer.subarray(-2))

export const SELECT_APPLET = bytes('00A4040007F0544F4C454D0100')

/** One answer inside the channel: its own status word, and all of its data. */
export interface Said {
  readonly status: string
  readonly data: Buffer
}

const zero = Buffer.alloc(16)
const cbc = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer =>
  createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data)
const uncbc = (key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer =>
  createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(data)
const padded = (data: Uint8Array): Buffer =>
  Buffer.concat([data, Buffer.of(0x80), Buffer.alloc((16 - ((data.length + 1) % 16)) % 16)])

/** An open channel as a terminal holds it. */
export class Channel {
  readonly transcriptHash: Buffer
  readonly #air: Air
  readonly #encryption: Buffer
  readonly #commandMac: Buffer
  readonly #answerMac: Buffer
  counter = 0

  constructor(air: Air, of: { readonly secret: Buffer; readonly transcriptHash: Buffer }) {
    const mac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac('sha256', key).update(data).digest()
    const extracted = mac(of.transcriptHash, of.secret)
    const first = mac(extracted, Buffer.concat([ascii('TLMKEY01'), Buffer.of(1)]))
    const second = mac(extracted, Buffer.concat([first, ascii('TLMKEY01'), Buffer.of(2)]))
    this.#air = air
    this.transcriptHash = of.transcriptHash
    this.#encryption = first.subarray(0, 16)
    this.#commandMac = first.subarray(16)
    this.#answerMac = second.subarray(0, 16)
  }

  /** The next command as bytes; `padding` replaces the one that the rules ask for. */
  wrap(
    ins: number,
    p1: number,
    p2: number,
    plaintext: Uint8Array,
    padding: (of: Uint8Array) => Buffer = padded,
  ): Buffer {
    this.counter += 1
    const header = Buffer.of(0x84, ins, p1, p2)
    const cryptogram = cbc(this.#encryption, this.#iv(1), padding(plaintext))
    const mac = cmac(Buffer.concat([number(this.counter, 4), header, cryptogram]), this.#commandMac).subarray(0, 8)
    return Buffer.concat([header, Buffer.of(cryptogram.length + 8), cryptogram, mac, Buffer.of(0)])
  }

  /** The plaintext of an answer; throws when it is not protected as it must be. */
  unwrap(answer: Buffer): Buffer {
    if (status(answer) !== '9000') throw new Error(`the channel says ${hex(answer)}`)
    const [cryptogram, given] = [answer.subarray(0, -10), answer.subarray(-10, -2)]
    const mac = cmac(Buffer.concat([number(this.counter, 4), cryptogram]), this.#answerMac).subarray(0, 8)
    if (!given.equals(mac)) throw new Error('wrong MAC on the answer')
    const plain = uncbc(this.#encryption, this.#iv(2), cryptogram)
    return plain.subarray(0, plain.lastIndexOf(0x80))
  }

  /** One frame, without fetching what is longer. */
  frame(ins: number, p1: number, p2: number, plaintext: Uint8Array = new Uint8Array(0)): Buffer {
    return this.unwrap(this.#air(this.wrap(ins, p1, p2, plaintext)))
  }

  /** A command and, with GET DATA, the whole of its answer. */
  ask(ins: number, p1: number, p2: number, plaintext: Uint8Array = new Uint8Array(0)): Said {
    const first = this.frame(ins, p1, p2, plaintext)
    const word = hex(first.subarray(0, 2))
    if (word !== '9000' || first.length === 2) return { status: word, data: Buffer.alloc(0) }
    const total = first.readUInt16BE(2)
    let data = first.subarray(4)
    while (data.length < total) {
      const more = this.frame(0xca, data.length >> 8, data.length & 0xff)
      if (hex(more.subarray(0, 2)) !== '9000') throw new Error(`GET DATA at ${data.length}: ${hex(more)}`)
      data = Buffer.concat([data, more.subarray(4)])
    }
    return { status: word, data }
  }

  #iv(direction: number): Buffer {
    const block = Buffer.concat([Buffer.of(direction), Buffer.alloc(11), number(this.counter, 4)])
    return cbc(this.#encryption, zero, block)
  }
}

/** The data of OPEN CHANNEL, and what the terminal needs to finish it. */
export function opening(terminal: Terminal, selected: Buffer, ephemeralName = 'ephemeral') {
  const ephemeral = keyPair(ephemeralName)
  const hash = digest(terminal.certificate)
  const signature = terminal.sign(Buffer.concat([ascii('TLMTAU01'), selected, hash, ephemeral.public]))
  const finish = (air: Air, cardKey: Buffer): Channel => {
    const pair = createECDH('prime256v1')
    pair.setPrivateKey(ephemeral.private)
    const secret = pair.computeSecret(Buffer.concat([Buffer.of(4), cardKey]))
    const transcriptHash = digest(ascii('TLMCHN01'), selected, hash, ephemeral.public, cardKey)
    return new Channel(air, { secret, transcriptHash })
  }
  return { data: Buffer.concat([ephemeral.public, signature]), finish }
}

/** SELECT, PRESENT CERTIFICATE, OPEN CHANNEL; throws when the card refuses one of them. */
export function openChannel(air: Air, terminal: Terminal): Channel {
  const selected = air(SELECT_APPLET).subarray(0, -2)
  const presented = air(command(0x80, 0x10, 0, 0, terminal.certificate))
  if (status(presented) !== '9000') throw new Error(`PRESENT CERTIFICATE: ${hex(presented)}`)
  const { data, finish } = opening(terminal, selected)
  const opened = air(command(0x80, 0x12, 0, 0, data))
  if (status(opened) !== '9000') throw new Error(`OPEN CHANNEL: ${hex(opened)}`)
  return finish(air, opened.subarray(0, 64))
}

export interface SlotOptions {
  readonly scheme?: string
  readonly slot?: string
  readonly validFrom?: number
  readonly validUntil?: number
  readonly count?: number
  readonly amount?: number | bigint
  readonly maxPerSpend?: number | bigint
  readonly pinAbove?: number | bigint
  readonly flags?: number
  readonly beneficiary?: string
}

export const NEVER = 0x00ff_ffff_ffff_ffffn
export const schemeRef = (name = 'school-lunch'): Buffer => reference('TLMSCH01', name)
export const slotRef = (name = 'school-lunch/aisha/2025-11'): Buffer => reference('TLMSLT01', name)

/** 91 bytes of a slot. */
export function slotBytes(of: SlotOptions = {}): Buffer {
  return Buffer.concat([
    schemeRef(of.scheme),
    slotRef(of.slot),
    number(of.validFrom ?? NOW - 20 * DAY, 8),
    number(of.validUntil ?? NOW + 3 * DAY, 8),
    number(of.count ?? 20, 2),
    number(of.amount ?? 2_300_000, 8),
    number(of.maxPerSpend ?? 150_000, 8),
    number(of.pinAbove ?? NEVER, 8),
    Buffer.of(of.flags ?? 0),
    reference('beneficiary', of.beneficiary ?? 'aisha'),
  ])
}

export interface SpendOptions {
  readonly tenderId?: Uint8Array
  readonly slot?: string
  readonly amount?: number | bigint
  readonly time?: number
  readonly mode?: number
  readonly reserved?: number
}

/** The 130 bytes of SPEND. */
export function spendBytes(of: SpendOptions = {}): Buffer {
  return Buffer.concat([
    of.tenderId ?? digest(ascii('tender 1')).subarray(0, 16),
    slotRef(of.slot),
    number(of.amount ?? 115_000, 8),
    digest(ascii('challenge')).subarray(0, 16),
    number(of.time ?? NOW, 8),
    digest(ascii('decision')),
    digest(ascii('terms')),
    Buffer.of(of.mode ?? 0, of.reserved ?? 0),
  ])
}

/** 8 bytes: the digits, then FF. */
export const pinBlock = (pin: string): Buffer => Buffer.concat([ascii(pin), Buffer.alloc(8 - pin.length, 0xff)])

/** One item of a script. */
export const item = (type: number, value: Uint8Array = new Uint8Array(0)): Buffer =>
  Buffer.concat([Buffer.of(type, value.length), value])

export interface ScriptOptions {
  readonly counter: number
  readonly items: readonly Buffer[]
  readonly keyEpoch?: number
  readonly cardId?: Buffer
  readonly time?: number
  readonly by?: KeyPair
  readonly tag?: string
}

/** A whole script, signed. */
export const script = (of: ScriptOptions): Buffer =>
  withSignature(
    of.by ?? issuer,
    Buffer.concat([
      ascii(of.tag ?? 'TLMSCR01'),
      of.cardId ?? CARD_ID,
      number(of.keyEpoch ?? 1, 2),
      number(of.counter, 4),
      number(of.time ?? NOW - DAY, 8),
      ...of.items,
    ]),
  )

/** Sends a script in blocks of `size` bytes; the answer to the last one, or the first refusal. */
export function update(channel: Channel, whole: Buffer, size = 239): Said {
  for (let [at, block] = [0, 0]; ; at += size, block += 1) {
    const isLast = at + size >= whole.length
    const said = channel.ask(0x50, isLast ? 0x80 : 0x00, block, whole.subarray(at, at + size))
    if (isLast || said.status !== '9000') return said
  }
}
