/** The cards on the readers, and the sale for which each was tried. */
import type { CardPresence } from '../../drivers/ports.ts'

export class LyingCards {
  readonly #presences = new Map<string, CardPresence>()
  readonly #triedFor = new Map<string, string>()

  add(presence: CardPresence): void {
    this.#presences.set(presence.presenceId, presence)
  }

  remove(presenceId: string): void {
    this.#presences.delete(presenceId)
    this.#triedFor.delete(presenceId)
  }

  get lying(): readonly CardPresence[] {
    return [...this.#presences.values()]
  }

  presence(presenceId: string): CardPresence | undefined {
    return this.#presences.get(presenceId)
  }

  tried(presenceId: string, saleId: string): void {
    this.#triedFor.set(presenceId, saleId)
  }

  /** The cards that lie here now are for no sale: each is taken off and laid on again first. */
  holdBack(): void {
    for (const presenceId of this.#presences.keys()) this.#triedFor.set(presenceId, '')
  }

  /**
   * A card for this sale. One left by the customer before is none: it would pay a stranger's sale.
   *
   * @param tried the presence that the sale tried last
   */
  untriedFor(saleId: string, tried: string | null): string | undefined {
    return [...this.#presences.keys()].find((presenceId) => presenceId !== tried && this.#isFor(presenceId, saleId))
  }

  someBelongToAnotherSale(saleId: string): boolean {
    return [...this.#presences.keys()].some((presenceId) => !this.#isFor(presenceId, saleId))
  }

  #isFor(presenceId: string, saleId: string): boolean {
    return (this.#triedFor.get(presenceId) ?? saleId) === saleId
  }
}
