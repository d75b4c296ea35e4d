/** Which card the console speaks to. */
import type { BenchView } from '../../contract/index.ts'

type Card = BenchView['cards'][number]

/**
 * The card on the reader that was chosen or used last. Undefined when it lies there no more, or nothing was chosen and
 * several lie: what is meant for one card never goes to another that happens to be there.
 *
 * @param readerName null while nothing was chosen or sent
 */
export function chosenCard(cards: readonly Card[], readerName: string | null): Card | undefined {
  if (readerName === null) return cards.length === 1 ? cards[0] : undefined
  return cards.find((card) => card.readerName === readerName)
}

/** A card's name, as far as it is known, and where it lies. */
export const cardAndReader = ({ identity, readerName }: Card): string =>
  [identity?.name ?? null, readerName].filter((part) => part !== null).join(' · ')
