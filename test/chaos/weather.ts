/**
 * What the chaos does to one request on its way to the ledger and to the answer on its way back: two closed lists,
 * drawn from the seed by the name of the till and the number of its request. The moments themselves are real time.
 */
import { SeededRandom } from '../simulation/random.ts'

/** On the way to the ledger, with how often one is drawn among them. */
const there = {
  /** Swallowed; the till hears nothing, or a reset. */
  drop: 12,
  /** The ledger gets the beginning, and both connections are reset. */
  cut_request: 12,
  /** The ledger gets the beginning and a clean end. */
  truncate_request: 9,
  /** One digit of the body is another one. */
  change_request: 12,
  /** Three copies at once; one of their answers goes back, whichever is drawn. */
  triple: 15,
  delay: 18,
  /** The till is cut off, and the request arrives when it has long gone on: behind newer ones. */
  late: 24,
  /** Slow loris: a few bytes at a time. */
  slow_request: 12,
  /** SIGKILL as soon as the ledger has committed anything, before it has answered all of it. */
  kill_at_commit: 1,
  /** SIGKILL when the first byte of the answer has left the ledger; the till never sees it. */
  kill_at_answer: 1,
  /** SIGKILL at a moment of the seed's choice. */
  kill_at_random: 1,
} as const
export type FaultThere = keyof typeof there

/** On the way back. */
const back = {
  drop_answer: 6,
  cut_answer: 4,
  truncate_answer: 4,
  slow_answer: 4,
  delay_answer: 5,
  /** What the ledger had answered to another request. */
  other_answer: 4,
  /** One digit of the body is another one. */
  changed_answer: 4,
  /** The same with a digest that fits. */
  changed_answer_new_digest: 4,
  other_status: 4,
  garbage: 3,
  /** The right words without the ledger's signature. */
  unsigned: 4,
} as const
export type FaultBack = keyof typeof back

export type Fault = FaultThere | FaultBack
export const killFaults: readonly FaultThere[] = ['kill_at_commit', 'kill_at_answer', 'kill_at_random']
export const allFaults = [...Object.keys(there), ...Object.keys(back)] as readonly Fault[]

export interface Fate {
  readonly there: FaultThere | 'pass'
  readonly back: FaultBack | 'pass'
  /** For how long, how much, which one. */
  readonly random: SeededRandom
}

const faultChance = { there: 0.4, back: 0.35 }

export class Weather {
  readonly #random: SeededRandom

  constructor(seed: string) {
    this.#random = new SeededRandom(`chaos/${seed}`)
  }

  /** An independent stream of the seed. */
  stream(name: string): SeededRandom {
    return this.#random.branch(name)
  }

  fateOf(till: string, requestNumber: number): Fate {
    const random = this.stream(`${till}/${requestNumber}`)
    return {
      there: random.chance(faultChance.there) ? drawn(random, there) : 'pass',
      back: random.chance(faultChance.back) ? drawn(random, back) : 'pass',
      random,
    }
  }
}

function drawn<Name extends string>(random: SeededRandom, weights: Readonly<Record<Name, number>>): Name {
  const names = Object.keys(weights) as Name[]
  return random.pick(names.flatMap((name) => Array.from<Name>({ length: weights[name] }).fill(name)))
}
