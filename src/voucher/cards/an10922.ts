/**
 * One key per card from one master key: NXP AN10922 §2.2, AES-128. Whoever takes a card apart has that card's key only.
 */
import { aes128CbcEncrypt, aes128EncryptBlock, aesBlockLength } from './aes.ts'
import { concatBytes, xorBytes } from './bytes.ts'

const aes128Constant = Uint8Array.of(0x01)
const diversificationInputLength = 32

/**
 * The diversified AES-128 key: D = 01 ‖ M, padded with 80 00… to exactly 32 bytes, the last block XORed with K1 (no
 * padding was needed) or K2, then CBC with IV 0; the last block is the key.
 *
 * It is *not* the CMAC of 01 ‖ M when that fits one block: CMAC would then work on 16 bytes and AN10922 always works
 * on 32. The boundary lengths in test/fixtures/vectors/an10922.json tell the two apart.
 *
 * @param master 16 bytes
 * @param message M of AN10922: 1 to 31 bytes. Other lengths throw: M is made by us, never by a card.
 */
export function diversifyAes128(master: Uint8Array, message: Uint8Array): Uint8Array {
  if (message.length < 1 || message.length > 31) throw new RangeError(`M has 1 to 31 bytes, not ${message.length}`)
  const unpadded = concatBytes(aes128Constant, message)
  const padded = new Uint8Array(diversificationInputLength)
  padded.set(unpadded)
  if (unpadded.length < padded.length) padded[unpadded.length] = 0x80

  const { k1, k2 } = cmacSubkeys(master)
  const lastBlock = xorBytes(padded.subarray(aesBlockLength), unpadded.length === padded.length ? k1 : k2)
  return aes128CbcEncrypt(master, concatBytes(padded.subarray(0, aesBlockLength), lastBlock)).slice(-aesBlockLength)
}

/** K1 and K2 of NIST SP 800-38B §6.1. */
export function cmacSubkeys(key: Uint8Array): { readonly k1: Uint8Array; readonly k2: Uint8Array } {
  const k1 = doubleInField(aes128EncryptBlock(key, new Uint8Array(aesBlockLength)))
  return { k1, k2: doubleInField(k1) }
}

/** Multiplication by x in GF(2^128) with the polynomial x^128 + x^7 + x^2 + x + 1. */
function doubleInField(block: Uint8Array): Uint8Array {
  const doubled = block.map((byte, index) => (byte << 1) | ((block[index + 1] ?? 0) >> 7))
  if ((block[0] ?? 0) & 0x80) doubled[aesBlockLength - 1] = (doubled[aesBlockLength - 1] ?? 0) ^ 0x87
  return doubled
}
