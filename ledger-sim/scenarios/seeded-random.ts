/** Bytes that follow from a seed, for demonstrations and simulations: nothing that they protect is secret. */
import { createHash } from 'node:crypto'

/** SHA-256 in counter mode over the seed. */
export function seededRandom(seed: string): (length: number) => Uint8Array {
  let counter = 0
  let pool = Buffer.alloc(0)
  return (length) => {
    while (pool.length < length) {
      pool = Buffer.concat([pool, createHash('sha256').update(`${seed}/${counter}`).digest()])
      counter += 1
    }
    const bytes = pool.subarray(0, length)
    pool = pool.subarray(length)
    return new Uint8Array(bytes)
  }
}
