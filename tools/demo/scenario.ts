/** What a story of the demonstration is given, and what it tells at its end. Each is a file of its own. */
import type { Report } from '../../test/checker/check-run.ts'
import type { Totals } from '../../test/checker/totals.ts'
import type { World } from '../world.ts'
import type { AgencyOffice } from './agency-office.ts'
import type { ClockService } from './clock-service.ts'
import type { Counter } from './counter.ts'

export interface Scenario {
  /** Milliseconds since 1970. */
  readonly startsAt: number
  /** Plays it; rejects as soon as a screen does not show what it must. */
  readonly play: (stage: Stage) => Promise<Ending>
}

export interface Stage {
  readonly world: World
  readonly clock: ClockService
  /** The first till, `till-1` in the canteen. */
  readonly counter: Counter
  readonly agency: AgencyOffice
  /** Another till, with the code that enrols it. */
  readonly openCounter: (enrolmentCode: string) => Promise<Counter>
  /** One plain sentence for whoever watches. */
  readonly say: (sentence: string) => void
}

export interface Ending {
  /** Payments by voucher and by QR that the ledger must have settled, no more and no fewer. */
  readonly settled: number
  /** What the checker must have found in the ledger and on the paper. */
  readonly totals: Pick<Totals, 'tills' | 'allowances'>
  /** What the last line says of this story alone. */
  readonly figures: (report: Report) => Readonly<Record<string, unknown>>
  /** Played when the tills have stopped and the ledger has not. Resolves with what is not as it should be. */
  readonly afterwards?: () => Promise<readonly string[]>
}

const inTiyn = (tenge: number): string => String(BigInt(tenge) * 100n)

type Tenge = Partial<Record<'voucher' | 'cash' | 'qr', number>>

/** What one till must have taken and given back, in whole tenge. */
export function takings(paid: Tenge, givenBack: Tenge = {}): Totals['tills'][string] {
  const ways = ({ voucher = 0, cash = 0, qr = 0 }: Tenge) => ({
    voucher: inTiyn(voucher),
    cash: inTiyn(cash),
    qr: inTiyn(qr),
  })
  return { paid: ways(paid), givenBack: ways(givenBack) }
}

/** What must count against allowances, in whole tenge by "SCHEME PERIOD". */
export function allowances(tenge: Readonly<Record<string, number>>): Totals['allowances'] {
  return Object.fromEntries(Object.entries(tenge).map(([name, amount]) => [name, inTiyn(amount)]))
}
