/** Which key a card holds in which slot (docs/design/02, "Keys"). */
import { diversifyAes128 } from './an10922.ts'
import { ntag424ApplicationName } from './application-names.ts'
import { asciiBytes, concatBytes } from './bytes.ts'

export const uidLength = 7

/** Slot 1, SDM meta read, is one key for a whole issuer zone and is never diversified: it decrypts the UID itself. */
export const cardKeyNumber = { applicationMaster: 0, metaRead: 1, fileRead: 2, till: 3, reserved: 4 } as const

export type DiversifiedKeyNumber = 0 | 2 | 3 | 4

/** The keys with which a card is issued; each re-keying gives it those of the next (docs/design/30, "Generations"). */
export const firstKeyGeneration = 1
/** It is the card's key version, which is one byte. */
export const lastKeyGeneration = 255

/**
 * The key of one card: AN10922 with M = UID (7) ‖ DF name (7) ‖ `TLM` ‖ key number, 18 bytes (docs/design/02, "Keys");
 * from the second generation on followed by the generation, 19 bytes (docs/design/30, "Generations").
 *
 * @param masterKey 16 bytes, the issuer's master of that slot
 * @param uid 7 bytes; other lengths throw
 * @param generation 1 to 255; others throw
 */
export function diversifyCardKey(
  masterKey: Uint8Array,
  uid: Uint8Array,
  keyNumber: DiversifiedKeyNumber,
  generation: number = firstKeyGeneration,
): Uint8Array {
  if (uid.length !== uidLength) throw new RangeError(`a UID has 7 bytes, not ${uid.length}`)
  if (!isKeyGeneration(generation)) throw new RangeError(`a key generation is 1 to 255, not ${generation}`)
  const later = generation === firstKeyGeneration ? new Uint8Array(0) : Uint8Array.of(generation)
  return diversifyAes128(
    masterKey,
    concatBytes(uid, ntag424ApplicationName, asciiBytes('TLM'), Uint8Array.of(keyNumber), later),
  )
}

export function isKeyGeneration(generation: number): boolean {
  return Number.isInteger(generation) && generation >= firstKeyGeneration && generation <= lastKeyGeneration
}
