/**
 * The drain: a till with 10,000 offline sales finds its ledger again. The real core (journal, engine, snapshots) in
 * this process, the real ledger in its own, HTTP between them, every request, answer and result signed and verified,
 * every commit durable. Once with a new journal and once with one of a million rows.
 */
import { generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { noBench } from '../fixtures/no-bench.ts'
import { realScheduler as mockScheduler } from '../../hardware-mocks/reader/scheduler.ts'
import { VirtualReader } from '../../hardware-mocks/reader/virtual-reader.ts'
import { createAbsentHid, createAbsentPrinter } from '../../src/drivers/host/absent-devices.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { createCore } from '../../src/terminal/core/core.ts'
import { httpTransport } from '../../src/terminal/core/http-transport.ts'
import { realClock, realPinHash, realRandomness, realScheduler } from '../../src/terminal/core/real-ports.ts'
import { ledgerProcess } from './bench-ledger.ts'
import { BenchTill, type OfflineSale } from './bench-till.ts'
import { figureOf, type Figure } from './figures.ts'
import { copyHistory } from './history.ts'
import { median } from './measure.ts'

export async function benchSync(quick: boolean): Promise<readonly Figure[]> {
  const [rounds, cards, saleCount, pastRows] = quick ? [1, 20, 60, 2_000] : [3, 2_000, 10_000, 1_000_000]
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-sync-'))
  try {
    const baselines: number[] = []
    const drains = { fresh: [] as number[], long: [] as number[] }
    for (let round = 0; round < rounds; round += 1) {
      for (const [past, into] of [
        [0, drains.fresh],
        [pastRows, drains.long],
      ] as const) {
        const own = join(folder, `${past}-${round}`)
        const { drained, raw } = await drainOf(own, { cards, saleCount, pastRows: past })
        into.push(drained)
        baselines.push(...raw)
        rmSync(own, { recursive: true })
      }
    }
    const baseline = median(baselines)
    const [fresh, long] = [median(drains.fresh), median(drains.long)]
    const common = { bench: 'sync', unit: 'per s', aim: { atLeast: 2_000 }, samples: rounds } as const
    const baselineIs =
      'raw, in turn: verify P-256, sign and verify Ed25519, insert the same JSON at both ends, a commit per 100'
    return [
      figureOf({ ...common, figure: `drain of ${saleCount} queued sales`, value: fresh, baseline, baselineIs }),
      figureOf({
        ...common,
        figure: `the same with ${pastRows} rows in the journal`,
        value: long,
        baseline,
        baselineIs,
      }),
      figureOf({
        ...common,
        figure: `drain with ${pastRows} rows ÷ drain with none`,
        value: long / fresh,
        unit: 'ratio',
        baseline: 1,
        baselineIs: 'flat',
        aim: { atLeast: 0.9 },
      }),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * One drain, and the raw baseline before and after it; sales per second. The world is its own: a ledger takes a second
 * journal of one terminal for what it is, a broken chain, and pays none of its sales.
 */
async function drainOf(
  folder: string,
  { cards, saleCount, pastRows }: { readonly cards: number; readonly saleCount: number; readonly pastRows: number },
): Promise<{ readonly drained: number; readonly raw: readonly number[] }> {
  mkdirSync(folder)
  const world = await ledgerProcess(join(folder, 'ledger'), cards)
  const http = httpTransport()
  try {
    const till = await BenchTill.enrol(world, { folder, ledgerUrl: world.url, transport: http.transport })
    const raw = new RawSync(folder, till.nextSale())
    const file = join(folder, 'journal.sqlite')
    if (pastRows > 0) await copyHistory(pastRows, file)
    fillQueue(till, file, saleCount)
    const before = raw.perSecond(saleCount / 4)
    const drained = saleCount / (await drain(till, file, world.url, http.transport))
    const after = raw.perSecond(saleCount / 4)
    raw.close()
    return { drained, raw: [before, after] }
  } finally {
    http.close()
    await world.process.stop()
  }
}

export function fillQueue(till: BenchTill, file: string, saleCount: number): void {
  const journal = new Journal(file, { now: Date.now })
  till.prepare(journal)
  const perCommit = 100
  for (let done = 0; done < saleCount; done += perCommit) {
    const sales = Array.from({ length: Math.min(perCommit, saleCount - done) }, () => till.nextSale())
    journal.commit(...sales.flatMap((sale) => [sale.frozen, sale.intent, sale.approved, closed(sale)]))
  }
  journal.close()
}

const closed = ({ frozen }: OfflineSale) => ({ kind: 'sale_closed', saleId: frozen.sale.saleId }) as const

/** Seconds from a running core's first round until its screen shows an empty queue. */
export async function drain(
  till: BenchTill,
  journalFile: string,
  ledgerUrl: string,
  transport: Parameters<typeof createCore>[0]['transport'],
): Promise<number> {
  let started = 0
  let emptied: (seconds: number) => void = () => undefined
  const done = new Promise<number>((resolve) => (emptied = resolve))
  const core = createCore({
    journalFile,
    enrolment: till.enrolment,
    keys: till.keys,
    ledgerUrl,
    transport,
    reader: new VirtualReader({ scheduler: mockScheduler }),
    printer: createAbsentPrinter(),
    hid: createAbsentHid(),
    clock: realClock,
    scheduler: realScheduler,
    randomness: realRandomness,
    pinHash: realPinHash,
    render: () => new Uint8Array(),
    bench: noBench,
    onSnapshot: (snapshot) => {
      // The till's process passes every snapshot on as JSON.
      toJson(snapshot)
      if (snapshot.queue.waiting === 0) emptied((performance.now() - started) / 1_000)
    },
  })
  started = performance.now()
  const { waiting } = core.journal.queue()
  const seconds = await done
  // The snapshot came from within the round: let that come to its next request before the core is stopped.
  await new Promise((resolve) => setImmediate(resolve))
  const { parked } = core.journal.queue()
  const unpaid = core.journal.tendersInState('not_paid', 'refused', 'pending', 'awaiting_funds', 'unknown').length
  core.stop()
  if (waiting === 0 || parked > 0 || unpaid > 0)
    throw new Error(`of ${waiting} sales ${parked} were parked and ${unpaid} not paid: nothing to measure`)
  return seconds
}

/** The unavoidable work of a presented sale, with nothing around it. */
class RawSync {
  readonly #ledger: Database.Database
  readonly #till: Database.Database
  readonly #terminalKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #ledgerKey = generateKeyPairSync('ed25519')
  readonly #evidence: Buffer
  readonly #item: string
  readonly #answer: Buffer
  readonly #evidenceSignature: Buffer
  #id = 0

  constructor(folder: string, { intent, approved }: OfflineSale) {
    this.#ledger = openRaw(join(folder, 'raw-ledger.sqlite'))
    this.#till = openRaw(join(folder, 'raw-till.sqlite'))
    const { record, cardProof } = approved.evidence
    this.#evidence = Buffer.from(toJson({ record, cardProof, terms: intent.terms }))
    this.#item = toJson({ terms: intent.terms, ...approved })
    this.#answer = Buffer.from(toJson({ ...intent.terms, state: 'settled', paidBy: 'escrow' }))
    this.#evidenceSignature = sign('sha256', this.#evidence, ieee(this.#terminalKey.privateKey))
  }

  perSecond(sales: number): number {
    const started = performance.now()
    for (let done = 0; done < sales; done += 100) {
      const count = Math.min(100, sales - done)
      const signatures: Buffer[] = []
      this.#ledger.transaction(() => {
        for (let index = 0; index < count; index += 1) {
          if (!verify('sha256', this.#evidence, ieee(this.#terminalKey.publicKey), this.#evidenceSignature))
            throw new Error('the baseline does not verify')
          this.#insert(this.#ledger, this.#item)
          signatures.push(sign(null, this.#answer, this.#ledgerKey.privateKey))
        }
      })()
      this.#till.transaction(() => {
        for (const signature of signatures) {
          if (!verify(null, this.#answer, this.#ledgerKey.publicKey, signature)) throw new Error('not verified')
          this.#insert(this.#till, this.#answer.toString())
        }
      })()
    }
    return (sales * 1_000) / (performance.now() - started)
  }

  close(): void {
    this.#ledger.close()
    this.#till.close()
  }

  #insert(database: Database.Database, json: string): void {
    this.#id += 1
    insertInto(database).run(this.#id, json)
  }
}

const inserts = new WeakMap<Database.Database, Database.Statement>()
function insertInto(database: Database.Database): Database.Statement {
  const known = inserts.get(database) ?? database.prepare('INSERT INTO item VALUES (?, ?)')
  inserts.set(database, known)
  return known
}

function openRaw(file: string): Database.Database {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, json TEXT NOT NULL)')
  return database
}

const ieee = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' as const })
