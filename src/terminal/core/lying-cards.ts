/** The cards on the readers, and the sale for which each was tried. */
import { toHex } from '../../voucher/cards/bytes.ts'
import type { CardPresence, CardRemoval } from '../../drivers/ports.ts'

/** Tried for this: for no sale at all. */
const noSale = ''

export class LyingCards {
  readonly #presences = new Map<string, CardPresence>()
  readonly #triedFor = new Map<string, string>()

  /** Cards from which a sale learns nothing more: somebody else's, or one that went away in the middle. */
  readonly #askedFor = new Map<string, string>()

  /** By the reader's name, the ATR of a card that nobody saw leave, and the sale for which it was tried. */
  readonly #unseen = new Map<string, { readonly atr: string; readonly triedFor: string | undefined }>()

  /** On which reader the last card lay that a sale has tried. */
  #triedOn: string | undefined

  /**
   * One that nobody saw leave, nor come, lay there all the time by all that can be told: it is for the sale that it was
   * for.
   *
   * @param openSale the sale that a start of the core has found open; null for none
   */
  add(presence: CardPresence, openSale: string | null): void {
    const { presenceId, readerName, atr, wasThere } = presence
    this.#presences.set(presenceId, presence)
    const before = this.#unseen.get(readerName)
    const ofStart = wasThere === 'since-start' ? (openSale ?? noSale) : undefined
    const isBack = wasThere !== undefined && before?.atr === toHex(atr)
    const triedFor = isBack ? before.triedFor : before === undefined ? ofStart : undefined
    if (triedFor !== undefined) this.#triedFor.set(presenceId, triedFor)
    this.#unseen.delete(readerName)
  }

  remove({ presenceId, isUnseen }: CardRemoval): void {
    const presence = this.#presences.get(presenceId)
    if (isUnseen === true && presence !== undefined)
      this.#unseen.set(presence.readerName, { atr: toHex(presence.atr), triedFor: this.#triedFor.get(presenceId) })
    this.#presences.delete(presenceId)
    this.#triedFor.delete(presenceId)
    this.#askedFor.delete(presenceId)
  }

  get lying(): readonly CardPresence[] {
    return [...this.#presences.values()]
  }

  presence(presenceId: string): CardPresence | undefined {
    return this.#presences.get(presenceId)
  }

  tried(presenceId: string, saleId: string): void {
    this.#triedFor.set(presenceId, saleId)
    this.#triedOn = this.#presences.get(presenceId)?.readerName
  }

  /** It is not asked again about this sale before it is laid down anew. */
  askedFor(presenceId: string, saleId: string): void {
    this.#askedFor.set(presenceId, saleId)
  }

  /** Of all but this one. */
  othersAskedFor(own: string | null, saleId: string): void {
    for (const { presenceId } of this.lying) if (presenceId !== own) this.askedFor(presenceId, saleId)
  }

  /** What lies on another reader than the card that was tried last may be somebody else's, and waits. */
  othersBelongTo(saleId: string): void {
    for (const { presenceId, readerName } of this.lying)
      if (readerName !== this.#triedOn && !this.#triedFor.has(presenceId)) this.#triedFor.set(presenceId, saleId)
  }

  /** What lies here when this sale is paid or left is no card for the next one. */
  belongTo(saleId: string): void {
    for (const presenceId of this.#presences.keys())
      if (!this.#triedFor.has(presenceId)) this.#triedFor.set(presenceId, saleId)
  }

  /**
   * The cards that lie here now are for no sale: each is taken off and laid on again first. So is one that comes back
   * with a new device host: by its reader and ATR it may be the same.
   */
  holdBack(): void {
    for (const presenceId of this.#presences.keys()) this.#triedFor.set(presenceId, noSale)
    for (const [readerName, { atr }] of this.#unseen) this.#unseen.set(readerName, { atr, triedFor: noSale })
  }

  /**
   * A card for this sale. One left by the customer before is none: it would pay a stranger's sale.
   *
   * @param tried the presence that the sale tried last
   */
  untriedFor(saleId: string, tried: string | null): string | undefined {
    return [...this.#presences.keys()].find(
      (presenceId) =>
        presenceId !== tried && this.#askedFor.get(presenceId) !== saleId && this.isFor(presenceId, saleId),
    )
  }

  /** One that no sale has tried. */
  untried(): string | undefined {
    return [...this.#presences.keys()].find((presenceId) => !this.#triedFor.has(presenceId))
  }

  /** One that no sale has tried, in the place of the one that was tried last and has left. */
  laidInItsPlace(): string | undefined {
    const lying = this.lying.filter(({ readerName }) => readerName === this.#triedOn)
    return lying.find(({ presenceId }) => !this.#triedFor.has(presenceId))?.presenceId
  }

  /** Of somebody else, or asked about this sale already: it would be waited for in vain. */
  someMustBeLaidAnew(saleId: string): boolean {
    return [...this.#presences.keys()].some(
      (presenceId) => !this.isFor(presenceId, saleId) || this.#askedFor.get(presenceId) === saleId,
    )
  }

  /** It lies here for this sale, or was tried for none. */
  isFor(presenceId: string, saleId: string): boolean {
    return (this.#triedFor.get(presenceId) ?? saleId) === saleId
  }
}
