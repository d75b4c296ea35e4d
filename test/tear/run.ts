/** The tear matrix (docs/design/08-reader.md, "Every tear"): profiles × faults × commands × what happens then. */
import type { Core } from '../../src/terminal/core/core.ts'
import { PreparedWorld } from '../integration/payment/prepared-world.ts'
import { tornFaults, tornProfiles, tornWays, type TearBug } from './names.ts'
import { playSeries, type Series } from './series.ts'

type Played = Pick<Series, 'profile' | 'way' | 'fault'>

/** The whole matrix. */
export const everySeries: readonly Played[] = tornProfiles.flatMap((profile) =>
  tornWays.flatMap((way) => Object.keys(tornFaults).map((fault) => ({ profile, way, fault }))),
)

export interface TearRun {
  readonly series: readonly Played[]
  readonly seed: string
  /** Of every how many commands one is struck; else each of them. */
  readonly step?: number
  readonly bug?: TearBug
  readonly say: (line: string) => void
}

export interface TearReport {
  readonly cells: number
  readonly byProfile: Readonly<Record<string, number>>
  readonly failures: readonly string[]
}

/** Planted from outside, to see that the matrix finds them: the product has no switch for any of them. */
const tearBugs: Readonly<Record<TearBug, (core: Core) => void>> = {
  /** A till that does not ask a card about what it may have paid. */
  'forgets-torn-debits': ({ journal }) => {
    const tendersInState = journal.tendersInState.bind(journal)
    journal.tendersInState = (...states) =>
      tendersInState(...states.filter((state) => state !== 'maybe_debited' && state !== 'advised'))
  },
  /** A till that calls a payment refused of which nobody knows whether it was made. */
  'calls-torn-refused': ({ till }) => {
    const snapshot = till.snapshot.bind(till)
    till.snapshot = () => {
      const seen = snapshot()
      return seen.tap.state === 'torn' ? { ...seen, tap: { state: 'refused', code: 'CARD_UNKNOWN' } } : seen
    }
  },
}

/** @throws what the harness itself cannot do; what a till does wrong is in the report */
export async function tearRun({ series, seed, step = 1, bug, say }: TearRun): Promise<TearReport> {
  const prepared = new PreparedWorld()
  const failures: string[] = []
  const byProfile: Record<string, number> = {}
  try {
    await prepared.prepare()
    for (const one of series) {
      const sabotage = bug === undefined ? {} : { sabotage: tearBugs[bug] }
      const played = await playSeries(prepared, { ...one, seed, step, ...sabotage })
      byProfile[one.profile] = (byProfile[one.profile] ?? 0) + played.cells
      failures.push(...played.failures)
      say(`${one.profile}, ${one.way}, ${one.fault}: ${played.cells} cells`)
      for (const failure of played.failures) say(`NOT AS IT SHOULD BE: ${failure}`)
    }
  } finally {
    prepared.remove()
  }
  return { cells: Object.values(byProfile).reduce((sum, cells) => sum + cells, 0), byProfile, failures }
}
