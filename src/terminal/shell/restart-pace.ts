/** How long to wait before something that ends by itself is started again, so that it comes back and never spins. */

/** Waits before the first, second, … restart in a row; the last one repeats. A till must come back by itself. */
const restartDelaysMs = [100, 250, 500, 1_000, 2_000, 5_000] as const
/** What lived this long has recovered: its next end is a first one again. */
const recoveredAfterMs = 30_000

export class RestartPace {
  readonly #elapsedMs: () => number
  #startedAtMs: number
  #endsInARow = 0

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs
    this.#startedAtMs = elapsedMs()
  }

  started(): void {
    this.#startedAtMs = this.#elapsedMs()
  }

  /** It ended: after how many milliseconds it is to be started again. */
  ended(): number {
    if (this.#elapsedMs() - this.#startedAtMs >= recoveredAfterMs) this.#endsInARow = 0
    const delayMs = restartDelaysMs[Math.min(this.#endsInARow, restartDelaysMs.length - 1)] as number
    this.#endsInARow += 1
    return delayMs
  }

  /** The next end says nothing against it: the first wait follows. */
  forgive(): void {
    this.#endsInARow = 0
  }
}
