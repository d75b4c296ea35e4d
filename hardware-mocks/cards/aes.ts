/**
 * AES-128 as a card uses it: raw blocks, CBC without padding of its own, CMAC (RFC 4493), and the two NXP habits on
 * top: MACs cut down to every second byte, and data always padded with 80 00…
 *
 * Written for the virtual card alone. It shares nothing with the terminal's card code, so that a test in which both
 * meet confirms the documents and not itself.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'

export const BLOCK_BYTES = 16

const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES)

/** AES-128-CBC without padding; `data` is a whole number of blocks. The initial vector is zero unless given. */
export function encryptCbc(key: Uint8Array, data: Uint8Array, initialVector: Uint8Array = ZERO_BLOCK): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, initialVector).setAutoPadding(false)
  return Buffer.concat([cipher.update(data), cipher.final()])
}

/** Inverse of {@link encryptCbc}. */
export function decryptCbc(key: Uint8Array, data: Uint8Array, initialVector: Uint8Array = ZERO_BLOCK): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', key, initialVector).setAutoPadding(false)
  return Buffer.concat([decipher.update(data), decipher.final()])
}

/** One block through AES-128. */
export function encryptBlock(key: Uint8Array, block: Uint8Array): Buffer {
  return encryptCbc(key, block)
}

/** Multiplies by x in GF(2^128), RFC 4493 §2.3: a left shift, and 87 into the last byte when a bit falls out. */
function timesX(block: Buffer): Buffer {
  const shifted = Buffer.alloc(BLOCK_BYTES)
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    shifted[index] = ((block[index]! << 1) | ((block[index + 1] ?? 0) >> 7)) & 0xff
  }
  if ((block[0]! & 0x80) !== 0) shifted[BLOCK_BYTES - 1]! ^= 0x87
  return shifted
}

/** The CMAC subkeys K1 (complete last block) and K2 (padded last block), RFC 4493 §2.3. */
export function cmacSubkeys(key: Uint8Array): { readonly complete: Buffer; readonly padded: Buffer } {
  const complete = timesX(encryptBlock(key, ZERO_BLOCK))
  return { complete, padded: timesX(complete) }
}

/** Byte by byte; both sides have the same length. */
export function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ right[index]!))
}

/** ISO/IEC 9797-1 padding method 2: 80, then zeros up to a multiple of `multiple`. Always adds at least one byte. */
export function padMethod2(data: Uint8Array, multiple: number = BLOCK_BYTES): Buffer {
  const padded = Buffer.alloc(data.length + multiple - (data.length % multiple))
  padded.set(data)
  padded[data.length] = 0x80
  return padded
}

/** Takes the padding of {@link padMethod2} off; null when there is none. */
export function unpadMethod2(data: Uint8Array): Buffer | null {
  let end = data.length - 1
  while (end >= 0 && data[end] === 0) end -= 1
  return end >= 0 && data[end] === 0x80 && data.length - end <= BLOCK_BYTES ? Buffer.from(data.subarray(0, end)) : null
}

/** AES-CMAC, RFC 4493 §2.4: 16 bytes. */
export function cmac(key: Uint8Array, message: Uint8Array): Buffer {
  const subkeys = cmacSubkeys(key)
  const isComplete = message.length > 0 && message.length % BLOCK_BYTES === 0
  const blocks = isComplete ? Buffer.from(message) : padMethod2(message)
  const lastAt = blocks.length - BLOCK_BYTES
  blocks.set(xor(blocks.subarray(lastAt), isComplete ? subkeys.complete : subkeys.padded), lastAt)
  return encryptCbc(key, blocks).subarray(lastAt)
}

/** The MAC on the air interface: bytes 1, 3, … 15 of the CMAC (NT4H2421Gx §9.1.3 "even-numbered", counted from 1). */
export function truncatedCmac(key: Uint8Array, message: Uint8Array): Buffer {
  return Buffer.from(cmac(key, message).filter((_, index) => index % 2 === 1))
}
