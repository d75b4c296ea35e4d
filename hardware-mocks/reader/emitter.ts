import type { Event, Listener } from '../../src/drivers/ports.ts'

/** One event: `event` is what subscribers see, `fire` what the owner calls. */
export class Emitter<T> {
  readonly #listeners = new Set<{ readonly listener: Listener<T> }>()

  readonly event: Event<T> = (listener) => {
    const entry = { listener }
    this.#listeners.add(entry)
    return { dispose: () => void this.#listeners.delete(entry) }
  }

  fire(value: T): void {
    for (const { listener } of [...this.#listeners]) listener(value)
  }

  dispose(): void {
    this.#listeners.clear()
  }
}
