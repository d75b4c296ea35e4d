/**
 * AN10922 key diversification for AES-128, and the five keys of a Tölem card (docs/design/02 "Keys").
 * For making virtual cards only: the issuing desk has its own.
 */
import { BLOCK_BYTES, cmacSubkeys, encryptCbc, padMethod2, xor } from './aes.ts'

const DIVERSIFICATION_BYTES_MAX = 31

/**
 * The diversified AES-128 key of AN10922 §2.2: `01 ‖ input`, padded to exactly two blocks, last block XOR K1 (no
 * padding was needed) or K2, CBC, last block. Not a plain CMAC: a short input is padded to 32 bytes all the same.
 */
export function diversifyAes128(master: Uint8Array, input: Uint8Array): Buffer {
  if (input.length < 1 || input.length > DIVERSIFICATION_BYTES_MAX) {
    throw new RangeError(`AN10922 takes 1 to ${DIVERSIFICATION_BYTES_MAX} bytes, not ${input.length}`)
  }
  const prefixed = Buffer.concat([Buffer.of(0x01), input])
  const subkeys = cmacSubkeys(master)
  const isComplete = prefixed.length === 2 * BLOCK_BYTES
  const blocks = isComplete ? prefixed : padMethod2(prefixed, 2 * BLOCK_BYTES)
  blocks.set(xor(blocks.subarray(BLOCK_BYTES), isComplete ? subkeys.complete : subkeys.padded), BLOCK_BYTES)
  return encryptCbc(master, blocks).subarray(BLOCK_BYTES)
}

/** The issuer's secrets from which a card's keys come; 16 bytes each. */
export interface IssuerMasters {
  readonly application: Uint8Array
  readonly metaRead: Uint8Array
  readonly fileRead: Uint8Array
  readonly till: Uint8Array
  readonly reserved: Uint8Array
}

/** The keys of one card by key number; 16 bytes each. */
export interface CardKeys {
  readonly 0: Uint8Array
  readonly 1: Uint8Array
  readonly 2: Uint8Array
  readonly 3: Uint8Array
  readonly 4: Uint8Array
}

const APPLICATION_NAME = Buffer.from('D2760000850101', 'hex')

/**
 * The five keys of the card with this UID (7 bytes). M = UID ‖ application name ‖ `TLM` ‖ key number, and after that
 * the generation unless it is the first (docs/design/30 "Generations"); key 1 is the same on every card of the issuer
 * zone and in every generation, because the ledger must read PICCData before it knows the UID.
 */
export function deriveKeys(of: {
  readonly masters: IssuerMasters
  readonly uid: Uint8Array
  /** 1 to 255; 1 when absent. */
  readonly generation?: number
}): CardKeys {
  const { masters, uid, generation = 1 } = of
  if (generation < 1 || generation > 0xff) throw new RangeError(`generations go from 1 to 255, not ${generation}`)
  const suffix = Buffer.from(generation > 1 ? [generation] : [])
  const diversified = (master: Uint8Array, keyNumber: number): Buffer =>
    diversifyAes128(
      master,
      Buffer.concat([uid, APPLICATION_NAME, Buffer.from('TLM', 'ascii'), Buffer.of(keyNumber), suffix]),
    )
  return {
    0: diversified(masters.application, 0),
    1: Buffer.from(masters.metaRead),
    2: diversified(masters.fileRead, 2),
    3: diversified(masters.till, 3),
    4: diversified(masters.reserved, 4),
  }
}
