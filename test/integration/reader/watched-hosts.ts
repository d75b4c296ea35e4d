/** The device hosts of one till, counted one after the other: one that is worn out is replaced (docs/design/08-reader.md). */
import { ProcessCensus } from './census.ts'
import { lasting } from './leaks.ts'
import type { CountedHost } from './plugs.ts'
import type { Station } from './station.ts'

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
