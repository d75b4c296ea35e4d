/**
 * The secure channel's arithmetic: keys from the agreement, commands wrapped, answers unwrapped (docs/design/22,
 * "Terminal authentication and the secure channel"). Pure; who sends the bytes is not said here.
 */
import { hkdfSync } from 'node:crypto'
import {
  aes128CbcDecrypt,
  aes128CbcEncrypt,
  aes128Cmac,
  aes128EncryptBlock,
  aesBlockLength,
  equalInConstantTime,
} from '../aes.ts'
import { asciiBytes, concatBytes } from '../bytes.ts'
import { numberField } from './layout.ts'
import { sha256 } from './p256.ts'

/** Of one command, and of one answer without its status in front. */
export const plaintextMost = 239
const macLength = 8
const blocksMost = 15
const keyLength = 16
/** The last command that a channel takes. */
export const lastCounter = 0xffff

export interface ChannelKeys {
  readonly encryption: Uint8Array
  readonly commandMac: Uint8Array
  readonly answerMac: Uint8Array
}

export interface Handshake {
  /** The answer to SELECT without its status: 55 bytes. */
  readonly selectAnswer: Uint8Array
  readonly terminalCertificate: Uint8Array
  readonly terminalEphemeral: Uint8Array
}

/** What the terminal signs to open a channel, 159 bytes. */
export function authenticationInput({ selectAnswer, terminalCertificate, terminalEphemeral }: Handshake): Uint8Array {
  return concatBytes(asciiBytes('TLMTAU01'), selectAnswer, sha256(terminalCertificate), terminalEphemeral)
}

/** TH: what was said until the channel stood. */
export function transcriptHash(handshake: Handshake, cardEphemeral: Uint8Array): Uint8Array {
  const { selectAnswer, terminalCertificate, terminalEphemeral } = handshake
  return sha256(asciiBytes('TLMCHN01'), selectAnswer, sha256(terminalCertificate), terminalEphemeral, cardEphemeral)
}

/** What the card signs inside the channel to say who it is, 40 bytes. */
export function cardAuthenticationInput(transcript: Uint8Array): Uint8Array {
  return concatBytes(asciiBytes('TLMCAU01'), transcript)
}

/** @param shared Z, the x coordinate of the agreement */
export function channelKeys(shared: Uint8Array, transcript: Uint8Array): ChannelKeys {
  const bytes = new Uint8Array(hkdfSync('sha256', shared, transcript, asciiBytes('TLMKEY01'), 3 * keyLength))
  return {
    encryption: bytes.slice(0, keyLength),
    commandMac: bytes.slice(keyLength, 2 * keyLength),
    answerMac: bytes.slice(2 * keyLength),
  }
}

/**
 * The protected command number `counter`.
 *
 * @param header INS P1 P2
 * @param plaintext at most 239 bytes; more throws
 */
export function wrapped(
  keys: ChannelKeys,
  counter: number,
  header: readonly [instruction: number, p1: number, p2: number],
  plaintext: Uint8Array,
): Uint8Array {
  if (plaintext.length > plaintextMost) throw new RangeError(`239 bytes at most, not ${plaintext.length}`)
  const head = Uint8Array.of(0x84, ...header)
  const body = aes128CbcEncrypt(keys.encryption, padded(plaintext), iv(keys, 0x01, counter))
  const mac = aes128Cmac(keys.commandMac, concatBytes(numberOf(counter), head, body)).subarray(0, macLength)
  return concatBytes(head, Uint8Array.of(body.length + macLength), body, mac, Uint8Array.of(0x00))
}

/**
 * What the card said to command number `counter`: status and data. Null where length, MAC or padding is wrong: then
 * nobody knows what the card did.
 *
 * @param protectedBytes the answer without its outer status
 */
export function unwrapped(
  keys: ChannelKeys,
  counter: number,
  protectedBytes: Uint8Array,
): { readonly status: number; readonly data: Uint8Array } | null {
  const bodyLength = protectedBytes.length - macLength
  if (bodyLength <= 0 || bodyLength % aesBlockLength !== 0 || bodyLength > blocksMost * aesBlockLength) return null
  const body = protectedBytes.slice(0, bodyLength)
  const mac = aes128Cmac(keys.answerMac, concatBytes(numberOf(counter), body)).subarray(0, macLength)
  if (!equalInConstantTime(mac, protectedBytes.subarray(bodyLength))) return null
  const plain = unpadded(aes128CbcDecrypt(keys.encryption, body, iv(keys, 0x02, counter)))
  const [sw1, sw2] = plain ?? []
  if (plain === null || sw1 === undefined || sw2 === undefined) return null
  return { status: sw1 * 256 + sw2, data: plain.slice(2) }
}

function iv(keys: ChannelKeys, direction: 0x01 | 0x02, counter: number): Uint8Array {
  return aes128EncryptBlock(
    keys.encryption,
    concatBytes(Uint8Array.of(direction), new Uint8Array(11), numberOf(counter)),
  )
}

function numberOf(counter: number): Uint8Array {
  return numberField(4).encode(counter)
}

/** ISO/IEC 9797-1 method 2: 80, then 00 up to a whole block. */
function padded(plaintext: Uint8Array): Uint8Array {
  const length = (Math.floor(plaintext.length / aesBlockLength) + 1) * aesBlockLength
  const bytes = new Uint8Array(length)
  bytes.set(plaintext)
  bytes[plaintext.length] = 0x80
  return bytes
}

function unpadded(bytes: Uint8Array): Uint8Array | null {
  const end = bytes.findLastIndex((byte) => byte !== 0x00)
  if (bytes[end] !== 0x80 || bytes.length - end > aesBlockLength) return null
  return bytes.slice(0, end)
}
