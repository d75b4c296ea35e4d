/**
 * EV2 secure messaging, the card's side: NT4H2421Gx §9.1. One object lives from a successful authentication to the
 * first error, the next application selection, or the loss of power.
 */
import { cmac, decryptCbc, encryptBlock, encryptCbc, padMethod2, truncatedCmac, unpadMethod2, xor } from './aes.ts'

export interface SessionKeys {
  readonly encryption: Buffer
  readonly mac: Buffer
}

/** §9.1.7; RndA and RndB as on the air (the data sheet counts their bytes from the right). */
export function sessionKeys(key: Uint8Array, rndA: Uint8Array, rndB: Uint8Array): SessionKeys {
  const context = Buffer.concat([
    rndA.subarray(0, 2),
    xor(rndA.subarray(2, 8), rndB.subarray(0, 6)),
    rndB.subarray(6, 16),
    rndA.subarray(8, 16),
  ])
  return {
    encryption: cmac(key, Buffer.concat([Buffer.from('A55A00010080', 'hex'), context])),
    mac: cmac(key, Buffer.concat([Buffer.from('5AA500010080', 'hex'), context])),
  }
}

/** Left by one byte, as RndA' and RndB' are made. */
export function rotateLeft(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(1), bytes.subarray(0, 1)])
}

const MAC_BYTES = 8
const COUNTER_MAX = 0xffff

export class SecureSession {
  readonly keyNumber: number
  readonly transactionId: Buffer
  readonly #keys: SessionKeys
  #counter: number

  constructor(of: {
    readonly keyNumber: number
    readonly transactionId: Uint8Array
    readonly keys: SessionKeys
    readonly counter: number
  }) {
    this.keyNumber = of.keyNumber
    this.transactionId = Buffer.from(of.transactionId)
    this.#keys = of.keys
    this.#counter = of.counter
  }

  /** CmdCtr: commands of this transaction so far. */
  get counter(): number {
    return this.#counter
  }

  /** A command in plain while authenticated is counted too (§9.1.8). False: the counter is exhausted. */
  countPlain(): boolean {
    if (this.#counter === COUNTER_MAX) return false
    this.#counter += 1
    return true
  }

  /** Takes the MAC off `data` (header and data of the command) and counts the command; null when it does not verify. */
  openMac(command: number, data: Uint8Array): Buffer | null {
    if (data.length < MAC_BYTES || this.#counter === COUNTER_MAX) return null
    const body = Buffer.from(data.subarray(0, data.length - MAC_BYTES))
    const expected = truncatedCmac(this.#keys.mac, Buffer.concat([this.#prefix(command), body]))
    if (!expected.equals(data.subarray(data.length - MAC_BYTES))) return null
    this.#counter += 1
    return body
  }

  /** As {@link openMac}, then decrypts what follows the first `headerBytes`; null on a wrong MAC or padding. */
  openFull(command: number, data: Uint8Array, headerBytes: number): Buffer | null {
    const initialVector = this.#initialVector('A55A')
    const body = this.openMac(command, data)
    if (body === null) return null
    const encrypted = body.subarray(headerBytes)
    if (encrypted.length === 0) return body
    if (encrypted.length % 16 !== 0) return null
    const plain = unpadMethod2(decryptCbc(this.#keys.encryption, encrypted, initialVector))
    return plain === null ? null : Buffer.concat([body.subarray(0, headerBytes), plain])
  }

  /** Response data with its MAC, which covers the second status byte; the counter has already risen. */
  sealMac(data: Uint8Array, status = 0x00): Buffer {
    return Buffer.concat([data, truncatedCmac(this.#keys.mac, Buffer.concat([this.#prefix(status), data]))])
  }

  /** Response data encrypted (nothing stays nothing), with the MAC over the cryptogram. */
  sealFull(data: Uint8Array, status = 0x00): Buffer {
    return this.sealMac(
      data.length === 0 ? data : encryptCbc(this.#keys.encryption, padMethod2(data), this.#initialVector('5AA5')),
      status,
    )
  }

  #counterBytes(): Buffer {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(this.#counter)
    return bytes
  }

  #prefix(code: number): Buffer {
    return Buffer.concat([Buffer.of(code), this.#counterBytes(), this.transactionId])
  }

  #initialVector(label: string): Buffer {
    return encryptBlock(
      this.#keys.encryption,
      Buffer.concat([Buffer.from(label, 'hex'), this.transactionId, this.#counterBytes(), Buffer.alloc(8)]),
    )
  }
}
