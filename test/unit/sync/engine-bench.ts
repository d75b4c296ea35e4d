/** The sync engine on a journal in memory, a scripted ledger and time that passes only when told to. */
import type Database from 'better-sqlite3'
import { LedgerClient } from '../../../src/sync/engine/ledger-client.ts'
import { SyncEngine } from '../../../src/sync/engine/sync-engine.ts'
import { standardSyncSettings, type SyncSettings } from '../../../src/sync/engine/sync-settings.ts'
import { TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { ledgerUrl, ScriptedLedger } from './scripted-ledger.ts'
import { journalInMemory, ledgerKey, noon, Seeded, storedTerminalKeys } from './world.ts'

export function bench(
  of: {
    settings?: Partial<SyncSettings>
    clockAheadMs?: number
    database?: Database.Database
    jitter?: number
    keyStore?: KeyStoreInMemory
  } = {},
) {
  const scheduler = new FakeScheduler()
  const seeded = new Seeded('engine')
  const randomness = {
    bytes: (length: number) =>
      length === 1 && of.jitter !== undefined ? Uint8Array.of(of.jitter) : seeded.bytes(length),
    uuid: () => seeded.uuid(),
  }
  const clock = { wall: () => noon + (of.clockAheadMs ?? 0) + scheduler.now(), monotonic: () => scheduler.now() }
  const late: { time?: TrustedTime } = {}
  const now = () => late.time?.now() ?? clock.wall()
  const journal = journalInMemory(of.database === undefined ? { now } : { now, database: of.database })
  const time = new TrustedTime(clock, journal.latestAt())
  late.time = time
  const ledger = new ScriptedLedger(() => noon + scheduler.now())
  const waitingCustomers = new Set<string>()
  let changes = 0
  const keyStore = of.keyStore ?? new KeyStoreInMemory(storedTerminalKeys)
  const keys = keyStore.load()
  const client = new LedgerClient({
    baseUrl: ledgerUrl,
    terminalKey: keys.signing,
    ledgerKey,
    transport: ledger.transport,
    time,
    randomness,
  })
  const engine = new SyncEngine({
    journal,
    ledger: client,
    keys,
    ledgerKey,
    terminalId: 'till-1',
    time,
    scheduler,
    randomness,
    settings: { ...standardSyncSettings, ...of.settings },
    customerWaits: (tenderId) => waitingCustomers.has(tenderId),
    onDidChange: () => (changes += 1),
  })
  return {
    scheduler,
    seeded,
    journal,
    time,
    ledger,
    client,
    keyStore,
    keys,
    engine,
    waitingCustomers,
    changes: () => changes,
    /** Starts the engine and lets its first round end. */
    async firstRound() {
      engine.start()
      await scheduler.advance(0)
    },
    kinds: () => [...journal.rows()].map(({ row }) => row.kind),
  }
}
