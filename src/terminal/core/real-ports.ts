/** The real clock, timers and randomness. Only composition roots import this file, and key-file.ts: keys are real. */
import { randomBytes, scryptSync } from 'node:crypto'
import { v7 } from 'uuid'
import type { Clock, Randomness, Scheduler } from '../../sync/engine/ports.ts'
import type { PinHash } from '../shift/pin.ts'

export const realClock: Clock = { wall: () => Date.now(), monotonic: () => performance.now() }

export const realScheduler: Scheduler & { now(): number } = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

export const realRandomness: Randomness = { bytes: (length) => randomBytes(length), uuid: () => v7() }

/** scrypt (RFC 7914). Answers within the command: without an open shift nobody waits for this thread. */
export const realPinHash: PinHash = (pin, salt, { cost, blockSize, parallelization }) => {
  const memory = 128 * cost * blockSize
  const settings = { cost, blockSize, parallelization, maxmem: 2 * memory }
  return scryptSync(pin, Buffer.from(salt, 'hex'), 32, settings).toString('hex')
}
