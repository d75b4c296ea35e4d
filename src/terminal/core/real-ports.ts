/** The real clock, timers and randomness. Only composition roots import this file. */
import { randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { Clock, Randomness, Scheduler } from '../../sync/engine/ports.ts'

export const realClock: Clock = { wall: () => Date.now(), monotonic: () => performance.now() }

export const realScheduler: Scheduler & { now(): number } = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

export const realRandomness: Randomness = { bytes: (length) => randomBytes(length), uuid: () => v7() }
