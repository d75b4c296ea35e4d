/**
 * The card's side of the secure channel of docs/design/22 "Terminal authentication and the secure channel": AES-128 in
 * CBC, then AES-CMAC, one counter for both directions. An object lives from OPEN CHANNEL to the first broken rule.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { BLOCK_BYTES, cmac, decryptCbc, encryptBlock, encryptCbc, padMethod2, unpadMethod2 } from './aes.ts'
import { tagged, uint32 } from './applet-layout.ts'

const MAC_BYTES = 8
/** k from 1 to 15 blocks. */
const CRYPTOGRAM_BYTES_MAX = 15 * BLOCK_BYTES
const COUNTER_MAX = 0xffff
const COMMAND = 0x01
const ANSWER = 0x02

export interface ChannelKeys {
  readonly encryption: Buffer
  readonly commandMac: Buffer
  readonly answerMac: Buffer
}

/** HKDF-SHA256 (RFC 5869) with the transcript's hash as salt and `TLMKEY01` as info, 48 bytes out. */
export function channelKeys(sharedSecret: Uint8Array, transcriptHash: Uint8Array): ChannelKeys {
  const mac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest()
  const info = tagged('TLMKEY01')
  const extracted = mac(transcriptHash, sharedSecret)
  const first = mac(extracted, info, Buffer.of(1))
  const second = mac(extracted, first, info, Buffer.of(2))
  return { encryption: first.subarray(0, 16), commandMac: first.subarray(16), answerMac: second.subarray(0, 16) }
}

export class AppletChannel {
  readonly #keys: ChannelKeys
  #counter: number

  /** @param counter protected commands of this channel so far */
  constructor(keys: ChannelKeys, counter = 0) {
    this.#keys = keys
    this.#counter = counter
  }

  /** The plaintext of the next command; null when a rule of the channel is broken, which ends it. */
  open(header: Uint8Array, data: Buffer): Buffer | null {
    const cryptogram = data.subarray(0, Math.max(0, data.length - MAC_BYTES))
    const isWhole = cryptogram.length > 0 && cryptogram.length % BLOCK_BYTES === 0
    if (!isWhole || cryptogram.length > CRYPTOGRAM_BYTES_MAX || this.#counter === COUNTER_MAX) return null
    this.#counter += 1
    const expected = this.#mac(this.#keys.commandMac, header, cryptogram)
    if (!timingSafeEqual(expected, data.subarray(cryptogram.length))) return null
    return unpadMethod2(decryptCbc(this.#keys.encryption, cryptogram, this.#initialVector(COMMAND)))
  }

  /** The answer to the command that was opened last. */
  seal(answer: Uint8Array): Buffer {
    const cryptogram = encryptCbc(this.#keys.encryption, padMethod2(answer), this.#initialVector(ANSWER))
    return Buffer.concat([cryptogram, this.#mac(this.#keys.answerMac, cryptogram)])
  }

  #mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
    return cmac(key, Buffer.concat([uint32(this.#counter), ...parts])).subarray(0, MAC_BYTES)
  }

  #initialVector(direction: number): Buffer {
    const block = Buffer.concat([Buffer.of(direction), Buffer.alloc(11), uint32(this.#counter)])
    return encryptBlock(this.#keys.encryption, block)
  }
}
