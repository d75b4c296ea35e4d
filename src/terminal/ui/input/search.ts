/** Finding goods by what the cashier types. */
import type { Snapshot } from '../../contract/index.ts'

type Item = Snapshot['catalogue'][number]

/** The goods whose name in any language, or whose id, holds every word typed; all of them when nothing is typed. */
export function foundItems(catalogue: readonly Item[], text: string): readonly Item[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return catalogue.filter((item) => {
    const haystack = [item.name.kk, item.name.ru, item.name.en, item.itemId].join(' ').toLowerCase()
    return words.every((word) => haystack.includes(word))
  })
}

/** The goods that a barcode names: by the article's number, which a scanner gives without leading zeros, or by id. */
export function scannedItem(catalogue: readonly Item[], barcode: string): Item | null {
  const gtin = barcode.padStart(14, '0')
  return catalogue.find((item) => item.gtin === gtin || item.itemId === barcode.toLowerCase()) ?? null
}
