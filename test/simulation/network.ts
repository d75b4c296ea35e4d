/**
 * The network between one till and the ledger: requests are delayed, lost, delivered twice or long after the till has
 * given up, answers are lost, and at times nothing passes at all. The only force that the simulator models here.
 */
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import type { HttpRequest, HttpResponse } from '../../src/sync/protocol/http-signature.ts'
import type { SeededRandom } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface NetworkWeather {
  readonly meanDelayMs: number
  readonly loseRequest: number
  readonly loseAnswer: number
  readonly deliverTwice: number
  /** A request that arrives up to a minute later (its signature expires then), when the till has long gone on. */
  readonly deliverLate: number
}

export const fairWeather: NetworkWeather = {
  meanDelayMs: 20,
  loseRequest: 0,
  loseAnswer: 0,
  deliverTwice: 0,
  deliverLate: 0,
}
export const foulWeather: NetworkWeather = {
  meanDelayMs: 100,
  loseRequest: 0.04,
  loseAnswer: 0.12,
  deliverTwice: 0.1,
  deliverLate: 0.2,
}

export class SimulatedNetwork {
  weather: NetworkWeather = fairWeather
  /** Nothing passes; the till notices at once, as with a closed port, or by silence. */
  cut: 'no' | 'refused' | 'silent' = 'no'
  readonly #time: VirtualTime
  readonly #random: SeededRandom
  readonly #ledger: (request: HttpRequest) => Promise<HttpResponse>

  constructor(time: VirtualTime, random: SeededRandom, ledger: (request: HttpRequest) => Promise<HttpResponse>) {
    this.#time = time
    this.#random = random
    this.#ledger = ledger
  }

  readonly transport: LedgerTransport = (request, deadlineMs) =>
    new Promise((resolve) => {
      const { weather } = this
      if (this.cut === 'refused') return resolve({ kind: 'not_sent', detail: 'ECONNREFUSED' })
      this.#time.at(this.#time.now + deadlineMs, () => resolve({ kind: 'no_answer', detail: 'deadline' }))
      if (this.cut === 'silent' || this.#random.chance(weather.loseRequest)) return
      const late = this.#random.chance(weather.deliverLate) ? this.#random.between(1_000, 55_000) : 0
      const arrivals = this.#random.chance(weather.deliverTwice) ? 2 : 1
      for (let copy = 0; copy < arrivals; copy += 1) {
        const loseAnswer = copy > 0 || this.#random.chance(weather.loseAnswer)
        const thereMs = late + this.#random.waiting(weather.meanDelayMs)
        const backMs = this.#random.waiting(weather.meanDelayMs)
        this.#time.at(this.#time.now + thereMs, () => {
          void this.#ledger(request).then((response) => {
            if (!loseAnswer) this.#time.at(this.#time.now + backMs, () => resolve({ kind: 'response', response }))
          })
        })
      }
    })
}
