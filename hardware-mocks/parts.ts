/**
 * The parts of the virtual hardware that can be started alone (`--only`). The panel is none of them: it is the hand
 * that lays cards, pulls paper out and reads what was printed, and there is always one.
 */
export const parts = ['reader', 'printer', 'hid', 'proxy'] as const
export type Part = (typeof parts)[number]

/** Which part a path of the panel handles; null: none, or the cards, which lie in their box without a reader. */
export function partOf(path: string): Part | null {
  const [, , device] = path.split('/')
  const named: Readonly<Record<string, Part>> = { reader: 'reader', printer: 'printer', hid: 'hid', network: 'proxy' }
  return named[device ?? ''] ?? null
}

/** Of `reader,printer`, for one; a word that names none of them is given back. */
export function partsIn(
  text: string,
): { readonly kind: 'parts'; readonly parts: readonly Part[] } | { readonly kind: 'unknown'; readonly word: string } {
  const words = text.split(',').map((word) => word.trim())
  const wrong = words.find((word) => !parts.some((part) => part === word))
  if (wrong !== undefined) return { kind: 'unknown', word: wrong }
  return { kind: 'parts', parts: parts.filter((part) => words.includes(part)) }
}
