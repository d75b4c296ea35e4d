import type { Event, Listener } from './ports.ts'

/** The sending end of an `Event`: whoever owns it fires, others only subscribe. */
export class EventSource<T> {
  readonly #listeners = new Set<{ readonly call: Listener<T> }>()

  readonly event: Event<T> = (listener) => {
    const entry = { call: listener }
    this.#listeners.add(entry)
    return { dispose: () => void this.#listeners.delete(entry) }
  }

  /** Calls every listener that is subscribed now. What a listener throws is a broken invariant and is not caught. */
  fire(event: T): void {
    for (const entry of [...this.#listeners]) entry.call(event)
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  dispose(): void {
    this.#listeners.clear()
  }
}
