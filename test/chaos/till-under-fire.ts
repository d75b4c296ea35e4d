/** The sending side: a real journal on the disk, the real sync engine and ledger client, the real transport. */
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { realClock, realRandomness, realScheduler } from '../../src/terminal/core/real-ports.ts'
import { LedgerClient } from '../../src/sync/engine/ledger-client.ts'
import { SyncEngine } from '../../src/sync/engine/sync-engine.ts'
import { standardSyncSettings, type SyncSettings } from '../../src/sync/engine/sync-settings.ts'
import { TrustedTime } from '../../src/sync/engine/trusted-time.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import { verifyingKey } from '../../src/sync/protocol/keys.ts'
import type { BenchTill } from '../bench/bench-till.ts'

export interface TillUnderFireParts {
  readonly till: BenchTill
  readonly journalFile: string
  readonly ledgerUrl: string
  readonly batchSize: number
}

/** Short waits: a run of an hour's weather is to end in minutes. */
const settings: Omit<SyncSettings, 'batchSize'> = {
  intervalMs: 200,
  waitingIntervalMs: 200,
  backoffMs: { first: 5, longest: 60 },
  deadlineMs: 2_000,
  keyRotationAfterMs: standardSyncSettings.keyRotationAfterMs,
}

export class TillUnderFire {
  readonly #parts: TillUnderFireParts
  #open: { readonly journal: Journal; readonly engine: SyncEngine; readonly close: () => void }

  constructor(parts: TillUnderFireParts) {
    this.#parts = parts
    this.#open = this.#start()
  }

  get journal(): Journal {
    return this.#open.journal
  }

  /** Nothing waits, nothing is unknown, and the last round was whole. */
  get isDone(): boolean {
    const { journal, engine } = this.#open
    const { waiting } = journal.queue()
    return waiting === 0 && journal.tendersInState('unknown').length === 0 && engine.connectivity.kind === 'reached'
  }

  /** The process ends and starts again, as far as its journal and engine go. */
  restart(): void {
    this.#open.close()
    this.#open = this.#start()
  }

  async syncNow(): Promise<void> {
    await this.#open.engine.syncNow()
  }

  close(): void {
    this.#open.close()
  }

  #start(): { readonly journal: Journal; readonly engine: SyncEngine; readonly close: () => void } {
    const { till, journalFile, ledgerUrl, batchSize } = this.#parts
    const http = httpTransport()
    const journal = new Journal(journalFile, { now: realClock.wall })
    const time = new TrustedTime(realClock, journal.latestAt())
    const ledgerKey = verifyingKey(till.enrolment.ledgerKey)
    const ledger = new LedgerClient({
      baseUrl: ledgerUrl,
      terminalKey: till.keys.signing,
      ledgerKey,
      transport: http.transport,
      time,
      randomness: realRandomness,
    })
    const engine = new SyncEngine({
      journal,
      ledger,
      keys: till.keys,
      ledgerKey,
      terminalId: till.enrolment.terminalId,
      time,
      scheduler: realScheduler,
      randomness: realRandomness,
      settings: { ...settings, batchSize },
      // Their authorisations are sent again and again, and not only asked about.
      customerWaits: () => true,
      onDidChange: () => undefined,
    })
    engine.start()
    const close = (): void => {
      engine.stop()
      journal.close()
      http.close()
    }
    return { journal, engine, close }
  }
}
