/**
 * What the replays of the queue play on: the real ledger in this process with its database on the disk, and real tills
 * (journal on the disk, sync engine, ledger client) whose network the story has in its hand.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ledgerKeysOf } from '../../ledger-sim/keys.ts'
import { databasePath, openDataFolder } from '../../ledger-sim/data-folder.ts'
import { createLedger } from '../../ledger-sim/ledger.ts'
import { seededRandom } from '../../ledger-sim/scenarios/seeded-random.ts'
import { LedgerClient } from '../../src/sync/engine/ledger-client.ts'
import type { Clock, LedgerTransport } from '../../src/sync/engine/ports.ts'
import { SyncEngine } from '../../src/sync/engine/sync-engine.ts'
import { standardSyncSettings } from '../../src/sync/engine/sync-settings.ts'
import { TrustedTime } from '../../src/sync/engine/trusted-time.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import type { JournalRow } from '../../src/sync/journal/rows.ts'
import { verifyingKey } from '../../src/sync/protocol/keys.ts'
import { syncItemIdOf, type SyncItem } from '../../src/sync/protocol/messages.ts'
import { realClock, realRandomness, realScheduler } from '../../src/terminal/core/real-ports.ts'
import { fillLedgerFolder, type BenchCard } from '../bench/bench-ledger.ts'
import { BenchTill, type OfflineSale } from '../bench/bench-till.ts'
import { judgeQueue, type QueuedItem, type QueueVerdict } from '../checker/queue-verdict.ts'

const ledgerUrl = 'http://127.0.0.1:1'

export interface OpenTill {
  readonly journal: Journal
  readonly engine: SyncEngine
  close(): void
}

export interface Shop {
  readonly folder: string
  readonly till: BenchTill
  readonly cards: readonly BenchCard[]
  readonly journalFile: string
  /** The network as it should be. */
  readonly transport: LedgerTransport
  open(options?: { readonly transport?: LedgerTransport; readonly file?: string; readonly clock?: Clock }): OpenTill
  /** By the ledger's database alone. */
  judge(queued: readonly QueuedItem[]): QueueVerdict
  close(): Promise<void>
}

export const allWell: QueueVerdict = { lost: [], duplicated: [], wrong: [] }

export async function openShop(cardCount = 4): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-replay-'))
  const ledgerFolder = join(folder, 'ledger')
  const [world] = await fillLedgerFolder(ledgerFolder, [cardCount])
  if (world === undefined) throw new Error('no till')
  const random = seededRandom('replays')
  const data = await openDataFolder(ledgerFolder, random)
  const ledger = createLedger({ store: data.store, clock: Date.now, random, keys: ledgerKeysOf(data.secrets) })
  const transport: LedgerTransport = async (request) => ({
    kind: 'response',
    response: await ledger.handle(request),
  })
  const own = join(folder, 'till')
  mkdirSync(own)
  const till = await BenchTill.enrol(world, { folder: own, ledgerUrl, transport })
  const journalFile = join(own, 'journal.sqlite')
  const journal = new Journal(journalFile, { now: Date.now })
  till.prepare(journal)
  journal.close()
  return {
    folder,
    till,
    cards: world.cards,
    journalFile,
    transport,
    open: (options = {}) => openTill(till, { transport, file: journalFile, clock: realClock, ...options }),
    judge: (queued) => judgeQueue(databasePath(ledgerFolder), queued),
    async close() {
      await data.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function openTill(
  till: BenchTill,
  { transport, file, clock }: { readonly transport: LedgerTransport; readonly file: string; readonly clock: Clock },
): OpenTill {
  const time = new TrustedTime(clock, 0)
  const journal = new Journal(file, { now: () => time.now() })
  const ledgerKey = verifyingKey(till.enrolment.ledgerKey)
  const ledger = new LedgerClient({
    baseUrl: ledgerUrl,
    terminalKey: till.keys.signing,
    ledgerKey,
    transport,
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
    // Rounds are the story's: it calls syncNow.
    scheduler: { setTimeout: () => undefined, clearTimeout: realScheduler.clearTimeout },
    randomness: realRandomness,
    settings: standardSyncSettings,
    customerWaits: () => false,
    onDidChange: () => undefined,
  })
  engine.start()
  return {
    journal,
    engine,
    close() {
      engine.stop()
      journal.close()
    },
  }
}

/** The rows of a sale that was sold offline and paid. */
export const rowsOf = ({ frozen, intent, approved }: OfflineSale): readonly JournalRow[] => [
  frozen,
  intent,
  approved,
  { kind: 'sale_closed', saleId: frozen.sale.saleId },
]

export const queuedAs = ({ intent }: OfflineSale, expected: QueuedItem['expected'] = 'settled'): QueuedItem => ({
  itemId: intent.terms.tenderId,
  kind: 'tender',
  id: intent.terms.tenderId,
  lease: intent.leaseId,
  amount: String(intent.terms.amount),
  payee: intent.terms.payeeAccount,
  expected,
})

/** The disk as it is at this moment, in another folder: what a machine would find that lost its power now. */
export function copyOfDisk(journalFile: string, into: string): string {
  mkdirSync(into, { recursive: true })
  const copy = join(into, 'journal.sqlite')
  // The index of the WAL lives in memory that a power cut empties.
  for (const suffix of ['', '-wal'])
    if (existsSync(journalFile + suffix)) copyFileSync(journalFile + suffix, copy + suffix)
  return copy
}

/** What a request to the batches endpoint carries. */
export function idsIn(url: string, body: string): readonly string[] {
  if (!url.endsWith('/batches')) return []
  return (JSON.parse(body) as { items: SyncItem[] }).items.map(syncItemIdOf)
}

/** Where the product's own sources lie. */
export const sources = dirname(dirname(import.meta.dirname))
