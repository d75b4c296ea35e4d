/** What a run of the town is asked for, and what it came to. */
import type { DebitOutcomes } from './audit-debits.ts'
import type { PaceName } from './pace.ts'
import type { PlantedBug } from './planted-bugs.ts'
import type { LateSales } from './short-leases.ts'

export interface TownReport {
  readonly seed: number
  /** Of everything that happened, in order. The same seed gives the same hash. */
  readonly traceHash: string
  readonly violations: readonly string[]
  readonly simulatedHours: number
  readonly wallSeconds: number
  readonly sales: number
  /** Refunds of vouchers that cashiers asked for, and shifts whose report the auditor holds against the truth. */
  readonly refunds: number
  readonly shifts: number
  readonly starts: number
  /** Absent from a town whose leases are as long as ever. */
  readonly late?: LateSales
  /** How the debits ended that cards made which count themselves; absent from a town that has none. */
  readonly debits?: DebitOutcomes
}

export interface TownOptions {
  readonly plantedBug?: PlantedBug | undefined
  /** Whether some people have cards that count themselves. Without them every history is as it ever was. */
  readonly hasCountingCards?: boolean
  /** `hurried` unless said. */
  readonly pace?: PaceName
  /** Leases that end within minutes. */
  readonly hasShortLeases?: boolean
}
