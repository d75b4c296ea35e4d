/** One of a list, by a number that was drawn. */
export const pick = <One>(list: readonly One[], number: number): One => {
  const found = list[number % list.length]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}
