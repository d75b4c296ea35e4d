import type { DrawerResult } from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'

/** A drawer that opens later than this opens when nobody stands before it. */
const drawerLateMs = 5_000
const tooLate: DrawerResult = { kind: 'failed', trouble: 'busy', detail: 'the printer was busy until it was too late' }

/**
 * One word to open the drawer. It is pulsed at the first safe moment, or answered as failed the moment that is too
 * late, whatever the printer is doing then: whoever stands there takes the key (docs/design/07-printing.md).
 */
export class DrawerRequest {
  readonly result: Promise<DrawerResult>
  readonly #scheduler: Scheduler
  readonly #timer: TimerHandle
  #settle: (result: DrawerResult) => void = () => undefined
  #isWaiting = true

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.result = new Promise((resolve) => (this.#settle = resolve))
    this.#timer = scheduler.setTimeout(() => this.end(tooLate), drawerLateMs)
  }

  /** Neither answered, nor begun. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Right before the first byte of its pulse, which is then sent once and never again. `false`: it is too late. */
  begin(): boolean {
    const mayBegin = this.#isWaiting
    this.#isWaiting = false
    this.#scheduler.clearTimeout(this.#timer)
    return mayBegin
  }

  end(result: DrawerResult): void {
    this.#isWaiting = false
    this.#scheduler.clearTimeout(this.#timer)
    this.#settle(result)
  }
}
