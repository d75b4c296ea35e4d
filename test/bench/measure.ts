/** Taking times so that a loaded machine spoils subject and baseline alike. */

/** Milliseconds that this took. */
export async function timed(work: () => void | Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** @param share 0.5 is the median, 0.99 leaves one in a hundred above; the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (found === undefined) throw new RangeError('no values')
  return found
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export interface Alternated {
  /** Milliseconds of each block. */
  readonly subject: readonly number[]
  readonly baseline: readonly number[]
  /** The median over pairs of baseline ÷ subject: what disturbs the machine for longer than a pair falls on both. */
  readonly ratio: number
}

/** Subject and baseline in turns, in small blocks, the first of each pair changing. */
export async function alternate(
  blocks: number,
  subject: (block: number) => void | Promise<void>,
  baseline: (block: number) => void | Promise<void>,
): Promise<Alternated> {
  const subjectTimes: number[] = []
  const baselineTimes: number[] = []
  for (let block = 0; block < blocks; block += 1) {
    const first = block % 2 === 0
    if (first) subjectTimes.push(await timed(() => subject(block)))
    baselineTimes.push(await timed(() => baseline(block)))
    if (!first) subjectTimes.push(await timed(() => subject(block)))
  }
  const ratio = median(subjectTimes.map((time, block) => (baselineTimes[block] ?? Number.NaN) / time))
  return { subject: subjectTimes, baseline: baselineTimes, ratio }
}
