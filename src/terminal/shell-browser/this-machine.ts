/** The real clock, timers and randomness of the browser host: handed to everything else as ports. */
import { randomBytes } from 'node:crypto'
import type { Timers } from '../shell/children.ts'

export const thisMachine: { readonly timers: Timers; readonly randomName: () => string } = {
  timers: {
    elapsedMs: () => performance.now(),
    after: (delayMs, call) => {
      const timer = setTimeout(call, delayMs)
      return () => clearTimeout(timer)
    },
  },
  randomName: () => randomBytes(32).toString('base64url'),
}
