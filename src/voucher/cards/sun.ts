/**
 * Opening a SUN message, which only the ledger can: it needs a key that no till ever holds (docs/design/02, "Keys").
 * SDM of the NTAG 424 DNA: AN12196 §3.3 and §3.4.
 *
 * An opened message says: this card was there, and it wrote this binding. That the binding is the tender's own terms,
 * and that the counter has risen, is for the caller to check; without both it proves nothing (docs/design/02, "What
 * it proves").
 */
import { aes128CbcDecrypt, aes128Cmac, aes128CmacTruncated, equalInConstantTime } from './aes.ts'
import { concatBytes, fromHex, littleEndian, littleEndianToNumber } from './bytes.ts'
import { cardKeyNumber, diversifyCardKey, uidLength } from './card-keys.ts'
import { isSunMessage, sunMacInput } from './ntag424-layout.ts'
import type { SunMessage } from './ntag424-layout.ts'

/** UID mirrored (bit 7), counter mirrored (bit 6), UID of 7 bytes (low nibble). */
const piccDataTag = 0xc7
const counterLength = 3

export interface PiccData {
  readonly uid: Uint8Array
  /** SDMReadCtr, 24 bits: rises by one with each unauthenticated reading of the file, gaps are normal. */
  readonly counter: number
}

/** Listed in the order in which they are found: a message that is wrong in two ways gets the first code. */
export type SunRefusalCode =
  /** Not 32, 64 and 16 upper-case hex digits. */
  | 'SUN_MALFORMED'
  /** Decrypts to no PICCData: made under another meta read key, or damaged. */
  | 'SUN_PICC_DATA_INVALID'
  /** The ledger has no key for this UID. */
  | 'SUN_CARD_UNKNOWN'
  /** The MAC is not this card's over this binding and counter. */
  | 'SUN_MAC_WRONG'

export type OpenedSun =
  | {
      readonly kind: 'opened'
      readonly uid: Uint8Array
      readonly counter: number
      /** The 32 bytes that the card signed, to be compared with the tender's terms. */
      readonly termsHash: Uint8Array
    }
  | { readonly kind: 'refused'; readonly code: SunRefusalCode }

export interface SunKeys {
  /** Key 1 of the issuer zone, 16 bytes. */
  readonly metaReadKey: Uint8Array
  /** Key 2 of the card with this UID, 16 bytes; null if there is no such card. */
  readonly fileReadKeyOf: (uid: Uint8Array) => Uint8Array | null
}

/** For `SunKeys`: any card's key 2, from the issuer's master of that slot. */
export function fileReadKeysFromMaster(masterKey: Uint8Array): SunKeys['fileReadKeyOf'] {
  return (uid) => diversifyCardKey(masterKey, uid, cardKeyNumber.fileRead)
}

/** Decrypts, finds the card's key, verifies the MAC. */
export function openSun(message: SunMessage, keys: SunKeys): OpenedSun {
  if (!isSunMessage(message)) return { kind: 'refused', code: 'SUN_MALFORMED' }
  const piccData = decryptPiccData(keys.metaReadKey, fromHex(message.e))
  if (piccData === null) return { kind: 'refused', code: 'SUN_PICC_DATA_INVALID' }
  const fileReadKey = keys.fileReadKeyOf(piccData.uid)
  if (fileReadKey === null) return { kind: 'refused', code: 'SUN_CARD_UNKNOWN' }
  const expectedMac = sunMac(fileReadKey, piccData, sunMacInput(message.b))
  if (!equalInConstantTime(expectedMac, fromHex(message.m))) return { kind: 'refused', code: 'SUN_MAC_WRONG' }
  return { kind: 'opened', ...piccData, termsHash: fromHex(message.b) }
}

/**
 * PICCData = CBC, IV 0: tag C7 ‖ UID (7) ‖ SDMReadCtr (3, least significant byte first) ‖ 5 random bytes
 * (AN12196 §3.4.2). CBC alone authenticates nothing: believe the result only once the MAC is verified.
 *
 * @param encrypted 16 bytes; other lengths are no PICCData
 */
export function decryptPiccData(metaReadKey: Uint8Array, encrypted: Uint8Array): PiccData | null {
  if (encrypted.length !== 16) return null
  const plain = aes128CbcDecrypt(metaReadKey, encrypted)
  if (plain[0] !== piccDataTag) return null
  return {
    uid: plain.slice(1, 1 + uidLength),
    counter: littleEndianToNumber(plain.subarray(1 + uidLength, 1 + uidLength + counterLength)),
  }
}

/**
 * SDMMAC: AES-CMAC under KSesSDMFileReadMAC, cut to its odd bytes (AN12196 §3.4.4).
 *
 * @param input the file's bytes from SDMMACInputOffset up to SDMMACOffset; may be empty
 */
export function sunMac(fileReadKey: Uint8Array, piccData: PiccData, input: Uint8Array): Uint8Array {
  return aes128CmacTruncated(sunSessionMacKey(fileReadKey, piccData), input)
}

/**
 * KSesSDMFileReadMAC = CMAC(K, SV2), SV2 = 3CC3 0001 0080 ‖ UID ‖ SDMReadCtr low byte first: 16 bytes (AN12196 §3.3).
 */
export function sunSessionMacKey(fileReadKey: Uint8Array, { uid, counter }: PiccData): Uint8Array {
  if (uid.length !== uidLength) throw new RangeError(`a UID has 7 bytes, not ${uid.length}`)
  return aes128Cmac(
    fileReadKey,
    concatBytes(Uint8Array.of(0x3c, 0xc3, 0x00, 0x01, 0x00, 0x80), uid, littleEndian(counter, counterLength)),
  )
}
