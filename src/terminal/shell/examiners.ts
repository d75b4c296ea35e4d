/** The examiners that the core asked for (contract/examiner.ts): started once, ended when it says so or ends itself. */
import type { ToCore } from '../contract/bridge.ts'
import type { Child } from './children.ts'

export class Examiners {
  readonly #start: (words: readonly string[]) => Child
  readonly #tellCore: (message: ToCore) => void
  readonly #running = new Map<number, Child>()

  constructor(start: (words: readonly string[]) => Child, tellCore: (message: ToCore) => void) {
    this.#start = start
    this.#tellCore = tellCore
  }

  start(run: number, words: readonly string[]): void {
    const child = this.#start(words)
    this.#running.set(run, child)
    // One that was killed may still have messages on the way: they belong to nobody.
    const isRunning = (): boolean => this.#running.get(run) === child
    child.onMessage((body) => {
      if (isRunning()) this.#tellCore({ channel: 'examiner', run, body })
    })
    child.onDidExit(() => {
      if (!isRunning()) return
      this.#running.delete(run)
      this.#tellCore({ channel: 'shell', body: { kind: 'examiner_ended', run } })
    })
  }

  post(run: number, body: unknown): void {
    this.#running.get(run)?.post(body)
  }

  end(run: number): void {
    const child = this.#running.get(run)
    this.#running.delete(run)
    child?.kill()
  }

  endAll(): void {
    for (const run of [...this.#running.keys()]) this.end(run)
  }
}
