/**
 * What stands where in file 2 of a personalised card (docs/design/02, "File 2"), and the file settings that make the
 * card fill it in. Text and offsets are one definition here, so that they cannot drift apart.
 */
import { asciiBytes, concatBytes, littleEndian } from './bytes.ts'
import { ntag424ApplicationName } from './application-names.ts'

const urlStart = 'tolem.invalid/s?e='
const bindingStart = '&b='
const macStart = '&m='

export const piccDataHexLength = 32
export const bindingHexLength = 64
export const sunMacHexLength = 16

/** NLEN (2) and the header of a short URI record: D1 01 PL 55 04. */
const recordHeaderLength = 7

export const piccDataOffset = recordHeaderLength + urlStart.length
export const bindingOffset = piccDataOffset + piccDataHexLength + bindingStart.length
export const sunMacOffset = bindingOffset + bindingHexLength + macStart.length
export const ndefMessageEnd = sunMacOffset + sunMacHexLength

export const ndefFileNumber = 2
export const proprietaryFileNumber = 3

/** What the card's SDM MAC covers: the binding as it stands in the file, and the three characters after it. */
export function sunMacInput(bindingHex: string): Uint8Array {
  return asciiBytes(bindingHex + macStart)
}

/** File 2 as the issuing desk writes it: zeros where the card mirrors, 64 `0` as binding. 143 bytes. */
export function blankNdefFile(): Uint8Array {
  const uri = [
    urlStart,
    '0'.repeat(piccDataHexLength),
    bindingStart,
    '0'.repeat(bindingHexLength),
    macStart,
    '0'.repeat(sunMacHexLength),
  ].join('')
  const payloadLength = 1 + uri.length
  return concatBytes(ndefHeader(payloadLength), asciiBytes(uri))
}

/**
 * NLEN (big-endian) ‖ MB ME SR TNF=1 ‖ type length 1 ‖ payload length ‖ `U` ‖ 04 (`https://`), NFC Forum URI RTD §3.2.
 */
function ndefHeader(payloadLength: number): Uint8Array {
  return Uint8Array.of(0x00, 4 + payloadLength, 0xd1, 0x01, payloadLength, 0x55, 0x04)
}

/** What a read of file 2 yields, each still the text that the card wrote: upper-case hex. */
export interface SunMessage {
  /** Encrypted PICCData: 32 hex digits. */
  readonly e: string
  /** The binding: 64 hex digits. */
  readonly b: string
  /** The SDM MAC: 16 hex digits. */
  readonly m: string
}

/** The same pattern for a card's file and for a message that came over the network. */
export function isSunMessage(message: SunMessage): boolean {
  return (
    isUpperHex(message.e, piccDataHexLength) &&
    isUpperHex(message.b, bindingHexLength) &&
    isUpperHex(message.m, sunMacHexLength)
  )
}

function isUpperHex(text: string, length: number): boolean {
  return text.length === length && /^[0-9A-F]*$/.test(text)
}

export type NdefFileReading =
  | { readonly kind: 'sun'; readonly message: SunMessage }
  /** `mirror-off`: our layout, but the card left the zeros standing, so it is authenticated or not personalised. */
  | { readonly kind: 'malformed'; readonly detail: 'wrong-length' | 'wrong-layout' | 'not-hex' | 'mirror-off' }

/** Cuts the SUN message out of the first 143 bytes of file 2. Every byte that is not one of the three must be ours. */
export function readNdefFile(file: Uint8Array): NdefFileReading {
  if (file.length !== ndefMessageEnd) return { kind: 'malformed', detail: 'wrong-length' }
  const message: SunMessage = {
    e: textOf(file, piccDataOffset, piccDataHexLength),
    b: textOf(file, bindingOffset, bindingHexLength),
    m: textOf(file, sunMacOffset, sunMacHexLength),
  }
  const template = blankNdefFile()
  const isFixed = (offset: number) =>
    !isWithin(offset, piccDataOffset, piccDataHexLength) &&
    !isWithin(offset, bindingOffset, bindingHexLength) &&
    !isWithin(offset, sunMacOffset, sunMacHexLength)
  if (file.some((byte, offset) => isFixed(offset) && byte !== template[offset])) {
    return { kind: 'malformed', detail: 'wrong-layout' }
  }
  if (!isSunMessage(message)) return { kind: 'malformed', detail: 'not-hex' }
  if (/^0+$/.test(message.e)) return { kind: 'malformed', detail: 'mirror-off' }
  return { kind: 'sun', message }
}

function textOf(file: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...file.subarray(offset, offset + length))
}

function isWithin(offset: number, start: number, length: number): boolean {
  return offset >= start && offset < start + length
}

/**
 * File settings of file 2 for ChangeFileSettings (NT4H2421Gx §10.7.1): SDM on, communication MAC; read free, write
 * key 3, read-write and change key 0; UID and counter mirrored as text, PICCData under key 1, SDM MAC under key 2, no
 * counter retrieval. Access rights travel low byte first: read-write and change before read and write.
 */
export function ndefFileSettings(): Uint8Array {
  return concatBytes(
    Uint8Array.of(0x41, 0x00, 0xe3, 0xc1, 0xff, 0x12),
    littleEndian(piccDataOffset, 3),
    littleEndian(bindingOffset, 3),
    littleEndian(sunMacOffset, 3),
  )
}

/**
 * File settings of file 3: everything under key 0, full communication. The factory lets key 3 write this file and
 * key 2 read it (NT4H2421Gx §8.2.3.3); our key 3 is a till's, which may write file 2 and nothing else.
 */
export function proprietaryFileSettings(): Uint8Array {
  return Uint8Array.of(0x03, 0x00, 0x00)
}

/** ISOSelectFile by DF name: also ends an authenticated state, and SDM mirrors only without one. */
export function selectApplicationCommand(): Uint8Array {
  return concatBytes(
    Uint8Array.of(0x00, 0xa4, 0x04, 0x00, ntag424ApplicationName.length),
    ntag424ApplicationName,
    Uint8Array.of(0x00),
  )
}

/** ISOSelectFile of the NDEF file's EF, no answer data asked. */
export function selectNdefFileCommand(): Uint8Array {
  return Uint8Array.of(0x00, 0xa4, 0x02, 0x0c, 0x02, 0xe1, 0x04)
}

/** ISOReadBinary of exactly the message. */
export function readNdefFileCommand(): Uint8Array {
  return Uint8Array.of(0x00, 0xb0, 0x00, 0x00, ndefMessageEnd)
}
