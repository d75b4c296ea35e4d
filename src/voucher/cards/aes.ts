/**
 * AES-128 as smart cards use it: no padding, the caller's IV, and CMAC. Block modes come from `node:crypto`, CMAC
 * (NIST SP 800-38B, RFC 4493) from @noble/ciphers. Proven by test/fixtures/vectors/aes-cmac.json.
 *
 * Wrong key, IV or data lengths throw: bytes that a card or the network sent are checked before they come here. Keys
 * go to Node as key objects: with bytes it throws and catches two errors before it takes them for what they are.
 */
import { createCipheriv, createDecipheriv, createSecretKey, timingSafeEqual } from 'node:crypto'
import { cmac } from '@noble/ciphers/aes.js'

export const aesBlockLength = 16

const zeroIv = new Uint8Array(aesBlockLength)

export function aes128CbcEncrypt(key: Uint8Array, data: Uint8Array, iv: Uint8Array = zeroIv): Uint8Array {
  requireWholeBlocks(data)
  const cipher = createCipheriv('aes-128-cbc', createSecretKey(key), iv).setAutoPadding(false)
  return Uint8Array.from(Buffer.concat([cipher.update(data), cipher.final()]))
}

export function aes128CbcDecrypt(key: Uint8Array, data: Uint8Array, iv: Uint8Array = zeroIv): Uint8Array {
  requireWholeBlocks(data)
  const decipher = createDecipheriv('aes-128-cbc', createSecretKey(key), iv).setAutoPadding(false)
  return Uint8Array.from(Buffer.concat([decipher.update(data), decipher.final()]))
}

/** One block, no chaining: how EV2 secure messaging makes its IVs. */
export function aes128EncryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  if (block.length !== aesBlockLength) throw new RangeError(`a block has 16 bytes, not ${block.length}`)
  return aes128CbcEncrypt(key, block)
}

/** AES-CMAC, all 16 bytes. */
export function aes128Cmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  if (key.length !== aesBlockLength) throw new RangeError(`an AES-128 key has 16 bytes, not ${key.length}`)
  return cmac(message, key)
}

/**
 * AES-CMAC cut to 8 bytes by taking every second one, the second first (offsets 1, 3, … 15): MACt of EV2 secure
 * messaging and SDMMAC (AN12196 §3.4.4.2 and §5.2).
 */
export function aes128CmacTruncated(key: Uint8Array, message: Uint8Array): Uint8Array {
  return aes128Cmac(key, message).filter((_, index) => index % 2 === 1)
}

/** Compares without telling by its time where the difference is. Unequal lengths are simply unequal. */
export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

function requireWholeBlocks(data: Uint8Array): void {
  if (data.length === 0 || data.length % aesBlockLength !== 0) {
    throw new RangeError(`AES-CBC without padding takes whole blocks, not ${data.length} bytes`)
  }
}
