/**
 * The machine that the ledger runs on: its database is a file, everything else is lost when it goes down. It goes down
 * before a request is worked on, or, worse, after its commit and before its answer; it comes back by itself.
 */
import { ledgerKeysOf, type LedgerSecrets } from '../../ledger-sim/keys.ts'
import { inTransaction, type LedgerPorts, type Work } from '../../ledger-sim/context.ts'
import { createLedger, type Ledger } from '../../ledger-sim/ledger.ts'
import { openStore } from '../../ledger-sim/store/open-store.ts'
import type { HttpRequest, HttpResponse } from '../../src/sync/protocol/http-signature.ts'
import type { SeededRandom } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface LedgerHouseParts {
  readonly file: string
  readonly time: VirtualTime
  readonly secrets: LedgerSecrets
  readonly random: (length: number) => Uint8Array
  /** Where accidents come from. */
  readonly accidents: SeededRandom
  readonly note: (what: string) => void
}

export class LedgerHouse {
  /** How likely a request finds the machine going down. */
  crashesPerRequest = 0
  /** What broke in the ledger and was made good, or was not: nothing in the town may break it. */
  readonly broken: unknown[] = []
  restarts = 0
  readonly #parts: LedgerHouseParts
  #ledger: Ledger | undefined

  constructor(parts: LedgerHouseParts) {
    this.#parts = parts
  }

  async ports(): Promise<LedgerPorts> {
    const { file, time, random, secrets } = this.#parts
    return {
      store: await openStore(file),
      clock: () => time.now,
      random,
      keys: ledgerKeysOf(secrets),
      onDidRecover: (error: unknown) => void this.broken.push(error),
    }
  }

  start(ports: LedgerPorts): void {
    this.#ledger = createLedger(ports)
  }

  /** The answer; none ever when the machine is down or goes down over it. */
  async deliver(request: HttpRequest): Promise<HttpResponse> {
    const { accidents, note } = this.#parts
    const ledger = this.#ledger
    if (ledger === undefined) return never()
    const strikes = accidents.chance(this.crashesPerRequest)
    if (strikes && accidents.chance(0.3)) {
      this.#goDown(ledger)
      return never()
    }
    const response = await ledger.handle(request)
    note(`${new URL(request.url).pathname} ${response.status}`)
    // Another request may have brought it down meanwhile: then this answer is gone as well.
    if (strikes && this.#ledger === ledger) this.#goDown(ledger)
    return this.#ledger === ledger ? response : never()
  }

  /** What the agency or an operator does there; nothing while the machine is down. */
  async act(work: (work: Work) => Promise<void>): Promise<void> {
    if (this.#ledger !== undefined) await inTransaction(this.#ledger.ports, work)
  }

  async close(): Promise<void> {
    await this.#ledger?.ports.store.close()
    this.#ledger = undefined
  }

  #goDown(ledger: Ledger): void {
    const { time, accidents, note } = this.#parts
    this.#ledger = undefined
    note('ledger down')
    time.at(time.now + accidents.between(200, 60_000), () => {
      void ledger.ports.store
        .close()
        .then(() => this.ports())
        .then((ports) => {
          this.start(ports)
          this.restarts += 1
          note('ledger up')
        })
        .catch((error: unknown) => void this.broken.push(error))
    })
  }
}

function never(): Promise<HttpResponse> {
  return new Promise(() => undefined)
}
