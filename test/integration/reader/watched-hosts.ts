/** The device hosts of a till, one after the other: one that is worn out is replaced (docs/design/08-reader.md). */
import { ProcessCensus, type Census } from './census.ts'
import { lasting } from './leaks.ts'
import type { Station } from './station.ts'

export interface CountedHost {
  readonly plug: number
  /** Device hosts that have taken the place of one that was worn out. */
  readonly replacements: number
  /** Cards that were connected when the service died under this host: each keeps a file until the host ends. */
  readonly cardsLost: number
  readonly held: Census
}

export class WatchedHosts {
  readonly #station: Station
  #pid: number
  #census: ProcessCensus | null = null
  #replacements = 0
  #cardsLost = 0

  constructor(station: Station) {
    this.#station = station
    this.#pid = station.deviceHostPid()
  }

  /** After each plug. `lostCard`: one was connected when the service died. */
  async see(lostCard: boolean): Promise<void> {
    const pid = this.#station.deviceHostPid()
    if (lostCard) this.#cardsLost += 1
    if (pid === this.#pid) return
    this.close()
    this.#pid = pid
    this.#replacements += 1
    this.#cardsLost = 0
  }

  async count(plug: number): Promise<CountedHost> {
    const census = await this.#watched()
    const held = await lasting(() => census.count())
    return { plug, replacements: this.#replacements, cardsLost: this.#cardsLost, held }
  }

  async run(expression: string): Promise<void> {
    await (await this.#watched()).run(expression)
  }

  close(): void {
    this.#census?.close()
    this.#census = null
  }

  async #watched(): Promise<ProcessCensus> {
    return (this.#census ??= await ProcessCensus.open(this.#pid))
  }
}
