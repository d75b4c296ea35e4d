/** What a payer is shown of the name of whom they are about to pay: enough to know a friend, too little for a list. */

const letters = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** "Aigerim Bekova" → "A***** B.": always five stars, so that the length of a name is not told either. */
export function maskedName(name: string): string {
  const [first, second] = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word))
  if (first === undefined) return '*****'
  return second === undefined ? `${initialOf(first)}*****` : `${initialOf(first)}***** ${initialOf(second)}.`
}

function initialOf(word: string): string {
  const [initial] = letters.segment(word)
  return initial?.segment ?? ''
}
