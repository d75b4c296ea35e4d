/** The page of one window, which always comes back: whatever ended it, or kept it from loading, it is loaded again. */
import type { Timers, Unsubscribe } from '../shell/children.ts'
import { RestartPace } from '../shell/restart-pace.ts'

/** After Chromium has called a page unresponsive: what was only slow may still answer. */
const graceMs = 5_000

export interface KeptPageOptions {
  readonly timers: Timers
  readonly log: (line: string) => void
  /** Begins to load the till's page; how that went is told later. */
  readonly load: () => void
  /** Ends the page's process; its end is told as any other. */
  readonly end: () => void
}

/** Is told what happens to the page and decides what follows. Knows no Electron. */
export class KeptPage {
  readonly #options: KeptPageOptions
  readonly #pace: RestartPace
  #cancelLoad: Unsubscribe | null = null
  #cancelEnd: Unsubscribe | null = null

  constructor(options: KeptPageOptions) {
    this.#options = options
    this.#pace = new RestartPace(() => options.timers.elapsedMs())
  }

  load(): void {
    this.#cancelLoad = null
    this.#pace.started()
    this.#options.load()
  }

  /** Its process is gone or its load failed; `what` is for the log. A second loss before the next load is the same. */
  lost(what: string): void {
    this.answers()
    if (this.#cancelLoad !== null) return
    const delayMs = this.#pace.ended()
    this.#options.log(`the page of a window ${what} and is loaded again in ${delayMs} ms`)
    this.#cancelLoad = this.#options.timers.after(delayMs, () => this.load())
  }

  /** A page that takes no key and no touch any more is soon as good as gone; what is true is in the core. */
  hangs(): void {
    if (this.#cancelEnd !== null) return
    this.#options.log(`the page of a window does not answer and has ${graceMs / 1_000} s to do so`)
    this.#cancelEnd = this.#options.timers.after(graceMs, () => {
      this.#cancelEnd = null
      this.#options.log('the page of a window still does not answer and is ended')
      this.#options.end()
    })
  }

  /** It takes keys and touches again. */
  answers(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
  }

  /** The window is closed: nothing comes back. */
  close(): void {
    this.answers()
    this.#cancelLoad?.()
    this.#cancelLoad = null
  }
}
