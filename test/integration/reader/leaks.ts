/** What a process holds more after many repetitions of the same than before them, and what of it is called a leak. */
import type { Census } from './census.ts'
import { sleep } from './station.ts'

type Counts = Census & {
  /** One for each PC/SC context of any program; not counted where pcscd itself was another one each time. */
  readonly filesOfPcscd?: number
}

export interface Held {
  readonly before: Counts
  readonly halfway: Counts
  readonly after: Counts
}

/** Less than this is what a garbage collection leaves to chance. */
const heapBytesMax = 2 * 1024 * 1024
/** Over the second half, when the heap has found its size; less is what the allocator keeps for later. */
const residentBytesMax = 8 * 1024 * 1024
/** Of a printer that is asked each 5 s, to outlast the asking. */
const counts = 3
const betweenCountsMs = 1_000

/** What was there at each of several counts: a connection to the printer passes, a leak stays. */
export async function lasting<T extends Counts>(count: () => Promise<T>): Promise<T> {
  let least = await count()
  for (let again = 1; again < counts; again += 1) {
    await sleep(betweenCountsMs)
    const next = Object.entries(await count()) as [keyof T, number][]
    least = { ...least, ...Object.fromEntries(next.map(([what, n]) => [what, Math.min(least[what] as number, n)])) }
  }
  return least
}

/** A sentence each; none when all is as before. */
export function leftBehind({ before, halfway, after }: Held): readonly string[] {
  const grown = (['fileDescriptors', 'threads', 'emitters', 'listeners', 'filesOfPcscd'] as const)
    .filter((what) => (after[what] ?? 0) > (before[what] ?? 0))
    .map((what) => `${what} went from ${before[what]} to ${after[what]}`)
  const heap = after.heapBytes - before.heapBytes
  const resident = after.residentBytes - halfway.residentBytes
  return [
    ...grown,
    ...(heap > heapBytesMax ? [`the heap grew by ${heap} bytes`] : []),
    ...(resident > residentBytesMax ? [`the memory grew by ${resident} bytes over the second half`] : []),
  ]
}
