/**
 * The bytes of a tolem-applet (docs/design/22): certificates, slots, tags, names. Numbers are unsigned, most
 * significant byte first; a reader of a layout gets a whole number of its bytes, checks nothing of its length, and
 * answers null when tag or fields are not as the layout says.
 */
import { sha256 } from './applet-curve.ts'

export const tagged = (tag: string): Buffer => Buffer.from(tag, 'ascii')
const hasTag = (bytes: Buffer, tag: string): boolean => bytes.subarray(0, 8).equals(tagged(tag))

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
export const unhex = (text: string): Buffer => Buffer.from(text, 'hex')

export const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff)
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** Tiyn. "An amount with another first byte than 00 is malformed." */
export const AMOUNT_MAX = 0x00ff_ffff_ffff_ffffn
export const COUNT_MAX = 0xffff
export const UINT32_MAX = 0xffff_ffff

/** Kind of a card: 01 voucher card, 02 CBDC card. */
export type AppletKind = 1 | 2
export const applicationIdentifier = (kind: AppletKind): Buffer => unhex(`F0544F4C454D0${kind}`)

/** Bits of a terminal certificate's role. */
export const ROLE_TILL = 0x01
export const ROLE_DESK = 0x02

/** "A reference stands for a name": the first 16 bytes of SHA-256(tag ‖ name in UTF-8). */
export function referenceOf(what: 'scheme' | 'slot', name: string): Buffer {
  return sha256(tagged(what === 'scheme' ? 'TLMSCH01' : 'TLMSLT01'), Buffer.from(name, 'utf8')).subarray(0, 16)
}

export const TERMINAL_CERTIFICATE_BYTES = 201
export interface TerminalCertificate {
  readonly bytes: Buffer
  readonly authorityId: Buffer
  readonly serial: Buffer
  readonly terminalRef: Buffer
  readonly merchantRef: Buffer
  readonly role: number
  readonly notBefore: bigint
  readonly notAfter: bigint
  readonly publicKey: Buffer
  readonly signed: Buffer
  readonly signature: Buffer
}

export function readTerminalCertificate(bytes: Buffer): TerminalCertificate | null {
  const role = bytes.readUInt8(56)
  const notBefore = bytes.readBigUInt64BE(57)
  const notAfter = bytes.readBigUInt64BE(65)
  const isKnownRole = role !== 0 && (role & ~(ROLE_TILL | ROLE_DESK)) === 0
  if (!hasTag(bytes, 'TLMTCE01') || !isKnownRole || notAfter < notBefore) return null
  return {
    bytes,
    authorityId: bytes.subarray(8, 16),
    serial: bytes.subarray(16, 24),
    terminalRef: bytes.subarray(24, 40),
    merchantRef: bytes.subarray(40, 56),
    role,
    notBefore,
    notAfter,
    publicKey: bytes.subarray(73, 137),
    signed: bytes.subarray(0, 137),
    signature: bytes.subarray(137),
  }
}

export const ISSUER_CERTIFICATE_BYTES = 185
export interface IssuerCertificate {
  readonly serial: Buffer
  readonly publicKey: Buffer
}

/** Null also when it is not for cards of this kind. */
export function readIssuerCertificate(bytes: Buffer, kind: AppletKind): IssuerCertificate | null {
  if (!hasTag(bytes, 'TLMICE01') || bytes[40] !== kind) return null
  return { serial: bytes.subarray(16, 24), publicKey: bytes.subarray(57, 121) }
}

export const CARD_CERTIFICATE_BYTES = 187
export interface CardCertificate {
  readonly issuerSerial: Buffer
  readonly serial: Buffer
  readonly cardId: Buffer
  readonly keyEpoch: number
  readonly publicKey: Buffer
}

/** Null also when it is not for a card of this kind. */
export function readCardCertificate(bytes: Buffer, kind: AppletKind): CardCertificate | null {
  if (!hasTag(bytes, 'TLMCCE01') || bytes[42] !== kind) return null
  return {
    issuerSerial: bytes.subarray(8, 16),
    serial: bytes.subarray(16, 24),
    cardId: bytes.subarray(24, 40),
    keyEpoch: bytes.readUInt16BE(40),
    publicKey: bytes.subarray(59, 123),
  }
}

/** The 123 bytes that the issuer signs. */
export function cardCertificateToSign(
  of: CardCertificate & { readonly kind: AppletKind; readonly notBefore: bigint; readonly notAfter: bigint },
): Buffer {
  return Buffer.concat([
    tagged('TLMCCE01'),
    of.issuerSerial,
    of.serial,
    of.cardId,
    uint16(of.keyEpoch),
    Buffer.of(of.kind),
    uint64(of.notBefore),
    uint64(of.notAfter),
    of.publicKey,
  ])
}

export const SLOT_BYTES = 91
const FLAG_ONLINE_ONLY = 0x01
const FLAG_ACCOUNT = 0x02

/** Times in milliseconds since 1970, amounts in tiyn. */
export interface AppletSlot {
  /** 16 bytes. */
  readonly schemeRef: Uint8Array
  /** 16 bytes. */
  readonly slotRef: Uint8Array
  readonly validFrom: bigint
  /** First moment after. */
  readonly validUntil: bigint
  readonly countLeft: number
  readonly amountLeft: bigint
  readonly maxPerSpend: bigint
  /** A SPEND above this needs the PIN. */
  readonly pinAbove: bigint
  readonly isOnlineOnly: boolean
  /** Nothing is counted down. */
  readonly isAccount: boolean
  /** 16 bytes. */
  readonly beneficiary: Uint8Array
}

/** Null when an amount, the times or the flags are not as a slot's may be. */
export function readSlot(bytes: Buffer): AppletSlot | null {
  const flags = bytes.readUInt8(74)
  const slot: AppletSlot = {
    schemeRef: bytes.subarray(0, 16),
    slotRef: bytes.subarray(16, 32),
    validFrom: bytes.readBigUInt64BE(32),
    validUntil: bytes.readBigUInt64BE(40),
    countLeft: bytes.readUInt16BE(48),
    amountLeft: bytes.readBigUInt64BE(50),
    maxPerSpend: bytes.readBigUInt64BE(58),
    pinAbove: bytes.readBigUInt64BE(66),
    isOnlineOnly: (flags & FLAG_ONLINE_ONLY) !== 0,
    isAccount: (flags & FLAG_ACCOUNT) !== 0,
    beneficiary: bytes.subarray(75, 91),
  }
  const hasUnknownFlag = (flags & ~(FLAG_ONLINE_ONLY | FLAG_ACCOUNT)) !== 0
  const isAmount = (value: bigint): boolean => value <= AMOUNT_MAX
  if (hasUnknownFlag || (slot.isAccount && !slot.isOnlineOnly) || slot.validUntil <= slot.validFrom) return null
  return isAmount(slot.amountLeft) && isAmount(slot.maxPerSpend) && isAmount(slot.pinAbove) ? slot : null
}

export function writeSlot(slot: AppletSlot): Buffer {
  return Buffer.concat([
    slot.schemeRef,
    slot.slotRef,
    uint64(slot.validFrom),
    uint64(slot.validUntil),
    uint16(slot.countLeft),
    uint64(slot.amountLeft),
    uint64(slot.maxPerSpend),
    uint64(slot.pinAbove),
    Buffer.of((slot.isOnlineOnly ? FLAG_ONLINE_ONLY : 0) | (slot.isAccount ? FLAG_ACCOUNT : 0)),
    slot.beneficiary,
  ])
}
