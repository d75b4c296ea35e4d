import type { TransmitResult } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'

/**
 * Commands to one reader, one at a time. The time-out runs from the call, so that a caller waits no longer than it
 * said even behind a mute card. A command whose time is over before its turn is never sent.
 */
export class CommandQueue {
  readonly #scheduler: Scheduler
  #tail: Promise<unknown> = Promise.resolve()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Resolves with what `transmit` resolves with, or with `unknown/timed-out` after `timeoutMs`; never rejects. */
  send(transmit: () => Promise<TransmitResult>, timeoutMs: number): Promise<TransmitResult> {
    return new Promise((resolve) => {
      let state: 'queued' | 'sent' | 'over' = 'queued'
      const timer = this.#scheduler.setTimeout(() => {
        const detail =
          state === 'queued'
            ? `the reader was still busy with an earlier command after ${timeoutMs} ms; this one was never sent`
            : `no answer within ${timeoutMs} ms`
        state = 'over'
        resolve({ kind: 'unknown', reason: 'timed-out', detail })
      }, timeoutMs)
      this.#tail = this.#tail.then(async () => {
        if (state === 'over') return
        state = 'sent'
        const result = await transmit()
        this.#scheduler.clearTimeout(timer)
        resolve(result)
      })
    })
  }
}
