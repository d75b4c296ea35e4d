/** Which key a card holds in which slot (docs/design/02, "Keys"). */
import { diversifyAes128 } from './an10922.ts'
import { ntag424ApplicationName } from './application-names.ts'
import { asciiBytes, concatBytes } from './bytes.ts'

export const uidLength = 7

/** Slot 1, SDM meta read, is one key for a whole issuer zone and is never diversified: it decrypts the UID itself. */
export const cardKeyNumber = { applicationMaster: 0, metaRead: 1, fileRead: 2, till: 3, reserved: 4 } as const

export type DiversifiedKeyNumber = 0 | 2 | 3 | 4

/**
 * The key of one card: AN10922 with M = UID (7) ‖ DF name (7) ‖ `TLM` ‖ key number, 18 bytes (docs/design/02, "Keys").
 *
 * @param masterKey 16 bytes, the issuer's master of that slot
 * @param uid 7 bytes; other lengths throw
 */
export function diversifyCardKey(masterKey: Uint8Array, uid: Uint8Array, keyNumber: DiversifiedKeyNumber): Uint8Array {
  if (uid.length !== uidLength) throw new RangeError(`a UID has 7 bytes, not ${uid.length}`)
  return diversifyAes128(
    masterKey,
    concatBytes(uid, ntag424ApplicationName, asciiBytes('TLM'), Uint8Array.of(keyNumber)),
  )
}
