/** What the tear matrix plays at a real pcscd, as the command tells it to the scenario in the namespace. */
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { tornFaults, tornProfiles, tornWays, type TornProfile, type TornWay } from '../names.ts'

export interface PcscdSeries {
  readonly profile: TornProfile
  readonly way: TornWay
  /** Null: another at each command, in turn. Each cell takes seconds here: all nine come with the same card alone. */
  readonly fault: string | null
  /** At this command alone; else at one after the other until none is struck any more. */
  readonly at?: number
}

export interface PcscdPlan {
  readonly series: readonly PcscdSeries[]
  readonly seed: string
  /** Of every how many commands one is struck; 1: each of them. */
  readonly step: number
}

/** How one series went. */
export interface PlayedSeries {
  readonly series: PcscdSeries
  readonly cells: number
  /** In words, with the cell that it was. */
  readonly failures: readonly string[]
  readonly seconds: number
}

export const faultNames = Object.keys(tornFaults)

export const everyPcscdSeries: readonly PcscdSeries[] = tornProfiles.flatMap((profile) =>
  tornWays.flatMap((way) =>
    (way === 'same card' ? faultNames : [null]).map((fault): PcscdSeries => ({ profile, way, fault })),
  ),
)

/** All faults in turn, beginning where the seed says; of each profile all come up in its series together. */
export function faultsInTurn(seed: string): () => string {
  let turn = seededRandom(`faults in turn ${seed}`)(1)[0] ?? 0
  return () => faultNames[turn++ % faultNames.length] ?? ''
}
