/**
 * Wakes those who wait for news in this process. Only a hint: a reader that is not woken (another process committed)
 * looks by itself with its next heartbeat, so no event depends on the bell.
 */
import type { Stream } from './streams.ts'

export class FeedBell {
  readonly #listeners = new Set<{ readonly stream: Stream | 'any'; readonly heard: () => void }>()

  /** @returns stops listening */
  listen(stream: Stream | 'any', heard: () => void): () => void {
    const listener = { stream, heard }
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  ring(streams: readonly Stream[]): void {
    if (streams.length === 0) return
    for (const { stream, heard } of this.#listeners) if (stream === 'any' || streams.includes(stream)) heard()
  }
}
