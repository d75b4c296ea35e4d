/**
 * The story with one failing call at every place where its journal writes or syncs (failing-calls.ts), in as many
 * processes side by side as asked for.
 */
import { join } from 'node:path'
import { countCalls, runWithFault, type Fault, type FaultRun, type StoryOptions } from './failing-calls.ts'

interface SweepOptions extends StoryOptions {
  readonly folder: string
  /** Of the six ways in which a write fails, so many at each place; which ones goes round with those chosen. */
  readonly ways: number
  /** Every so many places. */
  readonly step: number
  readonly workers: number
  readonly say?: (line: string) => void
}

export interface SweepReport {
  readonly writes: number
  readonly syncs: number
  readonly runs: readonly FaultRun[]
}

/** An error at one write, or at it and all that follow; any three that stand together are all three errors. */
const waysToFail = [false, true].flatMap((isOdd) =>
  (['ENOSPC', 'EIO', 'EROFS'] as const).map((error, index) => ({ error, lasts: (index % 2 === 1) !== isOdd })),
)

export async function sweep({ folder, ways, step, workers, say, ...story }: SweepOptions): Promise<SweepReport> {
  const { pwrite64: writes, fsync: syncs } = await countCalls(join(folder, 'count'), story)
  const faults = [...syncFaults(syncs), ...writeFaults(writes, step, Math.min(ways, waysToFail.length))].filter(
    ({ nth }) => nth % step === 0,
  )
  say?.(`${writes} writes and ${syncs} fsyncs of the journal; ${faults.length} faults`)
  const runs: FaultRun[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let fault = faults[next++]; fault !== undefined; fault = faults[next++]) {
      const run = await runWithFault(join(folder, `case-${next}`), story, fault)
      runs.push(run)
      for (const failure of run.failures) say?.(`NOT AS IT SHOULD BE: ${failure}`)
      if (runs.length % 100 === 0) say?.(`${runs.length} of ${faults.length}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return { writes, syncs, runs }
}

function syncFaults(count: number): readonly Fault[] {
  return places(count).flatMap((nth) =>
    [false, true].map((lasts) => ({ call: 'fsync' as const, error: 'EIO' as const, nth, lasts })),
  )
}

function writeFaults(count: number, step: number, ways: number): readonly Fault[] {
  return places(count).flatMap((nth) =>
    Array.from({ length: ways }, (_, turn) => waysToFail[(Math.floor(nth / step) + turn) % waysToFail.length]).flatMap(
      (way) => (way === undefined ? [] : [{ call: 'pwrite64' as const, nth, ...way }]),
    ),
  )
}

const places = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)
