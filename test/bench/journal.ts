/**
 * The journal's commits: the two of a sale as the till makes them, against two raw transactions that put the same rows
 * on the same disk with the same durability and nothing else: no chain, no check, no table that follows from the rows.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Journal } from '../../src/sync/journal/journal.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { ledgerInProcess } from './bench-ledger.ts'
import { BenchTill, type OfflineSale } from './bench-till.ts'
import { figureOf, type Figure } from './figures.ts'
import { alternate, median, quantile } from './measure.ts'

export async function benchJournal(quick: boolean): Promise<readonly Figure[]> {
  const [blocks, salesPerBlock] = quick ? [4, 5] : [80, 25]
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-journal-'))
  try {
    const world = await ledgerInProcess(quick ? 10 : 100)
    const till = await BenchTill.enrol(world, { folder, ledgerUrl: 'http://127.0.0.1', transport: world.transport })
    const journal = new Journal(join(folder, 'journal.sqlite'), { now: Date.now })
    till.prepare(journal)
    const raw = new RawStore(join(folder, 'raw.sqlite'))
    const sales = Array.from({ length: (blocks + 1) * salesPerBlock }, () => till.nextSale())
    const texts = sales.map(rowTexts)
    const ofBlock = <T>(list: readonly T[], block: number): readonly T[] =>
      list.slice((block + 1) * salesPerBlock, (block + 2) * salesPerBlock)
    const saleTimes: number[] = []
    const rawTimes: number[] = []
    const sell = (sale: OfflineSale): void => {
      journal.commit(sale.frozen, sale.intent)
      journal.commit(sale.approved)
    }
    for (const sale of sales.slice(0, salesPerBlock)) sell(sale)
    for (const text of texts.slice(0, salesPerBlock)) raw.sell(text)
    const { ratio } = await alternate(
      blocks,
      (block) => each(ofBlock(sales, block), sell, saleTimes),
      (block) => each(ofBlock(texts, block), (text) => raw.sell(text), rawTimes),
    )
    journal.close()
    raw.close()
    const samples = saleTimes.length
    const baselineIs = 'two raw better-sqlite3 commits of the same rows, WAL, synchronous=FULL'
    const common = { bench: 'journal', baselineIs, samples } as const
    return [
      figureOf({
        ...common,
        figure: 'two commits of a sale: share of the raw speed',
        value: ratio,
        unit: 'ratio',
        baseline: 1,
        aim: { atLeast: 0.5 },
      }),
      figureOf({
        ...common,
        figure: 'two commits of a sale, p50',
        value: median(saleTimes),
        unit: 'ms',
        baseline: median(rawTimes),
        aim: null,
      }),
      figureOf({
        ...common,
        figure: 'two commits of a sale, p99',
        value: quantile(saleTimes, 0.99),
        unit: 'ms',
        baseline: quantile(rawTimes, 0.99),
        aim: null,
      }),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function each<T>(list: readonly T[], work: (item: T) => void, times: number[]): void {
  for (const item of list) {
    const started = performance.now()
    work(item)
    times.push(performance.now() - started)
  }
}

type RowTexts = readonly [frozen: string, intent: string, approved: string]

const rowTexts = (sale: OfflineSale): RowTexts => [toJson(sale.frozen), toJson(sale.intent), toJson(sale.approved)]

/** Rows with the columns of the journal's, written as plainly as SQLite allows. */
class RawStore {
  readonly #database: Database.Database
  readonly #row: Database.Statement
  readonly #payload: Database.Statement
  #sequence = 0

  constructor(file: string) {
    this.#database = new Database(file)
    this.#database.pragma('journal_mode = WAL')
    this.#database.pragma('synchronous = FULL')
    this.#database.exec(`
      CREATE TABLE row (
        sequence INTEGER PRIMARY KEY, kind TEXT, at INTEGER, previous TEXT, payload_hash TEXT, hash TEXT
      );
      CREATE TABLE payload (sequence INTEGER PRIMARY KEY, json TEXT NOT NULL);
    `)
    this.#row = this.#database.prepare('INSERT INTO row VALUES (?, ?, ?, ?, ?, ?)')
    this.#payload = this.#database.prepare('INSERT INTO payload VALUES (?, ?)')
  }

  sell([frozen, intent, approved]: RowTexts): void {
    this.#commit(frozen, intent)
    this.#commit(approved)
  }

  close(): void {
    this.#database.close()
  }

  #commit(...texts: readonly string[]): void {
    this.#database.transaction(() => {
      for (const text of texts) {
        this.#sequence += 1
        this.#row.run(this.#sequence, 'kind', 0, hash, hash, hash)
        this.#payload.run(this.#sequence, text)
      }
    })()
  }
}

const hash = 'ab'.repeat(32)
