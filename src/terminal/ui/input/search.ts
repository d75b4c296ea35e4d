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

/** The goods that a barcode names: a scanner knows an item by its id. */
export function scannedItem(catalogue: readonly Item[], barcode: string): Item | null {
  return catalogue.find((item) => item.itemId === barcode.toLowerCase()) ?? null
}
