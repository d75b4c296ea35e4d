/** Where a virtual card takes its random bytes from (RndB, TI, PICCData padding, garbage). */
import { createHash } from 'node:crypto'

/** Returns that many fresh bytes. */
export type RandomSource = (bytes: number) => Uint8Array

/** The same bytes for the same seed, on every machine: SHA-256 over the seed and a counter. */
export function seededRandom(seed: string): RandomSource {
  let counter = 0
  let pool = Buffer.alloc(0)
  return (bytes) => {
    while (pool.length < bytes) {
      pool = Buffer.concat([pool, createHash('sha256').update(`${seed}/${counter}`).digest()])
      counter += 1
    }
    const taken = Buffer.from(pool.subarray(0, bytes))
    pool = pool.subarray(bytes)
    return taken
  }
}
