/**
 * Which signatures and tokens were used lately, by key. Replay safety of money comes from ids; this only keeps a copied
 * request from being answered (architecture.md, "Trust": nonce in a bounded window).
 */
const noncesPerKey = 50_000

export class NonceWindow {
  readonly #keys = new Map<string, Map<string, number>>()
  readonly #windowMs: number

  /** @param windowMs at least as long as what was used could be taken for fresh again */
  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** @returns `full` when the key made more requests in the window than anybody does */
  use(keyId: string, nonce: string, now: number): 'fresh' | 'replayed' | 'full' {
    const used = this.#keys.get(keyId) ?? new Map<string, number>()
    this.#keys.set(keyId, used)
    for (const [old, at] of used) {
      // Insertion order is time order, so the first young one ends the search.
      if (now - at <= this.#windowMs) break
      used.delete(old)
    }
    if (used.has(nonce)) return 'replayed'
    if (used.size >= noncesPerKey) return 'full'
    used.set(nonce, now)
    return 'fresh'
  }
}
