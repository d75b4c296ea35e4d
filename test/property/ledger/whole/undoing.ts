import type { Verdict, Whole } from './state.ts'

/** A problem leaves nothing of what was done before it. */
export function undoingProblems(whole: Whole, act: () => Verdict): Verdict {
  const before = structuredClone(whole)
  const answer = act()
  if ('code' in answer) Object.assign(whole, before)
  return answer
}
